#include <config.h>
#include "suite.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "files.h"

static char base[64];
static int root;

static void put(const char *name, const char *text)
{
	int fd = openat(root, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

/* root: file, dir/file, fifo, links inside and outside; beside it: secret */
static void build(void)
{
	char path[128];

	strcpy(base, "/tmp/mummy-files-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(base));
	snprintf(path, sizeof path, "%s/root", base);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	root = open(path, O_RDONLY | O_DIRECTORY);
	ck_assert_int_ge(root, 0);
	ck_assert_int_eq(mkdirat(root, "dir", 0700), 0);
	put("file", "1");
	put("dir/file", "22");
	put("../secret", "333");
	ck_assert_int_eq(mkfifoat(root, "fifo", 0600), 0);
	ck_assert_int_eq(symlinkat("dir/file", root, "inside"), 0);
	ck_assert_int_eq(symlinkat("../secret", root, "outside"), 0);
	ck_assert_int_eq(symlinkat("..", root, "up"), 0);
	ck_assert_int_eq(symlinkat("/proc/self/exe", root, "absolute"), 0);
	ck_assert_int_eq(symlinkat("round", root, "round"), 0);
}

static void remove_all(void)
{
	static const char *const names[] = {"dir/file", "file",     "fifo",  "inside",   "outside",
					    "up",       "absolute", "round", "../secret"};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		unlinkat(root, names[i], 0);
	unlinkat(root, "dir", AT_REMOVEDIR);
	unlinkat(root, "../root", AT_REMOVEDIR);
	close(root);
	ck_assert_int_eq(rmdir(base), 0);
}

typedef int open_fn(int root, const char *path, struct stat *st);

/* The size of what is opened, -1 for a folder, or the status of the error. */
static int opened(open_fn *open_it, const char *path)
{
	struct stat st;
	int fd = open_it(root, path, &st);

	if (fd < 0)
		return mhttp_files_status(fd);
	ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	close(fd);
	return S_ISDIR(st.st_mode) ? -1 : (int)st.st_size;
}

static void check_all(open_fn *open_it)
{
	static const char *const refused[] = {"none",      "file/none", "fifo",  "outside",  "up",
					      "up/secret", "absolute",  "round", "dir/none", "up/root/file"};
	char name[600];

	build();
	ck_assert_int_eq(opened(open_it, "file"), 1);
	ck_assert_int_eq(opened(open_it, "dir/file"), 2);
	ck_assert_int_eq(opened(open_it, "dir"), -1);
	ck_assert_int_eq(opened(open_it, ""), -1);
	for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
		ck_assert_msg(opened(open_it, refused[i]) == 404, "%s", refused[i]);
	memset(name, 'a', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	ck_assert_int_eq(opened(open_it, name), 404);
	remove_all();
}

START_TEST(nothing_outside_of_the_root_is_opened)
{
	check_all(mhttp_files_open);
}
END_TEST

START_TEST(nor_without_the_kernels_help)
{
	check_all(mhttp_files_open_by_steps);
}
END_TEST

START_TEST(without_it_links_are_not_followed)
{
	build();
	ck_assert_int_eq(opened(mhttp_files_open_by_steps, "inside"), 404);
	remove_all();
}
END_TEST

START_TEST(errors_have_statuses)
{
	ck_assert_int_eq(mhttp_files_status(-ENOENT), 404);
	ck_assert_int_eq(mhttp_files_status(-EACCES), 403);
	ck_assert_int_eq(mhttp_files_status(-EMFILE), 503);
	ck_assert_int_eq(mhttp_files_status(-EIO), 500);
}
END_TEST

SUITE_MAIN("http/files_open", nothing_outside_of_the_root_is_opened, nor_without_the_kernels_help,
	   without_it_links_are_not_followed, errors_have_statuses)
