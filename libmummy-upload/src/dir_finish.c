#include <config.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "dir.h"
#include "metadata.h"

#define TRIES 100                        /* numbers after a name that is taken */

static void wanted_name(struct mup_dir_upload *up, const char *name, char out[MUP_NAME_SIZE])
{
	const struct mummy_upload_info *info = &up->rec.info;
	char raw[1024];
	int n = -1;

	out[0] = '\0';
	if (name) {
		mup_name_safe(name, strlen(name), out);
	} else if (up->dir->opt.naming == MUMMY_UPLOAD_NAME_METADATA && info->metadata) {
		n = mup_metadata_get(info->metadata, "filename", raw, sizeof raw);
		if (n < 0)
			n = mup_metadata_get(info->metadata, "name", raw, sizeof raw);
		if (n > 0)
			mup_name_safe(raw, (size_t)n, out);
	}
	if (!out[0])
		memcpy(out, info->id, MUP_ID_SIZE);
}

static void candidate(const char *wanted, const char *id, int i, char out[MUP_NAME_SIZE])
{
	char mark[MUP_ID_SIZE];

	snprintf(mark, sizeof mark, "%d", i);
	if (i == 0)
		snprintf(out, MUP_NAME_SIZE, "%s", wanted);
	else
		mup_name_mark(wanted, i < TRIES ? mark : id, out);
}

/* 1: name is free, 2: it is this part already, -EEXIST, or another errno. */
static int probe(struct mup_dir_upload *up, const char *name, const struct stat *part)
{
	struct stat st;

	if (fstatat(up->dir->finished, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 1 : -errno;
	return st.st_ino == part->st_ino && st.st_dev == part->st_dev ? 2 : -EEXIST;
}

/* Gives the part a second name, which replaces nothing; where there are no links, it is moved. Moving is
 * cheaper, but after a power cut a file system may have neither name. */
static int give_name(struct mup_dir_upload *up, const char *name)
{
	struct mup_dir *d = up->dir;
	char file[MUP_FILE_SIZE];

	mup_dir_file(file, up->rec.info.id, "part");
#ifdef RENAME_NOREPLACE
	if (d->opt.sync == MUMMY_UPLOAD_SYNC_NONE) {
		if (renameat2(d->fd, file, d->finished, name, RENAME_NOREPLACE) == 0) {
			up->moved = 1;
			return 0;
		}
		if (errno != EINVAL && errno != ENOSYS)
			return -errno;
	}
#endif
	if (linkat(d->fd, file, d->finished, name, 0) == 0)
		return 0;
	if (errno != EPERM && errno != EOPNOTSUPP && errno != ENOSYS && errno != EMLINK)
		return -errno;
	return renameat(d->fd, file, d->finished, name) < 0 ? -errno : 0;
}

static int try_name(struct mup_dir_upload *up, const char *name, const struct stat *part)
{
	struct mup_dir *d = up->dir;
	struct mup_record rec = up->rec;
	/* an id is free, and moving replaces nothing */
	const int is_free = d->opt.sync == MUMMY_UPLOAD_SYNC_NONE && !rec.info.name
			    && !strcmp(name, rec.info.id);
	int rc = is_free ? 1 : probe(up, name, part), linked = rc == 2;

	if (rc < 0)
		return rc;
	rec.info.state = MUMMY_UPLOAD_FINISHED;
	rec.info.name = name;
	rec.info.offset = rec.info.length;
	rec.inode = (uint64_t)part->st_ino;
	rec.mtime_s = part->st_mtim.tv_sec;
	rec.mtime_ns = part->st_mtim.tv_nsec;
	rc = mup_dir_put_record(d, &rec, 1);
	if (rc == 0 && !linked)
		rc = give_name(up, name);
	if (rc == 0)
		rc = mup_dir_fsync(d, d->finished);
	if (rc == 0)
		up->rec = rec;
	return rc;
}

static int choose(struct mup_dir_upload *up, const char *name, const struct stat *part)
{
	char wanted[MUP_NAME_SIZE];
	int rc = -EEXIST;

	/* begun before: the name may be there */
	if (up->rec.info.name) {
		snprintf(up->name, sizeof up->name, "%s", up->rec.info.name);
		rc = try_name(up, up->name, part);
	}
	wanted_name(up, name, wanted);
	for (int i = 0; rc == -EEXIST && i <= TRIES; i++) {
		candidate(wanted, up->rec.info.id, i, up->name);
		rc = try_name(up, up->name, part);
	}
	return rc;
}

int mup_dir_finish(void *h, const char *name, struct mummy_upload_info *info)
{
	struct mup_dir_upload *up = h;
	struct mup_dir *d = up->dir;
	char file[MUP_FILE_SIZE];
	struct stat st;
	int rc;

	if (up->fd < 0)
		return -EBADF;
	if (d->opt.sync != MUMMY_UPLOAD_SYNC_NONE && fdatasync(up->fd) < 0) {
		rc = -errno;
		if (ftruncate(up->fd, (off_t)up->durable) == 0)
			up->size = up->durable;
		return rc;
	}
	/* a record that says finished must not outlive the name of a part that was never made last */
	if (d->opt.sync == MUMMY_UPLOAD_SYNC_FINISH && up->durable == 0 && fsync(d->fd) < 0)
		return -errno;
	if (fstat(up->fd, &st) < 0)
		return -errno;
	rc = choose(up, name, &st);
	if (rc < 0)
		return rc;
	if (!up->moved)
		unlinkat(d->fd, mup_dir_file(file, up->rec.info.id, "part"), 0);
	close(up->fd);
	up->fd = -1;
	info->state = MUMMY_UPLOAD_FINISHED;
	info->name = up->name;
	return 0;
}

static int unlink_kind(struct mup_dir *d, const char *id, const char *kind)
{
	char file[MUP_FILE_SIZE];

	return unlinkat(d->fd, mup_dir_file(file, id, kind), 0) < 0 && errno != ENOENT ? -errno : 0;
}

static int unlink_finished(struct mup_dir *d, const char *id)
{
	struct mup_record rec;
	struct stat st;
	int rc = mup_dir_get_record(d, id, "gone", &rec);

	/* what a damaged record meant cannot be known; the file stays */
	if (rc < 0)
		return rc == -ENOENT || rc == -EBADMSG ? 0 : rc;
	if (rec.info.state == MUMMY_UPLOAD_FINISHED && rec.info.name
	    && fstatat(d->finished, rec.info.name, &st, AT_SYMLINK_NOFOLLOW) == 0
	    && mup_dir_is_own(&rec, &st)) {
		mup_dir_unclaim(d, rec.info.length);
		if (unlinkat(d->finished, rec.info.name, 0) < 0 && errno != ENOENT)
			rc = -errno;
	}
	mup_record_free(&rec);
	return rc;
}

int mup_dir_remove_gone(struct mup_dir *d, const char *id)
{
	int rc = unlink_kind(d, id, "part");

	if (rc == 0)
		rc = unlink_finished(d, id);
	if (rc == 0)
		rc = mup_dir_fsync(d, d->finished);
	if (rc == 0 && d->finished != d->fd)
		rc = mup_dir_fsync(d, d->fd);
	if (rc == 0)
		rc = mup_table_drop(d, id);
	return rc == 0 ? unlink_kind(d, id, "gone") : rc;
}

/* From here on it is gone for good, also when the rest has to wait for the next list. */
static int give_away(struct mup_dir *d, const char *id)
{
	char info[MUP_FILE_SIZE], gone[MUP_FILE_SIZE];
	int rc;

	if (renameat(d->fd, mup_dir_file(info, id, "info"), d->fd, mup_dir_file(gone, id, "gone")) == 0)
		return 0;
	if (errno != ENOENT)
		return -errno;
	rc = mup_table_mark(d, id);
	return rc == -ENOENT ? 0 : rc;
}

int mup_dir_remove(void *ctx, const char *id)
{
	struct mup_dir *d = ctx;
	struct mup_record rec;
	uint64_t size, weight;
	int part, rc = mup_dir_look_locked(d, id, &rec, &part, &size);

	if (rc < 0 && rc != -EBADMSG)
		return rc;
	weight = rec.info.state == MUMMY_UPLOAD_OPEN ? mup_dir_weight(&rec.info, size) : 0;
	mup_record_free(&rec);
	rc = give_away(d, id);
	if (rc == 0) {
		mup_dir_unclaim(d, weight);
		mup_dir_fsync(d, d->fd);
		mup_dir_remove_gone(d, id);
	}
	if (part >= 0)
		close(part);
	return rc;
}
