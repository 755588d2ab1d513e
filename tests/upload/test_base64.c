#include <config.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "suite.h"
#include "base64.h"

START_TEST(what_is_base64_is_decoded)
{
	static const struct { const char *text, *plain; } v[] = {
		{ "", "" }, { "YQ==", "a" }, { "YWI=", "ab" }, { "YWJj", "abc" }, { "+/+/", "\xfb\xff\xbf" },
	};
	char out[8], *again;

	for (size_t i = 0; i < sizeof v / sizeof v[0]; i++) {
		size_t n = strlen(v[i].plain);

		ck_assert_int_eq(mup_base64_check(v[i].text, strlen(v[i].text)), 0);
		ck_assert_int_eq(mup_base64_decode(v[i].text, strlen(v[i].text), out, sizeof out), (int)n);
		ck_assert_mem_eq(out, v[i].plain, n);
		again = mup_base64_encode(v[i].plain, n);
		ck_assert_str_eq(again, v[i].text);
		free(again);
		if (n)
			ck_assert_int_eq(mup_base64_decode(v[i].text, strlen(v[i].text), out, n - 1), -ENOSPC);
	}
}
END_TEST

START_TEST(what_is_not_is_refused)
{
	static const char *const bad[] = { "Y", "YQ", "YQ=", "=", "====", "Y===", "YQ==YQ==", "Y-_=", "YW\nJ", " YQ=" };
	char out[8];

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		ck_assert_msg(mup_base64_decode(bad[i], strlen(bad[i]), out, sizeof out) == -EINVAL, "%s", bad[i]);
}
END_TEST

SUITE_MAIN("upload/base64", what_is_base64_is_decoded, what_is_not_is_refused)
