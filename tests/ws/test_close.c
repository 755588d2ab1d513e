#include <config.h>
#include <errno.h>
#include "fake.h"

START_TEST(the_peer_s_close_is_answered_and_the_stream_closed)
{
	struct fake *f = fake_new(NULL, NULL);

	ck_assert_int_lt(fake_feed_frame(f, 1, 8, "\x03\xe8" "bye", 5), 0);
	fake_wrote(f, "\x88\x02\x03\xe8");
	ck_assert_uint_eq(f->closes, 1);
	ck_assert_int_eq(mummy_ws_send(f->c, MUMMY_WS_TEXT, "x", 1), -EPIPE);
	ck_assert_int_eq(mummy_ws_close(f->c, 1000, NULL), -EALREADY);
	ck_assert_int_lt(fake_feed_frame(f, 1, 1, "ignored", 7), 0);
	fake_eof(f);
	fake_logged(f, "open closed1000 ");
	fake_free(f);
}
END_TEST

START_TEST(a_close_without_a_code_is_1005)
{
	struct fake *f = fake_new(NULL, NULL);

	fake_feed_frame(f, 1, 8, NULL, 0);
	fake_wrote(f, "\x88\x00");
	fake_eof(f);
	fake_logged(f, "open closed1005 ");
	fake_free(f);
}
END_TEST

START_TEST(we_close_and_the_peer_answers)
{
	struct fake *f = fake_new(NULL, NULL);

	ck_assert_int_eq(mummy_ws_close(f->c, 4001, "b\xc3\xbf"), 0);
	fake_wrote(f, "\x88\x05\x0f\xa1" "b\xc3\xbf");
	ck_assert_uint_eq(f->closes, 0);
	/* What was on its way still comes; a ping is not answered any more. */
	fake_feed_frame(f, 1, 1, "late", 4);
	fake_feed_frame(f, 1, 9, NULL, 0);
	fake_feed_frame(f, 1, 8, "\x0f\xa1", 2);
	fake_wrote(f, "");
	ck_assert_uint_eq(f->closes, 1);
	fake_eof(f);
	fake_logged(f, "open T:late closed4001 ");
	fake_free(f);
}
END_TEST

START_TEST(a_client_waits_for_the_server_to_close)
{
	struct mummy_ws_options opt = { .client = 1, .close_ms = 1000 };
	struct fake *f = fake_new(NULL, &opt);

	fake_feed(f, "\x88\x02\x03\xe8", 4);
	ck_assert_uint_eq(f->nout, 8);
	ck_assert_uint_eq(f->closes, 0);
	fake_turn(f, 0);
	fake_turn(f, 990);
	ck_assert_uint_eq(f->aborts, 0);
	fake_turn(f, 100);
	ck_assert_uint_eq(f->closes, 1);
	fake_turn(f, 990);
	ck_assert_uint_eq(f->aborts, 0);
	fake_turn(f, 100);
	ck_assert_uint_eq(f->aborts, 1);
	fake_free(f);
}
END_TEST

/* For 490 ms. */
static void send_on(struct fake *f)
{
	for (int i = 0; i < 49; i++) {
		fake_turn(f, 10);
		fake_feed_frame(f, 1, 2, "x", 1);
	}
}

/* Our Close frame is on its way, so that the end comes behind it. */
START_TEST(a_peer_that_does_not_answer_gets_the_end_and_is_then_cut)
{
	struct mummy_ws_options opt = { .close_ms = 500 };
	struct fake *f = fake_new(NULL, &opt);

	fake_turn(f, 60000);
	f->seen = f->nout;
	mummy_ws_close(f->c, 0, NULL);
	fake_wrote(f, "\x88\x00");
	fake_turn(f, 0);
	send_on(f);
	ck_assert_uint_eq(f->closes, 0);
	fake_turn(f, 100);
	ck_assert_uint_eq(f->closes, 1);
	send_on(f);
	ck_assert_uint_eq(f->aborts, 0);
	fake_turn(f, 100);
	ck_assert_uint_eq(f->aborts, 1);
	ck_assert_uint_eq(f->closes, 1);
	fake_free(f);
}
END_TEST

START_TEST(a_peer_that_does_not_even_read_is_cut)
{
	struct mummy_ws_options opt = { .close_ms = 500 };
	struct fake *f = fake_new(NULL, &opt);

	fake_turn(f, 0);
	mummy_ws_close(f->c, 1013, NULL);
	f->queued = 4;
	fake_turn(f, 0);
	fake_turn(f, 490);
	ck_assert_uint_eq(f->aborts, 0);
	fake_turn(f, 100);
	ck_assert_uint_eq(f->aborts, 1);
	ck_assert_uint_eq(f->closes, 0);
	fake_free(f);
}
END_TEST

START_TEST(codes_and_reasons_are_checked)
{
	struct fake *f = fake_new(NULL, NULL);
	static const uint16_t bad[] = { 1, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535 };
	char reason[125] = { 0 };

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		ck_assert_int_eq(mummy_ws_close(f->c, bad[i], NULL), -EINVAL);
	ck_assert_int_eq(mummy_ws_close(f->c, 0, "reason"), -EINVAL);
	ck_assert_int_eq(mummy_ws_close(f->c, 1000, "\xff"), -EINVAL);
	ck_assert_int_eq(mummy_ws_close(f->c, 1000, "\xce"), -EINVAL);
	memset(reason, 'r', 124);
	ck_assert_int_eq(mummy_ws_close(f->c, 1000, reason), -EINVAL);
	reason[123] = '\0';
	ck_assert_int_eq(mummy_ws_close(f->c, 1000, reason), 0);
	ck_assert_uint_eq(f->nout, 127);
	ck_assert_int_eq(mummy_ws_close(f->c, 1000, NULL), -EALREADY);
	fake_free(f);
}
END_TEST

START_TEST(all_codes_that_may_be_received)
{
	for (unsigned code = 0; code < 65536; code += code < 1030 || (code > 2990 && code < 5010) ? 1 : 97) {
		struct fake *f = fake_new(NULL, NULL);
		uint8_t p[2] = { (uint8_t)(code >> 8), (uint8_t)code };
		int ok = (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014)
			 || (code >= 3000 && code <= 4999);

		fake_feed_frame(f, 1, 8, p, 2);
		if (ok)
			ck_assert_mem_eq(f->out + 2, p, 2);
		else
			fake_wrote(f, "\x88\x02\x03\xea");
		ck_assert_uint_eq(f->closes, 1);
		fake_free(f);
	}
}
END_TEST

START_TEST(with_an_executor_the_answers_come_before_the_close)
{
	struct mummy_ws_options opt = { .executor = { .submit = later_submit } };
	struct fake *f = fake_new(NULL, &opt);
	uint8_t in[64];
	size_t n = fake_frame(in, 1, 1, "a", 1, 1);

	f->echo = 1;
	n += fake_frame(in + n, 1, 8, "\x03\xe8", 2, 1);
	fake_feed(f, in, n);
	fake_wrote(f, "");
	later_run(&f->jobs);
	fake_wrote(f, "\x81\x01" "a\x88\x02\x03\xe8");
	ck_assert_uint_eq(f->closes, 1);
	fake_eof(f);
	fake_logged(f, "open T:a closed1000 ");
	fake_free(f);
}
END_TEST

static void close_in_message(mummy_ws_conn *c, void *user, enum mummy_ws_opcode op, const void *p, size_t n)
{
	fake_message(c, user, op, p, n);
	mummy_ws_send(c, op, "bye", 3);
	mummy_ws_close(c, 1001, NULL);
	ck_assert_int_eq(mummy_ws_send(c, op, "no", 2), -EPIPE);
}

START_TEST(close_from_inside_an_event_follows_the_replies)
{
	static const struct mummy_ws_events ev = { .message = close_in_message, .closed = fake_closed };
	struct fake *f = fake_new(&ev, NULL);

	fake_feed_frame(f, 1, 1, "x", 1);
	fake_wrote(f, "\x81\x03" "bye\x88\x02\x03\xe9");
	ck_assert_uint_eq(f->closes, 0);
	fake_feed_frame(f, 1, 8, "\x03\xe9", 2);
	ck_assert_uint_eq(f->closes, 1);
	fake_free(f);
}
END_TEST

START_TEST(a_rule_broken_after_our_close_ends_it)
{
	struct fake *f = fake_new(NULL, NULL);

	mummy_ws_close(f->c, 1000, NULL);
	fake_wrote(f, "\x88\x02\x03\xe8");
	ck_assert_int_lt(fake_feed(f, "\x83", 1), 0);
	fake_wrote(f, "");
	ck_assert_uint_eq(f->closes, 1);
	fake_free(f);
}
END_TEST

SUITE_MAIN("ws/close", the_peer_s_close_is_answered_and_the_stream_closed, a_close_without_a_code_is_1005,
	   we_close_and_the_peer_answers, a_client_waits_for_the_server_to_close,
	   a_peer_that_does_not_answer_gets_the_end_and_is_then_cut,
	   a_peer_that_does_not_even_read_is_cut, codes_and_reasons_are_checked, all_codes_that_may_be_received,
	   with_an_executor_the_answers_come_before_the_close, close_from_inside_an_event_follows_the_replies,
	   a_rule_broken_after_our_close_ends_it)
