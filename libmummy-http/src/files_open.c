/*
 * Opening below a root. openat2 keeps the kernel from leaving it, symbolic links included; without it
 * the path is walked one component at a time, and links are not followed.
 */
#include <config.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>
#ifdef HAVE_LINUX_OPENAT2_H
#include <linux/openat2.h>
#include <sys/syscall.h>
#endif
#include "files.h"

#ifndef O_PATH
#define O_PATH O_RDONLY
#endif
/* Not to wait for a FIFO's writer, nor take a terminal. */
#define READ_FLAGS (O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
#define MAX_RACES 8

/* Only regular files and folders are anybody's business. */
static int stat_opened(int fd, struct stat *st)
{
	int error;

	if (fd < 0)
		return fd;
	if (fstat(fd, st) == 0 && (S_ISREG(st->st_mode) || S_ISDIR(st->st_mode)))
		return fd;
	error = -ENOENT;
	close(fd);
	return error;
}

/* Copies the first component of path to name: what is behind it, or NULL when it is too long. */
static const char *next_component(const char *path, char name[NAME_MAX + 1])
{
	size_t n = strcspn(path, "/");

	if (n > NAME_MAX)
		return NULL;
	memcpy(name, path, n);
	name[n] = '\0';
	return path + n + (path[n] == '/');
}

int mhttp_files_open_by_steps(int root, const char *path, struct stat *st)
{
	char name[NAME_MAX + 1];
	int at = root, fd, error = 0;

	if (!*path)
		return stat_opened(openat(root, ".", READ_FLAGS | O_DIRECTORY), st);
	do {
		path = next_component(path, name);
		if (!path) {
			fd = -1;
			error = ENAMETOOLONG;
		} else {
			fd = openat(at, name,
				    O_NOFOLLOW | (*path ? O_PATH | O_DIRECTORY | O_CLOEXEC : READ_FLAGS));
			error = errno;
		}
		if (at != root)
			close(at);
		at = fd;
	} while (fd >= 0 && *path);
	return fd < 0 ? -error : stat_opened(fd, st);
}

#ifdef HAVE_LINUX_OPENAT2_H
int mhttp_files_open(int root, const char *path, struct stat *st)
{
	struct open_how how;
	long fd;

	memset(&how, 0, sizeof how);
	how.flags = READ_FLAGS;
	how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
	for (int race = 0; race < MAX_RACES; race++) {
		fd = syscall(SYS_openat2, root, *path ? path : ".", &how, sizeof how);
		if (fd >= 0)
			return stat_opened((int)fd, st);
		/* something was renamed meanwhile, and the kernel could not be sure */
		if (errno != EAGAIN && errno != EINTR)
			break;
	}
	/* an old kernel, or a sandbox that does not know the call and says EPERM */
	if (errno == ENOSYS || errno == EPERM)
		return mhttp_files_open_by_steps(root, path, st);
	return -errno;
}
#else
int mhttp_files_open(int root, const char *path, struct stat *st)
{
	return mhttp_files_open_by_steps(root, path, st);
}
#endif

int mhttp_files_status(int error)
{
	switch (error) {
	case -ENOENT:
	case -ENOTDIR:
	case -ELOOP:
	case -EXDEV:
	case -ENAMETOOLONG:
	case -ENXIO:
		return 404;
	case -EACCES:
	case -EPERM:
		return 403;
	case -EMFILE:
	case -ENFILE:
	case -ENOMEM:
	case -EAGAIN:
		return 503;
	default:
		return 500;
	}
}
