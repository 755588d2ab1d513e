/*
 * walk.c - the files below a folder.
 *
 * They are handed over as they are found: a folder of millions takes no more memory than one of ten.
 */
#include <config.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "walk.h"

static char *below(const char *folder, const char *name)
{
	size_t n = strlen(folder), size = n + strlen(name) + 2;
	char *out = malloc(size);

	if (out)
		snprintf(out, size, "%s%s%s", folder, n == 0 || folder[n - 1] == '/' ? "" : "/", name);
	return out;
}

static int enter(const struct walk *w, const char *path, const char *relative, int depth);

/* One entry of the folder that fd is. */
static int entry(const struct walk *w, int fd, const char *name, const char *path, const char *relative,
		 int depth)
{
	struct stat st;

	if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		w->skipped(w->ctx, path, -errno);
	else if (S_ISREG(st.st_mode))
		return w->file(w->ctx, path, relative);
	else if (S_ISDIR(st.st_mode))
		return enter(w, path, relative, depth + 1);
	else
		w->skipped(w->ctx, path, 0);
	return 0;
}

static int entries(const struct walk *w, DIR *d, const char *path, const char *relative, int depth)
{
	struct dirent *e;
	int rc = 0;

	while (rc == 0 && (errno = 0, e = readdir(d)) != NULL) {
		char *to, *name;

		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		to = below(path, e->d_name);
		name = below(relative, e->d_name);
		if (to && name)
			rc = entry(w, dirfd(d), e->d_name, to, name, depth);
		else
			w->skipped(w->ctx, path, -ENOMEM);
		free(to);
		free(name);
	}
	if (rc == 0 && errno)
		w->skipped(w->ctx, path, -errno);
	return rc;
}

static int enter(const struct walk *w, const char *path, const char *relative, int depth)
{
	const int how = O_RDONLY | O_DIRECTORY | O_CLOEXEC | (depth ? O_NOFOLLOW : 0);
	int fd = depth < WALK_MAX_DEPTH ? open(path, how) : -1;
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	int rc;

	if (!d) {
		w->skipped(w->ctx, path, depth < WALK_MAX_DEPTH ? -errno : -ELOOP);
		if (fd >= 0)
			close(fd);
		return 0;
	}
	rc = entries(w, d, path, relative, depth);
	closedir(d);
	return rc;
}

/* "a/b/" is called b; "." and what ends in ".." by what they are. */
static char *own_name(const char *folder)
{
	char *real = realpath(folder, NULL), *name;

	if (!real)
		return strdup("");
	name = strdup(strrchr(real, '/') + 1);
	free(real);
	return name;
}

int walk_folder(const struct walk *w, const char *folder)
{
	char *name = own_name(folder);
	int rc;

	if (!name) {
		w->skipped(w->ctx, folder, -ENOMEM);
		return 0;
	}
	rc = enter(w, folder, name, 0);
	free(name);
	return rc;
}
