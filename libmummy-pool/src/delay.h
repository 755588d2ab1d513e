/*
 * delay.h - how long jobs wait in the queue: a sample of them is given a stamp, and what they waited
 * is counted in buckets an eighth of their size wide, for the current half minute and the one before.
 */
#ifndef MPOOL_DELAY_H
#define MPOOL_DELAY_H
#include "deque.h"

#define MPOOL_DELAY_BUCKETS 320u    /* the last is for all from 36 minutes */

struct mpool_delays {
	uint32_t counts[2][MPOOL_DELAY_BUCKETS];
	uint64_t slot;              /* half minutes of the clock */
};

/** No locking of its own. */
void mpool_delays_add(struct mpool_delays *d, uint64_t now_ns, uint64_t delay_ns);
/** What per_mille of the jobs did not wait longer than, about; 0 when there were none. */
uint64_t mpool_delays_quantile(struct mpool_delays *d, uint64_t now_ns, unsigned per_mille);

struct mummy_pool;

/** One job on its way through a queue. With many jobs only every so many are stamped. */
struct mpool_stamp {
	struct mummy_pool *pool;
	struct mpool_job job;
	uint64_t since_ns;
	unsigned skip, skipped;
	_Atomic bool used;
};

/** Before a push, by who owns the queue: *job may be replaced by one that takes its time first. */
void mpool_stamp(struct mpool_stamp *s, struct mpool_job *job);
/** After a push that failed. */
void mpool_unstamp(struct mpool_job *job);
/** Lock of the pool held, after a pop: the job about to start is as it was, and its delay is counted. */
void mpool_stamp_taken(struct mummy_pool *p, struct mpool_job *job);
#endif
