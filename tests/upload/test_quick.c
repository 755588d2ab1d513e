#include <config.h>
#include "fake.h"

/* What mummy_upload_quick says of a request with the fields that follow, besides Tus-Resumable. */
static int quick(mummy_upload *u, const char *method, const char *path, uint64_t length, ...)
{
	struct fake_fields f = { .n = 0 };
	struct mummy_upload_request req;
	va_list ap;

	put_field(&f, "Tus-Resumable", "1.0.0");
	va_start(ap, length);
	gather(&f, ap);
	va_end(ap);
	req = fake_request(method, path, &f, length);
	return mummy_upload_quick(u, &req);
}

#define LENGTH(n) "Upload-Length", n
#define AT(n) TUS_TYPE, "Upload-Offset", n

START_TEST(small_uploads_are_quick)
{
	mummy_upload *u = open_memory(NULL);
	struct answer a;
	char path[128];

	create(u, 5, path);
	ck_assert_int_eq(quick(u, "POST", "/files/", 0, LENGTH("0"), NULL), 1);
	ck_assert_int_eq(quick(u, "POST", "/files/", 0, LENGTH("65536"), NULL), 1);
	ck_assert_int_eq(quick(u, "POST", "/files/", 5, LENGTH("5"), TUS_TYPE, NULL), 1);
	ck_assert_int_eq(quick(u, "PATCH", path, 5, AT("0"), NULL), 1);
	ck_assert_int_eq(patch(u, &a, path, 0, "hello", 5), 204);
	ck_assert_int_eq(quick(u, "PATCH", path, 0, AT("0"), NULL), 1);
	mummy_upload_free(u);
}
END_TEST

START_TEST(what_may_take_long_is_not)
{
	static const struct mummy_upload_options both = { .range_path = "/range/" };
	mummy_upload *u = open_memory(&both);
	char path[128], ranged[128];

	create(u, 100000, path);
	snprintf(ranged, sizeof ranged, "/range/%s", path + strlen("/files/"));
	ck_assert_int_eq(quick(u, "POST", "/files/", 0, LENGTH("65537"), NULL), 0);
	ck_assert_int_eq(quick(u, "POST", "/files/", 0, "Upload-Defer-Length", "1", NULL), 0);
	ck_assert_int_eq(quick(u, "POST", "/files/", 0, LENGTH("5"), "Upload-Concat", "partial", NULL), 0);
	ck_assert_int_eq(quick(u, "POST", "/files/", 0, "Upload-Concat", "final;/files/a", NULL), 0);
	ck_assert_int_eq(quick(u, "POST", "/files/", MUMMY_UPLOAD_UNKNOWN, LENGTH("5"), TUS_TYPE, NULL), 0);
	ck_assert_int_eq(quick(u, "POST", "/files/", 0, LENGTH("5"), "X-HTTP-Method-Override", "PATCH", NULL), 0);
	ck_assert_int_eq(quick(u, "POST", "/range/", 0, LENGTH("5"), NULL), 0);
	ck_assert_int_eq(quick(u, "POST", "/other/", 0, LENGTH("5"), NULL), 0);
	ck_assert_int_eq(quick(u, "PATCH", path, 5, AT("1"), NULL), 0);
	ck_assert_int_eq(quick(u, "PATCH", path, 5, AT("x"), NULL), 0);
	ck_assert_int_eq(quick(u, "PATCH", path, 65537, AT("0"), NULL), 0);
	ck_assert_int_eq(quick(u, "PATCH", path, MUMMY_UPLOAD_UNKNOWN, AT("0"), NULL), 0);
	ck_assert_int_eq(quick(u, "PATCH", "/files/", 5, AT("0"), NULL), 0);
	ck_assert_int_eq(quick(u, "PATCH", ranged, 5, AT("0"), NULL), 0);
	ck_assert_int_eq(quick(u, "GET", path, 0, NULL), 0);
	ck_assert_int_eq(quick(u, "HEAD", path, 0, NULL), 0);
	ck_assert_int_eq(quick(u, "DELETE", path, 0, NULL), 0);
	mummy_upload_free(u);
}
END_TEST

START_TEST(nobody_waits_for_another_writer_or_a_final_upload)
{
	mummy_upload *u = open_memory(NULL);
	mummy_upload_transfer *t;
	char path[128], text[256];
	struct answer a;

	create(u, 5, path);
	t = open_patch(u, path, "0", NULL, NULL);
	ck_assert_int_eq(quick(u, "PATCH", path, 5, AT("0"), NULL), 0);
	close_patch(t, -EPIPE);
	ck_assert_int_eq(quick(u, "PATCH", path, 5, AT("0"), NULL), 1);
	ck_assert_int_eq(ask(u, &a, "POST", "/files/", NULL, 0, LENGTH("5"), "Upload-Concat", "partial", NULL), 201);
	snprintf(text, sizeof text, "final;%s", field(&a, "Location"));
	ck_assert_int_eq(ask(u, &a, "POST", "/files/", NULL, 0, "Upload-Concat", text, NULL), 201);
	ck_assert_int_eq(quick(u, "PATCH", path, 5, AT("0"), NULL), 0);
	mummy_upload_free(u);
}
END_TEST

static int ask_first(void *ctx, const struct mummy_upload_request *req, const struct mummy_upload_info *info,
		     struct mummy_upload_grant *grant)
{
	(void)ctx, (void)req, (void)info, (void)grant;
	return 0;
}

static int ask_last(void *ctx, const struct mummy_upload_info *info, int fd, char text[MUMMY_UPLOAD_TEXT])
{
	(void)ctx, (void)info, (void)fd, (void)text;
	return 0;
}

static void hear(void *ctx, const struct mummy_upload_info *info)
{
	(void)ctx, (void)info;
}

static int submit(void *ctx, void (*run)(void *arg), void *arg)
{
	(void)ctx, (void)run, (void)arg;
	return -EAGAIN;
}

/* What the program is asked or told may block. */
START_TEST(events_are_in_the_way)
{
	static const struct { struct mummy_upload_options opt; int creation, empty, append; } v[] = {
		{ { .events = { .pre_create = ask_first } }, 0, 0, 1 },
		{ { .events = { .pre_finish = ask_last } }, 1, 0, 0 },
		{ { .events = { .progress = hear } }, 1, 0, 0 },
		{ { .events = { .post_finish = hear } }, 1, 0, 0 },
		{ { .events = { .post_finish = hear }, .executor = { .submit = submit } }, 1, 1, 1 },
		{ { .events = { .terminated = hear, .expired = hear } }, 1, 1, 1 },
	};

	for (size_t i = 0; i < sizeof v / sizeof v[0]; i++) {
		mummy_upload *u = open_memory(&v[i].opt);
		char path[128];

		create(u, 5, path);
		ck_assert_int_eq(quick(u, "POST", "/files/", 0, LENGTH("5"), NULL), v[i].creation);
		ck_assert_int_eq(quick(u, "POST", "/files/", 0, LENGTH("0"), NULL), v[i].empty);
		ck_assert_int_eq(quick(u, "POST", "/files/", 5, LENGTH("5"), TUS_TYPE, NULL), v[i].empty);
		ck_assert_int_eq(quick(u, "PATCH", path, 5, AT("0"), NULL), v[i].append);
		mummy_upload_free(u);
	}
}
END_TEST

START_TEST(a_store_that_waits_for_its_disk_is_not)
{
	static const struct { struct mummy_upload_dir_options dir; int quick; } v[] = {
		{ { .sync = MUMMY_UPLOAD_SYNC_NONE }, 1 }, { { .sync = MUMMY_UPLOAD_SYNC_FINISH }, 0 },
		{ { .sync = MUMMY_UPLOAD_SYNC_ACK }, 0 }, { { .sync = MUMMY_UPLOAD_SYNC_NONE, .quota_bytes = 1 << 20 }, 0 },
	};

	for (size_t i = 0; i < sizeof v / sizeof v[0]; i++) {
		char folder[64];
		mummy_upload *u = open_dir(fresh(folder), &v[i].dir, NULL);

		ck_assert_int_eq(quick(u, "POST", "/files/", 0, LENGTH("5"), NULL), v[i].quick);
		mummy_upload_free(u);
		wipe(folder);
	}
}
END_TEST

SUITE_MAIN("upload/quick", small_uploads_are_quick, what_may_take_long_is_not,
	   nobody_waits_for_another_writer_or_a_final_upload, events_are_in_the_way,
	   a_store_that_waits_for_its_disk_is_not)
