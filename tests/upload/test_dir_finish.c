#include <config.h>
#include "dir.h"
#include "fake.h"

static char last_name[256];

static void finished(void *ctx, const struct mummy_upload_info *info)
{
	++*(int *)ctx;
	snprintf(last_name, sizeof last_name, "%s", info->name);
}

static int exists(const char *folder, const char *name)
{
	char file[512];
	struct stat st;

	snprintf(file, sizeof file, "%s/%s", folder, name);
	return lstat(file, &st) == 0;
}

static void write_file(const char *folder, const char *name, const char *text)
{
	char file[512];
	int fd;

	snprintf(file, sizeof file, "%s/%s", folder, name);
	fd = open(file, O_CREAT | O_WRONLY | O_TRUNC, 0600);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static const char *upload(mummy_upload *u, const char *metadata, char path[128])
{
	struct answer a;

	ck_assert_int_eq(ask(u, &a, "POST", "/files/", "hello", 5, TUS_TYPE, "Upload-Length", "5",
			     metadata ? "Upload-Metadata" : NULL, metadata, NULL), 201);
	snprintf(path, 128, "%s", field(&a, "Location"));
	return path;
}

START_TEST(files_are_named_by_id)
{
	int n = 0;
	struct mummy_upload_options opt = { .ctx = &n, .events = { .post_finish = finished } };
	struct mummy_upload_dir_options dir = { .mode = 0640 };
	char folder[64], path[128], file[512];
	mummy_upload *u = open_dir(fresh(folder), &dir, &opt);
	struct stat st;

	upload(u, "filename YS50eHQ=", path);
	ck_assert_str_eq(last_name, strrchr(path, '/') + 1);
	snprintf(file, sizeof file, "%s/%s", folder, last_name);
	ck_assert_int_eq(stat(file, &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0640);
	ck_assert_uint_eq(st.st_nlink, 1);
	mummy_upload_free(u);
	wipe(folder);
}
END_TEST

START_TEST(files_are_named_by_metadata_and_replace_nothing)
{
	int n = 0;
	struct mummy_upload_options opt = { .ctx = &n, .events = { .post_finish = finished } };
	char folder[64], done[128], path[3][128], back[16];
	struct mummy_upload_dir_options dir = { .naming = MUMMY_UPLOAD_NAME_METADATA, .finished = done };
	mummy_upload *u;

	fresh(folder);
	snprintf(done, sizeof done, "%s/done", folder);
	u = open_dir(folder, &dir, &opt);
	write_file(done, "a-1.txt", "mine");
	upload(u, "filename YS50eHQ=", path[0]);
	ck_assert_str_eq(last_name, "a.txt");
	upload(u, "filename YS50eHQ=", path[1]);
	ck_assert_str_eq(last_name, "a-2.txt");
	upload(u, "filename Li4vLi4vLg==", path[2]);
	ck_assert_str_eq(last_name, strrchr(path[2], '/') + 1);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(content(u, path[i], back, sizeof back), 5);
		ck_assert(exists(done, i == 0 ? "a.txt" : i == 1 ? "a-2.txt" : last_name));
	}
	mummy_upload_free(u);
	wipe(folder);
}
END_TEST

START_TEST(a_file_that_took_the_name_is_neither_served_nor_removed)
{
	struct mummy_upload_dir_options dir = { .naming = MUMMY_UPLOAD_NAME_METADATA };
	char folder[64], path[2][128], from[128], to[128], back[16];
	mummy_upload *u = open_dir(fresh(folder), &dir, NULL);
	struct answer a;

	upload(u, "filename YS50eHQ=", path[0]);
	upload(u, "filename YS50eHQ=", path[1]);
	write_file(folder, "b.txt", "12345");
	snprintf(from, sizeof from, "%s/b.txt", folder);
	snprintf(to, sizeof to, "%s/a.txt", folder);
	ck_assert_int_eq(rename(from, to), 0);
	ck_assert_int_eq(content(u, path[0], back, sizeof back), -1);
	ck_assert_int_eq(ask(u, &a, "DELETE", path[0], NULL, 0, NULL), 204);
	ck_assert(exists(folder, "a.txt"));
	ck_assert_int_eq(ask(u, &a, "DELETE", path[1], NULL, 0, NULL), 204);
	ck_assert(!exists(folder, "a-1.txt"));
	mummy_upload_free(u);
	ck_assert_int_eq(wipe(folder), 1);
}
END_TEST

START_TEST(a_name_that_is_always_taken_gets_the_id)
{
	int n = 0;
	struct mummy_upload_options opt = { .ctx = &n, .events = { .post_finish = finished } };
	struct mummy_upload_dir_options dir = { .naming = MUMMY_UPLOAD_NAME_METADATA };
	char folder[64], path[128], want[256], name[32];
	mummy_upload *u = open_dir(fresh(folder), &dir, &opt);

	write_file(folder, "a.txt", "");
	for (int i = 1; i < 100; i++) {
		snprintf(name, sizeof name, "a-%d.txt", i);
		write_file(folder, name, "");
	}
	upload(u, "filename YS50eHQ=", path);
	snprintf(want, sizeof want, "a-%s.txt", strrchr(path, '/') + 1);
	ck_assert_str_eq(last_name, want);
	mummy_upload_free(u);
	wipe(folder);
}
END_TEST

/* A process that died at each step of finishing: the upload is finished at the next start, once. */
static void die_at(int step)
{
	int n = 0, fd;
	uint64_t size;
	struct mummy_upload_options opt = { .ctx = &n, .events = { .post_finish = finished } };
	struct mummy_upload_dir_options dir = { .naming = MUMMY_UPLOAD_NAME_METADATA,
		.sync = MUMMY_UPLOAD_SYNC_FINISH };
	struct mummy_upload_store store;
	struct mup_record rec;
	char folder[64], path[128], part[256], name[256], id[MUP_ID_SIZE], back[16];
	mummy_upload *u = open_dir(fresh(folder), &dir, NULL);
	struct answer a;

	ck_assert_int_eq(ask(u, &a, "POST", "/files/", "hell", 4, TUS_TYPE, "Upload-Length", "5", "Upload-Metadata",
			     "filename YS50eHQ=", NULL), 201);
	snprintf(path, sizeof path, "%s", field(&a, "Location"));
	memcpy(id, strrchr(path, '/') + 1, sizeof id);
	mummy_upload_free(u);
	snprintf(part, sizeof part, "%s/.%s.part", folder, id);
	snprintf(name, sizeof name, "%s/a.txt", folder);
	fd = open(part, O_WRONLY | O_APPEND);
	ck_assert_int_eq(write(fd, "o", 1), 1);
	close(fd);
	if (step >= 1) {
		ck_assert_int_eq(mummy_upload_dir_store(&store, folder, &dir), 0);
		ck_assert_int_eq(mup_dir_look(store.ctx, id, &rec, NULL, &size), 0);
		rec.info.state = MUMMY_UPLOAD_FINISHED;
		rec.info.name = "a.txt";
		ck_assert_int_eq(mup_dir_put_record(store.ctx, &rec, 1), 0);
		mup_record_free(&rec);
		store.release(store.ctx);
	}
	if (step >= 2)
		ck_assert_int_eq(link(part, name), 0);
	u = open_dir(folder, &dir, &opt);
	ck_assert_int_eq(n, 1);
	ck_assert_str_eq(last_name, "a.txt");
	ck_assert_int_eq(content(u, path, back, sizeof back), 5);
	mummy_upload_free(u);
	ck_assert_int_eq(wipe(folder), 2);
}

START_TEST(finishing_goes_on_after_a_crash)
{
	for (int step = 0; step < 3; step++)
		die_at(step);
}
END_TEST

START_TEST(removing_goes_on_after_a_crash)
{
	struct mummy_upload_dir_options dir = { .naming = MUMMY_UPLOAD_NAME_METADATA };
	char folder[64], path[2][128], from[256], to[256];
	mummy_upload *u = open_dir(fresh(folder), &dir, NULL);

	upload(u, "filename YS50eHQ=", path[0]);
	create(u, 10, path[1]);
	mummy_upload_free(u);
	for (int i = 0; i < 2; i++) {
		snprintf(from, sizeof from, "%s/.%s.info", folder, strrchr(path[i], '/') + 1);
		snprintf(to, sizeof to, "%s/.%s.gone", folder, strrchr(path[i], '/') + 1);
		ck_assert_int_eq(rename(from, to), 0);
	}
	u = open_dir(folder, &dir, NULL);
	ck_assert_int_eq(offset_of(u, path[0]), -1);
	mummy_upload_free(u);
	ck_assert_int_eq(wipe(folder), 0);
}
END_TEST

SUITE_MAIN("upload/dir_finish", files_are_named_by_id, files_are_named_by_metadata_and_replace_nothing,
	   a_file_that_took_the_name_is_neither_served_nor_removed,
	   a_name_that_is_always_taken_gets_the_id, finishing_goes_on_after_a_crash, removing_goes_on_after_a_crash)
