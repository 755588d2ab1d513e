#include <config.h>
#include "suite.h"
#include "split.h"
#include <errno.h>
#include <mummy/http-parser.h>

static int parsed(const char *text, int64_t *seconds)
{
	char *copy = split_copy(text, strlen(text));
	struct mummy_http_span s = {copy, strlen(text)};
	int rc = mummy_http_date_parse(s, seconds);

	free(copy);
	return rc;
}

static const struct {
	const char *text;
	int64_t seconds;
} dates[] = {
	{"Thu, 01 Jan 1970 00:00:00 GMT", 0},
	{"Sun, 06 Nov 1994 08:49:37 GMT", 784111777},
	{"Tue, 29 Feb 2000 23:59:59 GMT", 951868799},
	{"Wed, 01 Mar 2000 00:00:00 GMT", 951868800},
	{"Wed, 31 Dec 1969 23:59:59 GMT", -1},
	{"Tue, 19 Jan 2038 03:14:08 GMT", 2147483648},
	{"Sat, 01 Jan 0000 00:00:00 GMT", -62167219200},
	{"Mon, 01 Mar 2100 00:00:00 GMT", 4107542400},
	{"Fri, 31 Dec 9999 23:59:59 GMT", 253402300799},
};

START_TEST(the_preferred_form_both_ways)
{
	for (size_t i = 0; i < sizeof dates / sizeof dates[0]; i++) {
		int64_t seconds = 1;
		char out[30];

		ck_assert_msg(parsed(dates[i].text, &seconds) == 0 && seconds == dates[i].seconds, "%s",
			      dates[i].text);
		ck_assert_int_eq(mummy_http_date_format(out, dates[i].seconds), 0);
		ck_assert_str_eq(out, dates[i].text);
	}
}
END_TEST

START_TEST(every_month_of_400_years_both_ways)
{
	for (int64_t s = -62167219200; s < -62167219200 + 401 * INT64_C(31557600); s += 86399 * 13) {
		int64_t back;
		char out[30];

		ck_assert_int_eq(mummy_http_date_format(out, s), 0);
		ck_assert_int_eq(parsed(out, &back), 0);
		ck_assert_int_eq(back, s);
	}
}
END_TEST

START_TEST(the_two_obsolete_forms)
{
	int64_t s;

	ck_assert_int_eq(parsed("Sunday, 06-Nov-94 08:49:37 GMT", &s), 0);
	ck_assert_int_eq(s, 784111777);
	ck_assert_int_eq(parsed("Tuesday, 19-Jan-38 03:14:08 GMT", &s), 0);
	ck_assert_int_eq(s, 2147483648);
	ck_assert_int_eq(parsed("Sun Nov  6 08:49:37 1994", &s), 0);
	ck_assert_int_eq(s, 784111777);
	ck_assert_int_eq(parsed("Wed Nov 16 08:49:37 1994", &s), 0);
	ck_assert_int_eq(s, 784975777);
}
END_TEST

START_TEST(what_is_no_date_is_refused)
{
	static const char *const bad[] = {
	    "",
	    "x",
	    "0",
	    "784111777",
	    "Sun",
	    "Sun,",
	    "Sun, 06 Nov 1994 08:49:37",
	    "Sun, 06 Nov 1994 08:49:37 UTC",
	    "Sun, 06 Nov 1994 08:49:37 gmt",
	    "sun, 06 Nov 1994 08:49:37 GMT",
	    "Sun, 6 Nov 1994 08:49:37 GMT",
	    "Sun, 06 Nov 1994 08:49:37 GMT ",
	    " Sun, 06 Nov 1994 08:49:37 GMT",
	    "Sun, 06 Nox 1994 08:49:37 GMT",
	    "Sun, 00 Nov 1994 08:49:37 GMT",
	    "Sun, 31 Nov 1994 08:49:37 GMT",
	    "Sun, 29 Feb 1900 08:49:37 GMT",
	    "Sun, 06 Nov 1994 24:00:00 GMT",
	    "Sun, 06 Nov 1994 08:60:37 GMT",
	    "Sun, 06 Nov 1994 08:49:61 GMT",
	    "Sun, 06 Nov -994 08:49:37 GMT",
	    "Sunday, 06 Nov 1994 08:49:37 GMT",
	    "Sun, 06-Nov-94 08:49:37 GMT",
	    "Sun Nov 6 08:49:37 1994",
	    "Sun Nov 06 08:49:37 1994 GMT",
	    "Sun Nov  6 08:49:37 94",
	    "Sun, 06 Nov 1994 08:49:3a GMT",
	    "Sun,  6 Nov 1994 08:49:37 GMT",
	};
	int64_t s;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		ck_assert_msg(parsed(bad[i], &s) == -EBADMSG, "%s", bad[i]);
}
END_TEST

START_TEST(years_before_0_and_after_9999_have_no_form)
{
	char out[30];

	ck_assert_int_eq(mummy_http_date_format(out, 253402300800), -ERANGE);
	ck_assert_int_eq(mummy_http_date_format(out, -62167219201), -ERANGE);
	ck_assert_int_eq(mummy_http_date_format(out, INT64_MAX), -ERANGE);
	ck_assert_int_eq(mummy_http_date_format(out, INT64_MIN), -ERANGE);
}
END_TEST

SUITE_MAIN("http/date", the_preferred_form_both_ways, every_month_of_400_years_both_ways,
	   the_two_obsolete_forms, what_is_no_date_is_refused, years_before_0_and_after_9999_have_no_form)
