#include <config.h>
#include "serve.h"

/* Requests that a route says are quick: on the loop, with their bodies; the others go to the executor. */

static pthread_t loop;
static _Atomic int known;

static const char *where(void)
{
	return pthread_equal(pthread_self(), loop) ? "loop" : "worker";
}

static int asks(mummy_http_exchange *x, void *ctx)
{
	ck_assert_str_eq(ctx, "ctx");
	loop = pthread_self();
	return mummy_http_header_get(x, "Quick", NULL) != NULL;
}

static void plain(mummy_http_exchange *x, void *ctx)
{
	char text[64];
	size_t n = 0;

	(void)ctx;
	mummy_http_body(x, &n);
	ck_assert_int_eq(mummy_http_is_quick(x), !strcmp(where(), "loop"));
	snprintf(text, sizeof text, "%s %zu", where(), n);
	mummy_http_respond_text(x, 200, text);
}

struct job { mummy_http_exchange *x; size_t n; const char *begun; };

static int take(void *ctx, const void *p, size_t n)
{
	struct job *j = ctx;

	(void)p;
	j->n += n;
	return 0;
}

static void end(void *ctx, int status)
{
	struct job *j = ctx;
	char text[64];

	snprintf(text, sizeof text, "%s %s %zu %d", j->begun, where(), j->n, status);
	mummy_http_respond_text(j->x, 200, text);
	mummy_http_release(j->x);
	free(j);
}

static void stream(mummy_http_exchange *x, void *ctx)
{
	struct job *j = calloc(1, sizeof *j);
	const struct mummy_http_sink sink = { .data = take, .end = end, .ctx = j };

	(void)ctx;
	j->x = mummy_http_hold(x);
	j->begun = where();
	ck_assert_int_eq(mummy_http_stream_body(x, &sink), 0);
}

static int pass(mummy_http_exchange *x, void *ctx)
{
	(void)x, (void)ctx;
	atomic_fetch_add(&known, 1);
	return 0;
}

static void start(struct serve *s, int poller)
{
	static char ctx[] = "ctx";
	struct mummy_http_route route = { .handler = plain, .ctx = ctx, .quick = asks };
	const struct mummy_http_middleware inl = { .before = pass, .flags = MUMMY_HTTP_INLINE }, blocks = { .before = pass };

	serve_init(s, poller, 2);
	ck_assert_int_eq(mummy_http_router_add(s->router, NULL, "/plain", &route), 0);
	ck_assert_int_eq(mummy_http_router_add(s->router, NULL, "/inline/plain", &route), 0);
	ck_assert_int_eq(mummy_http_router_add(s->router, NULL, "/blocks/plain", &route), 0);
	route.handler = stream;
	route.flags = MUMMY_HTTP_STREAM;
	ck_assert_int_eq(mummy_http_router_add(s->router, NULL, "/stream", &route), 0);
	ck_assert_int_eq(mummy_http_router_use(s->router, "/inline", &inl), 0);
	ck_assert_int_eq(mummy_http_router_use(s->router, "/blocks", &blocks), 0);
	serve_start(s);
}

#define QUICK " HTTP/1.1\r\nHost: a\r\nQuick: 1\r\n"
#define PLAIN " HTTP/1.1\r\nHost: a\r\n"

SERVE_TEST(quick_ones_are_served_on_the_loop)
{
	static const struct { const char *request, *answer; } v[] = {
		{ "GET /plain" QUICK "\r\n", "loop 0" }, { "GET /plain" PLAIN "\r\n", "worker 0" },
		{ "POST /plain" QUICK "Content-Length: 5\r\n\r\nhello", "loop 5" },
		{ "POST /plain" PLAIN "Content-Length: 5\r\n\r\nhello", "worker 5" },
		{ "POST /plain" QUICK "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "loop 5" },
		{ "GET /stream" QUICK "\r\n", "loop loop 0 0" },
		{ "POST /stream" QUICK "Content-Length: 0\r\n\r\n", "loop loop 0 0" },
		{ "POST /stream" QUICK "Content-Length: 5\r\n\r\nhello", "loop loop 5 0" },
		{ "POST /stream" PLAIN "Content-Length: 5\r\n\r\nhello", "worker worker 5 0" },
		{ "POST /stream" QUICK "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "worker worker 5 0" },
		{ "GET /inline/plain" QUICK "\r\n", "loop 0" }, { "GET /blocks/plain" QUICK "\r\n", "worker 0" },
	};
	struct serve s;
	int fd;

	atomic_store(&known, 0);
	start(&s, poller);
	fd = dial(&s);
	for (size_t i = 0; i < sizeof v / sizeof v[0]; i++) {
		say(fd, v[i].request);
		expect(fd, 200, v[i].answer);
	}
	ck_assert_int_eq(atomic_load(&known), 2);
	close(fd);
	serve_stop(&s);
}

/* What is still to come is waited for elsewhere. */
SERVE_TEST(a_body_that_is_not_there_is_not_quick)
{
	struct serve s;
	int fd;

	start(&s, poller);
	fd = dial(&s);
	say(fd, "POST /stream" QUICK "Content-Length: 5\r\nExpect: 100-continue\r\n\r\n");
	expect(fd, 100, NULL);
	say(fd, "hello");
	expect(fd, 200, "worker worker 5 0");
	say(fd, "POST /plain" QUICK "Content-Length: 5\r\nExpect: 100-continue\r\n\r\n");
	expect(fd, 100, NULL);
	say(fd, "hello");
	expect(fd, 200, "loop 5");           /* it was gathered before the handler is called */
	close(fd);
	serve_stop(&s);
}

SERVE_TEST(quick_ones_and_others_follow_each_other)
{
	static const char *const request[] = { "POST /stream" QUICK "Content-Length: 5\r\n\r\nhello",
		"POST /stream" PLAIN "Content-Length: 2\r\n\r\nhi", "GET /plain" QUICK "\r\n" };
	static const char *const answer[] = { "loop loop 5 0", "worker worker 2 0", "loop 0" };
	enum { N = 300 };
	struct serve s;
	char *text = calloc(N, 128);
	size_t n = 0;
	int fd;

	start(&s, poller);
	fd = dial(&s);
	for (int i = 0; i < N; i++)
		n += (size_t)snprintf(text + n, 128, "%s", request[i % 3]);
	say_n(fd, text, n);
	for (int i = 0; i < N; i++)
		expect(fd, 200, answer[i % 3]);
	close(fd);
	free(text);
	serve_stop(&s);
}

SUITE_MAIN("http/request", quick_ones_are_served_on_the_loop, a_body_that_is_not_there_is_not_quick,
	   quick_ones_and_others_follow_each_other)
