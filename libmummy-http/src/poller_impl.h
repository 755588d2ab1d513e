/*
 * poller_impl.h - what poller.c and its back ends share.
 *
 * poller.c knows which watch belongs to which descriptor, so a back end is asked to add only what is not
 * there, and to change or remove only what is.
 */
#ifndef MHTTP_POLLER_IMPL_H
#define MHTTP_POLLER_IMPL_H
#include <stddef.h>
#include <mummy/poller.h>

enum { MHTTP_POLLER_BATCH = 128 };

#ifdef HAVE_SYS_EPOLL_H
#include <sys/epoll.h>
/* As epoll_wait writes it, so that it is read where it lies; other back ends write the same. */
typedef struct epoll_event mhttp_poller_event;

static inline mhttp_poller_event mhttp_poller_event_of(struct mummy_poller_watch *w, unsigned events)
{
	uint32_t is = (events & MUMMY_POLLER_READ ? EPOLLIN : 0u)
		      | (events & MUMMY_POLLER_WRITE ? EPOLLOUT : 0u)
		      | (events & MUMMY_POLLER_HANGUP ? EPOLLHUP : 0u);

	return (mhttp_poller_event){ .events = is, .data = { .ptr = w } };
}

/* NULL: removed meanwhile. */
static inline struct mummy_poller_watch *mhttp_poller_event_watch(const mhttp_poller_event *e)
{
	return e->data.ptr;
}

static inline unsigned mhttp_poller_event_events(const mhttp_poller_event *e)
{
	unsigned is = (e->events & EPOLLIN ? MUMMY_POLLER_READ : 0u)
		      | (e->events & EPOLLOUT ? MUMMY_POLLER_WRITE : 0u);

	if (__builtin_expect((e->events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0, 0))
		is |= MUMMY_POLLER_HANGUP;
	return is;
}
#else
typedef struct { struct mummy_poller_watch *watch; unsigned events; } mhttp_poller_event;

static inline mhttp_poller_event mhttp_poller_event_of(struct mummy_poller_watch *w, unsigned events)
{
	return (mhttp_poller_event){ w, events };
}

static inline struct mummy_poller_watch *mhttp_poller_event_watch(const mhttp_poller_event *e)
{
	return e->watch;
}

static inline unsigned mhttp_poller_event_events(const mhttp_poller_event *e)
{
	return e->events;
}
#endif

struct mhttp_poller_backend {
	int (*open)(void **state);
	void (*close)(void *state);
	int (*add)(void *state, int fd, unsigned events, struct mummy_poller_watch *w);
	int (*modify)(void *state, int fd, unsigned events, struct mummy_poller_watch *w);
	void (*remove)(void *state, int fd);
	/* At most MHTTP_POLLER_BATCH events; their number, or <0 and errno (EINTR too). */
	int (*wait)(void *state, mhttp_poller_event *out, int timeout_ms);
	int (*fd)(const void *state);
};

#ifdef HAVE_SYS_EPOLL_H
extern const struct mhttp_poller_backend mhttp_poller_epoll;
#endif
#ifdef HAVE_KQUEUE
extern const struct mhttp_poller_backend mhttp_poller_kqueue;
#endif
extern const struct mhttp_poller_backend mhttp_poller_poll;
/* poller.c: whether fd is one that can be waited for, for back ends that would take any: 0, -EBADF,
 * -EPERM. */
int mhttp_poller_judge(int fd);
/* poller.c: mummy_poller_turn for who knows until when it is to wait: UINT64_MAX: any time, 0: not. knows:
 * the poller's time is what it is now; else it may be that of the last wait. */
int mhttp_poller_turn(mummy_poller *p, uint64_t until_ms, int knows);
/* Where the poller has its time: when its last wait was over, or the last look. */
const uint64_t *mhttp_poller_clock(const mummy_poller *p);
uint64_t mhttp_poller_look(mummy_poller *p);  /* at the clock */
/* poller.c: as mummy_poller_modify, with the watch that the descriptor has and other events; on any thread,
 * while neither is taken away. What was fetched already may still be told. */
int mhttp_poller_ask(mummy_poller *p, int fd, unsigned events, struct mummy_poller_watch *w);
/* poller.c: visits all watches that have this ready, which may be removed meanwhile. */
void mhttp_poller_each(mummy_poller *p, void (*ready)(struct mummy_poller_watch *w, unsigned events),
		       void (*visit)(struct mummy_poller_watch *w));
#endif
