/*
 * queue.h - the shared queue: a ring for each priority. No locking of its own.
 *
 * The highest comes first, but every few times a lower one has its turn, so that none starves.
 */
#ifndef MPOOL_QUEUE_H
#define MPOOL_QUEUE_H
#include <mummy/pool.h>
#include "ring.h"

struct mpool_queue {
	struct mpool_ring rings[3];  /* low, normal, high */
	size_t count, promised;      /* of all */
	unsigned turn;
};

bool mpool_priority_ok(enum mummy_pool_priority priority);

/** -ENOMEM: nothing changed. */
int mpool_queue_push(struct mpool_queue *q, enum mummy_pool_priority priority, struct mpool_job job);
bool mpool_queue_pop(struct mpool_queue *q, struct mpool_job *out);
/** As of a ring. */
int mpool_queue_promise(struct mpool_queue *q, enum mummy_pool_priority priority);
void mpool_queue_fulfil(struct mpool_queue *q, enum mummy_pool_priority priority, struct mpool_job job);
void mpool_queue_withdraw(struct mpool_queue *q, enum mummy_pool_priority priority);
void mpool_queue_destroy(struct mpool_queue *q);
/** All are of normal priority. */
static inline bool mpool_queue_is_plain(const struct mpool_queue *q)
{
	return q->rings[1].count == q->count;
}

/** Of high priority. */
static inline size_t mpool_queue_urgent(const struct mpool_queue *q)
{
	return q->rings[2].count;
}
#endif
