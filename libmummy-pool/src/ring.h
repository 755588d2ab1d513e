/*
 * ring.h - a first-in-first-out queue of jobs that grows. No locking of its own.
 *
 * Room can be promised ahead: to fulfil a promise later can't fail.
 */
#ifndef MPOOL_RING_H
#define MPOOL_RING_H
#include "deque.h"

struct mpool_ring {
	struct mpool_job *jobs;
	size_t head, count, capacity, promised;
};

/** -ENOMEM: nothing changed. */
int mpool_ring_push(struct mpool_ring *r, struct mpool_job job);
bool mpool_ring_pop(struct mpool_ring *r, struct mpool_job *out);

/** Keeps room for one more job. -ENOMEM. */
int mpool_ring_promise(struct mpool_ring *r);
/** Pushes into promised room. */
void mpool_ring_fulfil(struct mpool_ring *r, struct mpool_job job);
/** Gives promised room back. */
void mpool_ring_withdraw(struct mpool_ring *r);

void mpool_ring_destroy(struct mpool_ring *r);
#endif
