/* ID.json and its upload: what a process that dies between the two leaves can be mended. */
#include <config.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "suite.h"
#include "receipt.h"

#define ID "0123456789abcdef0123456789abcdef"

struct fake {
	const struct receipts *r;
	int removed, seen, released;
};

static int there(const struct receipts *r, const char *name)
{
	return faccessat(r->folder, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* The moment from which on the upload is gone. */
static int fake_remove(void *ctx, const char *id)
{
	struct fake *f = ctx;

	ck_assert_str_eq(id, ID);
	f->seen = there(f->r, ID ".json");
	f->removed++;
	return 0;
}

static void fake_release(void *ctx)
{
	((struct fake *)ctx)->released++;
}

static int fake_create(void *ctx, const struct mummy_upload_info *info)
{
	return ((struct fake *)ctx)->removed && info ? 0 : -EEXIST;
}

static const char *fresh(struct receipts *r, char folder[64])
{
	snprintf(folder, 64, "/tmp/mummy-receipt-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(receipts_open(r, folder), 0);
	return folder;
}

START_TEST(a_receipt_goes_before_its_upload)
{
	const struct mummy_upload_info info = { .id = ID, .name = "a.txt" };
	struct receipts r = { .folder = -1, .lasting = 1 };
	struct fake f = { .r = &r };
	struct mummy_upload_store store = { .remove = fake_remove, .release = fake_release, .create = fake_create, .ctx = &f };
	char folder[64];

	fresh(&r, folder);
	receipts_guard(&r, &store);
	ck_assert_int_eq(store.create(store.ctx, &info), -EEXIST);
	receipt_write(&r, &info);
	ck_assert(there(&r, ID ".json"));
	ck_assert_int_eq(store.remove(store.ctx, ID), 0);
	ck_assert_int_eq(f.seen, 0);
	/* one that was never finished has none */
	ck_assert_int_eq(store.remove(store.ctx, ID), 0);
	ck_assert_int_eq(f.removed, 2);
	ck_assert_int_eq(store.create(store.ctx, &info), 0);
	store.release(store.ctx);
	ck_assert_int_eq(f.released, 1);
	receipts_close(&r);
	ck_assert_int_eq(rmdir(folder), 0);
}
END_TEST

static void finished(void *r, const struct mummy_upload_info *info)
{
	receipt_write(r, info);
}

/* Killed after the receipt went and before the upload did: the next start writes it again. */
START_TEST(an_upload_without_a_receipt_gets_one)
{
	struct receipts r = { .folder = -1 };
	struct mummy_upload_store store;
	mummy_upload *u = NULL;
	char folder[64];
	int fd;

	fresh(&r, folder);
	ck_assert_int_eq(mummy_upload_dir_store(&store, folder, NULL), 0);
	receipts_guard(&r, &store);
	ck_assert_int_eq(store.create(store.ctx, &(struct mummy_upload_info){ .id = ID, .length = 0 }), 0);
	ck_assert_int_eq(mummy_upload_new(&u, &store, NULL), 0);
	ck_assert(!there(&r, ID ".json"));
	receipts_repair(&r, u, finished, &r);
	ck_assert(there(&r, ID ".json"));
	ck_assert_int_eq(mummy_upload_remove(u, ID), 0);
	ck_assert(!there(&r, ID ".json"));
	ck_assert(!there(&r, ID));
	mummy_upload_free(u);
	fd = r.folder;
	unlinkat(fd, ".lock", 0);
	receipts_close(&r);
	ck_assert_int_eq(rmdir(folder), 0);
}
END_TEST

SUITE_MAIN("tools/receipt", a_receipt_goes_before_its_upload, an_upload_without_a_receipt_gets_one)
