#include <config.h>
#include "suite.h"
#include "pools.h"
#include "mummy-common.h"
#include <string.h>

static void *same(void *arg)
{
	return arg;
}

static void add_one(void *arg)
{
	atomic_fetch_add((atomic_int *)arg, 1);
}

START_TEST(a_task_has_a_result)
{
	for (int kind = 0; kind < 2; kind++) {
		mummy_pool *p = pool_of((enum mummy_pool_kind)kind, 2);
		mummy_task *t;
		void *result = NULL;

		ck_assert_int_eq(mummy_task_submit(&t, p, same, &p, NULL), 0);
		ck_assert_int_eq(mummy_task_wait(t, -1, &result), 0);
		ck_assert_ptr_eq(result, &p);
		ck_assert_int_eq(mummy_task_submit(NULL, p, same, NULL, NULL), 0);
		mummy_pool_free(p);
		/* What has ended is good for waiting without its pool. */
		ck_assert_ptr_eq(mummy_task_ref(t), t);
		mummy_task_unref(t);
		ck_assert_int_eq(mummy_task_wait(t, 0, NULL), 0);
		mummy_task_unref(t);
		mummy_task_unref(NULL);
	}
}
END_TEST

START_TEST(a_wait_has_a_limit)
{
	mummy_pool *p = pool_of(MUMMY_POOL_TASKS, 1);
	struct gate gate = { 0 };
	mummy_task *t;
	void *result = NULL;

	ck_assert_int_eq(mummy_task_submit(&t, p, gate_task, &gate, NULL), 0);
	ck_assert_int_eq(mummy_task_wait(t, 0, &result), -ETIMEDOUT);
	ck_assert_int_eq(mummy_task_wait(t, 10, &result), -ETIMEDOUT);
	ck_assert_ptr_null(result);
	gate_reached(&gate);
	ck_assert_int_eq(mummy_task_cancel(t), -EBUSY);
	gate_open(&gate);
	ck_assert_int_eq(mummy_task_wait(t, 30000, &result), 0);
	ck_assert_ptr_eq(result, &gate);
	ck_assert_int_eq(mummy_task_cancel(t), -EALREADY);
	mummy_task_unref(t);
	mummy_pool_free(p);
}
END_TEST

static void *time_of_run(void *arg)
{
	*(uint64_t *)arg = mummy_now_ns();
	return NULL;
}

START_TEST(a_delay_is_kept_in_the_right_order)
{
	for (int kind = 0; kind < 2; kind++) {
		mummy_pool *p = pool_of((enum mummy_pool_kind)kind, 3);
		uint64_t start = mummy_now_ns(), ran[3];
		mummy_task *t[3];

		for (unsigned i = 0; i < 3; i++) {
			struct mummy_task_options opt = { .delay_ms = 60 - 20 * i };

			ck_assert_int_eq(mummy_task_submit(&t[i], p, time_of_run, &ran[i], &opt), 0);
		}
		for (unsigned i = 0; i < 3; i++) {
			ck_assert_int_eq(mummy_task_wait(t[i], -1, NULL), 0);
			ck_assert_uint_ge(ran[i] - start, (60 - 20 * i) * UINT64_C(1000000));
			mummy_task_unref(t[i]);
		}
		mummy_pool_free(p);
	}
}
END_TEST

START_TEST(a_cancelled_task_does_not_run)
{
	for (unsigned delay = 0; delay <= 3600000; delay += 3600000) {
		struct mummy_task_options opt = { .delay_ms = delay };
		mummy_pool *p = pool_of(MUMMY_POOL_TASKS, 1);
		struct mummy_pool_stats stats;
		struct gate gate = { 0 };
		atomic_int n = 0, after = 0;
		mummy_task *t;

		ck_assert_int_eq(mummy_pool_submit(p, gate_job, &gate), 0);
		gate_reached(&gate);
		ck_assert_int_eq(mummy_task_submit(&t, p, gate_task, &n, &opt), 0);
		ck_assert_int_eq(mummy_task_then(t, add_one, &after), 0);
		ck_assert_int_eq(mummy_task_cancel(t), 0);
		ck_assert_int_eq(mummy_task_cancel(t), -EALREADY);
		ck_assert_int_eq(mummy_task_wait(t, -1, NULL), -ECANCELED);
		mummy_task_unref(t);
		gate_open(&gate);
		ck_assert_int_eq(mummy_pool_drain(p, -1), 0);
		mummy_pool_stats_get(p, &stats);
		ck_assert_uint_eq(stats.cancelled, 1);
		ck_assert_uint_eq(stats.completed, 2);
		ck_assert_uint_eq(stats.submitted, 3);
		mummy_pool_free(p);
		ck_assert_int_eq(atomic_load(&n), 0);
		ck_assert_int_eq(atomic_load(&after), 1);
	}
}
END_TEST

START_TEST(continuations_run_also_while_draining)
{
	mummy_pool *p = pool_of(MUMMY_POOL_THREADS, 1);
	struct gate gate = { 0 };
	atomic_int n = 0;
	mummy_task *t;

	ck_assert_int_eq(mummy_task_submit(&t, p, gate_task, &gate, NULL), 0);
	for (int i = 0; i < 100; i++)
		ck_assert_int_eq(mummy_task_then(t, add_one, &n), 0);
	ck_assert_int_eq(mummy_pool_drain(p, 0), -ETIMEDOUT);
	ck_assert_int_eq(mummy_task_then(t, add_one, &n), 0);
	gate_open(&gate);
	ck_assert_int_eq(mummy_task_wait(t, -1, NULL), 0);
	ck_assert_int_eq(mummy_task_then(t, add_one, &n), 0);
	ck_assert_int_eq(mummy_pool_drain(p, -1), 0);
	ck_assert_int_eq(atomic_load(&n), 102);
	mummy_task_unref(t);
	mummy_pool_free(p);
}
END_TEST

struct line {
	mummy_pool *pool;
	int length;
	unsigned delay_ms;
};

/* Every task waits for the next, which nobody else is free to run. */
static void *wait_in_line(void *arg)
{
	struct line *line = arg, next = { line->pool, line->length - 1, line->delay_ms };
	struct mummy_task_options opt = { .delay_ms = line->delay_ms };
	mummy_task *t;

	if (line->length == 0)
		return NULL;
	ck_assert_int_eq(mummy_task_submit(&t, line->pool, wait_in_line, &next, &opt), 0);
	ck_assert_int_eq(mummy_task_wait(t, -1, NULL), 0);
	mummy_task_unref(t);
	return NULL;
}

START_TEST(all_workers_may_wait_for_tasks)
{
	for (int kind = 0; kind < 2; kind++) {
		for (unsigned threads = 1; threads <= 3; threads++) {
			struct line quick = { pool_of((enum mummy_pool_kind)kind, threads), 100, 0 };
			struct line slow = { quick.pool, 5, 5 };
			mummy_task *t[3];

			ck_assert_int_eq(mummy_task_submit(&t[0], quick.pool, wait_in_line, &quick, NULL), 0);
			ck_assert_int_eq(mummy_task_submit(&t[1], quick.pool, wait_in_line, &quick, NULL), 0);
			ck_assert_int_eq(mummy_task_submit(&t[2], quick.pool, wait_in_line, &slow, NULL), 0);
			for (int i = 0; i < 3; i++) {
				ck_assert_int_eq(mummy_task_wait(t[i], -1, NULL), 0);
				mummy_task_unref(t[i]);
			}
			mummy_pool_free(quick.pool);
		}
	}
}
END_TEST

/* The one worker waits for the hour to pass; only a drain ends it. */
static void *wait_an_hour(void *arg)
{
	struct line *line = arg, last = { line->pool, 0, 0 };
	const struct mummy_task_options hour = { .delay_ms = 3600000 };
	mummy_task *t;

	if (mummy_task_submit(&t, line->pool, wait_in_line, &last, &hour) < 0)
		return NULL;
	line->length = 0;
	ck_assert_int_eq(mummy_task_wait(t, -1, NULL), 0);
	mummy_task_unref(t);
	line->length = -1;
	return NULL;
}

START_TEST(a_drain_ends_a_wait_for_a_delay)
{
	for (int i = 0; i < 20; i++) {
		struct line line = { pool_of(i % 2 ? MUMMY_POOL_TASKS : MUMMY_POOL_THREADS, 1), 1, 0 };
		struct mummy_pool_stats stats;

		ck_assert_int_eq(mummy_task_submit(NULL, line.pool, wait_an_hour, &line, NULL), 0);
		do
			mummy_pool_stats_get(line.pool, &stats);
		while (stats.submitted < 2);
		mummy_pool_free(line.pool);
		ck_assert_int_eq(line.length, -1);
	}
}
END_TEST

struct storm {
	mummy_pool *pool;
	atomic_int ran, cancelled, then, refused;
};

static void *strike(void *arg)
{
	atomic_fetch_add(&((struct storm *)arg)->ran, 1);
	return NULL;
}

static void after(void *arg)
{
	atomic_fetch_add(&((struct storm *)arg)->then, 1);
}

enum { STRIKES = 600 };

static void *raise_storm(void *arg)
{
	struct storm *s = arg;

	for (unsigned i = 0; i < STRIKES; i++) {
		struct mummy_task_options opt = { .delay_ms = i % 3 };
		mummy_task *t;

		ck_assert_int_eq(mummy_task_submit(&t, s->pool, strike, s, &opt), 0);
		ck_assert_int_eq(mummy_task_then(t, after, s), 0);
		if (i % 2 && mummy_task_cancel(t) == 0)
			atomic_fetch_add(&s->cancelled, 1);
		if (i % 5 == 0)
			mummy_task_wait(t, i % 10 ? -1 : 1, NULL);
		mummy_task_unref(t);
	}
	return NULL;
}

START_TEST(submit_cancel_and_wait_from_many_threads)
{
	for (int kind = 0; kind < 2; kind++) {
		struct storm s = { .pool = pool_of((enum mummy_pool_kind)kind, 3) };
		pthread_t t[3];

		for (int i = 0; i < 3; i++)
			ck_assert_int_eq(pthread_create(&t[i], NULL, raise_storm, &s), 0);
		for (int i = 0; i < 3; i++)
			pthread_join(t[i], NULL);
		mummy_pool_free(s.pool);
		ck_assert_int_eq(atomic_load(&s.ran) + atomic_load(&s.cancelled), 3 * STRIKES);
		ck_assert_int_eq(atomic_load(&s.then), 3 * STRIKES);
	}
}
END_TEST

START_TEST(options_are_checked)
{
	mummy_pool *p = pool_of(MUMMY_POOL_TASKS, 1);
	struct mummy_task_options opt = { .delay_ms = 0 };

	opt.reserved[sizeof opt.reserved / sizeof opt.reserved[0] - 1] = 1;
	ck_assert_int_eq(mummy_task_submit(NULL, p, same, NULL, &opt), -EINVAL);
	mummy_pool_free(p);
}
END_TEST

struct order {
	atomic_int n;
	int seen[3];
};

struct place {
	struct order *order;
	int priority;
};

static void *take_place(void *arg)
{
	struct place *place = arg;

	place->order->seen[atomic_fetch_add(&place->order->n, 1)] = place->priority;
	return NULL;
}

START_TEST(a_higher_priority_comes_first)
{
	for (int kind = 0; kind < 2; kind++) {
		mummy_pool *p = pool_of((enum mummy_pool_kind)kind, 1);
		struct order order = { 0 };
		struct place places[] = { { &order, -1 }, { &order, 0 }, { &order, 1 } };
		struct mummy_task_options bad = { .priority = (enum mummy_pool_priority)2 };
		struct gate gate = { 0 };

		ck_assert_int_eq(mummy_task_submit(NULL, p, take_place, places, &bad), -EINVAL);
		ck_assert_int_eq(mummy_pool_submit(p, gate_job, &gate), 0);
		gate_reached(&gate);
		for (int i = 0; i < 3; i++) {
			struct mummy_task_options opt = { .priority = (enum mummy_pool_priority)(i - 1) };

			ck_assert_int_eq(mummy_task_submit(NULL, p, take_place, &places[i], &opt), 0);
		}
		gate_open(&gate);
		mummy_pool_free(p);
		ck_assert_int_eq(order.seen[0], 1);
		ck_assert_int_eq(order.seen[1], 0);
		ck_assert_int_eq(order.seen[2], -1);
	}
}
END_TEST

static void *beat(void *arg)
{
	atomic_fetch_add((atomic_int *)arg, 1);
	return arg;
}

static void count_then(void *arg)
{
	beat(arg);
}

START_TEST(a_periodic_task_runs_until_cancelled)
{
	for (int kind = 0; kind < 2; kind++) {
		mummy_pool *p = pool_of((enum mummy_pool_kind)kind, 2);
		struct mummy_task_options opt = { .period_ms = 1, .delay_ms = (unsigned)kind };
		struct mummy_pool_stats stats;
		atomic_int n = 0, thens = 0;
		mummy_task *t;
		int rc, ran;

		ck_assert_int_eq(mummy_task_submit(&t, p, beat, &n, &opt), 0);
		ck_assert_int_eq(mummy_task_then(t, count_then, &thens), 0);
		while (atomic_load(&n) < 5)
			sched_yield();
		ck_assert_int_eq(mummy_task_wait(t, 0, NULL), -ETIMEDOUT);
		rc = mummy_task_cancel(t);
		ck_assert(rc == 0 || rc == -EBUSY);
		ck_assert_int_eq(mummy_task_wait(t, 30000, NULL), -ECANCELED);
		ran = atomic_load(&n);
		ck_assert_int_eq(mummy_task_cancel(t), -EALREADY);
		ck_assert_int_eq(mummy_pool_drain(p, -1), 0);
		mummy_pool_stats_get(p, &stats);
		ck_assert_uint_eq(stats.queued, 0);
		ck_assert_uint_eq(stats.cancelled, 1);
		ck_assert_uint_eq(stats.completed, (unsigned)ran + 1);
		mummy_task_unref(t);
		mummy_pool_free(p);
		ck_assert_int_eq(atomic_load(&n), ran);
		ck_assert_int_eq(atomic_load(&thens), 1);
	}
}
END_TEST

struct heart {
	mummy_task *_Atomic task;
	atomic_int beats, busy;
};

static void *beat_once(void *arg)
{
	struct heart *heart = arg;
	mummy_task *t;

	while (!(t = atomic_load(&heart->task)))
		sched_yield();
	atomic_fetch_add(&heart->beats, 1);
	atomic_store(&heart->busy, mummy_task_cancel(t));
	return NULL;
}

START_TEST(a_periodic_task_may_end_itself)
{
	mummy_pool *p = pool_of(MUMMY_POOL_TASKS, 2);
	struct mummy_task_options opt = { .period_ms = 1 };
	struct heart heart = { 0 };
	mummy_task *t;

	ck_assert_int_eq(mummy_task_submit(&t, p, beat_once, &heart, &opt), 0);
	atomic_store(&heart.task, t);
	ck_assert_int_eq(mummy_task_wait(t, 30000, NULL), -ECANCELED);
	ck_assert_int_eq(atomic_load(&heart.beats), 1);
	ck_assert_int_eq(atomic_load(&heart.busy), -EBUSY);
	mummy_task_unref(t);
	mummy_pool_free(p);
}
END_TEST

START_TEST(a_drain_ends_periodic_tasks)
{
	for (int i = 0; i < 40; i++) {
		mummy_pool *p = pool_of((enum mummy_pool_kind)(i % 2), 2);
		struct mummy_task_options opt = { .period_ms = i < 20 ? 1 : 3600000 };
		mummy_task *t[10];
		atomic_int n = 0;

		for (int k = 0; k < 10; k++)
			ck_assert_int_eq(mummy_task_submit(&t[k], p, beat, &n, &opt), 0);
		while (i % 3 && atomic_load(&n) < 10)
			sched_yield();
		mummy_pool_free(p);
		for (int k = 0; k < 10; k++) {
			ck_assert_int_eq(mummy_task_wait(t[k], 0, NULL), -ECANCELED);
			mummy_task_unref(t[k]);
		}
	}
}
END_TEST

START_TEST(periodic_tasks_are_cancelled_at_any_moment)
{
	mummy_pool *p = pool_of(MUMMY_POOL_TASKS, 2);
	struct mummy_task_options opt = { .period_ms = 1 };
	atomic_int n = 0;

	for (int i = 0; i < 300; i++) {
		int seen = atomic_load(&n), rc;
		mummy_task *t;

		ck_assert_int_eq(mummy_task_submit(&t, p, beat, &n, &opt), 0);
		while (i % 3 == 0 && atomic_load(&n) == seen)
			sched_yield();
		rc = mummy_task_cancel(t);
		ck_assert(rc == 0 || rc == -EBUSY);
		if (rc == 0)
			ck_assert_int_eq(mummy_task_wait(t, 0, NULL), -ECANCELED);
		mummy_task_unref(t);
	}
	mummy_pool_free(p);
}
END_TEST

SUITE_MAIN("pool/task", a_periodic_task_runs_until_cancelled, a_periodic_task_may_end_itself,
	   a_drain_ends_periodic_tasks, periodic_tasks_are_cancelled_at_any_moment, a_higher_priority_comes_first, a_task_has_a_result, a_wait_has_a_limit, a_delay_is_kept_in_the_right_order,
	   a_cancelled_task_does_not_run, continuations_run_also_while_draining, all_workers_may_wait_for_tasks,
	   a_drain_ends_a_wait_for_a_delay,
	   submit_cancel_and_wait_from_many_threads, options_are_checked)
