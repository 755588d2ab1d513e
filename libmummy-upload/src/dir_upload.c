#include <config.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "dir.h"

#define CHECKPOINT_BYTES ((uint64_t)64 << 20)  /* so much at most is not safe against a power cut */

/* What is made of others shares their blocks, if it can. */
static uint64_t to_reserve(const struct mummy_upload_info *info)
{
	if (info->length == MUMMY_UPLOAD_UNKNOWN || (info->concat && !strncmp(info->concat, "final", 5)))
		return 0;
	return info->length;
}

static int make_part(struct mup_dir *d, const char *file, uint64_t reserve)
{
	const mode_t mode = (mode_t)d->opt.mode;
	int fd = openat(d->fd, file, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode), rc = 0;
	struct stat st;

	if (fd < 0)
		return -errno;
	/* fchmod is a change that has to be written down; mostly the umask leaves nothing to do */
	if (fstat(fd, &st) < 0 || ((st.st_mode & 0777) != mode && fchmod(fd, mode) < 0))
		rc = -errno;
	if (rc == 0)
		rc = mup_dir_reserve(fd, 0, reserve);
	close(fd);
	return rc;
}

int mup_dir_create(void *ctx, const struct mummy_upload_info *info)
{
	struct mup_dir *d = ctx;
	struct mup_record rec = { .info = *info };
	uint64_t weight = mup_dir_weight(info, 0);
	char file[MUP_FILE_SIZE];
	int rc = mup_dir_room(d, weight);

	if (rc == 0)
		rc = mup_dir_claim(d, weight);
	if (rc < 0)
		return rc;
	rec.info.offset = 0;
	rc = make_part(d, mup_dir_file(file, info->id, "part"), to_reserve(info));
	if (rc == 0)
		rc = mup_dir_put_record(d, &rec, d->opt.sync == MUMMY_UPLOAD_SYNC_ACK);
	if (rc < 0 && rc != -EEXIST) {
		mup_table_drop(d, info->id);
		unlinkat(d->fd, mup_dir_file(file, info->id, "info"), 0);
		unlinkat(d->fd, mup_dir_file(file, info->id, "part"), 0);
	}
	mup_dir_claimed(d, weight, rc);
	return rc;
}

/* After a failed fsync nobody knows what of the tail is on the disk, and a second one would not tell. */
static int take_back(struct mup_dir_upload *up, int rc)
{
	if (ftruncate(up->fd, (off_t)up->durable) == 0)
		up->size = up->durable;
	return rc;
}

static int checkpoint(struct mup_dir_upload *up, uint64_t committed)
{
	struct mup_record rec = up->rec;
	int rc;

	if (up->fd < 0 || committed <= up->durable)
		return 0;
	if (fdatasync(up->fd) < 0)
		return take_back(up, -errno);
	rec.info.offset = committed;
	rc = mup_dir_put_record(up->dir, &rec, 1);
	if (rc == 0)
		up->durable = up->rec.info.offset = committed;
	return rc;
}

/* What is there may be less safe than the policy asks of an offset that is told. */
static int prepare(struct mup_dir_upload *up, unsigned flags, struct mummy_upload_info *seen)
{
	int rc = 0;

	if (up->fd < 0 || up->rec.info.state != MUMMY_UPLOAD_OPEN)
		return 0;
	if (up->dir->opt.sync == MUMMY_UPLOAD_SYNC_ACK && seen->offset > up->durable) {
		if (!up->locked)
			up->locked = mup_dir_lock(up->fd, F_WRLCK, 0) == 0;
		if (!up->locked)
			seen->offset = up->durable;
		rc = checkpoint(up, seen->offset);
	}
	if (rc == 0 && (flags & MUMMY_UPLOAD_WRITE))
		rc = mup_dir_adopt(up, seen->offset);
	return rc;
}

int mup_dir_open(void *ctx, const char *id, unsigned flags, void **h, struct mummy_upload_info *info)
{
	struct mup_dir *d = ctx;
	struct mup_dir_upload *up = calloc(1, sizeof *up);
	int rc;

	if (!up)
		return -ENOMEM;
	up->dir = d;
	up->fd = -1;
	rc = flags & MUMMY_UPLOAD_WRITE ? mup_dir_look_locked(d, id, &up->rec, &up->fd, &up->size)
		: mup_dir_look(d, id, &up->rec, &up->fd, &up->size);
	*info = up->rec.info;
	if (rc == 0) {
		up->locked = up->fd >= 0 && (flags & MUMMY_UPLOAD_WRITE) != 0;
		up->durable = up->rec.durable;
		up->rec.info.offset = up->durable;
		rc = prepare(up, flags, info);
	}
	if (rc < 0) {
		mup_dir_close(up);
		return rc;
	}
	*h = up;
	return 0;
}

void mup_dir_close(void *h)
{
	struct mup_dir_upload *up = h;

	/* said aloud: a program that is just being started may have the descriptor until it runs */
	if (up->fd >= 0 && up->locked)
		mup_dir_lock(up->fd, F_UNLCK, 0);
	if (up->fd >= 0)
		close(up->fd);
	mup_record_free(&up->rec);
	free(up);
}

static int write_pieces(struct mup_dir_upload *up, uint64_t off, const struct iovec *iov, int n)
{
	int rc = 0;

	for (int i = 0; rc == 0 && i < n; i++) {
		rc = mup_dir_write_all(up->fd, iov[i].iov_base, iov[i].iov_len, off);
		off += iov[i].iov_len;
	}
	return rc;
}

/* What comes is at off: it counts before, and after, whichever way it is written. */
static int before_write(struct mup_dir_upload *up, uint64_t len)
{
	if (up->fd < 0)
		return -EBADF;
	return up->rec.info.length == MUMMY_UPLOAD_UNKNOWN ? mup_dir_claim(up->dir, len) : 0;
}

static int after_write(struct mup_dir_upload *up, uint64_t off, uint64_t len, int rc)
{
	if (rc < 0) {
		/* what stays would only be what arrived, but nobody will be told of it */
		if (ftruncate(up->fd, (off_t)off) == 0)
			up->size = off;
	}
	if (up->rec.info.length == MUMMY_UPLOAD_UNKNOWN)
		mup_dir_claimed(up->dir, len, rc);
	if (rc < 0)
		return rc;
	up->size = off + len;
	if (!up->held && up->dir->opt.sync != MUMMY_UPLOAD_SYNC_NONE
	    && up->size - up->durable >= CHECKPOINT_BYTES)
		rc = checkpoint(up, up->size);
	return rc;
}

int mup_dir_writev(void *h, uint64_t off, const struct iovec *iov, int n)
{
	struct mup_dir_upload *up = h;
	uint64_t len = 0;
	int rc;

	for (int i = 0; i < n; i++)
		len += iov[i].iov_len;
	rc = before_write(up, len);
	return rc < 0 ? rc : after_write(up, off, len, write_pieces(up, off, iov, n));
}

int mup_dir_splice(void *h, uint64_t off, int pipe, size_t n)
{
	struct mup_dir_upload *up = h;
	int rc = before_write(up, n);

	return rc < 0 ? rc : after_write(up, off, n, mup_dir_splice_all(up->fd, pipe, n, off));
}

int mup_dir_sync(void *h, uint64_t committed)
{
	struct mup_dir_upload *up = h;

	return up->dir->opt.sync == MUMMY_UPLOAD_SYNC_ACK ? checkpoint(up, committed) : 0;
}

int mup_dir_flush(void *h, uint64_t committed)
{
	struct mup_dir_upload *up = h;

	return up->dir->opt.sync == MUMMY_UPLOAD_SYNC_NONE ? 0 : checkpoint(up, committed);
}

int mup_dir_read(void *h)
{
	struct mup_dir_upload *up = h;
	struct mup_dir *d = up->dir;
	char file[MUP_FILE_SIZE];
	struct stat st;
	int fd;

	if (up->fd >= 0)
		return mup_dir_open_regular(d->fd, mup_dir_file(file, up->rec.info.id, "part"), O_RDONLY,
					    &st);
	if (!up->rec.info.name)
		return -ENOENT;
	fd = mup_dir_open_regular(d->finished, up->rec.info.name, O_RDONLY, &st);
	if (fd >= 0 && !mup_dir_is_own(&up->rec, &st)) {
		close(fd);
		return -ENOENT;
	}
	return fd == -EBADMSG ? -ENOENT : fd;
}

int mup_dir_set_length(void *h, uint64_t length)
{
	struct mup_dir_upload *up = h;
	struct mup_record rec = up->rec;
	uint64_t more = length - up->size;
	int rc = length < up->size ? -EINVAL : mup_dir_room(up->dir, more);

	if (rc == 0)
		rc = mup_dir_claim(up->dir, more);
	if (rc < 0)
		return rc;
	rec.info.length = length;
	rc = to_reserve(&rec.info) ? mup_dir_reserve(up->fd, up->size, more) : 0;
	if (rc == 0)
		rc = mup_dir_put_record(up->dir, &rec, up->dir->opt.sync == MUMMY_UPLOAD_SYNC_ACK);
	if (rc == 0)
		up->rec.info.length = length;
	mup_dir_claimed(up->dir, more, rc);
	return rc;
}
