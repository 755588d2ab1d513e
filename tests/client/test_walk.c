#include <config.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "suite.h"
#include "walk.h"

static char base[] = "/tmp/mummy-test-XXXXXX";
static char seen[16][300];
static size_t nseen, nskipped;
static int last_error;
static size_t stop_after = 100;

static int file(void *ctx, const char *path, const char *relative)
{
	(void)ctx;
	ck_assert_int_eq(access(path, R_OK), 0);
	ck_assert_uint_lt(nseen, 16);
	snprintf(seen[nseen++], sizeof seen[0], "%s", relative);
	return nseen == stop_after ? 7 : 0;
}

static void skipped(void *ctx, const char *path, int error)
{
	(void)ctx, (void)path;
	nskipped++;
	last_error = error;
}

static const struct walk walk = { file, skipped, NULL };

static void make(const char *name, int folder)
{
	char path[300];

	snprintf(path, sizeof path, "%s/%s", base, name);
	if (folder)
		ck_assert_int_eq(mkdir(path, 0700), 0);
	else
		close(open(path, O_CREAT | O_WRONLY, 0600));
}

static void make_tree(void)
{
	char path[300];

	ck_assert_ptr_nonnull(mkdtemp(base));
	make("top", 1);
	make("top/a", 0);
	make("top/.hidden", 0);
	make("top/sub", 1);
	make("top/sub/b c", 0);
	make("top/empty", 1);
	snprintf(path, sizeof path, "%s/top/link", base);
	ck_assert_int_eq(symlink("a", path), 0);
	snprintf(path, sizeof path, "%s/top/loop", base);
	ck_assert_int_eq(symlink(".", path), 0);
	snprintf(path, sizeof path, "%s/link", base);
	ck_assert_int_eq(symlink("top", path), 0);
}

static void remove_tree(void)
{
	char command[100];

	snprintf(command, sizeof command, "rm -rf %s", base);
	ck_assert_int_eq(system(command), 0);
}

static int saw(const char *name)
{
	for (size_t i = 0; i < nseen; i++)
		if (strcmp(seen[i], name) == 0)
			return 1;
	return 0;
}

static void walks(const char *name)
{
	char path[300];

	nseen = nskipped = 0;
	snprintf(path, sizeof path, "%s/%s", base, name);
	ck_assert_int_eq(walk_folder(&walk, path), 0);
	ck_assert_uint_eq(nseen, 3);
	ck_assert(saw("top/a") && saw("top/.hidden") && saw("top/sub/b c"));
	ck_assert_uint_eq(nskipped, 2);
	ck_assert_int_eq(last_error, 0);
}

START_TEST(test_all_regular_files)
{
	make_tree();
	walks("top");
	walks("top/");
	walks("top/sub/..");
	walks("link");            /* named by the user himself */
	remove_tree();
}
END_TEST

START_TEST(test_ends_when_told)
{
	make_tree();
	stop_after = 2;
	nseen = 0;
	ck_assert_int_eq(walk_folder(&walk, base), 7);
	ck_assert_uint_eq(nseen, 2);
	stop_after = 100;
	remove_tree();
}
END_TEST

START_TEST(test_depth_is_bounded)
{
	char path[1024];
	size_t n;

	ck_assert_ptr_nonnull(mkdtemp(base));
	n = (size_t)snprintf(path, sizeof path, "%s", base);
	for (int i = 0; i < WALK_MAX_DEPTH; i++) {
		n += (size_t)snprintf(path + n, sizeof path - n, "/d");
		ck_assert_int_eq(mkdir(path, 0700), 0);
	}
	nseen = nskipped = 0;
	ck_assert_int_eq(walk_folder(&walk, base), 0);
	ck_assert_uint_eq(nskipped, 1);
	ck_assert_int_eq(last_error, -ELOOP);
	remove_tree();
}
END_TEST

START_TEST(test_what_is_not_there)
{
	nskipped = 0;
	ck_assert_int_eq(walk_folder(&walk, "/nonexistent"), 0);
	ck_assert_uint_eq(nskipped, 1);
	ck_assert_int_eq(last_error, -ENOENT);
}
END_TEST

SUITE_MAIN("walk", test_all_regular_files, test_ends_when_told, test_depth_is_bounded, test_what_is_not_there)
