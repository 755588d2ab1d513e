/*
 * timers.h - jobs with a due time, on a timer wheel. No locking of its own.
 */
#ifndef MPOOL_TIMERS_H
#define MPOOL_TIMERS_H
#include <mummy/pool.h>
#include "deque.h"
#include "wheel.h"

#define MPOOL_RESTS UINT64_MAX

struct mpool_timer {
	uint64_t due_ns;        /* MPOOL_RESTS: in, but not on the wheel */
	struct mpool_wheel_entry entry;
	bool in;
	uint64_t period_ns;     /* 0: once; else it stays in, at rest while its job waits or runs */
	struct mpool_job job;
	enum mummy_pool_priority priority;
};

struct mpool_timers {
	struct mpool_wheel wheel;
	struct mpool_wheel_entry *due;  /* taken from the wheel and not yet told */
	size_t count;                   /* in, those at rest too */
};

void mpool_timers_init(struct mpool_timers *s, uint64_t now_ns);
/** t is borrowed until it is taken out. */
void mpool_timers_add(struct mpool_timers *s, struct mpool_timer *t, uint64_t now_ns);
/** False when t was not in. */
bool mpool_timers_remove(struct mpool_timers *s, struct mpool_timer *t);
/** Changes the due time of one that is in. */
void mpool_timers_move(struct mpool_timers *s, struct mpool_timer *t, uint64_t due_ns);
/** One that is due, the earliest first; the caller moves it or takes it out. Until NULL: none is left. */
struct mpool_timer *mpool_timers_due(struct mpool_timers *s, uint64_t now_ns);
/** When _due is to be called next, no later than the first is due and a tick; UINT64_MAX: never. */
uint64_t mpool_timers_next_ns(const struct mpool_timers *s);
#endif
