#include <config.h>
#include "dir.h"
#include "fake.h"

START_TEST(wrong_options_are_refused)
{
	struct mummy_upload_store store;
	char folder[64];
	struct mummy_upload_dir_options bad[4] = { { .mode = 04755 }, { .sync = (enum mummy_upload_sync)3 },
		{ .naming = (enum mummy_upload_naming)2 }, { .reserved = { 0, 1 } } };

	fresh(folder);
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(mummy_upload_dir_store(&store, folder, &bad[i]), -EINVAL);
	wipe(folder);
}
END_TEST

START_TEST(what_is_no_folder_is_refused)
{
	struct mummy_upload_store store;
	struct mummy_upload_dir_options opt = { .finished = "/proc" };
	char folder[64];

	ck_assert_int_eq(mummy_upload_dir_store(&store, "/dev/null", NULL), -ENOTDIR);
	ck_assert_int_eq(mummy_upload_dir_store(&store, "/nonexistent/x", NULL), -ENOENT);
	fresh(folder);
	ck_assert_int_lt(mummy_upload_dir_store(&store, folder, &opt), 0);
	wipe(folder);
}
END_TEST

/* What one engine has half done must not be swept away by the start of another. */
START_TEST(only_the_first_engine_tidies_up)
{
	struct mummy_upload_store a, b;
	char folder[64], path[128];
	int fd;

	ck_assert_int_eq(mummy_upload_dir_store(&a, fresh(folder), NULL), 0);
	snprintf(path, sizeof path, "%s/.0123456789abcdef0123456789abcdef.tmp", folder);
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	close(fd);
	ck_assert_int_eq(mummy_upload_dir_store(&b, folder, NULL), 0);
	ck_assert_int_eq(access(path, F_OK), 0);
	a.release(a.ctx);
	b.release(b.ctx);
	ck_assert_int_eq(mummy_upload_dir_store(&b, folder, NULL), 0);
	ck_assert_int_ne(access(path, F_OK), 0);
	b.release(b.ctx);
	wipe(folder);
}
END_TEST

START_TEST(a_folder_that_is_missing_is_made)
{
	struct mummy_upload_store store;
	char folder[64], sub[128];
	struct stat st;

	fresh(folder);
	snprintf(sub, sizeof sub, "%s/sub", folder);
	ck_assert_int_eq(mummy_upload_dir_store(&store, sub, NULL), 0);
	store.release(store.ctx);
	ck_assert_int_eq(stat(sub, &st), 0);
	ck_assert_int_eq(st.st_mode & 0077, 0);
	wipe(folder);
}
END_TEST

START_TEST(a_folder_without_permission_is_refused)
{
	struct mummy_upload_store store;
	char folder[64];

	if (geteuid() == 0)
		return;
	fresh(folder);
	chmod(folder, 0500);
	ck_assert_int_eq(mummy_upload_dir_store(&store, folder, NULL), -EACCES);
	chmod(folder, 0700);
	wipe(folder);
}
END_TEST

START_TEST(no_descriptor_is_lost_or_inherited)
{
	struct mummy_upload_store store;
	char folder[64], path[128];
	mummy_upload *u;
	struct answer a;
	int before = dup(0), after;

	close(before);
	u = open_dir(fresh(folder), NULL, NULL);
	for (int fd = before; fd < before + 2; fd++)
		ck_assert_int_eq(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	create(u, 10, path);
	ck_assert_int_eq(patch(u, &a, path, 0, "0123456789", 10), 204);
	create(u, 10, path);
	ck_assert_int_eq(mummy_upload_cleanup(u, NULL), 0);
	ck_assert_int_eq(mummy_upload_dir_store(&store, folder, NULL), 0);
	store.release(store.ctx);
	mummy_upload_free(u);
	after = dup(0);
	close(after);
	ck_assert_int_eq(before, after);
	wipe(folder);
}
END_TEST

SUITE_MAIN("upload/dir_store", wrong_options_are_refused, what_is_no_folder_is_refused, only_the_first_engine_tidies_up,
	   a_folder_that_is_missing_is_made, a_folder_without_permission_is_refused, no_descriptor_is_lost_or_inherited)
