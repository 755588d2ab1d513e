#include <config.h>
#include <stdlib.h>
#include "serve.h"
#include "internal.h"

/* The short way says what the long one says: each answer is given inline, and again by an exchange that is
 * held. */

enum { MOST = 100000, ROOM = 400000, MANY = MHTTP_SIZED_LINES + 1 };
static char body[MOST];

struct answer {
	const char *what;
	struct mummy_http_header h[4];
	size_t nh;
	size_t n;
	int many, status, fails;
};
#define NAMED(name, value) MUMMY_HTTP_HEADER(name, value)
static const struct answer answers[] = {
	{ .what = "nothing" },
	{ .what = "one octet", .n = 1 },
	{ .what = "9", .n = 9 },
	{ .what = "10", .n = 10 },
	{ .what = "99", .n = 99 },
	{ .what = "100, and what gzip leaves alone", .n = 100 },
	{ .what = "what gzip may take", .n = 5000, .h = { NAMED("Content-Type", "text/html") }, .nh = 1 },
	{ .what = "more than is gathered", .n = MOST },
	{ .what = "a field", .n = 13, .h = { NAMED("Content-Type", "text/plain") }, .nh = 1 },
	{ .what = "lengths of all kinds", .n = 4, .nh = 4,
	  .h = { NAMED("A", "b"), NAMED("X-12345", ""), NAMED("Long-Name-Of-A-Field", "a value of some more octets"),
		 { "Cut-Here-and-on", "value-and-on", 8, 5 } } },
	{ .what = "no value", .n = 4, .h = { NAMED("A", NULL) }, .nh = 1 },
	{ .what = "tabs and high octets", .n = 4, .h = { NAMED("A", "a\tb"), NAMED("B", "\303\244\303\266\t\t\t\t\t") },
	  .nh = 2 },
	{ .what = "as many as are measured once", .n = 4, .many = MANY - 1 },
	{ .what = "more than that", .n = 4, .many = MANY },
	{ .what = "its own date", .n = 4, .h = { NAMED("Date", "Mon, 30 Nov 2026 00:00:00 GMT") }, .nh = 1 },
	{ .what = "a name as long as that", .n = 4, .h = { NAMED("Etag", "\"a\"") }, .nh = 1 },
	{ .what = "its own end", .n = 4, .h = { NAMED("connection", "close") }, .nh = 1 },
	{ .what = "another status", .n = 4, .status = 404 },
	{ .what = "a name that is none", .n = 4, .h = { NAMED("A b", "c") }, .nh = 1, .fails = 1 },
	{ .what = "a name that has an end in it", .n = 4, .h = { { "A\0b", "c", 3, 1 } }, .nh = 1, .fails = 1 },
	{ .what = "a name of nothing", .n = 4, .h = { NAMED("", "c") }, .nh = 1, .fails = 1 },
	{ .what = "a value of two lines", .n = 4, .h = { NAMED("A", "12345678\r\nB: c") }, .nh = 1, .fails = 1 },
	{ .what = "a short one", .n = 4, .h = { NAMED("A", "\n") }, .nh = 1, .fails = 1 },
	{ .what = "a middle one", .n = 4, .h = { NAMED("A", "1234\r") }, .nh = 1, .fails = 1 },
	{ .what = "DEL at the end", .n = 4, .h = { NAMED("A", "123456789\177") }, .nh = 1, .fails = 1 },
	{ .what = "framing", .n = 4, .h = { NAMED("Content-Length", "5") }, .nh = 1, .fails = 1 },
	{ .what = "framing again", .n = 4, .h = { NAMED("Transfer-Encoding", "chunked") }, .nh = 1, .fails = 1 },
};
enum { ANSWERS = sizeof answers / sizeof answers[0] };

static void give(mummy_http_exchange *x, const struct answer *a)
{
	struct mummy_http_header many[MANY];
	const struct mummy_http_header *h = a->h;
	size_t nh = a->nh;
	int rc;

	for (int i = 0; i < a->many; i++)
		many[i] = (struct mummy_http_header)MUMMY_HTTP_HEADER("X-Field", "value");
	if (a->many) {
		h = many;
		nh = (size_t)a->many;
	}
	rc = mummy_http_respond(x, a->status ? a->status : 200, h, nh, a->n ? body : NULL, a->n);
	ck_assert_msg(rc == (a->fails ? -EINVAL : 0), "%s: %d", a->what, rc);
	if (a->fails)
		ck_assert_int_eq(mummy_http_respond(x, 200, NULL, 0, "failed", 6), 0);
	ck_assert_int_eq(mummy_http_respond(x, 200, NULL, 0, "again", 5), -EALREADY);
}

static const struct answer *asked(mummy_http_exchange *x)
{
	return &answers[atoi(mummy_http_param(x, "n", NULL))];
}

static void at_once(mummy_http_exchange *x, void *ctx)
{
	(void)ctx;
	give(x, asked(x));
}

static void held(mummy_http_exchange *x, void *ctx)
{
	(void)ctx;
	mummy_http_hold(x);
	give(x, asked(x));
	mummy_http_release(x);
}

static void added(mummy_http_exchange *x, void *ctx)
{
	ck_assert_int_eq(mummy_http_header_add(x, "X-Added", "to it"), 0);
	if (ctx)
		mummy_http_hold(x);
	give(x, asked(x));
	if (ctx)
		mummy_http_release(x);
}

/* The answers to it and to what follows, without what the clock says. */
static size_t told(struct serve *s, const char *request, char *out)
{
	int fd = dial(s);
	size_t n;

	say(fd, request);
	n = hear_n(fd, out, ROOM - 1);
	close(fd);
	for (char *p = strstr(out, "\r\nDate: "); p; p = strstr(p + 8, "\r\nDate: "))
		memset(p + 8, '-', strcspn(p + 8, "\r"));
	return n;
}

/* What comes before a GET that is the last request. */
static const struct request { const char *method; int minor; const char *fields, *rest; } requests[] = {
	{ "GET", 1, "", "" },
	{ "GET", 1, "Accept-Encoding: gzip\r\n", "" },
	{ "HEAD", 1, "", "" },
	{ "GET", 0, "Connection: keep-alive\r\n", "" },
	{ "POST", 1, "Content-Length: 3\r\n", "abc" },
};

static size_t told_at(struct serve *s, const struct request *r, const char *place, int n, char *out)
{
	char text[512];

	snprintf(text, sizeof text, "%s /%s/%d HTTP/1.%d\r\nHost: a\r\n%s\r\n%s"
		 "GET /%s/%d HTTP/1.%d\r\nHost: a\r\nConnection: close\r\n\r\n",
		 r->method, place, n, r->minor, r->fields, r->rest, place, n, r->minor);
	return told(s, text, out);
}

static void check_same(struct serve *s, const struct request *r, const char *one, const char *other, int n)
{
	char *a = malloc(ROOM), *b = malloc(ROOM);
	size_t an, bn;

	ck_assert(a && b);
	an = told_at(s, r, one, n, a);
	bn = told_at(s, r, other, n, b);
	ck_assert_msg(an == bn && !memcmp(a, b, an), "%s\n%.300s\n%.300s", answers[n].what, a, b);
	free(a);
	free(b);
}

SERVE_TEST(as_the_long_way)
{
	struct serve s;

	memset(body, 'b', sizeof body);
	serve_init(&s, poller, 0);
	serve_route(&s, NULL, "/once/{n}", at_once, NULL, MUMMY_HTTP_INLINE);
	serve_route(&s, NULL, "/held/{n}", held, NULL, MUMMY_HTTP_INLINE);
	serve_route(&s, NULL, "/added/{n}", added, NULL, MUMMY_HTTP_INLINE);
	serve_route(&s, NULL, "/later/{n}", added, body, MUMMY_HTTP_INLINE);
	serve_start(&s);
	for (size_t r = 0; r < sizeof requests / sizeof requests[0]; r++)
		for (int i = 0; i < ANSWERS; i++) {
			check_same(&s, &requests[r], "once", "held", i);
			check_same(&s, &requests[r], "added", "later", i);
		}
	serve_stop(&s);
}

static atomic_int counted;

static void answered(void *ctx, const mummy_http_exchange *x, int status)
{
	(void)ctx;
	(void)x;
	atomic_fetch_add(&counted, status == 200);
}

/* Who wants to be told is. */
SERVE_TEST(the_hook_is_called)
{
	struct serve s;
	int fd;

	atomic_store(&counted, 0);
	memset(body, 'b', sizeof body);
	serve_init(&s, poller, 0);
	s.opt.answered = answered;
	serve_route(&s, NULL, "/once/{n}", at_once, NULL, MUMMY_HTTP_INLINE);
	serve_start(&s);
	fd = dial(&s);
	for (int i = 0; i < 3; i++) {
		say(fd, "GET /once/1 HTTP/1.1\r\nHost: a\r\n\r\n");
		expect(fd, 200, "b");
	}
	ck_assert_int_eq(atomic_load(&counted), 3);
	close(fd);
	serve_stop(&s);
}

/* Many in one read: gathered until there is no more room, and in order. */
SERVE_TEST(more_than_is_gathered_at_once)
{
	enum { REQUESTS = 2000 };
	static const char one[] = "GET /once/5 HTTP/1.1\r\nHost: a\r\n\r\n";
	char *all = malloc(REQUESTS * (sizeof one - 1) + 1);
	struct serve s;
	int fd;

	ck_assert_ptr_nonnull(all);
	for (size_t i = 0; i < REQUESTS; i++)
		memcpy(all + i * (sizeof one - 1), one, sizeof one);
	memset(body, 'b', sizeof body);
	serve_init(&s, poller, 0);
	serve_route(&s, NULL, "/once/{n}", at_once, NULL, MUMMY_HTTP_INLINE);
	serve_start(&s);
	fd = dial(&s);
	say(fd, all);
	for (int i = 0; i < REQUESTS; i++) {
		struct heard h;

		hear_answer(fd, &h, 0);
		ck_assert(h.status == 200 && h.n == 100 && !memcmp(h.body, body, 100));
		free(h.body);
	}
	close(fd);
	serve_stop(&s);
	free(all);
}

SUITE_MAIN("http/respond_plain", as_the_long_way, the_hook_is_called, more_than_is_gathered_at_once)
