#include <config.h>
#include "suite.h"
#include "split.h"
#include <errno.h>
#include <mummy/http-parser.h>

static ssize_t decoded(const char *text, int form, char *out)
{
	size_t n = strlen(text);
	char *in = split_copy(text, n), *room = split_copy(text, n);
	struct mummy_http_span s = {in, n};
	ssize_t got = mummy_http_percent_decode(room, s, form);

	if (got >= 0)
		memcpy(out, room, (size_t)got);
	out[got < 0 ? 0 : got] = '\0';
	/* in its own place too */
	ck_assert_int_eq(mummy_http_percent_decode(in, s, form), got);
	ck_assert(got < 0 || !memcmp(in, out, (size_t)got));
	free(in);
	free(room);
	return got;
}

START_TEST(triplets_are_decoded)
{
	static const struct {
		const char *in, *out;
		int form;
	} cases[] = {
	    {"", "", 0},
	    {"abc", "abc", 0},
	    {"%41%42", "AB", 0},
	    {"%c3%A4", "\303\244", 0},
	    {"a+b", "a+b", 0},
	    {"a+b%2B", "a b+", 1},
	    {"%2541", "%41", 0},
	    {"%2e%2E%2f", "../", 0},
	    {"\303\244", "\303\244", 0},
	};
	char out[64];

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		ck_assert_int_eq(decoded(cases[i].in, cases[i].form, out), (ssize_t)strlen(cases[i].out));
		ck_assert_str_eq(out, cases[i].out);
	}
	ck_assert_int_eq(decoded("a%00b", 0, out), 3);
	ck_assert_mem_eq(out, "a\0b", 3);
}
END_TEST

START_TEST(broken_triplets_are_refused)
{
	static const char *const bad[] = {"%", "a%", "%4", "%4g", "%g4", "%%41", "%-1", "% 1", "%4%31"};
	char out[64];

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		ck_assert_msg(decoded(bad[i], 0, out) == -EBADMSG, "%s", bad[i]);
}
END_TEST

SUITE_MAIN("http/percent", triplets_are_decoded, broken_triplets_are_refused)
