#include <config.h>
#include <limits.h>
#include "fake.h"

static time_t late(time_t *out)
{
	time_t t = time(NULL) + 100;

	if (out)
		*out = t;
	return t;
}

static int count(void *ctx, const struct mummy_upload_info *info)
{
	(void)info;
	++*(int *)ctx;
	return 0;
}

static int listed(mummy_upload *u, const struct mummy_upload_filter *f)
{
	int n = 0;

	ck_assert_int_eq(mummy_upload_list(u, f, count, &n), 0);
	return n;
}

static void check_cleanup(mummy_upload *u)
{
	struct answer a;
	char path[128], done[128];
	unsigned next = 0;

	ck_assert_int_eq(mummy_upload_cleanup(u, &next), 0);
	ck_assert_uint_eq(next, UINT_MAX);
	create(u, 5, path);
	create(u, 4, done);
	ck_assert_int_eq(patch(u, &a, done, 0, "0123", 4), 204);
	ck_assert_int_eq(mummy_upload_cleanup(u, &next), 0);
	ck_assert(next > 50 && next <= 60);
	u->clock = late;
	ck_assert_int_eq(ask(u, &a, "HEAD", path, NULL, 0, NULL), 410);
	ck_assert_int_eq(patch(u, &a, path, 0, "0", 1), 410);
	ck_assert_int_eq(ask(u, &a, "HEAD", done, NULL, 0, NULL), 200);
	ck_assert_int_eq(mummy_upload_cleanup(u, &next), 1);
	ck_assert_int_eq(ask(u, &a, "HEAD", path, NULL, 0, NULL), 404);
	ck_assert_int_eq(ask(u, &a, "HEAD", done, NULL, 0, NULL), 200);
	ck_assert_int_eq(listed(u, NULL), 1);
}

START_TEST(what_expired_is_removed)
{
	struct mummy_upload_options opt = { .expire_s = 60 };
	struct mummy_upload_stats st;
	char folder[64];
	mummy_upload *u[2] = { open_memory(&opt), open_dir(fresh(folder), NULL, &opt) };

	for (int k = 0; k < 2; k++) {
		check_cleanup(u[k]);
		mummy_upload_stats_get(u[k], &st);
		ck_assert_uint_eq(st.expired, 1);
		ck_assert_uint_eq(st.open, 0);
		mummy_upload_free(u[k]);
	}
	/* the finished file and its record */
	ck_assert_int_eq(wipe(folder), 2);
}
END_TEST

START_TEST(finished_uploads_expire_when_asked_for)
{
	struct mummy_upload_options opt = { .expire_s = 60, .expire_finished = 1 };
	char folder[64];
	mummy_upload *u = open_dir(fresh(folder), NULL, &opt);
	char path[128];

	create(u, 0, path);
	u->clock = late;
	ck_assert_int_eq(mummy_upload_cleanup(u, NULL), 1);
	mummy_upload_free(u);
	ck_assert_int_eq(wipe(folder), 0);
}
END_TEST

START_TEST(a_writer_is_not_expired)
{
	struct mummy_upload_options opt = { .expire_s = 60 };
	mummy_upload *u = open_memory(&opt);
	struct fake_fields f = { .n = 0 };
	struct mummy_upload_request req;
	mummy_upload_transfer *t = NULL;
	mummy_upload_reply *r = NULL;
	struct answer a;
	char path[128];

	create(u, 5, path);
	put_field(&f, "Tus-Resumable", "1.0.0");
	put_field(&f, "Content-Type", "application/offset+octet-stream");
	put_field(&f, "Upload-Offset", "0");
	req = fake_request("PATCH", path, &f, 5);
	ck_assert_int_eq(mummy_upload_begin(u, &req, &r, &t), 1);
	u->clock = late;
	ck_assert_int_eq(mummy_upload_cleanup(u, NULL), 0);
	ck_assert_int_eq(offset_of(u, path), 0);
	ck_assert_int_eq(feed(t, "01234", 5, 0, &a), 204);
	mummy_upload_free(u);
}
END_TEST

START_TEST(uploads_are_listed_and_removed)
{
	mummy_upload *u = open_memory(NULL);
	struct mummy_upload_filter f = { .states = 1u << MUMMY_UPLOAD_FINISHED };
	struct answer a;
	char path[3][128];

	for (int i = 0; i < 3; i++)
		create(u, 2, path[i]);
	ck_assert_int_eq(patch(u, &a, path[1], 0, "01", 2), 204);
	ck_assert_int_eq(listed(u, NULL), 3);
	ck_assert_int_eq(listed(u, &f), 1);
	f.created_after = 1;
	ck_assert_int_eq(listed(u, &f), 1);
	f.created_after = INT64_MAX;
	ck_assert_int_eq(listed(u, &f), 0);
	f.created_after = 0;
	f.states = 0;
	f.id = strrchr(path[2], '/') + 1;
	ck_assert_int_eq(listed(u, &f), 1);
	f.expires_before = 1;
	ck_assert_int_eq(listed(u, &f), 0);
	ck_assert_int_eq(mummy_upload_remove(u, f.id), 0);
	ck_assert_int_eq(mummy_upload_remove(u, f.id), -ENOENT);
	ck_assert_int_eq(mummy_upload_remove(u, "../x"), -ENOENT);
	ck_assert_int_eq(listed(u, NULL), 2);
	f.reserved[0] = 1;
	ck_assert_int_eq(mummy_upload_list(u, &f, count, NULL), -EINVAL);
	mummy_upload_free(u);
}
END_TEST

static int stop(void *ctx, const struct mummy_upload_info *info)
{
	(void)info;
	(void)ctx;
	return 7;
}

START_TEST(a_list_can_be_stopped)
{
	char folder[64], path[128];
	mummy_upload *u = open_dir(fresh(folder), NULL, NULL);

	create(u, 2, path);
	create(u, 2, path);
	ck_assert_int_eq(mummy_upload_list(u, NULL, stop, NULL), 7);
	mummy_upload_free(u);
	wipe(folder);
}
END_TEST

SUITE_MAIN("upload/survey", what_expired_is_removed, finished_uploads_expire_when_asked_for, a_writer_is_not_expired,
	   uploads_are_listed_and_removed, a_list_can_be_stopped)
