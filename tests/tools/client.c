/*
 * client.c - runs the built mummy-server and talks to it: just enough of HTTP and WebSocket for tests.
 */
#include <config.h>
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif
#include <check.h>
#include "client.h"

#define NOBODY 65534
#define PATIENCE_S 30
#define MAX_BODY (64u << 20)

static const char *program(void)
{
	const char *named = getenv("MUMMY_SERVER");

	return named ? named : "./mummy-server";
}

/* ---- The program ----------------------------------------------------------------------------------- */

static void (*before)(void *arg);
static void *before_arg;

void server_before(void (*run)(void *arg), void *arg)
{
	before = run;
	before_arg = arg;
}

static void child(char *const argv[], int out, int errors, int unprivileged)
{
#ifdef __linux__
	prctl(PR_SET_PDEATHSIG, SIGKILL);  /* a test that fails leaves no server behind */
#endif
	dup2(out, STDOUT_FILENO);
	dup2(errors, STDERR_FILENO);
	if (unprivileged && geteuid() == 0
	    && (setgroups(0, NULL) < 0 || setgid(NOBODY) < 0 || setuid(NOBODY) < 0))
		_exit(126);
	if (before)
		before(before_arg);
	execv(program(), argv);
	_exit(126);
}

static void words(char *argv[MAX_WORDS], va_list args)
{
	int n = 0;

	argv[n++] = (char *)(uintptr_t)"mummy-server";
	while (n < MAX_WORDS - 1 && (argv[n] = va_arg(args, char *)) != NULL)
		n++;
	argv[n] = NULL;
}

/* A line of at most size - 1 octets, without its newline. */
static void read_line(int fd, char *line, size_t size)
{
	size_t n = 0;

	while (n < size - 1 && read(fd, line + n, 1) == 1 && line[n] != '\n')
		n++;
	line[n] = '\0';
}

void server_start(struct server *s, ...)
{
	char *argv[MAX_WORDS];
	const char *at;
	va_list args;
	int pipes[2], errors;

	va_start(args, s);
	words(argv, args);
	va_end(args);
	memset(s, 0, sizeof *s);
	strcpy(s->errors, "/tmp/mummy-test-XXXXXX");
	errors = mkstemp(s->errors);
	ck_assert_int_ge(errors, 0);
	ck_assert_int_eq(pipe(pipes), 0);
	s->pid = fork();
	ck_assert_int_ge(s->pid, 0);
	if (s->pid == 0)
		child(argv, pipes[1], errors, 0);
	close(errors);
	close(pipes[1]);
	s->out = pipes[0];
	read_line(s->out, s->line, sizeof s->line);
	ck_assert_msg(strstr(s->line, " listens on ") != NULL, "start line: \"%s\", see %s", s->line,
		      s->errors);
	at = strstr(s->line, "http://");
	if (at)
		s->port = (uint16_t)strtoul(strchr(strpbrk(at + 7, "]:"), ':') + 1, NULL, 10);
	at = strstr(s->line, "; uploads in ");
	ck_assert_ptr_nonnull(at);
	snprintf(s->uploads, sizeof s->uploads, "%s", at + strlen("; uploads in "));
	s->uploads[strcspn(s->uploads, " ")] = '\0';
}

static int exit_status(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* What a server that failed had to say. */
static void show_errors(const struct server *s)
{
	char text[16384];

	file_read(s->errors, text, sizeof text);
	fputs(text, stderr);
}

int server_wait(struct server *s)
{
	int status = 0;

	ck_assert_int_eq(waitpid(s->pid, &status, 0), s->pid);
	if (status != 0)
		show_errors(s);
	close(s->out);
	unlink(s->errors);
	return exit_status(status);
}

int server_stop(struct server *s)
{
	kill(s->pid, SIGTERM);
	return server_wait(s);
}

void file_read(const char *path, char *out, size_t size)
{
	int fd = open(path, O_RDONLY);
	ssize_t n;

	ck_assert_int_ge(fd, 0);
	n = read(fd, out, size - 1);
	ck_assert_int_ge((int)n, 0);
	out[n] = '\0';
	close(fd);
}

static void moment(void)
{
	nanosleep(&(const struct timespec){ 0, 2000000 }, NULL);
}

void file_wait(const char *path)
{
	for (int i = 0; access(path, F_OK) < 0; i++) {
		ck_assert_msg(i < 500 * PATIENCE_S, "%s does not appear", path);
		moment();
	}
}

void server_says(const struct server *s, const char *text)
{
	char errors[4096];

	for (int i = 0; i < 500 * PATIENCE_S; i++) {
		file_read(s->errors, errors, sizeof errors);
		if (strstr(errors, text))
			return;
		moment();
	}
	ck_abort_msg("standard error lacks \"%s\": %s", text, errors);
}

int server_run(char *errors, size_t size, int unprivileged, ...)
{
	char *argv[MAX_WORDS], path[] = "/tmp/mummy-test-XXXXXX";
	int fd = mkstemp(path), null = open("/dev/null", O_WRONLY), status = 0;
	va_list args;
	pid_t pid;

	ck_assert_int_ge(fd, 0);
	va_start(args, unprivileged);
	words(argv, args);
	va_end(args);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		child(argv, null, fd, unprivileged);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	file_read(path, errors, size);
	unlink(path);
	close(null);
	close(fd);
	return exit_status(status);
}

/* ---- HTTP ------------------------------------------------------------------------------------------ */

int client_open(uint16_t port)
{
	const struct timeval patience = { .tv_sec = PATIENCE_S };
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_ge(fd, 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
	ck_assert_int_eq(connect(fd, (const struct sockaddr *)&at, sizeof at), 0);
	return fd;
}

void client_send(int fd, const void *p, size_t n)
{
	const char *from = p;

	while (n > 0) {
		ssize_t sent = send(fd, from, n, MSG_NOSIGNAL);

		ck_assert_msg(sent > 0, "send: %s", strerror(errno));
		from += sent;
		n -= (size_t)sent;
	}
}

static void receive(int fd, void *p, size_t n)
{
	char *to = p;

	while (n > 0) {
		ssize_t got = recv(fd, to, n, 0);

		ck_assert_msg(got > 0, "recv: %s, %zu octets are missing", got ? strerror(errno) : "end", n);
		to += got;
		n -= (size_t)got;
	}
}

static void receive_head(int fd, struct response *r)
{
	size_t n = 0;

	do {
		ck_assert_uint_lt(n, sizeof r->head - 1);
		receive(fd, r->head + n++, 1);
		r->head[n] = '\0';
	} while (n < 4 || memcmp(r->head + n - 4, "\r\n\r\n", 4) != 0);
	ck_assert_msg(sscanf(r->head, "HTTP/1.1 %d ", &r->status) == 1, "%s", r->head);
}

static void grow(struct response *r, int fd, size_t n)
{
	ck_assert_uint_le(r->len + n, MAX_BODY);
	r->body = realloc(r->body, r->len + n + 1);
	ck_assert_ptr_nonnull(r->body);
	receive(fd, r->body + r->len, n);
	r->len += n;
	r->body[r->len] = '\0';
}

static void receive_chunks(int fd, struct response *r)
{
	unsigned long n;
	char line[64];

	do {
		read_line(fd, line, sizeof line);
		n = strtoul(line, NULL, 16);
		grow(r, fd, n);
		read_line(fd, line, sizeof line);
		ck_assert_str_eq(line, "\r");
	} while (n > 0);
}

void client_receive(int fd, struct response *r, int head_only)
{
	char value[64];

	memset(r, 0, sizeof *r);
	do {
		receive_head(fd, r);
	} while (r->status < 200 && r->status != 101);
	grow(r, fd, 0);
	if (head_only || r->status == 101 || r->status == 204 || r->status == 304)
		return;
	response_field(r, "Content-Length", value, sizeof value);
	if (value[0])
		grow(r, fd, strtoul(value, NULL, 10));
	response_field(r, "Transfer-Encoding", value, sizeof value);
	if (strcmp(value, "chunked") == 0)
		receive_chunks(fd, r);
}

void client_ask(uint16_t port, struct response *r, const char *format, ...)
{
	char head[4096];
	va_list args;
	int fd = client_open(port), n;

	va_start(args, format);
	n = vsnprintf(head, sizeof head - 64, format, args);
	va_end(args);
	ck_assert(n > 0 && (size_t)n < sizeof head - 64);
	n += snprintf(head + n, sizeof head - (size_t)n, "Host: test\r\nConnection: close\r\n\r\n");
	client_send(fd, head, (size_t)n);
	client_receive(fd, r, strncmp(head, "HEAD ", 5) == 0);
	close(fd);
}

void response_field(const struct response *r, const char *name, char *out, size_t size)
{
	size_t len = strlen(name), n;

	out[0] = '\0';
	for (const char *line = strstr(r->head, "\r\n"); line; line = strstr(line + 2, "\r\n")) {
		if (strncasecmp(line + 2, name, len) != 0 || line[2 + len] != ':')
			continue;
		line += 2 + len + 1;
		line += strspn(line, " ");
		n = strcspn(line, "\r");
		snprintf(out, size, "%.*s", (int)n, line);
		return;
	}
}

void response_free(struct response *r)
{
	free(r->body);
	r->body = NULL;
}

/* ---- WebSocket ------------------------------------------------------------------------------------- */

int ws_open(uint16_t port, const char *path)
{
	char head[1024], accept[64];
	struct response r;
	int fd = client_open(port);
	int n = snprintf(head, sizeof head, "GET %s HTTP/1.1\r\nHost: test\r\nUpgrade: websocket\r\n"
			 "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
			 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", path);

	client_send(fd, head, (size_t)n);
	client_receive(fd, &r, 0);
	ck_assert_int_eq(r.status, 101);
	response_field(&r, "Sec-WebSocket-Accept", accept, sizeof accept);
	ck_assert_str_eq(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
	response_free(&r);
	return fd;
}

void ws_send_text(int fd, const char *text)
{
	static const unsigned char mask[4] = { 1, 2, 3, 4 };
	unsigned char frame[128] = { 0x81 };
	size_t n = strlen(text);

	ck_assert_uint_lt(n, 120);
	frame[1] = (unsigned char)(0x80 | n);
	memcpy(frame + 2, mask, 4);
	for (size_t i = 0; i < n; i++)
		frame[6 + i] = (unsigned char)text[i] ^ mask[i % 4];
	client_send(fd, frame, 6 + n);
}

void ws_receive_text(int fd, char *out, size_t size)
{
	unsigned char head[4];
	size_t n;

	receive(fd, head, 2);
	ck_assert_uint_eq(head[0], 0x81);
	n = head[1];
	if (n == 126) {
		receive(fd, head + 2, 2);
		n = (size_t)head[2] << 8 | head[3];
	}
	ck_assert_uint_lt(n, size);
	receive(fd, out, n);
	out[n] = '\0';
}

void ws_wait_for(int fd, const char *text)
{
	char message[4096];

	do {
		ws_receive_text(fd, message, sizeof message);
	} while (!strstr(message, text));
}

void field_is(const struct response *r, const char *name, const char *want)
{
	char value[512];

	response_field(r, name, value, sizeof value);
	ck_assert_msg(strcmp(value, want) == 0, "%s: \"%s\"", name, value);
}

void complaint_names(const char *said, const char *text)
{
	ck_assert_msg(strncmp(said, "mummy-server: ", 14) == 0, "%s", said);
	ck_assert_msg(strchr(said, '\n') == said + strlen(said) - 1, "%s", said);
	ck_assert_msg(strstr(said, text) != NULL, "%s lacks %s", said, text);
}
