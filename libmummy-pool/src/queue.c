#include <config.h>
#include "queue.h"

enum { LOW, NORMAL, HIGH };

/* Of 16 turns LOW has one and NORMAL three more before HIGH. */
#define TURNS 16u
#define NORMAL_TURNS 4u

static struct mpool_ring *ring_of(struct mpool_queue *q, enum mummy_pool_priority priority)
{
	return &q->rings[(int)priority + 1];
}

bool mpool_priority_ok(enum mummy_pool_priority priority)
{
	return (int)priority >= MUMMY_POOL_LOW && (int)priority <= MUMMY_POOL_HIGH;
}

int mpool_queue_push(struct mpool_queue *q, enum mummy_pool_priority priority, struct mpool_job job)
{
	int rc = mpool_ring_push(ring_of(q, priority), job);

	if (rc == 0)
		q->count++;
	return rc;
}

static bool pop_in_turn(struct mpool_queue *q, struct mpool_job *out)
{
	unsigned turn = q->turn++ % TURNS;

	if (turn == TURNS - 1 && mpool_ring_pop(&q->rings[LOW], out))
		return true;
	if (turn % NORMAL_TURNS == NORMAL_TURNS - 1 && mpool_ring_pop(&q->rings[NORMAL], out))
		return true;
	return mpool_ring_pop(&q->rings[HIGH], out) || mpool_ring_pop(&q->rings[NORMAL], out)
	       || mpool_ring_pop(&q->rings[LOW], out);
}

bool mpool_queue_pop(struct mpool_queue *q, struct mpool_job *out)
{
	/* Where all are normal, as mostly, nobody has to take turns. */
	if (mpool_queue_is_plain(q) ? !mpool_ring_pop(&q->rings[NORMAL], out) : !pop_in_turn(q, out))
		return false;
	q->count--;
	return true;
}

int mpool_queue_promise(struct mpool_queue *q, enum mummy_pool_priority priority)
{
	int rc = mpool_ring_promise(ring_of(q, priority));

	if (rc == 0)
		q->promised++;
	return rc;
}

void mpool_queue_fulfil(struct mpool_queue *q, enum mummy_pool_priority priority, struct mpool_job job)
{
	mpool_ring_fulfil(ring_of(q, priority), job);
	q->promised--;
	q->count++;
}

void mpool_queue_withdraw(struct mpool_queue *q, enum mummy_pool_priority priority)
{
	mpool_ring_withdraw(ring_of(q, priority));
	q->promised--;
}

void mpool_queue_destroy(struct mpool_queue *q)
{
	for (int i = LOW; i <= HIGH; i++)
		mpool_ring_destroy(&q->rings[i]);
	*q = (struct mpool_queue){ 0 };
}
