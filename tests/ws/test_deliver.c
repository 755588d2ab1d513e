#include <config.h>
#include <errno.h>
#include "fake.h"
#include "zlib-peer.h"

enum { MEMBERS = 6 };

static struct fake member[MEMBERS], *first;
static struct mummy_ws_options opt;

static void begin(unsigned hard_limit, enum mummy_ws_overflow overflow)
{
	memset(&opt, 0, sizeof opt);
	opt.hard_limit_bytes = hard_limit;
	opt.overflow = overflow;
	ck_assert_int_eq(mummy_ws_hub_new(&opt.hub, NULL), 0);
	first = fake_new(NULL, &opt);
	memset(member, 0, sizeof member);
}

static void join(unsigned i)
{
	fake_join(&member[i], first->ep, first->io);
	ck_assert_int_eq(mummy_ws_subscribe(member[i].c, "t", 1), 0);
}

static void say(const void *p, size_t n)
{
	ck_assert_int_eq(mummy_ws_publish(opt.hub, "t", 1, MUMMY_WS_TEXT, p, n), 0);
}

static void end(unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		fake_eof(&member[i]);
	fake_turn(first, 1);
	for (unsigned i = 0; i < n; i++)
		fake_leave(&member[i]);
	mummy_ws_hub_unref(opt.hub);
	fake_free(first);
}

START_TEST(who_comes_between_gets_what_is_said_later)
{
	struct mummy_ws_stats s;

	begin(0, MUMMY_WS_REFUSE);
	join(0);
	say("1", 1);
	join(1);
	say("2", 1);
	say("3", 1);
	join(2);
	fake_turn(first, 1);
	fake_wrote(&member[0], "\x81\1" "1\x81\1" "2\x81\1" "3");
	fake_wrote(&member[1], "\x81\1" "2\x81\1" "3");
	fake_wrote(&member[2], "");
	ck_assert_uint_eq(member[0].writes, 1);
	ck_assert_uint_eq(member[1].writes, 1);
	mummy_ws_stats_get(first->ep, &s);
	ck_assert_uint_eq(s.messages_out, 5);
	ck_assert_uint_eq(s.bytes_out, 15);
	end(3);
}
END_TEST

/* Of five messages of 300 octets three have room. */
START_TEST(the_policy_judges_each_by_itself)
{
	static char text[300];

	memset(text, 'x', sizeof text);
	for (int policy = MUMMY_WS_REFUSE; policy <= MUMMY_WS_DISCONNECT; policy++) {
		struct mummy_ws_stats s;

		begin(1000, (enum mummy_ws_overflow)policy);
		join(0);
		for (int i = 0; i < 5; i++)
			say(text, sizeof text);
		fake_turn(first, 1);
		mummy_ws_stats_get(first->ep, &s);
		ck_assert_uint_eq(s.messages_out, 3);
		ck_assert_uint_eq(s.dropped, policy == MUMMY_WS_DISCONNECT ? 1 : 2);
		ck_assert_uint_eq(member[0].nout, 3 * 304 + (policy == MUMMY_WS_DISCONNECT ? 4 : 0));
		end(1);
	}
}
END_TEST

START_TEST(what_waits_goes_first)
{
	begin(0, MUMMY_WS_REFUSE);
	join(0);
	join(1);
	fake_turn(first, 1);
	/* An output that is full, and a message that is open. */
	member[0].result = -EAGAIN;
	ck_assert_int_eq(mummy_ws_send(member[0].c, MUMMY_WS_BINARY, "0", 1), -EAGAIN);
	ck_assert_int_eq(mummy_ws_message_begin(member[1].c, MUMMY_WS_BINARY), 0);
	ck_assert_int_eq(mummy_ws_message_data(member[1].c, "a", 1), 0);
	for (int turn = 0; turn < 2; turn++) {
		say("1", 1);
		say("2", 1);
		fake_turn(first, 1);
	}
	fake_wrote(&member[0], "");
	fake_wrote(&member[1], "\2\1" "a");
	member[0].result = 0;
	mummy_ws_conn_drained(member[0].c);
	ck_assert_int_eq(mummy_ws_message_end(member[1].c), 0);
	fake_wrote(&member[0], "\x81\1" "1\x81\1" "2\x81\1" "1\x81\1" "2");
	ck_assert_uint_eq(member[1].nout, 3 + 2 + 12);
	ck_assert_mem_eq(member[1].out + 3, "\x80\0\x81\1" "1\x81\1" "2", 8);
	end(2);
}
END_TEST

/* Frames that member i got are n messages of text. */
static void expect_texts(unsigned i, unsigned bits, const uint8_t *text, size_t len, unsigned n)
{
	struct peer p;
	uint8_t back[4096];
	size_t at = 0;

	peer_init(&p, 15, bits ? (int)bits : 15);
	for (; n > 0; n--) {
		struct mummy_ws_frame f;
		int head = mummy_ws_frame_parse(member[i].out + at, member[i].nout - at, &f);

		ck_assert_int_gt(head, 0);
		ck_assert_uint_eq(f.rsv1, bits != 0);
		at += (size_t)head;
		if (bits) {
			ck_assert_uint_eq(peer_inflate(&p, member[i].out + at, f.length, back, sizeof back, 0), len);
			ck_assert_mem_eq(back, text, len);
		} else {
			ck_assert_uint_eq(f.length, len);
			ck_assert_mem_eq(member[i].out + at, text, len);
		}
		at += f.length;
	}
	ck_assert_uint_eq(at, member[i].nout);
	peer_free(&p);
}

START_TEST(every_agreement_at_once)
{
	static const unsigned bits[MEMBERS] = { 0, 15, 14, 13, 12, 11 };
	uint8_t text[2000];

	peer_text(text, sizeof text, 3);
	for (size_t i = 0; i < sizeof text; i++)
		text[i] &= 0x7f;
	fake_agree(0, 0, 0, 0, 0);
	begin(0, MUMMY_WS_REFUSE);
	for (unsigned i = 0; i < MEMBERS; i++) {
		fake_agree(bits[i] != 0, bits[i] ? bits[i] : 15, 15, 0, 0);
		join(i);
	}
	for (int i = 0; i < 3; i++)
		say(text, sizeof text);
	fake_turn(first, 1);
	for (unsigned i = 0; i < MEMBERS; i++) {
		expect_texts(i, bits[i], text, sizeof text, 3);
		ck_assert_uint_eq(member[i].writes, 1);
	}
	end(MEMBERS);
	fake_agree(0, 0, 0, 0, 0);
}
END_TEST

START_TEST(many_and_big_ones)
{
	static uint8_t text[30000];

	memset(text, 'y', sizeof text);
	begin(0, MUMMY_WS_REFUSE);
	join(0);
	for (int i = 0; i < 70; i++)
		say(text, i % 2 ? sizeof text : 5);
	fake_turn(first, 1);
	ck_assert_uint_eq(member[0].nout, 35 * 7 + 35 * 30004);
	for (unsigned i = 0; i < 35; i++) {
		ck_assert_mem_eq(member[0].out + i * 30011, "\x81\5yyyyy\x81\x7e\x75\x30y", 12);
		ck_assert_int_eq(member[0].out[i * 30011 + 30010], 'y');
	}
	end(1);
}
END_TEST

SUITE_MAIN("ws/deliver", who_comes_between_gets_what_is_said_later, the_policy_judges_each_by_itself,
	   what_waits_goes_first, every_agreement_at_once, many_and_big_ones)
