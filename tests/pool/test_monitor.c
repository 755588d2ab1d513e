#include <config.h>
#include "suite.h"
#include "pools.h"
#include "worker.h"
#include "places.h"
#include "mummy-common.h"

static mummy_pool *growing(unsigned threads, unsigned max, unsigned idle_ms)
{
	struct mummy_pool_options opt = { .kind = MUMMY_POOL_TASKS, .threads = threads, .max_threads = max,
					  .idle_ms = idle_ms };
	mummy_pool *p = NULL;

	ck_assert_int_eq(mummy_pool_new(&p, &opt), 0);
	return p;
}

static struct mummy_pool_stats stats_of(mummy_pool *p)
{
	struct mummy_pool_stats stats;

	mummy_pool_stats_get(p, &stats);
	return stats;
}

#if defined HAVE_PTHREAD_GETCPUCLOCKID && defined __linux__
/* A thread asleep in something that the pool knows nothing of. */
struct hall {
	pthread_mutex_t lock;
	pthread_cond_t opened;
	bool open;
	atomic_int inside;
};

static void hall_job(void *arg)
{
	struct hall *hall = arg;

	atomic_fetch_add(&hall->inside, 1);
	pthread_mutex_lock(&hall->lock);
	while (!hall->open)
		pthread_cond_wait(&hall->opened, &hall->lock);
	pthread_mutex_unlock(&hall->lock);
}

static void *hall_task(void *arg)
{
	hall_job(arg);
	return NULL;
}

static void open_hall(struct hall *hall)
{
	pthread_mutex_lock(&hall->lock);
	hall->open = true;
	pthread_cond_broadcast(&hall->opened);
	pthread_mutex_unlock(&hall->lock);
}

static void inside(struct hall *hall, int n)
{
	while (atomic_load(&hall->inside) < n)
		sched_yield();
}

START_TEST(jobs_that_block_all_run_at_once)
{
	struct hall hall = { .lock = PTHREAD_MUTEX_INITIALIZER, .opened = PTHREAD_COND_INITIALIZER };
	mummy_pool *p = growing(2, 100, 0);

	for (int i = 0; i < 60; i++)
		ck_assert_int_eq(mummy_pool_submit(p, hall_job, &hall), 0);
	inside(&hall, 60);
	ck_assert_uint_ge(stats_of(p).grown, 58);
	ck_assert_uint_eq(stats_of(p).running, 60);
	open_hall(&hall);
	mummy_pool_free(p);
}
END_TEST

START_TEST(growth_ends_at_the_limit)
{
	struct hall hall = { .lock = PTHREAD_MUTEX_INITIALIZER, .opened = PTHREAD_COND_INITIALIZER };
	mummy_pool *p = growing(1, 5, 0);

	for (int i = 0; i < 20; i++)
		ck_assert_int_eq(mummy_pool_submit(p, hall_job, &hall), 0);
	inside(&hall, 5);
	ck_assert_uint_eq(stats_of(p).threads, 5);
	open_hall(&hall);
	mummy_pool_free(p);
	ck_assert_int_eq(atomic_load(&hall.inside), 20);
}
END_TEST

START_TEST(added_threads_retire_and_come_again)
{
	mummy_pool *p = growing(2, 30, 1);

	for (unsigned round = 1; round <= 3; round++) {
		struct hall hall = { .lock = PTHREAD_MUTEX_INITIALIZER, .opened = PTHREAD_COND_INITIALIZER };

		for (int i = 0; i < 20; i++)
			ck_assert_int_eq(mummy_pool_submit(p, hall_job, &hall), 0);
		inside(&hall, 20);
		open_hall(&hall);
		/* The hall goes out of scope, so that all have to have left it. */
		while (stats_of(p).threads > 2 || stats_of(p).completed < 20 * round
		       || stats_of(p).grown != stats_of(p).retired)
			sched_yield();
		ck_assert_uint_ge(stats_of(p).retired, 18 * round);
		until_places_taken(p, 2);
	}
	/* The places of those that left are used again. */
	ck_assert_uint_le(p->made, 45);
	mummy_pool_free(p);
}
END_TEST

/* The only worker is blocked when the time comes. */
START_TEST(the_time_is_kept_while_all_block)
{
	struct hall hall = { .lock = PTHREAD_MUTEX_INITIALIZER, .opened = PTHREAD_COND_INITIALIZER };
	struct mummy_task_options opt = { .delay_ms = 20 };
	mummy_pool *p = growing(1, 10, 0);

	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(mummy_task_submit(NULL, p, hall_task, &hall, &opt), 0);
	ck_assert_int_eq(mummy_pool_submit(p, hall_job, &hall), 0);
	inside(&hall, 5);
	opt.delay_ms = 1;
	ck_assert_int_eq(mummy_task_submit(NULL, p, hall_task, &hall, &opt), 0);
	inside(&hall, 6);
	open_hall(&hall);
	mummy_pool_free(p);
}
END_TEST

/* Forks and jobs that lie with a worker count as well. */
static void submit_inside(void *arg)
{
	for (int i = 0; i < 5; i++)
		ck_assert_int_eq(mummy_pool_submit(mpool_current->pool, hall_job, arg), 0);
	hall_job(arg);
}

START_TEST(what_lies_with_a_blocked_worker_is_taken)
{
	struct hall hall = { .lock = PTHREAD_MUTEX_INITIALIZER, .opened = PTHREAD_COND_INITIALIZER };
	mummy_pool *p = growing(1, 10, 0);

	ck_assert_int_eq(mummy_pool_submit(p, submit_inside, &hall), 0);
	inside(&hall, 6);
	open_hall(&hall);
	mummy_pool_free(p);
}
END_TEST
#endif

static void compute(void *arg)
{
	uint64_t until = mummy_now_ns() + 5000000;

	while (mummy_now_ns() < until)
		;
	atomic_fetch_add((atomic_int *)arg, 1);
}

static uint64_t grown_by_computing(void)
{
	mummy_pool *p = growing(2, 100, 0);
	atomic_int n = 0;
	uint64_t grown;

	for (int i = 0; i < 40; i++)
		ck_assert_int_eq(mummy_pool_submit(p, compute, &n), 0);
	while (atomic_load(&n) < 40)
		sched_yield();
	grown = stats_of(p).grown;
	mummy_pool_free(p);
	return grown;
}

/* Where others have the CPUs a worker may wait for the pool's lock, whose owner waits for a CPU, over
 * two ticks: that is blocked. It does not come every time. */
START_TEST(jobs_that_compute_cause_no_growth)
{
	int rounds = 0;

	while (grown_by_computing() > 0)
		ck_assert_int_lt(++rounds, 20);
}
END_TEST

static bool is_armed(mummy_pool *p)
{
	bool armed;

	pthread_mutex_lock(&p->lock);
	armed = p->armed;
	pthread_mutex_unlock(&p->lock);
	return armed;
}

START_TEST(it_sleeps_while_nothing_waits)
{
	mummy_pool *p = growing(1, 2, 0);
	struct gate gate = { 0 };
	atomic_int n = 0;

	ck_assert_int_eq(mummy_pool_submit(p, gate_job, &gate), 0);
	gate_reached(&gate);
	ck_assert_int_eq(mummy_pool_submit(p, compute, &n), 0);
	ck_assert(is_armed(p));
	gate_open(&gate);
	while (is_armed(p))
		sched_yield();
	mummy_pool_free(p);
	ck_assert_int_eq(atomic_load(&n), 1);
}
END_TEST

#if defined HAVE_PTHREAD_GETCPUCLOCKID && defined __linux__
#define MEASURED jobs_that_block_all_run_at_once, growth_ends_at_the_limit, \
	added_threads_retire_and_come_again, the_time_is_kept_while_all_block, \
	what_lies_with_a_blocked_worker_is_taken,
#else
#define MEASURED
#endif
SUITE_MAIN("pool/monitor", MEASURED jobs_that_compute_cause_no_growth, it_sleeps_while_nothing_waits)
