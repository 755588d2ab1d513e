#include <config.h>
#include "suite.h"
#include "pools.h"
#include "worker.h"
#include <string.h>

static void all_asleep(mummy_pool *p)
{
	for (unsigned awake = 1; awake > 0; sched_yield()) {
		pthread_mutex_lock(&p->lock);
		awake = p->live - (p->keeper ? 1 : 0);
		for (struct mpool_worker *w = p->idle; w; w = w->next_idle)
			awake--;
		pthread_mutex_unlock(&p->lock);
	}
}

START_TEST(one_after_another_is_woken_until_all_work)
{
	for (int kind = 0; kind < 2; kind++) {
		mummy_pool *p = pool_of((enum mummy_pool_kind)kind, 6);
		struct mummy_pool_stats stats;
		struct gate gate = { 0 };

		all_asleep(p);
		for (int i = 0; i < 6; i++)
			ck_assert_int_eq(mummy_pool_submit(p, gate_job, &gate), 0);
		while (atomic_load(&gate.reached) < 6)
			sched_yield();
		mummy_pool_stats_get(p, &stats);
		ck_assert_uint_eq(stats.running, 6);
		ck_assert_uint_eq(stats.queued, 0);
		ck_assert_uint_ge(stats.parks, 6);
		gate_open(&gate);
		mummy_pool_free(p);
	}
}
END_TEST

static void submit_gates(void *arg)
{
	struct gate *gate = arg;

	for (int i = 0; i < 5; i++)
		ck_assert_int_eq(mummy_pool_submit(mpool_current->pool, gate_job, gate), 0);
	gate_job(gate);
}

START_TEST(work_inside_wakes_the_others_too)
{
	mummy_pool *p = pool_of(MUMMY_POOL_TASKS, 6);
	static struct gate gates[50];

	for (int i = 0; i < 50; i++) {
		all_asleep(p);
		ck_assert_int_eq(mummy_pool_submit(p, submit_gates, &gates[i]), 0);
		while (atomic_load(&gates[i].reached) < 6)
			sched_yield();
		gate_open(&gates[i]);
	}
	mummy_pool_free(p);
}
END_TEST

static void *hit(void *arg)
{
	atomic_fetch_add((atomic_int *)arg, 1);
	return NULL;
}

/* Two of the three workers are taken away while the timers go off. */
START_TEST(somebody_always_keeps_the_time)
{
	for (int kind = 0; kind < 2; kind++) {
		mummy_pool *p = pool_of((enum mummy_pool_kind)kind, 3);
		struct mummy_task_options opt = { 0 };
		struct gate gate = { 0 };
		atomic_int n = 0;

		all_asleep(p);
		for (unsigned i = 1; i <= 10; i++) {
			opt.delay_ms = i * 3;
			ck_assert_int_eq(mummy_task_submit(NULL, p, hit, &n, &opt), 0);
		}
		opt.delay_ms = 4;
		ck_assert_int_eq(mummy_task_submit(NULL, p, gate_task, &gate, &opt), 0);
		opt.delay_ms = 10;
		ck_assert_int_eq(mummy_task_submit(NULL, p, gate_task, &gate, &opt), 0);
		while (atomic_load(&n) < 10)
			sched_yield();
		gate_open(&gate);
		mummy_pool_free(p);
		ck_assert_int_eq(atomic_load(&gate.reached), 2);
	}
}
END_TEST

START_TEST(an_earlier_timer_is_noticed)
{
	mummy_pool *p = pool_of(MUMMY_POOL_THREADS, 2);
	struct mummy_task_options hour = { .delay_ms = 3600000 }, soon = { .delay_ms = 1 };
	mummy_task *far, *near;
	atomic_int n = 0;

	ck_assert_int_eq(mummy_task_submit(&far, p, hit, &n, &hour), 0);
	all_asleep(p);
	ck_assert_int_eq(mummy_task_submit(&near, p, hit, &n, &soon), 0);
	ck_assert_int_eq(mummy_task_wait(near, 30000, NULL), 0);
	ck_assert_int_eq(mummy_task_cancel(far), 0);
	all_asleep(p);
	mummy_task_unref(near);
	mummy_task_unref(far);
	mummy_pool_free(p);
	ck_assert_int_eq(atomic_load(&n), 1);
}
END_TEST

static void hit_job(void *arg)
{
	hit(arg);
}

/* While one spins no other is woken; what it takes must not keep the rest from being seen. */
START_TEST(one_that_spins_passes_on)
{
	static struct gate gates[2][30];

	for (int kind = 0; kind < 2; kind++) {
		struct mummy_pool_options opt = { .kind = (enum mummy_pool_kind)kind, .threads = 3, .spin_us = 2000 };
		struct mummy_task_options soon = { .delay_ms = 1 };
		mummy_pool *p = NULL;
		atomic_int n = 0;

		ck_assert_int_eq(mummy_pool_new(&p, &opt), 0);
		for (int i = 0; i < 30; i++) {
			struct gate *gate = &gates[kind][i];

			if (i % 3 == 0)
				all_asleep(p);
			for (int k = 0; k < 3; k++)
				ck_assert_int_eq(mummy_pool_submit(p, gate_job, gate), 0);
			while (atomic_load(&gate->reached) < 3)
				sched_yield();
			gate_open(gate);
			ck_assert_int_eq(mummy_task_submit(NULL, p, hit, &n, &soon), 0);
			ck_assert_int_eq(mummy_pool_submit(p, hit_job, &n), 0);
			while (atomic_load(&n) < 2 * (i + 1))
				sched_yield();
		}
		ck_assert_int_eq(mummy_pool_submit(p, hit_job, &n), 0);
		mummy_pool_free(p);
		ck_assert_int_eq(atomic_load(&n), 61);
	}
}
END_TEST

SUITE_MAIN("pool/idle", one_that_spins_passes_on, one_after_another_is_woken_until_all_work, work_inside_wakes_the_others_too,
	   somebody_always_keeps_the_time, an_earlier_timer_is_noticed)
