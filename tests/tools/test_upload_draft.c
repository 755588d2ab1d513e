/* "Resumable Uploads for HTTP" over loopback: interim answers as they are on the wire. */
#include <config.h>
#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "suite.h"
#include "client.h"

#define LEN ((size_t)1 << 20)
#define V8 "Upload-Draft-Interop-Version: 8\r\n"
#define PART "Content-Type: application/partial-upload\r\n"

static void say(int fd, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(int fd, const char *format, ...)
{
	char text[1024];
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(text, sizeof text, format, ap);
	va_end(ap);
	client_send(fd, text, (size_t)n);
}

/* The next head, an interim one too: its status, 0: the connection has ended. */
static int hear(int fd, struct response *r)
{
	size_t n = 0;

	memset(r, 0, sizeof *r);
	while (n < sizeof r->head - 1 && recv(fd, r->head + n, 1, 0) == 1)
		if (++n >= 4 && !memcmp(r->head + n - 4, "\r\n\r\n", 4))
			break;
	sscanf(r->head, "HTTP/1.1 %d", &r->status);
	return r->status;
}

static const char *said(const struct response *r, const char *name)
{
	static char text[4][256];
	static unsigned at;
	char *out = text[at++ % 4];

	response_field(r, name, out, 256);
	return out;
}

static char *pattern(void)
{
	char *p = malloc(LEN);

	for (size_t i = 0; i < LEN; i++)
		p[i] = (char)(i * 13 % 251);
	return p;
}

/* What HEAD tells; -1: there is none. */
static long offset_of(const struct server *s, const char *path)
{
	struct response r;

	client_ask(s->port, &r, "HEAD %s HTTP/1.1\r\n" V8, path);
	response_free(&r);
	return r.status == 204 ? strtol(said(&r, "Upload-Offset"), NULL, 10) : -1;
}

START_TEST(the_address_comes_before_the_body)
{
	struct server s;
	struct response r;
	char path[256];
	int fd;

	server_start(&s, NULL);
	fd = client_open(s.port);
	say(fd, "POST /files/ HTTP/1.1\r\nHost: a\r\n" V8 "Upload-Complete: ?1\r\nContent-Length: 10\r\n\r\n");
	ck_assert_int_eq(hear(fd, &r), 104);
	ck_assert_ptr_nonnull(strstr(r.head, "104 Upload Resumption Supported\r\n"));
	ck_assert_str_eq(said(&r, "Upload-Draft-Interop-Version"), "8");
	ck_assert_str_ne(said(&r, "Upload-Limit"), "");
	snprintf(path, sizeof path, "%s", said(&r, "Location"));
	ck_assert_int_eq(strncmp(path, "/files/", 7), 0);
	say(fd, "0123456789");
	ck_assert_int_eq(hear(fd, &r), 201);
	ck_assert_str_eq(said(&r, "Location"), path);
	ck_assert_str_eq(said(&r, "Upload-Complete"), "?1");
	close(fd);
	client_ask(s.port, &r, "GET %s HTTP/1.1\r\n", path);
	ck_assert_int_eq(r.status, 200);
	ck_assert_str_eq(r.body, "0123456789");
	response_free(&r);
	ck_assert_int_eq(server_stop(&s), 0);
}
END_TEST

/* Who waits for 100 gets it, whatever else was said (section on 104). */
START_TEST(an_expectation_is_met_as_well)
{
	struct server s;
	struct response r;
	int fd;

	server_start(&s, NULL);
	fd = client_open(s.port);
	say(fd, "POST /files/ HTTP/1.1\r\nHost: a\r\n" V8 "Upload-Complete: ?0\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
	ck_assert_int_eq(hear(fd, &r), 104);
	ck_assert_int_eq(hear(fd, &r), 100);
	say(fd, "abc");
	ck_assert_int_eq(hear(fd, &r), 201);
	ck_assert_str_eq(said(&r, "Upload-Complete"), "?0");
	close(fd);
	ck_assert_int_eq(server_stop(&s), 0);
}
END_TEST

START_TEST(who_does_not_know_104_does_not_get_it)
{
	static const char *const heads[] = {
		"HTTP/1.1\r\n", "HTTP/1.1\r\nUpload-Draft-Interop-Version: 9\r\n", "HTTP/1.0\r\n" V8,
	};
	struct server s;
	struct response r;

	server_start(&s, NULL);
	for (size_t i = 0; i < 3; i++) {
		int fd = client_open(s.port);

		say(fd, "POST /files/ %sHost: a\r\nUpload-Complete: ?1\r\nContent-Length: 3\r\n\r\nabc", heads[i]);
		ck_assert_int_eq(hear(fd, &r), 201);
		ck_assert_str_eq(said(&r, "Upload-Complete"), "?1");
		close(fd);
	}
	ck_assert_int_eq(server_stop(&s), 0);
}
END_TEST

START_TEST(a_cut_upload_goes_on)
{
	char path[256], *body = pattern();
	struct server s;
	struct response r;
	long at;
	int fd;

	server_start(&s, NULL);
	fd = client_open(s.port);
	say(fd, "PUT /range/name.bin HTTP/1.1\r\nHost: a\r\n" V8 "Upload-Complete: ?1\r\nContent-Length: %zu\r\n\r\n", LEN);
	ck_assert_int_eq(hear(fd, &r), 104);
	snprintf(path, sizeof path, "%s", said(&r, "Location"));
	client_send(fd, body, LEN / 2);
	close(fd);
	/* a question that comes too early ends the body early */
	at = offset_of(&s, path);
	ck_assert(at >= 0 && at <= (long)LEN / 2);
	fd = client_open(s.port);
	say(fd, "PATCH %s HTTP/1.1\r\nHost: a\r\n" V8 PART "Upload-Complete: ?1\r\nUpload-Offset: %ld\r\nContent-Length: %zu\r\n\r\n",
	    path, at, LEN - (size_t)at);
	client_send(fd, body + at, LEN - (size_t)at);
	ck_assert_int_eq(hear(fd, &r), 201);
	ck_assert_str_eq(said(&r, "Upload-Complete"), "?1");
	/* the connection goes on too */
	say(fd, "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", path);
	client_receive(fd, &r, 0);
	ck_assert_int_eq(r.status, 200);
	ck_assert_uint_eq(r.len, LEN);
	ck_assert_mem_eq(r.body, body, LEN);
	ck_assert_str_eq(said(&r, "Upload-Complete"), "?1");
	response_free(&r);
	close(fd);
	free(body);
	ck_assert_int_eq(server_stop(&s), 0);
}
END_TEST

START_TEST(a_stuck_request_is_cut_by_a_question)
{
	struct server s;
	struct response r;
	char path[256];
	int fd;

	server_start(&s, NULL);
	fd = client_open(s.port);
	say(fd, "POST /files/ HTTP/1.1\r\nHost: a\r\n" V8 "Upload-Complete: ?1\r\nContent-Length: 10\r\n\r\n");
	ck_assert_int_eq(hear(fd, &r), 104);
	snprintf(path, sizeof path, "%s", said(&r, "Location"));
	ck_assert_int_eq(offset_of(&s, path), 0);
	hear(fd, &r);
	ck_assert(r.status == 0 || r.status >= 400);
	close(fd);
	client_ask(s.port, &r, "DELETE %s HTTP/1.1\r\n", path);
	ck_assert_int_eq(r.status, 204);
	response_free(&r);
	ck_assert_int_eq(offset_of(&s, path), -1);
	ck_assert_int_eq(server_stop(&s), 0);
}
END_TEST

SUITE_MAIN("tools/upload_draft", the_address_comes_before_the_body, an_expectation_is_met_as_well,
	   who_does_not_know_104_does_not_get_it, a_cut_upload_goes_on, a_stuck_request_is_cut_by_a_question)
