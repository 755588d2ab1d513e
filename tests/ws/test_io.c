#include <config.h>
#include <errno.h>
#include <limits.h>
#include "fake.h"
#include "conn.h"

static void *start_elsewhere(void *arg)
{
	struct fake *f = arg;

	mummy_ws_conn_start(f->c, f);
	return NULL;
}

START_TEST(a_connection_can_be_started_on_another_thread)
{
	struct fake *f = fake_new(NULL, NULL), *g = calloc(1, sizeof *g);
	pthread_t t;

	pthread_mutex_init(&g->lock, NULL);
	g->ep = mummy_ws_endpoint_ref(f->ep);
	g->io = f->io;
	ck_assert_int_eq(mummy_ws_conn_new(&g->c, f->ep, f->io, NULL, g), 0);
	pthread_create(&t, NULL, start_elsewhere, g);
	pthread_join(t, NULL);
	/* Without an executor events are the I/O thread's: open comes at the turn. */
	fake_logged(g, "");
	ck_assert_uint_eq(f->posts.n, 1);
	fake_turn(f, 0);
	fake_logged(g, "open ");
	mummy_ws_conn_eof(g->c);
	fake_logged(g, "open closed1006 ");
	mummy_ws_conn_unref(g->c);
	g->c = NULL;
	fake_turn(f, 0);
	fake_leave(g);
	free(g);
	fake_free(f);
}
END_TEST

START_TEST(open_comes_before_what_is_fed)
{
	struct fake *f = fake_new(NULL, NULL), *g = calloc(1, sizeof *g);
	pthread_t t;

	pthread_mutex_init(&g->lock, NULL);
	g->ep = mummy_ws_endpoint_ref(f->ep);
	g->io = f->io;
	ck_assert_int_eq(mummy_ws_conn_new(&g->c, f->ep, f->io, NULL, g), 0);
	pthread_create(&t, NULL, start_elsewhere, g);
	pthread_join(t, NULL);
	fake_feed_frame(g, 1, 1, "x", 1);
	fake_logged(g, "open T:x ");
	mummy_ws_conn_eof(g->c);
	mummy_ws_conn_unref(g->c);
	g->c = NULL;
	fake_turn(f, 0);
	fake_leave(g);
	free(g);
	fake_free(f);
}
END_TEST

START_TEST(all_connections_of_an_io_are_closed_and_those_that_come_later)
{
	struct mummy_ws_options opt = { .ping_ms = UINT_MAX, .idle_ms = UINT_MAX };
	struct fake *f = fake_new(NULL, &opt), *g = calloc(1, sizeof *g), *h = calloc(1, sizeof *h);

	fake_join(g, f->ep, f->io);
	fake_turn(f, 0);
	ck_assert_int_eq(mummy_ws_io_close(f->io, 1005), -EINVAL);
	ck_assert_int_eq(mummy_ws_io_close(f->io, 1001), 0);
	fake_join(h, f->ep, f->io);
	fake_turn(f, 0);
	for (struct fake *const *one = (struct fake *[]){ f, g, h, NULL }; *one; one++) {
		ck_assert_uint_eq((*one)->nout, 4);
		ck_assert_mem_eq((*one)->out, "\x88\x02\x03\xe9", 4);
	}
	fake_leave(g);
	fake_leave(h);
	fake_free(f);
	free(g);
	free(h);
}
END_TEST

START_TEST(the_key_is_one_and_post_is_needed)
{
	mummy_ws_io *io;

	ck_assert_ptr_nonnull(mummy_ws_io_key());
	ck_assert_ptr_eq(mummy_ws_io_key(), mummy_ws_io_key());
	ck_assert_int_eq(mummy_ws_io_new(&io, NULL, NULL), -EINVAL);
	mummy_ws_io_free(NULL);
}
END_TEST

static void *close_elsewhere(void *c)
{
	ck_assert_int_eq(mummy_ws_close(c, 1000, NULL), 0);
	return NULL;
}

START_TEST(a_close_on_another_thread_has_its_deadline)
{
	struct mummy_ws_options opt = { .close_ms = 100 };
	struct fake *f = fake_new(NULL, &opt);
	pthread_t t;
	int due;

	due = fake_turn(f, 0);
	ck_assert_int_gt(due, 10000);
	pthread_create(&t, NULL, close_elsewhere, f->c);
	pthread_join(t, NULL);
	ck_assert_uint_eq(f->posts.n, 1);
	due = fake_turn(f, 20000);
	ck_assert_int_ge(due, 100);
	ck_assert_int_lt(due, 200);
	due = fake_turn(f, (unsigned)due);
	ck_assert_uint_eq(f->closes, 1);
	ck_assert_int_ge(due, 100);
	fake_turn(f, (unsigned)due);
	ck_assert_uint_eq(f->aborts, 1);
	fake_free(f);
}
END_TEST

static void drain_closes(mummy_ws_conn *c, void *user)
{
	struct fake *f = user;

	mummy_ws_publish(f->hub, "t", 1, MUMMY_WS_TEXT, "x", 1);
	mummy_ws_close(c, 1000, NULL);
}

START_TEST(what_an_event_of_the_turn_brings_up_is_done_in_it)
{
	struct mummy_ws_events ev = { .drain = drain_closes };
	struct mummy_ws_options opt = { .high_water_bytes = 10, .close_ms = 100 };
	struct fake *f, *g = calloc(1, sizeof *g);
	int due;

	ck_assert_int_eq(mummy_ws_hub_new(&opt.hub, NULL), 0);
	f = fake_new(&ev, &opt);
	fake_join(g, f->ep, f->io);
	mummy_ws_subscribe(g->c, "t", 1);
	f->hub = opt.hub;
	f->queued = 100;
	ck_assert_int_eq(mummy_ws_send(f->c, MUMMY_WS_TEXT, "x", 1), 1);
	f->queued = 0;
	due = fake_turn(f, 20);
	fake_wrote(g, "\x81\x01x");
	ck_assert_int_ge(due, 100);
	ck_assert_int_lt(due, 200);
	mummy_ws_conn_eof(g->c);
	mummy_ws_conn_unref(g->c);
	g->c = NULL;
	fake_turn(f, 0);
	fake_leave(g);
	free(g);
	fake_free(f);
	mummy_ws_hub_unref(opt.hub);
}
END_TEST

START_TEST(many_connections_come_and_go)
{
	struct fake *f = fake_new(NULL, NULL), *m = calloc(500, sizeof *m);
	struct mummy_ws_stats s;

	for (int i = 0; i < 500; i++)
		fake_join(&m[i], f->ep, f->io);
	fake_turn(f, 10);
	for (int i = 0; i < 500; i++)
		fake_feed_frame(&m[i], 0, 1, "abc", 3);
	mummy_ws_stats_get(f->ep, &s);
	ck_assert_uint_eq(s.connections, 501);
	fake_turn(f, 31000);
	fake_turn(f, 31000);
	for (int i = 0; i < 500; i++) {
		ck_assert_uint_eq(m[i].nout, 2);
		mummy_ws_conn_eof(m[i].c);
		mummy_ws_conn_unref(m[i].c);
		m[i].c = NULL;
	}
	fake_turn(f, 0);
	mummy_ws_stats_get(f->ep, &s);
	ck_assert_uint_eq(s.connections, 1);
	ck_assert_uint_eq(s.opened, 501);
	ck_assert_uint_eq(s.closed, 500);
	for (int i = 0; i < 500; i++) {
		ck_assert_uint_eq(m[i].releases, 1);
		fake_leave(&m[i]);
	}
	free(m);
	fake_free(f);
}
END_TEST

START_TEST(any_number_is_heard_of_in_one_turn)
{
	enum { N = 300 };
	struct mummy_ws_options opt = { .ping_ms = 1000, .idle_ms = 1500 };
	struct fake *f = fake_new(NULL, &opt), *g[N];

	for (int i = 0; i < N; i++) {
		g[i] = calloc(1, sizeof *g[i]);
		fake_join(g[i], f->ep, f->io);
	}
	for (int round = 0; round < 10; round++) {
		fake_turn(f, 500);
		for (int twice = 0; twice < 2; twice++)
			for (int i = 0; i < N; i++)
				fake_feed_frame(g[i], 1, 10, NULL, 0);
		fake_turn(f, 0);
	}
	ck_assert_uint_eq(f->aborts, 1);
	for (int i = 0; i < N; i++) {
		ck_assert_uint_eq(g[i]->aborts, 0);
		ck_assert_uint_eq(g[i]->nout, 0);
		/* Half of them end while they are still to be looked at. */
		if (i % 2)
			fake_feed_frame(g[i], 1, 10, NULL, 0);
		mummy_ws_conn_eof(g[i]->c);
		mummy_ws_conn_unref(g[i]->c);
		g[i]->c = NULL;
	}
	fake_turn(f, 0);
	for (int i = 0; i < N; i++) {
		fake_leave(g[i]);
		free(g[i]);
	}
	fake_free(f);
}
END_TEST

START_TEST(what_big_messages_took_is_given_back_when_none_comes)
{
	enum { BIG = 200000 };
	struct mummy_ws_options opt = { .ping_ms = UINT_MAX, .idle_ms = UINT_MAX };
	struct fake *f = fake_new(NULL, &opt);
	char *big = calloc(1, BIG);

	f->echo = 1;
	for (int i = 0; i < 2; i++) {
		/* In two parts, so that it is gathered. */
		fake_feed_frame(f, 0, 2, big, BIG / 2);
		fake_feed_frame(f, 1, 0, big, BIG / 2);
		fake_feed_frame(f, 1, 2, big, 5);
		ck_assert_ptr_nonnull(f->io->gather);
		ck_assert_int_le(fake_turn(f, 0), 250);
		ck_assert_int_eq(fake_turn(f, 200), 50);
		ck_assert_ptr_nonnull(f->io->gather);
	}
	ck_assert_int_gt(fake_turn(f, 50), 50);
	ck_assert_ptr_null(f->io->gather);
	ck_assert_ptr_null(f->io->spare);
	fake_feed_frame(f, 1, 2, big, 5);
	ck_assert_ptr_nonnull(f->io->gather);
	fake_turn(f, 1000);
	ck_assert_ptr_nonnull(f->io->gather);
	ck_assert_uint_eq(f->nout, 2 * (10 + BIG + 7) + 7);
	free(big);
	fake_free(f);
}
END_TEST

/* A loop that has the time, turns the io only when it is due, and sleeps until then. */
struct clocked { struct fake *f; uint64_t now; const uint64_t *due; unsigned turns; };

static struct clocked clocked_new(const struct mummy_ws_events *ev, const struct mummy_ws_options *opt)
{
	return (struct clocked){ .f = fake_new(ev, opt), .now = 1000000 };
}

/* Time passes, as far as it is until the io is due, in steps. */
static void clocked_pass(struct clocked *k, unsigned ms)
{
	uint64_t end = k->now + ms;

	for (;;) {
		later_run(&k->f->posts);
		if (*k->due <= k->now) {
			k->turns++;
			mummy_ws_io_turn(k->f->io, k->now);
		}
		if (k->now >= end)
			break;
		k->now = *k->due > k->now && *k->due < end ? *k->due : end;
	}
}

START_TEST(with_a_clock_it_is_turned_only_when_it_is_due)
{
	struct mummy_ws_options opt = { .ping_ms = 10000, .idle_ms = 15000, .close_ms = 1000 };
	struct clocked k = clocked_new(NULL, &opt);

	k.due = mummy_ws_io_clock(k.f->io, &k.now);
	ck_assert_uint_gt(*k.due, k.now);
	k.f->echo = 1;
	for (int i = 0; i < 300; i++) {
		clocked_pass(&k, 100);
		fake_feed_frame(k.f, 1, 2, "abc", 3);
		/* a pong, which goes another way */
		fake_feed_frame(k.f, 1, 10, NULL, 0);
	}
	/* Thirty seconds: when its deadlines were looked at, neither ping nor cut was due. */
	ck_assert_uint_eq(k.f->nout, 300 * 5);
	ck_assert_uint_eq(k.f->aborts, 0);
	ck_assert_uint_le(k.turns, 5);
	/* From the last octet on it is silent. */
	clocked_pass(&k, 9900);
	ck_assert_uint_eq(k.f->nout, 300 * 5);
	clocked_pass(&k, 300);
	ck_assert_uint_eq(k.f->nout, 300 * 5 + 2);
	/* It answers: another ping ten seconds later, not five. */
	fake_feed_frame(k.f, 1, 2, "abc", 3);
	clocked_pass(&k, 9900);
	ck_assert_uint_eq(k.f->nout, 300 * 5 + 7);
	ck_assert_uint_eq(k.f->aborts, 0);
	clocked_pass(&k, 300);
	ck_assert_uint_eq(k.f->nout, 300 * 5 + 9);
	clocked_pass(&k, 4500);
	ck_assert_uint_eq(k.f->aborts, 0);
	clocked_pass(&k, 600);
	ck_assert_uint_eq(k.f->aborts, 1);
	fake_free(k.f);
}
END_TEST

static void close_and_publish(mummy_ws_conn *c, void *user, enum mummy_ws_opcode op, const void *p, size_t n)
{
	struct fake *f = user;

	mummy_ws_publish(f->hub, "t", 1, op, p, n);
	mummy_ws_close(c, 1000, NULL);
}

START_TEST(what_comes_up_makes_an_io_with_a_clock_due)
{
	struct mummy_ws_events ev = { .message = close_and_publish };
	struct mummy_ws_options opt = { .close_ms = 1000, .high_water_bytes = 10 };
	struct fake g = { .nout = 0 };
	struct clocked k;

	ck_assert_int_eq(mummy_ws_hub_new(&opt.hub, NULL), 0);
	k = clocked_new(&ev, &opt);
	k.f->hub = opt.hub;
	k.due = mummy_ws_io_clock(k.f->io, &k.now);
	fake_join(&g, k.f->ep, k.f->io);
	ck_assert_uint_eq(*k.due, 0);
	mummy_ws_subscribe(g.c, "t", 1);
	clocked_pass(&k, 0);
	ck_assert_uint_gt(*k.due, k.now);
	fake_feed_frame(k.f, 1, 2, "abc", 3);
	ck_assert_uint_eq(*k.due, 0);
	clocked_pass(&k, 0);
	fake_wrote(&g, "\x82\x03" "abc");
	/* The close handshake has its time, and what follows when no answer comes. */
	clocked_pass(&k, 900);
	ck_assert_uint_eq(k.f->closes, 0);
	clocked_pass(&k, 300);
	ck_assert_uint_eq(k.f->closes, 1);
	clocked_pass(&k, 800);
	ck_assert_uint_eq(k.f->aborts, 0);
	clocked_pass(&k, 400);
	ck_assert_uint_eq(k.f->aborts, 1);
	/* Who waits for the output is looked at in each turn. */
	g.queued = 100;
	ck_assert_int_eq(mummy_ws_send(g.c, MUMMY_WS_TEXT, "x", 1), 1);
	clocked_pass(&k, 0);
	ck_assert_uint_gt(*k.due, 0);
	ck_assert_uint_le(*k.due, k.now);
	g.queued = 0;
	clocked_pass(&k, 0);
	ck_assert_uint_gt(*k.due, k.now);
	mummy_ws_conn_eof(g.c);
	mummy_ws_conn_unref(g.c);
	g.c = NULL;
	fake_turn(k.f, 0);
	fake_leave(&g);
	fake_free(k.f);
	mummy_ws_hub_unref(opt.hub);
}
END_TEST

SUITE_MAIN("ws/io", a_connection_can_be_started_on_another_thread, open_comes_before_what_is_fed,
	   the_key_is_one_and_post_is_needed, all_connections_of_an_io_are_closed_and_those_that_come_later,
	   a_close_on_another_thread_has_its_deadline,
	   what_an_event_of_the_turn_brings_up_is_done_in_it, many_connections_come_and_go,
	   any_number_is_heard_of_in_one_turn,
	   with_a_clock_it_is_turned_only_when_it_is_due,
	   what_comes_up_makes_an_io_with_a_clock_due, what_big_messages_took_is_given_back_when_none_comes)
