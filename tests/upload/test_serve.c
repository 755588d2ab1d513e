#include <config.h>
#include "fake.h"

static const char *done(mummy_upload *u, const char *metadata, char path[128])
{
	struct answer a;

	ck_assert_int_eq(ask(u, &a, "POST", "/files/", "0123456789", 10, TUS_TYPE, "Upload-Length", "10",
			     metadata ? "Upload-Metadata" : NULL, metadata, NULL), 201);
	snprintf(path, 128, "%s", field(&a, "Location"));
	return path;
}

static int get(mummy_upload *u, struct answer *a, const char *path, const char *range, char out[16])
{
	memset(out, 0, 16);
	ask_bare(u, a, "GET", path, NULL, 0, range ? "Range" : NULL, range, NULL);
	if (a->fd >= 0) {
		ck_assert_uint_lt(a->len, 16);
		ck_assert_int_eq(pread(a->fd, out, a->len, (off_t)a->off), (ssize_t)a->len);
		close(a->fd);
	}
	return a->status;
}

START_TEST(a_finished_upload_is_served_harmlessly)
{
	char folder[64], path[128], out[16];
	mummy_upload *u = open_dir(fresh(folder), NULL, NULL);
	struct answer a;

	/* "../a b.html" and text/html */
	done(u, "filename Li4vYSBiLmh0bWw=,filetype dGV4dC9odG1sOyBjaGFyc2V0PXg=", path);
	ck_assert_int_eq(get(u, &a, path, NULL, out), 200);
	ck_assert_str_eq(out, "0123456789");
	ck_assert_str_eq(field(&a, "Content-Type"), "text/html");
	ck_assert_str_eq(field(&a, "Content-Disposition"), "attachment; filename*=UTF-8''a%20b.html");
	ck_assert_str_eq(field(&a, "X-Content-Type-Options"), "nosniff");
	ck_assert_ptr_nonnull(strstr(field(&a, "Content-Security-Policy"), "sandbox"));
	done(u, NULL, path);
	ck_assert_int_eq(get(u, &a, path, NULL, out), 200);
	ck_assert_str_eq(field(&a, "Content-Type"), "application/octet-stream");
	ck_assert_str_eq(field(&a, "Content-Disposition"), "attachment");
	/* "a\r\nX: y" as type and name */
	done(u, "filename YQ0KWDogeQ==,filetype YQ0KWDogeQ==", path);
	ck_assert_int_eq(get(u, &a, path, NULL, out), 200);
	ck_assert_str_eq(field(&a, "Content-Type"), "application/octet-stream");
	ck_assert_str_eq(field(&a, "Content-Disposition"), "attachment; filename*=UTF-8''a__X_%20y");
	mummy_upload_free(u);
	wipe(folder);
}
END_TEST

START_TEST(single_ranges_are_served)
{
	char folder[64], path[128], out[16];
	mummy_upload *u = open_dir(fresh(folder), NULL, NULL);
	struct answer a;

	done(u, NULL, path);
	ck_assert_int_eq(get(u, &a, path, "bytes=2-4", out), 206);
	ck_assert_str_eq(out, "234");
	ck_assert_str_eq(field(&a, "Content-Range"), "bytes 2-4/10");
	ck_assert_int_eq(get(u, &a, path, "bytes=-1", out), 206);
	ck_assert_str_eq(out, "9");
	ck_assert_int_eq(get(u, &a, path, "bytes=0-1,3-4", out), 200);
	ck_assert_int_eq(get(u, &a, path, "bytes=10-", out), 416);
	ck_assert_str_eq(field(&a, "Content-Range"), "bytes */10");
	ck_assert_int_eq(a.fd, -1);
	mummy_upload_free(u);
	wipe(folder);
}
END_TEST

START_TEST(conditions_are_kept)
{
	char folder[64], path[128], tag[80], out[16];
	mummy_upload *u = open_dir(fresh(folder), NULL, NULL);
	struct answer a;

	done(u, NULL, path);
	ck_assert_int_eq(get(u, &a, path, NULL, out), 200);
	snprintf(tag, sizeof tag, "%s", field(&a, "ETag"));
	ck_assert_ptr_nonnull(field(&a, "Last-Modified"));
	ask_bare(u, &a, "GET", path, NULL, 0, "If-None-Match", tag, NULL);
	ck_assert_int_eq(a.status, 304);
	ck_assert_int_eq(a.fd, -1);
	ck_assert_str_eq(field(&a, "ETag"), tag);
	ck_assert_ptr_null(field(&a, "Content-Type"));
	ask_bare(u, &a, "GET", path, NULL, 0, "If-Match", "\"other\"", NULL);
	ck_assert_int_eq(a.status, 412);
	ck_assert_int_eq(a.fd, -1);
	ask_bare(u, &a, "GET", path, NULL, 0, "Range", "bytes=1-2", "If-Range", tag, NULL);
	ck_assert_int_eq(a.status, 206);
	close(a.fd);
	ask_bare(u, &a, "GET", path, NULL, 0, "Range", "bytes=1-2", "If-Range", "\"other\"", NULL);
	ck_assert_int_eq(a.status, 200);
	close(a.fd);
	mummy_upload_free(u);
	wipe(folder);
}
END_TEST

START_TEST(what_head_tells_as_whole_is_there)
{
	char folder[64], path[128], out[16];
	mummy_upload *u = open_dir(fresh(folder), NULL, NULL);
	mummy_upload_transfer *t;
	struct answer a;

	/* the writer has sent all of it, and how its body ends is not known yet */
	for (int cut = 0; cut < 2; cut++) {
		create(u, 5, path);
		t = open_patch(u, path, "0", NULL, NULL);
		ck_assert_int_eq(mummy_upload_write(t, "01234", 5), 0);
		ck_assert_int_eq(offset_of(u, path), 5);
		ck_assert_int_eq(get(u, &a, path, NULL, out), 200);
		ck_assert_str_eq(out, "01234");
		ck_assert_int_eq(mummy_upload_write(t, "5", 1), -EFBIG);
		ck_assert_int_eq(close_patch(t, cut ? -EPIPE : -EFBIG), 413);
		create(u, 5, path);
		t = open_patch(u, path, "0", NULL, NULL);
		ck_assert_int_eq(mummy_upload_write(t, "01234", 5), 0);
		ck_assert_int_eq(offset_of(u, path), 5);
		ck_assert_int_eq(close_patch(t, cut ? -EPIPE : 0), cut ? 400 : 204);
		ck_assert_int_eq(get(u, &a, path, NULL, out), 200);
	}
	mummy_upload_free(u);
	wipe(folder);
}
END_TEST

START_TEST(what_is_not_finished_or_taken_away_is_not_served)
{
	char folder[64], path[128], file[256], out[16];
	mummy_upload *u = open_dir(fresh(folder), NULL, NULL);
	struct answer a;

	create(u, 5, path);
	ck_assert_int_eq(get(u, &a, path, NULL, out), 404);
	done(u, NULL, path);
	snprintf(file, sizeof file, "%s/%s", folder, strrchr(path, '/') + 1);
	ck_assert_int_eq(truncate(file, 3), 0);
	ck_assert_int_eq(get(u, &a, path, NULL, out), 404);
	ck_assert_int_eq(unlink(file), 0);
	ck_assert_int_eq(get(u, &a, path, NULL, out), 404);
	ck_assert_int_eq(symlink("/etc/passwd", file), 0);
	ck_assert_int_eq(get(u, &a, path, NULL, out), 404);
	ck_assert_int_eq(offset_of(u, path), 10);
	mummy_upload_free(u);
	u = open_memory(NULL);
	done(u, NULL, path);
	ck_assert_int_eq(get(u, &a, path, NULL, out), 405);
	mummy_upload_free(u);
	wipe(folder);
}
END_TEST

START_TEST(the_time_of_expiry_is_told)
{
	struct mummy_upload_options opt = { .expire_s = 60 };
	mummy_upload *u = open_memory(&opt);
	struct answer a;
	char path[128];

	create(u, 5, path);
	ck_assert_int_eq(ask(u, &a, "HEAD", path, NULL, 0, NULL), 200);
	ck_assert_int_eq(strlen(field(&a, "Upload-Expires")), 29);
	ck_assert_str_eq(field(&a, "Upload-Expires") + 25, " GMT");
	/* every answer to PATCH has it, also when it is a refusal */
	ck_assert_int_eq(patch(u, &a, path, 0, "01", 2), 204);
	ck_assert_ptr_nonnull(field(&a, "Upload-Expires"));
	ck_assert_int_eq(patch(u, &a, path, 3, "01", 2), 409);
	ck_assert_ptr_nonnull(field(&a, "Upload-Expires"));
	ck_assert_int_eq(patch(u, &a, path, 2, "0123", 4), 413);
	ck_assert_ptr_nonnull(field(&a, "Upload-Expires"));
	ck_assert_int_eq(ask(u, &a, "PATCH", path, "01", 2, "Upload-Offset", "2", NULL), 415);
	ck_assert_ptr_nonnull(field(&a, "Upload-Expires"));
	ck_assert_int_eq(ask(u, &a, "PATCH", path, "01", 2, TUS_TYPE, "Upload-Offset", "2", "Upload-Checksum", "crc32 AA==",
			     NULL), 400);
	ck_assert_ptr_nonnull(field(&a, "Upload-Expires"));
	ck_assert_int_eq(ask(u, &a, "PATCH", path, "01", 2, TUS_TYPE, "Upload-Offset", "2", "Upload-Checksum",
			     "md5 AAAAAAAAAAAAAAAAAAAAAA==", NULL), 460);
	ck_assert_ptr_nonnull(field(&a, "Upload-Expires"));
	ck_assert_int_eq(patch(u, &a, path, 2, "012", 3), 204);
	ck_assert_ptr_null(field(&a, "Upload-Expires"));
	ck_assert_int_eq(patch(u, &a, path, 2, "012", 3), 409);
	ck_assert_ptr_null(field(&a, "Upload-Expires"));
	mummy_upload_free(u);
}
END_TEST

SUITE_MAIN("upload/serve", a_finished_upload_is_served_harmlessly, single_ranges_are_served, conditions_are_kept,
	   what_head_tells_as_whole_is_there, what_is_not_finished_or_taken_away_is_not_served,
	   the_time_of_expiry_is_told)
