#include <config.h>
#include "worker.h"
#include "mummy-common.h"

static int refuse(mummy_pool *p, int rc)
{
	if (rc < 0)
		atomic_fetch_add_explicit(&p->refused, 1, memory_order_relaxed);
	return rc;
}

/** Lock held. */
static int admit(mummy_pool *p)
{
	if (p->draining)
		return -ESHUTDOWN;
	if (atomic_load_explicit(&p->starved, memory_order_relaxed))
		return -EAGAIN;
	if (p->max_queued && p->queue.count + p->timers.count - p->resting >= p->max_queued)
		return -EAGAIN;
	return 0;
}

/** Gives the lock back, and wakes a worker for what was put into the queue. */
static void queued(mummy_pool *p)
{
	mpool_word *event;

	p->enqueued++;
	mpool_note_queue(p);
	event = mpool_choose_to_wake(p);
	pthread_mutex_unlock(&p->lock);
	if (event)
		mpool_event_signal(&p->lot, event);
}

static int enqueue_shared(mummy_pool *p, enum mummy_pool_priority priority, struct mpool_job job)
{
	int rc;

	mpool_lock_soon(p);
	rc = admit(p);
	if (rc == 0) {
		mpool_stamp(&p->stamp, &job);
		rc = mpool_queue_push(&p->queue, priority, job);
	}
	if (rc < 0) {
		mpool_unstamp(&job);
		pthread_mutex_unlock(&p->lock);
		return rc;
	}
	p->accepted++;
	queued(p);
	return 0;
}

static bool enqueue_local(struct mpool_worker *w, struct mpool_job job)
{
	/* Counted first: a thief may have run it before push returns, and drain compares. */
	mpool_count(&w->accepted, 1);
	mpool_stock(w);
	mpool_stamp(&w->stamp, &job);
	if (mpool_deque_push(&w->jobs, job.run, job.arg)) {
		if (atomic_load(&w->pool->want_wake))
			mpool_wake_one(w->pool);
		return true;
	}
	mpool_unstamp(&job);
	mpool_count(&w->accepted, (uint64_t)-1);
	return false;
}

/** False: it goes through the shared queue, or is refused there. */
static bool stays(struct mpool_worker *w)
{
	return !w->fibers || (!mpool_fibers_closing(w)
			      && !atomic_load_explicit(&w->pool->starved, memory_order_relaxed));
}

int mpool_enqueue(mummy_pool *p, struct mpool_job job)
{
	struct mpool_worker *w = p->local ? mpool_current_of(p) : NULL;

	if (!mpool_alive(&p->alive))
		return -ESHUTDOWN;
	if (w && !atomic_load_explicit(&p->draining, memory_order_relaxed) && stays(w)
	    && enqueue_local(w, job))
		return 0;
	return refuse(p, enqueue_shared(p, MUMMY_POOL_NORMAL, job));
}

int mpool_enqueue_as(mummy_pool *p, enum mummy_pool_priority priority, struct mpool_job job)
{
	if (priority == MUMMY_POOL_NORMAL)
		return mpool_enqueue(p, job);
	return mpool_alive(&p->alive) ? refuse(p, enqueue_shared(p, priority, job)) : -ESHUTDOWN;
}

int mummy_pool_submit(void *pool, void (*run)(void *arg), void *arg)
{
	return mpool_enqueue(pool, (struct mpool_job){ run, arg });
}

static int add_timer(mummy_pool *p, struct mpool_timer *timer)
{
	uint64_t before;
	int rc = admit(p);

	if (rc == 0)
		rc = mpool_queue_promise(&p->queue, timer->priority);
	if (rc < 0)
		return rc;
	before = mpool_timers_next_ns(&p->timers);
	mpool_timers_add(&p->timers, timer, mummy_now_ns());
	p->accepted++;
	if (mpool_timers_next_ns(&p->timers) < before)
		mpool_timers_changed(p);
	return 0;
}

int mpool_enqueue_later(mummy_pool *p, struct mpool_timer *timer)
{
	int rc;

	if (!mpool_alive(&p->alive))
		return -ESHUTDOWN;
	pthread_mutex_lock(&p->lock);
	rc = add_timer(p, timer);
	pthread_mutex_unlock(&p->lock);
	return refuse(p, rc);
}

int mpool_recall(mummy_pool *p, struct mpool_timer *timer)
{
	int rc = -EALREADY;

	if (!mpool_alive(&p->alive))
		return rc;
	pthread_mutex_lock(&p->lock);
	if (timer->due_ns != MPOOL_RESTS && mpool_timers_remove(&p->timers, timer)) {
		mpool_queue_withdraw(&p->queue, timer->priority);
		mpool_timers_changed(p);
		rc = 0;
	}
	pthread_mutex_unlock(&p->lock);
	return rc;
}

bool mpool_rearm(mummy_pool *p, struct mpool_timer *timer, uint64_t due_ns)
{
	bool again;

	if (!mpool_alive(&p->alive))
		return false;
	pthread_mutex_lock(&p->lock);
	again = !p->draining;
	if (again) {
		uint64_t before = mpool_timers_next_ns(&p->timers);

		p->resting--;
		mpool_timers_move(&p->timers, timer, due_ns);
		if (mpool_timers_next_ns(&p->timers) < before)
			mpool_timers_changed(p);
	}
	pthread_mutex_unlock(&p->lock);
	return again;
}

void mpool_disarm(mummy_pool *p, struct mpool_timer *timer)
{
	if (!mpool_alive(&p->alive))
		return;
	pthread_mutex_lock(&p->lock);
	if (mpool_timers_remove(&p->timers, timer)) {
		p->resting--;
		mpool_queue_withdraw(&p->queue, timer->priority);
	}
	pthread_mutex_unlock(&p->lock);
}

void mpool_count_cancelled(mummy_pool *p)
{
	if (!mpool_alive(&p->alive))
		return;
	pthread_mutex_lock(&p->lock);
	p->cancelled++;
	pthread_mutex_unlock(&p->lock);
}

int mpool_promise(mummy_pool *p)
{
	int rc;

	if (!mpool_alive(&p->alive))
		return -ESHUTDOWN;
	pthread_mutex_lock(&p->lock);
	rc = mpool_queue_promise(&p->queue, MUMMY_POOL_NORMAL);
	pthread_mutex_unlock(&p->lock);
	return rc;
}

void mpool_fulfil(mummy_pool *p, struct mpool_job job)
{
	if (!mpool_alive(&p->alive))
		return;
	pthread_mutex_lock(&p->lock);
	mpool_stamp(&p->stamp, &job);
	mpool_queue_fulfil(&p->queue, MUMMY_POOL_NORMAL, job);
	p->accepted++;
	queued(p);
}

/** Lock held. A fair share of what is left goes to w's own deque, where others find it too: with tiny
 *  jobs, the lock is what costs. Not where threads were added because jobs block. */
static void take_batch(mummy_pool *p, struct mpool_worker *w)
{
	struct mpool_job jobs[MPOOL_BATCH];
	size_t n = p->queue.count / (2 * (size_t)p->live), i;

	if (n == 0 || p->live > p->base || !mpool_queue_is_plain(&p->queue))
		return;
	n = n < p->batch ? n : p->batch;
	n = n < mpool_deque_room(&w->jobs) ? n : mpool_deque_room(&w->jobs);
	for (i = 0; i < n; i++)
		mpool_queue_pop(&p->queue, &jobs[i]);
	mpool_stock(w);
	/* The owner takes back what it pushed last. */
	for (; i > 0; i--)
		mpool_deque_push(&w->jobs, jobs[i - 1].run, jobs[i - 1].arg);
}

bool mpool_take_shared(struct mpool_worker *w, struct mpool_job *out)
{
	mummy_pool *p = w->pool;
	mpool_word *event = NULL;
	uint64_t due = atomic_load_explicit(&p->next_due_ns, memory_order_relaxed);
	bool found;

	if (atomic_load_explicit(&p->queued, memory_order_relaxed) == 0
	    && (due == MPOOL_NEVER || due > mummy_now_ns()))
		return false;
	mpool_lock_soon(p);
	mpool_expire(p);
	found = mpool_queue_pop(&p->queue, out);
	if (found)
		mpool_stamp_taken(p, out);
	if (found && p->batch > 0)
		take_batch(p, w);
	mpool_note_queue(p);
	if (p->queue.count > 0)
		event = mpool_choose_to_wake(p);
	pthread_mutex_unlock(&p->lock);
	if (event)
		mpool_event_signal(&p->lot, event);
	return found;
}
