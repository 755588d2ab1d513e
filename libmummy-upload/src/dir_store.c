#include <config.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "dir.h"
#include "mummy-common.h"

/* Tells a crash of the process from one of the machine; empty where the system has no such thing. */
static void read_boot(char out[40])
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, out, 39);

	out[n > 0 ? n : 0] = '\0';
	out[strcspn(out, "\r\n")] = '\0';
	if (fd >= 0)
		close(fd);
}

static int open_folder(const char *path)
{
	int made = mkdir(path, 0700) == 0, fd, up;

	if (!made && errno != EEXIST)
		return -errno;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (faccessat(fd, ".", R_OK | W_OK | X_OK, 0) < 0) {
		int rc = -errno;

		close(fd);
		return rc;
	}
	/* a new folder has to be in its own folder for good */
	up = made ? openat(fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (up >= 0) {
		fsync(up);
		close(up);
	}
	return fd;
}

static int open_finished(struct mup_dir *d, const char *path)
{
	struct stat a, b;

	d->finished = path ? open_folder(path) : d->fd;
	if (d->finished < 0)
		return d->finished;
	if (fstat(d->fd, &a) < 0 || fstat(d->finished, &b) < 0)
		return -errno;
	return a.st_dev == b.st_dev ? 0 : -EXDEV;
}

/* 1: no other engine uses the folder, and none comes before the lock is shared; 0: others do. */
static int take_lock(struct mup_dir *d)
{
	d->lock_fd = openat(d->fd, ".lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (d->lock_fd < 0)
		return -errno;
	if (mup_dir_lock(d->lock_fd, F_WRLCK, 0) == 0)
		return 1;
	return mup_dir_lock(d->lock_fd, F_RDLCK, 1);
}

static void dir_release(void *ctx)
{
	struct mup_dir *d = ctx;

	if (d->lock_fd >= 0) {
		/* said aloud, as a child of the program may hold the descriptor too */
		mup_dir_lock(d->lock_fd, F_UNLCK, 0);
		close(d->lock_fd);
	}
	if (d->finished >= 0 && d->finished != d->fd)
		close(d->finished);
	if (d->fd >= 0)
		close(d->fd);
	if (d->table >= 0)
		close(d->table);
	pthread_mutex_destroy(&d->lock);
	pthread_mutex_destroy(&d->table_lock);
	free(d);
}

static int dir_start(struct mup_dir *d, const char *directory, const char *finished)
{
	int rc;

	d->fd = open_folder(directory);
	if (d->fd < 0)
		return d->fd;
	rc = open_finished(d, finished);
	if (rc == 0)
		rc = take_lock(d);
	if (rc == 1) {
		/* only now what is half done was left by a process that died */
		rc = mup_dir_sweep(d);
		if (rc == 0)
			rc = mup_dir_lock(d->lock_fd, F_RDLCK, 0);
	}
	if (rc == 0 && d->opt.quota_bytes)
		rc = mup_dir_count(d);
	return rc;
}

static int check_options(const struct mummy_upload_dir_options *opt)
{
	if (!MUMMY_RESERVED_OK(opt) || (unsigned)opt->sync > MUMMY_UPLOAD_SYNC_NONE
	    || (unsigned)opt->naming > MUMMY_UPLOAD_NAME_METADATA || (opt->mode & ~0777u))
		return -EINVAL;
	return 0;
}

int mummy_upload_dir_store(struct mummy_upload_store *out, const char *directory,
			   const struct mummy_upload_dir_options *opt)
{
	struct mup_dir *d;
	int rc = opt ? check_options(opt) : 0;

	if (rc < 0)
		return rc;
	d = calloc(1, sizeof *d);
	if (!d)
		return -ENOMEM;
	if (opt)
		d->opt = *opt;
	d->opt.finished = NULL;
	d->opt.mode = d->opt.mode ? d->opt.mode : 0600;
	d->opt.min_free_bytes = d->opt.min_free_bytes ? d->opt.min_free_bytes : (uint64_t)64 << 20;
	d->fd = d->finished = d->lock_fd = -1;
	atomic_init(&d->table, -1);
	pthread_mutex_init(&d->lock, NULL);
	pthread_mutex_init(&d->table_lock, NULL);
	read_boot(d->boot);
	rc = dir_start(d, directory, opt ? opt->finished : NULL);
	if (rc < 0) {
		dir_release(d);
		return rc;
	}
	*out = (struct mummy_upload_store){
		.create = mup_dir_create, .open = mup_dir_open, .close = mup_dir_close,
		.writev = mup_dir_writev, .sync = mup_dir_sync, .flush = mup_dir_flush, .read = mup_dir_read,
		.set_length = mup_dir_set_length, .finish = mup_dir_finish, .remove = mup_dir_remove,
		.list = mup_dir_list, .release = dir_release, .ctx = d, .hold = mup_dir_hold,
		.settle = mup_dir_settle, .append = mup_dir_append, .splice = mup_dir_splice };
	/* a quota that seems used up is counted again, over the whole folder */
	if (d->opt.sync == MUMMY_UPLOAD_SYNC_NONE && !d->opt.quota_bytes)
		out->flags = MUMMY_UPLOAD_STORE_QUICK;
	return 0;
}
