/*
 * drive - runs an example on a port that the kernel picks and talks to it.
 *
 * usage: drive EXAMPLE     (the path of the program; what to say follows from its name)
 *
 * The example gets the argument 0 and prints where it listens. Each step sends octets and reads until
 * the answer holds the text that is expected. Exit status 0: all was as expected.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#define LIMIT_S 30
#define MAX_STEPS 4

struct step { const char *send; size_t len; const char *expect; int as_input; };
#define STEP(octets, expected) { (octets), sizeof (octets) - 1, (expected), 0 }
#define INPUT(octets, expected) { (octets), sizeof (octets) - 1, (expected), 1 }

/* How an example ends. A client talks to the example echo, which lies beside it; a CGI program is run for
 * each request. */
enum end { WHEN_DONE, WITH_ITS_INPUT, BY_SIGNAL, AS_CLIENT, AS_CGI };

struct talk {
	const char *example;
	enum end end;
	struct step steps[MAX_STEPS];
};

/* A running example and our ends of its standard input and output. */
struct run { pid_t pid; int input, output; };

#define GET(path) "GET " path " HTTP/1.1\r\nHost: localhost\r\n\r\n"
#define WEBSOCKET(path) "GET " path " HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n" \
	"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
#define ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="      /* RFC 6455 section 1.3 */
#define CREATE "POST /files/ HTTP/1.1\r\nHost: localhost\r\nTus-Resumable: 1.0.0\r\nUpload-Length: 5\r\n" \
	"Content-Type: application/offset+octet-stream\r\nContent-Length: 5\r\n\r\nhello"
/* "hello", masked with the octets 1 2 3 4 (RFC 6455 section 5.3). */
#define SAY_HELLO "\x81\x85\x01\x02\x03\x04" "igohn"
/* Eight octets, with a mask that leaves them as they are. */
#define SAY_PI "\x82\x88\0\0\0\0" "\x40\x09\x21\xfb\x54\x44\x2d\x18"

static const struct talk talks[] = {
	{ "hello", BY_SIGNAL, { STEP(GET("/"), "Hello, World!"), STEP(GET("/none"), " 404 ") } },
	{ "later", BY_SIGNAL, { STEP(GET("/"), "Here it is.") } },
	{ "echo", BY_SIGNAL, { STEP(WEBSOCKET("/ws"), ACCEPT), STEP(SAY_HELLO, "hello") } },
	{ "cgi", AS_CGI, { STEP("", "") } },
	{ "chat", BY_SIGNAL, { STEP(WEBSOCKET("/chat/room"), "guest 1 comes"), STEP(SAY_HELLO, "guest 1: hello") } },
	{ "client", AS_CLIENT, { INPUT("a line\nanother\n", "a line\nanother\n") } },
	{ "stream", BY_SIGNAL, { STEP(WEBSOCKET("/file"), "ELF"), STEP(SAY_HELLO, "5 octets") } },
	{ "telemetry", BY_SIGNAL, { STEP(WEBSOCKET("/sensor/7"), ACCEPT), STEP(SAY_PI, "\x40\x09\x21\xfb\x54\x44\x2d\x18") } },
	{ "uv", BY_SIGNAL, { STEP(WEBSOCKET("/ws"), ACCEPT), STEP(SAY_HELLO, "hello"), STEP("", " ms") } },
	{ "upload", BY_SIGNAL, { STEP(CREATE, " 201 "), STEP(GET("/none"), " 404 ") } },
	{ "embed", WITH_ITS_INPUT, { STEP(GET("/"), "The daemon is well."), STEP(CREATE, " 201 "),
		STEP(WEBSOCKET("/ws"), ACCEPT), INPUT("a line\n", "a line\n") } },
	{ "fibers", BY_SIGNAL, { STEP("hello", "hello"), STEP("again", "again") } },
	{ "forkjoin", WHEN_DONE, { STEP("", "") } },
	{ "pipeline", WHEN_DONE, { STEP("", "") } },
	{ "resolve", WHEN_DONE, { STEP("", "") } },
};

static int fail(const char *what)
{
	fprintf(stderr, "drive: %s\n", what);
	return EXIT_FAILURE;
}

/* arguments: of the program, the last one NULL. */
static int start(const char *path, char *const arguments[], struct run *r)
{
	int in[2], out[2];

	if (pipe(in) < 0 || pipe(out) < 0)
		return -1;
	r->pid = fork();
	if (r->pid == 0) {
		dup2(in[0], STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
		close(in[0]);
		close(in[1]);
		close(out[0]);
		close(out[1]);
		alarm(LIMIT_S);                /* stays across exec: it ends also when we were killed */
		execv(path, arguments);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	r->input = in[1];
	r->output = out[0];
	return r->pid < 0 ? -1 : 0;
}

/* Reads the example's first line, as far as ":" and the number behind it. 0: none came. */
static unsigned port_in(int output)
{
	char line[512];
	size_t n = 0;

	while (n < sizeof line - 1 && read(output, line + n, 1) == 1 && line[n] != '\n')
		n++;
	line[n] = '\0';
	for (const char *at = line; (at = strchr(at, ':')) != NULL; at++)
		if (at[1] >= '0' && at[1] <= '9')
			return (unsigned)strtoul(at + 1, NULL, 10);
	return 0;
}

static int connect_to(unsigned port)
{
	struct sockaddr_in to;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	memset(&to, 0, sizeof to);
	to.sin_family = AF_INET;
	to.sin_port = htons((unsigned short)port);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) < 0)
		return -1;
	return fd;
}

/* Octets may be NUL, so this is not strstr. */
static int holds(const char *data, size_t n, const char *text)
{
	size_t len = strlen(text);

	for (size_t i = 0; i + len <= n; i++)
		if (memcmp(data + i, text, len) == 0)
			return 1;
	return 0;
}

/* fd: where the answer comes from. */
static int take_step(const struct run *r, int fd, const struct step *s)
{
	char answer[16384];
	size_t n = 0;
	ssize_t got = s->as_input ? write(r->input, s->send, s->len) : send(fd, s->send, s->len, MSG_NOSIGNAL);

	if (got != (ssize_t)s->len)
		return fail("it takes nothing");
	while (!holds(answer, n, s->expect)) {
		/* Of much that was not expected the end will do. */
		if (n == sizeof answer) {
			n = sizeof answer / 2;
			memmove(answer, answer + n, n);
		}
		if ((got = read(fd, answer + n, sizeof answer - n)) <= 0) {
			fprintf(stderr, "drive: no \"%s\" in: %.*s\n", s->expect, (int)n, answer);
			return EXIT_FAILURE;
		}
		n += (size_t)got;
	}
	return EXIT_SUCCESS;
}

static int talk_to(const struct talk *t, const struct run *r)
{
	unsigned port = port_in(r->output);
	int fd, rc = EXIT_SUCCESS;

	if (port == 0)
		return fail("it does not say where it listens");
	fd = connect_to(port);
	if (fd < 0)
		return fail("cannot connect");
	for (const struct step *s = t->steps; s < t->steps + MAX_STEPS && s->send && rc == EXIT_SUCCESS; s++)
		rc = take_step(r, fd, s);
	close(fd);
	return rc;
}

/* The path of another example, in the folder of this one. */
static void beside(char *out, size_t size, const char *path, const char *name)
{
	snprintf(out, size, "%.*s/%s", (int)(strrchr(path, '/') - path), path, name);
}

static int drive_client(const struct talk *t, const char *path)
{
	struct run server, client;
	char other[4096], port[12], where[] = "/ws", *arguments[] = { other, NULL, NULL, NULL };
	int status, rc = EXIT_SUCCESS;

	beside(other, sizeof other, path, "echo");
	strcpy(port, "0");
	arguments[1] = port;
	if (start(other, arguments, &server) < 0)
		return fail("cannot start echo");
	snprintf(port, sizeof port, "%u", port_in(server.output));
	arguments[2] = where;
	if (start(path, arguments, &client) < 0)
		return fail("cannot start it");
	for (const struct step *s = t->steps; s < t->steps + MAX_STEPS && s->send && rc == EXIT_SUCCESS; s++)
		rc = take_step(&client, client.output, s);
	close(client.input);
	if (waitpid(client.pid, &status, 0) < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
		rc = fail("it did not end with status 0");
	kill(server.pid, SIGTERM);
	waitpid(server.pid, &status, 0);
	return rc;
}

static void request(const char *method, const char *where, const char *offset, const char *body)
{
	char length[24];

	snprintf(length, sizeof length, "%zu", strlen(body));
	setenv("REQUEST_METHOD", method, 1);
	setenv("PATH_INFO", where, 1);
	setenv("CONTENT_LENGTH", length, 1);
	setenv("HTTP_UPLOAD_OFFSET", offset, 1);
}

/* Runs it for one request; answer holds all that it says. */
static int run_cgi(const char *path, const char *body, const char *expect, char *answer, size_t size)
{
	char name[4096], *arguments[] = { name, NULL };
	struct run r;
	size_t n = 0;
	ssize_t got;
	int status;

	snprintf(name, sizeof name, "%s", path);
	if (start(path, arguments, &r) < 0 || write(r.input, body, strlen(body)) < 0)
		return fail("cannot start it");
	while (n < size - 1 && (got = read(r.output, answer + n, size - 1 - n)) > 0)
		n += (size_t)got;
	answer[n] = '\0';
	close(r.input);
	close(r.output);
	if (waitpid(r.pid, &status, 0) < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return fail("it did not end with status 0");
	if (strstr(answer, expect))
		return EXIT_SUCCESS;
	fprintf(stderr, "drive: no \"%s\" in: %s\n", expect, answer);
	return EXIT_FAILURE;
}

/* An upload in two pieces, each by a process of its own, and back again. */
static int drive_cgi(const char *path)
{
	char answer[4096], where[64], *at;
	int rc;

	setenv("SCRIPT_NAME", "/cgi-bin/cgi", 1);
	setenv("HTTP_TUS_RESUMABLE", "1.0.0", 1);
	setenv("HTTP_UPLOAD_LENGTH", "10", 1);
	request("POST", "/", "", "");
	rc = run_cgi(path, "", "Status: 201", answer, sizeof answer);
	at = rc == EXIT_SUCCESS ? strstr(answer, "Location: /cgi-bin/cgi/") : NULL;
	if (!at)
		return fail("it does not say where the upload is");
	snprintf(where, sizeof where, "/%.*s", (int)strcspn(at + 23, "\r"), at + 23);
	unsetenv("HTTP_UPLOAD_LENGTH");
	setenv("CONTENT_TYPE", "application/offset+octet-stream", 1);
	request("PATCH", where, "0", "hello");
	rc |= run_cgi(path, "hello", "Upload-Offset: 5", answer, sizeof answer);
	request("PATCH", where, "5", "world");
	rc |= run_cgi(path, "world", "Upload-Offset: 10", answer, sizeof answer);
	request("GET", where, "", "");
	rc |= run_cgi(path, "", "\r\n\r\nhelloworld", answer, sizeof answer);
	return rc;
}

static int drive(const struct talk *t, const char *path)
{
	struct run r;
	char zero[] = "0", name[4096], *arguments[] = { name, zero, NULL };
	int status, rc = EXIT_SUCCESS;

	if (t->end == AS_CLIENT)
		return drive_client(t, path);
	if (t->end == AS_CGI)
		return drive_cgi(path);
	snprintf(name, sizeof name, "%s", path);
	if (start(path, arguments, &r) < 0)
		return fail("cannot start it");
	if (t->end != WHEN_DONE)
		rc = talk_to(t, &r);
	if (t->end == BY_SIGNAL) {
		if (waitpid(r.pid, &status, WNOHANG) != 0)
			return fail("it ended before it was told to");
		kill(r.pid, SIGTERM);
	}
	close(r.input);
	if (waitpid(r.pid, &status, 0) < 0)
		return fail("it is lost");
	if (t->end != BY_SIGNAL && (!WIFEXITED(status) || WEXITSTATUS(status) != 0))
		return fail("it did not end with status 0");
	return rc;
}

int main(int argc, char *argv[])
{
	const char *name = argc == 2 ? strrchr(argv[1], '/') : NULL;

	if (!name)
		return fail("usage: drive ./EXAMPLE");
	alarm(LIMIT_S);
	for (size_t i = 0; i < sizeof talks / sizeof talks[0]; i++)
		if (strcmp(talks[i].example, name + 1) == 0)
			return drive(&talks[i], argv[1]);
	return fail("it does not know what to say to this example");
}
