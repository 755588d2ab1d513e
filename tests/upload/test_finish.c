/* Finishing, and what the engine does when the store fails: every call of a whole upload fails in turn. */
#include <config.h>
#include "fake.h"

static struct {
	struct mummy_upload_store real;
	int calls, fail_at, forever, rc;  /* the call that fails, from 1; or all from there on */
} fault;

static int fails(void)
{
	fault.calls++;
	return fault.fail_at && (fault.forever ? fault.calls >= fault.fail_at : fault.calls == fault.fail_at);
}

static int f_create(void *ctx, const struct mummy_upload_info *info)
{
	return fails() ? fault.rc : fault.real.create(ctx, info);
}

static int f_open(void *ctx, const char *id, unsigned flags, void **h, struct mummy_upload_info *info)
{
	return fails() ? fault.rc : fault.real.open(ctx, id, flags, h, info);
}

static int f_writev(void *h, uint64_t off, const struct iovec *iov, int n)
{
	struct iovec half = iov[0];

	if (!fails())
		return fault.real.writev(h, off, iov, n);
	/* a part of it arrives all the same */
	half.iov_len /= 2;
	fault.real.writev(h, off, &half, 1);
	return fault.rc;
}

static int f_sync(void *h, uint64_t committed)
{
	if (fails())
		return fault.rc;
	return fault.real.sync ? fault.real.sync(h, committed) : 0;
}

static int f_finish(void *h, const char *name, struct mummy_upload_info *info)
{
	return fails() ? fault.rc : fault.real.finish(h, name, info);
}

static int f_remove(void *ctx, const char *id)
{
	return fails() ? fault.rc : fault.real.remove(ctx, id);
}

static mummy_upload *open_faulty(const struct mummy_upload_store *real)
{
	struct mummy_upload_store store = *real;
	mummy_upload *u = NULL;

	memset(&fault, 0, sizeof fault);
	fault.real = *real;
	store.create = f_create;
	store.open = f_open;
	store.writev = f_writev;
	store.sync = f_sync;
	store.finish = f_finish;
	store.remove = f_remove;
	ck_assert_int_eq(mummy_upload_new(&u, &store, NULL), 0);
	return u;
}

static int is_failure(int status)
{
	return status == (fault.rc == -ENOSPC || fault.rc == -EDQUOT ? 507 : 500);
}

/* Creates and uploads "0123456789" as a client does that goes on after each failure; the path, or "". */
static void persist(mummy_upload *u, char path[128])
{
	struct answer a;
	int64_t off;

	path[0] = '\0';
	for (int tries = 0; !path[0] && tries < 5; tries++) {
		if (ask(u, &a, "POST", "/files/", NULL, 0, "Upload-Length", "10", NULL) == 201)
			snprintf(path, 128, "%s", field(&a, "Location"));
		else
			ck_assert_msg(is_failure(a.status), "POST %d", a.status);
	}
	ck_assert(path[0]);
	for (int tries = 0; tries < 20; tries++) {
		if (ask(u, &a, "HEAD", path, NULL, 0, NULL) != 200) {
			ck_assert_msg(is_failure(a.status), "HEAD %d", a.status);
			continue;
		}
		off = strtoll(field(&a, "Upload-Offset"), NULL, 10);
		if (off == 10)
			return;
		ck_assert_int_lt(off, 10);
		patch(u, &a, path, (uint64_t)off, "0123456789" + off, off < 5 ? 5 - (size_t)off : 10 - (size_t)off);
		ck_assert_msg(a.status == 204 || is_failure(a.status), "PATCH %d", a.status);
	}
	ck_abort_msg("it never got through");
}

static void check_whole(mummy_upload *u, const char *path)
{
	struct mummy_upload_stats st;
	struct answer a;
	char back[16];

	ck_assert_int_eq(offset_of(u, path), 10);
	if (u->store.read) {
		ck_assert_int_eq(content(u, path, back, sizeof back), 10);
		ck_assert_mem_eq(back, "0123456789", 10);
	}
	ck_assert_int_eq(ask(u, &a, "DELETE", path, NULL, 0, NULL), 204);
	mummy_upload_stats_get(u, &st);
	ck_assert_uint_eq(st.writing, 0);
}

static void fail_each_call(int rc, int on_disk, enum mummy_upload_sync sync)
{
	struct mummy_upload_dir_options dir = { .sync = sync };
	struct mummy_upload_store store;
	char folder[64], path[128];
	int last = 0;

	for (int at = 1; at == 1 || at <= last; at++) {
		mummy_upload *u;

		if (on_disk)
			ck_assert_int_eq(mummy_upload_dir_store(&store, fresh(folder), &dir), 0);
		else
			ck_assert_int_eq(mummy_upload_memory_store(&store, 0), 0);
		u = open_faulty(&store);
		fault.rc = rc;
		fault.fail_at = at;
		fake_piece = 3;
		persist(u, path);
		last = fault.calls;
		fault.fail_at = 0;
		check_whole(u, path);
		mummy_upload_free(u);
		if (on_disk)
			wipe(folder);
	}
	ck_assert_int_gt(last, 8);
}

START_TEST(one_failing_call_costs_no_more_than_another_try)
{
	static const int codes[] = { -ENOSPC, -EIO, -EDQUOT };

	for (int i = 0; i < 3; i++) {
		fail_each_call(codes[i], 0, MUMMY_UPLOAD_SYNC_NONE);
		fail_each_call(codes[i], 1, MUMMY_UPLOAD_SYNC_NONE);
		fail_each_call(codes[i], 1, MUMMY_UPLOAD_SYNC_ACK);
	}
}
END_TEST

START_TEST(it_recovers_when_the_fault_ends)
{
	struct mummy_upload_store store;
	char folder[64], path[128];
	struct answer a;

	for (int at = 1; at < 12; at++) {
		mummy_upload *u;

		ck_assert_int_eq(mummy_upload_dir_store(&store, fresh(folder), NULL), 0);
		u = open_faulty(&store);
		fault.rc = -EIO;
		create(u, 10, path);
		fault.calls = 0;
		fault.fail_at = at;
		fault.forever = 1;
		fake_piece = 3;
		patch(u, &a, path, 0, "0123456789", 10);
		ck_assert_int_eq(a.status, fault.calls >= at ? 500 : 204);
		ck_assert_ptr_null(strstr(a.text, folder));
		fault.fail_at = 0;
		if (offset_of(u, path) < 10)
			ck_assert_int_eq(patch(u, &a, path, (uint64_t)offset_of(u, path), "0123456789" + offset_of(u, path),
					       10 - (size_t)offset_of(u, path)), 204);
		check_whole(u, path);
		mummy_upload_free(u);
		wipe(folder);
	}
}
END_TEST

START_TEST(a_failing_removal_leaves_the_upload)
{
	struct mummy_upload_store store;
	mummy_upload *u;
	char path[128];
	struct answer a;

	ck_assert_int_eq(mummy_upload_memory_store(&store, 0), 0);
	u = open_faulty(&store);
	create(u, 10, path);
	ck_assert_int_eq(patch(u, &a, path, 0, "012", 3), 204);
	fault.rc = -EIO;
	fault.fail_at = fault.calls + 2;
	ck_assert_int_eq(ask(u, &a, "DELETE", path, NULL, 0, NULL), 500);
	ck_assert_int_eq(offset_of(u, path), 3);
	mummy_upload_free(u);
}
END_TEST

SUITE_MAIN("upload/finish", one_failing_call_costs_no_more_than_another_try, it_recovers_when_the_fault_ends,
	   a_failing_removal_leaves_the_upload)
