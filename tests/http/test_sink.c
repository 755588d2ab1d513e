#include <config.h>
#include <limits.h>
#include "serve.h"
#include "pipes.h"

/* Streamed request bodies. */

enum { WIDE = 1024 * 1024 };

struct job {
	mummy_http_exchange *x;
	size_t n, calls, pipes;
	uint32_t sum;
	int pause_every, stop_at, end_status;
	unsigned delay_ms;
	pthread_t thread;
};

static _Atomic size_t piped, largest, taken, cut;

static int take(void *ctx, const void *p, size_t n)
{
	struct job *j = ctx;

	if (n > largest)
		largest = n;

	for (size_t i = 0; i < n; i++)
		j->sum = j->sum * 31 + ((const unsigned char *)p)[i];
	j->n += n;
	taken += n;
	j->calls++;
	if (j->stop_at && j->n >= (size_t)j->stop_at)
		return -ECANCELED;
	if (!j->pause_every || j->calls % (size_t)j->pause_every)
		return 0;
	mummy_http_body_next(j->x, j->delay_ms);
	return 1;
}

static int take_wide(void *ctx, mummy_http_exchange *x)
{
	struct job *j = ctx;
	char *buf = malloc(WIDE);
	ssize_t n = mummy_http_body_read(x, buf, WIDE);
	int rc = n > 0 ? take(j, buf, (size_t)n) : 0;

	free(buf);
	return rc;
}

static int take_ready(void *ctx, mummy_http_exchange *x)
{
	struct job *j = ctx;
	char buf[5000];
	ssize_t n = mummy_http_body_read(x, buf, sizeof buf);

	return n > 0 ? take(j, buf, (size_t)n) : 0;
}

static int take_pipe(void *ctx, int fd, size_t n)
{
	struct job *j = ctx;
	char *buf = malloc(n);
	size_t have = 0;
	int rc;

	while (have < n) {
		ssize_t k = read(fd, buf + have, n - have);

		ck_assert_int_gt(k, 0);
		have += (size_t)k;
	}
	j->pipes++;
	rc = take(j, buf, n);
	free(buf);
	return rc;
}

static void report(void *ctx, int status)
{
	struct job *j = ctx;
	const char *trailer = mummy_http_trailer_get(j->x, "sum", NULL);
	char text[128];

	snprintf(text, sizeof text, "%zu %u %d %s", j->n, j->sum, status, trailer ? trailer : "-");
	cut += status == -EPIPE;
	if (status != -EPIPE)
		mummy_http_respond_text(j->x, 200, text);
	piped += j->pipes;
	mummy_http_release(j->x);
	free(j);
}


struct plan { int ready, wide, pause_every, stop_at, pipe; unsigned delay_ms, idle_ms; size_t chunk; };

static void receive(mummy_http_exchange *x, void *ctx)
{
	const struct plan *plan = ctx;
	struct job *j = calloc(1, sizeof *j);
	struct mummy_http_sink sink = { .end = report, .ctx = j };

	j->x = mummy_http_hold(x);
	j->pause_every = plan->pause_every;
	j->stop_at = plan->stop_at;
	j->delay_ms = plan->delay_ms;
	if (plan->ready)
		sink.ready = plan->wide ? take_wide : take_ready;
	else
		sink.data = take;
	if (plan->pipe)
		sink.pipe = take_pipe;
	sink.chunk_bytes = plan->chunk;
	sink.idle_ms = plan->idle_ms;
	ck_assert_ptr_null(mummy_http_body(x, NULL));
	ck_assert_int_eq(mummy_http_stream_body(x, &sink), 0);
	ck_assert_int_eq(mummy_http_stream_body(x, &sink), -EALREADY);
}

static void not_streamed(mummy_http_exchange *x, void *ctx)
{
	const struct mummy_http_sink sink = { .data = take };

	(void)ctx;
	ck_assert_int_eq(mummy_http_stream_body(x, &sink), -ENOTSUP);
	mummy_http_respond_text(x, 200, "ok");
}

static void early(mummy_http_exchange *x, void *ctx)
{
	(void)ctx;
	mummy_http_respond_text(x, 409, "no");
}

static const struct plan plain, by_ready = { .ready = 1 },
	wide = { .ready = 1, .wide = 1 }, pausing = { .pause_every = 2 },
	slow = { .pause_every = 1, .delay_ms = 5 }, stopping = { .stop_at = 1000 },
	by_pipe = { .pipe = 1 }, pipe_pausing = { .pipe = 1, .pause_every = 2 },
	pipe_stopping = { .pipe = 1, .stop_at = 300000 }, large = { .chunk = 300000, .pause_every = 3 },
	largest_of_all = { .chunk = SIZE_MAX }, impatient = { .idle_ms = 100 },
	impatient_by_ready = { .idle_ms = 100, .ready = 1 },
	impatient_but_pausing = { .idle_ms = 100, .pause_every = 1, .delay_ms = 300 };

static void start(struct serve *s, int poller, int workers)
{
	struct mummy_http_route route = { .handler = receive, .flags = MUMMY_HTTP_STREAM,
					  .max_body_bytes = MUMMY_HTTP_UNKNOWN };
	static const struct { const char *path; const struct plan *plan; } all[] = {
		{ "/plain", &plain }, { "/ready", &by_ready }, { "/wide", &wide }, { "/pausing", &pausing }, { "/slow", &slow },
		{ "/stopping", &stopping }, { "/pipe", &by_pipe }, { "/pipe/pausing", &pipe_pausing },
		{ "/pipe/stopping", &pipe_stopping }, { "/large", &large }, { "/largest", &largest_of_all },
	};

	serve_init(s, poller, workers);
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
		route.ctx = (void *)(uintptr_t)all[i].plan;
		ck_assert_int_eq(mummy_http_router_add(s->router, "POST", all[i].path, &route), 0);
	}
	serve_route(s, "POST", "/whole", not_streamed, NULL, 0);
	serve_route(s, "POST", "/early", early, NULL, MUMMY_HTTP_STREAM);
	s->opt.chunk_bytes = 8192;
	s->opt.head_timeout_ms = 200;
	s->opt.min_body_rate = 1000;
	s->opt.drain_timeout_ms = 200;
	serve_start(s);
}

static char *make_body(size_t n, uint32_t *sum)
{
	char *p = malloc(n + 1);

	*sum = 0;
	for (size_t i = 0; i < n; i++) {
		p[i] = (char)('!' + i * 7 % 90);
		*sum = *sum * 31 + (unsigned char)p[i];
	}
	p[n] = 0;
	return p;
}

static void say_chunked(int fd, const char *p, size_t n, size_t piece)
{
	while (n) {
		size_t k = n < piece ? n : piece;
		char size[32];

		snprintf(size, sizeof size, "%zx\r\n", k);
		say(fd, size);
		say_n(fd, p, k);
		say(fd, "\r\n");
		p += k;
		n -= k;
	}
	say(fd, "0\r\nSum: of all\r\n\r\n");
}

/* The head of a body of n octets; want: the answer to it. */
static void announce(int fd, const char *path, size_t n, uint32_t sum, char want[128])
{
	char text[128];

	snprintf(text, sizeof text, "POST %s HTTP/1.1\r\nHost: a\r\nContent-Length: %zu\r\n\r\n", path, n);
	snprintf(want, 128, "%zu %u 0 -", n, sum);
	say(fd, text);
}

static void streamed(int poller, int workers, const char *path, size_t n)
{
	char text[128], want[128];
	struct serve s;
	uint32_t sum;
	char *body = make_body(n, &sum);
	int fd;

	start(&s, poller, workers);
	fd = dial(&s);
	for (int k = 0; k < 2; k++) {
		announce(fd, path, n, sum, want);
		say_n(fd, body, n);
		expect(fd, 200, want);
		snprintf(text, sizeof text,
			 "POST %s HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", path);
		snprintf(want, sizeof want, "%zu %u 0 of all", n, sum);
		say(fd, text);
		say_chunked(fd, body, n, k ? 3000 : 100000);
		expect(fd, 200, want);
	}
	close(fd);
	free(body);
	serve_stop(&s);
}

SERVE_TEST(bodies_are_streamed_on_an_executor)
{
	streamed(poller, 3, "/plain", 6 * 1000 * 1000);
}

SERVE_TEST(bodies_are_streamed_on_the_loop)
{
	streamed(poller, 0, "/plain", 6 * 1000 * 1000);
}

/* While more lies there than a job takes, nobody looks whether more comes. */
static void comes_and_stops(int poller, int workers, const char *path)
{
	static const size_t stops[] = { 9000000, 9000001, 15000000, 15000070, 15100000 };
	const size_t n = stops[4];
	char want[128];
	struct serve s;
	uint32_t sum;
	char *body = make_body(n, &sum);
	int fd;

	start(&s, poller, workers);
	fd = dial(&s);
	for (int k = 0; k < 2; k++) {
		taken = 0;
		announce(fd, path, n, sum, want);
		for (size_t i = 0, at = 0; i < 5; at = stops[i++]) {
			say_n(fd, body + at, stops[i] - at);
			EVENTUALLY(taken == stops[i]);
		}
		expect(fd, 200, want);
		say(fd, "POST /early HTTP/1.1\r\nHost: a\r\n\r\n");
		expect(fd, 409, "no");
	}
	taken = cut = 0;
	announce(fd, path, n, sum, want);
	say_n(fd, body, stops[0]);
	EVENTUALLY(taken == stops[0]);
	close(fd);
	EVENTUALLY(cut == 1);
	free(body);
	serve_stop(&s);
}

SERVE_TEST(a_fast_body_that_stops_is_heard_when_it_goes_on)
{
	comes_and_stops(poller, 2, "/plain");
	comes_and_stops(poller, 0, "/plain");
	comes_and_stops(poller, 2, "/largest");
	comes_and_stops(poller, 2, "/pipe");
}

SERVE_TEST(a_sink_may_fetch_by_itself)
{
	streamed(poller, 2, "/ready", 500 * 1000);
	streamed(poller, 0, "/ready", 500 * 1000);
}

SERVE_TEST(a_sink_may_pause)
{
	streamed(poller, 2, "/pausing", 300 * 1000);
	streamed(poller, 0, "/pausing", 300 * 1000);
	streamed(poller, 2, "/slow", 60 * 1000);
}

SERVE_TEST(a_sink_may_have_more_gathered)
{
	largest = 0;
	streamed(poller, 2, "/large", 6 * 1000 * 1000);
	streamed(poller, 0, "/large", 2 * 1000 * 1000);
	ck_assert_uint_gt(largest, 8192);
	ck_assert_uint_le(largest, 300000);
	streamed(poller, 2, "/largest", 6 * 1000 * 1000);
	ck_assert_uint_le(largest, 1024 * 1024);
	largest = 0;
	streamed(poller, 2, "/large", 5000);
	ck_assert_uint_le(largest, 5000);
}

/* 1 where bodies come by pipes at all. */
static int has_pipes(void)
{
	struct mhttp_pipes p = { .lock = PTHREAD_MUTEX_INITIALIZER };
	int fds[2], rc = mhttp_pipe_get(&p, fds);

	if (rc == 0)
		mhttp_pipe_put(&p, fds, 0);
	return rc == 0;
}

SERVE_TEST(a_body_may_come_by_a_pipe)
{
	piped = 0;
	streamed(poller, 2, "/pipe", 6 * 1000 * 1000);
	streamed(poller, 0, "/pipe", 2 * 1000 * 1000);
	streamed(poller, 2, "/pipe/pausing", 2 * 1000 * 1000);
	ck_assert(!has_pipes() || piped > 0);
	/* short ones do not */
	piped = 0;
	streamed(poller, 2, "/pipe", 60 * 1000);
	ck_assert_uint_eq(piped, 0);
}

SERVE_TEST(a_sink_may_stop_within_a_pipe)
{
	struct serve s;
	uint32_t sum;
	char *body = make_body(600000, &sum);
	int fd;

	start(&s, poller, 2);
	for (int k = 0; k < 3; k++) {
		fd = dial(&s);
		say(fd, "POST /pipe/stopping HTTP/1.1\r\nHost: a\r\nContent-Length: 600000\r\n\r\n");
		say_n(fd, body, 400000);
		expect(fd, 200, NULL);
		close(fd);
		fd = dial(&s);
		say(fd, "POST /pipe HTTP/1.1\r\nHost: a\r\nContent-Length: 600000\r\n\r\n");
		say_n(fd, body, 600000);
		expect(fd, 200, NULL);
		close(fd);
	}
	free(body);
	serve_stop(&s);
}

SERVE_TEST(bodies_may_come_octet_by_octet)
{
	static const char text[] = "POST /plain HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
				   "5\r\nhello\r\n1;a=b\r\n!\r\n0\r\nSum: x\r\n\r\n"
				   "POST /ready HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nhello!"
				   "POST /whole HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nhello!";
	struct serve s;
	uint32_t sum = 0;
	char want[64];
	int fd, on = 1;

	for (const char *p = "hello!"; *p; p++)
		sum = sum * 31 + (unsigned char)*p;
	start(&s, poller, 2);
	fd = dial(&s);
	setsockopt(fd, IPPROTO_TCP, 1, &on, sizeof on);
	for (size_t i = 0; i < sizeof text - 1; i++)
		say_n(fd, text + i, 1);
	snprintf(want, sizeof want, "6 %u 0 x", sum);
	expect(fd, 200, want);
	snprintf(want, sizeof want, "6 %u 0 -", sum);
	expect(fd, 200, want);
	expect(fd, 200, "ok");
	close(fd);
	serve_stop(&s);
}

/* Far more than is read at once, all of it there before the first answer is. */
static void many_in_a_row(int poller, int workers, const char *path, int chunked)
{
	enum { N = 300, MOST = 9000 };
	struct serve s;
	uint32_t sum;
	char *p = make_body(MOST, &sum);
	int fd;

	start(&s, poller, workers);
	fd = dial(&s);
	for (size_t i = 0; i < N; i++) {
		size_t n = 1 + i * 997 % MOST;
		char head[128];

		snprintf(head, sizeof head, "POST %s HTTP/1.1\r\nHost: a\r\n", path);
		say(fd, head);
		if (chunked) {
			say(fd, "Transfer-Encoding: chunked\r\n\r\n");
			say_chunked(fd, p, n, 3000);
		} else {
			snprintf(head, sizeof head, "Content-Length: %zu\r\n\r\n", n);
			say(fd, head);
			say_n(fd, p, n);
		}
	}
	for (size_t i = 0; i < N; i++) {
		struct heard h;

		hear_answer(fd, &h, 0);
		ck_assert_int_eq(h.status, 200);
		ck_assert_uint_eq(strtoul(h.body, NULL, 10), 1 + i * 997 % MOST);
		free(h.body);
	}
	close(fd);
	serve_stop(&s);
	free(p);
}

SERVE_TEST(bodies_may_follow_each_other_at_once)
{
	static const char *const paths[] = { "/plain", "/ready", "/wide" };

	for (size_t i = 0; i < 3; i++)
		for (int workers = 0; workers < 3; workers += 2)
			for (int chunked = 0; chunked < 2; chunked++)
				many_in_a_row(poller, workers, paths[i], chunked);
}

SERVE_TEST(a_client_that_expects_100_is_told_to_go_on)
{
	struct heard h;
	struct serve s;
	int fd;

	start(&s, poller, 2);
	fd = dial(&s);
	for (int k = 0; k < 2; k++) {
		say(fd, k ? "POST /whole HTTP/1.1\r\n" : "POST /plain HTTP/1.1\r\n");
		say(fd, "Host: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
		hear_head(fd, &h);
		ck_assert_int_eq(h.status, 100);
		say(fd, "abc");
		expect(fd, 200, NULL);
	}
	say(fd, "POST /early HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
	expect(fd, 409, "no");
	expect_end(fd);
	close(fd);
	serve_stop(&s);
}

/* Whatever it brought before; and it is not the client who waits while the sink does. */
static void stalled(int poller, int workers)
{
	static const struct { const char *path; const struct plan *plan; } all[] = { { "/idle", &impatient },
		{ "/idle/ready", &impatient_by_ready }, { "/idle/pausing", &impatient_but_pausing } };
	struct mummy_http_route route = { .handler = receive, .flags = MUMMY_HTTP_STREAM };
	struct mummy_http_stats stats;
	char want[64], head[128];
	struct serve s;
	int fd;

	serve_init(&s, poller, workers);
	for (size_t i = 0; i < 3; i++) {
		route.ctx = (void *)(uintptr_t)all[i].plan;
		ck_assert_int_eq(mummy_http_router_add(s.router, "POST", all[i].path, &route), 0);
	}
	s.opt.min_body_rate = UINT_MAX;
	serve_start(&s);
	for (size_t i = 0; i < 2; i++) {
		fd = dial(&s);
		snprintf(head, sizeof head, "POST %s HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\naaa", all[i].path);
		say(fd, head);
		snprintf(want, sizeof want, "3 %u %d -", 97u * (31 * 31 + 31 + 1), -ETIMEDOUT);
		expect(fd, 200, want);
		expect_end(fd);
		close(fd);
	}
	mummy_http_stats_get(s.server, &stats);
	ck_assert_uint_eq(stats.timeouts, 2);
	fd = dial(&s);
	say(fd, "POST /idle/pausing HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\naa");
	snprintf(want, sizeof want, "2 %u 0 -", 97u * (31 + 1));
	expect(fd, 200, want);
	close(fd);
	serve_stop(&s);
}

SERVE_TEST(a_body_that_stalls_ends_the_sink)
{
	stalled(poller, 2);
	stalled(poller, 0);
}

SERVE_TEST(an_early_answer_reads_a_short_rest_and_closes_before_a_long_one)
{
	struct serve s;
	int fd;

	start(&s, poller, 2);
	fd = dial(&s);
	say(fd, "POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n");
	expect(fd, 409, "no");
	say(fd, "abcdePOST /whole HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx");
	expect(fd, 200, "ok");
	say(fd, "POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 500000\r\n\r\nabc");
	expect(fd, 409, "no");
	expect_end(fd);
	close(fd);
	serve_stop(&s);
}

SERVE_TEST(a_body_that_is_cut_or_bad_ends_the_sink)
{
	struct mummy_http_stats stats;
	struct serve s;
	char want[64];
	int fd;

	start(&s, poller, 2);
	fd = dial(&s);
	say(fd, "POST /plain HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc");
	shutdown(fd, SHUT_WR);
	expect(fd, 400, NULL);
	close(fd);
	fd = dial(&s);
	say(fd, "POST /plain HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n");
	snprintf(want, sizeof want, "0 0 %d -", -EBADMSG);
	expect(fd, 200, want);
	expect_end(fd);
	close(fd);
	fd = dial(&s);
	say(fd, "POST /plain HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n");
	snprintf(want, sizeof want, "0 0 %d -", -ETIMEDOUT);
	expect(fd, 200, want);
	expect_end(fd);
	close(fd);
	EVENTUALLY((mummy_http_stats_get(s.server, &stats), stats.exchanges) == 0);
	serve_stop(&s);
}

static void slow_then_fast(int poller, int workers)
{
	enum { ALL = 20000, FIRST = 100, SECOND = 10 };
	char want[128];
	struct serve s;
	uint32_t sum;
	char *body = make_body(ALL, &sum);
	int fd;

	start(&s, poller, workers);
	fd = dial(&s);
	taken = largest = 0;
	say(fd, "POST /plain HTTP/1.1\r\nHost: a\r\nContent-Length: 20000\r\n\r\n");
	say_n(fd, body, FIRST);
	EVENTUALLY(taken == FIRST);
	say_n(fd, body + FIRST, SECOND);
	EVENTUALLY(taken == FIRST + SECOND);
	ck_assert_uint_le(largest, FIRST);
	say_n(fd, body + FIRST + SECOND, ALL - FIRST - SECOND);
	snprintf(want, sizeof want, "%d %u 0 -", ALL, sum);
	expect(fd, 200, want);
	ck_assert_uint_gt(largest, 1024);
	close(fd);
	free(body);
	serve_stop(&s);
}

SERVE_TEST(a_slow_body_may_become_fast)
{
	slow_then_fast(poller, 2);
	slow_then_fast(poller, 0);
}

SERVE_TEST(a_long_trailer_may_follow_a_slow_body)
{
	char trailer[1000], want[128], text[1100];
	struct serve s;
	uint32_t sum;
	char *body = make_body(3, &sum);
	int fd;

	memset(trailer, 'x', sizeof trailer - 1);
	trailer[sizeof trailer - 1] = 0;
	start(&s, poller, 2);
	fd = dial(&s);
	taken = 0;
	snprintf(text, sizeof text, "POST /plain HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n%s\r\n",
		 body);
	say(fd, text);
	EVENTUALLY(taken == 3);
	snprintf(text, sizeof text, "0\r\nSum: %s\r\n\r\n", trailer);
	say(fd, text);
	snprintf(want, sizeof want, "3 %u 0 %.100s", sum, trailer);
	memset(want + strlen(want), 'x', sizeof want - 1 - strlen(want));
	want[sizeof want - 1] = 0;
	expect(fd, 200, want);
	close(fd);
	free(body);
	serve_stop(&s);
}

SERVE_TEST(a_sink_may_refuse_the_rest)
{
	struct serve s;
	struct heard h;
	uint32_t sum;
	char *body = make_body(200 * 1000, &sum);
	int fd;

	start(&s, poller, 2);
	fd = dial(&s);
	say(fd, "POST /stopping HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n");
	say_n(fd, body, 200 * 1000);
	hear_answer(fd, &h, 0);
	ck_assert_int_eq(h.status, 200);
	free(h.body);
	expect_end(fd);
	close(fd);
	free(body);
	serve_stop(&s);
}

SERVE_TEST(a_stop_ends_sinks_that_wait)
{
	struct serve s;
	int fd;

	start(&s, poller, 2);
	fd = dial(&s);
	say(fd, "POST /plain HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc");
	serve_stop(&s);
	close(fd);
}

SUITE_MAIN("http/sink", bodies_are_streamed_on_an_executor, bodies_are_streamed_on_the_loop,
	   a_fast_body_that_stops_is_heard_when_it_goes_on, a_sink_may_fetch_by_itself, a_sink_may_have_more_gathered,
	   a_body_may_come_by_a_pipe, a_sink_may_stop_within_a_pipe, a_sink_may_pause,
	   bodies_may_come_octet_by_octet,
	   bodies_may_follow_each_other_at_once, a_client_that_expects_100_is_told_to_go_on,
	   an_early_answer_reads_a_short_rest_and_closes_before_a_long_one,
	   a_body_that_stalls_ends_the_sink, a_slow_body_may_become_fast, a_long_trailer_may_follow_a_slow_body,
	   a_body_that_is_cut_or_bad_ends_the_sink, a_sink_may_refuse_the_rest, a_stop_ends_sinks_that_wait)
