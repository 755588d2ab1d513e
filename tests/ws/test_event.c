#include <config.h>
#include <errno.h>
#include "fake.h"

static const struct mummy_ws_options threads = { .executor = { .submit = later_submit } };

START_TEST(one_submit_for_each_read)
{
	struct fake *f = fake_new(NULL, &threads);
	uint8_t in[1024];
	size_t n = 0;

	ck_assert_uint_eq(f->jobs.submits, 1);
	later_run(&f->jobs);
	for (int i = 0; i < 20; i++)
		n += fake_frame(in + n, 1, 1, "abc", 3, 1);
	ck_assert_int_eq(fake_feed(f, in, n), 0);
	ck_assert_uint_eq(f->jobs.submits, 2);
	fake_logged(f, "open ");
	ck_assert_int_eq(fake_feed(f, in, n), 0);
	ck_assert_uint_eq(f->jobs.submits, 2);
	later_run(&f->jobs);
	ck_assert_uint_eq(f->nlog, 5 + 40 * 6);
	ck_assert_uint_eq(f->jobs.submits, 2);
	fake_feed(f, in, 9);
	later_run(&f->jobs);
	ck_assert_uint_eq(f->jobs.submits, 3);
	fake_free(f);
}
END_TEST

START_TEST(what_waits_is_bounded_by_a_pause)
{
	struct mummy_ws_options opt = threads;
	struct mummy_ws_stats s;
	struct fake *f;
	char text[1000];
	unsigned fed = 0;

	opt.max_pending_bytes = 10000;
	f = fake_new(NULL, &opt);
	memset(text, 'a', sizeof text);
	while (fake_feed_frame(f, 1, 1, text, sizeof text) == 0)
		fed++;
	ck_assert_uint_lt(fed, 10);
	mummy_ws_stats_get(f->ep, &s);
	ck_assert_uint_gt(s.pending_bytes, 10000);
	ck_assert_uint_lt(s.pending_bytes, 12000);
	ck_assert_uint_eq(f->resumes, 0);
	later_run(&f->jobs);
	ck_assert_uint_eq(f->resumes, 1);
	mummy_ws_stats_get(f->ep, &s);
	ck_assert_uint_eq(s.pending_bytes, 0);
	ck_assert_int_eq(fake_feed_frame(f, 1, 1, text, sizeof text), 0);
	fake_free(f);
}
END_TEST

START_TEST(a_refused_submit_pauses_and_is_tried_again)
{
	struct fake *f = fake_new(NULL, &threads);

	later_run(&f->jobs);
	f->jobs.refuse = -EAGAIN;
	ck_assert_int_eq(fake_feed_frame(f, 1, 1, "x", 1), 1);
	for (int i = 0; i < 3; i++)
		fake_turn(f, 10);
	later_run(&f->jobs);
	fake_logged(f, "open ");
	ck_assert_uint_eq(f->resumes, 0);
	f->jobs.refuse = 0;
	fake_turn(f, 10);
	later_run(&f->jobs);
	fake_logged(f, "open T:x ");
	ck_assert_uint_eq(f->resumes, 1);
	fake_free(f);
}
END_TEST

START_TEST(after_the_executor_s_end_closed_comes_on_the_io_thread)
{
	struct fake *f = fake_new(NULL, &threads);

	later_run(&f->jobs);
	f->jobs.refuse = -ESHUTDOWN;
	fake_feed_frame(f, 1, 1, "x", 1);
	fake_turn(f, 0);
	fake_wrote(f, "\x88\x02\x03\xe9");
	fake_feed_frame(f, 1, 1, "y", 1);
	fake_eof(f);
	fake_logged(f, "open closed1006 ");
	fake_free(f);
}
END_TEST

START_TEST(an_io_that_ends_gives_closed_though_the_executor_refuses)
{
	struct fake *f = fake_new(NULL, &threads);

	f->jobs.refuse = -EAGAIN;
	fake_feed_frame(f, 1, 1, "x", 1);
	mummy_ws_conn_eof(f->c);
	mummy_ws_io_free(f->io);
	later_run(&f->jobs);
	ck_assert_ptr_nonnull(strstr(f->log, "closed1006 "));
	mummy_ws_conn_unref(f->c);
	f->c = NULL;
	ck_assert_uint_eq(f->releases, 1);
	fake_leave(f);
	free(f);
}
END_TEST

START_TEST(big_messages_and_small_ones_keep_their_order)
{
	struct fake *f = fake_new(NULL, &threads);
	size_t big = 70000, n = 0;
	uint8_t *in = malloc(2 * big), *text = calloc(1, big);

	n += fake_frame(in + n, 1, 1, "a", 1, 1);
	n += fake_frame(in + n, 1, 2, text, big, 1);
	n += fake_frame(in + n, 1, 10, "p", 1, 1);
	n += fake_frame(in + n, 1, 1, "", 0, 1);
	fake_feed_by(f, in, n, 9999);
	later_run(&f->jobs);
	fake_logged(f, "open T:a B70000 pong:p T: ");
	free(in);
	free(text);
	fake_free(f);
}
END_TEST

START_TEST(messages_before_the_end_are_given_before_closed)
{
	struct fake *f = fake_new(NULL, &threads);

	fake_feed_frame(f, 1, 1, "x", 1);
	mummy_ws_conn_eof(f->c);
	later_run(&f->jobs);
	fake_logged(f, "open T:x closed1006 ");
	fake_free(f);
}
END_TEST

SUITE_MAIN("ws/event", one_submit_for_each_read, what_waits_is_bounded_by_a_pause,
	   a_refused_submit_pauses_and_is_tried_again, after_the_executor_s_end_closed_comes_on_the_io_thread,
	   an_io_that_ends_gives_closed_though_the_executor_refuses,
	   big_messages_and_small_ones_keep_their_order, messages_before_the_end_are_given_before_closed)
