#include <config.h>
#include <string.h>
#include <errno.h>
#include <mummy/upload.h>
#include "suite.h"
#include "metadata.h"

START_TEST(lists_of_pairs_are_accepted)
{
	static const char *const good[] = { "", " ", "a", "a ", "a YQ==", "a YQ==,b Yg==", "a YQ== , b\tYg==", "a,b,c",
		"filename d29ybGRfZG9taW5hdGlvbl9wbGFuLnBkZg==,is_confidential", "k AAAA+/8=" };

	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		ck_assert_msg(mup_metadata_check(good[i], strlen(good[i])) == 0, "%s", good[i]);
}
END_TEST

START_TEST(everything_else_is_refused)
{
	static const char *const bad[] = { ",", "a YQ==,", ",a YQ==", "a Y", "a YQ=", "a YQ", "a =", "a ====", "a Y===",
		"a YQ==YQ==", "a Y-_=", "a YQ== b", "a YQ==,a Yg==", "a,a", "\xc3\xa4 YQ==", "a \x01\x02\x03\x04",
		"a YQ==\nb Yg==" };

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		ck_assert_msg(mup_metadata_check(bad[i], strlen(bad[i])) == -EINVAL, "%s", bad[i]);
	ck_assert_int_eq(mup_metadata_check("a YQ==\0", 7), -EINVAL);
}
END_TEST

START_TEST(every_prefix_is_looked_at_without_reading_on)
{
	static const char text[] = "filename d29ybGQucGRm,b Yg==, c";

	for (size_t n = 0; n < sizeof text; n++) {
		char *copy = malloc(n + 1);

		memcpy(copy, text, n);
		(void)mup_metadata_check(copy, n);
		free(copy);
	}
}
END_TEST

START_TEST(values_are_decoded)
{
	char out[16];

	ck_assert_int_eq(mup_metadata_get("x eA==,filename d29ybGQucGRm,e", "filename", out, sizeof out), 9);
	ck_assert_str_eq(out, "world.pdf");
	ck_assert_int_eq(mup_metadata_get("x eA==,filename d29ybGQucGRm,e", "e", out, sizeof out), 0);
	ck_assert_str_eq(out, "");
	ck_assert_int_eq(mup_metadata_get("x eA==", "file", out, sizeof out), -ENOENT);
	ck_assert_int_eq(mup_metadata_get("filename d29ybGQucGRm", "filename", out, 9), -ENOSPC);
}
END_TEST

START_TEST(pairs_come_one_after_another)
{
	const char *rest = "x eA==,  filename d29ybGQucGRm , e";
	struct mummy_upload_pair pair;
	char out[16];

	ck_assert_int_eq(mummy_upload_metadata_next(&rest, &pair, out, sizeof out), 1);
	ck_assert_uint_eq(pair.key_len, 1);
	ck_assert_mem_eq(out, "x", pair.value_len);
	ck_assert_int_eq(mummy_upload_metadata_next(&rest, &pair, out, 8), -ENOSPC);
	ck_assert_int_eq(mummy_upload_metadata_next(&rest, &pair, out, sizeof out), 1);
	ck_assert_mem_eq(pair.key, "e", pair.key_len);
	ck_assert_uint_eq(pair.value_len, 0);
	ck_assert_int_eq(mummy_upload_metadata_next(&rest, &pair, out, sizeof out), 0);
	rest = NULL;
	ck_assert_int_eq(mummy_upload_metadata_next(&rest, &pair, out, sizeof out), 0);
	rest = "a Y";
	ck_assert_int_eq(mummy_upload_metadata_next(&rest, &pair, out, sizeof out), -EINVAL);
}
END_TEST

SUITE_MAIN("upload/metadata", lists_of_pairs_are_accepted, everything_else_is_refused,
	   every_prefix_is_looked_at_without_reading_on, values_are_decoded,
	   pairs_come_one_after_another)
