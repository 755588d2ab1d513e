#include <config.h>
#include <stdlib.h>
#include <string.h>
#include "suite.h"
#include "json.h"

START_TEST(test_members)
{
	struct json j = { 0 };

	json_raw(&j, "{");
	json_member_number(&j, "n", UINT64_MAX);
	json_member_string(&j, "s", "x", 1);
	json_key(&j, "o");
	json_raw(&j, "{");
	json_member_number(&j, "zero", 0);
	json_raw(&j, "}}");
	json_raw(&j, "");
	ck_assert_int_eq(j.failed, 0);
	ck_assert_uint_eq(j.len, strlen("{\"n\":18446744073709551615,\"s\":\"x\",\"o\":{\"zero\":0}}"));
	ck_assert_mem_eq(j.text, "{\"n\":18446744073709551615,\"s\":\"x\",\"o\":{\"zero\":0}}", j.len);
	json_free(&j);
	ck_assert_ptr_null(j.text);
}
END_TEST

START_TEST(test_escapes)
{
	static const char in[] = "\"\\\b\n\x1f\x7f \xc3\xa9/\0end";
	static const char want[] = "\"\\\"\\\\\\u0008\\u000a\\u001f\\u007f \xc3\xa9/\\u0000end\"";
	struct json j = { 0 };

	json_string(&j, in, sizeof in - 1);
	ck_assert_uint_eq(j.len, sizeof want - 1);
	ck_assert_mem_eq(j.text, want, j.len);
	json_free(&j);
}
END_TEST

/* RFC 8259 section 8.1: nothing but UTF-8; what clients send may be anything. */
START_TEST(test_what_is_no_utf8_is_replaced)
{
	static const struct { const char *in, *want; } v[] = {
		{ "a\xff" "b", "\"a\\ufffdb\"" }, { "\xc3", "\"\\ufffd\"" }, { "\xc0\xaf", "\"\\ufffd\\ufffd\"" },
		{ "\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\"" }, { "\xf4\x90\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\"" },
		{ "\xe2\x82\xac\xf0\x9f\x98\x80", "\"\xe2\x82\xac\xf0\x9f\x98\x80\"" }, { "\xe2\x82", "\"\\ufffd\\ufffd\"" },
	};

	for (size_t i = 0; i < sizeof v / sizeof v[0]; i++) {
		struct json j = { 0 };

		json_string(&j, v[i].in, strlen(v[i].in));
		ck_assert_uint_eq(j.len, strlen(v[i].want));
		ck_assert_mem_eq(j.text, v[i].want, j.len);
		json_free(&j);
	}
}
END_TEST

START_TEST(test_grows)
{
	struct json j = { 0 };
	char *big = malloc(100000);

	ck_assert_ptr_nonnull(big);
	memset(big, 1, 100000);
	json_string(&j, big, 100000);
	ck_assert_uint_eq(j.len, 600002);
	ck_assert_mem_eq(j.text + 600002 - 7, "\\u0001\"", 7);
	json_free(&j);
	free(big);
}
END_TEST

SUITE_MAIN("json", test_members, test_escapes, test_what_is_no_utf8_is_replaced, test_grows)
