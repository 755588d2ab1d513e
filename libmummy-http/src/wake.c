#include <config.h>
#include "wake.h"
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <unistd.h>
#ifdef HAVE_SYS_EVENTFD_H
#include <sys/eventfd.h>
#endif

static int open_pipe(int fds[2])
{
#ifdef HAVE_PIPE2
	return pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0 ? -errno : 0;
#else
	if (pipe(fds) < 0)
		return -errno;
	for (int i = 0; i < 2; i++) {
		fcntl(fds[i], F_SETFD, FD_CLOEXEC);
		fcntl(fds[i], F_SETFL, O_NONBLOCK);
	}
	return 0;
#endif
}

int mhttp_wake_open(struct mhttp_wake *w)
{
	int fds[2], rc;

	atomic_init(&w->pending, 0);
#ifdef HAVE_EVENTFD
	w->read_fd = w->write_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (w->read_fd >= 0)
		return 0;
	if (errno != ENOSYS && errno != EINVAL)
		return -errno;
#endif
	rc = open_pipe(fds);
	if (rc < 0)
		return rc;
	w->read_fd = fds[0];
	w->write_fd = fds[1];
	return 0;
}

void mhttp_wake_close(struct mhttp_wake *w)
{
	close(w->read_fd);
	if (w->write_fd != w->read_fd)
		close(w->write_fd);
}

void mhttp_wake_signal(struct mhttp_wake *w)
{
	static const uint64_t one = 1;
	int saved = errno;
	ssize_t n;

	if (atomic_exchange(&w->pending, 1))
		return;
	/* Eight octets for either kind. A full pipe is readable, so a failure loses nothing. */
	do
		n = write(w->write_fd, &one, sizeof one);
	while (n < 0 && errno == EINTR);
	errno = saved;
}

void mhttp_wake_drain(struct mhttp_wake *w)
{
	uint64_t buf[8];

	while (read(w->read_fd, buf, sizeof buf) == (ssize_t)sizeof buf)
		;
	/* After the read: cleared before it, a signal in between would be read away and the next one,
	 * finding the flag set, would not write. */
	atomic_exchange(&w->pending, 0);
}
