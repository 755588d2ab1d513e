#include <config.h>
#include <limits.h>
#include "fake.h"

static int released;

static void count_release(void *ctx)
{
	released++;
	(void)ctx;
}

START_TEST(wrong_options_are_refused_and_the_store_is_released)
{
	struct mummy_upload_options bad[] = { { .base_path = "files/" }, { .base_path = "" }, { .base_path = "/a b/" },
		{ .base_path = "/a\r\nX: y/" }, { .max_metadata_bytes = 40000 }, { .reserved = { 1 } },
		{ .events = { .reserved = { 1 } } }, { .executor = { .reserved = { 1 } } } };
	struct mummy_upload_store memory, store;
	mummy_upload *u = NULL;

	ck_assert_int_eq(mummy_upload_memory_store(&memory, 0), 0);
	store = memory;
	store.release = count_release;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		ck_assert_int_eq(mummy_upload_new(&u, &store, &bad[i]), -EINVAL);
	ck_assert_int_eq(released, (int)(sizeof bad / sizeof bad[0]));
	store.writev = NULL;
	ck_assert_int_eq(mummy_upload_new(&u, &store, NULL), -EINVAL);
	ck_assert_ptr_null(u);
	memory.release(memory.ctx);
	mummy_upload_free(NULL);
	mummy_upload_reply_free(NULL);
}
END_TEST

START_TEST(what_a_store_lacks_is_not_announced)
{
	struct mummy_upload_store store;
	mummy_upload *u;
	struct answer a;
	char path[128];

	ck_assert_int_eq(mummy_upload_memory_store(&store, 0), 0);
	store.remove = NULL;
	store.set_length = NULL;
	store.list = NULL;
	store.settle = NULL;
	ck_assert_int_eq(mummy_upload_new(&u, &store, NULL), 0);
	ck_assert_int_eq(ask_bare(u, &a, "OPTIONS", "/files/", NULL, 0, NULL), 204);
	ck_assert_str_eq(field(&a, "Tus-Extension"), "creation,creation-with-upload");
	ck_assert_ptr_null(field(&a, "Tus-Max-Size"));
	ck_assert_ptr_null(field(&a, "Tus-Checksum-Algorithm"));
	create(u, 5, path);
	ck_assert_int_eq(ask(u, &a, "PATCH", path, "a", 1, TUS_TYPE, "Upload-Offset", "0", "Upload-Checksum",
			     "md5 DMF1ucDxtqgxw5niaXcmYQ==", NULL), 400);
	ck_assert_int_eq(ask(u, &a, "POST", "/files/", NULL, 0, "Upload-Length", "1", "Upload-Concat", "partial", NULL), 400);
	ck_assert_int_eq(ask(u, &a, "DELETE", path, NULL, 0, NULL), 405);
	ck_assert_str_eq(field(&a, "Allow"), "OPTIONS, HEAD, PATCH");
	ck_assert_int_eq(ask(u, &a, "POST", "/files/", NULL, 0, "Upload-Defer-Length", "1", NULL), 400);
	ck_assert_int_eq(mummy_upload_cleanup(u, NULL), -EOPNOTSUPP);
	ck_assert_int_eq(mummy_upload_remove(u, strrchr(path, '/') + 1), -EOPNOTSUPP);
	mummy_upload_free(u);
}
END_TEST

START_TEST(what_it_has_is_announced)
{
	struct mummy_upload_options opt = { .expire_s = 60 };
	char folder[64];
	mummy_upload *u = open_dir(fresh(folder), NULL, &opt);
	struct answer a;

	ck_assert_int_eq(ask_bare(u, &a, "OPTIONS", "/files/", NULL, 0, NULL), 204);
	ck_assert_str_eq(field(&a, "Tus-Extension"), "creation,creation-with-upload,creation-defer-length,expiration,checksum,"
			 "checksum-trailer,termination,concatenation,concatenation-unfinished");
	ck_assert_str_eq(field(&a, "Tus-Checksum-Algorithm"), "sha1,sha256,sha512,md5");
	mummy_upload_free(u);
	wipe(folder);
}
END_TEST

static void keep_line(void *ctx, int level, const char *line)
{
	(void)level;
	snprintf(ctx, 256, "%s", line);
}

START_TEST(refusals_leave_a_line_in_the_log)
{
	char line[256] = "";
	struct mummy_upload_options opt = { .log = keep_line, .ctx = line };
	mummy_upload *u = open_memory(&opt);
	struct mummy_upload_stats st;
	struct answer a;
	char path[128], want[256];

	create(u, 5, path);
	ck_assert_int_eq(patch(u, &a, path, 3, "x", 1), 409);
	snprintf(want, sizeof want, "upload %s: answered 409: Upload-Offset is not the offset of the upload",
		 strrchr(path, '/') + 1);
	ck_assert_str_eq(line, want);
	mummy_upload_stats_get(u, &st);
	ck_assert_uint_eq(st.refused, 1);
	mummy_upload_free(u);
}
END_TEST

START_TEST(it_tells_how_long_octets_may_be_waited_for)
{
	static const struct { unsigned given, told; } v[] = { { 0, 30000 }, { 5, 5 }, { UINT_MAX, 0 } };

	for (size_t i = 0; i < sizeof v / sizeof v[0]; i++) {
		const struct mummy_upload_options opt = { .idle_timeout_ms = v[i].given };
		mummy_upload *u = open_memory(&opt);

		ck_assert_uint_eq(mummy_upload_idle(u), v[i].told);
		mummy_upload_free(u);
	}
}
END_TEST

START_TEST(metadata_is_bounded)
{
	struct mummy_upload_options opt = { .max_metadata_bytes = 10 };
	mummy_upload *u = open_memory(&opt);
	struct answer a;

	ck_assert_int_eq(ask(u, &a, "POST", "/files/", NULL, 0, "Upload-Length", "1", "Upload-Metadata", "a YWFhYWFh", NULL),
			 201);
	ck_assert_int_eq(ask(u, &a, "POST", "/files/", NULL, 0, "Upload-Length", "1", "Upload-Metadata", "ab YWFhYWFh", NULL),
			 431);
	mummy_upload_free(u);
}
END_TEST

SUITE_MAIN("upload/engine", wrong_options_are_refused_and_the_store_is_released, what_a_store_lacks_is_not_announced, what_it_has_is_announced,
	   refusals_leave_a_line_in_the_log, it_tells_how_long_octets_may_be_waited_for, metadata_is_bounded)
