#include <config.h>
#include "dir.h"
#include "fake.h"

static int post(mummy_upload *u, const char *length)
{
	struct answer a;

	return ask(u, &a, "POST", "/files/", NULL, 0, "Upload-Length", length, NULL);
}

START_TEST(the_quota_holds_at_creation)
{
	struct mummy_upload_dir_options dir = { .quota_bytes = 1000 };
	char folder[64], path[128], file[256];
	mummy_upload *u = open_dir(fresh(folder), &dir, NULL);
	struct answer a;

	create(u, 600, path);
	ck_assert_int_eq(post(u, "401"), 507);
	ck_assert_int_eq(post(u, "400"), 201);
	ck_assert_int_eq(post(u, "1"), 507);
	ck_assert_int_eq(ask(u, &a, "DELETE", path, NULL, 0, NULL), 204);
	create(u, 5, path);
	ck_assert_int_eq(patch(u, &a, path, 0, "01234", 5), 204);
	ck_assert_int_eq(post(u, "595"), 201);
	ck_assert_int_eq(post(u, "1"), 507);
	mummy_upload_free(u);
	/* counted anew, without the file that was taken away */
	snprintf(file, sizeof file, "%s/%s", folder, strrchr(path, '/') + 1);
	ck_assert_int_eq(unlink(file), 0);
	u = open_dir(folder, &dir, NULL);
	ck_assert_int_eq(post(u, "6"), 507);
	ck_assert_int_eq(post(u, "5"), 201);
	mummy_upload_free(u);
	wipe(folder);
}
END_TEST

START_TEST(an_unknown_length_counts_as_it_grows)
{
	struct mummy_upload_dir_options dir = { .quota_bytes = 10 };
	char folder[64], path[128];
	mummy_upload *u = open_dir(fresh(folder), &dir, NULL);
	struct answer a;

	ck_assert_int_eq(ask(u, &a, "POST", "/files/", "0123", 4, TUS_TYPE, "Upload-Defer-Length", "1", NULL), 201);
	snprintf(path, sizeof path, "%s", field(&a, "Location"));
	ck_assert_int_eq(post(u, "7"), 507);
	ck_assert_int_eq(patch(u, &a, path, 4, "4567890", 7), 507);
	ck_assert_int_eq(offset_of(u, path), 4);
	ck_assert_int_eq(ask(u, &a, "PATCH", path, NULL, 0, TUS_TYPE, "Upload-Offset", "4", "Upload-Length", "11", NULL),
			 507);
	ck_assert_int_eq(ask(u, &a, "PATCH", path, NULL, 0, TUS_TYPE, "Upload-Offset", "4", "Upload-Length", "10", NULL),
			 204);
	ck_assert_int_eq(post(u, "1"), 507);
	ck_assert_int_eq(patch(u, &a, path, 4, "456789", 6), 204);
	mummy_upload_free(u);
	wipe(folder);
}
END_TEST

START_TEST(what_is_promised_but_not_written_yet_counts)
{
	const struct mummy_upload_dir_options dir = { .quota_bytes = 1000 };
	struct mummy_upload_store store;
	struct mup_dir *d;
	char folder[64];

	ck_assert_int_eq(mummy_upload_dir_store(&store, fresh(folder), &dir), 0);
	d = store.ctx;
	ck_assert_int_eq(mup_dir_claim(d, 600), 0);
	/* it is time to count again, and the first one is not in the folder yet */
	d->counted_ms = 0;
	ck_assert_int_eq(mup_dir_claim(d, 600), -EDQUOT);
	mup_dir_claimed(d, 600, -ENOSPC);
	ck_assert_int_eq(mup_dir_claim(d, 600), 0);
	mup_dir_claimed(d, 600, 0);
	ck_assert_uint_eq(d->used, 600);
	ck_assert_uint_eq(d->coming, 0);
	store.release(store.ctx);
	wipe(folder);
}
END_TEST

START_TEST(some_space_stays_free)
{
	struct mummy_upload_dir_options dir = { .min_free_bytes = UINT64_MAX };
	char folder[64];
	mummy_upload *u = open_dir(fresh(folder), &dir, NULL);

	ck_assert_int_eq(post(u, "0"), 507);
	mummy_upload_free(u);
	ck_assert_int_eq(wipe(folder), 0);
}
END_TEST

/* 1 when the folder's file system can reserve. */
static int can_reserve(const char *folder)
{
	char file[256];
	int fd, rc;

	snprintf(file, sizeof file, "%s/probe", folder);
	fd = open(file, O_CREAT | O_RDWR, 0600);
	rc = fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 1 << 20);
	close(fd);
	unlink(file);
	return rc == 0;
}

START_TEST(the_announced_length_is_reserved)
{
	char folder[64], path[128], file[256];
	mummy_upload *u = open_dir(fresh(folder), NULL, NULL);
	struct answer a;
	struct stat st;

	create(u, 8 << 20, path);
	snprintf(file, sizeof file, "%s/.%s.part", folder, strrchr(path, '/') + 1);
	ck_assert_int_eq(stat(file, &st), 0);
	ck_assert_int_eq(st.st_size, 0);
	if (can_reserve(folder))
		ck_assert_int_ge(st.st_blocks, (8 << 20) / 512);
	ck_assert_int_eq(patch(u, &a, path, 0, "0123", 4), 204);
	mummy_upload_free(u);
	/* it is not taken for octets that arrived */
	u = open_dir(folder, NULL, NULL);
	ck_assert_int_eq(offset_of(u, path), 4);
	ck_assert_int_eq(ask(u, &a, "DELETE", path, NULL, 0, NULL), 204);
	mummy_upload_free(u);
	ck_assert_int_eq(wipe(folder), 0);
}
END_TEST

SUITE_MAIN("upload/dir_quota", the_announced_length_is_reserved, the_quota_holds_at_creation,
	   an_unknown_length_counts_as_it_grows, some_space_stays_free, what_is_promised_but_not_written_yet_counts)
