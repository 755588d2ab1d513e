#include <config.h>
#include <errno.h>
#include <time.h>
#include "fake.h"

static int flushes;

static void answer_twice(mummy_ws_conn *c, void *user, enum mummy_ws_opcode op, const void *p, size_t n)
{
	(void)user;
	mummy_ws_send(c, op, p, n);
	if (flushes)
		ck_assert_int_eq(mummy_ws_flush(c), 0);
	mummy_ws_send(c, op, p, n);
}

static const struct mummy_ws_events twice = { .message = answer_twice };

static struct fake *with_executor(int executor, const struct mummy_ws_events *ev)
{
	struct mummy_ws_options opt = { .executor = { .submit = executor ? later_submit : NULL } };

	return fake_new(ev, &opt);
}

/* A clock that is slow at the wrong time lets some out earlier: that is no fault, but more writes. */
START_TEST(replies_to_one_read_leave_together)
{
	for (int executor = 0; executor < 2; executor++) {
		unsigned least = 99;

		for (int attempt = 0; attempt < 50 && least > 1; attempt++) {
			struct fake *f = with_executor(executor, &twice);
			uint8_t in[200];
			size_t n = 0;

			flushes = 0;
			for (int i = 0; i < 16; i++)
				n += fake_frame(in + n, 1, 1, "abc", 3, 1);
			fake_feed(f, in, n);
			later_run(&f->jobs);
			ck_assert_uint_eq(f->nout, 32 * 5);
			least = f->writes < least ? f->writes : least;
			fake_free(f);
		}
		ck_assert_uint_eq(least, 1);
	}
}
END_TEST

START_TEST(a_flush_lets_them_out)
{
	for (int executor = 0; executor < 2; executor++) {
		struct fake *f = with_executor(executor, &twice);
		uint8_t in[50];
		size_t n = fake_frame(in, 1, 1, "abc", 3, 1);

		n += fake_frame(in + n, 1, 1, "def", 3, 1);
		flushes = 1;
		fake_feed(f, in, n);
		later_run(&f->jobs);
		ck_assert_uint_ge(f->writes, 3);
		fake_wrote(f, "\x81\3abc\x81\3abc\x81\3def\x81\3def");
		ck_assert_int_eq(mummy_ws_flush(f->c), 0);
		mummy_ws_conn_eof(f->c);
		ck_assert_int_eq(mummy_ws_flush(f->c), -EPIPE);
		fake_free(f);
	}
}
END_TEST

static struct timespec long_enough = { 0, 3000000 };

static void slow(mummy_ws_conn *c, void *user, enum mummy_ws_opcode op, const void *p, size_t n)
{
	struct fake *f = user;

	/* What the one before sent is out by now. */
	if (*(const char *)p == '2')
		ck_assert_uint_eq(f->nout, 3);
	mummy_ws_send(c, op, p, n);
	nanosleep(&long_enough, NULL);
}

START_TEST(a_slow_event_does_not_hold_what_others_sent)
{
	static const struct mummy_ws_events ev = { .message = slow };
	struct fake *f = with_executor(1, &ev);

	fake_feed(f, "\x81\x81\0\0\0\0" "1\x81\x81\0\0\0\0" "2", 14);
	later_run(&f->jobs);
	fake_wrote(f, "\x81\1" "1\x81\1" "2");
	fake_free(f);
}
END_TEST

static void another(mummy_ws_conn *c, void *user, enum mummy_ws_opcode op, const void *p, size_t n);
static const struct mummy_ws_events closing = { .message = another };
static void another(mummy_ws_conn *c, void *user, enum mummy_ws_opcode op, const void *p, size_t n)
{
	(void)user;
	mummy_ws_send(c, op, p, n);
	if (*(const char *)p == 'x')
		mummy_ws_close(c, 1000, NULL);
}

START_TEST(a_close_follows_what_was_sent_before)
{
	for (int executor = 0; executor < 2; executor++) {
		struct fake *f = with_executor(executor, &closing);

		fake_feed(f, "\x81\x81\0\0\0\0" "1\x81\x81\0\0\0\0" "x\x81\x81\0\0\0\0" "2", 21);
		later_run(&f->jobs);
		fake_wrote(f, "\x81\1" "1\x81\1" "x\x88\2\x03\xe8");
		fake_free(f);
	}
}
END_TEST

START_TEST(what_is_gathered_waits_while_the_output_is_full)
{
	struct fake *f = with_executor(1, &twice);

	flushes = 0;
	f->result = -EAGAIN;
	fake_feed(f, "\x81\x81\0\0\0\0" "1\x81\x81\0\0\0\0" "2", 14);
	later_run(&f->jobs);
	fake_wrote(f, "");
	ck_assert_uint_eq(mummy_ws_pending(f->c), 12);
	f->result = 0;
	mummy_ws_conn_drained(f->c);
	fake_wrote(f, "\x81\1" "1\x81\1" "1\x81\1" "2\x81\1" "2");
	fake_free(f);
}
END_TEST

static int number(const uint8_t *p)
{
	return (p[0] - 48) * 100 + (p[1] - 48) * 10 + p[2] - 48;
}

START_TEST(publishes_of_a_turn_are_one_write_for_each_subscriber)
{
	struct mummy_ws_options opt = { 0 };
	struct fake *f, m[3];

	ck_assert_int_eq(mummy_ws_hub_new(&opt.hub, NULL), 0);
	f = fake_new(NULL, &opt);
	memset(m, 0, sizeof m);
	for (int i = 0; i < 3; i++) {
		fake_join(&m[i], f->ep, f->io);
		mummy_ws_subscribe(m[i].c, "t", 1);
		mummy_ws_subscribe(m[i].c, "u", 1);
	}
	for (int i = 0; i < 20; i++)
		ck_assert_int_eq(mummy_ws_publish(opt.hub, i % 2 ? "t" : "u", 1, MUMMY_WS_TEXT, "abc", 3), 0);
	fake_turn(f, 1);
	for (int i = 0; i < 3; i++) {
		ck_assert_uint_eq(m[i].nout, 100);
		ck_assert_uint_eq(m[i].writes, 1);
	}
	/* A crowd of them is still all sent, and in order. */
	for (int i = 0; i < 1000; i++) {
		char n[16];

		snprintf(n, sizeof n, "%03d", i);
		ck_assert_int_eq(mummy_ws_publish(opt.hub, "t", 1, MUMMY_WS_TEXT, n, 3), 0);
	}
	fake_turn(f, 1);
	for (int i = 0; i < 3; i++) {
		ck_assert_uint_eq(m[i].nout, 5100);
		for (int k = 0; k < 1000; k++)
			ck_assert_int_eq(number(m[i].out + 102 + 5 * k), k);
	}
	for (int i = 0; i < 3; i++)
		fake_eof(&m[i]);
	fake_turn(f, 1);
	for (int i = 0; i < 3; i++)
		fake_leave(&m[i]);
	mummy_ws_hub_unref(opt.hub);
	fake_free(f);
}
END_TEST

SUITE_MAIN("ws/together", replies_to_one_read_leave_together, a_flush_lets_them_out,
	   a_slow_event_does_not_hold_what_others_sent, a_close_follows_what_was_sent_before,
	   what_is_gathered_waits_while_the_output_is_full, publishes_of_a_turn_are_one_write_for_each_subscriber)
