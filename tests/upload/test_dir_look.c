#include <config.h>
#include "dir.h"
#include "fake.h"

static char reason[128];

static int note(void *ctx, const struct mummy_upload_info *info)
{
	if (info->state == MUMMY_UPLOAD_QUARANTINED) {
		++*(int *)ctx;
		snprintf(reason, sizeof reason, "%s", info->reason);
	}
	return 0;
}

static void file_of(char out[256], const char *folder, const char *path, const char *kind)
{
	snprintf(out, 256, "%s/.%s.%s", folder, strrchr(path, '/') + 1, kind);
}

/* An upload with 5 of 10 octets, harmed; then the folder is opened again. */
static void harm(void (*how)(const char *part, const char *info), const char *want)
{
	struct mummy_upload_dir_options dir = { .sync = MUMMY_UPLOAD_SYNC_ACK };
	char folder[64], path[128], part[256], info[256];
	mummy_upload *u = open_dir(fresh(folder), &dir, NULL);
	struct mummy_upload_stats st;
	struct answer a;
	int n = 0;

	create(u, 10, path);
	ck_assert_int_eq(patch(u, &a, path, 0, "01234", 5), 204);
	mummy_upload_free(u);
	file_of(part, folder, path, "part");
	file_of(info, folder, path, "info");
	how(part, info);
	u = open_dir(folder, &dir, NULL);
	mummy_upload_stats_get(u, &st);
	ck_assert_uint_eq(st.quarantined, 1);
	ck_assert_uint_eq(st.open, 0);
	ck_assert_int_eq(mummy_upload_list(u, NULL, note, &n), 0);
	ck_assert_int_eq(n, 1);
	ck_assert_str_eq(reason, want);
	ck_assert_int_eq(ask(u, &a, "HEAD", path, NULL, 0, NULL), 410);
	ck_assert_ptr_null(strstr(a.text, folder));
	ck_assert_int_eq(patch(u, &a, path, 5, "56789", 5), 410);
	ck_assert_int_eq(mummy_upload_cleanup(u, NULL), 0);
	/* kept until somebody says so */
	ck_assert_int_eq(mummy_upload_remove(u, strrchr(path, '/') + 1), 0);
	mummy_upload_stats_get(u, &st);
	ck_assert_uint_eq(st.quarantined, 0);
	mummy_upload_free(u);
	ck_assert_int_eq(wipe(folder), 0);
}

static void lose_part(const char *part, const char *info)
{
	(void)info;
	unlink(part);
}

static void lose_info(const char *part, const char *info)
{
	(void)part;
	unlink(info);
}

static void tear_info(const char *part, const char *info)
{
	(void)part;
	ck_assert_int_eq(truncate(info, 50), 0);
}

static void empty_info(const char *part, const char *info)
{
	(void)part;
	ck_assert_int_eq(truncate(info, 0), 0);
}

static void huge_info(const char *part, const char *info)
{
	(void)part;
	ck_assert_int_eq(truncate(info, 10 << 20), 0);
}

static void tear_part(const char *part, const char *info)
{
	(void)info;
	ck_assert_int_eq(truncate(part, 4), 0);
}

static void link_part(const char *part, const char *info)
{
	(void)info;
	unlink(part);
	ck_assert_int_eq(symlink("/etc/passwd", part), 0);
}

static void fifo_info(const char *part, const char *info)
{
	(void)part;
	unlink(info);
	ck_assert_int_eq(mkfifo(info, 0600), 0);
}

START_TEST(what_is_inconsistent_is_quarantined_with_a_reason)
{
	harm(lose_part, "its data is missing");
	harm(lose_info, "its record is missing");
	harm(tear_info, "its record is damaged");
	harm(empty_info, "its record is damaged");
	harm(huge_info, "its record is damaged");
	harm(fifo_info, "its record is damaged");
	harm(tear_part, "data is missing that was acknowledged");
	harm(link_part, "its data is no file");
}
END_TEST

START_TEST(a_record_of_another_upload_is_damaged)
{
	char folder[64], path[2][128], info[2][256];
	mummy_upload *u = open_dir(fresh(folder), NULL, NULL);
	struct answer a;

	for (int i = 0; i < 2; i++) {
		create(u, 10, path[i]);
		file_of(info[i], folder, path[i], "info");
	}
	ck_assert_int_eq(rename(info[0], info[1]), 0);
	ck_assert_int_eq(ask(u, &a, "HEAD", path[1], NULL, 0, NULL), 410);
	mummy_upload_free(u);
	wipe(folder);
}
END_TEST

SUITE_MAIN("upload/dir_look", what_is_inconsistent_is_quarantined_with_a_reason, a_record_of_another_upload_is_damaged)
