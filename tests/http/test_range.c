#include <config.h>
#include "suite.h"
#include "split.h"
#include <errno.h>
#include <mummy/http-parser.h>

#define MAX 4

/* Ranges as "first+length " or the number returned. */
static const char *ranges(const char *text, uint64_t size, char *out)
{
	size_t n = strlen(text);
	char *copy = split_copy(text, n);
	struct mummy_http_span s = {copy, n};
	struct mummy_http_range r[MAX];
	int rc = mummy_http_range_parse(s, size, r, MAX);

	*out = '\0';
	for (int i = 0; i < rc; i++)
		sprintf(out + strlen(out), "%llu+%llu ", (unsigned long long)r[i].first,
			(unsigned long long)r[i].length);
	if (rc <= 0)
		strcpy(out, rc == 0 ? "ignore" : rc == -ERANGE ? "416" : rc == -EMSGSIZE ? "many" : "?");
	free(copy);
	return out;
}

START_TEST(ranges_of_RFC_9110)
{
	static const struct {
		const char *value, *want;
	} cases[] = {
	    {"bytes=0-0", "0+1 "},
	    {"bytes=0-99", "0+100 "},
	    {"bytes=0-100", "0+100 "},
	    {"bytes=10-19", "10+10 "},
	    {"bytes=99-", "99+1 "},
	    {"bytes=0-", "0+100 "},
	    {"bytes=-1", "99+1 "},
	    {"bytes=-100", "0+100 "},
	    {"bytes=-1000", "0+100 "},
	    {"BYTES=0-0", "0+1 "},
	    {"bytes=0-0,-1", "0+1 99+1 "},
	    {"bytes= 0-0 ,\t5-6 ,", "0+1 5+2 "},
	    {"bytes=5-6,0-0", "5+2 0+1 "},
	    {"bytes=00-01", "0+2 "},
	    {"bytes=0-99999999999999999999999", "0+100 "},
	    {"bytes=-99999999999999999999999", "0+100 "},
	    {"bytes=0-18446744073709551615", "0+100 "},
	    {"bytes=0-0,100-", "0+1 "},
	    {"bytes=100-", "416"},
	    {"bytes=100-200", "416"},
	    {"bytes=-0", "416"},
	    {"bytes=99999999999999999999999-", "416"},
	    {"bytes=100-,-0", "416"},
	    {"", "ignore"},
	    {"bytes", "ignore"},
	    {"bytes=", "ignore"},
	    {"bytes=-", "ignore"},
	    {"bytes=,", "ignore"},
	    {"bytes=1-0", "ignore"},
	    {"bytes=a-b", "ignore"},
	    {"bytes=0-0x", "ignore"},
	    {"bytes=0", "ignore"},
	    {"bytes=0 - 1", "ignore"},
	    {"bytes=--1", "ignore"},
	    {"bytes=+0-1", "ignore"},
	    {"bytes=0-1;2-3", "ignore"},
	    {"bytes =0-1", "ignore"},
	    {"lines=0-1", "ignore"},
	    {"bytes=0-1,x", "ignore"},
	    {"bytes=0-1,2-1", "ignore"},
	    {"bytes=0--1", "ignore"},
	    {"bytes=0-1-2", "ignore"},
	    {"bytes=0-1,\"", "ignore"},
	    {"bytes=0-0,2-2,4-4,6-6", "0+1 2+1 4+1 6+1 "},
	    {"bytes=0-0,2-2,4-4,6-6,8-8", "many"},
	    {"bytes=0-,0-,0-", "0+100 0+100 0+100 "},
	    {"bytes=0-,0-,0-,0-", "many"},
	};
	char out[256];

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		ck_assert_msg(!strcmp(ranges(cases[i].value, 100, out), cases[i].want), "%s: %s, not %s",
			      cases[i].value, out, cases[i].want);
}
END_TEST

START_TEST(ranges_of_nothing_and_of_the_most)
{
	char out[256];

	ck_assert_str_eq(ranges("bytes=0-", 0, out), "416");
	ck_assert_str_eq(ranges("bytes=-1", 0, out), "ignore");
	ck_assert_str_eq(ranges("bytes=-0", 0, out), "416");
	ck_assert_str_eq(ranges("bytes=18446744073709551613-", UINT64_MAX, out), "18446744073709551613+2 ");
	ck_assert_str_eq(ranges("bytes=0-18446744073709551615", UINT64_MAX, out), "0+18446744073709551615 ");
}
END_TEST

SUITE_MAIN("http/range", ranges_of_RFC_9110, ranges_of_nothing_and_of_the_most)
