/*
 * statefile.c - the file in which an unfinished upload is remembered, for one process at a time.
 *
 * The lock is on a file of its own: the remembered one is replaced at each change, and a lock stays with
 * what was replaced.
 */
#include <config.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <gnutls/gnutls.h>
#include <gnutls/crypto.h>
#include "statefile.h"

#define MAX_FILE (1u << 20)

/* ---- Names ----------------------------------------------------------------------------------------- */

static char *join(const char *a, const char *b)
{
	size_t size = strlen(a) + strlen(b) + 1;
	char *out = malloc(size);

	if (out)
		snprintf(out, size, "%s%s", a, b);
	return out;
}

/* What is not absolute is to be passed over (XDG Base Directory Specification). */
char *statefile_folder(const char *given)
{
	const char *xdg = getenv("XDG_STATE_HOME"), *home = getenv("HOME");

	if (given)
		return strdup(given);
	if (xdg && *xdg == '/')
		return join(xdg, "/mummy-upload");
	return home && *home == '/' ? join(home, "/.local/state/mummy-upload") : NULL;
}

int statefile_key(char key[STATEFILE_KEY_SIZE], const char *const *texts, size_t n)
{
	unsigned char sum[32];
	gnutls_hash_hd_t hash;

	if (gnutls_hash_init(&hash, GNUTLS_DIG_SHA256) < 0)
		return -EIO;
	for (size_t i = 0; i < n; i++)
		/* with the NUL: "a", "bc" is not "ab", "c" */
		gnutls_hash(hash, texts[i], strlen(texts[i]) + 1);
	gnutls_hash_deinit(hash, sum);
	for (size_t i = 0; i < (STATEFILE_KEY_SIZE - 1) / 2; i++)
		snprintf(key + 2 * i, 3, "%02x", sum[i]);
	return 0;
}

/* ---- Folder and lock ------------------------------------------------------------------------------- */

static int make_folders(const char *path)
{
	char *copy = strdup(path);
	int rc = 0;

	if (!copy)
		return -ENOMEM;
	for (char *p = copy + 1; rc == 0 && *copy; p++) {
		char was = *p;

		if (was != '/' && was != '\0')
			continue;
		*p = '\0';
		if (mkdir(copy, 0700) < 0 && errno != EEXIST)
			rc = -errno;
		*p = was;
		if (was == '\0')
			break;
	}
	free(copy);
	return rc;
}

/* Who has finished removes the file of the lock: one that was opened before that locks nothing. */
static int still_there(const struct statefile *f)
{
	struct stat here, there;

	return fstat(f->lock, &here) == 0 &&
	       fstatat(f->folder, f->lock_name, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
	       here.st_ino == there.st_ino && here.st_dev == there.st_dev;
}

static int take_lock(struct statefile *f)
{
	for (;;) {
		f->lock = openat(f->folder, f->lock_name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (f->lock < 0)
			return -errno;
		if (flock(f->lock, LOCK_EX | LOCK_NB) < 0)
			return errno == EWOULDBLOCK ? -EBUSY : -errno;
		if (still_there(f))
			return 0;
		close(f->lock);
	}
}

int statefile_open(struct statefile *f, const char *folder, const char *key)
{
	int rc = make_folders(folder);

	f->lock = -1;
	f->folder = rc == 0 ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (rc == 0 && f->folder < 0)
		rc = -errno;
	snprintf(f->name, sizeof f->name, "%s", key);
	snprintf(f->lock_name, sizeof f->lock_name, "%s.lock", key);
	snprintf(f->temporary, sizeof f->temporary, "%s.new", key);
	if (rc == 0)
		rc = take_lock(f);
	if (rc < 0) {
		if (f->lock >= 0)
			close(f->lock);
		if (f->folder >= 0)
			close(f->folder);
		f->folder = f->lock = -1;
	}
	return rc;
}

void statefile_close(struct statefile *f)
{
	if (f->folder < 0)
		return;
	unlinkat(f->folder, f->lock_name, 0);
	close(f->lock);
	close(f->folder);
	f->folder = f->lock = -1;
}

/* ---- The file -------------------------------------------------------------------------------------- */

int statefile_read(struct statefile *f, char **text, size_t *n)
{
	int fd = openat(f->folder, f->name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	char *p = fd >= 0 ? malloc(MAX_FILE + 1) : NULL;
	ssize_t got = 1;

	if (fd < 0)
		return -errno;
	for (*n = 0; p && got > 0 && *n < MAX_FILE; *n += got > 0 ? (size_t)got : 0)
		got = read(fd, p + *n, MAX_FILE - *n);
	close(fd);
	if (!p || got < 0) {
		free(p);
		return p ? -EIO : -ENOMEM;
	}
	p[*n] = '\0';
	*text = p;
	return 0;
}

static int write_all(int fd, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t done = write(fd, p, n);

		if (done < 0 && errno != EINTR)
			return -errno;
		p += done > 0 ? done : 0;
		n -= done > 0 ? (size_t)done : 0;
	}
	return fsync(fd) < 0 ? -errno : 0;
}

int statefile_write(struct statefile *f, const char *text, size_t n)
{
	const int how = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW;
	int fd = openat(f->folder, f->temporary, how, 0600), rc;

	if (fd < 0)
		return -errno;
	rc = write_all(fd, text, n);
	if (close(fd) < 0 && rc == 0)
		rc = -errno;
	if (rc == 0 && renameat(f->folder, f->temporary, f->folder, f->name) < 0)
		rc = -errno;
	if (rc == 0 && fsync(f->folder) < 0)
		rc = -errno;
	if (rc < 0)
		unlinkat(f->folder, f->temporary, 0);
	return rc;
}

void statefile_remove(struct statefile *f)
{
	if (f->folder >= 0)
		unlinkat(f->folder, f->name, 0);
}
