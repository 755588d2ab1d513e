/*
 * receipt.c - ID.json beside each finished upload: what it is, for programs that take it on.
 */
#include <config.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "describe.h"
#include "receipt.h"

#define NAME_SIZE 80                       /* of an id and a suffix */

int receipts_open(struct receipts *r, const char *directory)
{
	r->folder = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return r->folder < 0 ? -errno : 0;
}

void receipts_close(struct receipts *r)
{
	if (r->folder >= 0)
		close(r->folder);
	r->folder = -1;
}

/* ---- What it says --------------------------------------------------------------------------------- */

static void add_digests(struct json *j, const struct receipts *r, const struct mummy_upload_info *info)
{
	char hex[129];
	int fd = -1;

	if (r->digest_max && info->length <= r->digest_max && info->name)
		fd = openat(r->folder, info->name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	json_key(j, "digests");
	json_raw(j, "{");
	if (fd >= 0 && mummy_upload_digest(fd, "sha256", hex) == 0)
		json_member_string(j, "sha256", hex, strlen(hex));
	json_raw(j, "}");
	if (fd >= 0)
		close(fd);
}

static void describe(struct json *j, const struct receipts *r, const struct mummy_upload_info *info)
{
	json_raw(j, "{");
	json_member_string(j, "id", info->id, strlen(info->id));
	if (info->name)
		json_member_string(j, "file", info->name, strlen(info->name));
	json_member_number(j, "size", info->length);
	describe_metadata(j, info->metadata);
	add_digests(j, r, info);
	describe_time(j, "created", info->created);
	describe_time(j, "finished", info->modified);
	if (info->client)
		json_member_string(j, "client", info->client, strlen(info->client));
	json_raw(j, "}\n");
}

/* ---- The file -------------------------------------------------------------------------------------- */

static int write_all(int fd, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t k = write(fd, p, n);

		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return -errno;
		p += k;
		n -= (size_t)k;
	}
	return 0;
}

/* Appears whole under its name, or not at all. */
static int put(const struct receipts *r, const char *id, const char *text, size_t n)
{
	char name[NAME_SIZE], fresh[NAME_SIZE];
	int fd, rc;

	snprintf(name, sizeof name, "%.64s.json", id);
	snprintf(fresh, sizeof fresh, ".%.64s.json.tmp", id);
	fd = openat(r->folder, fresh, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	rc = write_all(fd, text, n);
	if (rc == 0 && r->lasting && fsync(fd) < 0)
		rc = -errno;
	if (close(fd) < 0 && rc == 0)
		rc = -errno;
	if (rc == 0 && renameat(r->folder, fresh, r->folder, name) < 0)
		rc = -errno;
	if (rc < 0)
		unlinkat(r->folder, fresh, 0);
	else if (r->lasting && fsync(r->folder) < 0)
		rc = -errno;
	return rc;
}

void receipt_write(struct receipts *r, const struct mummy_upload_info *info)
{
	struct json j = { .len = 0 };
	int rc;

	describe(&j, r, info);
	rc = j.failed ? -ENOMEM : put(r, info->id, j.text, j.len);
	if (rc < 0)
		log_error(r->log, "upload %s: its ID.json cannot be written: %s", info->id, strerror(-rc));
	json_free(&j);
}

/* ---- The store, which removes it --------------------------------------------------------------------- */

static int guarded_create(void *ctx, const struct mummy_upload_info *info)
{
	const struct receipts *r = ctx;

	return r->store.create(r->store.ctx, info);
}

static int guarded_open(void *ctx, const char *id, unsigned flags, void **h, struct mummy_upload_info *info)
{
	const struct receipts *r = ctx;

	return r->store.open(r->store.ctx, id, flags, h, info);
}

static int guarded_list(void *ctx, void **cursor, struct mummy_upload_info *out)
{
	const struct receipts *r = ctx;

	return r->store.list(r->store.ctx, cursor, out);
}

static void guarded_release(void *ctx)
{
	const struct receipts *r = ctx;

	r->store.release(r->store.ctx);
}

static int guarded_remove(void *ctx, const char *id)
{
	const struct receipts *r = ctx;
	char name[NAME_SIZE];

	snprintf(name, sizeof name, "%.64s.json", id);
	if (unlinkat(r->folder, name, 0) == 0 && r->lasting)
		fsync(r->folder);
	return r->store.remove(r->store.ctx, id);
}

void receipts_guard(struct receipts *r, struct mummy_upload_store *store)
{
	r->store = *store;
	store->create = guarded_create;
	store->open = guarded_open;
	store->list = guarded_list;
	store->release = guarded_release;
	store->remove = guarded_remove;
	store->ctx = r;
}

struct repair {
	struct receipts *r;
	void (*finished)(void *ctx, const struct mummy_upload_info *info);
	void *ctx;
};

static int repair(void *ctx, const struct mummy_upload_info *info)
{
	const struct repair *w = ctx;
	const struct receipts *r = w->r;
	char name[NAME_SIZE];

	snprintf(name, sizeof name, ".%.64s.json.tmp", info->id);
	unlinkat(r->folder, name, 0);
	snprintf(name, sizeof name, "%.64s.json", info->id);
	if (info->name && faccessat(r->folder, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0
	    && faccessat(r->folder, info->name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		w->finished(w->ctx, info);
	return 0;
}

void receipts_repair(struct receipts *r, mummy_upload *uploads,
		     void (*finished)(void *ctx, const struct mummy_upload_info *info), void *ctx)
{
	const struct mummy_upload_filter all_done = { .states = 1u << MUMMY_UPLOAD_FINISHED };
	struct repair w = { r, finished, ctx };
	int rc = mummy_upload_list(uploads, &all_done, repair, &w);

	if (rc < 0)
		log_error(r->log, "uploads cannot be listed: %s", strerror(-rc));
}
