#include <config.h>
#include "dir.h"
#include "fake.h"

#define ID "0123456789abcdef0123456789abcde"

static void touch(const char *folder, const char *name)
{
	char file[256];
	int fd;

	snprintf(file, sizeof file, "%s/%s", folder, name);
	fd = open(file, O_CREAT | O_WRONLY, 0600);
	ck_assert_int_ge(fd, 0);
	close(fd);
}

static int count(void *ctx, const struct mummy_upload_info *info)
{
	(void)info;
	++*(int *)ctx;
	return 0;
}

START_TEST(what_a_crash_left_is_swept_and_the_rest_is_let_alone)
{
	char folder[64];
	mummy_upload *u;
	int n = 0;

	fresh(folder);
	touch(folder, "." ID "0.tmp");
	touch(folder, "." ID "1.part");
	touch(folder, "." ID "2.gone");
	touch(folder, "holiday.jpg");
	touch(folder, ".hidden");
	touch(folder, "." ID "X.tmp");
	u = open_dir(folder, NULL, NULL);
	ck_assert_int_eq(mummy_upload_list(u, NULL, count, &n), 0);
	ck_assert_int_eq(n, 0);
	mummy_upload_free(u);
	ck_assert_int_eq(wipe(folder), 3);
}
END_TEST

/* An upload that was being created without octets and without record, whichever is met first. */
START_TEST(what_was_never_told_of_is_swept)
{
	char folder[64], name[64];
	mummy_upload *u;

	fresh(folder);
	for (int i = 0; i < 16; i++) {
		snprintf(name, sizeof name, "." ID "%x.info", (unsigned)i);
		touch(folder, name);
		snprintf(name, sizeof name, "." ID "%x.part", (unsigned)i);
		touch(folder, name);
	}
	u = open_dir(folder, NULL, NULL);
	ck_assert_uint_eq(u->stats.quarantined, 0);
	mummy_upload_free(u);
	ck_assert_int_eq(wipe(folder), 0);
}
END_TEST

START_TEST(every_upload_is_met_once)
{
	char folder[64], path[128];
	mummy_upload *u = open_dir(fresh(folder), NULL, NULL);
	int n = 0;

	for (int i = 0; i < 50; i++)
		create(u, (uint64_t)(i % 3), path);
	ck_assert_int_eq(mummy_upload_list(u, NULL, count, &n), 0);
	ck_assert_int_eq(n, 50);
	mummy_upload_free(u);
	wipe(folder);
}
END_TEST

SUITE_MAIN("upload/dir_list", what_a_crash_left_is_swept_and_the_rest_is_let_alone,
	   what_was_never_told_of_is_swept, every_upload_is_met_once)
