#include <config.h>
#include "fiber.h"
#include "poller.h"
#include "mummy-common.h"
#include <stdlib.h>
#include <string.h>

#define THREADS_PER_CPU 8u
#define MAX_THREADS 1000u
#define IDLE_MS 10000u
#define SLOW_MS 1000u
#define MAX_NICE 19u
#define MAX_FIBERS 65536u
#define MAX_CACHED_STACKS 16384u

static unsigned thread_count(const struct mummy_pool_options *opt)
{
	unsigned n = opt->threads;

	if (n == 0)
		n = mpool_affinity_cpus() * (opt->kind == MUMMY_POOL_THREADS ? THREADS_PER_CPU : 1);
	return n <= MUMMY_POOL_MAX_THREADS || opt->threads ? n : MUMMY_POOL_MAX_THREADS;
}

static int check_options(const struct mummy_pool_options *opt)
{
	if (opt->kind != MUMMY_POOL_THREADS && opt->kind != MUMMY_POOL_TASKS
	    && opt->kind != MUMMY_POOL_FIBERS)
		return -EINVAL;
	if (opt->kind == MUMMY_POOL_FIBERS && !MPOOL_CONTEXTS)
		return -ENOTSUP;
	if (mpool_stack_size(opt->stack_bytes) == 0)
		return -EINVAL;
	if (opt->threads > MUMMY_POOL_MAX_THREADS || opt->max_threads > MUMMY_POOL_MAX_THREADS)
		return -EINVAL;
	if (opt->nice > MAX_NICE || !MUMMY_RESERVED_OK(opt))
		return -EINVAL;
	return 0;
}

static void release(mummy_pool *p)
{
	mpool_workers_destroy(p);
	mpool_queue_destroy(&p->queue);
	mpool_alive_destroy(&p->alive);
	free(p);
}

/** What wakes fibers is gone before what they are. */
static void end_helpers(mummy_pool *p, bool threads_live)
{
	mummy_pool_free(atomic_load(&p->helpers));
	mpool_poller_free(atomic_load(&p->poller), threads_live);
}

static void destroy(mummy_pool *p)
{
	end_helpers(p, true);
	pthread_mutex_destroy(&p->lock);
	mpool_lot_destroy(&p->lot);
	release(p);
}

static void init_threads(mummy_pool *p, const struct mummy_pool_options *opt)
{
	unsigned max = opt->max_threads ? opt->max_threads : MAX_THREADS;
	const char *name = opt->name ? opt->name : "mummy";

	p->cpus = mpool_affinity_cpus();
	p->base = p->first_base = thread_count(opt);
	p->max = max > p->base ? max : p->base;
	p->growing = p->stealing && p->max > p->base;
	p->idle_ns = (uint64_t)(opt->idle_ms ? opt->idle_ms : IDLE_MS) * 1000000u;
	memcpy(p->name, name, strnlen(name, sizeof p->name - 1));
	p->slow = opt->slow;
	p->slow_ms = opt->slow_ms ? opt->slow_ms : SLOW_MS;
	p->thread_start = opt->thread_start;
	p->thread_stop = opt->thread_stop;
	p->ctx = opt->ctx;
}

static void init_fibers(mummy_pool *p, const struct mummy_pool_options *opt)
{
	p->fibers = opt->kind == MUMMY_POOL_FIBERS;
	p->stack_bytes = mpool_stack_size(opt->stack_bytes ? opt->stack_bytes : MUMMY_POOL_STACK_BYTES);
	p->max_fibers = opt->max_fibers ? opt->max_fibers : MAX_FIBERS;
	p->max_cached_stacks = opt->max_cached_stacks ? opt->max_cached_stacks : MAX_CACHED_STACKS;
}

static int init(mummy_pool *p, const struct mummy_pool_options *opt)
{
	int rc;

	p->stealing = opt->kind != MUMMY_POOL_THREADS;
	init_fibers(p, opt);
	p->local = p->stealing && opt->max_queued == 0;
	p->light = p->stealing && mpool_barrier_init();
	p->batch = p->local && !p->fibers ? MPOOL_BATCH : 0;
	p->spin_ns = (uint64_t)opt->spin_us * 1000u;
	p->max_queued = opt->max_queued;
	p->stamp.pool = p;
	mpool_timers_init(&p->timers, mummy_now_ns());
	p->next_due_ns = MPOOL_NEVER;
	init_threads(p, opt);
	mpool_alive_init(&p->alive);
	rc = mpool_nice_init(p, opt->nice);
	if (rc == 0)
		rc = mpool_workers_init(p);
	if (rc == 0)
		rc = mpool_lot_init(&p->lot);
	if (rc == 0 && pthread_mutex_init(&p->lock, NULL) != 0) {
		mpool_lot_destroy(&p->lot);
		rc = -ENOMEM;
	}
	if (rc < 0)
		release(p);
	return rc;
}

static int start(mummy_pool *p)
{
	int rc = 0;

	for (unsigned i = 0; rc == 0 && i < p->base; i++)
		rc = mpool_start_worker(p, p->base);
	if (rc == 0)
		rc = mpool_monitor_start(p);
	if (rc < 0)
		mpool_stop(p);
	return rc;
}

int mummy_pool_new(mummy_pool **out, const struct mummy_pool_options *opt)
{
	static const struct mummy_pool_options defaults;
	mummy_pool *p;
	int rc;

	if (!opt)
		opt = &defaults;
	rc = check_options(opt);
	if (rc < 0)
		return rc;
	p = aligned_alloc(_Alignof(mummy_pool), sizeof *p);
	if (!p)
		return -ENOMEM;
	memset(p, 0, sizeof *p);
	rc = init(p, opt);
	if (rc < 0)
		return rc;
	rc = start(p);
	if (rc < 0) {
		destroy(p);
		return rc;
	}
	*out = p;
	return 0;
}

/** Lock held. All workers look up: some may sleep until a delay is over. */
static void begin_drain(mummy_pool *p)
{
	if (atomic_exchange(&p->draining, true))
		return;
	mpool_expire(p);
	for (unsigned i = 0; i < p->made; i++)
		mpool_event_signal(&p->lot, &p->workers[i]->event);
	if (!p->idle && !p->keeper && p->queue.count > 0 && mpool_choose_to_wake(p))
		mpool_event_signal(&p->lot, &p->monitor_event);
}

/** Lock held. */
static void forget_drainer(mummy_pool *p, struct mpool_drainer *d)
{
	for (struct mpool_drainer **at = &p->drainers; *at; at = &(*at)->next) {
		if (*at == d) {
			*at = d->next;
			return;
		}
	}
}

int mummy_pool_drain(mummy_pool *p, int timeout_ms)
{
	uint64_t deadline = mpool_deadline(timeout_ms);
	struct mpool_drainer me = { 0 };
	int rc = 0;

	if (!mpool_alive(&p->alive))
		return -ESHUTDOWN;
	if (mpool_current_of(p))
		return -EDEADLK;
	pthread_mutex_lock(&p->lock);
	begin_drain(p);
	if (!mpool_is_drained(p)) {
		me.next = p->drainers;
		p->drainers = &me;
		pthread_mutex_unlock(&p->lock);
		mpool_token_wait(&p->lot, &me.token, deadline);
		pthread_mutex_lock(&p->lock);
		forget_drainer(p, &me);
		rc = mpool_is_drained(p) ? 0 : -ETIMEDOUT;
	}
	pthread_mutex_unlock(&p->lock);
	return rc;
}

static void forget(struct mpool_job job)
{
	mpool_unstamp(&job);
	if (!mpool_task_forget(job))
		mpool_group_forget(job);
}

/** In the child of fork(2) the lock may be held for ever, and nobody else is here. */
static void free_in_child(mummy_pool *p)
{
	struct mpool_timer *timer;
	struct mpool_job job;

	while (mpool_queue_pop(&p->queue, &job))
		forget(job);
	while ((timer = mpool_timers_due(&p->timers, MPOOL_RESTS - 1))) {
		job = timer->job;
		mpool_timers_remove(&p->timers, timer);
		forget(job);
	}
	for (unsigned i = 0; p->stealing && i < p->made; i++)
		while (mpool_deque_steal(&p->workers[i]->jobs, &job))
			forget(job);
	if (mpool_current_of(p))
		mpool_current = NULL;
	end_helpers(p, false);
	release(p);
}

void mummy_pool_free(mummy_pool *p)
{
	if (!p)
		return;
	if (!mpool_alive(&p->alive)) {
		free_in_child(p);
		return;
	}
	mummy_pool_drain(p, -1);
	mpool_stop(p);
	destroy(p);
}
