/* pools.h - what several programs of tests/pool need. */
#ifndef POOLS_H
#define POOLS_H
#include <check.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <mummy/pool.h>

static inline mummy_pool *pool_of(enum mummy_pool_kind kind, unsigned threads)
{
	struct mummy_pool_options opt = { .kind = kind, .threads = threads };
	mummy_pool *p = NULL;

	ck_assert_int_eq(mummy_pool_new(&p, &opt), 0);
	return p;
}

/** A job that tells that it runs, and then waits until it may end. */
struct gate {
	atomic_int reached, open;
};

static inline void gate_job(void *arg)
{
	struct gate *gate = arg;

	atomic_fetch_add(&gate->reached, 1);
	while (!atomic_load(&gate->open))
		sched_yield();
}

static inline void *gate_task(void *arg)
{
	gate_job(arg);
	return arg;
}

static inline void gate_reached(struct gate *gate)
{
	while (!atomic_load(&gate->reached))
		sched_yield();
}

static inline void gate_open(struct gate *gate)
{
	atomic_store(&gate->open, 1);
}
#endif
