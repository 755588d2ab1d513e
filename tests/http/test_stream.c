#include <config.h>
#include "serve.h"

/* Streamed answers and upgraded connections. */

enum { TOTAL = 2 * 1000 * 1000, PIECE = 10 * 1000 };
static char piece[PIECE + 1];

static void fill_piece(void)
{
	for (int i = 0; i < PIECE; i++)
		piece[i] = (char)('a' + i % 26);
}

/* Blocking writes on a worker: the client's speed is the handler's. */
static void produce(mummy_http_exchange *x, void *ctx)
{
	mummy_http_stream *st;

	ck_assert_int_eq(mummy_http_respond_stream(x, 200, NULL, 0, ctx ? TOTAL : MUMMY_HTTP_UNKNOWN, &st),
			 0);
	for (int i = 0; i < TOTAL / PIECE; i++)
		if (mummy_http_stream_write(st, piece, PIECE, -1) < 0)
			break;
	mummy_http_stream_close(st);
	mummy_http_stream_unref(st);
}

/* Non-blocking writes on the loop, driven by drain. */
struct pump { mummy_http_stream *st; int left; atomic_int *closed; };

static void pump_on(void *ctx)
{
	struct pump *p = ctx;

	while (p->left) {
		struct iovec iov[2] = { { piece, 10 }, { piece + 10, PIECE - 10 } };
		int rc = mummy_http_stream_writev(p->st, iov, 2, NULL, NULL);

		if (rc < 0)
			return;
		p->left--;
		if (rc == 1)
			return;
	}
	mummy_http_stream_close(p->st);
}

static void pump_closed(void *ctx, int status)
{
	struct pump *p = ctx;

	(void)status;
	atomic_fetch_add(p->closed, 1);
	mummy_http_stream_unref(p->st);
	free(p);
}

static const struct mummy_http_stream_events pump_events = { .drain = pump_on, .closed = pump_closed };

static void pump(mummy_http_exchange *x, void *ctx)
{
	struct pump *p = calloc(1, sizeof *p);

	p->left = TOTAL / PIECE;
	p->closed = ctx;
	ck_assert_int_eq(mummy_http_respond_stream(x, 200, NULL, 0, MUMMY_HTTP_UNKNOWN, &p->st), 0);
	mummy_http_stream_start(p->st, &pump_events, p);
	mummy_http_stream_ref(p->st);
	{
		mummy_http_stream *st = p->st;

		mummy_http_loop_post(mummy_http_stream_loop(st), pump_on, p);
		mummy_http_stream_unref(st);
	}
}

static void expect_total(int fd)
{
	struct heard h;

	hear_answer(fd, &h, 0);
	ck_assert_int_eq(h.status, 200);
	ck_assert_uint_eq(h.n, TOTAL);
	for (int i = 0; i < TOTAL; i += PIECE)
		ck_assert(!memcmp(h.body + i, piece, PIECE));
	free(h.body);
}

SERVE_TEST(answers_are_streamed)
{
	static const char *const paths[] = { "/chunked", "/length", "/pump", "/pump-inline" };
	struct mummy_http_stats stats;
	atomic_int closed = 0;
	struct serve s;
	char text[64];
	int fd;

	fill_piece();
	serve_init(&s, poller, 3);
	serve_route(&s, "GET", "/chunked", produce, NULL, 0);
	serve_route(&s, "GET", "/length", produce, &s, 0);
	serve_route(&s, "GET", "/pump", pump, &closed, 0);
	serve_route(&s, "GET", "/pump-inline", pump, &closed, MUMMY_HTTP_INLINE);
	serve_start(&s);
	fd = dial(&s);
	for (int k = 0; k < 8; k++) {
		snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", paths[k % 4]);
		say(fd, text);
		expect_total(fd);
	}
	for (int k = 0; k < 4; k++) {
		struct heard h;

		snprintf(text, sizeof text, "HEAD %s HTTP/1.1\r\nHost: a\r\n\r\n", paths[k]);
		say(fd, text);
		hear_answer(fd, &h, 1);
		ck_assert_int_eq(h.status, 200);
		free(h.body);
	}
	close(fd);
	fd = dial(&s);
	say(fd, "GET /chunked HTTP/1.0\r\n\r\n");
	{
		struct heard h;
		char *all = malloc(TOTAL + 2);

		hear_head(fd, &h);
		ck_assert_ptr_null(heard_field(&h, "Transfer-Encoding"));
		ck_assert_uint_eq(hear_n(fd, all, TOTAL + 1), TOTAL);
		free(all);
	}
	close(fd);
	EVENTUALLY(atomic_load(&closed) == 6);
	EVENTUALLY((mummy_http_stats_get(s.server, &stats), stats.streams) == 0);
	serve_stop(&s);
}

SERVE_TEST(a_slow_reader_holds_the_writer_and_a_lost_one_frees_it)
{
	static const char *const paths[] = { "/chunked", "/pump" };
	struct mummy_http_stats stats;
	atomic_int closed = 0;
	struct serve s;
	char text[64], some[1001];

	fill_piece();
	serve_init(&s, poller, 2);
	serve_route(&s, "GET", "/chunked", produce, NULL, 0);
	serve_route(&s, "GET", "/pump", pump, &closed, 0);
	s.opt.high_water_bytes = 50 * 1000;
	s.opt.hard_limit_bytes = 200 * 1000;
	serve_start(&s);
	for (int k = 0; k < 2; k++) {
		int fd = dial(&s);

		snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", paths[k]);
		say(fd, text);
		hear_n(fd, some, 1000);
		mummy_http_stats_get(s.server, &stats);
		ck_assert_uint_le(stats.buffered_bytes, 300 * 1000);
		close(fd);
		EVENTUALLY((mummy_http_stats_get(s.server, &stats), stats.streams) == 0);
		EVENTUALLY((mummy_http_stats_get(s.server, &stats), stats.connections) == 0);
	}
	ck_assert_int_eq(atomic_load(&closed), 1);
	serve_stop(&s);
}

static void too_much(mummy_http_exchange *x, void *ctx)
{
	mummy_http_stream *st;
	struct iovec iov = { piece, PIECE };
	int rc = 0, highs = 0;

	ck_assert_int_eq(mummy_http_respond_stream(x, 200, NULL, 0, MUMMY_HTTP_UNKNOWN, &st), 0);
	while (rc >= 0) {
		rc = mummy_http_stream_writev(st, &iov, 1, NULL, NULL);
		highs += rc == 1;
	}
	ck_assert_int_eq(rc, -EAGAIN);
	ck_assert_int_ge(highs, 1);
	ck_assert_uint_le(mummy_http_stream_pending(st), 300 * 1000);
	while ((rc = mummy_http_stream_write(st, piece, PIECE, 10)) == 0)
		;                    /* the kernel takes more for a while */
	ck_assert_int_eq(rc, -ETIMEDOUT);
	atomic_store((atomic_int *)ctx, 1);
	mummy_http_stream_abort(st);
	mummy_http_stream_unref(st);
}

static void unfinished(mummy_http_exchange *x, void *ctx)
{
	mummy_http_stream *st;

	(void)ctx;
	ck_assert_int_eq(mummy_http_respond_stream(x, 200, NULL, 0, 100, &st), 0);
	ck_assert_int_eq(mummy_http_stream_write(st, piece, 101, 0), -EINVAL);
	ck_assert_int_eq(mummy_http_stream_write(st, piece, 50, 0), 0);
	mummy_http_stream_unref(st);
}

static void broken_off(mummy_http_exchange *x, void *ctx)
{
	mummy_http_stream *st;

	(void)ctx;
	ck_assert_int_eq(mummy_http_respond_stream(x, 200, NULL, 0, MUMMY_HTTP_UNKNOWN, &st), 0);
	ck_assert_int_eq(mummy_http_stream_write(st, piece, 50, 0), 0);
	mummy_http_stream_abort(st);
	mummy_http_stream_unref(st);
}

/* To HTTP/1.0 the end of the connection is that of the answer: it must not look like one. */
SERVE_TEST(an_answer_that_breaks_off_is_not_whole)
{
	struct serve s;

	fill_piece();
	serve_init(&s, poller, 2);
	serve_route(&s, "GET", "/worker", broken_off, NULL, 0);
	serve_route(&s, "GET", "/inline", broken_off, NULL, MUMMY_HTTP_INLINE);
	serve_start(&s);
	for (int k = 0; k < 40; k++) {
		int fd = dial(&s);
		char text[500];
		ssize_t n;

		say(fd, k % 2 ? "GET /worker HTTP/1.0\r\n\r\n" : "GET /inline HTTP/1.0\r\n\r\n");
		while ((n = recv(fd, text, sizeof text, 0)) > 0)
			;
		ck_assert_msg(n < 0 && errno == ECONNRESET, "%zd %s", n, strerror(errno));
		close(fd);
	}
	serve_stop(&s);
}

SERVE_TEST(limits_of_streams)
{
	atomic_int refused = 0;
	struct heard h;
	struct serve s;
	int fd;

	fill_piece();
	serve_init(&s, poller, 2);
	serve_route(&s, "GET", "/much", too_much, &refused, 0);
	serve_route(&s, "GET", "/unfinished", unfinished, NULL, 0);
	s.opt.high_water_bytes = 50 * 1000;
	s.opt.hard_limit_bytes = 200 * 1000;
	serve_start(&s);
	fd = dial(&s);
	say(fd, "GET /much HTTP/1.1\r\nHost: a\r\n\r\n");
	hear_head(fd, &h);
	EVENTUALLY(atomic_load(&refused));   /* before that nothing is read, so that it is stuck */
	while (recv(fd, h.head, sizeof h.head, 0) > 0)
		;
	close(fd);
	fd = dial(&s);
	say(fd, "GET /unfinished HTTP/1.1\r\nHost: a\r\n\r\n");
	hear_head(fd, &h);
	ck_assert_uint_le(hear_n(fd, h.head, 100), 50);
	close(fd);
	serve_stop(&s);
}

static void events(mummy_http_exchange *x, void *ctx)
{
	mummy_http_stream *st;

	(void)ctx;
	ck_assert_int_eq(mummy_http_sse(x, &st), 0);
	ck_assert_int_eq(mummy_http_sse_send(st, "e\n", NULL, "x", 1), -EINVAL);
	ck_assert_int_eq(mummy_http_sse_send(st, "greet", "7", "two\nlines", 9), 0);
	ck_assert_int_eq(mummy_http_sse_send(st, NULL, NULL, "one", 3), 0);
	mummy_http_stream_close(st);
	mummy_http_stream_unref(st);
}

SERVE_TEST(server_sent_events)
{
	struct heard h;
	struct serve s;
	int fd;

	serve_init(&s, poller, 2);
	serve_route(&s, "GET", "/", events, NULL, 0);
	serve_start(&s);
	fd = dial(&s);
	say(fd, "GET / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n");
	hear_answer(fd, &h, 0);
	ck_assert_str_eq(heard_field(&h, "Content-Type"), "text/event-stream");
	ck_assert_str_eq(h.body, "event: greet\nid: 7\ndata: two\ndata: lines\n\ndata: one\n\n");
	free(h.body);
	close(fd);
	serve_stop(&s);
}

static void produce_text(mummy_http_exchange *x, void *ctx)
{
	const struct mummy_http_header h = MUMMY_HTTP_HEADER("Content-Type", "text/plain");
	mummy_http_stream *st;

	(void)ctx;
	ck_assert_int_eq(mummy_http_respond_stream(x, 200, &h, 1, MUMMY_HTTP_UNKNOWN, &st), 0);
	for (int i = 0; i < 20; i++)
		ck_assert_int_eq(mummy_http_stream_write(st, piece, PIECE, -1), 0);
	mummy_http_stream_close(st);
	mummy_http_stream_unref(st);
}

SERVE_TEST(streamed_answers_are_compressed)
{
	struct heard h;
	struct serve s;
	int fd;

	fill_piece();
	serve_init(&s, poller, 2);
	serve_route(&s, "GET", "/", produce_text, NULL, 0);
	serve_start(&s);
	fd = dial(&s);
	say(fd, "GET / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n");
	hear_answer(fd, &h, 0);
	ck_assert_str_eq(heard_field(&h, "Content-Encoding"), "gzip");
	ck_assert_uint_lt(h.n, 20 * PIECE / 10);
	ck_assert(!memcmp(h.body, "\x1f\x8b", 2));
	free(h.body);
	close(fd);
	serve_stop(&s);
}

/* ---- Both ways at once: the body goes back while it comes ---- */

struct back { mummy_http_exchange *x; mummy_http_stream *st; };

static int back_data(void *ctx, const void *p, size_t n)
{
	struct back *b = ctx;

	return mummy_http_stream_write(b->st, p, n, 5000) < 0 ? -EPIPE : 0;
}

static void back_end(void *ctx, int status)
{
	struct back *b = ctx;

	if (status == 0)
		mummy_http_stream_close(b->st);
	else
		mummy_http_stream_abort(b->st);
	mummy_http_stream_unref(b->st);
	mummy_http_release(b->x);
	free(b);
}

static void back(mummy_http_exchange *x, void *ctx)
{
	struct back *b = calloc(1, sizeof *b);
	const struct mummy_http_sink sink = { .data = back_data, .end = back_end, .ctx = b };

	(void)ctx;
	b->x = mummy_http_hold(x);
	ck_assert_int_eq(mummy_http_respond_stream(x, 200, NULL, 0, MUMMY_HTTP_UNKNOWN, &b->st), 0);
	ck_assert_int_eq(mummy_http_stream_body(x, &sink), 0);
}

static void *send_body(void *arg)
{
	int fd = *(int *)arg;

	for (int i = 0; i < TOTAL / PIECE; i++)
		say_n(fd, piece, PIECE);
	return NULL;
}

SERVE_TEST(a_body_is_echoed_while_it_comes)
{
	struct serve s;
	pthread_t t;
	int fd;

	fill_piece();
	serve_init(&s, poller, 2);
	serve_route(&s, "POST", "/", back, NULL, MUMMY_HTTP_STREAM);
	s.opt.max_body_bytes = TOTAL;
	serve_start(&s);
	fd = dial(&s);
	for (int k = 0; k < 2; k++) {
		char text[128];

		snprintf(text, sizeof text, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n",
			 TOTAL);
		say(fd, text);
		pthread_create(&t, NULL, send_body, &fd);
		expect_total(fd);
		pthread_join(t, NULL);
	}
	close(fd);
	serve_stop(&s);
}

/* ---- Upgrades ---------------------------------------------------------------------------------------- */

struct wire { mummy_http_stream *st; atomic_int *closed; int pausing; };

static void wire_resume(void *st)
{
	mummy_http_stream_resume(st);
	mummy_http_stream_unref(st);
}

static int wire_data(void *ctx, void *p, size_t n)
{
	struct wire *w = ctx;
	const struct iovec iov = { p, n };

	if (n == 4 && !memcmp(p, "quit", 4)) {
		mummy_http_stream_close(w->st);
		return 0;
	}
	if (n == 3 && !memcmp(p, "die", 3))
		return -ECANCELED;
	ck_assert_int_ge(mummy_http_stream_writev(w->st, &iov, 1, NULL, NULL), 0);
	if (!w->pausing)
		return 0;
	mummy_http_stream_ref(w->st);
	mummy_http_loop_timer(mummy_http_stream_loop(w->st), 1, wire_resume, w->st);
	return 1;
}

static void wire_closed(void *ctx, int status)
{
	struct wire *w = ctx;

	(void)status;
	ck_assert_int_eq(mummy_http_stream_writev(w->st, &(struct iovec){ piece, 1 }, 1, NULL, NULL), -EPIPE);
	mummy_http_stream_unref(w->st);
	atomic_fetch_add(w->closed, 1);
	free(w);
}

static const struct mummy_http_stream_events wire_events = { .data = wire_data, .closed = wire_closed };

static void upgrade_to(mummy_http_exchange *x, atomic_int *closed, int pausing)
{
	const struct mummy_http_header h = MUMMY_HTTP_HEADER("Upgrade", "echo");
	struct wire *w = calloc(1, sizeof *w);

	w->closed = closed;
	w->pausing = pausing;
	ck_assert_int_eq(mummy_http_upgrade(x, &h, 1, &w->st), 0);
	mummy_http_stream_start(w->st, &wire_events, w);
}

static void upgrade(mummy_http_exchange *x, void *ctx)
{
	upgrade_to(x, ctx, 0);
}

static void upgrade_pausing(mummy_http_exchange *x, void *ctx)
{
	upgrade_to(x, ctx, 1);
}

static int dial_upgrade(struct serve *s, const char *path, const char *more)
{
	struct heard h;
	char text[256];
	int fd = dial(s);

	snprintf(text, sizeof text,
		 "GET %s HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n%s", path,
		 more);
	say(fd, text);
	hear_head(fd, &h);
	ck_assert_int_eq(h.status, 101);
	ck_assert_str_eq(heard_field(&h, "Connection"), "Upgrade");
	ck_assert_str_eq(heard_field(&h, "Upgrade"), "echo");
	return fd;
}

SERVE_TEST(upgraded_connections_carry_octets_both_ways)
{
	static const char *const paths[] = { "/", "/inline", "/pausing" };
	atomic_int closed = 0;
	struct serve s;
	char text[PIECE + 1];
	int fd;

	fill_piece();
	serve_init(&s, poller, 2);
	serve_route(&s, "GET", "/", upgrade, &closed, 0);
	serve_route(&s, "GET", "/inline", upgrade, &closed, MUMMY_HTTP_INLINE);
	serve_route(&s, "GET", "/pausing", upgrade_pausing, &closed, 0);
	s.opt.idle_timeout_ms = 50;          /* not for upgrades */
	serve_start(&s);
	for (int k = 0; k < 3; k++) {
		fd = dial_upgrade(&s, paths[k], "first");
		ck_assert_uint_eq(hear_n(fd, text, 5), 5);
		ck_assert_str_eq(text, "first");
		for (int i = 0; i < 20; i++) {
			say_n(fd, piece, PIECE);
			ck_assert_uint_eq(hear_n(fd, text, PIECE), PIECE);
			ck_assert(!memcmp(text, piece, PIECE));
		}
		if (k == 0)
			say(fd, "quit");
		else if (k == 1)
			say(fd, "die");
		else
			shutdown(fd, SHUT_WR);
		expect_end(fd);
		close(fd);
		EVENTUALLY(atomic_load(&closed) == k + 1);
	}
	fd = dial_upgrade(&s, "/", "");
	say(fd, "last");
	ck_assert_uint_eq(hear_n(fd, text, 4), 4);
	serve_stop(&s);
	ck_assert_int_eq(atomic_load(&closed), 4);
	expect_end(fd);
	close(fd);
}

/* ---- An end with octets unread --------------------------------------------------------------------- */

static int stuck_data(void *ctx, void *p, size_t n)
{
	(void)ctx;
	(void)p;
	(void)n;
	return 1;                    /* for ever */
}

static const struct mummy_http_stream_events stuck_events = { .data = stuck_data };

static void upgrade_stuck(mummy_http_exchange *x, void *ctx)
{
	const struct mummy_http_header h = MUMMY_HTTP_HEADER("Upgrade", "echo");
	mummy_http_stream *st;

	ck_assert_int_eq(mummy_http_upgrade(x, &h, 1, &st), 0);
	mummy_http_stream_start(st, &stuck_events, NULL);
	atomic_store((_Atomic(mummy_http_stream *) *)ctx, st);
}

static void count(void *ctx)
{
	atomic_fetch_add((atomic_int *)ctx, 1);
}

/* A reset would take from the client what it has not yet read. */
SERVE_TEST(a_client_that_ended_its_side_reads_the_last_octets)
{
	_Atomic(mummy_http_stream *) st = NULL;
	const struct iovec bye = { piece, 3 };
	atomic_int turns = 0;
	struct serve s;
	char c, text[4];
	int fd;

	fill_piece();
	serve_init(&s, poller, 2);
	serve_route(&s, "GET", "/", upgrade_stuck, &st, 0);
	serve_start(&s);
	fd = dial_upgrade(&s, "/", "first");
	EVENTUALLY(atomic_load(&st));
	for (int i = 0; i < 4; i++)
		say_n(fd, piece, PIECE);
	shutdown(fd, SHUT_WR);
	for (int i = 1; i <= 2; i++) {       /* by then the loop knows of it */
		ck_assert_int_eq(mummy_http_loop_post(mummy_http_stream_loop(st), count, &turns), 0);
		EVENTUALLY(atomic_load(&turns) == i);
	}
	ck_assert_int_ge(mummy_http_stream_writev(st, &bye, 1, NULL, NULL), 0);
	mummy_http_stream_close(st);
	ck_assert_uint_eq(hear_n(fd, text, 3), 3);
	ck_assert_int_eq(recv(fd, &c, 1, 0), 0);
	close(fd);
	serve_stop(&s);
	mummy_http_stream_unref(st);
}

SUITE_MAIN("http/stream", answers_are_streamed, a_slow_reader_holds_the_writer_and_a_lost_one_frees_it,
	   limits_of_streams, an_answer_that_breaks_off_is_not_whole,
	   server_sent_events, streamed_answers_are_compressed, a_body_is_echoed_while_it_comes,
	   upgraded_connections_carry_octets_both_ways,
	   a_client_that_ended_its_side_reads_the_last_octets)
