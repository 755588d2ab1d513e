#include <config.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "dir.h"

struct cursor {
	DIR *folder;                     /* NULL: it was read, and the table is next */
	uint64_t at;
	struct mup_record rec;
};

static DIR *open_folder(struct mup_dir *d)
{
	int fd = openat(d->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *folder = fd < 0 ? NULL : fdopendir(fd);

	if (fd >= 0 && !folder)
		close(fd);
	return folder;
}

static void close_cursor(void **cursor)
{
	struct cursor *c = *cursor;

	if (c->folder)
		closedir(c->folder);
	mup_record_free(&c->rec);
	free(c);
	*cursor = NULL;
}

static int open_cursor(struct mup_dir *d, void **cursor)
{
	struct cursor *c = calloc(1, sizeof *c);

	if (!c)
		return -ENOMEM;
	c->folder = open_folder(d);
	if (!c->folder) {
		free(c);
		return -errno;
	}
	*cursor = c;
	return 0;
}

/* 1: file stands for an upload, which has id; each is met once. */
static int stands_for(struct mup_dir *d, const char *file, char id[MUP_ID_SIZE])
{
	char other[MUP_FILE_SIZE];

	if (mup_dir_file_id(file, "info", id))
		return 1;
	return mup_dir_file_id(file, "part", id)
	       && faccessat(d->fd, mup_dir_file(other, id, "info"), F_OK, AT_SYMLINK_NOFOLLOW) < 0
	       && !mup_table_has(d, id);
}

/* 1: the next upload of the table has id; 0: there are no more. */
static int next_of_table(struct mup_dir *d, struct cursor *c, char id[MUP_ID_SIZE], int tidy)
{
	char file[MUP_FILE_SIZE];
	int rc;

	while ((rc = mup_table_next(d, &c->at, id)) > 0) {
		if (rc == 2 && tidy)
			mup_dir_remove_gone(d, id);
		/* with a file of its own it was met before */
		if (rc == 1
		    && faccessat(d->fd, mup_dir_file(file, id, "info"), F_OK, AT_SYMLINK_NOFOLLOW) < 0)
			return 1;
	}
	return rc == -ENOENT ? 0 : rc;
}

/* The same of the folder, then of the table. */
static int next_id(struct mup_dir *d, struct cursor *c, char id[MUP_ID_SIZE], int tidy)
{
	struct dirent *e;

	while (c->folder && (errno = 0, e = readdir(c->folder)) != NULL) {
		if (tidy && mup_dir_file_id(e->d_name, "gone", id))
			mup_dir_remove_gone(d, id);
		if (stands_for(d, e->d_name, id))
			return 1;
	}
	if (c->folder && errno)
		return -errno;
	if (c->folder)
		closedir(c->folder);
	c->folder = NULL;
	return next_of_table(d, c, id, tidy);
}

int mup_dir_next(struct mup_dir *d, void **cursor, struct mummy_upload_info *out, int tidy)
{
	struct cursor *c;
	char id[MUP_ID_SIZE];
	int rc;

	rc = *cursor ? 0 : open_cursor(d, cursor);
	if (rc < 0)
		return rc;
	c = *cursor;
	while (out && (rc = next_id(d, c, id, tidy)) > 0) {
		mup_record_free(&c->rec);
		rc = mup_dir_look(d, id, &c->rec, NULL, NULL);
		if (rc == -ENOENT)
			continue;
		if (rc < 0 && rc != -EBADMSG) {
			close_cursor(cursor);
			return rc;
		}
		*out = c->rec.info;
		return 0;
	}
	close_cursor(cursor);
	return out && rc < 0 ? rc : -ENOENT;
}

int mup_dir_list(void *ctx, void **cursor, struct mummy_upload_info *out)
{
	return mup_dir_next(ctx, cursor, out, 1);
}

static int is_empty(struct mup_dir *d, const char *file)
{
	struct stat st;

	return fstatat(d->fd, file, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) && st.st_size == 0;
}

/* An empty part without record, or with an empty one, is a creation that nobody was told of. */
static void sweep_file(struct mup_dir *d, const char *file)
{
	char id[MUP_ID_SIZE], part[MUP_FILE_SIZE];
	struct mup_record rec;

	if (mup_dir_file_id(file, "tmp", id))
		unlinkat(d->fd, file, 0);
	else if (mup_dir_file_id(file, "gone", id))
		mup_dir_remove_gone(d, id);
	else if (mup_dir_file_id(file, "part", id) && stands_for(d, file, id) && is_empty(d, file))
		unlinkat(d->fd, file, 0);
	else if (mup_dir_file_id(file, "info", id) && is_empty(d, file)
		 && mup_dir_look(d, id, &rec, NULL, NULL) == -ENOENT) {
		/* the part may have been met when it still had its record */
		if (is_empty(d, mup_dir_file(part, id, "part")))
			unlinkat(d->fd, part, 0);
		unlinkat(d->fd, file, 0);
	}
}

/* Who has got a file of its own has no slot; the process died in between. */
static int sweep_table(struct mup_dir *d)
{
	char id[MUP_ID_SIZE], file[MUP_FILE_SIZE];
	uint64_t at = 0;
	int rc;

	while ((rc = mup_table_next(d, &at, id)) > 0)
		if (rc == 2)
			mup_dir_remove_gone(d, id);
		else if (faccessat(d->fd, mup_dir_file(file, id, "info"), F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			mup_table_drop(d, id);
	return rc == -ENOENT ? 0 : rc;
}

int mup_dir_sweep(struct mup_dir *d)
{
	DIR *folder = open_folder(d);
	struct dirent *e;

	if (!folder)
		return -errno;
	while ((e = readdir(folder)) != NULL)
		sweep_file(d, e->d_name);
	closedir(folder);
	return sweep_table(d);
}
