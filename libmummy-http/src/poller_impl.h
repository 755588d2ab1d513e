/*
 * poller_impl.h - what poller.c and its back ends share.
 *
 * poller.c knows which watch belongs to which descriptor, so a back end is asked to add only what is not
 * there, and to change or remove only what is.
 */
#ifndef MHTTP_POLLER_IMPL_H
#define MHTTP_POLLER_IMPL_H
#include <mummy/poller.h>

enum { MHTTP_POLLER_BATCH = 128 };

struct mhttp_poller_event {
	struct mummy_poller_watch *watch;    /* NULL: removed meanwhile */
	unsigned events;
};

struct mhttp_poller_backend {
	int (*open)(void **state);
	void (*close)(void *state);
	int (*add)(void *state, int fd, unsigned events, struct mummy_poller_watch *w);
	int (*modify)(void *state, int fd, unsigned events, struct mummy_poller_watch *w);
	void (*remove)(void *state, int fd);
	/* At most MHTTP_POLLER_BATCH events; their number, or <0 (-EINTR too). */
	int (*wait)(void *state, int timeout_ms, struct mhttp_poller_event *out);
	int (*fd)(const void *state);
};

#ifdef HAVE_SYS_EPOLL_H
extern const struct mhttp_poller_backend mhttp_poller_epoll;
#endif
#ifdef HAVE_KQUEUE
extern const struct mhttp_poller_backend mhttp_poller_kqueue;
#endif
extern const struct mhttp_poller_backend mhttp_poller_poll;
/* poller.c: whether fd is one that can be waited for, for back ends that would take any: 0, -EBADF, -EPERM. */
int mhttp_poller_judge(int fd);
/* poller.c: mummy_poller_turn for who has a use for the time. It waits until until_ms, UINT64_MAX: any time, 0: does not.
 * *now_ms: what it is now, where that is waited for; then when the calls were over. */
int mhttp_poller_turn(mummy_poller *p, uint64_t until_ms, uint64_t *now_ms);
/* poller.c: as mummy_poller_modify, with the watch that the descriptor has and other events; on any thread, while
 * neither is taken away. What was fetched already may still be told. */
int mhttp_poller_ask(mummy_poller *p, int fd, unsigned events, struct mummy_poller_watch *w);
/* poller.c: visits all watches that have this ready, which may be removed meanwhile. */
void mhttp_poller_each(mummy_poller *p, void (*ready)(struct mummy_poller_watch *w, unsigned events),
		       void (*visit)(struct mummy_poller_watch *w));
#endif
