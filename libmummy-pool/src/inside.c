#include <config.h>
#include "fiber.h"
#include "mummy-common.h"
#include <sched.h>

static void sleep_thread(unsigned ms)
{
	struct timespec left = { .tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000 };
	int saved = errno;

	mpool_blocking_begin(mpool_current);
	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
	mpool_blocking_end(mpool_current);
	errno = saved;
}

void mummy_task_sleep(unsigned ms)
{
	struct mpool_worker *w = mpool_on_fiber();

	if (w)
		mpool_fiber_wait(w, NULL, mummy_now_ns() + (uint64_t)ms * 1000000u);
	else
		sleep_thread(ms);
}

void mummy_task_yield(void)
{
	struct mpool_worker *w = mpool_on_fiber();

	if (w)
		mpool_fiber_yield(w);
	else
		sched_yield();
}

int mummy_task_overflowed(const void *address)
{
	struct mpool_worker *w = mpool_current;

	return w && w->fiber && mpool_stack_guards(&w->fibers->stacks, &w->fiber->stack, address);
}

/* ---- A call that blocks, on a helper thread ------------------------------------------------------- */

struct call {
	void (*run)(void *arg);
	void *arg;
	struct mpool_lot *lot;
	mpool_word done;
};

static void run_call(void *arg)
{
	struct call *c = arg;

	mummy_pool_blocking_begin();
	c->run(c->arg);
	mummy_pool_blocking_end();
	mpool_token_wake(c->lot, &c->done);
}

/** The helpers are a pool of their own, which grows by a thread for each call that blocks. */
static mummy_pool *get_helpers(mummy_pool *p)
{
	struct mummy_pool_options opt = { .kind = MUMMY_POOL_TASKS, .threads = 1,
		.idle_ms = (unsigned)(p->idle_ns / 1000000u), .name = p->name };
	mummy_pool *helpers = atomic_load(&p->helpers), *fresh;

	if (helpers)
		return helpers;
	pthread_mutex_lock(&p->lock);
	opt.max_threads = p->max;
	pthread_mutex_unlock(&p->lock);
	if (mummy_pool_new(&fresh, &opt) < 0)
		return atomic_load(&p->helpers);
	if (atomic_compare_exchange_strong(&p->helpers, &helpers, fresh))
		return fresh;
	mummy_pool_free(fresh);
	return helpers;
}

static void call_here(void (*run)(void *arg), void *arg)
{
	mpool_blocking_begin(mpool_current);
	run(arg);
	mpool_blocking_end(mpool_current);
}

void mummy_task_block(void (*run)(void *arg), void *arg)
{
	struct mpool_worker *w = mpool_on_fiber();
	mummy_pool *helpers = w ? get_helpers(w->pool) : NULL;
	struct call c = { .run = run, .arg = arg };

	if (!helpers) {
		call_here(run, arg);
		return;
	}
	c.lot = &w->pool->lot;
	if (mummy_pool_submit(helpers, run_call, &c) < 0) {
		call_here(run, arg);
		return;
	}
	mpool_grow_if_lacking(helpers);
	mpool_fiber_wait(w, &c.done, MPOOL_NEVER);
}
