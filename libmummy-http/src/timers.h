/*
 * timers.h - the timers of a poller: a wheel of seven levels with 64 slots each.
 *
 * Time is a count of ticks that the caller advances. A timer hangs in the level of the highest digit (six
 * bits) in which its deadline differs from the clock, in the slot of that digit; it falls to lower levels as
 * the clock reaches its slot. Setting and cancelling are O(1), nothing is allocated, and what is due runs
 * in the order of deadlines, then of setting. One thread.
 */
#ifndef MHTTP_TIMERS_H
#define MHTTP_TIMERS_H
#include <mummy/poller.h>
#include <stdint.h>

enum { MHTTP_TIMERS_LEVELS = 7, MHTTP_TIMERS_SLOTS = 64 };

struct mhttp_timers {
	uint64_t clock;
	uint64_t first;                      /* where the first slot that is not empty begins; clock: some are due */
	uint64_t used[MHTTP_TIMERS_LEVELS];  /* one bit per slot that is not empty */
	uintptr_t slots[MHTTP_TIMERS_LEVELS][MHTTP_TIMERS_SLOTS][2];
	uintptr_t due[2], running[2];
};

void mhttp_timers_init(struct mhttp_timers *w);
/* At deadline; at once, in the next _run, when that is not after the clock. */
void mhttp_timers_set(struct mhttp_timers *w, struct mummy_poller_timer *t, uint64_t deadline);
void mhttp_timers_cancel(struct mhttp_timers *w, struct mummy_poller_timer *t);
/* For _advance: slots begin by now. */
void mhttp_timers_move(struct mhttp_timers *w, uint64_t now);
static inline void mhttp_timers_advance(struct mhttp_timers *w, uint64_t now)
{
	if (now >= w->first)
		mhttp_timers_move(w, now);
	else if (now > w->clock)
		w->clock = now;
}
/* The tick before which nothing becomes due (something may not then either); UINT64_MAX: no timer. */
static inline uint64_t mhttp_timers_next(const struct mhttp_timers *w)
{
	return w->first;
}
/* Calls what is due by now, not what the calls make due. Their number. */
int mhttp_timers_run(struct mhttp_timers *w);
#endif
