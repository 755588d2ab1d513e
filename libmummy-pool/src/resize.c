#include <config.h>
#include "worker.h"
#include "mummy-common.h"

/** Lock held. What lies with w goes to the others. False: no memory, and w keeps the rest. */
static bool hand_over(mummy_pool *p, struct mpool_worker *w)
{
	struct mpool_job job;

	while (mpool_deque_size(&w->jobs) > 0) {
		if (mpool_queue_promise(&p->queue, MUMMY_POOL_NORMAL) < 0)
			return false;
		if (mpool_deque_pop(&w->jobs, &job))
			mpool_queue_fulfil(&p->queue, MUMMY_POOL_NORMAL, job);
		else
			mpool_queue_withdraw(&p->queue, MUMMY_POOL_NORMAL);
	}
	mpool_note_queue(p);
	return true;
}

bool mpool_shed_idle(struct mpool_worker *w)
{
	mummy_pool *p = w->pool;
	unsigned shed = atomic_load(&p->shed);

	if (shed == 0)
		return false;
	atomic_store(&p->shed, p->live - 1 > p->base ? shed - 1 : 0);
	if (p->live <= p->base)
		return false;
	mpool_worker_leaves(w);
	return true;
}

bool mpool_shed_busy(struct mpool_worker *w)
{
	mummy_pool *p = w->pool;
	mpool_word *event = NULL;
	bool leaves;

	pthread_mutex_lock(&p->lock);
	leaves = atomic_load(&p->shed) > 0 && hand_over(p, w) && mpool_shed_idle(w);
	if (p->queue.count > 0)
		event = mpool_choose_to_wake(p);
	pthread_mutex_unlock(&p->lock);
	if (event)
		mpool_event_signal(&p->lot, event);
	if (leaves)
		mpool_unstock(w);
	return leaves;
}

/** -ENOMEM, -EAGAIN: the pool has what it had, or some more that will retire. */
static int add_threads(mummy_pool *p, unsigned n, unsigned before)
{
	int rc = 0;
	bool lacks;

	do {
		rc = mpool_start_worker(p, n);
		pthread_mutex_lock(&p->lock);
		lacks = p->live < n;
		if (rc < 0 && lacks) {
			p->base = before;
			atomic_store(&p->shed, p->live > before ? p->live - before : 0);
		}
		pthread_mutex_unlock(&p->lock);
	} while (rc == 0 && lacks);
	return lacks ? rc : 0;
}

int mummy_pool_resize(mummy_pool *p, unsigned threads)
{
	unsigned before, made;
	bool lacks;

	if (threads > MUMMY_POOL_MAX_THREADS)
		return -EINVAL;
	if (!mpool_alive(&p->alive) || atomic_load(&p->draining))
		return -ESHUTDOWN;
	if (threads == 0)
		threads = p->first_base;
	pthread_mutex_lock(&p->lock);
	before = p->base;
	p->base = threads;
	p->max = p->max > threads ? p->max : threads;
	/* Threads that growth added are not meant: they retire by themselves. */
	atomic_store(&p->shed, before > threads ? before - threads : 0);
	lacks = p->live < threads;
	made = p->made;
	pthread_mutex_unlock(&p->lock);
	for (unsigned i = 0; before > threads && i < made; i++)
		mpool_event_signal(&p->lot, &p->workers[i]->event);
	return lacks ? add_threads(p, threads, before) : 0;
}
