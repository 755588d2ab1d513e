#include <config.h>
#include "suite.h"
#include "pools.h"
#include "worker.h"
#include "places.h"
#include <errno.h>
#include <string.h>

START_TEST(names_keep_their_suffix)
{
	char name[MPOOL_NAME_SIZE];

	mpool_thread_name(name, "web", "7");
	ck_assert_str_eq(name, "web-7");
	mpool_thread_name(name, "averylongprefix", "16383");
	ck_assert_str_eq(name, "averylong-16383");
	mpool_thread_name(name, "averylongprefix", "watch");
	ck_assert_str_eq(name, "averylong-watch");
}
END_TEST

START_TEST(a_thread_more_up_to_a_limit)
{
	mummy_pool *p = pool_of(MUMMY_POOL_TASKS, 2);

	ck_assert_int_eq(mpool_start_worker(p, 2), -EAGAIN);
	ck_assert_int_eq(mpool_start_worker(p, 3), 0);
	ck_assert_int_eq(mpool_start_worker(p, 3), -EAGAIN);
	ck_assert_uint_eq(p->live, 3);
	ck_assert_uint_eq(p->made, 3);
	ck_assert_uint_eq(atomic_load(&p->range), 3);
	mummy_pool_free(p);
}
END_TEST

static void end_late(void *ctx, unsigned index)
{
	if (index < 3)
		gate_job(ctx);
}

/* The places of 1 and 2 are not free yet when 3 starts. */
START_TEST(one_above_those_that_leave_is_in_range)
{
	struct gate gate = { 0 };
	struct mummy_pool_options opt = { .kind = MUMMY_POOL_TASKS, .threads = 3, .ctx = &gate,
					  .thread_stop = end_late };
	mummy_pool *p = NULL;

	ck_assert_int_eq(mummy_pool_new(&p, &opt), 0);
	ck_assert_int_eq(mummy_pool_resize(p, 1), 0);
	while (atomic_load(&gate.reached) < 2)
		sched_yield();
	ck_assert_int_eq(mpool_start_worker(p, 2), 0);
	ck_assert_uint_eq(atomic_load(&p->range), 4);
	gate_open(&gate);
	mummy_pool_free(p);
}
END_TEST

static void count(void *ctx, unsigned index)
{
	atomic_int *n = ctx;

	atomic_fetch_add(&n[index], 1);
}

static void uncount(void *ctx, unsigned index)
{
	atomic_int *n = ctx;

	atomic_fetch_sub(&n[index], 1);
}

START_TEST(one_that_retired_leaves_its_place)
{
	atomic_int n[8] = { 0 };
	struct mummy_pool_options opt = { .kind = MUMMY_POOL_TASKS, .threads = 1, .idle_ms = 1, .ctx = n,
					  .thread_start = count, .thread_stop = uncount };
	mummy_pool *p = NULL;

	ck_assert_int_eq(mummy_pool_new(&p, &opt), 0);
	for (int round = 0; round < 10; round++) {
		for (int i = 0; i < 3; i++)
			ck_assert_int_eq(mpool_start_worker(p, 4), 0);
		until_places_taken(p, 1);
	}
	ck_assert_uint_le(p->made, 4);
	mummy_pool_free(p);
	for (int i = 0; i < 8; i++)
		ck_assert_int_eq(atomic_load(&n[i]), 0);
}
END_TEST

SUITE_MAIN("pool/threads", names_keep_their_suffix, a_thread_more_up_to_a_limit, one_above_those_that_leave_is_in_range,
	   one_that_retired_leaves_its_place)
