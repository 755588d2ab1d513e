/*
 * dir_table.c - ".records": the records of many uploads in one file, where no power cut is reckoned with. A
 * new file for each costs several times what all else of a small upload does.
 *
 * Buckets of a page, chosen by the id, have slots of 512 octets: a record and zeros behind it, or zeros
 * alone. A write lies within a slot and a slot within a page, so that a process that is killed leaves all of
 * it or nothing. What has no room here gets a file of its own. A slot is written by who may write its upload;
 * taking one and giving it up is guarded by a lock of the file between processes and by one of the store
 * within this.
 */
#include <config.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "dir.h"

enum { PAGE = 4096, SLOT = 512, SLOTS = PAGE / SLOT, BUCKETS = 16384, ID_AT = 18 };
#define GONE 'g'                         /* for the first letter of a record whose upload is being removed */

/* An engine that shares the folder may have made it meanwhile. */
static int table(struct mup_dir *d)
{
	int fd = atomic_load(&d->table), none = -1;

	if (fd >= 0)
		return fd;
	fd = openat(d->fd, ".records", O_RDWR | O_NOFOLLOW | O_CLOEXEC
		    | (d->opt.sync == MUMMY_UPLOAD_SYNC_NONE ? O_CREAT : 0), 0600);
	if (fd < 0)
		return -errno;
#ifdef POSIX_FADV_RANDOM
	posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM);
#endif
	if (atomic_compare_exchange_strong(&d->table, &none, fd))
		return fd;
	close(fd);
	return none;
}

static off_t bucket_of(const char *id)
{
	char digits[5];

	memcpy(digits, id, 4);
	digits[4] = '\0';
	return (off_t)(strtoul(digits, NULL, 16) % BUCKETS) * PAGE;
}

/* A page, with zeros where the file has none. */
static int read_page(int fd, off_t at, char page[PAGE])
{
	ssize_t n;

	do
		n = pread(fd, page, PAGE, at);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	memset(page + n, 0, (size_t)(PAGE - n));
	return 0;
}

/* The slot of an id, or with id NULL a free one; -ENOENT. */
static int slot_of(const char page[PAGE], const char *id)
{
	for (int i = 0; i < SLOTS; i++) {
		const char *p = page + i * SLOT;

		if (id ? *p && !memcmp(p + ID_AT, id, MUP_ID_LEN) : !*p)
			return i;
	}
	return -ENOENT;
}

/* The page that an id belongs to, in *fd, and its slot. */
static int find(struct mup_dir *d, const char *id, int *fd, char page[PAGE])
{
	int rc;

	*fd = table(d);
	if (*fd < 0)
		return *fd;
	rc = read_page(*fd, bucket_of(id), page);
	return rc < 0 ? rc : slot_of(page, id);
}

static int write_slot(struct mup_dir *d, int fd, const char *id, int slot, const char *p, size_t n)
{
	int rc = mup_dir_write_all(fd, p, n, (uint64_t)bucket_of(id) + (uint64_t)slot * SLOT);

	return rc == 0 ? mup_dir_fsync(d, fd) : rc;
}

/* Alone with the table, as a slot that is given up may be another's at once. Writes n octets of p into the
 * slot that belongs to whose, NULL: into a free one of the page of id. */
static int change(struct mup_dir *d, const char *id, const char *whose, const char *p, size_t n)
{
	static const char zeros[SLOT];
	char page[PAGE];
	int fd = table(d), rc, slot;

	if (fd < 0)
		return fd;
	pthread_mutex_lock(&d->table_lock);
	rc = mup_dir_lock(fd, F_WRLCK, 1);
	if (rc == 0)
		rc = read_page(fd, bucket_of(id), page);
	slot = rc < 0 ? rc : slot_of(page, whose);
	rc = slot < 0 ? slot : write_slot(d, fd, id, slot, p, n);
	if (rc < 0 && slot >= 0 && !whose)
		write_slot(d, fd, id, slot, zeros, SLOT);
	mup_dir_lock(fd, F_UNLCK, 0);
	pthread_mutex_unlock(&d->table_lock);
	return rc;
}

/* Nobody else gives up the slot of an upload that may be written. What was there comes back when it cannot be
 * written whole. */
static int replace(struct mup_dir *d, const char *id, const char text[SLOT])
{
	char page[PAGE];
	int fd, slot = find(d, id, &fd, page);
	int rc = slot < 0 ? slot : write_slot(d, fd, id, slot, text, SLOT);

	if (rc < 0 && slot >= 0)
		write_slot(d, fd, id, slot, page + slot * SLOT, SLOT);
	return rc;
}

int mup_table_put(struct mup_dir *d, const char *id, const char *text, size_t n, int is_new)
{
	char slot[SLOT] = { 0 };

	if (n > SLOT || n < ID_AT + MUP_ID_LEN || memcmp(text + ID_AT, id, MUP_ID_LEN) != 0)
		return -ENOSPC;
	memcpy(slot, text, n);
	return is_new ? change(d, id, NULL, slot, SLOT) : replace(d, id, slot);
}

int mup_table_get(struct mup_dir *d, const char *id, int gone, char **text, size_t *n)
{
	char page[PAGE];
	int fd, slot = find(d, id, &fd, page);
	const char *p = page + (slot < 0 ? 0 : slot) * SLOT;

	if (slot < 0 || gone != (*p == GONE))
		return slot < 0 ? slot : -ENOENT;
	*n = strnlen(p, SLOT);
	*text = malloc(*n + 1);
	if (!*text)
		return -ENOMEM;
	memcpy(*text, p, *n);
	(*text)[*n] = '\0';
	(*text)[0] = 'm';
	return 0;
}

int mup_table_has(struct mup_dir *d, const char *id)
{
	char page[PAGE];
	int fd, slot = find(d, id, &fd, page);

	return slot < 0 ? 0 : page[slot * SLOT] == GONE ? 2 : 1;
}

int mup_table_mark(struct mup_dir *d, const char *id)
{
	const char gone = GONE;

	return mup_table_has(d, id) ? change(d, id, id, &gone, 1) : -ENOENT;
}

int mup_table_drop(struct mup_dir *d, const char *id)
{
	static const char zeros[SLOT];
	int rc = mup_table_has(d, id) ? change(d, id, id, zeros, SLOT) : 0;

	return rc == -ENOENT ? 0 : rc;
}

/* Over pages that the file does not have. */
static off_t next_page(int fd, off_t at)
{
#ifdef SEEK_DATA
	const off_t data = lseek(fd, at, SEEK_DATA);

	if (data >= 0)
		return data - data % PAGE;
	if (errno == ENXIO)
		return (off_t)BUCKETS * PAGE;
#endif
	return at;
}

int mup_table_next(struct mup_dir *d, uint64_t *at, char id[MUP_ID_SIZE])
{
	char page[PAGE];
	int fd = table(d), rc;

	if (fd < 0)
		return fd;
	while (*at < (uint64_t)BUCKETS * SLOTS) {
		const off_t wanted = (off_t)(*at / SLOTS) * PAGE, found = next_page(fd, wanted);

		if (found != wanted)
			*at = (uint64_t)(found / PAGE) * SLOTS;
		if (*at >= (uint64_t)BUCKETS * SLOTS)
			break;
		rc = read_page(fd, found, page);
		if (rc < 0)
			return rc;
		do {
			const char *p = page + *at % SLOTS * SLOT;

			++*at;
			if (*p && mup_id_valid(p + ID_AT, MUP_ID_LEN)) {
				memcpy(id, p + ID_AT, MUP_ID_LEN);
				id[MUP_ID_LEN] = '\0';
				return *p == GONE ? 2 : 1;
			}
		} while (*at % SLOTS);
	}
	return -ENOENT;
}
