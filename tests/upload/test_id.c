#include <config.h>
#include <string.h>
#include "suite.h"
#include "id.h"

START_TEST(ids_are_valid_and_differ)
{
	char a[MUP_ID_SIZE], b[MUP_ID_SIZE];

	for (int i = 0; i < 100; i++) {
		ck_assert_int_eq(mup_id_make(a), 0);
		ck_assert_int_eq(mup_id_make(b), 0);
		ck_assert_int_eq(mup_id_valid(a, strlen(a)), 1);
		ck_assert_str_ne(a, b);
	}
}
END_TEST

START_TEST(nothing_else_is_an_id)
{
	static const char *const bad[] = { "", "0", "0123456789ABCDEF0123456789abcdef", "0123456789abcdef0123456789abcde",
		"0123456789abcdef0123456789abcdef0", "../3456789abcdef0123456789abcdef", "0123456789abcdeg0123456789abcdef" };

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		ck_assert_int_eq(mup_id_valid(bad[i], strlen(bad[i])), 0);
}
END_TEST

SUITE_MAIN("upload/id", ids_are_valid_and_differ, nothing_else_is_an_id)
