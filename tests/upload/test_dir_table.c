#include <config.h>
#include "dir.h"
#include "fake.h"

/* Records that share a file. */

static const struct mummy_upload_dir_options none = { .sync = MUMMY_UPLOAD_SYNC_NONE };

static struct mup_dir *dir_of(mummy_upload *u)
{
	return u->store.ctx;
}

/* One of the first few ids of a bucket. */
static const char *id_in(char id[MUP_ID_SIZE], unsigned bucket, unsigned i)
{
	snprintf(id, MUP_ID_SIZE, "%04x%028x", bucket, i);
	return id;
}

static int put(mummy_upload *u, const char *id, const char *metadata)
{
	struct mup_record rec = { .info = { .length = 7, .metadata = metadata } };

	memcpy(rec.info.id, id, MUP_ID_SIZE);
	return mup_dir_put_record(dir_of(u), &rec, 0);
}

static int exists(const char *folder, const char *id, const char *kind)
{
	char path[200];

	snprintf(path, sizeof path, "%s/.%s.%s", folder, id, kind);
	return access(path, F_OK) == 0;
}

START_TEST(a_bucket_that_is_full_leaves_records_in_files)
{
	char folder[64], id[MUP_ID_SIZE];
	mummy_upload *u = open_dir(fresh(folder), &none, NULL);
	struct mup_record rec;

	for (unsigned i = 0; i < 10; i++)
		ck_assert_int_eq(put(u, id_in(id, 0x1234, i), NULL), 0);
	for (unsigned i = 0; i < 10; i++) {
		ck_assert_int_eq(mup_table_has(dir_of(u), id_in(id, 0x1234, i)), i < 8);
		ck_assert_int_eq(exists(folder, id, "info"), i >= 8);
		ck_assert_int_eq(mup_dir_get_record(dir_of(u), id, "info", &rec), 0);
		ck_assert_str_eq(rec.info.id, id);
		ck_assert_uint_eq(rec.info.length, 7);
		mup_record_free(&rec);
	}
	/* a slot that is given up is taken again */
	ck_assert_int_eq(mup_table_drop(dir_of(u), id_in(id, 0x1234, 3)), 0);
	ck_assert_int_eq(mup_table_has(dir_of(u), id), 0);
	ck_assert_int_eq(put(u, id_in(id, 0x1234, 11), NULL), 0);
	ck_assert_int_eq(mup_table_has(dir_of(u), id), 1);
	mummy_upload_free(u);
	wipe(folder);
}
END_TEST

START_TEST(all_records_are_met_once)
{
	static const unsigned buckets[] = { 0, 0, 1, 0x2000, 0x3fff, 0x3fff, 0x7fff };
	char folder[64], id[MUP_ID_SIZE];
	mummy_upload *u = open_dir(fresh(folder), &none, NULL);
	unsigned seen[7] = { 0 }, n = 0;
	uint64_t at = 0;
	int rc;

	for (unsigned i = 0; i < 7; i++)
		ck_assert_int_eq(put(u, id_in(id, buckets[i], i), NULL), 0);
	ck_assert_int_eq(mup_table_mark(dir_of(u), id_in(id, 1, 2)), 0);
	ck_assert_int_eq(mup_table_mark(dir_of(u), id_in(id, 1, 3)), -ENOENT);
	while ((rc = mup_table_next(dir_of(u), &at, id)) > 0) {
		unsigned i = (unsigned)strtoul(id + 4, NULL, 16);

		ck_assert_uint_lt(i, 7);
		ck_assert_int_eq(rc, i == 2 ? 2 : 1);
		seen[i]++;
		n++;
	}
	ck_assert_int_eq(rc, -ENOENT);
	ck_assert_uint_eq(n, 7);
	for (unsigned i = 0; i < 7; i++)
		ck_assert_uint_eq(seen[i], 1);
	mummy_upload_free(u);
	wipe(folder);
}
END_TEST

/* Also one that outgrows its slot. */
START_TEST(a_long_record_has_a_file)
{
	char folder[64], id[MUP_ID_SIZE], metadata[600];
	mummy_upload *u = open_dir(fresh(folder), &none, NULL);
	struct mup_record rec;

	memset(metadata, 'a', sizeof metadata);
	metadata[sizeof metadata - 1] = '\0';
	ck_assert_int_eq(put(u, id_in(id, 1, 1), metadata), 0);
	ck_assert_int_eq(mup_table_has(dir_of(u), id), 0);
	ck_assert_int_eq(put(u, id_in(id, 1, 2), NULL), 0);
	ck_assert_int_eq(mup_dir_get_record(dir_of(u), id, "info", &rec), 0);
	rec.info.metadata = metadata;
	ck_assert_int_eq(mup_dir_put_record(dir_of(u), &rec, 0), 0);
	mup_record_free(&rec);
	ck_assert_int_eq(mup_table_has(dir_of(u), id), 0);
	ck_assert_int_eq(mup_dir_get_record(dir_of(u), id, "info", &rec), 0);
	ck_assert_str_eq(rec.info.metadata, metadata);
	mup_record_free(&rec);
	mummy_upload_free(u);
	wipe(folder);
}
END_TEST

static int count(void *ctx, const struct mummy_upload_info *info)
{
	int *n = ctx;

	*n += info->id[0] != 0;
	return 0;
}

static int listed(mummy_upload *u)
{
	int n = 0;

	ck_assert_int_eq(mummy_upload_list(u, NULL, count, &n), 0);
	return n;
}

/* What one policy has begun, the others go on with and remove; and what the former version left, that had
 * files only. */
START_TEST(policies_follow_each_other)
{
	for (int from = 0; from <= MUMMY_UPLOAD_SYNC_NONE; from++)
		for (int to = 0; to <= MUMMY_UPLOAD_SYNC_NONE; to++) {
			const struct mummy_upload_dir_options a = { .sync = (enum mummy_upload_sync)from },
				b = { .sync = (enum mummy_upload_sync)to };
			char folder[64], path[3][128], back[16];
			struct answer got;
			mummy_upload *u = open_dir(fresh(folder), &a, NULL);

			for (int i = 0; i < 3; i++) {
				create(u, 8, path[i]);
				ck_assert_int_eq(patch(u, &got, path[i], 0, "0123", 4), 204);
			}
			ck_assert_int_eq(patch(u, &got, path[1], 4, "4567", 4), 204);
			mummy_upload_free(u);
			u = open_dir(folder, &b, NULL);
			ck_assert_uint_eq(u->stats.quarantined, 0);
			ck_assert_int_eq(listed(u), 3);
			ck_assert_int_eq(offset_of(u, path[0]), 4);
			ck_assert_int_eq(patch(u, &got, path[0], 4, "4567", 4), 204);
			for (int i = 0; i < 2; i++) {
				ck_assert_int_eq(content(u, path[i], back, sizeof back), 8);
				ck_assert_mem_eq(back, "01234567", 8);
			}
			ck_assert_int_eq(listed(u), 3);
			for (int i = 0; i < 3; i++)
				ck_assert_int_eq(mummy_upload_remove(u, strrchr(path[i], '/') + 1), 0);
			ck_assert_int_eq(listed(u), 0);
			mummy_upload_free(u);
			ck_assert_int_eq(wipe(folder), 0);
		}
}
END_TEST

/* The process died when the record had a file already and its slot still; and when a removal was begun. */
START_TEST(what_was_half_done_is_done)
{
	char folder[64], path[2][128], *text;
	mummy_upload *u = open_dir(fresh(folder), &none, NULL);
	const char *id[2];
	size_t n;
	int fd;

	for (int i = 0; i < 2; i++) {
		create(u, 8, path[i]);
		id[i] = strrchr(path[i], '/') + 1;
	}
	ck_assert_int_eq(mup_table_get(dir_of(u), id[0], 0, &text, &n), 0);
	ck_assert_int_eq(mup_table_mark(dir_of(u), id[1]), 0);
	mummy_upload_free(u);
	snprintf(path[1], sizeof path[1], "%s/.%s.info", folder, id[0]);
	fd = open(path[1], O_WRONLY | O_CREAT | O_EXCL, 0600);
	ck_assert_int_eq(write(fd, text, n), (ssize_t)n);
	close(fd);
	free(text);
	u = open_dir(folder, &none, NULL);
	ck_assert_int_eq(listed(u), 1);
	ck_assert_int_eq(mup_table_has(dir_of(u), id[0]), 0);
	ck_assert_int_eq(offset_of(u, path[0]), 0);
	mummy_upload_free(u);
	ck_assert_int_eq(wipe(folder), 2);
}
END_TEST

/* Two engines take slots of one bucket at once. */
static void *take_slots(void *arg)
{
	char id[MUP_ID_SIZE];
	mummy_upload *u = ((mummy_upload **)arg)[0];
	const unsigned first = (unsigned)(uintptr_t)((void **)arg)[1];

	for (unsigned round = 0; round < 200; round++) {
		for (unsigned i = 0; i < 4; i++)
			ck_assert_int_eq(put(u, id_in(id, 5, first + i), NULL), 0);
		for (unsigned i = 0; i < 4; i++) {
			ck_assert_int_eq(mup_table_has(dir_of(u), id_in(id, 5, first + i)), 1);
			ck_assert_int_eq(mup_table_drop(dir_of(u), id), 0);
		}
	}
	return NULL;
}

START_TEST(engines_share_a_bucket)
{
	char folder[64];
	mummy_upload *a = open_dir(fresh(folder), &none, NULL), *b = open_dir(folder, &none, NULL);
	void *const arg[2][2] = { { a, (void *)(uintptr_t)100 }, { b, (void *)(uintptr_t)200 } };
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, take_slots, (void *)(uintptr_t)arg[0]), 0);
	take_slots((void *)(uintptr_t)arg[1]);
	pthread_join(thread, NULL);
	mummy_upload_free(a);
	mummy_upload_free(b);
	ck_assert_int_eq(wipe(folder), 0);
}
END_TEST

enum { REWRITES = 100000 };

static void *rewrite(void *arg)
{
	static const char *const metadata[] = { "a YQ==", "filename YSBmaWxlIHdpdGggYSBsb25nZXIgbmFtZS50eHQ=,b Yg==" };
	mummy_upload *u = arg;
	struct mup_record rec;
	char id[MUP_ID_SIZE];

	for (int i = 0; i < REWRITES; i++) {
		ck_assert_int_eq(mup_dir_get_record(dir_of(u), id_in(id, 5, 1), "info", &rec), 0);
		rec.info.metadata = metadata[i % 2];
		ck_assert_int_eq(mup_dir_put_record(dir_of(u), &rec, 0), 0);
		mup_record_free(&rec);
	}
	return NULL;
}

START_TEST(a_record_is_read_whole_while_it_is_replaced)
{
	char folder[64], id[MUP_ID_SIZE];
	mummy_upload *u = open_dir(fresh(folder), &none, NULL);
	struct mup_record rec;
	pthread_t thread;

	ck_assert_int_eq(put(u, id_in(id, 5, 1), "a YQ=="), 0);
	ck_assert_int_eq(pthread_create(&thread, NULL, rewrite, u), 0);
	for (int i = 0; i < REWRITES; i++) {
		ck_assert_int_eq(mup_dir_get_record(dir_of(u), id, "info", &rec), 0);
		mup_record_free(&rec);
	}
	pthread_join(thread, NULL);
	mummy_upload_free(u);
	wipe(folder);
}
END_TEST

SUITE_MAIN("upload/dir_table", a_bucket_that_is_full_leaves_records_in_files, all_records_are_met_once,
	   a_long_record_has_a_file, policies_follow_each_other, what_was_half_done_is_done, engines_share_a_bucket,
	   a_record_is_read_whole_while_it_is_replaced)
