#include <config.h>
#include <string.h>
#include "suite.h"
#include "disposition.h"

START_TEST(names)
{
	static const struct { const char *text, *name; } v[] = {
		{ "inline; filename=\"file name.jpg\"", "file name.jpg" }, { "attachment; filename=a.txt", "a.txt" },
		{ "inline; filename=\"a.jpg\"; filename*=UTF-8''b%20c.jpg", "b c.jpg" },
		{ "inline; filename*=utf-8'de'%C3%A4.txt; filename=\"a\"", "\xc3\xa4.txt" },
		{ "inline;filename=\"q\\\"b\\\\\"", "q\"b\\" }, { "inline ; x=1 ; FileName = \"a\"", "" }, { "inline; FILENAME=\"a\"", "a" },
		{ "inline; filename*=ISO-8859-1''%E4; filename=plain", "plain" }, { "inline; filename*=UTF-8''%zz; filename=plain", "plain" },
		{ "inline", "" }, { "", "" }, { ";filename=a", "" }, { "inline; filename", "" }, { "inline; filename=", "" },
		{ "inline; filename=\"a", "" }, { "inline; filename=\"a\\", "" }, { "inline; =a", "" }, { "inline, filename=a", "" },
		{ "inline; name=x; filename=../../etc/passwd", "" }, { "inline; filename=\"../../etc/passwd\"", "../../etc/passwd" },
	};
	char out[64];

	for (size_t i = 0; i < sizeof v / sizeof v[0]; i++) {
		size_t n = mup_disposition_name(v[i].text, strlen(v[i].text), out, sizeof out);

		ck_assert_msg(n == strlen(v[i].name) && !memcmp(out, v[i].name, n), "%s: %.*s", v[i].text, (int)n, out);
	}
}
END_TEST

START_TEST(what_is_too_long_or_cut)
{
	static const char text[] = "inline; filename=\"0123456789\"; filename*=UTF-8''01234%35678%39";
	char long_one[3000], out[10];

	ck_assert_uint_eq(mup_disposition_name(text, sizeof text - 1, out, 9), 0);
	ck_assert_uint_eq(mup_disposition_name(text, sizeof text - 1, out, 10), 10);
	memset(long_one, 'a', sizeof long_one);
	memcpy(long_one, "inline; filename=", 17);
	ck_assert_uint_eq(mup_disposition_name(long_one, sizeof long_one, out, sizeof out), 0);
	for (size_t n = 0; n < sizeof text; n++) {
		char *copy = malloc(n ? n : 1);

		memcpy(copy, text, n);
		ck_assert_uint_le(mup_disposition_name(copy, n, out, sizeof out), 10);
		free(copy);
	}
}
END_TEST

SUITE_MAIN("upload/disposition", names, what_is_too_long_or_cut)
