#include <config.h>
#include "suite.h"
#include "pools.h"
#include "worker.h"
#include <errno.h>
#include <string.h>

struct relay {
	mummy_pool *pool;
	atomic_bool stop, ran;
};

static void resubmit(void *arg)
{
	struct relay *relay = arg;

	if (!atomic_load(&relay->stop))
		ck_assert_int_eq(mummy_pool_submit(relay->pool, resubmit, relay), 0);
}

static void let_stop(void *arg)
{
	atomic_store(&((struct relay *)arg)->stop, true);
}

START_TEST(jobs_that_submit_jobs_starve_nobody)
{
	for (int kind = 0; kind < 2; kind++) {
		struct relay relay = { .pool = pool_of((enum mummy_pool_kind)kind, 1) };

		ck_assert_int_eq(mummy_pool_submit(relay.pool, resubmit, &relay), 0);
		ck_assert_int_eq(mummy_pool_submit(relay.pool, let_stop, &relay), 0);
		while (!atomic_load(&relay.stop))
			sched_yield();
		mummy_pool_free(relay.pool);
	}
}
END_TEST

static void let_stop_later(void *arg)
{
	struct relay *relay = arg;

	ck_assert_int_eq(mummy_pool_submit(relay->pool, let_stop, relay), 0);
	resubmit(relay);
}

START_TEST(nor_what_a_job_submitted_before)
{
	struct relay relay = { .pool = pool_of(MUMMY_POOL_TASKS, 1) };

	ck_assert_int_eq(mummy_pool_submit(relay.pool, let_stop_later, &relay), 0);
	while (!atomic_load(&relay.stop))
		sched_yield();
	mummy_pool_free(relay.pool);
}
END_TEST

static void mark_ran(void *arg)
{
	atomic_store(&((struct relay *)arg)->ran, true);
}

/* Its own worker never gets to the job, so another one has to take it. */
static void submit_and_watch(void *arg)
{
	struct relay *relay = arg;

	ck_assert_int_eq(mummy_pool_submit(relay->pool, mark_ran, relay), 0);
	while (!atomic_load(&relay->ran))
		sched_yield();
}

START_TEST(a_job_of_a_busy_worker_is_stolen)
{
	struct relay relay = { .pool = pool_of(MUMMY_POOL_TASKS, 2) };
	struct mummy_pool_stats stats;

	for (int i = 0; i < 200; i++) {
		struct mummy_pool_group g;

		atomic_store(&relay.ran, false);
		mummy_pool_group_init(&g, relay.pool);
		ck_assert_int_eq(mummy_pool_group_submit(&g, submit_and_watch, &relay), 0);
		mummy_pool_group_wait(&g);
	}
	mummy_pool_stats_get(relay.pool, &stats);
	ck_assert_uint_ge(stats.steals, 200);
	mummy_pool_free(relay.pool);
}
END_TEST

static void know_where(void *arg)
{
	*(bool *)arg = mpool_current && mpool_current->pool;
}

START_TEST(a_thread_knows_its_pool)
{
	mummy_pool *p = pool_of(MUMMY_POOL_THREADS, 1), *q = pool_of(MUMMY_POOL_TASKS, 1);
	bool known = false;

	ck_assert_ptr_null(mpool_current_of(p));
	ck_assert_int_eq(mummy_pool_submit(p, know_where, &known), 0);
	mummy_pool_free(p);
	ck_assert(known);
	mummy_pool_free(q);
}
END_TEST

SUITE_MAIN("pool/worker", jobs_that_submit_jobs_starve_nobody,
	   nor_what_a_job_submitted_before, a_job_of_a_busy_worker_is_stolen,
	   a_thread_knows_its_pool)
