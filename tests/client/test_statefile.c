#include <config.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "suite.h"
#include "statefile.h"

static char base[] = "/tmp/mummy-test-XXXXXX", folder[64];

static void make_base(void)
{
	ck_assert_ptr_nonnull(mkdtemp(base));
	snprintf(folder, sizeof folder, "%s/a/b", base);
}

static void remove_base(void)
{
	char path[64];

	ck_assert_int_eq(rmdir(folder), 0);    /* nothing is left over */
	snprintf(path, sizeof path, "%s/a", base);
	rmdir(path);
	ck_assert_int_eq(rmdir(base), 0);
}

START_TEST(test_written_and_read)
{
	struct statefile f = STATEFILE_NONE;
	struct stat st;
	char *text, path[128];
	size_t n;

	make_base();
	ck_assert_int_eq(statefile_open(&f, folder, "key"), 0);
	ck_assert_int_eq(stat(folder, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0700);
	ck_assert_int_eq(statefile_read(&f, &text, &n), -ENOENT);
	ck_assert_int_eq(statefile_write(&f, "one", 3), 0);
	ck_assert_int_eq(statefile_write(&f, "second", 6), 0);
	snprintf(path, sizeof path, "%s/key", folder);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
	ck_assert_int_eq(statefile_read(&f, &text, &n), 0);
	ck_assert_uint_eq(n, 6);
	ck_assert_str_eq(text, "second");
	free(text);
	statefile_close(&f);
	ck_assert_int_eq(statefile_open(&f, folder, "key"), 0);
	ck_assert_int_eq(statefile_read(&f, &text, &n), 0);
	free(text);
	statefile_remove(&f);
	ck_assert_int_eq(statefile_read(&f, &text, &n), -ENOENT);
	statefile_close(&f);
	statefile_close(&f);
	remove_base();
}
END_TEST

START_TEST(test_one_at_a_time)
{
	struct statefile f = STATEFILE_NONE, g = STATEFILE_NONE, h = STATEFILE_NONE;

	make_base();
	ck_assert_int_eq(statefile_open(&f, folder, "key"), 0);
	ck_assert_int_eq(statefile_open(&g, folder, "key"), -EBUSY);
	ck_assert_int_eq(statefile_open(&h, folder, "other"), 0);
	statefile_close(&f);
	ck_assert_int_eq(statefile_open(&g, folder, "key"), 0);
	statefile_close(&g);
	statefile_close(&h);
	remove_base();
}
END_TEST

START_TEST(test_folders)
{
	struct statefile f = STATEFILE_NONE;
	char *path;

	ck_assert_int_eq(statefile_open(&f, "/dev/null/x", "key"), -ENOTDIR);
	ck_assert_int_eq(f.folder, -1);
	setenv("HOME", "/h", 1);
	unsetenv("XDG_STATE_HOME");
	ck_assert_str_eq(path = statefile_folder(NULL), "/h/.local/state/mummy-upload");
	free(path);
	setenv("XDG_STATE_HOME", "not/absolute", 1);
	ck_assert_str_eq(path = statefile_folder(NULL), "/h/.local/state/mummy-upload");
	free(path);
	setenv("XDG_STATE_HOME", "/x", 1);
	ck_assert_str_eq(path = statefile_folder(NULL), "/x/mummy-upload");
	free(path);
	ck_assert_str_eq(path = statefile_folder("given"), "given");
	free(path);
	unsetenv("XDG_STATE_HOME");
	unsetenv("HOME");
	ck_assert_ptr_null(statefile_folder(NULL));
}
END_TEST

START_TEST(test_keys)
{
	static const char *const a[] = { "x", "yz" }, *const b[] = { "xy", "z" };
	char k[STATEFILE_KEY_SIZE], l[STATEFILE_KEY_SIZE];

	ck_assert_int_eq(statefile_key(k, a, 2), 0);
	ck_assert_uint_eq(strlen(k), STATEFILE_KEY_SIZE - 1);
	ck_assert_int_eq(statefile_key(l, b, 2), 0);
	ck_assert_str_ne(k, l);
	ck_assert_int_eq(statefile_key(l, a, 2), 0);
	ck_assert_str_eq(k, l);
}
END_TEST

SUITE_MAIN("statefile", test_written_and_read, test_one_at_a_time, test_folders, test_keys)
