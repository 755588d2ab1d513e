/*
 * test_server.c - the program as a whole: its exit statuses, its mounts, and how it stops.
 */
#include <config.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "suite.h"
#include "client.h"

#define ANY "--listen", "127.0.0.1:0"
#define GET(path) "GET " path " HTTP/1.1\r\n"

/* ---- Before it serves ------------------------------------------------------------------------------ */

static char said[4096];

START_TEST(test_help_and_version)
{
	ck_assert_int_eq(server_run(said, sizeof said, 0, "--help", NULL), 0);
	ck_assert_str_eq(said, "");
	ck_assert_int_eq(server_run(said, sizeof said, 0, "--version", NULL), 0);
	ck_assert_str_eq(said, "");
}
END_TEST

START_TEST(test_bad_words_exit_2)
{
	ck_assert_int_eq(server_run(said, sizeof said, 0, "--no-such-flag", NULL), 2);
	complaint_names(said, "--no-such-flag");
	ck_assert_int_eq(server_run(said, sizeof said, 0, "--workers", "many", NULL), 2);
	complaint_names(said, "--workers");
	ck_assert_int_eq(server_run(said, sizeof said, 0, "--listen", "here", NULL), 2);
	complaint_names(said, "here");
}
END_TEST

START_TEST(test_bad_places_exit_2)
{
	ck_assert_int_eq(server_run(said, sizeof said, 0, ANY, "--root", "/no/such/folder", NULL), 2);
	complaint_names(said, "/no/such/folder");
	ck_assert_int_eq(server_run(said, sizeof said, 0, ANY, "--root", "/dev/null", NULL), 2);
	complaint_names(said, "--root");
	ck_assert_int_eq(server_run(said, sizeof said, 0, ANY, "--uploads", "/dev/null/x", NULL), 2);
	complaint_names(said, "--uploads");
	ck_assert_int_eq(server_run(said, sizeof said, 0, ANY, "--log", "/no/such/log", NULL), 2);
	complaint_names(said, "--log");
	ck_assert_int_eq(server_run(said, sizeof said, 0, ANY, "--port-file", "/no/such/file", NULL), 2);
	complaint_names(said, "--port-file");
}
END_TEST

/* For root everything is readable, so this runs as somebody else. */
START_TEST(test_unreadable_folders_exit_2)
{
	char folder[] = "/tmp/mummy-test-XXXXXX";
	int rc;

	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(chmod(folder, 0), 0);
	rc = server_run(said, sizeof said, 1, ANY, "--root", folder, NULL);
	if (rc != 126) {
		ck_assert_int_eq(rc, 2);
		complaint_names(said, "--root");
		ck_assert_int_eq(server_run(said, sizeof said, 1, ANY, "--uploads", folder, NULL), 2);
		complaint_names(said, "--uploads");
	}
	rmdir(folder);
}
END_TEST

START_TEST(test_port_in_use_exits_2)
{
	struct server s;
	char at[64];

	server_start(&s, ANY, NULL);
	snprintf(at, sizeof at, "127.0.0.1:%u", (unsigned)s.port);
	ck_assert_int_eq(server_run(said, sizeof said, 0, "--listen", at, NULL), 2);
	complaint_names(said, at);
	ck_assert_int_eq(server_run(said, sizeof said, 0, ANY, "--listen", at, "--loops", "2", NULL), 2);
	complaint_names(said, at);
	ck_assert_int_eq(server_run(said, sizeof said, 0, "--listen", at, "--reuse-port", NULL), 2);
	complaint_names(said, at);
	ck_assert_int_eq(server_stop(&s), 0);
}
END_TEST

START_TEST(test_congestion)
{
	struct response r;
	struct server s;

	server_start(&s, ANY, "--congestion", "reno", NULL);
	client_ask(s.port, &r, GET("/_mummy/stats"));
	ck_assert_int_eq(r.status, 200);
	response_free(&r);
	ck_assert_int_eq(server_stop(&s), 0);
	ck_assert_int_eq(server_run(said, sizeof said, 0, ANY, "--congestion", "none-such", NULL), 2);
	complaint_names(said, "--congestion none-such");
}
END_TEST

START_TEST(test_reuse_port_shares)
{
	struct server first, second;
	struct response r;
	char at[64];

	server_start(&first, ANY, "--reuse-port", NULL);
	snprintf(at, sizeof at, "127.0.0.1:%u", (unsigned)first.port);
	server_start(&second, "--listen", at, "--reuse-port", "--loops", "2", NULL);
	ck_assert_uint_eq(first.port, second.port);
	ck_assert_int_eq(server_stop(&first), 0);
	client_ask(second.port, &r, GET("/_mummy/stats"));
	ck_assert_int_eq(r.status, 200);
	response_free(&r);
	ck_assert_int_eq(server_stop(&second), 0);
}
END_TEST

START_TEST(test_port_file)
{
	char folder[] = "/tmp/mummy-test-XXXXXX", path[64], text[64] = "";
	unsigned first = 0, second = 0;
	struct server s;
	FILE *f;

	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/ports", folder);
	server_start(&s, ANY, ANY, "--port-file", path, NULL);
	file_wait(path);
	f = fopen(path, "r");
	ck_assert_ptr_nonnull(f);
	ck_assert_uint_gt(fread(text, 1, sizeof text - 1, f), 0);
	fclose(f);
	ck_assert_int_eq(sscanf(text, "%u\n%u\n", &first, &second), 2);
	ck_assert_uint_eq(first, s.port);
	ck_assert_uint_ne(second, first);
	close(client_open((uint16_t)second));
	ck_assert_int_eq(server_stop(&s), 0);
	unlink(path);
	ck_assert_int_eq(rmdir(folder), 0);
}
END_TEST

/* ---- What it serves -------------------------------------------------------------------------------- */

START_TEST(test_page)
{
	struct server s;
	struct response r;
	char value[512];

	server_start(&s, ANY, NULL);
	client_ask(s.port, &r, GET("/"));
	ck_assert_int_eq(r.status, 200);
	field_is(&r, "Content-Type", "text/html; charset=utf-8");
	response_field(&r, "Content-Security-Policy", value, sizeof value);
	ck_assert_ptr_nonnull(strstr(value, "default-src 'none'"));
	ck_assert_ptr_nonnull(strstr(r.body, "id=\"chat-input\""));
	response_field(&r, "ETag", value, sizeof value);
	response_free(&r);
	client_ask(s.port, &r, GET("/_mummy/") "If-None-Match: %s\r\n", value);
	ck_assert_int_eq(r.status, 304);
	field_is(&r, "Vary", "Accept-Encoding");
	response_free(&r);
	client_ask(s.port, &r, GET("/_mummy/") "If-None-Match: \"x\"\r\nIf-None-Match: *\r\n");
	ck_assert_int_eq(r.status, 304);
	response_free(&r);
	client_ask(s.port, &r, GET("/_mummy/") "If-Match: \"x\"\r\n");
	ck_assert_int_eq(r.status, 412);
	response_free(&r);
	client_ask(s.port, &r, GET("/_mummy/app.js"));
	ck_assert_int_eq(r.status, 200);
	field_is(&r, "Content-Type", "text/javascript; charset=utf-8");
	response_free(&r);
	client_ask(s.port, &r, GET("/_mummy"));
	ck_assert_int_eq(r.status, 308);
	field_is(&r, "Location", "/_mummy/");
	response_free(&r);
	client_ask(s.port, &r, GET("/_mummy/other"));
	ck_assert_int_eq(r.status, 404);
	response_free(&r);
	ck_assert_int_eq(server_stop(&s), 0);
}
END_TEST

static void write_file(const char *folder, const char *name, const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs(text, f), 0);
	fclose(f);
}

static void body_is(uint16_t port, const char *path, int status, const char *body)
{
	struct response r;

	client_ask(port, &r, "GET %s HTTP/1.1\r\n", path);
	ck_assert_msg(r.status == status, "%s: %d", path, r.status);
	if (body)
		ck_assert_str_eq(r.body, body);
	response_free(&r);
}

START_TEST(test_files_and_mounts)
{
	static const char *const inside[] = { "index.html", "a.txt", "diag/hello", "diag", NULL };
	char folder[] = "/tmp/mummy-test-XXXXXX", path[256];
	struct server s;

	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/diag", folder);
	ck_assert_int_eq(mkdir(path, 0755), 0);
	write_file(folder, "a.txt", "from the folder");
	write_file(folder, "diag/hello", "hidden by the mount");
	server_start(&s, ANY, "--root", folder, NULL);
	body_is(s.port, "/a.txt", 200, "from the folder");
	body_is(s.port, "/b.txt", 404, NULL);
	body_is(s.port, "/diag/hello", 404, NULL);
	body_is(s.port, "/ws/echo", 404, NULL);
	body_is(s.port, "/_mummy/", 200, NULL);
	body_is(s.port, "/", 200, NULL);
	ck_assert_int_eq(server_stop(&s), 0);
	write_file(folder, "index.html", "a page of one's own");
	server_start(&s, ANY, "--root", folder, "--diagnostics", NULL);
	body_is(s.port, "/", 200, "a page of one's own");
	body_is(s.port, "/diag/hello", 200, "Hello, World!");
	body_is(s.port, "/diag/other", 404, NULL);
	ck_assert_int_eq(server_stop(&s), 0);
	for (size_t i = 0; inside[i]; i++) {
		snprintf(path, sizeof path, "%s/%s", folder, inside[i]);
		remove(path);
	}
	ck_assert_int_eq(rmdir(folder), 0);
}
END_TEST

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void check_diagnostics(uint16_t port)
{
	static const char *const sizes[] = { "0", "1", "2", "3", "129", "130", "131", "16384" };
	struct response r;
	double before = seconds();
	size_t wrong = 0;

	client_ask(port, &r, GET("/diag/hello"));
	field_is(&r, "Content-Type", "text/plain");
	field_is(&r, "Content-Length", "13");
	response_free(&r);
	body_is(port, "/diag/work", 200, "Hello, World!");
	body_is(port, "/diag/sleep?ms=20", 200, "Hello, World!");
	ck_assert(seconds() - before >= 0.020);
	before = seconds();
	body_is(port, "/diag/block?ms=20", 200, "Hello, World!");
	ck_assert(seconds() - before >= 0.020);
	body_is(port, "/diag/block?ms=x", 400, NULL);
	body_is(port, "/diag/sleep?ms=-1", 400, NULL);
	body_is(port, "/diag/sleep", 400, NULL);
	body_is(port, "/diag/empty", 204, "");
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		client_ask(port, &r, GET("/diag/text?bytes=%s"), sizes[i]);
		ck_assert_int_eq(r.status, 200);
		ck_assert_uint_eq(r.len, strtoul(sizes[i], NULL, 10));
		ck_assert(r.len < 2 || (r.body[0] == '[' && r.body[r.len - 1] == ']'));
		response_free(&r);
	}
	client_ask(port, &r, GET("/diag/bytes?n=10000001"));
	ck_assert_uint_eq(r.len, 10000001);
	for (size_t i = 0; i < r.len; i++)
		wrong += (unsigned char)r.body[i] != (i & 255);
	ck_assert_uint_eq(wrong, 0);
	response_free(&r);
	client_ask(port, &r, "HEAD /diag/bytes?n=77 HTTP/1.1\r\n");
	field_is(&r, "Content-Length", "77");
	response_free(&r);
	body_is(port, "/diag/bytes?n=0", 200, "");
	body_is(port, "/diag/bytes?n=x", 400, NULL);
}

START_TEST(test_diagnostics)
{
	struct server s;

	server_start(&s, ANY, "--diagnostics", NULL);
	check_diagnostics(s.port);
	ck_assert_int_eq(server_stop(&s), 0);
}
END_TEST

START_TEST(test_diagnostics_with_tasks_and_loops)
{
	struct server s;

	server_start(&s, ANY, "--diagnostics", "--model", "tasks", "--workers", "2", "--loops", "3", NULL);
	check_diagnostics(s.port);
	ck_assert_int_eq(server_stop(&s), 0);
}
END_TEST

START_TEST(test_diagnostics_with_fibers)
{
	struct server s;

	server_start(&s, ANY, "--diagnostics", "--model", "fibers", "--workers", "2", "--loops", "2", NULL);
	check_diagnostics(s.port);
	ck_assert_int_eq(server_stop(&s), 0);
}
END_TEST

/* Sends a body in one piece while a child of the test reads nothing: small enough for the socket buffers. */
static void echo_length(uint16_t port, const char *method, const char *body)
{
	char head[256];
	struct response r;
	int fd = client_open(port);
	int n = snprintf(head, sizeof head, "%s /diag/echo HTTP/1.1\r\nHost: test\r\nContent-Type: text/x\r\n"
			 "Content-Length: %zu\r\n\r\n", method, strlen(body));

	client_send(fd, head, (size_t)n);
	client_send(fd, body, strlen(body));
	client_receive(fd, &r, 0);
	ck_assert_int_eq(r.status, 200);
	ck_assert_str_eq(r.body, body);
	response_free(&r);
	close(fd);
}

/* Writes in a process of its own what comes back here, more than any buffer on the way takes. */
static void echo_chunked(uint16_t port, unsigned chunks)
{
	static char chunk[65536 + 16];
	int fd = client_open(port), head;
	struct response r;
	size_t wrong = 0;
	pid_t writer;

	head = snprintf(chunk, sizeof chunk, "POST /diag/echo HTTP/1.1\r\nHost: test\r\n"
			"Transfer-Encoding: chunked\r\n\r\n");
	client_send(fd, chunk, (size_t)head);
	writer = fork();
	ck_assert_int_ge(writer, 0);
	if (writer == 0) {
		for (unsigned i = 0; i < chunks; i++) {
			int n = snprintf(chunk, sizeof chunk, "10000\r\n");

			memset(chunk + n, 'a' + (int)(i % 26), 65536);
			memcpy(chunk + n + 65536, "\r\n", 2);
			client_send(fd, chunk, (size_t)n + 65538);
		}
		client_send(fd, "0\r\n\r\n", 5);
		_exit(0);
	}
	client_receive(fd, &r, 0);
	ck_assert_int_eq(r.status, 200);
	ck_assert_uint_eq(r.len, (size_t)chunks * 65536);
	for (size_t i = 0; i < r.len; i++)
		wrong += r.body[i] != 'a' + (int)(i / 65536 % 26);
	ck_assert_uint_eq(wrong, 0);
	response_free(&r);
	close(fd);
}

START_TEST(test_echo)
{
	struct server s;

	server_start(&s, ANY, "--diagnostics", NULL);
	echo_length(s.port, "POST", "some words");
	echo_length(s.port, "PUT", "");
	echo_chunked(s.port, 0);
	echo_chunked(s.port, 320);
	body_is(s.port, "/diag/echo", 405, NULL);
	ck_assert_int_eq(server_stop(&s), 0);
}
END_TEST

START_TEST(test_chat)
{
	struct server s;
	char message[1024];
	int ada, bob;

	server_start(&s, ANY, NULL);
	ada = ws_open(s.port, "/ws/chat?name=Ada%20L&since=0");
	ws_receive_text(ada, message, sizeof message);
	ck_assert_str_eq(message,
			 "{\"type\":\"welcome\",\"id\":1,\"name\":\"Ada L\",\"seq\":0,\"clients\":1}");
	ws_wait_for(ada, "\"presence\",\"clients\":1");
	ws_send_text(ada, "hello \"all\"");
	ws_wait_for(ada, "\"text\":\"hello \\\"all\\\"\"}");
	bob = ws_open(s.port, "/ws/chat?name=%0A&since=0");
	ws_receive_text(bob, message, sizeof message);
	ck_assert_ptr_nonnull(strstr(message, "\"name\":\"guest-2\",\"seq\":1,\"clients\":2}"));
	ws_receive_text(bob, message, sizeof message);
	ck_assert_ptr_nonnull(strstr(message,
				     "{\"type\":\"message\",\"seq\":1,\"from\":1,\"name\":\"Ada L\""));
	ws_wait_for(ada, "\"presence\",\"clients\":2");
	ws_send_text(bob, "hi");
	ws_wait_for(ada, "\"seq\":2,\"from\":2,\"name\":\"guest-2\"");
	close(bob);
	ws_wait_for(ada, "\"presence\",\"clients\":1");
	close(ada);
	ck_assert_int_eq(server_stop(&s), 0);
}
END_TEST

static void check_ws_echo(const char *how)
{
	struct server s;
	char message[256];
	int fd;

	server_start(&s, ANY, "--diagnostics", how, NULL);
	fd = ws_open(s.port, "/ws/echo");
	ws_send_text(fd, "again");
	ws_receive_text(fd, message, sizeof message);
	ck_assert_str_eq(message, "again");
	close(fd);
	ck_assert_int_eq(server_stop(&s), 0);
}

START_TEST(test_ws_echo)
{
	check_ws_echo(NULL);
	check_ws_echo("--ws-inline");
}
END_TEST

/* ---- Uploads --------------------------------------------------------------------------------------- */

#define TUS "Tus-Resumable: 1.0.0\r\n"

static int patch(uint16_t port, const char *where, unsigned offset, const char *body)
{
	char head[1024];
	struct response r;
	int fd = client_open(port), status;
	int n = snprintf(head, sizeof head, "PATCH %s HTTP/1.1\r\nHost: test\r\n" TUS "Upload-Offset: %u\r\n"
			 "Content-Type: application/offset+octet-stream\r\nContent-Length: %zu\r\n\r\n%s",
			 where, offset, strlen(body), body);

	client_send(fd, head, (size_t)n);
	client_receive(fd, &r, 0);
	status = r.status;
	response_free(&r);
	close(fd);
	return status;
}

START_TEST(test_upload)
{
	struct server s;
	struct response r;
	struct stat st;
	char where[512];

	server_start(&s, ANY, NULL);
	ck_assert_int_eq(stat(s.uploads, &st), 0);
	client_ask(s.port, &r, "POST /files/ HTTP/1.1\r\n" TUS "Upload-Length: 10\r\nContent-Length: 0\r\n"
		   "Upload-Metadata: filename YS50eHQ=\r\n");
	ck_assert_int_eq(r.status, 201);
	response_field(&r, "Location", where, sizeof where);
	response_free(&r);
	ck_assert_int_eq(patch(s.port, where, 0, "0123"), 204);
	ck_assert_int_eq(patch(s.port, where, 0, "0123"), 409);
	client_ask(s.port, &r, "HEAD %s HTTP/1.1\r\n" TUS, where);
	field_is(&r, "Upload-Offset", "4");
	response_free(&r);
	ck_assert_int_eq(patch(s.port, where, 4, "456789"), 204);
	body_is(s.port, where, 200, "0123456789");
	ck_assert_int_eq(server_stop(&s), 0);
	ck_assert_int_ne(stat(s.uploads, &st), 0);
}
END_TEST

/* ---- The end --------------------------------------------------------------------------------------- */

/* Waits until the figures hold text. */
static void stats_say(uint16_t port, const char *text)
{
	const struct timespec moment = { 0, 1000000 };
	struct response r;
	int there = 0;

	while (!there) {
		client_ask(port, &r, GET("/_mummy/stats"));
		ck_assert_int_eq(r.status, 200);
		there = strstr(r.body, text) != NULL;
		response_free(&r);
		nanosleep(&moment, NULL);
	}
}

/* A request that a worker sleeps on for ms, once the server has it. */
static int begin_nap(uint16_t port, unsigned ms)
{
	int fd = client_open(port);
	char head[128];

	client_send(fd, head, (size_t)snprintf(head, sizeof head,
					       "GET /diag/sleep?ms=%u HTTP/1.1\r\nHost: test\r\n\r\n", ms));
	stats_say(port, "\"running\":1");
	return fd;
}

static void drains(int signal)
{
	struct server s;
	struct response r;
	int fd;

	server_start(&s, ANY, "--diagnostics", NULL);
	fd = begin_nap(s.port, 300);
	kill(s.pid, signal);
	client_receive(fd, &r, 0);
	ck_assert_int_eq(r.status, 200);
	ck_assert_str_eq(r.body, "Hello, World!");
	response_free(&r);
	ck_assert_int_eq(server_wait(&s), 0);
	close(fd);
}

START_TEST(test_both_signals_drain)
{
	drains(SIGTERM);
	drains(SIGINT);
}
END_TEST

START_TEST(test_second_signal_cuts)
{
	double before = seconds();
	struct server s;
	struct stat st;
	int fd;

	server_start(&s, ANY, "--diagnostics", NULL);
	fd = begin_nap(s.port, 60000);
	kill(s.pid, SIGTERM);
	server_says(&s, "SIGTERM: ");
	kill(s.pid, SIGINT);
	ck_assert_int_eq(server_wait(&s), 1);
	ck_assert(seconds() - before < 9);
	ck_assert_int_ne(stat(s.uploads, &st), 0);
	close(fd);
}
END_TEST

/* All of them sleep at once on the one worker, and it still works. */
START_TEST(test_fibers_wait_together)
{
	struct server s;
	char head[128], parked[32];
	int fds[30];

	server_start(&s, ANY, "--diagnostics", "--model", "fibers", "--workers", "1", NULL);
	for (int i = 0; i < 30; i++) {
		fds[i] = client_open(s.port);
		client_send(fds[i], head, (size_t)snprintf(head, sizeof head, "GET /diag/sleep?ms=60000 HTTP/1.1\r\n"
							   "Host: test\r\n\r\n"));
		snprintf(parked, sizeof parked, "\"parked\":%d", i + 1);
		stats_say(s.port, parked);
	}
	body_is(s.port, "/diag/work", 200, "Hello, World!");
	stats_say(s.port, "\"threads\":1,");
	kill(s.pid, SIGTERM);
	server_says(&s, "SIGTERM: ");
	kill(s.pid, SIGTERM);
	ck_assert_int_eq(server_wait(&s), 1);
	for (int i = 0; i < 30; i++)
		close(fds[i]);
}
END_TEST

START_TEST(test_idle_clients_do_not_hold_it_up)
{
	double before = seconds();
	struct server s;
	int idle, chatting;

	server_start(&s, ANY, NULL);
	idle = client_open(s.port);
	chatting = ws_open(s.port, "/ws/chat");
	ck_assert_int_eq(server_stop(&s), 0);
	ck_assert(seconds() - before < 9);
	close(idle);
	close(chatting);
}
END_TEST

SUITE_MAIN("mummy-server", test_help_and_version, test_bad_words_exit_2, test_bad_places_exit_2,
	   test_unreadable_folders_exit_2, test_port_in_use_exits_2, test_reuse_port_shares, test_congestion, test_port_file,
	   test_page, test_files_and_mounts, test_diagnostics, test_diagnostics_with_tasks_and_loops,
	   test_diagnostics_with_fibers, test_echo, test_chat, test_ws_echo, test_upload,
	   test_both_signals_drain, test_second_signal_cuts, test_fibers_wait_together,
	   test_idle_clients_do_not_hold_it_up)
