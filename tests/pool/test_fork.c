#include <config.h>
#include "suite.h"
#include "pools.h"
#include "worker.h"
#include <string.h>

struct fib {
	int n;
	uint64_t result;
};

static void fib(void *arg)
{
	struct fib *f = arg, a = { f->n - 1, 0 }, b = { f->n - 2, 0 };
	struct mummy_pool_task t;

	if (f->n < 2) {
		f->result = (uint64_t)f->n;
		return;
	}
	mummy_pool_fork(&t, fib, &a);
	fib(&b);
	mummy_pool_join(&t);
	f->result = a.result + b.result;
}

static uint64_t fib_on(mummy_pool *p, int n)
{
	struct fib f = { n, 0 };
	struct mummy_pool_group g;

	mummy_pool_group_init(&g, p);
	ck_assert_int_eq(mummy_pool_group_submit(&g, fib, &f), 0);
	mummy_pool_group_wait(&g);
	return f.result;
}

START_TEST(off_a_worker_it_runs_at_once)
{
	struct fib f = { 20, 0 };

	fib(&f);
	ck_assert_uint_eq(f.result, 6765);
}
END_TEST

START_TEST(nested_on_any_number_of_threads)
{
	for (unsigned threads = 1; threads <= 5; threads++) {
		mummy_pool *p = pool_of(MUMMY_POOL_TASKS, threads);

		for (int round = 0; round < 5; round++)
			ck_assert_uint_eq(fib_on(p, 20), 6765);
		mummy_pool_free(p);
	}
}
END_TEST

START_TEST(on_a_thread_pool_it_runs_at_once)
{
	mummy_pool *p = pool_of(MUMMY_POOL_THREADS, 2);

	ck_assert_uint_eq(fib_on(p, 15), 610);
	mummy_pool_free(p);
}
END_TEST

/* The forked half can only run on the other worker, as the forking one waits for it. */
struct pair {
	pthread_t forker, runner;
	atomic_bool ran;
};

static void note_runner(void *arg)
{
	struct pair *pair = arg;

	pair->runner = pthread_self();
	atomic_store(&pair->ran, true);
}

static void fork_and_watch(void *arg)
{
	struct pair *pair = arg;
	struct mummy_pool_task t;

	pair->forker = pthread_self();
	mummy_pool_fork(&t, note_runner, pair);
	while (!atomic_load(&pair->ran))
		sched_yield();
	mummy_pool_join(&t);
}

START_TEST(an_idle_worker_is_woken_for_a_fork)
{
	mummy_pool *p = pool_of(MUMMY_POOL_TASKS, 2);
	struct mummy_pool_stats stats;

	for (int i = 0; i < 200; i++) {
		struct pair pair = { 0 };
		struct mummy_pool_group g;

		mummy_pool_group_init(&g, p);
		ck_assert_int_eq(mummy_pool_group_submit(&g, fork_and_watch, &pair), 0);
		mummy_pool_group_wait(&g);
		ck_assert(!pthread_equal(pair.forker, pair.runner));
	}
	mummy_pool_stats_get(p, &stats);
	ck_assert_uint_ge(stats.steals, 200);
	mummy_pool_free(p);
}
END_TEST

/* The joiner sleeps; its thief forks and waits in turn, so only the joiner can help it. */
struct chain {
	struct pair inner;
	atomic_bool stolen;
};

static void stolen_half(void *arg)
{
	struct chain *chain = arg;
	struct mummy_pool_stats before, now;

	atomic_store(&chain->stolen, true);
	/* Until the joiner sleeps, or nearly; help has to come in either case. */
	mummy_pool_stats_get(mpool_current->pool, &before);
	for (int i = 0; i < 1000; i++) {
		mummy_pool_stats_get(mpool_current->pool, &now);
		sched_yield();
	}
	fork_and_watch(&chain->inner);
}

static void outer(void *arg)
{
	struct chain *chain = arg;
	struct mummy_pool_task t;

	mummy_pool_fork(&t, stolen_half, chain);
	while (!atomic_load(&chain->stolen))
		sched_yield();
	mummy_pool_join(&t);
}

START_TEST(who_waits_for_a_thief_helps_it)
{
	mummy_pool *p = pool_of(MUMMY_POOL_TASKS, 2);

	for (int i = 0; i < 50; i++) {
		struct chain chain = { 0 };
		struct mummy_pool_group g;

		mummy_pool_group_init(&g, p);
		ck_assert_int_eq(mummy_pool_group_submit(&g, outer, &chain), 0);
		mummy_pool_group_wait(&g);
		ck_assert(atomic_load(&chain.inner.ran));
	}
	mummy_pool_free(p);
}
END_TEST

enum { MANY = 3000 };

static void set_one(void *arg)
{
	*(char *)arg = 1;
}

static void fork_many(void *arg)
{
	static struct mummy_pool_task t[MANY];
	char *set = arg;

	for (int i = 0; i < MANY; i++)
		mummy_pool_fork(&t[i], set_one, &set[i]);
	for (int i = MANY; i-- > 0;)
		mummy_pool_join(&t[i]);
}

START_TEST(more_forks_than_the_deque_holds)
{
	static char set[MANY];

	for (unsigned threads = 1; threads <= 3; threads += 2) {
		mummy_pool *p = pool_of(MUMMY_POOL_TASKS, threads);

		memset(set, 0, sizeof set);
		ck_assert_int_eq(mummy_pool_submit(p, fork_many, set), 0);
		mummy_pool_free(p);
		for (int i = 0; i < MANY; i++)
			ck_assert_int_eq(set[i], 1);
	}
}
END_TEST

SUITE_MAIN("pool/fork", off_a_worker_it_runs_at_once, nested_on_any_number_of_threads,
	   on_a_thread_pool_it_runs_at_once, an_idle_worker_is_woken_for_a_fork, who_waits_for_a_thief_helps_it,
	   more_forks_than_the_deque_holds)
