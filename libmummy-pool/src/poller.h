/*
 * poller.h - a thread that waits for descriptors on behalf of fibers: with epoll, else with poll.
 */
#ifndef MPOOL_POLLER_H
#define MPOOL_POLLER_H
#include <stdbool.h>
#include "park.h"

struct mpool_fd_wait {
	int fd;
	short events;                /* of poll(2) */
	short ready;                 /* of events, or an error; 0, and woken: no memory */
	mpool_word token;            /* is woken then */
	struct mpool_fd_wait *next, **at;
};

struct mpool_poller;

/** Starts the thread. with_epoll: where there is one. -ENOMEM, -EMFILE, -ENFILE, -EAGAIN. */
int mpool_poller_new(struct mpool_poller **out, const char *prefix, struct mpool_lot *lot, bool with_epoll);
/** Nobody waits any more. thread_lives: false in the child of fork(2). NULL is allowed. */
void mpool_poller_free(struct mpool_poller *p, bool thread_lives);
/** w is borrowed until _remove. -EBADF, -EPERM: never waits; -ENOMEM, -ENOSPC. */
int mpool_poller_add(struct mpool_poller *p, struct mpool_fd_wait *w);
/** Also after it was woken. */
void mpool_poller_remove(struct mpool_poller *p, struct mpool_fd_wait *w);
#endif
