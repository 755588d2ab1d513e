#include <config.h>
#include <errno.h>
#include <limits.h>
#include "fake.h"
#include "conn.h"

START_TEST(open_is_first_and_closed_is_last)
{
	struct fake *f = fake_new(NULL, NULL);

	fake_feed_frame(f, 1, 1, "x", 1);
	fake_eof(f);
	fake_logged(f, "open T:x closed1006 ");
	fake_free(f);
}
END_TEST

START_TEST(a_connection_that_never_started_needs_no_output)
{
	struct fake *f = fake_new(NULL, NULL);
	mummy_ws_conn *c;

	ck_assert_int_eq(mummy_ws_conn_new(&c, f->ep, f->io, NULL, NULL), 0);
	ck_assert_int_eq(mummy_ws_send(c, MUMMY_WS_TEXT, "x", 1), -EPIPE);
	ck_assert_int_eq(mummy_ws_close(c, 1000, NULL), -EPIPE);
	ck_assert_uint_eq(mummy_ws_pending(c), 0);
	ck_assert_int_lt(mummy_ws_conn_feed(c, NULL, 0), 0);
	mummy_ws_conn_eof(c);
	mummy_ws_conn_unref(c);
	ck_assert_uint_eq(f->releases, 0);
	fake_free(f);
}
END_TEST

START_TEST(references_outlive_the_stream_and_the_io)
{
	struct fake *f = fake_new(NULL, NULL);
	mummy_ws_conn *c = mummy_ws_conn_ref(f->c);

	fake_eof(f);
	ck_assert_uint_eq(f->releases, 0);
	mummy_ws_io_free(f->io);
	ck_assert_int_eq(mummy_ws_send(c, MUMMY_WS_TEXT, "x", 1), -EPIPE);
	ck_assert_int_eq(mummy_ws_close(c, 1000, NULL), -EPIPE);
	ck_assert_int_eq(mummy_ws_message_begin(c, MUMMY_WS_TEXT), -EPIPE);
	mummy_ws_conn_eof(c);
	mummy_ws_conn_unref(c);
	ck_assert_uint_eq(f->releases, 1);
	ck_assert_uint_eq(f->posts.n, 0);
	fake_leave(f);
	free(f);
}
END_TEST

START_TEST(the_subprotocol_is_known)
{
	static const char *const names[] = { "v2", "v1" };
	struct mummy_ws_options opt = { .handshake = { .subprotocols = names, .nsubprotocols = 2 } };
	struct mummy_ws_handshake_reply hs = { .status = 101, .subprotocol = "v1" };
	struct fake *f = fake_new(NULL, &opt);
	mummy_ws_conn *c;

	ck_assert_ptr_null(mummy_ws_subprotocol(f->c));
	ck_assert_int_eq(mummy_ws_conn_new(&c, f->ep, f->io, &hs, NULL), 0);
	ck_assert_str_eq(mummy_ws_subprotocol(c), "v1");
	mummy_ws_conn_unref(c);
	fake_free(f);
}
END_TEST

START_TEST(silence_is_pinged_then_cut)
{
	struct mummy_ws_options opt = { .ping_ms = 1000, .idle_ms = 3000 };
	struct fake *f = fake_new(NULL, &opt);

	fake_turn(f, 900);
	fake_wrote(f, "");
	fake_turn(f, 200);
	fake_wrote(f, "\x89\x00");
	fake_turn(f, 1000);
	fake_wrote(f, "");
	ck_assert_uint_eq(f->aborts, 0);
	fake_turn(f, 1000);
	ck_assert_uint_eq(f->aborts, 1);
	fake_turn(f, 100000);
	ck_assert_uint_eq(f->aborts, 1);
	fake_eof(f);
	fake_logged(f, "open closed1006 ");
	fake_free(f);
}
END_TEST

START_TEST(a_peer_that_answers_is_pinged_again)
{
	struct mummy_ws_options opt = { .ping_ms = 1000, .idle_ms = 10000 };
	struct fake *f = fake_new(NULL, &opt);
	unsigned pings = 0;

	for (int i = 0; i < 300; i++) {
		fake_turn(f, 100);
		if (f->nout > f->seen) {
			fake_wrote(f, "\x89\x00");
			pings++;
			fake_feed_frame(f, 1, 10, NULL, 0);
		}
	}
	ck_assert_uint_ge(pings, 24);
	ck_assert_uint_le(pings, 30);
	fake_free(f);
}
END_TEST

START_TEST(any_octet_puts_off_the_ping_and_the_cut)
{
	struct mummy_ws_options opt = { .ping_ms = 1000, .idle_ms = 1500 };
	struct fake *f = fake_new(NULL, &opt);

	for (int i = 0; i < 20; i++) {
		fake_turn(f, 500);
		fake_feed_frame(f, 1, 10, NULL, 0);
		fake_turn(f, 0);
	}
	fake_wrote(f, "");
	fake_turn(f, 1100);
	fake_wrote(f, "\x89\x00");
	fake_feed(f, "\x81", 1);
	fake_turn(f, 0);
	fake_turn(f, 1100);
	fake_wrote(f, "\x89\x00");
	ck_assert_uint_eq(f->aborts, 0);
	fake_free(f);
}
END_TEST

START_TEST(nothing_is_done_in_time_when_no_limit_is_set)
{
	struct mummy_ws_options opt = { .ping_ms = UINT_MAX, .idle_ms = UINT_MAX, .close_ms = UINT_MAX };
	struct fake *f = fake_new(NULL, &opt);

	fake_turn(f, 1000000000);
	fake_turn(f, 1000000000);
	ck_assert_uint_eq(f->nout, 0);
	mummy_ws_close(f->c, 1000, NULL);
	fake_turn(f, 1000000000);
	fake_turn(f, 1000000000);
	ck_assert_uint_eq(f->aborts, 0);
	fake_free(f);
}
END_TEST

START_TEST(who_is_not_read_from_is_not_silent)
{
	struct mummy_ws_options opt = { .ping_ms = 1000, .idle_ms = 2000, .max_pending_bytes = 1,
					.executor = { .submit = later_submit } };
	struct fake *f = fake_new(NULL, &opt);

	ck_assert_int_eq(fake_feed_frame(f, 1, 1, "x", 1), 1);
	for (int i = 0; i < 100; i++)
		fake_turn(f, 500);
	ck_assert_uint_eq(f->aborts, 0);
	later_run(&f->jobs);
	ck_assert_uint_eq(f->resumes, 1);
	for (int i = 0; i < 8; i++)
		fake_turn(f, 500);
	ck_assert_uint_eq(f->aborts, 1);
	fake_free(f);
}
END_TEST

START_TEST(an_idle_connection_has_no_buffers)
{
	struct fake *f = fake_new(NULL, NULL);

	fake_feed_frame(f, 0, 1, "abc", 3);
	ck_assert_ptr_nonnull(f->c->rx);
	fake_feed_frame(f, 1, 0, "abc", 3);
	ck_assert_ptr_null(f->c->rx);
	mummy_ws_message_begin(f->c, MUMMY_WS_TEXT);
	mummy_ws_send(f->c, MUMMY_WS_TEXT, "held", 4);
	ck_assert_ptr_nonnull(mws_tx_at(f->c));
	mummy_ws_message_end(f->c);
	ck_assert_ptr_null(mws_tx_at(f->c));
	ck_assert_ptr_null(mws_queue(f->c));
	fake_free(f);
}
END_TEST

SUITE_MAIN("ws/conn", open_is_first_and_closed_is_last, a_connection_that_never_started_needs_no_output,
	   references_outlive_the_stream_and_the_io, the_subprotocol_is_known, silence_is_pinged_then_cut,
	   a_peer_that_answers_is_pinged_again, any_octet_puts_off_the_ping_and_the_cut, nothing_is_done_in_time_when_no_limit_is_set,
	   who_is_not_read_from_is_not_silent, an_idle_connection_has_no_buffers)
