#include <config.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/statvfs.h>
#include "dir.h"
#include "mummy-common.h"

#define RECOUNT_MS 1000

uint64_t mup_dir_weight(const struct mummy_upload_info *info, uint64_t size)
{
	return info->length == MUMMY_UPLOAD_UNKNOWN ? size : info->length;
}

static void count_one(struct mup_dir *d, const struct mummy_upload_info *info)
{
	struct stat st;

	/* a finished file that was taken away takes no space any more */
	if (info->state == MUMMY_UPLOAD_FINISHED
	    && (!info->name || fstatat(d->finished, info->name, &st, AT_SYMLINK_NOFOLLOW) < 0))
		return;
	d->used += mup_dir_weight(info, info->offset);
}

int mup_dir_count(struct mup_dir *d)
{
	struct mummy_upload_info info;
	void *cursor = NULL;
	int rc;

	d->used = d->coming;
	while ((rc = mup_dir_next(d, &cursor, &info, 0)) == 0)
		count_one(d, &info);
	d->counted_ms = mummy_now_ms();
	return rc == -ENOENT ? 0 : rc;
}

static int fits(const struct mup_dir *d, uint64_t n)
{
	return d->used <= d->opt.quota_bytes && n <= d->opt.quota_bytes - d->used;
}

int mup_dir_claim(struct mup_dir *d, uint64_t n)
{
	int rc = 0;

	if (!d->opt.quota_bytes || n == 0)
		return 0;
	pthread_mutex_lock(&d->lock);
	/* files may have been taken away behind our back */
	if (!fits(d, n) && mummy_now_ms() - d->counted_ms >= RECOUNT_MS)
		rc = mup_dir_count(d);
	if (rc == 0 && !fits(d, n))
		rc = -EDQUOT;
	if (rc == 0) {
		d->used += n;
		d->coming += n;
	}
	pthread_mutex_unlock(&d->lock);
	return rc;
}

void mup_dir_claimed(struct mup_dir *d, uint64_t n, int rc)
{
	if (!d->opt.quota_bytes || n == 0)
		return;
	pthread_mutex_lock(&d->lock);
	d->coming -= n;
	if (rc < 0)
		d->used -= n < d->used ? n : d->used;
	pthread_mutex_unlock(&d->lock);
}

void mup_dir_unclaim(struct mup_dir *d, uint64_t n)
{
	pthread_mutex_lock(&d->lock);
	d->used -= n < d->used ? n : d->used;
	pthread_mutex_unlock(&d->lock);
}

int mup_dir_room(struct mup_dir *d, uint64_t n)
{
	struct statvfs fs;
	uint64_t unit, room;

	if (fstatvfs(d->fd, &fs) < 0)
		return -errno;
	unit = fs.f_frsize ? fs.f_frsize : fs.f_bsize;
	room = (uint64_t)fs.f_bavail > UINT64_MAX / unit ? UINT64_MAX : (uint64_t)fs.f_bavail * unit;
	return room < d->opt.min_free_bytes || room - d->opt.min_free_bytes < n ? -ENOSPC : 0;
}

#define RESERVE_MIN ((uint64_t)1 << 20)  /* below, it costs more than it can save */

int mup_dir_reserve(int fd, uint64_t from, uint64_t n)
{
#if defined HAVE_FALLOCATE && defined FALLOC_FL_KEEP_SIZE
	int rc;

	if (n < RESERVE_MIN || n > (uint64_t)INT64_MAX - from)
		return 0;
	do
		rc = fallocate(fd, FALLOC_FL_KEEP_SIZE, (off_t)from, (off_t)n) < 0 ? -errno : 0;
	while (rc == -EINTR);
	return rc == -EOPNOTSUPP || rc == -ENOSYS || rc == -EINVAL ? 0 : rc;
#else
	(void)fd, (void)from, (void)n;
	return 0;
#endif
}
