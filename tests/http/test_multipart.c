#include <config.h>
#include "suite.h"
#include "split_body.h"

#define LONG_16 "0123456789abcdef"
#define LONG_64 LONG_16 LONG_16 LONG_16 LONG_16

static const struct {
	struct split_text body;
	const char *want;
} cases[] = {
	{TEXT("--b\r\n\r\n\r\n--b--"), "[."},
	{TEXT("--b\r\nA: b\r\n\r\nhello\r\n--b--\r\nepilogue"), "[(A=b)hello."},
	{TEXT("--b\r\nA: b\r\nC: d\r\n\r\n1\r\n--b\r\nE: f\r\n\r\n2\r\n--b--\r\n"), "[(A=b)(C=d)1[(E=f)2."},
	{TEXT("preamble\r\n--b\r\n\r\nx\r\n--b--"), "[x."},
	{TEXT("\r\n--b\r\n\r\nx\r\n--b--"), "[x."},
	{TEXT("-\r-\r\n-\r\n--\r\n--a\r\n--b\r\n\r\nx\r\n--b--"), "[x."},
	{TEXT("--b \t \r\n\r\nx\r\n--b\t\r\n\r\ny\r\n--b--"), "[x[y."},
	{TEXT("--b\r\n\r\n\r\n\r\n--\r\n--a\r-\n--b\r\r\n\r\n--b--"), "[\r\n\r\n--\r\n--a\r-\n--b\r\r\n."},
	{TEXT("--b\r\n\r\n--b--\r\n--b--"), "[--b--."},
	{TEXT("--b\r\n\r\nx\n--b\r\n--b--"), "[x\n--b."},
	{TEXT("--b--"), "."},
	{TEXT("x\r\n--b--"), "."},
	/* unfinished */
	{TEXT(""), "~"},
	{TEXT("--b"), "~"},
	{TEXT("--b\r\n\r\nx\r\n--b"), "[x~"},
	{TEXT("--b\r\nA: b"), "[~"},
	{TEXT("preamble"), "~"},
	/* malformed */
	{TEXT("--bx\r\n"), "!"},
	{TEXT("--b-x"), "!"},
	{TEXT("--b --"), "!"},
	{TEXT("--b\n\r\nx"), "!"},
	{TEXT("--b\r\nA : b\r\n\r\n"), "[!"},
	{TEXT("--b\r\nA: b\n\r\n"), "[!"},
	{TEXT("--b\r\n A: b\r\n\r\n"), "[!"},
	{TEXT("--b\r\nA: b\r\n c\r\n\r\n"), "[(A=b)!"},
	{TEXT("--b\r\nA: \0\r\n\r\n"), "[!"},
	{TEXT("--b\r\n--b--\r\n"), "[!"},
	/* over the limit */
	{TEXT("--b\r\nA: " LONG_64 "\r\n"), "[^"},
	{TEXT("--b\r\nA: " LONG_16 "\r\nB: " LONG_16 LONG_16 "\r\n\r\nx"), "[(A=" LONG_16 ")^"},
};

static int step(void *d, const char *p, size_t n, size_t *used, struct mummy_http_body_part *out)
{
	return mummy_http_multipart_next(d, p, n, used, out);
}

static struct mummy_http_span span(const char *text)
{
	struct mummy_http_span s = {text, strlen(text)};

	return s;
}

START_TEST(all_splits_give_the_same)
{
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		size_t n = cases[i].body.n;

		for (size_t at = 0; at <= n + 1; at++) {
			struct mummy_http_multipart m = {.max_part_head_bytes = 48};
			struct split_log log;

			ck_assert_int_eq(
			    mummy_http_multipart_init(&m, span("multipart/form-data; boundary=b")), 0);
			split_run(&log, step, &m, cases[i].body.p, n, at > n ? 0 : at, at > n ? 1 : n);
			ck_assert_msg(!strcmp(log.text, cases[i].want), "case %zu at %zu: %s, not %s", i, at,
				      log.text, cases[i].want);
		}
	}
}
END_TEST

START_TEST(a_boundary_comes_from_the_content_type)
{
	static const char *const good[] = {
	    "multipart/form-data; boundary=b",
	    "Multipart/Mixed ;a=b; BOUNDARY=\"a b'()+_,-./:=?\"",
	    "multipart/byteranges;boundary=" LONG_64 "012345",
	    "multipart/x;boundary=\"" LONG_64 "012345\"",
	};
	static const char *const bad[] = {
	    "",
	    "text/plain; boundary=b",
	    "multipart/form-data",
	    "multipart/form-data; boundary=",
	    "multipart/form-data; boundary=\"\"",
	    "multipart/form-data; boundary=\"b",
	    "multipart/; boundary=b",
	    "multipart/form-data; boundary=b; boundary=c",
	    "multipart/form-data; boundary=\"b \"",
	    "multipart/form-data; boundary=a@b",
	    "multipart/form-data; boundary",
	    "multipart/a b; boundary=b",
	    "multipart/form-data; boundary=" LONG_64 "0123456",
	    "multipart; boundary=b",
	    "multipart/form-data=x; boundary=b",
	    "boundary=b",
	};
	struct mummy_http_multipart m;

	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		ck_assert_msg(mummy_http_multipart_init(&m, span(good[i])) == 0, "%s", good[i]);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		ck_assert_msg(mummy_http_multipart_init(&m, span(bad[i])) == -EINVAL, "%s", bad[i]);
}
END_TEST

START_TEST(at_most_a_delimiter_of_data_is_kept_back)
{
	char body[1200];
	struct mummy_http_multipart m = {.max_part_head_bytes = 0};
	struct split_log log;
	int n;

	ck_assert_int_eq(mummy_http_multipart_init(&m, span("multipart/form-data; boundary=" LONG_64)), 0);
	n = snprintf(body, sizeof body,
		     "--" LONG_64 "\r\n\r\n" LONG_64 "\r\n--" LONG_16 LONG_16 "x\r\r\n" LONG_64
		     "\r\n--" LONG_64 "--");
	split_run(&log, step, &m, body, (size_t)n, 0, 1);
	ck_assert_str_eq(log.text, "[" LONG_64 "\r\n--" LONG_16 LONG_16 "x\r\r\n" LONG_64 ".");
	ck_assert_uint_lt(log.max_kept, 4 + 64);
}
END_TEST

SUITE_MAIN("http/multipart", all_splits_give_the_same, a_boundary_comes_from_the_content_type,
	   at_most_a_delimiter_of_data_is_kept_back)
