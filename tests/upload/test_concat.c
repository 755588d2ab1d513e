#include <config.h>
#include <errno.h>
#include <string.h>
#include "suite.h"
#include "concat.h"

#define A "0123456789abcdef0123456789abcdef"
#define B "fedcba9876543210fedcba9876543210"

static int check(const char *text, unsigned max)
{
	enum mup_concat kind = MUP_WHOLE;
	int rc = mup_concat_check(text, strlen(text), max, &kind);

	return rc < 0 ? rc : (int)kind;
}

START_TEST(the_forms_are_told_apart)
{
	static const struct { const char *text; int rc; } v[] = {
		{ "partial", MUP_PARTIAL }, { "final;/files/" A, MUP_FINAL }, { "final;/files/" A " /files/" B, MUP_FINAL },
		{ "final; /files/" A "  /files/" B " ", MUP_FINAL }, { "final;http://[::1]:80/x/files/" A, MUP_FINAL },
		{ "final;/files/" A " /files/" A, MUP_FINAL }, { "final;/" A, MUP_FINAL },
		{ "", -EINVAL }, { "Partial", -EINVAL }, { "partial ", -EINVAL }, { "final", -EINVAL }, { "final;", -EINVAL },
		{ "final; ", -EINVAL }, { "final;" A, -EINVAL }, { "final;/files/" A "/", -EINVAL },
		{ "final;/files/" A "0", -EINVAL }, { "final;/files/" A ",/files/" B, -EINVAL },
		{ "final;/files/" A "\t/files/" B, -EINVAL }, { "final;/files/0123", -EINVAL },
		{ "final;/files/" A " x", -EINVAL }, { "final;/files/" A " /files/" B " /files/" A, -E2BIG },
	};

	for (size_t i = 0; i < sizeof v / sizeof v[0]; i++)
		ck_assert_msg(check(v[i].text, 2) == v[i].rc, "%s: %d", v[i].text, check(v[i].text, 2));
}
END_TEST

START_TEST(parts_come_in_their_order)
{
	const char text[] = "final; /files/" A "  http://x/files/" B " /files/" A " ", *at = NULL;
	char id[MUP_ID_SIZE];

	ck_assert_int_eq(mup_concat_next(text, &at, id), 1);
	ck_assert_str_eq(id, A);
	ck_assert_int_eq(mup_concat_next(text, &at, id), 1);
	ck_assert_str_eq(id, B);
	ck_assert_int_eq(mup_concat_next(text, &at, id), 1);
	ck_assert_str_eq(id, A);
	ck_assert_int_eq(mup_concat_next(text, &at, id), 0);
	ck_assert_int_eq(mup_concat_kind(NULL), MUP_WHOLE);
	ck_assert_int_eq(mup_concat_kind("partial"), MUP_PARTIAL);
	ck_assert_int_eq(mup_concat_kind(text), MUP_FINAL);
}
END_TEST

SUITE_MAIN("upload/concat", the_forms_are_told_apart, parts_come_in_their_order)
