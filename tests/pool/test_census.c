#include <config.h>
#include "suite.h"
#include "pools.h"
#include "census.h"
#include "worker.h"
#include "mummy-common.h"

#define MS 1000000u

static unsigned growth(unsigned cpu_ms, unsigned blocked, unsigned base, unsigned live, uint64_t waiting)
{
	struct mpool_census c = { .window_ns = 2 * MS, .cpu_ns = cpu_ms * MS, .blocked = blocked };

	return mpool_census_growth(&c, base, live, 1000, waiting);
}

START_TEST(what_computes_causes_no_growth)
{
	ck_assert_uint_eq(growth(4, 0, 2, 2, 100), 0);
	ck_assert_uint_eq(growth(4, 20, 2, 22, 100), 0);
	ck_assert_uint_eq(growth(0, 0, 2, 2, 100), 0);
	ck_assert_uint_eq(growth(3, 1, 2, 3, 100), 0);
}
END_TEST

START_TEST(the_lost_cpus_are_made_up_for)
{
	ck_assert_uint_eq(growth(2, 1, 2, 2, 100), 1);
	ck_assert_uint_eq(growth(6, 1, 4, 4, 100), 1);
	ck_assert_uint_eq(growth(2, 3, 4, 4, 100), 3);
}
END_TEST

START_TEST(where_all_are_blocked_it_is_fast)
{
	unsigned live = 2, looks = 0;

	for (; live < 1000; looks++)
		live += growth(0, live, 2, live, 10000);
	ck_assert_uint_eq(live, 1000);
	ck_assert_uint_le(looks, 5);
}
END_TEST

START_TEST(no_more_than_wait_or_are_allowed)
{
	struct mpool_census c = { .window_ns = 2 * MS, .blocked = 10 };

	ck_assert_uint_eq(growth(0, 10, 2, 10, 1), 1);
	ck_assert_uint_eq(growth(0, 10, 2, 10, 0), 0);
	ck_assert_uint_eq(mpool_census_growth(&c, 2, 10, 12, 100), 2);
	ck_assert_uint_eq(mpool_census_growth(&c, 2, 10, 10, 100), 0);
	c.window_ns = 0;
	ck_assert_uint_eq(mpool_census_growth(&c, 2, 10, 12, 100), 0);
}
END_TEST

/* Looks at a pool of one worker as the monitor does, until it has measured it. */
static struct mpool_census measure(mummy_pool *p)
{
	struct mpool_census c = { 0 };
	uint64_t seen[2];

	seen[0] = seen[1] = mummy_now_ns() - MS;
	p->workers[0]->looks = 0;
	for (unsigned tick = 0; tick < 4; tick++) {
		uint64_t now = mummy_now_ns();

		mpool_census_take(&c, p, tick, now - seen[tick % 2]);
		seen[tick % 2] = now;
		while (mummy_now_ns() < now + 5 * MS)
			sched_yield();
	}
	mpool_census_confirm(&c, p);
	return c;
}

static mummy_pool *fixed(enum mummy_pool_kind kind)
{
	struct mummy_pool_options opt = { .kind = kind, .threads = 1, .max_threads = 1 };
	mummy_pool *p = NULL;

	ck_assert_int_eq(mummy_pool_new(&p, &opt), 0);
	return p;
}

static void wait_job(void *token)
{
	mummy_pool_wait(mpool_current->pool, token, -1);
}

START_TEST(a_worker_in_a_wait_is_blocked)
{
	mummy_pool *p = fixed(MUMMY_POOL_TASKS);
	struct mummy_pool_stats stats;
	uintptr_t token[2] = { 0 };

	ck_assert_int_eq(mummy_pool_submit(p, wait_job, token), 0);
	do {
		mummy_pool_stats_get(p, &stats);
	} while (stats.running == 0);
	while (atomic_load((mpool_word *)token) == 0)
		sched_yield();
#if defined HAVE_PTHREAD_GETCPUCLOCKID && defined __linux__
	/* It has said that it will sleep, but it may still want its CPU; the time-out is the test. */
	while (measure(p).blocked != 1)
		sched_yield();
#endif
	mummy_pool_wake(p, token);
	mummy_pool_free(p);
}
END_TEST

START_TEST(a_worker_that_computes_is_not)
{
	mummy_pool *p = fixed(MUMMY_POOL_TASKS);
	struct gate gate = { 0 };

	ck_assert_int_eq(mummy_pool_submit(p, gate_job, &gate), 0);
	gate_reached(&gate);
	for (int i = 0; i < 5; i++)
		ck_assert_uint_eq(measure(p).blocked, 0);
	gate_open(&gate);
	mummy_pool_free(p);
}
END_TEST

SUITE_MAIN("pool/census", what_computes_causes_no_growth, the_lost_cpus_are_made_up_for,
	   where_all_are_blocked_it_is_fast, no_more_than_wait_or_are_allowed, a_worker_in_a_wait_is_blocked,
	   a_worker_that_computes_is_not)
