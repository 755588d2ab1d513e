#include <config.h>
#include <errno.h>
#include "fake.h"
#include "conn.h"

START_TEST(messages_of_every_length_form)
{
	static const size_t len[] = { 0, 1, 125, 126, 1000, 1009, 1010, 1011, 1020, 65535, 65536, 100000 };
	uint8_t *text = malloc(100000), *want = malloc(100014);

	for (size_t i = 0; i < sizeof len / sizeof len[0]; i++) {
		struct fake *f = fake_new(NULL, NULL);

		memset(text, 'a' + (int)i, len[i]);
		ck_assert_int_eq(mummy_ws_send(f->c, MUMMY_WS_BINARY, text, len[i]), 0);
		fake_wrote_n(f, want, fake_frame(want, 1, 2, text, len[i], 0));
		ck_assert_uint_eq(f->writes, 1);
		fake_free(f);
	}
	free(text);
	free(want);
}
END_TEST

START_TEST(only_valid_messages_are_sent)
{
	struct fake *f = fake_new(NULL, NULL);

	ck_assert_int_eq(mummy_ws_send(f->c, MUMMY_WS_TEXT, "\xff", 1), -EILSEQ);
	ck_assert_int_eq(mummy_ws_send(f->c, MUMMY_WS_TEXT, "a\xce", 2), -EILSEQ);
	ck_assert_int_eq(mummy_ws_send(f->c, MUMMY_WS_PING, "a", 1), -EINVAL);
	ck_assert_int_eq(mummy_ws_send(f->c, MUMMY_WS_CONTINUATION, "a", 1), -EINVAL);
	ck_assert_int_eq(mummy_ws_message_begin(f->c, MUMMY_WS_CLOSE), -EINVAL);
	fake_wrote(f, "");
	ck_assert_int_eq(mummy_ws_send(f->c, MUMMY_WS_BINARY, "\xff", 1), 0);
	fake_wrote(f, "\x82\x01\xff");
	fake_free(f);
}
END_TEST

START_TEST(pings_have_at_most_125_octets)
{
	struct fake *f = fake_new(NULL, NULL);
	char text[126] = { 0 };

	ck_assert_int_eq(mummy_ws_ping(f->c, text, 126), -EINVAL);
	ck_assert_int_eq(mummy_ws_ping(f->c, text, 125), 0);
	ck_assert_uint_eq(f->nout, 127);
	ck_assert_int_eq(mummy_ws_ping(f->c, NULL, 0), 0);
	fake_free(f);
}
END_TEST

static void count(void *arg)
{
	++*(int *)arg;
}

START_TEST(taken_data_is_let_go_exactly_once)
{
	struct mummy_ws_options opt = { .hard_limit_bytes = 1000 };
	struct fake *f = fake_new(NULL, &opt);
	char text[2000];
	int done = 0;

	memset(text, 'x', sizeof text);
	ck_assert_int_eq(mummy_ws_send_taken(f->c, MUMMY_WS_TEXT, text, 500, count, &done), 0);
	ck_assert_int_eq(done, 1);
	ck_assert_int_eq(mummy_ws_send_taken(f->c, MUMMY_WS_TEXT, text, 2000, count, &done), -EAGAIN);
	ck_assert_int_eq(done, 2);
	ck_assert_int_eq(mummy_ws_send_taken(f->c, MUMMY_WS_TEXT, "\xff", 1, count, &done), -EILSEQ);
	ck_assert_int_eq(done, 3);
	f->result = -EPIPE;
	ck_assert_int_eq(mummy_ws_send_taken(f->c, MUMMY_WS_TEXT, text, 5, count, &done), -EPIPE);
	ck_assert_int_eq(done, 4);
	f->result = 0;
	mummy_ws_message_begin(f->c, MUMMY_WS_TEXT);
	ck_assert_int_eq(mummy_ws_send_taken(f->c, MUMMY_WS_TEXT, text, 5, count, &done), 0);
	ck_assert_int_eq(done, 4);
	mummy_ws_conn_eof(f->c);
	ck_assert_int_eq(done, 5);
	ck_assert_int_eq(mummy_ws_send_taken(f->c, MUMMY_WS_TEXT, text, 5, count, &done), -EPIPE);
	ck_assert_int_eq(done, 6);
	fake_free(f);
}
END_TEST

static void send_again(void *arg)
{
	mummy_ws_send(arg, MUMMY_WS_TEXT, "again", 5);
}

START_TEST(done_may_send)
{
	struct fake *f = fake_new(NULL, NULL);

	mummy_ws_send_taken(f->c, MUMMY_WS_TEXT, "x", 1, send_again, f->c);
	fake_wrote(f, "\x81\x01x\x81\x05" "again");
	fake_free(f);
}
END_TEST

START_TEST(a_message_in_pieces_holds_others_back)
{
	struct fake *f = fake_new(NULL, NULL);
	int done = 0;

	ck_assert_int_eq(mummy_ws_message_begin(f->c, MUMMY_WS_TEXT), 0);
	ck_assert_int_eq(mummy_ws_message_begin(f->c, MUMMY_WS_TEXT), -EBUSY);
	fake_wrote(f, "");
	ck_assert_int_eq(mummy_ws_message_data(f->c, "a\xce", 2), 0);
	fake_wrote(f, "\x01\x02" "a\xce");
	ck_assert_int_eq(mummy_ws_message_end(f->c), -EILSEQ);
	ck_assert_int_eq(mummy_ws_message_data(f->c, "(", 1), -EILSEQ);
	ck_assert_int_eq(mummy_ws_send(f->c, MUMMY_WS_BINARY, "other", 5), 0);
	ck_assert_int_eq(mummy_ws_send_taken(f->c, MUMMY_WS_TEXT, "third", 5, count, &done), 0);
	ck_assert_uint_gt(mummy_ws_pending(f->c), 10);
	fake_wrote(f, "");
	mummy_ws_ping(f->c, NULL, 0);
	fake_wrote(f, "\x89\x00");
	ck_assert_int_eq(mummy_ws_message_data(f->c, "\xba", 1), 0);
	ck_assert_int_eq(mummy_ws_message_data(f->c, NULL, 0), 0);
	fake_wrote(f, "\x00\x01\xba");
	ck_assert_int_eq(mummy_ws_message_end(f->c), 0);
	fake_wrote(f, "\x80\x00\x82\x05other\x81\x05third");
	ck_assert_int_eq(done, 1);
	ck_assert_uint_eq(mummy_ws_pending(f->c), 0);
	ck_assert_int_eq(mummy_ws_message_data(f->c, "x", 1), -EINVAL);
	ck_assert_int_eq(mummy_ws_message_end(f->c), -EINVAL);
	fake_free(f);
}
END_TEST

START_TEST(a_message_of_no_pieces_is_empty)
{
	struct fake *f = fake_new(NULL, NULL);

	mummy_ws_message_begin(f->c, MUMMY_WS_BINARY);
	ck_assert_ptr_nonnull(mws_tx_at(f->c));
	mummy_ws_message_end(f->c);
	ck_assert_ptr_null(mws_tx_at(f->c));
	fake_wrote(f, "\x82\x00");
	fake_free(f);
}
END_TEST

START_TEST(close_ends_an_open_message_and_drops_those_behind)
{
	struct fake *f = fake_new(NULL, NULL);
	int done = 0;

	mummy_ws_message_begin(f->c, MUMMY_WS_TEXT);
	mummy_ws_message_data(f->c, "a", 1);
	mummy_ws_send_taken(f->c, MUMMY_WS_TEXT, "held", 4, count, &done);
	ck_assert_int_eq(mummy_ws_close(f->c, 1000, NULL), 0);
	fake_wrote(f, "\x01\x01" "a\x88\x02\x03\xe8");
	ck_assert_int_eq(done, 1);
	ck_assert_int_eq(mummy_ws_message_data(f->c, "b", 1), -EPIPE);
	ck_assert_int_eq(mummy_ws_message_end(f->c), -EPIPE);
	ck_assert_uint_eq(mummy_ws_pending(f->c), 0);
	fake_free(f);
}
END_TEST

static void pieces_in_message(mummy_ws_conn *c, void *user, enum mummy_ws_opcode op, const void *p, size_t n)
{
	(void)user;
	mummy_ws_message_begin(c, op);
	mummy_ws_send(c, op, "held", 4);
	for (size_t i = 0; i < n; i++)
		mummy_ws_message_data(c, (const char *)p + i, 1);
	mummy_ws_message_end(c);
}

START_TEST(pieces_from_inside_an_event)
{
	static const struct mummy_ws_events ev = { .message = pieces_in_message };
	struct fake *f = fake_new(&ev, NULL);

	fake_feed_frame(f, 1, 1, "ab", 2);
	fake_wrote(f, "\x01\x01" "a\x00\x01" "b\x80\x00\x81\x04held");
	fake_free(f);
}
END_TEST

SUITE_MAIN("ws/send", messages_of_every_length_form, only_valid_messages_are_sent, pings_have_at_most_125_octets,
	   taken_data_is_let_go_exactly_once, done_may_send, a_message_in_pieces_holds_others_back,
	   a_message_of_no_pieces_is_empty, close_ends_an_open_message_and_drops_those_behind,
	   pieces_from_inside_an_event)
