#include <config.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "dir.h"

static int quarantine(struct mup_record *rec, const char *id, const char *reason)
{
	memcpy(rec->info.id, id, MUP_ID_SIZE);
	rec->info.state = MUMMY_UPLOAD_QUARANTINED;
	rec->info.reason = reason;
	return -EBADMSG;
}

int mup_dir_is_own(const struct mup_record *rec, const struct stat *st)
{
	if (!S_ISREG(st->st_mode) || (uint64_t)st->st_size != rec->info.length)
		return 0;
	/* nobody else's file has an id for a name */
	if (!strcmp(rec->info.name, rec->info.id))
		return 1;
	return (uint64_t)st->st_ino == rec->inode && st->st_mtim.tv_sec == rec->mtime_s
		&& st->st_mtim.tv_nsec == rec->mtime_ns;
}

/* Its record is being written, or who did that died: nobody was told of it. */
static int is_unborn(struct mup_dir *d, const char *id)
{
	char file[MUP_FILE_SIZE];
	struct stat info, part;

	if (fstatat(d->fd, mup_dir_file(file, id, "info"), &info, AT_SYMLINK_NOFOLLOW) < 0
	    || !S_ISREG(info.st_mode) || info.st_size > 0)
		return 0;
	return fstatat(d->fd, mup_dir_file(file, id, "part"), &part, AT_SYMLINK_NOFOLLOW) < 0
	       || part.st_size == 0;
}

/* A record that cannot be read: nothing, or a part whose octets are worth keeping. */
static int look_orphan(struct mup_dir *d, const char *id, struct mup_record *rec, int rc)
{
	char file[MUP_FILE_SIZE];
	struct stat st;

	if (rc == -EBADMSG)
		return is_unborn(d, id) ? -ENOENT : quarantine(rec, id, "its record is damaged");
	if (rc != -ENOENT)
		return rc;
	if (mup_dir_is_going(d, id)
	    || fstatat(d->fd, mup_dir_file(file, id, "part"), &st, AT_SYMLINK_NOFOLLOW) < 0
	    || st.st_size == 0)
		return -ENOENT;
	rec->info.length = MUMMY_UPLOAD_UNKNOWN;
	rec->info.offset = (uint64_t)st.st_size;
	rec->info.created = rec->info.modified = st.st_mtim.tv_sec;
	return quarantine(rec, id, "its record is missing");
}

/* What may be acknowledged, but for what is held. A part's size is exact as long as the machine runs: each
 * octet below it was written. After a power cut the tail may be garbage, unless it was synced. */
static uint64_t trusted(const struct mup_dir *d, const struct mup_record *rec, uint64_t size)
{
	int same_boot = !rec->boot[0] || !d->boot[0] || !strcmp(rec->boot, d->boot);

	if (rec->sync == MUMMY_UPLOAD_SYNC_NONE)
		return size;
	return rec->sync == MUMMY_UPLOAD_SYNC_FINISH && same_boot ? size : rec->info.offset;
}

static int look_part(struct mup_dir *d, struct mup_record *rec, const struct stat *st)
{
	struct mummy_upload_info *info = &rec->info;
	uint64_t size = (uint64_t)st->st_size;

	info->modified = st->st_mtim.tv_sec;
	if (info->state == MUMMY_UPLOAD_FINISHED) {
		/* it got its record, but not its name: it will be finished again */
		info->state = MUMMY_UPLOAD_OPEN;
		info->offset = size;
		return size == info->length ? 0 : quarantine(rec, info->id, "its data has another length");
	}
	if (size < info->offset)
		return quarantine(rec, info->id, "data is missing that was acknowledged");
	info->offset = trusted(d, rec, size);
	if (rec->holds && rec->held < info->offset)
		info->offset = rec->held;
	if (info->length != MUMMY_UPLOAD_UNKNOWN && info->offset > info->length)
		return quarantine(rec, info->id, "its data is longer than it is");
	return 0;
}

static void look_finished(struct mup_dir *d, struct mup_record *rec)
{
	struct stat st;

	rec->info.modified = rec->info.created;
	rec->info.offset = rec->info.length;
	if (rec->info.name && fstatat(d->finished, rec->info.name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		rec->info.modified = st.st_mtim.tv_sec;
}

/* Whoever has the lock is alone with the upload, so that it has to be taken before anything is read. */
static int lock_part(struct mup_dir *d, const char *id, struct stat *st)
{
	char file[MUP_FILE_SIZE];
	int part = mup_dir_open_any(d->fd, mup_dir_file(file, id, "part"), O_RDWR), rc;

	if (part < 0)
		return part;
	rc = mup_dir_lock(part, F_WRLCK, 0);
	if (rc == 0 && fstat(part, st) < 0)
		rc = -errno;
	if (rc == 0 && !S_ISREG(st->st_mode))
		rc = -EBADMSG;
	/* it may have been removed before */
	if (rc == 0 && st->st_nlink == 0)
		rc = -ENOENT;
	if (rc == 0)
		return part;
	close(part);
	return rc;
}

/* What was opened as the part may have got its last name before it was locked; its record says so first. */
static int still_part(struct mup_dir *d, const struct mup_record *rec, const struct stat *st)
{
	char file[MUP_FILE_SIZE];
	struct stat now;

	return rec->info.state != MUMMY_UPLOAD_FINISHED
		|| (fstatat(d->fd, mup_dir_file(file, rec->info.id, "part"), &now, AT_SYMLINK_NOFOLLOW) == 0
		    && now.st_ino == st->st_ino);
}

static int look_once(struct mup_dir *d, const char *id, struct mup_record *rec, int *fd, uint64_t *size,
		     int lock)
{
	char file[MUP_FILE_SIZE];
	struct stat st;
	int part = lock ? lock_part(d, id, &st) : -EBUSY;
	int rc = lock && part == -EBUSY ? part : mup_dir_get_record(d, id, "info", rec);

	*fd = -1;
	*size = 0;
	if (lock && part == -EBUSY)
		memset(rec, 0, sizeof *rec);
	if (rc < 0 && part >= 0)
		close(part);
	if (rc < 0)
		return rc == -EBUSY ? rc : look_orphan(d, id, rec, rc);
	if (!lock)
		part = mup_dir_open_regular(d->fd, mup_dir_file(file, id, "part"), O_RDWR, &st);
	if (lock && part >= 0 && !still_part(d, rec, &st)) {
		close(part);
		part = -ENOENT;
	}
	if (part == -ENOENT && rec->info.state == MUMMY_UPLOAD_FINISHED) {
		look_finished(d, rec);
		return 0;
	}
	if (part == -ENOENT || part == -EBADMSG)
		return quarantine(rec, id, part == -ENOENT ? "its data is missing" : "its data is no file");
	if (part < 0) {
		mup_record_free(rec);
		return part;
	}
	rc = look_part(d, rec, &st);
	*size = (uint64_t)st.st_size;
	if (rc < 0)
		close(part);
	else
		*fd = part;
	return rc;
}

static int look(struct mup_dir *d, const char *id, struct mup_record *rec, int *fd, uint64_t *size, int lock)
{
	uint64_t unused;
	int part, rc = look_once(d, id, rec, &part, size ? size : &unused, lock);

	if (rc == -EBADMSG) {
		/* it may just have been finished or removed under our eyes */
		mup_record_free(rec);
		rc = look_once(d, id, rec, &part, size ? size : &unused, lock);
	}
	if (fd)
		*fd = part;
	else if (part >= 0)
		close(part);
	return rc;
}

int mup_dir_look(struct mup_dir *d, const char *id, struct mup_record *rec, int *fd, uint64_t *size)
{
	return look(d, id, rec, fd, size, 0);
}

int mup_dir_look_locked(struct mup_dir *d, const char *id, struct mup_record *rec, int *fd, uint64_t *size)
{
	return look(d, id, rec, fd, size, 1);
}
