/*
 * poller_kqueue.c - kqueue(2) of the BSDs and macOS: a filter each for reading and writing, of which one call
 * of a watch is made.
 */
#include <config.h>
#include "poller_impl.h"
#ifdef HAVE_KQUEUE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/event.h>
#include <sys/time.h>
#include <sys/types.h>
#include <unistd.h>

struct kq {
	int fd;
};

static int kq_open(void **state)
{
	struct kq *k = malloc(sizeof *k);
	int rc;

	if (!k)
		return -ENOMEM;
	k->fd = kqueue();
	if (k->fd < 0 || fcntl(k->fd, F_SETFD, FD_CLOEXEC) < 0) {
		rc = -errno;
		if (k->fd >= 0)
			close(k->fd);
		free(k);
		return rc;
	}
	*state = k;
	return 0;
}

static void kq_close(void *state)
{
	struct kq *k = state;

	close(k->fd);
	free(k);
}

/* Makes one filter what it is to be. Adding one that is there changes it, and it reports again what is so. */
static int set_filter(const struct kq *k, int fd, int filter, int wanted, unsigned events,
		      struct mummy_poller_watch *w)
{
	unsigned flags = wanted ? EV_ADD | (events & MUMMY_POLLER_EDGE ? EV_CLEAR : 0u) : EV_DELETE;
	struct kevent change;

	EV_SET(&change, (uintptr_t)fd, filter, flags, 0, 0, w);
	if (kevent(k->fd, &change, 1, NULL, 0, NULL) == 0 || (!wanted && errno == ENOENT))
		return 0;
	return -errno;
}

static int kq_modify(void *state, int fd, unsigned events, struct mummy_poller_watch *w)
{
	int rc = set_filter(state, fd, EVFILT_READ, events & MUMMY_POLLER_READ, events, w);

	return rc < 0 ? rc : set_filter(state, fd, EVFILT_WRITE, events & MUMMY_POLLER_WRITE, events, w);
}

static void kq_remove(void *state, int fd)
{
	kq_modify(state, fd, 0, NULL);
}

static int kq_add(void *state, int fd, unsigned events, struct mummy_poller_watch *w)
{
	int rc = mhttp_poller_judge(fd);

	if (rc < 0)
		return rc;
	rc = kq_modify(state, fd, events, w);
	if (rc < 0)
		kq_remove(state, fd);
	return rc;
}

static unsigned from_kevent(const struct kevent *e)
{
	unsigned events = e->filter == EVFILT_WRITE ? MUMMY_POLLER_WRITE : MUMMY_POLLER_READ;

	return events | (e->flags & (EV_EOF | EV_ERROR) ? MUMMY_POLLER_HANGUP : 0u);
}

static int kq_collect(void *state, mhttp_poller_event *out, int timeout_ms)
{
	const struct kq *k = state;
	struct timespec limit = { timeout_ms / 1000, timeout_ms % 1000 * 1000000L };
	struct kevent events[MHTTP_POLLER_BATCH];
	int n = kevent(k->fd, NULL, 0, events, MHTTP_POLLER_BATCH, timeout_ms < 0 ? NULL : &limit), m = 0;

	if (n < 0)
		return n;
	for (int i = 0; i < n; i++) {
		struct mummy_poller_watch *w = (struct mummy_poller_watch *)events[i].udata;
		unsigned is = from_kevent(&events[i]);
		int at = m;

		while (at > 0 && mhttp_poller_event_watch(&out[at - 1]) != w)
			at--;
		if (at)
			out[at - 1] = mhttp_poller_event_of(w, is | mhttp_poller_event_events(&out[at - 1]));
		else
			out[m++] = mhttp_poller_event_of(w, is);
	}
	return m;
}

static int kq_descriptor(const void *state)
{
	return ((const struct kq *)state)->fd;
}

const struct mhttp_poller_backend mhttp_poller_kqueue = {
	kq_open, kq_close, kq_add, kq_modify, kq_remove, kq_collect, kq_descriptor
};
#else
typedef int mhttp_poller_kqueue_is_not_there;
#endif
