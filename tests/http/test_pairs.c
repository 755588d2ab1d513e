#include <config.h>
#include "suite.h"
#include "split.h"
#include <mummy/http-parser.h>

typedef int next_fn(struct mummy_http_span *rest, struct mummy_http_field *out);

static const char *pairs(next_fn *next, const char *text, char *out)
{
	char *copy = split_copy(text, strlen(text));
	struct mummy_http_span rest = {copy, strlen(text)};
	struct mummy_http_field f;

	*out = '\0';
	while (next(&rest, &f) == 1)
		sprintf(out + strlen(out), f.value.p ? "%.*s=%.*s|" : "%.*s|", (int)f.name.n, f.name.p,
			(int)f.value.n, f.value.p ? f.value.p : "");
	free(copy);
	return out;
}

START_TEST(cookies)
{
	char out[128];

	ck_assert_str_eq(pairs(mummy_http_cookie_next, "a=b; c=d", out), "a=b|c=d|");
	ck_assert_str_eq(pairs(mummy_http_cookie_next, "a=b;c=\"d e\";", out), "a=b|c=\"d e\"|");
	ck_assert_str_eq(pairs(mummy_http_cookie_next, " ;; a = b=c ; d", out), "a=b=c|d|");
	ck_assert_str_eq(pairs(mummy_http_cookie_next, "a=\"b;c\"", out), "a=\"b|c\"|");
	ck_assert_str_eq(pairs(mummy_http_cookie_next, "=x; y=", out), "=x|y=|");
	ck_assert_str_eq(pairs(mummy_http_cookie_next, "", out), "");
	ck_assert_str_eq(pairs(mummy_http_cookie_next, "; ", out), "");
}
END_TEST

START_TEST(queries)
{
	char out[128];

	ck_assert_str_eq(pairs(mummy_http_query_next, "a=b&c=d", out), "a=b|c=d|");
	ck_assert_str_eq(pairs(mummy_http_query_next, "&a&&b=&=c&d=e=f&", out), "a|b=|=c|d=e=f|");
	ck_assert_str_eq(pairs(mummy_http_query_next, "a+b=%26", out), "a+b=%26|");
	ck_assert_str_eq(pairs(mummy_http_query_next, "", out), "");
	ck_assert_str_eq(pairs(mummy_http_query_next, "&", out), "");
}
END_TEST

START_TEST(what_is_absent_has_no_pairs)
{
	struct mummy_http_span none = {NULL, 0};
	struct mummy_http_field f;

	ck_assert_int_eq(mummy_http_query_next(&none, &f), 0);
	ck_assert_int_eq(mummy_http_cookie_next(&none, &f), 0);
}
END_TEST

SUITE_MAIN("http/pairs", cookies, queries, what_is_absent_has_no_pairs)
