#include <config.h>
#include <errno.h>
#include "fake.h"

static const struct mummy_ws_options small = { .high_water_bytes = 100, .hard_limit_bytes = 1000 };
static char text[4096];

static void fill(void)
{
	memset(text, 'x', sizeof text);
}

START_TEST(above_the_high_water_send_gives_1_and_drain_follows)
{
	struct fake *f = fake_new(NULL, &small);

	fill();
	ck_assert_int_eq(mummy_ws_send(f->c, MUMMY_WS_TEXT, text, 50), 0);
	ck_assert_int_eq(mummy_ws_send(f->c, MUMMY_WS_TEXT, text, 500), 0);
	f->queued = 140;
	ck_assert_int_eq(mummy_ws_send(f->c, MUMMY_WS_TEXT, text, 50), 1);
	fake_turn(f, 0);
	f->queued = 101;
	fake_turn(f, 0);
	fake_logged(f, "open ");
	f->queued = 100;
	fake_turn(f, 0);
	fake_logged(f, "open drain ");
	fake_turn(f, 0);
	fake_logged(f, "open drain ");
	fake_free(f);
}
END_TEST

START_TEST(the_output_s_own_high_water_is_passed_on)
{
	struct fake *f = fake_new(NULL, &small);

	f->result = 1;
	f->queued = 10;
	ck_assert_int_eq(mummy_ws_send(f->c, MUMMY_WS_TEXT, "x", 1), 1);
	f->result = 0;
	fake_turn(f, 0);
	fake_logged(f, "open ");
	mummy_ws_conn_drained(f->c);
	fake_logged(f, "open drain ");
	ck_assert_int_eq(mummy_ws_send(f->c, MUMMY_WS_TEXT, "x", 1), 0);
	fake_free(f);
}
END_TEST

START_TEST(above_the_hard_limit_nothing_is_queued)
{
	struct fake *f = fake_new(NULL, &small);
	struct mummy_ws_stats s;

	fill();
	f->queued = 900;
	ck_assert_int_eq(mummy_ws_send(f->c, MUMMY_WS_TEXT, text, 200), -EAGAIN);
	ck_assert_int_eq(mummy_ws_ping(f->c, text, 120), -EAGAIN);
	fake_wrote(f, "");
	ck_assert_int_eq(mummy_ws_send(f->c, MUMMY_WS_TEXT, text, 10), 1);
	f->queued = 5000;
	ck_assert_int_eq(mummy_ws_send(f->c, MUMMY_WS_TEXT, text, 1), -EAGAIN);
	f->queued = 0;
	f->result = -EAGAIN;
	ck_assert_int_eq(mummy_ws_send(f->c, MUMMY_WS_TEXT, text, 1), -EAGAIN);
	mummy_ws_stats_get(f->ep, &s);
	ck_assert_uint_eq(s.messages_out, 1);
	ck_assert_uint_eq(s.dropped, 0);
	f->result = 0;
	fake_free(f);
}
END_TEST

START_TEST(policies_for_what_is_too_much)
{
	struct mummy_ws_options opt = small;
	struct mummy_ws_stats s;
	struct fake *f;

	opt.overflow = MUMMY_WS_DROP;
	f = fake_new(NULL, &opt);
	f->queued = 1000;
	ck_assert_int_eq(mummy_ws_send(f->c, MUMMY_WS_TEXT, "x", 1), 1);
	fake_wrote(f, "");
	mummy_ws_stats_get(f->ep, &s);
	ck_assert_uint_eq(s.dropped, 1);
	f->queued = 0;
	fake_turn(f, 0);
	fake_logged(f, "open drain ");
	fake_free(f);

	opt.overflow = MUMMY_WS_DISCONNECT;
	f = fake_new(NULL, &opt);
	f->queued = 1000;
	ck_assert_int_eq(mummy_ws_send(f->c, MUMMY_WS_TEXT, "x", 1), -EPIPE);
	fake_wrote(f, "\x88\x02\x03\xf5");
	fake_free(f);
}
END_TEST

START_TEST(pongs_beyond_the_high_water_are_one_the_last)
{
	struct fake *f = fake_new(NULL, &small);

	f->queued = 500;
	fake_feed_frame(f, 1, 9, "1", 1);
	fake_feed_frame(f, 1, 9, "2", 1);
	fake_feed_frame(f, 1, 9, "3", 1);
	fake_turn(f, 0);
	fake_wrote(f, "");
	f->queued = 0;
	fake_turn(f, 0);
	fake_wrote(f, "\x8a\x01" "3");
	fake_logged(f, "open ");
	fake_free(f);
}
END_TEST

SUITE_MAIN("ws/output", above_the_high_water_send_gives_1_and_drain_follows,
	   the_output_s_own_high_water_is_passed_on, above_the_hard_limit_nothing_is_queued,
	   policies_for_what_is_too_much, pongs_beyond_the_high_water_are_one_the_last)
