#include <config.h>
#include <errno.h>
#include "fake.h"

START_TEST(subscriptions_come_and_go)
{
	struct mummy_ws_options opt = { 0 };
	struct fake *f;
	char name[16];

	ck_assert_int_eq(mummy_ws_hub_new(&opt.hub, NULL), 0);
	f = fake_new(NULL, &opt);
	ck_assert_ptr_eq(mummy_ws_hub_ref(opt.hub), opt.hub);
	mummy_ws_hub_unref(opt.hub);
	mummy_ws_hub_unref(opt.hub);
	ck_assert_int_eq(mummy_ws_unsubscribe(f->c, "a", 1), -ENOENT);
	for (int i = 0; i < 200; i++) {
		int n = snprintf(name, sizeof name, "topic%d", i);

		ck_assert_int_eq(mummy_ws_subscribe(f->c, name, (size_t)n), 0);
		ck_assert_int_eq(mummy_ws_subscribe(f->c, name, (size_t)n), -EALREADY);
	}
	ck_assert_int_eq(mummy_ws_subscribe(f->c, NULL, 0), 0);
	ck_assert_int_eq(mummy_ws_subscribe(f->c, "a\0b", 3), 0);
	ck_assert_int_eq(mummy_ws_unsubscribe(f->c, "a", 1), -ENOENT);
	for (int i = 0; i < 200; i += 2) {
		int n = snprintf(name, sizeof name, "topic%d", i);

		ck_assert_int_eq(mummy_ws_unsubscribe(f->c, name, (size_t)n), 0);
		ck_assert_int_eq(mummy_ws_unsubscribe(f->c, name, (size_t)n), -ENOENT);
	}
	mummy_ws_conn_ref(f->c);
	mummy_ws_conn_eof(f->c);
	ck_assert_int_eq(mummy_ws_subscribe(f->c, "late", 4), -EPIPE);
	ck_assert_int_eq(mummy_ws_unsubscribe(f->c, "topic1", 6), -ENOENT);
	mummy_ws_conn_unref(f->c);
	fake_free(f);
}
END_TEST

START_TEST(without_a_hub_there_are_no_topics)
{
	struct fake *f = fake_new(NULL, NULL);

	ck_assert_int_eq(mummy_ws_subscribe(f->c, "a", 1), -ENOTSUP);
	ck_assert_int_eq(mummy_ws_unsubscribe(f->c, "a", 1), -ENOTSUP);
	fake_free(f);
}
END_TEST

START_TEST(reserved_tails_must_be_zero)
{
	struct mummy_ws_hub_options opt = { .reserved = { 0, 1 } };
	mummy_ws_hub *h;

	ck_assert_int_eq(mummy_ws_hub_new(&h, &opt), -EINVAL);
	mummy_ws_hub_unref(NULL);
}
END_TEST

SUITE_MAIN("ws/hub", subscriptions_come_and_go, without_a_hub_there_are_no_topics, reserved_tails_must_be_zero)
