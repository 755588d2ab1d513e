/*
 * timers.h - jobs with a due time, in a binary heap. No locking of its own.
 */
#ifndef MPOOL_TIMERS_H
#define MPOOL_TIMERS_H
#include <mummy/pool.h>
#include "deque.h"

#define MPOOL_RESTS UINT64_MAX

struct mpool_timer {
	uint64_t due_ns;
	size_t place;           /* in the heap, from 1; 0: not in it */
	uint64_t period_ns;     /* 0: once; else it stays in the heap, at MPOOL_RESTS while its job waits */
	struct mpool_job job;
	enum mummy_pool_priority priority;
};

struct mpool_timers {
	struct mpool_timer **heap; /* from heap[1] */
	size_t count, capacity;
};

/** t is borrowed until it is taken out. -ENOMEM. */
int mpool_timers_add(struct mpool_timers *h, struct mpool_timer *t);
/** False when t was not in the heap. */
bool mpool_timers_remove(struct mpool_timers *h, struct mpool_timer *t);
/** Changes the due time of one that is in the heap. */
void mpool_timers_move(struct mpool_timers *h, struct mpool_timer *t, uint64_t due_ns);
/** The earliest, which stays; NULL: none. */
struct mpool_timer *mpool_timers_first(const struct mpool_timers *h);
void mpool_timers_destroy(struct mpool_timers *h);
#endif
