#include <config.h>
#include <sys/wait.h>
#include "fake.h"

static mummy_upload *open_sync(const char *folder, enum mummy_upload_sync sync)
{
	const struct mummy_upload_dir_options dir = { .sync = sync };

	return open_dir(folder, &dir, NULL);
}

START_TEST(octets_count_once_they_are_verified)
{
	for (int sync = 0; sync <= MUMMY_UPLOAD_SYNC_NONE + 1; sync++) {
		const int on_disk = sync <= MUMMY_UPLOAD_SYNC_NONE;
		char folder[64], path[128], said[128], back[16];
		mummy_upload *u = on_disk ? open_sync(fresh(folder), (enum mummy_upload_sync)sync) : open_memory(NULL);
		mummy_upload_transfer *t;

		create(u, 6, path);
		checksum_of("sha1", GNUTLS_DIG_SHA1, "abcdef", 6, said);
		t = open_patch(u, path, "0", "Upload-Checksum", said);
		ck_assert_int_eq(mummy_upload_write(t, "abc", 3), 0);
		ck_assert_int_eq(offset_of(u, path), 0);
		ck_assert_int_eq(mummy_upload_write(t, "deg", 3), 0);
		ck_assert_int_eq(mummy_upload_write(t, "x", 1), -EFBIG);
		ck_assert_int_eq(close_patch(t, -EFBIG), 413);
		ck_assert_int_eq(offset_of(u, path), 0);
		t = open_patch(u, path, "0", "Upload-Checksum", said);
		ck_assert_int_eq(mummy_upload_write(t, "abcdeg", 6), 0);
		ck_assert_int_eq(close_patch(t, 0), 460);
		ck_assert_int_eq(offset_of(u, path), 0);
		/* cut off, nothing of it can be verified */
		t = open_patch(u, path, "0", "Upload-Checksum", said);
		ck_assert_int_eq(mummy_upload_write(t, "abc", 3), 0);
		ck_assert_int_eq(close_patch(t, -EPIPE), 400);
		ck_assert_int_eq(offset_of(u, path), 0);
		t = open_patch(u, path, "0", "Upload-Checksum", said);
		ck_assert_int_eq(mummy_upload_write(t, "abcdef", 6), 0);
		ck_assert_int_eq(close_patch(t, 0), 204);
		ck_assert_int_eq(offset_of(u, path), 6);
		if (on_disk) {
			ck_assert_int_eq(content(u, path, back, sizeof back), 6);
			ck_assert_mem_eq(back, "abcdef", 6);
		}
		mummy_upload_free(u);
		if (on_disk)
			wipe(folder);
	}
}
END_TEST

static void die_unverified(const char *folder, enum mummy_upload_sync sync, const char *path, const char *said)
{
	mummy_upload *u = open_sync(folder, sync);
	mummy_upload_transfer *t = open_patch(u, path, "2", "Upload-Checksum", said);

	_exit(mummy_upload_write(t, "xyzz", 4) == 0 ? 0 : 1);
}

START_TEST(what_is_not_verified_does_not_count_after_a_crash)
{
	for (int sync = 0; sync <= MUMMY_UPLOAD_SYNC_NONE; sync++) {
		char folder[64], path[128], said[128], back[16];
		mummy_upload *u = open_sync(fresh(folder), (enum mummy_upload_sync)sync);
		struct answer a;
		int status;
		pid_t pid;

		create(u, 6, path);
		ck_assert_int_eq(patch(u, &a, path, 0, "ab", 2), 204);
		checksum_of("md5", GNUTLS_DIG_MD5, "cdef", 4, said);
		pid = fork();
		if (pid == 0)
			die_unverified(folder, (enum mummy_upload_sync)sync, path, said);
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		ck_assert_int_eq(status, 0);
		ck_assert_int_eq(offset_of(u, path), 2);
		mummy_upload_free(u);
		u = open_sync(folder, (enum mummy_upload_sync)sync);
		ck_assert_int_eq(offset_of(u, path), 2);
		/* written on without a checksum, it counts at once */
		ck_assert_int_eq(patch(u, &a, path, 2, "cd", 2), 204);
		mummy_upload_free(u);
		u = open_sync(folder, (enum mummy_upload_sync)sync);
		ck_assert_int_eq(offset_of(u, path), 4);
		ck_assert_int_eq(patch(u, &a, path, 4, "ef", 2), 204);
		ck_assert_int_eq(content(u, path, back, sizeof back), 6);
		ck_assert_mem_eq(back, "abcdef", 6);
		mummy_upload_free(u);
		wipe(folder);
	}
}
END_TEST

START_TEST(a_newer_writer_finds_only_what_was_verified)
{
	char folder[64], path[128], said[128], back[16];
	mummy_upload *u = open_sync(fresh(folder), MUMMY_UPLOAD_SYNC_NONE);
	mummy_upload_transfer *t;
	struct answer a;

	create(u, 6, path);
	checksum_of("sha256", GNUTLS_DIG_SHA256, "abcdef", 6, said);
	t = open_patch(u, path, "0", "Upload-Checksum", said);
	ck_assert_int_eq(mummy_upload_write(t, "abcdex", 6), 0);
	ck_assert_int_eq(patch(u, &a, path, 0, "012", 3), 204);
	ck_assert_int_eq(mummy_upload_write(t, "y", 1), -ECANCELED);
	ck_assert_int_eq(close_patch(t, 0), 423);
	ck_assert_int_eq(offset_of(u, path), 3);
	ck_assert_int_eq(patch(u, &a, path, 3, "345", 3), 204);
	ck_assert_int_eq(content(u, path, back, sizeof back), 6);
	ck_assert_mem_eq(back, "012345", 6);
	mummy_upload_free(u);
	wipe(folder);
}
END_TEST

static int with_trailer(mummy_upload *u, const char *path, const char *body, const char *trailer)
{
	mummy_upload_transfer *t = open_patch(u, path, "0", "Trailer", "Expires, upload-checksum");

	fake_trailer_value = trailer;
	ck_assert_int_eq(mummy_upload_write(t, body, strlen(body)), 0);
	ck_assert_int_eq(offset_of(u, path), 0);
	return close_patch(t, 0);
}

START_TEST(a_checksum_may_come_behind_the_body)
{
	char folder[64], path[128], said[128];
	mummy_upload *u = open_sync(fresh(folder), MUMMY_UPLOAD_SYNC_FINISH);

	create(u, 6, path);
	checksum_of("sha512", GNUTLS_DIG_SHA512, "abcdef", 6, said);
	ck_assert_int_eq(with_trailer(u, path, "abcdex", said), 460);
	ck_assert_int_eq(offset_of(u, path), 0);
	ck_assert_int_eq(with_trailer(u, path, "abcdef", NULL), 400);
	ck_assert_int_eq(with_trailer(u, path, "abcdef", "sha512"), 400);
	ck_assert_int_eq(with_trailer(u, path, "abcdef", "crc32 AAAAAA=="), 400);
	ck_assert_int_eq(offset_of(u, path), 0);
	ck_assert_int_eq(with_trailer(u, path, "abcdef", said), 204);
	ck_assert_int_eq(offset_of(u, path), 6);
	fake_trailer_value = NULL;
	mummy_upload_free(u);
	wipe(folder);
}
END_TEST

START_TEST(it_is_a_header_or_a_trailer)
{
	char folder[64], path[128], said[128];
	mummy_upload *u = open_sync(fresh(folder), MUMMY_UPLOAD_SYNC_FINISH), *m = open_memory(NULL);
	struct answer a;

	create(u, 6, path);
	checksum_of("sha1", GNUTLS_DIG_SHA1, "abc", 3, said);
	ck_assert_int_eq(ask(u, &a, "PATCH", path, "abc", 3, TUS_TYPE, "Upload-Offset", "0", "Upload-Checksum", said,
			     "Trailer", "Upload-Checksum", NULL), 400);
	/* a store that cannot be read has no trailers, and does not announce them */
	create(m, 6, path);
	ck_assert_int_eq(ask(m, &a, "PATCH", path, "abc", 3, TUS_TYPE, "Upload-Offset", "0", "Trailer", "Upload-Checksum",
			     NULL), 400);
	ask_bare(m, &a, "OPTIONS", "/files/", NULL, 0, NULL);
	ck_assert_ptr_null(strstr(field(&a, "Tus-Extension"), "checksum-trailer"));
	ask_bare(u, &a, "OPTIONS", "/files/", NULL, 0, NULL);
	ck_assert_ptr_nonnull(strstr(field(&a, "Tus-Extension"), "checksum-trailer"));
	mummy_upload_free(u);
	mummy_upload_free(m);
	wipe(folder);
}
END_TEST

/* TUS: after a mismatch neither the upload nor its offset is changed, and its length is of the upload. */
START_TEST(a_length_said_with_a_wrong_checksum_is_not_taken)
{
	char folder[64], path[128], said[128];
	mummy_upload *u = open_sync(fresh(folder), MUMMY_UPLOAD_SYNC_ACK);
	struct fake_fields f = { .n = 2, .name = { "Upload-Length", "Trailer" }, .value = { "5", "Upload-Checksum" } };
	mummy_upload_transfer *t;
	struct answer a;

	ask(u, &a, "POST", "/files/", NULL, 0, "Upload-Defer-Length", "1", NULL);
	snprintf(path, sizeof path, "%s", field(&a, "Location"));
	checksum_of("sha1", GNUTLS_DIG_SHA1, "abcdef", 6, said);
	for (int empty = 0; empty < 2; empty++) {
		ck_assert_int_eq(ask(u, &a, "PATCH", path, "abcdeX", empty ? 0 : 6, TUS_TYPE, "Upload-Offset", "0",
				     "Upload-Length", "6", "Upload-Checksum", said, NULL), 460);
		ask(u, &a, "HEAD", path, NULL, 0, NULL);
		ck_assert_str_eq(field(&a, "Upload-Defer-Length"), "1");
		ck_assert_ptr_null(field(&a, "Upload-Length"));
	}
	/* it holds for the body all the same */
	fake_trailer_value = said;
	ck_assert_int_eq(ask(u, &a, "PATCH", path, "abcdef", 6, TUS_TYPE, "Upload-Offset", "0", "Upload-Length", "5",
			     "Upload-Checksum", said, NULL), 413);
	t = open_patch_with(u, path, "0", &f);
	ck_assert_int_eq(mummy_upload_write(t, "abcdef", 6), -EFBIG);
	ck_assert_int_eq(close_patch(t, -EFBIG), 413);
	ck_assert_int_eq(offset_of(u, path), 0);
	ck_assert_int_eq(ask(u, &a, "PATCH", path, "abcdef", 6, TUS_TYPE, "Upload-Offset", "0", "Upload-Length", "6",
			     "Upload-Checksum", said, NULL), 204);
	ask(u, &a, "HEAD", path, NULL, 0, NULL);
	ck_assert_str_eq(field(&a, "Upload-Length"), "6");
	ck_assert_ptr_null(field(&a, "Upload-Defer-Length"));
	ask_bare(u, &a, "GET", path, NULL, 0, NULL);
	ck_assert_int_eq(a.status, 200);
	fake_trailer_value = NULL;
	close(a.fd);
	mummy_upload_free(u);
	wipe(folder);
}
END_TEST

SUITE_MAIN("upload/verify", octets_count_once_they_are_verified, what_is_not_verified_does_not_count_after_a_crash,
	   a_newer_writer_finds_only_what_was_verified, a_checksum_may_come_behind_the_body, it_is_a_header_or_a_trailer,
	   a_length_said_with_a_wrong_checksum_is_not_taken)
