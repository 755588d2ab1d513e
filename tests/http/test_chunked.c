#include <config.h>
#include "suite.h"
#include "split_body.h"

#define LONG_16 "0123456789abcdef"
#define LONG_64 LONG_16 LONG_16 LONG_16 LONG_16

static const struct {
	struct split_text body;
	const char *want;
	size_t rest; /* behind the end */
} cases[] = {
	{TEXT("0\r\n\r\n"), ".", 0},
	{TEXT("5\r\nhello\r\n0\r\n\r\n"), "hello.", 0},
	{TEXT("5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"), "hello world.", 0},
	{TEXT("5\r\nhello\r\n0\r\n\r\nGET / HTTP/1.1"), "hello.", 14},
	{TEXT("a\r\n0123456789\r\n00\r\n\r\n"), "0123456789.", 0},
	{TEXT("A\r\n0123456789\r\n0\r\n\r\n"), "0123456789.", 0},
	{TEXT("000000000000000A\r\n0123456789\r\n0\r\n\r\n"), "0123456789.", 0},
	{TEXT("2\r\n\r\n\r\n0\r\n\r\n"), "\r\n.", 0},
	/* extensions */
	{TEXT("1;a\r\nx\r\n0\r\n\r\n"), "x.", 0},
	{TEXT("1;a=b;c=\"d;\\\"e\"\r\nx\r\n0;f\r\n\r\n"), "x.", 0},
	{TEXT("1 \t; a = b\r\nx\r\n0\r\n\r\n"), "x.", 0},
	{TEXT("1;a=\"\303\244\t\\\\ \"\r\nx\r\n0\r\n\r\n"), "x.", 0},
	{TEXT("1 ;a ;\tb\t=\t\"c\" ; d\r\nx\r\n0;e=f;g\r\n\r\n"), "x.", 0},
	{TEXT("1;" LONG_16 LONG_16 "\r\nx\r\n0;" LONG_16 LONG_16 "\r\n\r\n"), "x^", 0},
	{TEXT("1;" LONG_64), "^", 0},
	{TEXT("1;a\0\r\nx"), "!", 0},
	/* extensions that the grammar does not have (RFC 9112 section 7.1.1) */
	{TEXT("1;\r\nx"), "!", 0},
	{TEXT("0;\r\n\r\n"), "!", 0},
	{TEXT("1; \r\nx"), "!", 0},
	{TEXT("1;;a\r\nx"), "!", 0},
	{TEXT("1;a;\r\nx"), "!", 0},
	{TEXT("1;=b\r\nx"), "!", 0},
	{TEXT("1;a=\r\nx"), "!", 0},
	{TEXT("1;a= \r\nx"), "!", 0},
	{TEXT("1;a \r\nx"), "!", 0},
	{TEXT("1;a b\r\nx"), "!", 0},
	{TEXT("1;a=b \r\nx"), "!", 0},
	{TEXT("1;a=b c\r\nx"), "!", 0},
	{TEXT("1;a=b=c\r\nx"), "!", 0},
	{TEXT("1;a=\"b\r\nx"), "!", 0},
	{TEXT("1;a=\"b\\\"\r\nx"), "!", 0},
	{TEXT("1;a=\"b\"c\r\nx"), "!", 0},
	{TEXT("1;a=\"b\" \r\nx"), "!", 0},
	{TEXT("1;a=\"\001\"\r\nx"), "!", 0},
	{TEXT("1;a=\"\\\r\nx"), "!", 0},
	{TEXT("1;a[\r\nx"), "!", 0},
	{TEXT("1;bad[=x\r\nx"), "!", 0},
	{TEXT("1;\"a\"\r\nx"), "!", 0},
	{TEXT("1;\303\244\r\nx"), "!", 0},
	{TEXT("1;a=\303\244\r\nx"), "!", 0},
	{TEXT("1 a=b\r\nx"), "!", 0},
	{TEXT("1;a\nx"), "!", 0},
	{TEXT("1;a\rx"), "!", 0},
	{TEXT("1;a\177x"), "!", 0},
	/* trailers */
	{TEXT("0\r\nA: b\r\n\r\n"), "(A=b).", 0},
	{TEXT("1\r\nx\r\n0\r\nA:b\r\nc:\t d \r\n\r\nrest"), "x(A=b)(c=d).", 4},
	{TEXT("0\r\nA: b\n\r\n"), "!", 0},
	{TEXT("0\r\nA: b\r\n c\r\n\r\n"), "(A=b)!", 0},
	{TEXT("0\r\nA : b\r\n\r\n"), "!", 0},
	{TEXT("0\r\n: b\r\n\r\n"), "!", 0},
	{TEXT("0\r\nA\r\n\r\n"), "!", 0},
	{TEXT("0\r\nA: \0\r\n\r\n"), "!", 0},
	{TEXT("0\r\n\n"), "!", 0},
	{TEXT("0\r\n\rx"), "!", 0},
	{TEXT("0\r\na: " LONG_16 LONG_16 "\r\nb: " LONG_16 "\r\n\r\n"), "(a=" LONG_16 LONG_16 ")^", 0},
	{TEXT("0\r\na: " LONG_64), "^", 0},
	{TEXT("0\r\n" LONG_64), "^", 0},
	/* unfinished */
	{TEXT(""), "~", 0},
	{TEXT("5\r\nhel"), "hel~", 0},
	{TEXT("0\r\n"), "~", 0},
	{TEXT("0\r\nA: b\r\n"), "(A=b)~", 0},
	/* malformed */
	{TEXT("\r\n"), "!", 0},
	{TEXT(";a\r\n"), "!", 0},
	{TEXT(" 1\r\nx"), "!", 0},
	{TEXT("1 \r\nx"), "!", 0},
	{TEXT("1\t\r\nx"), "!", 0},
	{TEXT("1 a\r\nx"), "!", 0},
	{TEXT("1\nx\r\n"), "!", 0},
	{TEXT("1\r x"), "!", 0},
	{TEXT("1\rx"), "!", 0},
	{TEXT("1\n\rx"), "!", 0},
	{TEXT("0x1\r\nx"), "!", 0},
	{TEXT("+1\r\nx"), "!", 0},
	{TEXT("-1\r\nx"), "!", 0},
	{TEXT("1_0\r\nx"), "!", 0},
	{TEXT("1,\r\nx"), "!", 0},
	{TEXT("g\r\n"), "!", 0},
	{TEXT("G\r\n"), "!", 0},
	{TEXT("@\r\n"), "!", 0},
	{TEXT("\0\r\n"), "!", 0},
	{TEXT("1\0\r\n"), "!", 0},
	{TEXT("1\r\nxx\r\n"), "x!", 0},
	{TEXT("1\r\nx\n0\r\n\r\n"), "x!", 0},
	{TEXT("1\r\nx\r0\r\n\r\n"), "x!", 0},
	{TEXT("1\r\nx0\r\n\r\n"), "x!", 0},
	{TEXT("1\r\nx\r\n\r\n0\r\n\r\n"), "x!", 0},
	{TEXT("8000000000000000\r\n"), "!", 0},
	{TEXT("ffffffffffffffff\r\n"), "!", 0},
	{TEXT("10000000000000000\r\n"), "!", 0},
	{TEXT("00000000000000001\r\n"), "!", 0},
};

static int step(void *d, const char *p, size_t n, size_t *used, struct mummy_http_body_part *out)
{
	return mummy_http_chunked_next(d, p, n, used, out);
}

START_TEST(all_splits_give_the_same)
{
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		size_t n = cases[i].body.n;

		for (size_t at = 0; at <= n + 1; at++) {
			struct mummy_http_chunked d = {.max_extension_bytes = 40, .max_trailer_bytes = 48};
			struct split_log log;

			split_run(&log, step, &d, cases[i].body.p, n, at > n ? 0 : at, at > n ? 1 : n);
			ck_assert_msg(!strcmp(log.text, cases[i].want), "case %zu at %zu: %s, not %s", i, at,
				      log.text, cases[i].want);
			if (log.text[log.n - 1] == '.')
				ck_assert_uint_le(log.used, n - cases[i].rest);
			if (at == n)
				ck_assert(log.text[log.n - 1] != '.' || log.used == n - cases[i].rest);
			ck_assert(log.text[log.n - 1] != '.' || at <= n || log.max_kept <= 48);
		}
	}
}
END_TEST

START_TEST(the_end_and_an_error_stay)
{
	struct mummy_http_chunked d = {0, 0, {0}};
	struct mummy_http_body_part part;
	size_t used;

	ck_assert_int_eq(mummy_http_chunked_next(&d, "0\r\n\r\n", 5, &used, &part), MUMMY_HTTP_END);
	ck_assert_uint_eq(used, 5);
	ck_assert_int_eq(mummy_http_chunked_next(&d, "1", 1, &used, &part), MUMMY_HTTP_END);
	ck_assert_uint_eq(used, 0);
	memset(&d, 0, sizeof d);
	ck_assert_int_eq(mummy_http_chunked_next(&d, "x", 1, &used, &part), -EBADMSG);
	ck_assert_int_eq(mummy_http_chunked_next(&d, "1", 1, &used, &part), -EBADMSG);
	memset(&d, 0, sizeof d);
	d.max_extension_bytes = 1;
	ck_assert_int_eq(mummy_http_chunked_next(&d, "1;ab", 4, &used, &part), -EMSGSIZE);
	ck_assert_int_eq(mummy_http_chunked_next(&d, "1", 1, &used, &part), -EMSGSIZE);
}
END_TEST

START_TEST(the_largest_chunk_is_INT64_MAX)
{
	struct mummy_http_chunked d = {0, 0, {0}};
	struct mummy_http_body_part part;
	size_t used;

	ck_assert_int_eq(mummy_http_chunked_next(&d, "7fffffffffffffff\r\nx", 19, &used, &part),
			 MUMMY_HTTP_DATA);
	ck_assert_uint_eq(used, 19);
	ck_assert_uint_eq(part.data.n, 1);
}
END_TEST

static size_t extensions_taken(size_t n)
{
	struct mummy_http_chunked d = {0, 0, {0}};
	struct mummy_http_body_part part;
	size_t used, i;

	ck_assert_int_eq(mummy_http_chunked_next(&d, "1;", 2, &used, &part), MUMMY_HTTP_MORE);
	for (i = 0; i < n && mummy_http_chunked_next(&d, "a", 1, &used, &part) == MUMMY_HTTP_MORE; i++)
		;
	return i;
}

START_TEST(extensions_are_bounded_by_4_KiB)
{
	ck_assert_uint_eq(extensions_taken(5000), 4096);
}
END_TEST

SUITE_MAIN("http/chunked", all_splits_give_the_same, the_end_and_an_error_stay,
	   the_largest_chunk_is_INT64_MAX, extensions_are_bounded_by_4_KiB)
