#include <config.h>
#include <stdlib.h>
#include "suite.h"
#include "metadata.h"

static void makes(const char *filename, const char *relative, const char *const *texts, size_t n,
		  const char *want)
{
	char *out = metadata_make(filename, relative, texts, n);

	ck_assert_ptr_nonnull(out);
	ck_assert_str_eq(out, want);
	free(out);
}

START_TEST(test_names)
{
	makes(NULL, NULL, NULL, 0, "");
	makes("a", NULL, NULL, 0, "filename YQ==");
	makes("a", "b/a", NULL, 0, "filename YQ==,relativePath Yi9h");
	makes("\xff\n", NULL, NULL, 0, "filename /wo=");
	makes("", NULL, NULL, 0, "filename");
}
END_TEST

START_TEST(test_what_the_user_says_wins)
{
	static const char *const texts[] = { "filename=b", "k=", "x=1=2", "x=3" };

	makes("a", NULL, texts, 4, "filename Yg==,k,x Mw==");
	makes("a", NULL, texts + 1, 2, "filename YQ==,k,x MT0y");
}
END_TEST

START_TEST(test_forms)
{
	ck_assert(metadata_valid("a=b"));
	ck_assert(metadata_valid("a="));
	ck_assert(metadata_valid("a==,"));
	ck_assert(!metadata_valid("a"));
	ck_assert(!metadata_valid("=b"));
	ck_assert(!metadata_valid("a b=c"));
	ck_assert(!metadata_valid("a,b=c"));
	ck_assert(!metadata_valid("\xc3\xa9=c"));
}
END_TEST

SUITE_MAIN("metadata", test_names, test_what_the_user_says_wins, test_forms)
