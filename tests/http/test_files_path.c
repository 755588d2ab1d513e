#include <config.h>
#include "suite.h"
#include "split.h"
#include "files.h"

static int path(const char *raw, int dot_files, char **out)
{
	size_t n = strlen(raw);
	char *copy = split_copy(raw, n);
	struct mummy_http_span s = {copy, n};
	int status;

	*out = malloc(n + 1);
	ck_assert_ptr_nonnull(*out);
	status = mhttp_files_path(*out, s, dot_files);
	free(copy);
	return status;
}

static const struct {
	const char *raw;
	int status, with_dots;
	const char *want;
} paths[] = {
	{"", 0, 0, ""},
	{"a", 0, 0, "a"},
	{"a/", 0, 0, "a/"},
	{"a/b.c", 0, 0, "a/b.c"},
	{"%61/%62%2ec", 0, 0, "a/b.c"},
	{"a%20b", 0, 0, "a b"},
	{"%c3%a4", 0, 0, "\303\244"},
	{"a+b", 0, 0, "a+b"},
	{"a..b", 0, 0, "a..b"},
	{"a.", 0, 0, "a."},
	{"%2561", 0, 0, "%61"},
	{"a\\b", 0, 0, "a\\b"},
	{"..", 404, 404, NULL},
	{"../a", 404, 404, NULL},
	{"a/..", 404, 404, NULL},
	{"a/../b", 404, 404, NULL},
	{"%2e%2e/a", 404, 404, NULL},
	{".%2E/a", 404, 404, NULL},
	{"a/%2e%2E", 404, 404, NULL},
	{".", 404, 404, NULL},
	{"./a", 404, 404, NULL},
	{"%2e/a", 404, 404, NULL},
	{"a/.", 404, 404, NULL},
	{"a%2fb", 404, 404, NULL},
	{"..%2fa", 404, 404, NULL},
	{"%2F", 404, 404, NULL},
	{"a/%2f", 404, 404, NULL},
	{"/", 404, 404, NULL},
	{"/a", 404, 404, NULL},
	{"a//b", 404, 404, NULL},
	{"a//", 404, 404, NULL},
	{"a%00", 400, 400, NULL},
	{"%00", 400, 400, NULL},
	{"..%00", 400, 400, NULL},
	{"a%", 400, 400, NULL},
	{"a%4", 400, 400, NULL},
	{"%zz", 400, 400, NULL},
	{"a/%2", 400, 400, NULL},
	{".a", 404, 0, ".a"},
	{"a/.b/c", 404, 0, "a/.b/c"},
	{"%2ea", 404, 0, ".a"},
	{"...", 404, 0, "..."},
	{"..a", 404, 0, "..a"},
};

START_TEST(paths_stay_below_the_root)
{
	for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
		for (int dots = 0; dots < 2; dots++) {
			int status = dots ? paths[i].with_dots : paths[i].status;
			char *out;

			ck_assert_msg(path(paths[i].raw, dots, &out) == status, "%s", paths[i].raw);
			if (status == 0)
				ck_assert_str_eq(out, paths[i].want);
			free(out);
		}
}
END_TEST

static void check_tail(const char *raw, unsigned segments, const char *want)
{
	struct mummy_http_span s = {raw, strlen(raw)}, tail = mhttp_files_tail(s, segments);

	if (!want) {
		ck_assert_ptr_null(tail.p);
		return;
	}
	ck_assert_ptr_nonnull(tail.p);
	ck_assert_uint_eq(tail.n, strlen(want));
	ck_assert_mem_eq(tail.p, want, tail.n);
}

START_TEST(the_prefix_is_counted_not_compared)
{
	check_tail("/", 0, "");
	check_tail("/a/b", 0, "a/b");
	check_tail("//a", 0, "/a");
	check_tail("", 0, NULL);
	check_tail("/s", 1, NULL);
	check_tail("/s/", 1, "");
	check_tail("/%73/a/b", 1, "a/b");
	check_tail("/s/t/a", 2, "a");
}
END_TEST

SUITE_MAIN("http/files_path", paths_stay_below_the_root, the_prefix_is_counted_not_compared)
