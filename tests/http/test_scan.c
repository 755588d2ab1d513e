#include <config.h>
#include "suite.h"
#include "split.h"
#include "scan.h"

typedef const char *scan_fn(const char *p, const char *end);

static const char *token(const char *p, const char *end)
{
	return mhttp_scan_token(p, end);
}

static const char *value(const char *p, const char *end)
{
	return mhttp_scan_value(p, end);
}

static const char *target(const char *p, const char *end)
{
	return mhttp_scan_target(p, end);
}

static int is_token(int c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       (c && c < 0x80 && strchr("!#$%&'*+-.^_`|~", c));
}

static int is_value(int c)
{
	return c == '\t' || (c >= 0x20 && c != 0x7f);
}

static int is_target(int c)
{
	return c > 0x20 && c < 0x7f;
}

/* Every octet at every place of every length around the width of a word, and two of them. */
static void check_scan(scan_fn *scan, int (*belongs)(int c))
{
	for (size_t n = 0; n <= 19; n++)
		for (int c = 0; c < 256; c++)
			for (size_t at = 0; at < n; at++) {
				char text[20], *copy;

				memset(text, 'a', sizeof text);
				text[at] = (char)c;
				if (n > 12)
					text[n - 1] = '\0';
				copy = split_copy(text, n);
				if (at == n - 1 && n > 12)
					ck_assert(scan(copy, copy + n) == copy + at);
				else
					ck_assert_msg(scan(copy, copy + n) == copy + (!belongs(c) ? at
										      : n > 12    ? n - 1
												  : n),
						      "%d", c);
				free(copy);
			}
}

START_TEST(tokens)
{
	check_scan(token, is_token);
}
END_TEST

START_TEST(values)
{
	check_scan(value, is_value);
}
END_TEST

START_TEST(targets)
{
	check_scan(target, is_target);
}
END_TEST

START_TEST(classes)
{
	for (int c = 0; c < 256; c++) {
		ck_assert_int_eq(mhttp_is((char)c, MHTTP_TOKEN), is_token(c) != 0);
		ck_assert_int_eq(mhttp_is((char)c, MHTTP_DIGIT), c >= '0' && c <= '9');
		ck_assert_int_eq(mhttp_is((char)c, MHTTP_HEX),
				 c && c < 0x80 && strchr("0123456789abcdefABCDEF", c));
		ck_assert_int_eq(mhttp_is((char)c, MHTTP_ALPHA),
				 (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'));
		ck_assert_int_eq(mhttp_is((char)c, MHTTP_HOST),
				 mhttp_is((char)c, MHTTP_ALPHA | MHTTP_DIGIT) ||
				 (c && c < 0x80 && strchr("-._~!$&'()*+;=", c)));
	}
}
END_TEST

SUITE_MAIN("http/scan", tokens, values, targets, classes)
