/*
 * census.h - how many workers compute and how many are blocked, and how many threads that calls for.
 *
 * The measure is the CPU time of each worker's thread over a window of two ticks. A thread whose
 * clock stood still in it (nearly: to change from one blocking job to the next takes a little) is
 * blocked, unless the system says that it would like to run: then others have its CPU.
 */
#ifndef MPOOL_CENSUS_H
#define MPOOL_CENSUS_H
#include <stdint.h>

struct mpool_census {
	uint64_t window_ns;
	uint64_t cpu_ns;         /* of all workers, in the window; new ones count as computing */
	unsigned blocked;        /* known by their clock or by blocking_begin */
};

/** Threads to add to live, so that base CPUs are used: no more than max - live, nor than waiting. */
unsigned mpool_census_growth(const struct mpool_census *c, unsigned base, unsigned live, unsigned max,
			     uint64_t waiting);

struct mpool_worker;
struct mummy_pool;

/** One tick; only the monitor's thread. now_ns of the tick before last is since_ns. */
void mpool_census_take(struct mpool_census *c, struct mummy_pool *p, unsigned tick, uint64_t window_ns);
/** Corrects c: blocked are only those that don't want to run, as far as a sample shows. */
void mpool_census_confirm(struct mpool_census *c, struct mummy_pool *p);
/** The calling thread becomes measurable as w. */
void mpool_census_enter(struct mpool_worker *w);
void mpool_census_leave(struct mpool_worker *w);
#endif
