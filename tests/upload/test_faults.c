/* Each call that a store makes to its disk fails in turn: the right status, and the upload is as it was told;
 * once the fault is over it goes on to its end. */
#include <config.h>
#define SUITE_TIMEOUT_S 300
#include "disk.h"

static int is_refusal(int status)
{
	return status == 500 || status == 503 || status == 507;
}

/* Goes on until the upload is whole; statuses are checked on the way. */
static void persist(mummy_upload *u, const char *path, int checked)
{
	static const char text[] = "0123456789abcdef";
	char off[32], said[128];
	struct answer a;
	int64_t at, before = 0;

	while ((at = offset_of(u, path)) != 16) {
		const size_t n = at < 8 ? 8 - (size_t)(at < 0 ? 0 : at) : 16 - (size_t)at;
		int status;

		/* a fault may hit HEAD itself */
		if (at < 0)
			continue;
		ck_assert_int_ge(at, before);
		snprintf(off, sizeof off, "%d", (int)at);
		checksum_of("md5", GNUTLS_DIG_MD5, text + at, n, said);
		status = ask(u, &a, "PATCH", path, text + at, n, TUS_TYPE, "Upload-Offset", off,
			     checked ? "Upload-Checksum" : "X-Nothing", said, NULL);
		ck_assert_msg(status == 204 || is_refusal(status), "PATCH %d", status);
		before = status == 204 ? strtoll(field(&a, "Upload-Offset"), NULL, 10) : 0;
	}
}

static void fail_call(int at, int code, int cut_short, int checked, enum mummy_upload_sync sync)
{
	const struct mummy_upload_dir_options dir = { .sync = sync };
	char folder[64], path[128], back[32];
	struct answer a;
	mummy_upload *u = open_dir(fresh(folder), &dir, NULL);
	int status, left;

	disk_calls = 0;
	disk_fail_at = at;
	disk_errno = code;
	disk_short = cut_short;
	disk_armed = 1;
	do {
		status = ask(u, &a, "POST", "/files/", NULL, 0, "Upload-Length", "16", NULL);
		ck_assert_msg(status == 201 || is_refusal(status), "POST %d", status);
		if (status != 201 && (code == ENOSPC || code == EDQUOT))
			ck_assert_msg(status == 507 || status == 500, "POST %d", status);
	} while (status != 201);
	snprintf(path, sizeof path, "%s", field(&a, "Location"));
	persist(u, path, checked);
	/* what could not be finished is finished by who asks again */
	while ((status = ask_bare(u, &a, "GET", path, NULL, 0, NULL)) != 200) {
		ck_assert_msg(status == 404 || is_refusal(status), "GET %d", status);
		ask(u, &a, "HEAD", path, NULL, 0, NULL);
	}
	close(a.fd);
	disk_armed = 0;
	ck_assert_int_eq(content(u, path, back, sizeof back), 16);
	ck_assert_mem_eq(back, "0123456789abcdef", 16);
	ck_assert_uint_eq(u->stats.open, 0);
	mummy_upload_free(u);
	/* nothing is wrong for the next process either */
	u = open_dir(folder, &dir, NULL);
	ck_assert_uint_eq(u->stats.quarantined, 0);
	ck_assert_int_eq(content(u, path, back, sizeof back), 16);
	mummy_upload_free(u);
	disk_forget();
	/* the file, and its record where that is not in ".records", or could not be written there */
	left = wipe(folder);
	ck_assert_msg(left == 2 || (left == 1 && sync == MUMMY_UPLOAD_SYNC_NONE), "%d files", left);
}

static void fail_each(int checked, enum mummy_upload_sync sync)
{
	static const struct { int code, cut_short; } faults[] = { { ENOSPC, 0 }, { EIO, 0 }, { EDQUOT, 0 }, { EIO, 1 } };

	for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
		for (int at = 1; at < 60; at++)
			fail_call(at, faults[i].code, faults[i].cut_short, checked, sync);
}

START_TEST(every_call_fails_in_turn)
{
	for (int sync = 0; sync <= MUMMY_UPLOAD_SYNC_NONE; sync++) {
		fail_each(0, (enum mummy_upload_sync)sync);
		fail_each(1, (enum mummy_upload_sync)sync);
		fake_pipes = 1;
		fail_each(0, (enum mummy_upload_sync)sync);
		fake_pipes = 0;
	}
}
END_TEST

/* What cannot be reserved is refused at its creation; where nothing can be reserved, it goes without. */
START_TEST(space_is_reserved_at_creation)
{
	static const struct { int code, status; } cases[] = { { ENOSPC, 507 }, { EDQUOT, 507 }, { EIO, 500 },
		{ EOPNOTSUPP, 201 }, { ENOSYS, 201 } };

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char folder[64];
		struct answer a;
		mummy_upload *u = open_dir(fresh(folder), NULL, NULL);

		disk_reserve_errno = cases[i].code;
		ck_assert_int_eq(ask(u, &a, "POST", "/files/", NULL, 0, "Upload-Length", "8388608", NULL), cases[i].status);
		ck_assert_int_eq(ask(u, &a, "POST", "/files/", NULL, 0, "Upload-Defer-Length", "1", NULL), 201);
		ck_assert_int_eq(ask(u, &a, "PATCH", field(&a, "Location"), NULL, 0, TUS_TYPE, "Upload-Offset", "0",
				     "Upload-Length", "8388608", NULL), cases[i].status == 201 ? 204 : cases[i].status);
		disk_reserve_errno = 0;
		ck_assert_uint_eq(u->stats.open, cases[i].status == 201 ? 2 : 1);
		mummy_upload_free(u);
		ck_assert_int_eq(wipe(folder), cases[i].status == 201 ? 4 : 2);
	}
}
END_TEST

START_TEST(what_the_file_system_cannot_take_from_a_pipe_is_copied)
{
	static const int codes[] = { EINVAL, ENOSYS };
	static char body[100000], back[sizeof body];

	for (size_t i = 0; i < sizeof body; i++)
		body[i] = (char)(i * 31 + i / 251);
	for (int i = 0; i < 2; i++) {
		char folder[64], path[128];
		struct answer a;
		mummy_upload *u = open_dir(fresh(folder), NULL, NULL);

		create(u, sizeof body, path);
		disk_splice_errno = codes[i];
		fake_pipes = 1;
		ck_assert_int_eq(patch(u, &a, path, 0, body, sizeof body), 204);
		disk_splice_errno = fake_pipes = 0;
		ck_assert_int_eq(content(u, path, back, sizeof back), sizeof back);
		ck_assert_mem_eq(back, body, sizeof body);
		mummy_upload_free(u);
		wipe(folder);
	}
}
END_TEST

SUITE_MAIN("upload/faults", what_the_file_system_cannot_take_from_a_pipe_is_copied, every_call_fails_in_turn, space_is_reserved_at_creation)
