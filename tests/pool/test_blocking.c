#include <config.h>
#include "suite.h"
#include "pools.h"
#include "worker.h"
#include <errno.h>

struct scene {
	mummy_pool *p;
	struct gate gate;
	uintptr_t token[2];
	atomic_int hits;
};

static struct mummy_pool_stats stats_of(mummy_pool *p)
{
	struct mummy_pool_stats stats;

	mummy_pool_stats_get(p, &stats);
	return stats;
}

static void hit(void *arg)
{
	atomic_fetch_add((atomic_int *)arg, 1);
}

/* To the monitor it computes all the time: only the hint tells. */
static void hinted_job(void *arg)
{
	struct scene *scene = arg;

	errno = 77;
	mummy_pool_blocking_begin();
	mummy_pool_blocking_begin();
	gate_job(&scene->gate);
	mummy_pool_blocking_end();
	mummy_pool_blocking_end();
	mummy_pool_blocking_end(); /* one too many */
	if (errno == 77)
		hit(&scene->hits);
}

START_TEST(a_hint_adds_a_thread_for_what_waits)
{
	for (int i = 0; i < 20; i++) {
		struct scene scene = { .p = pool_of(MUMMY_POOL_TASKS, 1) };
		atomic_int n = 0;

		ck_assert_int_eq(mummy_pool_submit(scene.p, hinted_job, &scene), 0);
		if (i % 2)
			gate_reached(&scene.gate);
		ck_assert_int_eq(mummy_pool_submit(scene.p, hit, &n), 0);
		while (!atomic_load(&n))
			sched_yield();
		/* the rest of the figure is what the monitor saw when it last looked */
		ck_assert_uint_ge(stats_of(scene.p).blocked, 1);
		ck_assert_uint_ge(stats_of(scene.p).grown, 1);
		ck_assert_uint_ge(stats_of(scene.p).threads, 2);
		gate_open(&scene.gate);
		ck_assert_int_eq(mummy_pool_drain(scene.p, 30000), 0);
		while (stats_of(scene.p).blocked != 0)
			sched_yield();
		mummy_pool_free(scene.p);
		ck_assert_int_eq(atomic_load(&scene.hits), 1);
	}
}
END_TEST

START_TEST(without_a_worker_a_hint_does_nothing)
{
	struct scene scene = { .p = pool_of(MUMMY_POOL_THREADS, 1) };

	mummy_pool_blocking_begin();
	mummy_pool_blocking_end();
	gate_open(&scene.gate);
	ck_assert_int_eq(mummy_pool_submit(scene.p, hinted_job, &scene), 0);
	ck_assert_int_eq(mummy_pool_drain(scene.p, 30000), 0);
	ck_assert_uint_eq(stats_of(scene.p).grown, 0);
	mummy_pool_free(scene.p);
	ck_assert_int_eq(atomic_load(&scene.hits), 1);
}
END_TEST

static void wait_for_wake(void *arg)
{
	struct scene *scene = arg;

	if (mummy_pool_wait(scene->p, scene->token, 30000) == 0)
		hit(&scene->hits);
}

static void wake(void *arg)
{
	struct scene *scene = arg;

	mummy_pool_wake(scene->p, scene->token);
}

START_TEST(a_wait_of_all_workers_is_no_dead_lock)
{
	for (int i = 0; i < 20; i++) {
		struct scene scene = { .p = pool_of(MUMMY_POOL_TASKS, 1) };

		ck_assert_int_eq(mummy_pool_submit(scene.p, wait_for_wake, &scene), 0);
		ck_assert_int_eq(mummy_pool_submit(scene.p, wake, &scene), 0);
		mummy_pool_free(scene.p);
		ck_assert_int_eq(atomic_load(&scene.hits), 1);
	}
}
END_TEST

static void *task_hit(void *arg)
{
	hit(arg);
	return arg;
}

static void wait_with_limit(void *arg)
{
	struct scene *scene = arg;
	void *result = NULL;
	mummy_task *t;

	ck_assert_int_eq(mummy_task_submit(&t, scene->p, task_hit, &scene->hits, NULL), 0);
	if (mummy_task_wait(t, 30000, &result) == 0 && result == &scene->hits)
		hit(&scene->hits);
	mummy_task_unref(t);
}

START_TEST(a_task_waited_for_with_a_limit_runs)
{
	for (int i = 0; i < 20; i++) {
		struct scene scene = { .p = pool_of(MUMMY_POOL_TASKS, 2) };

		for (int n = 0; n < 10; n++)
			ck_assert_int_eq(mummy_pool_submit(scene.p, wait_with_limit, &scene), 0);
		/* What drains refuses the jobs' own work. */
		while (atomic_load(&scene.hits) < 20)
			sched_yield();
		mummy_pool_free(scene.p);
	}
}
END_TEST

SUITE_MAIN("pool/blocking", a_hint_adds_a_thread_for_what_waits, without_a_worker_a_hint_does_nothing,
	   a_wait_of_all_workers_is_no_dead_lock, a_task_waited_for_with_a_limit_runs)
