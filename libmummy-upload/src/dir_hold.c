#include <config.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "dir.h"

#define COPY_BYTES ((size_t)256 << 10)

/* Before the first octet of this run: what is not to be trusted goes, and the record tells the policy and
 * the boot that the next octets are written under. */
int mup_dir_adopt(struct mup_dir_upload *up, uint64_t offset)
{
	struct mup_dir *d = up->dir;

	if (up->size > offset && ftruncate(up->fd, (off_t)offset) < 0)
		return -errno;
	up->size = offset;
	if (up->rec.sync == d->opt.sync && !strcmp(up->rec.boot, d->boot) && !up->rec.holds)
		return 0;
	up->rec.holds = 0;
	return mup_dir_put_record(d, &up->rec, 0);
}

int mup_dir_hold(void *h)
{
	struct mup_dir_upload *up = h;
	struct mup_record rec = up->rec;
	int rc = 0;

	if (up->fd < 0)
		return -EBADF;
	/* under ACK an octet counts only once the record says so */
	if (up->dir->opt.sync != MUMMY_UPLOAD_SYNC_ACK) {
		rec.holds = 1;
		rec.held = up->size;
		rc = mup_dir_put_record(up->dir, &rec, 0);
	}
	if (rc == 0) {
		up->rec = rec;
		up->held = 1;
	}
	return rc;
}

/* What goes may be on the disk for good; the record has to know first. */
static int set_back(struct mup_dir_upload *up, uint64_t off)
{
	struct mup_record rec = up->rec;
	int rc = 0;

	if (off < up->durable) {
		rec.info.offset = off;
		rc = mup_dir_put_record(up->dir, &rec, 1);
		if (rc < 0)
			return rc;
		up->rec = rec;
		up->durable = off;
	}
	if (ftruncate(up->fd, (off_t)off) < 0)
		return -errno;
	if (up->rec.info.length == MUMMY_UPLOAD_UNKNOWN)
		mup_dir_unclaim(up->dir, up->size - off);
	up->size = off;
	return 0;
}

int mup_dir_settle(void *h, uint64_t off)
{
	struct mup_dir_upload *up = h;
	struct mup_record rec = up->rec;
	int rc = 0;

	if (up->fd < 0 || off > up->size)
		return -EBADF;
	if (off < up->size)
		rc = set_back(up, off);
	if (rc == 0 && up->rec.holds) {
		rec = up->rec;
		rec.holds = 0;
		rc = mup_dir_put_record(up->dir, &rec, 0);
	}
	if (rc == 0) {
		up->rec.holds = 0;
		up->held = 0;
	}
	return rc;
}

/* Where the kernel cannot copy between the two. */
static int copy_by_hand(int to, uint64_t off, int from, uint64_t from_off, uint64_t n)
{
	char *buf = malloc(COPY_BYTES);
	int rc = buf ? 0 : -ENOMEM;

	while (rc == 0 && n > 0) {
		ssize_t k = pread(from, buf, n < COPY_BYTES ? (size_t)n : COPY_BYTES, (off_t)from_off);

		if (k < 0 && errno == EINTR)
			continue;
		rc = k < 0 ? -errno : k == 0 ? -EIO : mup_dir_write_all(to, buf, (size_t)k, off);
		off += (uint64_t)(k > 0 ? k : 0);
		from_off += (uint64_t)(k > 0 ? k : 0);
		n -= (uint64_t)(k > 0 ? k : 0);
	}
	free(buf);
	return rc;
}

/* Shares blocks where the file system can (copy_file_range tries that first), else copies in the kernel. */
static int copy(int to, uint64_t off, int from, uint64_t from_off, uint64_t n)
{
#ifdef HAVE_COPY_FILE_RANGE
	while (n > 0) {
		off_t at = (off_t)off, from_at = (off_t)from_off;
		ssize_t k = copy_file_range(from, &from_at, to, &at, n < (1u << 30) ? (size_t)n : 1u << 30,
					    0);

		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0 && errno != EXDEV && errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP
		    && errno != EPERM)
			return -errno;
		if (k <= 0)
			break;
		off += (uint64_t)k;
		from_off += (uint64_t)k;
		n -= (uint64_t)k;
	}
#endif
	return n > 0 ? copy_by_hand(to, off, from, from_off, n) : 0;
}

int mup_dir_append(void *h, uint64_t off, void *from, uint64_t from_off, uint64_t n)
{
	struct mup_dir_upload *up = h;
	const struct mup_dir_upload *part = from;
	int rc;

	if (up->fd < 0 || part->fd < 0)
		return -EBADF;
	rc = copy(up->fd, off, part->fd, from_off, n);
	if (rc == 0)
		up->size = off + n;
	else if (ftruncate(up->fd, (off_t)off) == 0)
		up->size = off;
	return rc;
}
