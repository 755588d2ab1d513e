#include <config.h>
#include "suite.h"
#include "pools.h"
#include "delay.h"
#include "mummy-common.h"
#include <string.h>

#define S 1000000000u

static bool about(uint64_t found, uint64_t meant)
{
	return found >= meant - meant / 8 && found <= meant + meant / 8 + 1;
}

START_TEST(quantiles_are_right_to_an_eighth)
{
	static struct mpool_delays d;

	for (uint64_t ns = 0; ns < 3000000; ns = ns * 5 / 4 + 1) {
		memset(&d, 0, sizeof d);
		for (int i = 0; i < 98; i++)
			mpool_delays_add(&d, S, ns);
		mpool_delays_add(&d, S, ns * 1000);
		mpool_delays_add(&d, S, ns * 1000);
		ck_assert(about(mpool_delays_quantile(&d, S, 500), ns));
		ck_assert(about(mpool_delays_quantile(&d, S, 980), ns));
		ck_assert(about(mpool_delays_quantile(&d, S, 990), ns * 1000));
	}
	mpool_delays_add(&d, S, UINT64_MAX);
	ck_assert_uint_gt(mpool_delays_quantile(&d, S, 1000), 1800 * (uint64_t)S);
}
END_TEST

START_TEST(what_is_old_is_forgotten)
{
	static struct mpool_delays d;

	ck_assert_uint_eq(mpool_delays_quantile(&d, S, 500), 0);
	mpool_delays_add(&d, 10 * (uint64_t)S, 100);
	mpool_delays_add(&d, 31 * (uint64_t)S, 100000);
	ck_assert(about(mpool_delays_quantile(&d, 59 * (uint64_t)S, 500), 100));
	ck_assert(about(mpool_delays_quantile(&d, 61 * (uint64_t)S, 500), 100000));
	ck_assert_uint_eq(mpool_delays_quantile(&d, 200 * (uint64_t)S, 500), 0);
}
END_TEST

static void hit(void *arg)
{
	atomic_fetch_add((atomic_int *)arg, 1);
}

START_TEST(a_failed_push_gives_the_job_back)
{
	struct mpool_stamp stamp = { 0 };
	atomic_int n = 0;
	struct mpool_job job = { hit, &n };

	mpool_stamp(&stamp, &job);
	ck_assert(job.run != hit);
	mpool_unstamp(&job);
	ck_assert(job.run == hit && job.arg == &n);
	mpool_unstamp(&job);
	ck_assert(job.run == hit && job.arg == &n);
	ck_assert(!atomic_load(&stamp.used));
}
END_TEST

START_TEST(the_statistics_show_how_long_jobs_wait)
{
	for (int kind = 0; kind < 2; kind++) {
		mummy_pool *p = pool_of((enum mummy_pool_kind)kind, 1);
		struct mummy_pool_stats stats;
		struct gate gate = { 0 };
		atomic_int n = 0;
		uint64_t until;

		mummy_pool_stats_get(p, &stats);
		ck_assert_uint_eq(stats.delay_p99_ns, 0);
		ck_assert_int_eq(mummy_pool_submit(p, gate_job, &gate), 0);
		gate_reached(&gate);
		/* The first of many is always in the sample. */
		for (int i = 0; i < 200; i++)
			ck_assert_int_eq(mummy_pool_submit(p, hit, &n), 0);
		until = mummy_now_ns() + 10000000;
		while (mummy_now_ns() < until)
			sched_yield();
		gate_open(&gate);
		while (atomic_load(&n) < 200)
			sched_yield();
		mummy_pool_stats_get(p, &stats);
		ck_assert_uint_ge(stats.delay_p99_ns, 8000000);
		ck_assert_uint_le(stats.delay_p50_ns, stats.delay_p99_ns);
		mummy_pool_free(p);
	}
}
END_TEST

SUITE_MAIN("pool/delay", quantiles_are_right_to_an_eighth, what_is_old_is_forgotten,
	   a_failed_push_gives_the_job_back, the_statistics_show_how_long_jobs_wait)
