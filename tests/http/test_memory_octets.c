/*
 * No file of its own: one allocation fails while a request is served, each in its turn, and no octet may be
 * lost by that. What came with the head, or behind a request, reaches who is to have it from the first on and
 * in its order; or the client is told, or cut off, and does not wait for an answer to what nobody has.
 */
#include <config.h>
#include "failing.h"
#include "serve.h"

#define TEXT "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-"
enum { TEXT_N = sizeof TEXT - 1, MOST = 200 };

/* ---- Handlers: one request at a time --------------------------------------------------------------- */

static size_t at;

static int in_order(const void *p, size_t n)
{
	int same = n <= TEXT_N - at && !memcmp(p, TEXT + at, n);

	at += n;
	return same;
}

static int sink_data(void *ctx, const void *p, size_t n)
{
	(void)ctx;
	ck_assert_msg(in_order(p, n), "a sink got %.*s, up to %zu", (int)n, (const char *)p, at);
	return 0;
}

static void sink_end(void *ctx, int status)
{
	if (status == 0)
		mummy_http_respond_text(ctx, 200, at == TEXT_N ? "good" : "too little");
	mummy_http_release(ctx);
}

static void sink(mummy_http_exchange *x, void *ctx)
{
	const struct mummy_http_sink s = { .data = sink_data, .end = sink_end, .ctx = mummy_http_hold(x) };

	(void)ctx;
	at = 0;
	if (mummy_http_stream_body(x, &s) < 0)
		mummy_http_release(x);
}

static void whole(mummy_http_exchange *x, void *ctx)
{
	size_t n;
	const void *p = mummy_http_body(x, &n);

	(void)ctx;
	at = 0;
	mummy_http_respond_text(x, 200, in_order(p, n) && at == TEXT_N ? "good" : "not that");
}

static int up_data(void *ctx, void *p, size_t n)
{
	const struct iovec good = { (void *)(uintptr_t)"good", 4 };

	ck_assert_msg(in_order(p, n), "an upgraded connection got %.*s, up to %zu", (int)n, (const char *)p, at);
	if (at < TEXT_N)
		return 0;
	mummy_http_stream_writev(ctx, &good, 1, NULL, NULL);
	mummy_http_stream_close(ctx);
	return 0;
}

static void up_closed(void *ctx, int status)
{
	(void)status;
	mummy_http_stream_unref(ctx);
}

static void upgrade(mummy_http_exchange *x, void *ctx)
{
	static const struct mummy_http_stream_events ev = { .data = up_data, .closed = up_closed };
	mummy_http_stream *st;

	(void)ctx;
	at = 0;
	if (mummy_http_upgrade(x, NULL, 0, &st) == 0)
		mummy_http_stream_start(st, &ev, st);
}

static void tell(mummy_http_exchange *x, void *ctx)
{
	(void)ctx;
	mummy_http_respond_text(x, 200, mummy_http_query(x, NULL));
}

/* ---- Requests: each leaves in one piece ------------------------------------------------------------ */

#define HEAD(method, path, fields) method " " path " HTTP/1.1\r\nHost: a\r\n" fields "\r\n"
#define LENGTH "Connection: close\r\nContent-Length: 64\r\n"
#define CHUNKED "Connection: close\r\nTransfer-Encoding: chunked\r\n"
#define CHUNKS "4\r\n0123\r\n3c\r\n456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-\r\n0\r\n\r\n"
#define UPGRADE "Connection: upgrade\r\nUpgrade: x\r\n"
#define THREE(path) HEAD("GET", path "?1", "") HEAD("GET", path "?2", "") HEAD("GET", path "?3", "Connection: close\r\n")

static const char *const asks[] = {
	HEAD("POST", "/sink", LENGTH) TEXT,
	HEAD("POST", "/sink", CHUNKED) CHUNKS,
	HEAD("POST", "/whole", LENGTH) TEXT,
	HEAD("POST", "/whole", CHUNKED) CHUNKS,
	HEAD("POST", "/inline/whole", CHUNKED) CHUNKS,
	HEAD("GET", "/upgrade", UPGRADE) TEXT,
	HEAD("GET", "/inline/upgrade", UPGRADE) TEXT,
	THREE("/tell"),
	THREE("/inline/tell"),
	HEAD("POST", "/sink", "Content-Length: 64\r\n") TEXT THREE("/tell"),
};

static int one_of(int status, const int *these)
{
	while (*these && *these != status)
		these++;
	return *these != 0;
}

/* What came until the end. All is well: all answers are there. */
static void judge(const char *got, const char *ask, int well)
{
	static const int may[] = { 101, 200, 500, 503, 0 };
	int answers = 0, last = 0;

	for (const char *p = got; (p = strstr(p, "HTTP/1.1 ")) != NULL; answers++) {
		const char *body = strstr(p, "\r\n\r\n");
		int status = atoi(p + 9), q;

		ck_assert_msg(one_of(status, may), "%s\n%s", ask, got);
		ck_assert_msg(status != 200 || body, "%s\n%s", ask, got);
		p = body ? body + 4 : p + 9;
		if (status != 200)
			continue;
		q = *p >= '1' && *p <= '3' ? *p - '0' : 0;
		ck_assert_msg(q ? q == last + 1 : !strncmp(p, "good", 4), "%s\n%s", ask, got);
		last = q;
	}
	if (well)
		ck_assert_msg(strstr(got, "good") || last == 3, "%s\n%s", ask, got);
	if (well && strstr(ask, "?3"))
		ck_assert_msg(last == 3, "%s\n%s", ask, got);
}

static void ask_one(struct serve *s, const char *ask, int well)
{
	const struct timeval patience = { 5, 0 };
	struct mummy_http_stats stats;
	char got[4096];
	int fd = dial(s);

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	if (send(fd, ask, strlen(ask), MSG_NOSIGNAL) < 0)
		ck_assert_msg(errno == EPIPE || errno == ECONNRESET, "%s", strerror(errno));
	hear_n(fd, got, sizeof got - 1);
	close(fd);
	judge(got, ask, well);
	EVENTUALLY((mummy_http_stats_get(s->server, &stats), stats.connections + stats.exchanges + stats.streams) == 0);
	ck_assert_uint_eq(stats.buffered_bytes, 0);
}

static void routes(struct serve *s)
{
	serve_route(s, "POST", "/sink", sink, NULL, MUMMY_HTTP_STREAM);
	serve_route(s, "POST", "/whole", whole, NULL, 0);
	serve_route(s, "POST", "/inline/whole", whole, NULL, MUMMY_HTTP_INLINE);
	serve_route(s, "GET", "/upgrade", upgrade, NULL, 0);
	serve_route(s, "GET", "/inline/upgrade", upgrade, NULL, MUMMY_HTTP_INLINE);
	serve_route(s, "GET", "/tell", tell, NULL, 0);
	serve_route(s, "GET", "/inline/tell", tell, NULL, MUMMY_HTTP_INLINE);
}

SERVE_TEST(no_octet_is_lost_by_one_failure)
{
	long before = atomic_load(&balance);
	struct serve s;

	spared = 1;
	serve_init(&s, poller, 1);
	s.opt.executor.submit = submit;
	s.opt.log = NULL;
	s.opt.head_timeout_ms = 300;         /* above what a body waits for memory */
	routes(&s);
	serve_start(&s);
	for (size_t i = 0; i < sizeof asks / sizeof asks[0]; i++) {
		long n = 0;

		fail_from(-1, 1);
		ask_one(&s, asks[i], 1);
		do {
			fail_from(n, LONG_MAX);
			ask_one(&s, asks[i], 0);
		} while (atomic_load(&calls) > n++ && n < MOST);
		ck_assert_int_gt(n, 1);
		ck_assert_int_lt(n, MOST);
	}
	fail_from(-1, 1);
	serve_stop(&s);
	ck_assert_int_eq(atomic_load(&balance), before);
	spared = 0;
}

SUITE_MAIN("http/memory_octets", no_octet_is_lost_by_one_failure)
