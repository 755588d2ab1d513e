#include <config.h>
#include <errno.h>
#include "fake.h"

enum { CROWD = 200 };

static struct fake *crowd_new(struct mummy_ws_options *opt, struct fake **member,
			      const struct mummy_ws_hub_options *hub)
{
	struct fake *f;

	ck_assert_int_eq(mummy_ws_hub_new(&opt->hub, hub), 0);
	f = fake_new(NULL, opt);
	for (int i = 0; i < CROWD; i++) {
		member[i] = calloc(1, sizeof **member);
		fake_join(member[i], f->ep, f->io);
	}
	return f;
}

static void crowd_free(struct fake *f, struct fake **member, mummy_ws_hub *hub)
{
	for (int i = 0; i < CROWD; i++) {
		if (member[i]->c) {
			mummy_ws_conn_eof(member[i]->c);
			fake_turn(f, 0);
			mummy_ws_conn_unref(member[i]->c);
			member[i]->c = NULL;
		}
		fake_leave(member[i]);
		free(member[i]);
	}
	fake_free(f);
	mummy_ws_hub_unref(hub);
}

START_TEST(every_subscriber_gets_it_once_and_in_order)
{
	struct fake *m[CROWD], *f;
	struct mummy_ws_options opt = { 0 };

	f = crowd_new(&opt, m, NULL);
	ck_assert_int_eq(mummy_ws_publish(opt.hub, "t", 1, MUMMY_WS_TEXT, "0", 1), 0);
	for (int i = 0; i < CROWD; i += 2)
		ck_assert_int_eq(mummy_ws_subscribe(m[i]->c, "t", 1), 0);
	ck_assert_int_eq(mummy_ws_publish(opt.hub, "t", 1, MUMMY_WS_TEXT, "1", 1), 0);
	/* Who comes later gets what is published later, who has left nothing more. */
	mummy_ws_subscribe(m[1]->c, "t", 1);
	mummy_ws_unsubscribe(m[2]->c, "t", 1);
	mummy_ws_conn_eof(m[4]->c);
	ck_assert_int_eq(mummy_ws_publish(opt.hub, "t", 1, MUMMY_WS_BINARY, "2", 1), 0);
	fake_turn(f, 0);
	for (int i = 0; i < CROWD; i++) {
		if (i == 1)
			fake_wrote(m[i], "\x82\x01" "2");
		else if (i % 2 || i == 2 || i == 4)
			fake_wrote(m[i], "");
		else
			fake_wrote(m[i], "\x81\x01" "1\x82\x01" "2");
	}
	crowd_free(f, m, opt.hub);
}
END_TEST

static struct fake **leaver;

static int leave_writev(void *ctx, const struct iovec *iov, int n, void (*done)(void *), void *arg)
{
	/* A subscriber leaves while the message goes round: the order of the rest changes. */
	for (int i = 0; i < CROWD; i++)
		if (leaver[i] == ctx && i % 3 == 0 && i + 1 < CROWD)
			mummy_ws_unsubscribe(leaver[i + 1]->c, "t", 1);
	return fake_writev(ctx, iov, n, done, arg);
}

START_TEST(nobody_is_missed_when_others_leave_meanwhile)
{
	struct mummy_ws_output output = fake_output;
	struct mummy_ws_options opt = { 0 };
	struct fake *m[CROWD], *f;
	mummy_ws_endpoint *ep;

	output.writev = leave_writev;
	f = crowd_new(&opt, m, NULL);
	ck_assert_int_eq(mummy_ws_endpoint_new(&ep, &output, &fake_events, &opt), 0);
	for (int i = 0; i < CROWD; i++) {
		mummy_ws_conn_eof(m[i]->c);
		mummy_ws_conn_unref(m[i]->c);
		fake_turn(f, 0);
		mummy_ws_endpoint_unref(m[i]->ep);
		fake_join(m[i], ep, f->io);
		mummy_ws_subscribe(m[i]->c, "t", 1);
	}
	mummy_ws_endpoint_unref(ep);
	leaver = m;
	mummy_ws_publish(opt.hub, "t", 1, MUMMY_WS_TEXT, "x", 1);
	fake_turn(f, 0);
	for (int i = 0; i < CROWD; i++) {
		if (i % 3 != 1)
			ck_assert_uint_eq(m[i]->nout, 3);
		else
			ck_assert_uint_le(m[i]->nout, 3);
	}
	crowd_free(f, m, opt.hub);
}
END_TEST

static void *publish_it(void *hub)
{
	for (int i = 0; i < 10; i++)
		mummy_ws_publish(hub, "t", 1, MUMMY_WS_TEXT, "x", 1);
	return NULL;
}

START_TEST(another_thread_wakes_the_io_once)
{
	struct mummy_ws_options opt = { 0 };
	struct fake *m[CROWD], *f;
	pthread_t t;

	f = crowd_new(&opt, m, NULL);
	mummy_ws_subscribe(m[0]->c, "t", 1);
	fake_turn(f, 0);
	pthread_create(&t, NULL, publish_it, opt.hub);
	pthread_join(t, NULL);
	ck_assert_uint_eq(f->posts.n, 1);
	fake_wrote(m[0], "");
	later_run(&f->posts);
	ck_assert_uint_eq(m[0]->nout, 30);
	crowd_free(f, m, opt.hub);
}
END_TEST

/* Somebody else's loop may publish on the I/O thread and then sleep. */
START_TEST(between_two_turns_the_io_thread_wakes_itself)
{
	struct mummy_ws_options opt = { 0 };
	struct fake *m[CROWD], *f;

	f = crowd_new(&opt, m, NULL);
	mummy_ws_subscribe(m[0]->c, "t", 1);
	fake_turn(f, 0);
	publish_it(opt.hub);
	ck_assert_uint_eq(f->posts.n, 1);
	later_run(&f->posts);
	ck_assert_uint_eq(m[0]->nout, 30);
	publish_it(opt.hub);
	ck_assert_uint_eq(f->posts.n, 1);
	crowd_free(f, m, opt.hub);
}
END_TEST

static void forward(void *ctx, const char *topic, size_t n, enum mummy_ws_opcode op, const void *p, size_t len)
{
	ck_assert_uint_eq(n, 1);
	ck_assert_int_eq(topic[0], 't');
	ck_assert_int_eq(op, MUMMY_WS_TEXT);
	ck_assert_uint_eq(len, 3);
	ck_assert_mem_eq(p, "abc", 3);
	++*(int *)ctx;
}

START_TEST(publish_is_forwarded_and_deliver_is_not)
{
	int forwarded = 0;
	struct mummy_ws_hub_options hub = { .forward = forward, .ctx = &forwarded };
	struct mummy_ws_options opt = { 0 };
	struct fake *m[CROWD], *f;

	f = crowd_new(&opt, m, &hub);
	mummy_ws_subscribe(m[0]->c, "t", 1);
	ck_assert_int_eq(mummy_ws_publish(opt.hub, "t", 1, MUMMY_WS_TEXT, "abc", 3), 0);
	ck_assert_int_eq(forwarded, 1);
	ck_assert_int_eq(mummy_ws_hub_deliver(opt.hub, "t", 1, MUMMY_WS_TEXT, "abc", 3), 0);
	ck_assert_int_eq(forwarded, 1);
	ck_assert_int_eq(mummy_ws_publish(opt.hub, "t", 1, MUMMY_WS_TEXT, "\xff", 1), -EILSEQ);
	ck_assert_int_eq(mummy_ws_publish(opt.hub, "t", 1, MUMMY_WS_PING, "x", 1), -EINVAL);
	ck_assert_int_eq(forwarded, 1);
	fake_turn(f, 0);
	ck_assert_uint_eq(m[0]->nout, 10);
	crowd_free(f, m, opt.hub);
}
END_TEST

START_TEST(what_waits_for_an_io_is_bounded)
{
	struct mummy_ws_hub_options hub = { .max_pending_bytes = 20000 };
	struct mummy_ws_options opt = { 0 };
	struct fake *m[CROWD], *f;
	char text[1000] = { 0 };
	int n = 0;

	f = crowd_new(&opt, m, &hub);
	mummy_ws_subscribe(m[0]->c, "t", 1);
	while (mummy_ws_publish(opt.hub, "t", 1, MUMMY_WS_BINARY, text, sizeof text) == 0)
		n++;
	ck_assert_int_gt(n, 15);
	ck_assert_int_lt(n, 20);
	ck_assert_int_eq(mummy_ws_publish(opt.hub, "t", 1, MUMMY_WS_BINARY, text, sizeof text), -EAGAIN);
	fake_turn(f, 0);
	ck_assert_int_eq(mummy_ws_publish(opt.hub, "t", 1, MUMMY_WS_BINARY, text, sizeof text), 0);
	fake_turn(f, 0);
	ck_assert_uint_eq(m[0]->nout, (size_t)(n + 1) * 1004);
	crowd_free(f, m, opt.hub);
}
END_TEST

START_TEST(a_slow_subscriber_loses_messages_and_they_are_counted)
{
	struct mummy_ws_options opt = { .hard_limit_bytes = 100 };
	struct fake *m[CROWD], *f;
	struct mummy_ws_stats s;

	f = crowd_new(&opt, m, NULL);
	mummy_ws_subscribe(m[0]->c, "t", 1);
	mummy_ws_subscribe(m[1]->c, "t", 1);
	m[0]->queued = 99;
	mummy_ws_publish(opt.hub, "t", 1, MUMMY_WS_TEXT, "abc", 3);
	fake_turn(f, 0);
	ck_assert_uint_eq(m[0]->nout, 0);
	ck_assert_uint_eq(m[1]->nout, 5);
	mummy_ws_stats_get(f->ep, &s);
	ck_assert_uint_eq(s.dropped, 1);
	crowd_free(f, m, opt.hub);
}
END_TEST

START_TEST(clients_mask_what_is_published)
{
	struct mummy_ws_options opt = { .client = 1 };
	struct fake *m[CROWD], *f;
	struct mummy_ws_frame h;

	f = crowd_new(&opt, m, NULL);
	mummy_ws_subscribe(m[0]->c, "t", 1);
	mummy_ws_publish(opt.hub, "t", 1, MUMMY_WS_TEXT, "abc", 3);
	fake_turn(f, 0);
	ck_assert_int_eq(mummy_ws_frame_parse(m[0]->out, m[0]->nout, &h), 6);
	ck_assert(h.masked);
	mummy_ws_mask(m[0]->out + 6, 3, h.mask, 0);
	ck_assert_mem_eq(m[0]->out + 6, "abc", 3);
	crowd_free(f, m, opt.hub);
}
END_TEST

SUITE_MAIN("ws/publish", every_subscriber_gets_it_once_and_in_order,
	   nobody_is_missed_when_others_leave_meanwhile, another_thread_wakes_the_io_once,
	   between_two_turns_the_io_thread_wakes_itself, publish_is_forwarded_and_deliver_is_not, what_waits_for_an_io_is_bounded,
	   a_slow_subscriber_loses_messages_and_they_are_counted, clients_mask_what_is_published)
