#include <config.h>
#include <stdlib.h>
#include <string.h>
#include "suite.h"
#include "base64.h"

/* RFC 4648 section 10, and octets that are no text. */
START_TEST(octets_become_text)
{
	static const struct { const char *plain; size_t n; const char *text; } v[] = {
		{ "", 0, "" }, { "f", 1, "Zg==" }, { "fo", 2, "Zm8=" }, { "foo", 3, "Zm9v" }, { "foob", 4, "Zm9vYg==" },
		{ "fooba", 5, "Zm9vYmE=" }, { "foobar", 6, "Zm9vYmFy" }, { "\xfb\xff\xbf", 3, "+/+/" },
		{ "\0\0\0\0", 4, "AAAAAA==" },
	};

	for (size_t i = 0; i < sizeof v / sizeof v[0]; i++) {
		char *text = base64_encode(v[i].plain, v[i].n);

		ck_assert_str_eq(text, v[i].text);
		free(text);
	}
}
END_TEST

/* Long ones are one line too. */
START_TEST(there_are_no_line_breaks)
{
	char plain[300], *text;

	memset(plain, 'a', sizeof plain);
	text = base64_encode(plain, sizeof plain);
	ck_assert_uint_eq(strlen(text), 400);
	for (size_t i = 0; i < 400; i += 4)
		ck_assert_mem_eq(text + i, "YWFh", 4);
	free(text);
}
END_TEST

SUITE_MAIN("tools/base64", octets_become_text, there_are_no_line_breaks)
