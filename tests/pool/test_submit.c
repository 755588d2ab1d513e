#include <config.h>
#include "suite.h"
#include "pools.h"
#include <errno.h>
#include <string.h>

static void add_one(void *arg)
{
	atomic_fetch_add((atomic_int *)arg, 1);
}

START_TEST(every_job_runs_once)
{
	for (int kind = 0; kind < 2; kind++) {
		mummy_pool *p = pool_of((enum mummy_pool_kind)kind, 3);
		atomic_int n = 0;

		for (int i = 0; i < 10000; i++)
			ck_assert_int_eq(mummy_pool_submit(p, add_one, &n), 0);
		ck_assert_int_eq(mummy_pool_drain(p, -1), 0);
		ck_assert_int_eq(atomic_load(&n), 10000);
		mummy_pool_free(p);
	}
}
END_TEST

struct order {
	int seen[1000], n;
};
struct item {
	struct order *order;
	int value;
};

static void note(void *arg)
{
	struct item *item = arg;

	item->order->seen[item->order->n++] = item->value;
}

START_TEST(threads_are_first_in_first_out)
{
	mummy_pool *p = pool_of(MUMMY_POOL_THREADS, 1);
	static struct order order;
	static struct item items[1000];

	for (int i = 0; i < 1000; i++) {
		items[i] = (struct item){ &order, i };
		ck_assert_int_eq(mummy_pool_submit(p, note, &items[i]), 0);
	}
	mummy_pool_free(p);
	ck_assert_int_eq(order.n, 1000);
	for (int i = 0; i < 1000; i++)
		ck_assert_int_eq(order.seen[i], i);
}
END_TEST

START_TEST(a_full_queue_refuses)
{
	for (int kind = 0; kind < 2; kind++) {
		struct mummy_pool_options opt = { .kind = (enum mummy_pool_kind)kind, .threads = 1, .max_queued = 2 };
		struct mummy_task_options later = { .delay_ms = 60000 };
		struct mummy_pool_stats stats;
		struct gate gate = { 0 };
		atomic_int n = 0;
		mummy_pool *p;

		ck_assert_int_eq(mummy_pool_new(&p, &opt), 0);
		ck_assert_int_eq(mummy_pool_submit(p, gate_job, &gate), 0);
		gate_reached(&gate);
		ck_assert_int_eq(mummy_pool_submit(p, add_one, &n), 0);
		ck_assert_int_eq(mummy_task_submit(NULL, p, gate_task, &gate, &later), 0);
		ck_assert_int_eq(mummy_pool_submit(p, add_one, &n), -EAGAIN);
		ck_assert_int_eq(mummy_task_submit(NULL, p, gate_task, &gate, &later), -EAGAIN);
		mummy_pool_stats_get(p, &stats);
		ck_assert_uint_eq(stats.refused, 2);
		ck_assert_uint_eq(stats.queued, 2);
		ck_assert_uint_eq(stats.running, 1);
		gate_open(&gate);
		mummy_pool_free(p);
		ck_assert_int_eq(atomic_load(&n), 1);
	}
}
END_TEST

struct nest {
	mummy_pool *pool;
	atomic_int left, ran, refused;
};

static void spawn(void *arg)
{
	struct nest *nest = arg;

	atomic_fetch_add(&nest->ran, 1);
	for (int i = 0; i < 2 && atomic_fetch_sub(&nest->left, 1) > 0; i++)
		if (mummy_pool_submit(nest->pool, spawn, nest) < 0)
			atomic_fetch_add(&nest->refused, 1);
}

static void *watch_left(struct nest *nest)
{
	while (atomic_load(&nest->left) > 0)
		sched_yield();
	return NULL;
}

START_TEST(jobs_submit_jobs)
{
	for (int kind = 0; kind < 2; kind++) {
		struct nest nest = { .left = 20000 };
		struct mummy_pool_stats stats;

		nest.pool = pool_of((enum mummy_pool_kind)kind, 3);
		ck_assert_int_eq(mummy_pool_submit(nest.pool, spawn, &nest), 0);
		watch_left(&nest);
		ck_assert_int_eq(mummy_pool_drain(nest.pool, -1), 0);
		ck_assert_int_eq(atomic_load(&nest.ran) + atomic_load(&nest.refused), 20001);
		mummy_pool_stats_get(nest.pool, &stats);
		ck_assert_uint_eq(stats.completed, (uint64_t)atomic_load(&nest.ran));
		ck_assert_uint_eq(stats.submitted, stats.completed);
		ck_assert_uint_eq(stats.refused, (uint64_t)atomic_load(&nest.refused));
		ck_assert_uint_eq(stats.queued + stats.running, 0);
		mummy_pool_free(nest.pool);
	}
}
END_TEST

static void submit_wide(void *arg)
{
	struct nest *nest = arg;

	for (int i = 0; i < 3000; i++)
		ck_assert_int_eq(mummy_pool_submit(nest->pool, add_one, &nest->ran), 0);
	atomic_store(&nest->left, 0);
}

START_TEST(what_a_deque_cannot_hold_goes_to_the_shared_queue)
{
	struct nest nest = { .left = 1 };

	nest.pool = pool_of(MUMMY_POOL_TASKS, 1);
	ck_assert_int_eq(mummy_pool_submit(nest.pool, submit_wide, &nest), 0);
	watch_left(&nest);
	mummy_pool_free(nest.pool);
	ck_assert_int_eq(atomic_load(&nest.ran), 3000);
}
END_TEST

START_TEST(a_draining_pool_refuses)
{
	mummy_pool *p = pool_of(MUMMY_POOL_TASKS, 2);
	atomic_int n = 0;

	ck_assert_int_eq(mummy_pool_drain(p, 0), 0);
	ck_assert_int_eq(mummy_pool_submit(p, add_one, &n), -ESHUTDOWN);
	ck_assert_int_eq(mummy_task_submit(NULL, p, NULL, NULL, NULL), -ESHUTDOWN);
	mummy_pool_free(p);
	ck_assert_int_eq(atomic_load(&n), 0);
}
END_TEST

struct crowd {
	mummy_pool *pool;
	atomic_int ran, accepted;
	atomic_bool shut;
};

static void *submitter(void *arg)
{
	struct crowd *c = arg;
	int rc;

	while ((rc = mummy_pool_submit(c->pool, add_one, &c->ran)) != -ESHUTDOWN)
		if (rc == 0)
			atomic_fetch_add(&c->accepted, 1);
	return NULL;
}

static void *drainer(void *arg)
{
	struct crowd *c = arg;

	while (atomic_load(&c->accepted) < 5000)
		sched_yield();
	ck_assert_int_eq(mummy_pool_drain(c->pool, -1), 0);
	return NULL;
}

START_TEST(many_threads_submit_while_others_drain)
{
	for (int kind = 0; kind < 2; kind++) {
		struct mummy_pool_options opt = { .kind = (enum mummy_pool_kind)kind, .threads = 3,
						  .max_queued = 200 };
		struct crowd crowd = { 0 };
		pthread_t t[5];

		ck_assert_int_eq(mummy_pool_new(&crowd.pool, &opt), 0);
		for (int i = 0; i < 5; i++)
			ck_assert_int_eq(pthread_create(&t[i], NULL, i < 3 ? submitter : drainer, &crowd), 0);
		for (int i = 0; i < 5; i++)
			pthread_join(t[i], NULL);
		ck_assert_int_eq(atomic_load(&crowd.ran), atomic_load(&crowd.accepted));
		mummy_pool_free(crowd.pool);
	}
}
END_TEST

struct walled {
	struct gate gate;
	atomic_int ran;
};

static void wall_or_add(void *arg)
{
	struct walled *walled = arg;

	if (atomic_fetch_add(&walled->ran, 1) == 0)
		gate_job(&walled->gate);
}

/* Whatever the first worker has taken along, the other gets it while the first does not end. */
START_TEST(a_job_holds_up_no_other)
{
	/* A job may look at its gate once more after others have seen it there. */
	static struct walled halls[20];
	static struct gate doors[20][2];
	mummy_pool *p = pool_of(MUMMY_POOL_TASKS, 2);

	for (int round = 0; round < 20; round++) {
		struct walled *walled = &halls[round];
		struct gate *gates = doors[round];

		/* So that many wait when one takes the first. */
		for (int i = 0; i < 2; i++) {
			ck_assert_int_eq(mummy_pool_submit(p, gate_job, &gates[i]), 0);
			gate_reached(&gates[i]);
		}
		for (int i = 0; i < 200; i++)
			ck_assert_int_eq(mummy_pool_submit(p, wall_or_add, walled), 0);
		gate_open(&gates[0]);
		gate_reached(&walled->gate);
		gate_open(&gates[1]);
		while (atomic_load(&walled->ran) < 200)
			sched_yield();
		gate_open(&walled->gate);
	}
	mummy_pool_free(p);
}
END_TEST

SUITE_MAIN("pool/submit", a_job_holds_up_no_other, every_job_runs_once, threads_are_first_in_first_out, a_full_queue_refuses,
	   jobs_submit_jobs, what_a_deque_cannot_hold_goes_to_the_shared_queue, a_draining_pool_refuses,
	   many_threads_submit_while_others_drain)
