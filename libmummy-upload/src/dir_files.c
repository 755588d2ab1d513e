#include <config.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>
#include "dir.h"

enum { REREADS = 8 };

char *mup_dir_file(char out[MUP_FILE_SIZE], const char *id, const char *kind)
{
	/* kinds have four letters at most */
	out[0] = '.';
	memcpy(out + 1, id, MUP_ID_LEN);
	out[1 + MUP_ID_LEN] = '.';
	strncpy(out + 2 + MUP_ID_LEN, kind, MUP_FILE_SIZE - 3 - MUP_ID_LEN);
	out[MUP_FILE_SIZE - 1] = '\0';
	return out;
}

int mup_dir_file_id(const char *file, const char *kind, char id[MUP_ID_SIZE])
{
	if (strlen(file) != MUP_ID_LEN + 2 + strlen(kind) || file[0] != '.'
	    || !mup_id_valid(file + 1, MUP_ID_LEN) || file[MUP_ID_LEN + 1] != '.'
	    || strcmp(file + MUP_ID_LEN + 2, kind) != 0)
		return 0;
	memcpy(id, file + 1, MUP_ID_LEN);
	id[MUP_ID_LEN] = '\0';
	return 1;
}

int mup_dir_open_any(int at, const char *file, int flags)
{
	/* O_NONBLOCK: a FIFO in the way must not hold us up */
	int fd = openat(at, file, flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);

	return fd >= 0 ? fd : errno == ELOOP ? -EBADMSG : -errno;
}

int mup_dir_open_regular(int at, const char *file, int flags, struct stat *st)
{
	int fd = mup_dir_open_any(at, file, flags);

	if (fd < 0)
		return fd;
	if (fstat(fd, st) < 0 || !S_ISREG(st->st_mode)) {
		close(fd);
		return -EBADMSG;
	}
	return fd;
}

int mup_dir_write_all(int fd, const void *p, size_t n, uint64_t off)
{
	const char *at = p;

	while (n > 0) {
		ssize_t k = pwrite(fd, at, n, (off_t)off);

		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0)
			return k < 0 ? -errno : -EIO;
		at += k;
		n -= (size_t)k;
		off += (uint64_t)k;
	}
	return 0;
}

#define HAND_BYTES ((size_t)64 << 10)

/* Where the file system cannot take them from a pipe. */
static int splice_by_hand(int fd, int pipe, size_t n, uint64_t off)
{
	char *buf = malloc(HAND_BYTES);
	int rc = buf ? 0 : -ENOMEM;

	while (rc == 0 && n > 0) {
		ssize_t k = read(pipe, buf, n < HAND_BYTES ? n : HAND_BYTES);

		if (k < 0 && errno == EINTR)
			continue;
		rc = k <= 0 ? -EIO : mup_dir_write_all(fd, buf, (size_t)k, off);
		off += (uint64_t)(k > 0 ? k : 0);
		n -= (size_t)(k > 0 ? k : 0);
	}
	free(buf);
	return rc;
}

int mup_dir_splice_all(int fd, int pipe, size_t n, uint64_t off)
{
#ifdef HAVE_SPLICE
	while (n > 0) {
		off_t at = (off_t)off;
		ssize_t k = splice(pipe, NULL, fd, &at, n, SPLICE_F_MOVE);

		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0 && (errno == EINVAL || errno == ENOSYS))
			break;
		if (k <= 0)
			return k < 0 ? -errno : -EIO;
		n -= (size_t)k;
		off += (uint64_t)k;
	}
#endif
	return n > 0 ? splice_by_hand(fd, pipe, n, off) : 0;
}

int mup_dir_fsync(struct mup_dir *d, int fd)
{
	if (d->opt.sync == MUMMY_UPLOAD_SYNC_NONE)
		return 0;
	return fsync(fd) < 0 ? -errno : 0;
}

int mup_dir_lock(int fd, int type, int wait)
{
#ifdef F_OFD_SETLK
	struct flock lock = { .l_type = (short)type, .l_whence = SEEK_SET };

	while (fcntl(fd, wait ? F_OFD_SETLKW : F_OFD_SETLK, &lock) < 0) {
		if (errno == EINTR)
			continue;
		return errno == EAGAIN || errno == EACCES ? -EBUSY : -errno;
	}
#else
	const int how = type == F_WRLCK ? LOCK_EX : type == F_RDLCK ? LOCK_SH : LOCK_UN;

	while (flock(fd, how | (wait ? 0 : LOCK_NB)) < 0) {
		if (errno == EINTR)
			continue;
		return errno == EWOULDBLOCK ? -EBUSY : -errno;
	}
#endif
	return 0;
}

static int write_file(struct mup_dir *d, const char *file, const char *text, size_t n)
{
	int fd = openat(d->fd, file, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600), rc;

	if (fd < 0)
		return -errno;
	rc = mup_dir_write_all(fd, text, n, 0);
	if (rc == 0)
		rc = mup_dir_fsync(d, fd);
	if (close(fd) < 0 && rc == 0)
		rc = -errno;
	return rc;
}

static int replace(struct mup_dir *d, const char *id, const char *file, const char *text, size_t n)
{
	char tmp[MUP_FILE_SIZE];
	int rc = write_file(d, mup_dir_file(tmp, id, "tmp"), text, n);

	if (rc == 0 && renameat(d->fd, tmp, d->fd, file) < 0)
		rc = -errno;
	if (rc < 0)
		unlinkat(d->fd, tmp, 0);
	return rc;
}

#define PAGE_BYTES 4096

/* Where no power cut is reckoned with, a record is written where it lies: a new file for each change costs
 * several times what all else of a small upload does. A process that is killed leaves all of a write within a
 * page, or nothing; what would be left of a longer record would spoil a shorter one. */
static int put_in_place(struct mup_dir *d, const char *file, const char *text, size_t n, int is_new)
{
	const int flags = O_WRONLY | O_NOFOLLOW | O_CLOEXEC;
	struct stat st;
	int fd, rc = 0;

	if (d->opt.sync != MUMMY_UPLOAD_SYNC_NONE || n > PAGE_BYTES)
		return -EINVAL;
	fd = is_new ? openat(d->fd, file, flags | O_CREAT | O_EXCL, 0600) : openat(d->fd, file, flags);
	if (fd < 0)
		return -errno;
	if (!is_new && (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || (uint64_t)st.st_size > n))
		rc = -EINVAL;
	if (rc == 0)
		rc = mup_dir_write_all(fd, text, n, 0);
	if (close(fd) < 0 && rc == 0)
		rc = -errno;
	return rc;
}

static int put_file(struct mup_dir *d, struct mup_record *rec, const char *text, size_t n, int lasting)
{
	char file[MUP_FILE_SIZE];
	int rc = 0;

	mup_dir_file(file, rec->info.id, "info");
	if (put_in_place(d, file, text, n, !rec->text) < 0)
		rc = replace(d, rec->info.id, file, text, n);
	if (rc == 0 && (lasting || rec->tabled))
		rc = mup_dir_fsync(d, d->fd);
	/* from here on the file counts, so that it has to be there for good before */
	if (rc == 0 && rec->tabled)
		rc = mup_table_drop(d, rec->info.id);
	if (rc == 0)
		rec->tabled = 0;
	return rc;
}

int mup_dir_put_record(struct mup_dir *d, struct mup_record *rec, int lasting)
{
	size_t n;
	char *text;
	int rc;

	rec->sync = d->opt.sync;
	memcpy(rec->boot, d->boot, sizeof rec->boot);
	rc = mup_record_write(rec, &text, &n);
	if (rc < 0)
		return rc;
	if (d->opt.sync == MUMMY_UPLOAD_SYNC_NONE)
		rc = mup_table_put(d, rec->info.id, text, n, !rec->text);
	if (d->opt.sync != MUMMY_UPLOAD_SYNC_NONE || rc < 0)
		rc = put_file(d, rec, text, n, lasting);
	free(text);
	return rc;
}

static ssize_t read_all(int fd, char *p, size_t room)
{
	size_t n = 0;

	while (n < room) {
		ssize_t k = read(fd, p + n, room - n);

		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return -errno;
		if (k == 0)
			break;
		n += (size_t)k;
	}
	return (ssize_t)n;
}

static int get_file(struct mup_dir *d, const char *id, const char *kind, char **text, size_t *n)
{
	char file[MUP_FILE_SIZE];
	struct stat st;
	ssize_t k;
	int fd = mup_dir_open_regular(d->fd, mup_dir_file(file, id, kind), O_RDONLY, &st);

	if (fd < 0)
		return fd;
	if (st.st_size > MUP_RECORD_MAX) {
		close(fd);
		return -EBADMSG;
	}
	*text = malloc((size_t)st.st_size + 1);
	k = *text ? read_all(fd, *text, (size_t)st.st_size) : -ENOMEM;
	close(fd);
	if (k < 0) {
		free(*text);
		return (int)k;
	}
	(*text)[k] = '\0';
	*n = (size_t)k;
	return 0;
}

static int get_record(struct mup_dir *d, const char *id, const char *kind, struct mup_record *rec)
{
	/* the likely place first; in the moment that both have one, what the file says was not told yet, or
	 * nobody reckoned with a power cut */
	const int none = d->opt.sync == MUMMY_UPLOAD_SYNC_NONE, gone = !strcmp(kind, "gone");
	int tabled = none, rc;
	char *text;
	size_t n;

	memset(rec, 0, sizeof *rec);
	rc = none ? mup_table_get(d, id, gone, &text, &n) : get_file(d, id, kind, &text, &n);
	if (rc == -ENOENT) {
		tabled = !none;
		rc = none ? get_file(d, id, kind, &text, &n) : mup_table_get(d, id, gone, &text, &n);
	}
	if (rc < 0)
		return rc;
	rc = mup_record_read(rec, text, n);
	if (rc == 0 && strcmp(rec->info.id, id) != 0)
		rc = -EBADMSG;
	if (rc < 0)
		mup_record_free(rec);
	rec->tabled = tabled;
	return rc;
}

/* One that is being written in place may be read half old and half new: damaged is what stays so. */
int mup_dir_get_record(struct mup_dir *d, const char *id, const char *kind, struct mup_record *rec)
{
	int rc = get_record(d, id, kind, rec);

	for (int i = 0; rc == -EBADMSG && i < REREADS; i++) {
		sched_yield();
		rc = get_record(d, id, kind, rec);
	}
	return rc;
}

int mup_dir_is_going(struct mup_dir *d, const char *id)
{
	char file[MUP_FILE_SIZE];

	return faccessat(d->fd, mup_dir_file(file, id, "gone"), F_OK, AT_SYMLINK_NOFOLLOW) == 0
	       || mup_table_has(d, id) == 2;
}
