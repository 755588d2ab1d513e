#include <config.h>
#include "suite.h"
#include "head.h"
#include "field.h"

START_TEST(members_of_all_lines_come_in_order)
{
	static const char *const want[] = { "a", "b c", "d", "e" };
	struct head h = { { { "X", " a ,, b c\t," }, { "Y", "no" }, { "x", "" }, { "X", "d,e" } } };
	struct mummy_ws_handshake_request req = head_request(&h);
	struct mws_list l = { .req = &req, .name = "X" };
	struct mws_span s;

	for (size_t i = 0; i < 4; i++) {
		ck_assert(mws_list_next(&l, &s));
		ck_assert(mws_span_is(s, want[i]));
	}
	ck_assert(!mws_list_next(&l, &s));
}
END_TEST

START_TEST(fields_are_counted_and_trimmed)
{
	struct head h = { { { "One", "  v " }, { "Two", "a" }, { "two", "b" } } };
	struct mummy_ws_handshake_request req = head_request(&h);
	struct mws_span s;

	ck_assert_uint_eq(mws_field(&req, "one", &s), 1);
	ck_assert(mws_span_is(s, "v"));
	ck_assert_uint_eq(mws_field(&req, "Two", &s), 2);
	ck_assert_uint_eq(mws_field(&req, "None", &s), 0);
	ck_assert_ptr_null(s.at);
	ck_assert(!mws_span_is(s, ""));
}
END_TEST

START_TEST(words_are_found_in_any_case_and_only_whole)
{
	struct head h = { { { "Connection", "keep-alive, UPGRADE" }, { "Upgrade", "websockets, xwebsocket" } } };
	struct mummy_ws_handshake_request req = head_request(&h);

	ck_assert(mws_field_has(&req, "Connection", "upgrade"));
	ck_assert(!mws_field_has(&req, "Upgrade", "websocket"));
}
END_TEST

START_TEST(tokens)
{
	ck_assert(mws_is_token((struct mws_span){ "chat.v1-2_~!", 12 }));
	ck_assert(!mws_is_token((struct mws_span){ "", 0 }));
	ck_assert(!mws_is_token((struct mws_span){ "a b", 3 }));
	ck_assert(!mws_is_token((struct mws_span){ "a\0b", 3 }));
	ck_assert(!mws_is_token((struct mws_span){ "a=b", 3 }));
	ck_assert(!mws_is_token((struct mws_span){ "\xc3\xa9", 2 }));
}
END_TEST

SUITE_MAIN("ws/field", members_of_all_lines_come_in_order, fields_are_counted_and_trimmed,
	   words_are_found_in_any_case_and_only_whole, tokens)
