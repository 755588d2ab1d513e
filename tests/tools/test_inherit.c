/*
 * test_inherit.c - mummy-server with sockets that it inherits, by the protocol of sd_listen_fds(3).
 */
#include <config.h>
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "suite.h"
#include "client.h"

#define ANY "--listen", "127.0.0.1:0"
#define GET "GET /_mummy/stats HTTP/1.1\r\n"

static char said[4096];

struct passed { int fd[2], n; const char *names, *count; int other_pid; };

/* Between fork and exec. */
static void pass(void *arg)
{
	const struct passed *p = arg;
	int high[2] = { -1, -1 };
	char text[16];

	for (int i = 0; i < p->n; i++)
		high[i] = fcntl(p->fd[i], F_DUPFD_CLOEXEC, 20);
	for (int i = 0; i < p->n; i++)
		if (dup2(high[i], 3 + i) < 0)
			_exit(125);
	snprintf(text, sizeof text, "%d", (int)getpid() + p->other_pid);
	setenv("LISTEN_PID", text, 1);
	snprintf(text, sizeof text, "%d", p->n);
	setenv("LISTEN_FDS", p->count ? p->count : text, 1);
	if (p->names)
		setenv("LISTEN_FDNAMES", p->names, 1);
}

static int tcp(const char *address, uint16_t *port)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t n = sizeof at;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	inet_pton(AF_INET, address, &at.sin_addr);
	ck_assert_int_eq(bind(fd, (const struct sockaddr *)&at, n), 0);
	ck_assert_int_eq(listen(fd, 16), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&at, &n), 0);
	*port = ntohs(at.sin_port);
	return fd;
}

static void serves(uint16_t port)
{
	struct response r;

	client_ask(port, &r, GET);
	ck_assert_int_eq(r.status, 200);
	response_free(&r);
}

/* The client came before the server did. */
START_TEST(it_serves_on_what_it_inherits)
{
	struct passed p = { .n = 1, .names = "web" };
	struct server s;
	struct response r;
	char where[64];
	uint16_t port;
	int early;

	p.fd[0] = tcp("127.0.0.1", &port);
	early = client_open(port);
	client_send(early, GET "Host: x\r\n\r\n", sizeof GET "Host: x\r\n\r\n" - 1);
	server_before(pass, &p);
	server_start(&s, "--loops", "2", NULL);
	client_receive(early, &r, 0);
	ck_assert_int_eq(r.status, 200);
	response_free(&r);
	close(early);
	close(p.fd[0]);
	snprintf(where, sizeof where, " listens on http://127.0.0.1:%u/;", (unsigned)port);
	ck_assert_msg(strstr(s.line, where) != NULL, "%s", s.line);
	serves(port);
	ck_assert_int_eq(server_stop(&s), 0);
}
END_TEST

/* The socket file is not the server's: it stays. */
START_TEST(unix_sockets_and_addresses_of_its_own)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	char folder[] = "/tmp/mummy-test-XXXXXX", where[256], ports[64], text[64] = "";
	struct passed p = { .n = 2 };
	struct server s;
	uint16_t port;
	int fd, unix_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(un.sun_path, sizeof un.sun_path, "%s/socket", folder);
	snprintf(ports, sizeof ports, "%s/ports", folder);
	ck_assert_int_eq(bind(unix_fd, (const struct sockaddr *)&un, sizeof un), 0);
	ck_assert_int_eq(listen(unix_fd, 4), 0);
	p.fd[0] = unix_fd;
	p.fd[1] = tcp("127.0.0.1", &port);
	server_before(pass, &p);
	server_start(&s, ANY, "--port-file", ports, NULL);
	snprintf(where, sizeof where, " listens on unix:%s http://127.0.0.1:%u/ http://127.0.0.1:", un.sun_path,
		 (unsigned)port);
	ck_assert_msg(strstr(s.line, where) != NULL, "%s", s.line);
	serves(port);
	file_wait(ports);
	file_read(ports, text, sizeof text);
	snprintf(where, sizeof where, "0\n%u\n", (unsigned)port);
	ck_assert_msg(strncmp(text, where, strlen(where)) == 0, "%s", text);
	serves((uint16_t)atoi(text + strlen(where)));
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	ck_assert_int_eq(connect(fd, (const struct sockaddr *)&un, sizeof un), 0);
	close(fd);
	close(p.fd[1]);
	ck_assert_int_eq(server_stop(&s), 0);
	ck_assert_int_eq(unlink(un.sun_path), 0);
	unlink(ports);
	ck_assert_int_eq(rmdir(folder), 0);
	close(unix_fd);
}
END_TEST

/* They are for another process, as when a shell in between was started with them. */
START_TEST(those_of_others_are_let_be)
{
	struct passed p = { .n = 1, .other_pid = 1 };
	struct server s;
	char where[32];
	uint16_t port;

	p.fd[0] = tcp("127.0.0.1", &port);
	server_before(pass, &p);
	server_start(&s, ANY, NULL);
	snprintf(where, sizeof where, ":%u/", (unsigned)port);
	ck_assert_msg(!strstr(s.line, where), "%s", s.line);
	serves(s.port);
	close(p.fd[0]);
	ck_assert_int_eq(server_stop(&s), 0);
}
END_TEST

/* Neither the variables nor the sockets. */
START_TEST(programs_that_it_starts_get_nothing_of_it)
{
	char folder[] = "/tmp/mummy-test-XXXXXX", hook[64], out[64], text[4096];
	struct passed p = { .n = 1, .names = "web" };
	struct server s;
	struct response r;
	uint16_t port;
	FILE *f;

	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(hook, sizeof hook, "%s/hook", folder);
	snprintf(out, sizeof out, "%s/out", folder);
	f = fopen(hook, "w");
	fprintf(f, "#!/bin/sh\n{ env; ls -l /proc/$$/fd; } > %s\n", out);
	ck_assert_int_eq(fchmod(fileno(f), 0700), 0);
	fclose(f);
	p.fd[0] = tcp("127.0.0.1", &port);
	server_before(pass, &p);
	server_start(&s, "--hook-command", hook, "--hook-events", "pre-create", NULL);
	client_ask(port, &r, "POST /files/ HTTP/1.1\r\nTus-Resumable: 1.0.0\r\nUpload-Length: 1\r\nContent-Length: 0\r\n");
	ck_assert_int_eq(r.status, 201);
	response_free(&r);
	file_read(out, text, sizeof text);
	ck_assert_msg(!strstr(text, "LISTEN_") && !strstr(text, "socket:"), "%s", text);
	close(p.fd[0]);
	ck_assert_int_eq(server_stop(&s), 0);
	unlink(out);
	unlink(hook);
	ck_assert_int_eq(rmdir(folder), 0);
}
END_TEST

START_TEST(what_cannot_be_served_on_is_refused)
{
	struct passed p = { .n = 2, .names = "web:log" };
	uint16_t port;

	server_before(pass, &p);
	p.fd[0] = tcp("127.0.0.1", &port);
	p.fd[1] = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(server_run(said, sizeof said, 0, NULL), 2);
	complaint_names(said, "descriptor 4, log");
	p.count = "many";
	ck_assert_int_eq(server_run(said, sizeof said, 0, NULL), 2);
	complaint_names(said, "LISTEN_FDS");
	p.count = NULL;
	close(p.fd[1]);
	p.fd[1] = tcp("0.0.0.0", &port);
	ck_assert_int_eq(server_run(said, sizeof said, 0, NULL), 2);
	complaint_names(said, "--allow-anonymous");
	close(p.fd[0]);
	close(p.fd[1]);
}
END_TEST

SUITE_MAIN("inherit", it_serves_on_what_it_inherits, unix_sockets_and_addresses_of_its_own, those_of_others_are_let_be,
	   programs_that_it_starts_get_nothing_of_it, what_cannot_be_served_on_is_refused)
