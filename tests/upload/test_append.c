/* What TUS and ranges have in common: test_begin and test_ranged have the rules of each. */
#include <config.h>
#include "fake.h"

static const struct mummy_upload_options both = { .range_path = "/range", .max_bytes = 1000 };

static void count_cancel(void *conn)
{
	++*(int *)conn;
}

/* Begins a PATCH at off whose length nobody knows. */
static mummy_upload_transfer *begin(mummy_upload *u, const char *path, const char *off, int *canceled)
{
	struct fake_fields f = { .n = 0 };
	struct mummy_upload_request req;
	mummy_upload_transfer *t = NULL;
	mummy_upload_reply *r = NULL;

	put_field(&f, "Tus-Resumable", "1.0.0");
	put_field(&f, "Content-Type", "application/offset+octet-stream");
	put_field(&f, "Upload-Offset", off);
	req = fake_request("PATCH", path, &f, MUMMY_UPLOAD_UNKNOWN);
	req.cancel = count_cancel;
	req.conn = canceled;
	ck_assert_int_eq(mummy_upload_begin(u, &req, &r, &t), 1);
	return t;
}

static const char *ranged(const char *path, char out[128])
{
	snprintf(out, 128, "/range/%s", strrchr(path, '/') + 1);
	return out;
}

/* A body of unknown length where there is no room: what came would be lost without a word. */
START_TEST(too_much_is_said_also_where_nothing_is_missing)
{
	mummy_upload *u = open_memory(&both);
	char path[128], text[1001], over[] = "x";
	struct answer a;

	memset(text, 'a', sizeof text);
	ck_assert_int_eq(ask(u, &a, "POST", "/files/", text, 1000, TUS_TYPE, "Upload-Defer-Length", "1", NULL), 201);
	snprintf(path, sizeof path, "%s", field(&a, "Location"));
	ck_assert_int_eq(ask_bare(u, &a, "PATCH", path, over, 1, "Tus-Resumable", "1.0.0", TUS_TYPE, "Upload-Offset", "1000",
				  NULL), 413);
	ck_assert_int_eq(ask_bare(u, &a, "PATCH", path, over, 0, "Tus-Resumable", "1.0.0", TUS_TYPE, "Upload-Offset", "1000",
				  NULL), 204);
	ck_assert_int_eq(offset_of(u, path), 1000);
	mummy_upload_free(u);
}
END_TEST

START_TEST(no_length_is_beyond_what_a_file_can_have)
{
	static const uint64_t v[] = { MUP_MOST, MUP_MOST + 1, UINT64_MAX - 1 };
	const struct mummy_upload_options opt = { .range_path = "/range" };
	mummy_upload *u = open_memory(&opt);
	struct fake_fields f = { .n = 0 };
	struct answer a;
	char path[128], range[128];

	ck_assert_int_eq(ask(u, &a, "POST", "/files/", NULL, 0, "Upload-Defer-Length", "1", NULL), 201);
	snprintf(path, sizeof path, "%s", field(&a, "Location"));
	for (size_t i = 0; i < 3; i++) {
		struct mummy_upload_request known = fake_request("PUT", ranged(path, range), &f, v[i]);
		struct mummy_upload_request name = fake_request("PUT", "/range/x", &f, v[i]);
		mummy_upload_transfer *t = NULL;
		mummy_upload_reply *r = NULL;

		ck_assert_int_eq(mummy_upload_begin(u, &known, &r, &t), 0);
		ck_assert_int_eq((take_answer(&a, r), a.status), 413);
		ck_assert_int_eq(mummy_upload_begin(u, &name, &r, &t), 0);
		ck_assert_int_eq((take_answer(&a, r), a.status), 413);
	}
	ck_assert_int_eq(offset_of(u, path), 0);
	ck_assert_uint_eq(u->stats.open, 1);
	mummy_upload_free(u);
}
END_TEST

/* Whoever is told an offset by a PATCH can go on from it, so the older one must not move it any more. */
START_TEST(an_empty_body_takes_over_too)
{
	mummy_upload *u = open_memory(&both);
	struct answer a;
	char path[128];
	int canceled = 0;
	mummy_upload_transfer *t;

	create(u, 10, path);
	t = begin(u, path, "0", &canceled);
	ck_assert_int_eq(mummy_upload_write(t, "0123", 4), 0);
	ck_assert_int_eq(patch(u, &a, path, 4, NULL, 0), 204);
	ck_assert_str_eq(field(&a, "Upload-Offset"), "4");
	ck_assert_int_eq(canceled, 1);
	ck_assert_int_eq(mummy_upload_write(t, "4", 1), -ECANCELED);
	ck_assert_int_eq(feed(t, NULL, 0, -ECANCELED, &a), 423);
	ck_assert_int_eq(patch(u, &a, path, 4, "456789", 6), 204);
	ck_assert_uint_eq(u->stats.takeovers, 1);
	ck_assert_uint_eq(u->stats.writing, 0);
	mummy_upload_free(u);
}
END_TEST

START_TEST(a_question_leaves_the_writer_alone)
{
	mummy_upload *u = open_memory(&both);
	struct answer a;
	char path[128], range[128];
	int canceled = 0;
	mummy_upload_transfer *t;

	create(u, 4, path);
	t = begin(u, path, "0", &canceled);
	ck_assert_int_eq(mummy_upload_write(t, "0123", 4), 0);
	ck_assert_int_eq(ask_bare(u, &a, "PUT", ranged(path, range), NULL, 0, "Content-Range", "bytes */4", NULL), 204);
	ck_assert_str_eq(field(&a, "Upload-Offset"), "4");
	ck_assert_int_eq(canceled, 0);
	ck_assert_uint_eq(u->stats.finished, 0);
	ck_assert_int_eq(feed(t, NULL, 0, 0, &a), 204);
	ck_assert_uint_eq(u->stats.finished, 1);
	mummy_upload_free(u);
}
END_TEST

SUITE_MAIN("upload/append", too_much_is_said_also_where_nothing_is_missing, no_length_is_beyond_what_a_file_can_have,
	   an_empty_body_takes_over_too, a_question_leaves_the_writer_alone)
