#include <config.h>
#include <string.h>
#include "suite.h"
#include "name.h"

START_TEST(names_become_safe)
{
	static const struct { const char *raw, *safe; } names[] = {
		{ "a.txt", "a.txt" }, { "../../etc/passwd", "passwd" }, { "C:\\x\\y.doc", "y.doc" }, { "..", "" },
		{ ".", "" }, { "", "" }, { "/", "" }, { ".hidden", "hidden" }, { "...a", "a" }, { "-rf", "rf" },
		{ " a ", "a" }, { "a.", "a" }, { "a\nb", "a_b" }, { "a\x7f" "b", "a_b" }, { "a<b>|\"?*:c", "a_b______c" },
		{ "\xc3\xa4\xe2\x82\xac.txt", "\xc3\xa4\xe2\x82\xac.txt" }, { "a\xff" "b", "a_b" }, { "a\xc3", "a_" },
		{ "\xc0\xaf", "__" }, { "\xed\xa0\x80", "___" }, { "a\xe2\x80\xae" "gpj", "a_gpj" }, { "x\xc2\x85y", "x_y" },
		{ ".0123456789abcdef0123456789abcdef.info", "_0123456789abcdef0123456789abcdef.info" },
		{ "0123456789abcdef0123456789abcdef", "_0123456789abcdef0123456789abcdef" },
		{ "0123456789abcdef0123456789abcde.json", "0123456789abcdef0123456789abcde.json" },
	};
	char out[MUP_NAME_SIZE];

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		size_t n = mup_name_safe(names[i].raw, strlen(names[i].raw), out);

		ck_assert_str_eq(out, names[i].safe);
		ck_assert_uint_eq(n, strlen(out));
	}
	ck_assert_uint_eq(mup_name_safe("a\0b", 3, out), 3);
	ck_assert_str_eq(out, "a_b");
}
END_TEST

START_TEST(names_are_cut_between_characters)
{
	char raw[602], out[MUP_NAME_SIZE];

	for (int i = 0; i < 300; i++)
		memcpy(raw + 2 * i, "\xc3\xa4", 2);
	ck_assert_uint_eq(mup_name_safe(raw, 600, out), 200);
	raw[0] = 'x';
	memmove(raw + 1, raw + 2, 598);
	ck_assert_uint_eq(mup_name_safe(raw, 599, out), 199);
}
END_TEST

START_TEST(safe_is_safe_for_every_octet)
{
	char out[MUP_NAME_SIZE], raw[3];

	for (int a = 0; a < 256; a++)
		for (int b = 0; b < 256; b++) {
			raw[0] = (char)a;
			raw[1] = (char)b;
			raw[2] = 'x';
			mup_name_safe(raw, 3, out);
			ck_assert(out[0] != '.' && out[0] != '-' && !strchr(out, '/') && !strchr(out, '\n'));
		}
}
END_TEST

START_TEST(marks_go_before_the_extension)
{
	char out[MUP_NAME_SIZE];

	mup_name_mark("a.txt", "1", out);
	ck_assert_str_eq(out, "a-1.txt");
	mup_name_mark("a", "2", out);
	ck_assert_str_eq(out, "a-2");
	mup_name_mark("a.tar.gz", "3", out);
	ck_assert_str_eq(out, "a.tar-3.gz");
}
END_TEST

SUITE_MAIN("upload/name", names_become_safe, names_are_cut_between_characters, safe_is_safe_for_every_octet,
	   marks_go_before_the_extension)
