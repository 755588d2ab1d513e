#include <config.h>
#include "worker.h"
#include "census.h"
#include "fiber.h"

/* How often a busy worker looks at the oldest first. */
#define FAIRNESS 61u

_Thread_local struct mpool_worker *mpool_current MPOOL_TLS;

static void run_job(struct mpool_worker *w, struct mpool_job job)
{
	mpool_count(&w->started, 1);
	if (w->fibers) {
		mpool_fibers_begin(w, job);
		return;
	}
	if (w->pool->slow)
		mpool_run_watched(w, job);
	else
		job.run(job.arg);
	mpool_count(&w->completed, 1);
}

/** One wake is on its way at a time, so who takes work passes it on if there is more. */
static void pass_on(mummy_pool *p)
{
	if (atomic_load(&p->want_wake) && mpool_work_visible(p))
		mpool_wake_one(p);
}

bool mpool_steal_from(struct mpool_worker *w, struct mpool_worker *victim, bool forks_only)
{
	struct mpool_job job;

	if (mpool_deque_steal(&victim->forks, &job)) {
		mpool_count(&w->steals, 1);
		pass_on(w->pool);
		mpool_run_stolen(w, victim, job.arg);
		return true;
	}
	if (forks_only || !mpool_deque_steal(&victim->jobs, &job))
		return false;
	mpool_count(&w->steals, 1);
	pass_on(w->pool);
	run_job(w, job);
	return true;
}

static uint32_t next_random(struct mpool_worker *w)
{
	w->random ^= w->random << 13;
	w->random ^= w->random >> 17;
	w->random ^= w->random << 5;
	return w->random;
}

static bool steal(struct mpool_worker *w)
{
	mummy_pool *p = w->pool;
	unsigned range = atomic_load(&p->range), start;

	if (range == 0 || atomic_load(&p->stocked) == 0)
		return false;
	start = next_random(w) % range;
	for (unsigned i = 0; i < range; i++) {
		struct mpool_worker *victim = p->workers[(start + i) % range];

		if (victim != w && mpool_steal_from(w, victim, false))
			return true;
	}
	return false;
}

static bool take_shared(struct mpool_worker *w, struct mpool_job *job)
{
	if (!mpool_take_shared(w, job))
		return false;
	if (w->pool->stealing)
		pass_on(w->pool);
	return true;
}

/** Jobs that submit jobs starve neither the shared queue nor what has waited longest in w's own. */
static bool take_oldest(struct mpool_worker *w, struct mpool_job *job)
{
	if (w->tick++ % FAIRNESS == 0)
		return take_shared(w, job) || mpool_deque_steal(&w->jobs, job);
	return atomic_load_explicit(&w->pool->urgent, memory_order_relaxed) > 0 && take_shared(w, job);
}

static bool work(struct mpool_worker *w)
{
	struct mpool_job job;

	if (take_oldest(w, &job) || mpool_deque_pop(&w->jobs, &job) || take_shared(w, &job)) {
		run_job(w, job);
		return true;
	}
	return steal(w);
}

static bool work_fifo(struct mpool_worker *w)
{
	struct mpool_job job;

	if (!take_shared(w, &job))
		return false;
	run_job(w, job);
	return true;
}

static bool work_fibers(struct mpool_worker *w)
{
	bool ran = mpool_fibers_turn(w);

	if (!mpool_fibers_room(w))
		return ran;
	if (work(w))
		return true;
	mpool_fibers_no_job(w);
	return ran || mpool_fibers_tidy(w);
}

static bool do_something(struct mpool_worker *w)
{
	if (w->fibers)
		return work_fibers(w);
	return w->pool->stealing ? work(w) : work_fifo(w);
}

static bool is_too_many(struct mpool_worker *w)
{
	return __builtin_expect(atomic_load_explicit(&w->pool->shed, memory_order_relaxed) > 0, 0)
	       && mpool_shed_busy(w);
}

void *mpool_worker_main(void *arg)
{
	struct mpool_worker *w = arg;
	mummy_pool *p = w->pool;

	mpool_current = w;
	mpool_nice_enter(p);
	mpool_census_enter(w);
	if (w->fibers)
		mpool_fibers_enter(w);
	if (p->thread_start)
		p->thread_start(p->ctx, w->index);
	while (!is_too_many(w) && (do_something(w) || mpool_idle(w)))
		;
	if (w->fibers)
		mpool_fibers_finish(w);
	if (p->thread_stop)
		p->thread_stop(p->ctx, w->index);
	mpool_current = NULL;
	mpool_census_leave(w);
	mpool_worker_gone(w);
	return NULL;
}
