#include <config.h>
#include "poller_impl.h"
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#ifndef POLLRDHUP
#define POLLRDHUP 0
#endif

/* fds and watches run in parallel, without gaps; places[fd] is the index there. */
struct set {
	struct pollfd *fds;
	struct mummy_poller_watch **watches;
	size_t n, room;
	size_t *places;
	size_t nplaces;
	size_t start;                        /* where the next collection begins: none starves */
};

static int poll_open(void **state)
{
	*state = calloc(1, sizeof(struct set));
	return *state ? 0 : -ENOMEM;
}

static void poll_close(void *state)
{
	struct set *s = state;

	free(s->fds);
	free(s->watches);
	free(s->places);
	free(s);
}

static int grow_set(struct set *s)
{
	size_t room = s->room ? 2 * s->room : 16;
	struct pollfd *fds;
	struct mummy_poller_watch **watches;

	if (s->n < s->room)
		return 0;
	fds = realloc(s->fds, room * sizeof *fds);
	if (!fds)
		return -ENOMEM;
	s->fds = fds;
	watches = realloc(s->watches, room * sizeof *watches);
	if (!watches)
		return -ENOMEM;
	s->watches = watches;
	s->room = room;
	return 0;
}

static int grow_places(struct set *s, size_t fd)
{
	size_t n = s->nplaces ? s->nplaces : 16;
	size_t *places;

	if (fd < s->nplaces)
		return 0;
	while (n <= fd)
		n *= 2;
	places = realloc(s->places, n * sizeof *places);
	if (!places)
		return -ENOMEM;
	s->places = places;
	s->nplaces = n;
	return 0;
}

/* poll skips negative descriptors: so one is kept, silent. */
static void put(struct set *s, size_t i, int fd, unsigned events, struct mummy_poller_watch *w)
{
	short asked = (short)((events & MUMMY_POLLER_READ ? POLLIN | POLLRDHUP : 0) |
			      (events & MUMMY_POLLER_WRITE ? POLLOUT : 0));

	s->fds[i] = (struct pollfd){ .fd = asked ? fd : -fd - 1, .events = asked };
	s->watches[i] = w;
}

static int poll_add(void *state, int fd, unsigned events, struct mummy_poller_watch *w)
{
	struct set *s = state;
	int rc = mhttp_poller_judge(fd);

	if (rc == 0)
		rc = grow_set(s);
	if (rc == 0)
		rc = grow_places(s, (size_t)fd);
	if (rc < 0)
		return rc;
	s->places[fd] = s->n;
	put(s, s->n++, fd, events, w);
	return 0;
}

static int poll_modify(void *state, int fd, unsigned events, struct mummy_poller_watch *w)
{
	struct set *s = state;

	put(s, s->places[fd], fd, events, w);
	return 0;
}

static void poll_remove(void *state, int fd)
{
	struct set *s = state;
	size_t i = s->places[fd], last = --s->n;
	int moved = s->fds[last].fd;

	s->fds[i] = s->fds[last];
	s->watches[i] = s->watches[last];
	s->places[moved < 0 ? -(moved + 1) : moved] = i;
}

static unsigned from_poll(short events)
{
	return (events & POLLIN ? MUMMY_POLLER_READ : 0u) | (events & POLLOUT ? MUMMY_POLLER_WRITE : 0u) |
	       (events & (POLLRDHUP | POLLHUP | POLLERR | POLLNVAL) ? MUMMY_POLLER_HANGUP : 0u);
}

static int poll_collect(void *state, mhttp_poller_event *out, int timeout_ms)
{
	struct set *s = state;
	int ready = poll(s->fds, (nfds_t)s->n, timeout_ms), n = 0;
	size_t i = s->start < s->n ? s->start : 0;

	if (ready < 0)
		return ready;
	if (ready > MHTTP_POLLER_BATCH)
		ready = MHTTP_POLLER_BATCH;
	for (size_t seen = 0; n < ready && seen < s->n; seen++) {
		if (s->fds[i].revents)
			out[n++] = mhttp_poller_event_of(s->watches[i], from_poll(s->fds[i].revents));
		i = i + 1 < s->n ? i + 1 : 0;
	}
	s->start = i;
	return n;
}

static int poll_descriptor(const void *state)
{
	(void)state;
	return -ENOTSUP;
}

const struct mhttp_poller_backend mhttp_poller_poll = {
	poll_open, poll_close, poll_add, poll_modify, poll_remove, poll_collect, poll_descriptor
};
