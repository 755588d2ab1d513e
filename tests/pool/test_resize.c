#include <config.h>
#include "suite.h"
#include "pools.h"
#include "worker.h"
#include <errno.h>

static uint64_t threads_of(mummy_pool *p)
{
	struct mummy_pool_stats stats;

	mummy_pool_stats_get(p, &stats);
	return stats.threads;
}

static void hit(void *arg)
{
	atomic_fetch_add((atomic_int *)arg, 1);
}

START_TEST(as_many_as_it_says_run_at_once)
{
	for (int kind = 0; kind < 2; kind++) {
		static const unsigned sizes[] = { 5, 1, 3, 8, 2 };
		mummy_pool *p = pool_of((enum mummy_pool_kind)kind, 2);
		struct gate gates[5] = { 0 };
		atomic_int n = 0;

		for (int i = 0; i < 5; i++) {

			ck_assert_int_eq(mummy_pool_resize(p, sizes[i]), 0);
			while (threads_of(p) != sizes[i])
				sched_yield();
			for (unsigned k = 0; k < sizes[i]; k++)
				ck_assert_int_eq(mummy_pool_submit(p, gate_job, &gates[i]), 0);
			while (atomic_load(&gates[i].reached) < (int)sizes[i])
				sched_yield();
			ck_assert_int_eq(mummy_pool_submit(p, hit, &n), 0);
			ck_assert_int_eq(atomic_load(&n), i);
			gate_open(&gates[i]);
			while (atomic_load(&n) <= i)
				sched_yield();
		}
		ck_assert_int_eq(mummy_pool_resize(p, 0), 0);
		while (threads_of(p) != 2)
			sched_yield();
		mummy_pool_free(p);
	}
}
END_TEST

START_TEST(wrong_sizes_are_refused)
{
	mummy_pool *p = pool_of(MUMMY_POOL_THREADS, 1);

	ck_assert_int_eq(mummy_pool_resize(p, MUMMY_POOL_MAX_THREADS + 1), -EINVAL);
	ck_assert_int_eq(mummy_pool_drain(p, -1), 0);
	ck_assert_int_eq(mummy_pool_resize(p, 2), -ESHUTDOWN);
	mummy_pool_free(p);
}
END_TEST

struct scene {
	mummy_pool *p;
	struct gate gate;
	atomic_int hits;
};

static void submit_many(void *arg)
{
	struct scene *scene = arg;

	for (int i = 0; i < 100; i++)
		ck_assert_int_eq(mummy_pool_submit(scene->p, hit, &scene->hits), 0);
	gate_job(&scene->gate);
}

/* Both workers have jobs of their own when one has to go. */
START_TEST(what_lies_with_a_thread_too_many_is_run)
{
	for (int i = 0; i < 20; i++) {
		struct scene scene = { .p = pool_of(MUMMY_POOL_TASKS, 2) };

		ck_assert_int_eq(mummy_pool_submit(scene.p, submit_many, &scene), 0);
		ck_assert_int_eq(mummy_pool_submit(scene.p, submit_many, &scene), 0);
		while (atomic_load(&scene.gate.reached) < 2)
			sched_yield();
		ck_assert_int_eq(mummy_pool_resize(scene.p, 1), 0);
		gate_open(&scene.gate);
		while (threads_of(scene.p) != 1)
			sched_yield();
		mummy_pool_free(scene.p);
		ck_assert_int_eq(atomic_load(&scene.hits), 200);
	}
}
END_TEST

static void *resize(void *arg)
{
	for (unsigned i = 0; i < 100; i++)
		ck_assert_int_eq(mummy_pool_resize(arg, i % 7 + 1), 0);
	return NULL;
}

START_TEST(resized_under_load_nothing_is_lost)
{
	for (int kind = 0; kind < 2; kind++) {
		mummy_pool *p = pool_of((enum mummy_pool_kind)kind, 2);
		atomic_int n = 0;
		pthread_t thread;

		ck_assert_int_eq(pthread_create(&thread, NULL, resize, p), 0);
		for (int i = 0; i < 20000; i++)
			ck_assert_int_eq(mummy_pool_submit(p, hit, &n), 0);
		pthread_join(thread, NULL);
		mummy_pool_free(p);
		ck_assert_int_eq(atomic_load(&n), 20000);
	}
}
END_TEST

SUITE_MAIN("pool/resize", as_many_as_it_says_run_at_once, wrong_sizes_are_refused,
	   what_lies_with_a_thread_too_many_is_run, resized_under_load_nothing_is_lost)
