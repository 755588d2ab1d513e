#include <config.h>
#include "suite.h"
#include <string.h>
#include "date.h"

#define NOW 1796000000                   /* of 2026 */

static int64_t date(const char *text)
{
	int64_t out = -1;

	return mup_date(text, strlen(text), NOW, &out) == 0 ? out : INT64_MIN;
}

START_TEST(each_form_is_read)
{
	ck_assert_int_eq(date("Sun, 06 Nov 1994 08:49:37 GMT"), 784111777);
	ck_assert_int_eq(date("Sunday, 06-Nov-94 08:49:37 GMT"), 784111777);
	ck_assert_int_eq(date("Sun Nov  6 08:49:37 1994"), 784111777);
	ck_assert_int_eq(date("Thu, 01 Jan 1970 00:00:00 GMT"), 0);
	ck_assert_int_eq(date("Wed, 31 Dec 1969 23:59:59 GMT"), -1);
	ck_assert_int_eq(date("Thu, 29 Feb 2024 12:00:00 GMT"), 1709208000);
	ck_assert_int_eq(date("Fri, 01 Mar 2024 00:00:00 GMT"), 1709251200);
	ck_assert_int_eq(date("Fri, 31 Dec 9999 23:59:59 GMT"), 253402300799);
	/* 2076 is at most 50 years ahead, 77 is of the last century */
	ck_assert_int_eq(date("Sunday, 01-Nov-76 00:00:00 GMT"), 3371414400);
	ck_assert_int_eq(date("Tuesday, 01-Nov-77 00:00:00 GMT"), 247190400);
}
END_TEST

START_TEST(what_is_no_date_is_refused)
{
	static const char *const bad[] = { "", "0", "now", "Sun, 06 Nov 1994", "Sun, 06 Nov 1994 08:49:37",
		"Sun, 06 Nov 1994 08:49:37 CET", "Sun, 06 Nov 1994 08:49:37 GMT ", "Sun, 00 Nov 1994 08:49:37 GMT",
		"Sun, 32 Nov 1994 08:49:37 GMT", "Sun, 06 Foo 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT",
		"Sun, 06 Nov 1994 08:60:37 GMT", "Sun, 06 Nov 1994 08:49:61 GMT", "Sun, 06 Nov 1994 -8:49:37 GMT",
		"Sun, +6 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 0000 08:49:37 GMT", "1994-11-06T08:49:37Z",
		"Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT" };

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		ck_assert_msg(date(bad[i]) == INT64_MIN, "%s", bad[i]);
}
END_TEST

SUITE_MAIN("upload/date", each_form_is_read, what_is_no_date_is_refused)
