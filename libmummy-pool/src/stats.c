#include <config.h>
#include "fiber.h"
#include "mummy-common.h"

static uint64_t read_count(const _Atomic uint64_t *counter)
{
	return atomic_load_explicit((_Atomic uint64_t *)counter, memory_order_acquire);
}

static void add_worker(struct mpool_worker *w, struct mummy_pool_stats *out, uint64_t *skipped)
{
	uint64_t completed = read_count(&w->completed);

	*skipped += read_count(&w->skipped);
	out->completed += completed;
	out->running += read_count(&w->started) - completed;
	out->submitted += read_count(&w->accepted);
	out->steals += read_count(&w->steals);
	out->parks += read_count(&w->parks);
	out->queued += (uint64_t)mpool_deque_size(&w->jobs);
	if (w->fibers)
		out->parked += read_count(&w->fibers->parked);
}

void mummy_pool_stats_get(const mummy_pool *pool, struct mummy_pool_stats *out)
{
	mummy_pool *p = (mummy_pool *)pool; /* the lock is no part of what the caller sees as const */
	uint64_t skipped = 0;
	unsigned made = atomic_load(&p->made);

	*out = (struct mummy_pool_stats){ 0 };
	if (!mpool_alive(&p->alive))
		return;
	for (unsigned i = 0; i < made; i++)
		add_worker(p->workers[i], out, &skipped);
	/* A cancelled task leaves an empty job behind, which is nobody's completion. */
	out->completed -= skipped < out->completed ? skipped : out->completed;
	out->refused = read_count(&p->refused);
	pthread_mutex_lock(&p->lock);
	out->queued += p->queue.count + p->timers.count - p->resting;
	out->submitted += p->accepted;
	out->cancelled = p->cancelled;
	out->threads = p->live;
	out->blocked = p->hinted + p->blocked;
	out->grown = p->grown;
	out->retired = p->retired;
	out->delay_p50_ns = mpool_delays_quantile(&p->delays, mummy_now_ns(), 500);
	out->delay_p99_ns = mpool_delays_quantile(&p->delays, mummy_now_ns(), 990);
	pthread_mutex_unlock(&p->lock);
}
