#include <config.h>
#include <errno.h>
#include "fake.h"

START_TEST(what_is_missing_or_unknown_is_refused)
{
	struct mummy_ws_output output = fake_output;
	struct mummy_ws_events ev = { .reserved = { 0, 0, 0, 1 } };
	static const char *const bad_names[] = { "ok", "not ok" };
	struct mummy_ws_options bad[] = {
		{ .reserved = { 1 } }, { .handshake = { .reserved = { 1 } } }, { .executor = { .reserved = { 1 } } },
		{ .overflow = (enum mummy_ws_overflow)3 }, { .client = 2 },
		{ .handshake = { .subprotocols = bad_names, .nsubprotocols = 2 } },
	};
	mummy_ws_endpoint *ep;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		ck_assert_int_eq(mummy_ws_endpoint_new(&ep, &output, &fake_events, &bad[i]), -EINVAL);
	ck_assert_int_eq(mummy_ws_endpoint_new(&ep, &output, &ev, NULL), -EINVAL);
	ck_assert_int_eq(mummy_ws_endpoint_new(&ep, NULL, &fake_events, NULL), -EINVAL);
	ck_assert_int_eq(mummy_ws_endpoint_new(&ep, &output, NULL, NULL), -EINVAL);
	output.reserved[0] = 1;
	ck_assert_int_eq(mummy_ws_endpoint_new(&ep, &output, &fake_events, NULL), -EINVAL);
	output = fake_output;
	output.writev = NULL;
	ck_assert_int_eq(mummy_ws_endpoint_new(&ep, &output, &fake_events, NULL), -EINVAL);
}
END_TEST

START_TEST(options_are_copied)
{
	char name[] = "chat";
	const char *names[] = { name, "other" };
	struct mummy_ws_options opt = { .handshake = { .subprotocols = names, .nsubprotocols = 2 } };
	const struct mummy_ws_handshake_options *h;
	mummy_ws_endpoint *ep;

	ck_assert_int_eq(mummy_ws_endpoint_new(&ep, &fake_output, &fake_events, &opt), 0);
	name[0] = 'X';
	names[1] = NULL;
	h = mummy_ws_endpoint_handshake(ep);
	ck_assert_uint_eq(h->nsubprotocols, 2);
	ck_assert_str_eq(h->subprotocols[0], "chat");
	ck_assert_str_eq(h->subprotocols[1], "other");
	mummy_ws_endpoint_unref(mummy_ws_endpoint_ref(ep));
	mummy_ws_endpoint_unref(ep);
	mummy_ws_endpoint_unref(NULL);
}
END_TEST

START_TEST(figures)
{
	struct fake *f = fake_new(NULL, NULL);
	struct mummy_ws_stats s;

	f->echo = 1;
	fake_feed_frame(f, 1, 1, "hello", 5);
	fake_feed_frame(f, 0, 1, "a", 1);
	fake_feed_frame(f, 1, 9, "a", 1);
	fake_feed_frame(f, 1, 0, "b", 1);
	mummy_ws_stats_get(f->ep, &s);
	ck_assert_uint_eq(s.connections, 1);
	ck_assert_uint_eq(s.messages_in, 2);
	ck_assert_uint_eq(s.messages_out, 2);
	ck_assert_uint_eq(s.bytes_in, 11 + 3 * 7);
	ck_assert_uint_eq(s.bytes_out, f->nout);
	fake_free(f);
}
END_TEST

SUITE_MAIN("ws/endpoint", what_is_missing_or_unknown_is_refused, options_are_copied, figures)
