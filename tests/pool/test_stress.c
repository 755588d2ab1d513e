/* Many threads use one pool in all ways at once: what was accepted runs once, or is cancelled. */
#include <config.h>
#define SUITE_TIMEOUT_S 200
#include "suite.h"
#include "pools.h"
#include <errno.h>
#include <stdbool.h>
#include <time.h>

enum { THREADS = 4, ROUNDS = 150 };

struct storm {
	mummy_pool *p;
	atomic_long accepted, ran, cancelled, beats;
	atomic_bool over, limited;
};

static void hit(void *arg)
{
	atomic_fetch_add(&((struct storm *)arg)->ran, 1);
}

static void *hit_task(void *arg)
{
	hit(arg);
	return NULL;
}

static void *beat(void *arg)
{
	atomic_fetch_add(&((struct storm *)arg)->beats, 1);
	return NULL;
}

static void note(struct storm *storm, int rc)
{
	if (rc == 0)
		atomic_fetch_add(&storm->accepted, 1);
	else
		ck_assert(rc == -ESHUTDOWN || (rc == -EAGAIN && atomic_load(&storm->limited)));
}

/* Submits from inside, forks, parks where it can, and blocks. */
static void busy(void *arg)
{
	struct storm *storm = arg;
	struct timespec nap = { .tv_nsec = 100000 };
	struct mummy_pool_task forks[8];
	struct mummy_pool_group g;

	for (int i = 0; i < 4; i++)
		note(storm, mummy_pool_submit(storm->p, hit, storm));
	mummy_pool_group_init(&g, storm->p);
	for (int i = 0; i < 2; i++)
		note(storm, mummy_pool_group_submit(&g, hit, storm));
	mummy_pool_group_wait(&g);
	for (int i = 0; i < 8; i++) {
		atomic_fetch_add(&storm->accepted, 1);
		mummy_pool_fork(&forks[i], hit, storm);
	}
	mummy_task_yield();
	for (int i = 7; i >= 0; i--)
		mummy_pool_join(&forks[i]);
	mummy_task_sleep(1);
	atomic_fetch_add(&storm->accepted, 1);
	mummy_task_block(hit, storm);
	mummy_pool_blocking_begin();
	nanosleep(&nap, NULL);
	mummy_pool_blocking_end();
	hit(storm);
}

static void one_task(struct storm *storm, unsigned i)
{
	struct mummy_task_options opt = { .priority = (enum mummy_pool_priority)((int)(i % 3) - 1),
					  .delay_ms = i % 4 };
	mummy_task *t;
	int rc = mummy_task_submit(&t, storm->p, hit_task, storm, &opt);

	note(storm, rc);
	if (rc < 0)
		return;
	note(storm, mummy_task_then(t, hit, storm));
	if (i % 2)
		mummy_task_wait(t, (int)(i % 3), NULL);
	if (mummy_task_cancel(t) == 0)
		atomic_fetch_add(&storm->cancelled, 1);
	mummy_task_unref(t);
}

static void one_period(struct storm *storm)
{
	struct mummy_task_options opt = { .period_ms = 1 };
	mummy_task *t;

	if (mummy_task_submit(&t, storm->p, beat, storm, &opt) < 0)
		return;
	mummy_task_wait(t, 2, NULL);
	mummy_task_cancel(t);
	mummy_task_unref(t);
}

static void *user(void *arg)
{
	struct storm *storm = arg;
	struct mummy_pool_group g;

	for (unsigned i = 0; i < ROUNDS; i++) {
		note(storm, mummy_pool_submit(storm->p, busy, storm));
		one_task(storm, i);
		if (i % 16 == 0)
			one_period(storm);
		mummy_pool_group_init(&g, storm->p);
		for (int k = 0; k < 3; k++)
			note(storm, mummy_pool_group_submit(&g, hit, storm));
		mummy_pool_group_wait(&g);
	}
	return NULL;
}

static void *resizer(void *arg)
{
	struct storm *storm = arg;
	struct mummy_pool_stats stats;

	for (unsigned i = 0; !atomic_load(&storm->over); i++) {
		int rc = mummy_pool_resize(storm->p, i % 5 + 1);

		ck_assert(rc == 0 || rc == -ESHUTDOWN);
		mummy_pool_stats_get(storm->p, &stats);
		sched_yield();
	}
	return NULL;
}

/* Once so much has run. */
static void *drainer(void *arg)
{
	struct storm *storm = arg;

	while (atomic_load(&storm->ran) < ROUNDS)
		sched_yield();
	while (mummy_pool_drain(storm->p, 1) == -ETIMEDOUT)
		;
	return NULL;
}

static void weather(struct storm *storm, bool drain_early)
{
	pthread_t users[THREADS], drainers[2], other;

	ck_assert_int_eq(pthread_create(&other, NULL, resizer, storm), 0);
	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&users[i], NULL, user, storm), 0);
	for (int i = 0; drain_early && i < 2; i++)
		ck_assert_int_eq(pthread_create(&drainers[i], NULL, drainer, storm), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(users[i], NULL);
	for (int i = 0; drain_early && i < 2; i++)
		pthread_join(drainers[i], NULL);
	atomic_store(&storm->over, true);
	pthread_join(other, NULL);
	mummy_pool_free(storm->p);
	ck_assert_int_eq(atomic_load(&storm->ran) + atomic_load(&storm->cancelled), atomic_load(&storm->accepted));
}

START_TEST(nothing_is_lost_in_a_storm)
{
	for (int i = 0; i < 12; i++) {
		struct mummy_pool_options opt = { .kind = (enum mummy_pool_kind)(i % 3), .threads = 2,
						  .max_threads = 12, .idle_ms = 1, .spin_us = i % 2 ? 50 : 0,
						  .max_queued = i / 3 == 1 ? 20 : 0,
						  .max_fibers = i < 6 ? 0 : 40 };
		struct storm storm = { .limited = opt.max_queued > 0 };
		int rc = mummy_pool_new(&storm.p, &opt);

		if (rc == -ENOTSUP && opt.kind == MUMMY_POOL_FIBERS)
			continue;
		ck_assert_int_eq(rc, 0);
		weather(&storm, i >= 6);
	}
}
END_TEST

SUITE_MAIN("pool/stress", nothing_is_lost_in_a_storm)
