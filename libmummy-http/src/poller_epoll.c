#include <config.h>
#include "poller_impl.h"
#ifdef HAVE_SYS_EPOLL_H
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

struct epoll {
	int fd;
};

static uint32_t to_epoll(unsigned events)
{
	return (events & MUMMY_POLLER_READ ? EPOLLIN | EPOLLRDHUP : 0u) |
	       (events & MUMMY_POLLER_WRITE ? EPOLLOUT : 0u) | (events & MUMMY_POLLER_EDGE ? EPOLLET : 0u);
}

static int control(const struct epoll *e, int op, int fd, unsigned events, struct mummy_poller_watch *w)
{
	struct epoll_event ev = { .events = to_epoll(events), .data = { .ptr = w } };

	return epoll_ctl(e->fd, op, fd, &ev) < 0 ? -errno : 0;
}

/* epoll reports a hang-up whatever is asked for, so what shall be silent is not in its set. */
static int is_silent(unsigned events)
{
	return !(events & (MUMMY_POLLER_READ | MUMMY_POLLER_WRITE));
}

static int epoll_open(void **state)
{
	struct epoll *e = malloc(sizeof *e);
	int rc;

	if (!e)
		return -ENOMEM;
	e->fd = epoll_create1(EPOLL_CLOEXEC);
	if (e->fd < 0) {
		rc = -errno;
		free(e);
		return rc;
	}
	*state = e;
	return 0;
}

static void epoll_close(void *state)
{
	struct epoll *e = state;

	close(e->fd);
	free(e);
}

static void epoll_remove(void *state, int fd)
{
	control(state, EPOLL_CTL_DEL, fd, 0, NULL);
}

static int epoll_add(void *state, int fd, unsigned events, struct mummy_poller_watch *w)
{
	int rc = control(state, EPOLL_CTL_ADD, fd, events, w);

	if (rc == 0 && is_silent(events))
		epoll_remove(state, fd);
	return rc;
}

static int epoll_modify(void *state, int fd, unsigned events, struct mummy_poller_watch *w)
{
	int rc;

	if (is_silent(events)) {
		epoll_remove(state, fd);
		return 0;
	}
	rc = control(state, EPOLL_CTL_MOD, fd, events, w);
	return rc == -ENOENT ? control(state, EPOLL_CTL_ADD, fd, events, w) : rc;
}

static int epoll_collect(void *state, mhttp_poller_event *out, int timeout_ms)
{
	return epoll_wait(((const struct epoll *)state)->fd, out, MHTTP_POLLER_BATCH, timeout_ms);
}

static int epoll_descriptor(const void *state)
{
	return ((const struct epoll *)state)->fd;
}

const struct mhttp_poller_backend mhttp_poller_epoll = {
	epoll_open, epoll_close, epoll_add, epoll_modify, epoll_remove, epoll_collect, epoll_descriptor
};
#else
typedef int mhttp_poller_epoll_is_not_there;
#endif
