#include <config.h>
#include <errno.h>
#include <string.h>
#include "suite.h"
#include "sf.h"

START_TEST(items)
{
	static const struct { const char *text; int type; int64_t number; } v[] = {
		{ "?1", MUP_SF_BOOLEAN, 1 }, { "?0", MUP_SF_BOOLEAN, 0 }, { " ?1 ", MUP_SF_BOOLEAN, 1 },
		{ "?1;a;b=2;c=\"x\"; d=?0;e=:AA==:;f=tok;g=1.5;h=@1;i=%\"%c3%bc\"", MUP_SF_BOOLEAN, 1 },
		{ "?2", -1, 0 }, { "?", -1, 0 }, { "?1?", -1, 0 }, { "?1, ?1", -1, 0 }, { "1", MUP_SF_INTEGER, 1 }, { "?10", -1, 0 },
		{ "?1;", -1, 0 }, { "?1;A", -1, 0 }, { "?1;a=", -1, 0 }, { "?1 ;a", -1, 0 }, { "true", MUP_SF_TOKEN, 0 },
		{ "0", MUP_SF_INTEGER, 0 }, { "-0", MUP_SF_INTEGER, 0 }, { "007", MUP_SF_INTEGER, 7 }, { "-42", MUP_SF_INTEGER, -42 },
		{ "999999999999999", MUP_SF_INTEGER, 999999999999999 }, { "1000000000000000", -1, 0 }, { "+1", -1, 0 }, { "- 1", -1, 0 },
		{ "1 2", -1, 0 }, { "1,2", -1, 0 }, { "\t1", -1, 0 }, { "1\t", -1, 0 }, { "0x10", -1, 0 }, { "", -1, 0 }, { " ", -1, 0 },
		{ "1.5", MUP_SF_DECIMAL, 1 }, { "1.", -1, 0 }, { "1.1234", -1, 0 }, { ".5", -1, 0 }, { "1234567890123.1", -1, 0 },
		{ "123456789012.123", MUP_SF_DECIMAL, 123456789012 }, { "\"a\\\"b\\\\\"", MUP_SF_STRING, 0 }, { "\"a", -1, 0 }, { "\"a\\b\"", -1, 0 },
		{ "\"a\\", -1, 0 }, { "\"\x80\"", -1, 0 }, { "*a/b:c", MUP_SF_TOKEN, 0 }, { "a b", -1, 0 }, { ":YQ==:", MUP_SF_BYTES, 0 },
		{ "::", MUP_SF_BYTES, 0 }, { ":YQ==", -1, 0 }, { ":Y*==:", -1, 0 }, { "@1659578233", MUP_SF_DATE, 1659578233 }, { "@1.5", -1, 0 },
		{ "@", -1, 0 }, { "%\"a%20b\"", MUP_SF_DISPLAY, 0 }, { "%\"a%2\"", -1, 0 }, { "%\"%AA\"", -1, 0 }, { "%a", -1, 0 }, { "(1 2)", -1, 0 },
	};
	struct mup_sf_item it;

	for (size_t i = 0; i < sizeof v / sizeof v[0]; i++) {
		int rc = mup_sf_item(v[i].text, strlen(v[i].text), &it);

		ck_assert_msg(v[i].type < 0 ? rc == -EINVAL : rc == 0 && (int)it.type == v[i].type && it.number == v[i].number,
			      "%s: %d %d", v[i].text, rc, (int)it.type);
	}
	ck_assert_int_eq(mup_sf_item(":YQ==:;x", 8, &it), 0);
	ck_assert_uint_eq(it.n, 4);
	ck_assert_mem_eq(it.p, "YQ==", 4);
	ck_assert_int_eq(mup_sf_item("1\0" "2", 3, &it), -EINVAL);
}
END_TEST

START_TEST(members_of_dictionaries)
{
	static const struct { const char *text; int rc, type; int64_t number; } v[] = {
		{ "", 0, 0, 0 }, { "a=1", 1, MUP_SF_INTEGER, 1 }, { "b=2", 0, 0, 0 }, { "a", 1, MUP_SF_BOOLEAN, 1 },
		{ "b=2, a=1", 1, MUP_SF_INTEGER, 1 }, { "a=1,b", 1, MUP_SF_INTEGER, 1 }, { "b;x=1 \t,\t a=?0", 1, MUP_SF_BOOLEAN, 0 },
		{ "a=1, a=2", 1, MUP_SF_INTEGER, 2 }, { "a=(1 2);q", 1, MUP_SF_LIST, 0 }, { "a=()", 1, MUP_SF_LIST, 0 }, { "ab=1", 0, 0, 0 },
		{ "a=1,", -EINVAL, 0, 0 }, { "a=1 b=2", -EINVAL, 0, 0 }, { ",a", -EINVAL, 0, 0 }, { "A=1", -EINVAL, 0, 0 }, { "a=", -EINVAL, 0, 0 },
		{ "a=(1", -EINVAL, 0, 0 }, { "a=(1,2)", -EINVAL, 0, 0 }, { "a=(1\"2\")", -EINVAL, 0, 0 }, { "a=1, b=!", -EINVAL, 0, 0 },
		{ "a= 1", -EINVAL, 0, 0 }, { "a =1", -EINVAL, 0, 0 },
	};
	struct mup_sf_item it;

	for (size_t i = 0; i < sizeof v / sizeof v[0]; i++) {
		int rc = mup_sf_member(v[i].text, strlen(v[i].text), "a", &it);

		ck_assert_msg(rc == v[i].rc && (rc != 1 || ((int)it.type == v[i].type && it.number == v[i].number)), "%s: %d",
			      v[i].text, rc);
	}
	ck_assert_int_eq(mup_sf_member("sha-256=:YQ==:, sha-512=:YmI=:", 30, "sha-512", &it), 1);
	ck_assert_int_eq(it.type, MUP_SF_BYTES);
	ck_assert_mem_eq(it.p, "YmI=", 4);
}
END_TEST

/* What is cut off anywhere is read without a look beyond its end, which a sanitizer would see. */
START_TEST(every_cut)
{
	static const char text[] = "a=1;p=\"q\\\"\", b=(1 @2;x %\"%c3%bc\" tok);y, c=:YWJj:, d=?1, e=-1.25";
	struct mup_sf_item it;

	for (size_t n = 0; n < sizeof text; n++) {
		char *copy = malloc(n + 1);
		int rc;

		memcpy(copy, text, n);
		copy = realloc(copy, n ? n : 1);
		rc = mup_sf_member(copy, n, "zz", &it);
		ck_assert(rc == 0 || rc == -EINVAL);
		rc = mup_sf_item(copy, n, &it);
		ck_assert(rc == 0 || rc == -EINVAL);
		free(copy);
	}
	ck_assert_int_eq(mup_sf_member(text, sizeof text - 1, "e", &it), 1);
	ck_assert_int_eq(it.type, MUP_SF_DECIMAL);
}
END_TEST

SUITE_MAIN("upload/sf", items, members_of_dictionaries, every_cut)
