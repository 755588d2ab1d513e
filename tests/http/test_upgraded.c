#include <config.h>
#include <pthread.h>
#include "serve.h"

/* Upgraded connections: writes from many threads, a peer that does not read, every end. upgraded.c and
 * upgraded_write.c; what octets do in general is in test_stream. */

enum { BIG = 1 << 20, THREADS = 4, RECORDS = 400 };

struct line {
	mummy_http_stream *st;
	atomic_int ready, drains, closed, status, datas;
	_Atomic size_t pending;
	int start_later;
};

static int line_data(void *ctx, void *p, size_t n)
{
	struct line *l = ctx;
	const struct iovec iov = { p, n };

	ck_assert_int_ge(mummy_http_stream_writev(l->st, &iov, 1, NULL, NULL), 0);
	atomic_store(&l->pending, mummy_http_stream_pending(l->st));
	atomic_fetch_add(&l->datas, 1);
	return 0;
}

static void line_drain(void *ctx)
{
	atomic_fetch_add(&((struct line *)ctx)->drains, 1);
}

static void line_closed(void *ctx, int status)
{
	struct line *l = ctx;

	atomic_store(&l->status, status);
	atomic_fetch_add(&l->closed, 1);
}

static const struct mummy_http_stream_events corked = { .data = line_data, .drain = line_drain,
							.closed = line_closed };
static const struct mummy_http_stream_events uncorked = { .data = line_data, .drain = line_drain,
							  .closed = line_closed, .uncorked = 1 };

static void open_line(mummy_http_exchange *x, struct line *l, const struct mummy_http_stream_events *ev)
{
	const struct mummy_http_header h = MUMMY_HTTP_HEADER("Upgrade", "line");

	ck_assert_int_eq(mummy_http_upgrade(x, &h, 1, &l->st), 0);
	if (!l->start_later)
		mummy_http_stream_start(l->st, ev, l);
	atomic_store(&l->ready, 1);
}

static void open_corked(mummy_http_exchange *x, void *l)
{
	open_line(x, l, &corked);
}

static void open_uncorked(mummy_http_exchange *x, void *l)
{
	open_line(x, l, &uncorked);
}

static void prepare(struct serve *s, struct line *l, int poller)
{
	memset(l, 0, sizeof *l);
	serve_init(s, poller, 2);
	serve_route(s, "GET", "/", open_corked, l, 0);
	serve_route(s, "GET", "/inline", open_uncorked, l, MUMMY_HTTP_INLINE);
}

static int dial_line(struct serve *s, struct line *l, const char *path)
{
	struct heard h;
	char text[100];
	int fd = dial(s);

	snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: line\r\n\r\n", path);
	say(fd, text);
	hear_head(fd, &h);
	ck_assert_int_eq(h.status, 101);
	EVENTUALLY(atomic_load(&l->ready));
	return fd;
}

static void hang_up(struct serve *s, struct line *l)
{
	serve_stop(s);
	ck_assert_int_eq(atomic_load(&l->closed), 1);
	mummy_http_stream_unref(l->st);
}

/* ---- Many threads --------------------------------------------------------------------------------- */

struct writer { struct line *l; int id; };

static void *write_records(void *arg)
{
	const struct writer *w = arg;

	for (int i = 0; i < RECORDS; i++) {
		char text[16];
		struct iovec iov[2] = { { text, 4 }, { text + 4, 4 } };

		snprintf(text, sizeof text, "%c%06d;", 'a' + w->id, i);
		ck_assert_int_ge(mummy_http_stream_writev(w->l->st, iov, 2, NULL, NULL), 0);
	}
	return NULL;
}

SERVE_TEST(many_threads_write_while_the_loop_does)
{
	static char text[8 * (THREADS + 1) * RECORDS + 1];
	struct writer w[THREADS];
	pthread_t thread[THREADS];
	int next[THREADS + 1] = { 0 }, fd;
	struct serve s;
	struct line l;

	prepare(&s, &l, poller);
	serve_start(&s);
	fd = dial_line(&s, &l, "/inline");
	for (int i = 0; i < THREADS; i++) {
		w[i] = (struct writer){ &l, i };
		pthread_create(&thread[i], NULL, write_records, &w[i]);
	}
	for (int i = 0; i < RECORDS; i++) {
		snprintf(text, sizeof text, "%c%06d;", 'a' + THREADS, i);
		say_n(fd, text, 8);
	}
	ck_assert_uint_eq(hear_n(fd, text, sizeof text - 1), sizeof text - 1);
	for (size_t at = 0; at < sizeof text - 1; at += 8) {
		int id = text[at] - 'a';

		ck_assert(id >= 0 && id <= THREADS && text[at + 7] == ';');
		ck_assert_int_eq(atoi(text + at + 1), next[id]++);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	hang_up(&s, &l);
	close(fd);
}

/* ---- A peer that does not read --------------------------------------------------------------------- */

static void *write_when_there_is_room(void *arg)
{
	struct line *l = arg;

	return (void *)(intptr_t)mummy_http_stream_write(l->st, "end", 3, -1);
}

static void count(void *arg)
{
	atomic_fetch_add((atomic_int *)arg, 1);
}

/* Until no more is taken: how much was. */
static size_t fill(struct line *l, char *piece, size_t n, atomic_int *done)
{
	const struct iovec iov = { piece, n };
	size_t total = 0;
	int rc, high = 0, taken = 0;

	while ((rc = mummy_http_stream_writev(l->st, &iov, 1, taken % 2 ? count : NULL, done)) >= 0) {
		high |= rc;
		taken++;
		total += n;
	}
	ck_assert_int_eq(rc, -EAGAIN);
	ck_assert_int_eq(high, 1);
	return total;
}

SERVE_TEST(what_a_peer_does_not_read_is_bounded_and_waited_for)
{
	char *piece = calloc(1, BIG), *text = malloc(8 * BIG + 1);
	atomic_int done = 0;
	struct serve s;
	struct line l;
	pthread_t waiter;
	void *rc;
	size_t n;
	int fd;

	prepare(&s, &l, poller);
	s.opt.high_water_bytes = 100000;
	s.opt.hard_limit_bytes = 3 * BIG;
	serve_start(&s);
	fd = dial_line(&s, &l, "/");
	n = fill(&l, piece, BIG / 4, &done);
	ck_assert_uint_gt(mummy_http_stream_pending(l.st), 100000);
	ck_assert_uint_le(mummy_http_stream_pending(l.st), 3 * BIG);
	ck_assert_int_eq(mummy_http_stream_write(l.st, piece, 1, 5), -ETIMEDOUT);
	ck_assert_int_eq(atomic_load(&l.drains), 0);
	pthread_create(&waiter, NULL, write_when_there_is_room, &l);
	for (size_t at = 0, k; at < n; at += k) {
		k = n - at < 8 * BIG ? n - at : 8 * BIG;
		ck_assert_uint_eq(hear_n(fd, text, k), k);
	}
	ck_assert_uint_eq(hear_n(fd, text, 3), 3);
	ck_assert_str_eq(text, "end");
	pthread_join(waiter, &rc);
	ck_assert_int_eq((int)(intptr_t)rc, 0);
	EVENTUALLY(atomic_load(&l.drains) == 1);
	EVENTUALLY(mummy_http_stream_pending(l.st) == 0);
	EVENTUALLY(atomic_load(&done) > 0);
	/* It is as before. */
	say(fd, "more");
	ck_assert_uint_eq(hear_n(fd, text, 4), 4);
	hang_up(&s, &l);
	close(fd);
	free(piece);
	free(text);
}

SERVE_TEST(what_all_connections_queue_is_bounded)
{
	enum { MOST = 2 * BIG };
	char *piece = calloc(1, BIG), *text = malloc(8 * BIG);
	struct mummy_http_stats stats;
	atomic_int done = 0;
	struct serve s;
	struct line l;
	size_t n;
	int fd;

	prepare(&s, &l, poller);
	s.opt.max_buffered_bytes = MOST;
	s.opt.hard_limit_bytes = 1000 * BIG;
	serve_start(&s);
	fd = dial_line(&s, &l, "/");
	n = fill(&l, piece, BIG / 4, &done);
	mummy_http_stats_get(s.server, &stats);
	ck_assert_uint_gt(stats.buffered_bytes, MOST - 2 * BIG / 4);
	ck_assert_uint_le(stats.buffered_bytes, MOST);
	for (size_t at = 0, k; at < n; at += k) {
		k = n - at < 8 * BIG ? n - at : 8 * BIG;
		ck_assert_uint_eq(hear_n(fd, text, k), k);
	}
	/* also when all was written before the request that upgraded it was over */
	EVENTUALLY(atomic_load(&l.drains) >= 1);
	EVENTUALLY((mummy_http_stats_get(s.server, &stats), stats.buffered_bytes) == 0);
	say(fd, "more");
	ck_assert_uint_eq(hear_n(fd, text, 4), 4);
	hang_up(&s, &l);
	close(fd);
	free(piece);
	free(text);
}

SERVE_TEST(a_peer_that_never_reads_is_cut)
{
	char *piece = calloc(1, BIG);
	atomic_int done = 0;
	struct serve s;
	struct line l;
	pthread_t waiter;
	void *rc;
	int fd;

	prepare(&s, &l, poller);
	s.opt.idle_timeout_ms = 80;
	s.opt.high_water_bytes = 1000;
	s.opt.hard_limit_bytes = BIG;
	serve_start(&s);
	fd = dial_line(&s, &l, "/");
	fill(&l, piece, BIG / 4, &done);
	pthread_create(&waiter, NULL, write_when_there_is_room, &l);
	EVENTUALLY(atomic_load(&l.closed));
	ck_assert_int_eq(atomic_load(&l.status), -ETIMEDOUT);
	pthread_join(waiter, &rc);
	ck_assert_int_eq((int)(intptr_t)rc, -EPIPE);
	ck_assert_uint_eq(mummy_http_stream_pending(l.st), 0);
	hang_up(&s, &l);
	close(fd);
	free(piece);
}

/* ---- Corks ----------------------------------------------------------------------------------------- */

SERVE_TEST(writes_inside_data_are_held_back_unless_they_are_not_to_be)
{
	for (int plain = 0; plain < 2; plain++) {
		char text[8];
		struct serve s;
		struct line l;
		int fd;

		prepare(&s, &l, poller);
		serve_start(&s);
		fd = dial_line(&s, &l, plain ? "/inline" : "/");
		say(fd, "1234567");
		ck_assert_uint_eq(hear_n(fd, text, 7), 7);
		ck_assert_str_eq(text, "1234567");
		EVENTUALLY(atomic_load(&l.datas) > 0);
		if (plain)
			ck_assert_uint_eq(atomic_load(&l.pending), 0);
		else
			ck_assert_uint_gt(atomic_load(&l.pending), 0);
		hang_up(&s, &l);
		close(fd);
	}
}

/* ---- Ends ------------------------------------------------------------------------------------------ */

SERVE_TEST(closed_is_told_once_and_why)
{
	enum { BY_CLOSE, BY_ABORT, BY_PEER, BY_STOP, ENDS };
	static const int status[ENDS] = { 0, -ECANCELED, 0, -ESHUTDOWN };

	for (int how = 0; how < 2 * ENDS; how++) {
		struct serve s;
		struct line l;
		char c;
		int fd;

		prepare(&s, &l, poller);
		l.start_later = how >= ENDS;
		serve_start(&s);
		fd = dial_line(&s, &l, how % 2 ? "/inline" : "/");
		if (how % ENDS == BY_CLOSE)
			mummy_http_stream_close(l.st);
		else if (how % ENDS == BY_ABORT)
			mummy_http_stream_abort(l.st);
		else if (how % ENDS == BY_PEER)
			close(fd);
		else
			serve_join(&s);
		/* Who is not being read is not seen to hang up. */
		if (how % ENDS != BY_PEER) {
			ck_assert_int_le(recv(fd, &c, 1, 0), 0);
			close(fd);
		}
		if (l.start_later) {
			ck_assert_int_eq(atomic_load(&l.closed), 0);
			mummy_http_stream_start(l.st, &corked, &l);
		}
		EVENTUALLY(atomic_load(&l.closed) == 1);
		ck_assert_int_eq(atomic_load(&l.status), status[how % ENDS]);
		ck_assert_int_eq(mummy_http_stream_writev(l.st, &(struct iovec){ &c, 1 }, 1, NULL, NULL), -EPIPE);
		ck_assert_int_eq(mummy_http_stream_write(l.st, &c, 1, -1), -EPIPE);
		mummy_http_stream_resume(l.st);
		mummy_http_stream_close(l.st);
		mummy_http_stream_abort(l.st);
		if (how % ENDS == BY_STOP)
			serve_free(&s);
		else
			serve_stop(&s);
		ck_assert_int_eq(atomic_load(&l.closed), 1);
		mummy_http_stream_unref(l.st);
	}
}

/* A stream whose last user goes is cut. */
SERVE_TEST(the_last_reference_cuts)
{
	struct serve s;
	struct line l;
	char c;
	int fd;

	prepare(&s, &l, poller);
	serve_start(&s);
	fd = dial_line(&s, &l, "/");
	ck_assert_ptr_eq(mummy_http_stream_ref(l.st), l.st);
	mummy_http_stream_unref(l.st);
	ck_assert_int_eq(atomic_load(&l.closed), 0);
	mummy_http_stream_unref(l.st);
	EVENTUALLY(atomic_load(&l.closed));
	ck_assert_int_eq(atomic_load(&l.status), -ECANCELED);
	ck_assert_int_le(recv(fd, &c, 1, 0), 0);
	close(fd);
	serve_stop(&s);
}

SUITE_MAIN("http/upgraded", many_threads_write_while_the_loop_does,
	   what_a_peer_does_not_read_is_bounded_and_waited_for, what_all_connections_queue_is_bounded,
	   a_peer_that_never_reads_is_cut,
	   writes_inside_data_are_held_back_unless_they_are_not_to_be, closed_is_told_once_and_why,
	   the_last_reference_cuts)
