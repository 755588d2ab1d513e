#include <config.h>
#include <errno.h>
#include "fake.h"

START_TEST(replies_wait_when_the_output_is_full)
{
	struct fake *f = fake_new(NULL, NULL);

	f->echo = 1;
	f->result = -EAGAIN;
	fake_feed_frame(f, 1, 1, "a", 1);
	fake_feed_frame(f, 1, 1, "b", 1);
	ck_assert_int_eq(mummy_ws_send(f->c, MUMMY_WS_TEXT, "c", 1), 0);
	fake_feed_frame(f, 1, 8, "\x03\xe8", 2);
	ck_assert_uint_eq(mummy_ws_pending(f->c), 13);
	ck_assert_uint_eq(f->closes, 0);
	f->result = 0;
	mummy_ws_conn_drained(f->c);
	fake_wrote(f, "\x81\x01" "a\x81\x01" "b\x81\x01" "c\x88\x02\x03\xe8");
	ck_assert_uint_eq(f->closes, 1);
	ck_assert_uint_eq(mummy_ws_pending(f->c), 0);
	fake_free(f);
}
END_TEST

START_TEST(replies_that_wait_are_dropped_at_the_end)
{
	struct fake *f = fake_new(NULL, NULL);
	struct mummy_ws_stats s;

	f->echo = 1;
	f->result = -EAGAIN;
	fake_feed_frame(f, 1, 1, "a", 1);
	mummy_ws_conn_eof(f->c);
	mummy_ws_stats_get(f->ep, &s);
	ck_assert_uint_eq(s.pending_bytes, 0);
	fake_free(f);
}
END_TEST

static void big_replies(mummy_ws_conn *c, void *user, enum mummy_ws_opcode op, const void *p, size_t n)
{
	static char big[200000];

	(void)user;
	mummy_ws_send(c, op, p, n);
	mummy_ws_send(c, MUMMY_WS_BINARY, big, 60000);
	mummy_ws_send(c, MUMMY_WS_BINARY, big, sizeof big);
	mummy_ws_send(c, MUMMY_WS_BINARY, big, 10000);
	mummy_ws_send(c, op, p, n);
}

START_TEST(replies_of_all_sizes_keep_their_order)
{
	static const struct mummy_ws_events ev = { .message = big_replies };
	static const size_t want[] = { 3, 60000, 200000, 10000, 3 };
	struct fake *f = fake_new(&ev, NULL);
	size_t at = 0;

	fake_feed_frame(f, 1, 1, "abc", 3);
	for (size_t i = 0; i < 5; i++) {
		struct mummy_ws_frame h;
		int n = mummy_ws_frame_parse(f->out + at, f->nout - at, &h);

		ck_assert_int_gt(n, 0);
		ck_assert_uint_eq(h.length, want[i]);
		at += (size_t)n + want[i];
	}
	ck_assert_uint_eq(at, f->nout);
	fake_free(f);
}
END_TEST

START_TEST(a_reply_that_would_be_above_the_high_water_is_told_so)
{
	char text[90];
	struct mummy_ws_options opt = { .high_water_bytes = 100, .hard_limit_bytes = 1000 };
	struct fake *f = fake_new(NULL, &opt);

	memset(text, 'x', sizeof text);
	f->echo = 1;
	f->queued = 5;
	fake_feed_frame(f, 1, 2, text, 80);
	ck_assert_uint_eq(f->writes, 1);
	fake_turn(f, 0);
	ck_assert(strstr(f->log, "drain") == NULL);
	f->queued = 20;
	fake_feed_frame(f, 1, 2, text, 90);
	f->queued = 0;
	fake_turn(f, 0);
	ck_assert(strstr(f->log, "drain") != NULL);
	ck_assert_uint_eq(f->writes, 2);
	fake_free(f);
}
END_TEST

SUITE_MAIN("ws/reply", replies_wait_when_the_output_is_full, replies_that_wait_are_dropped_at_the_end,
	   replies_of_all_sizes_keep_their_order, a_reply_that_would_be_above_the_high_water_is_told_so)
