#include <config.h>
#include "suite.h"
#include "pools.h"
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>

START_TEST(options_are_checked)
{
	struct mummy_pool_options kind = { .kind = (enum mummy_pool_kind)3 };
	struct mummy_pool_options threads = { .threads = MUMMY_POOL_MAX_THREADS + 1 };
	struct mummy_pool_options tail = { .threads = 1 };
	mummy_pool *untouched = (mummy_pool *)&kind, *p = untouched;

	tail.reserved[sizeof tail.reserved / sizeof tail.reserved[0] - 1] = 1;
	ck_assert_int_eq(mummy_pool_new(&p, &kind), -EINVAL);
	ck_assert_int_eq(mummy_pool_new(&p, &threads), -EINVAL);
	ck_assert_int_eq(mummy_pool_new(&p, &tail), -EINVAL);
	ck_assert_ptr_eq(p, untouched);
	mummy_pool_free(NULL);
}
END_TEST

START_TEST(defaults_make_threads)
{
	struct mummy_pool_options tasks = { .kind = MUMMY_POOL_TASKS };
	struct mummy_pool_stats many, few;
	mummy_pool *p;

	ck_assert_int_eq(mummy_pool_new(&p, NULL), 0);
	mummy_pool_stats_get(p, &many);
	mummy_pool_free(p);
	ck_assert_int_eq(mummy_pool_new(&p, &tasks), 0);
	mummy_pool_stats_get(p, &few);
	mummy_pool_free(p);
	ck_assert_uint_ge(few.threads, 1);
	ck_assert_uint_eq(many.threads, few.threads * 8);
}
END_TEST

struct hooks {
	atomic_uint started, stopped;
};

static void on_start(void *ctx, unsigned index)
{
	atomic_fetch_or(&((struct hooks *)ctx)->started, 1u << index);
}

static void on_stop(void *ctx, unsigned index)
{
	atomic_fetch_or(&((struct hooks *)ctx)->stopped, 1u << index);
}

START_TEST(hooks_run_on_each_thread)
{
	for (int kind = 0; kind < 2; kind++) {
		struct hooks hooks = { 0 };
		struct mummy_pool_options opt = { .kind = (enum mummy_pool_kind)kind, .threads = 5,
						  .thread_start = on_start, .thread_stop = on_stop, .ctx = &hooks };
		mummy_pool *p;

		ck_assert_int_eq(mummy_pool_new(&p, &opt), 0);
		ck_assert_uint_eq(atomic_load(&hooks.stopped), 0);
		mummy_pool_free(p);
		ck_assert_uint_eq(atomic_load(&hooks.started), 31);
		ck_assert_uint_eq(atomic_load(&hooks.stopped), 31);
	}
}
END_TEST

struct look {
	sigset_t blocked;
	char name[32];
};

static void look_around(void *arg)
{
	struct look *look = arg;

	pthread_sigmask(SIG_SETMASK, NULL, &look->blocked);
#ifdef HAVE_PTHREAD_SETNAME_NP
	pthread_getname_np(pthread_self(), look->name, sizeof look->name);
#endif
}

START_TEST(workers_block_signals_and_have_names)
{
	struct mummy_pool_options opt = { .threads = 1 };
	const char *const prefixes[] = { NULL, "db", "a-very-long-prefix" };
	const char *const names[] = { "mummy-0", "db-0", "a-very-long-p-0" };

	for (int i = 0; i < 3; i++) {
		struct look look = { .name = "" };
		mummy_pool *p;

		opt.name = prefixes[i];
		ck_assert_int_eq(mummy_pool_new(&p, &opt), 0);
		ck_assert_int_eq(mummy_pool_submit(p, look_around, &look), 0);
		mummy_pool_free(p);
		ck_assert(sigismember(&look.blocked, SIGTERM) && sigismember(&look.blocked, SIGPIPE)
			  && sigismember(&look.blocked, SIGUSR1));
#ifdef HAVE_PTHREAD_SETNAME_NP
		ck_assert_str_eq(look.name, names[i]);
#else
		(void)names;
#endif
	}
}
END_TEST

static int count_entries(const char *folder)
{
	DIR *dir = opendir(folder);
	int n = 0;

	while (dir && readdir(dir))
		n++;
	if (dir)
		closedir(dir);
	return n;
}

START_TEST(nothing_is_left_behind)
{
	int descriptors, threads;

	/* The first thread of a process may bring one of a sanitizer's along. */
	mummy_pool_free(pool_of(MUMMY_POOL_THREADS, 1));
	descriptors = count_entries("/proc/self/fd");
	threads = count_entries("/proc/self/task");
	for (int i = 0; i < 50; i++) {
		mummy_pool *p = pool_of(i % 2 ? MUMMY_POOL_TASKS : MUMMY_POOL_THREADS, 4);

		ck_assert_int_eq(count_entries("/proc/self/fd"), descriptors);
		mummy_pool_free(p);
	}
	ck_assert_int_eq(count_entries("/proc/self/fd"), descriptors);
	/* A joined thread leaves the list of the kernel a moment later; the time-out is the test. */
	while (count_entries("/proc/self/task") > threads)
		sched_yield();
}
END_TEST

struct inside {
	mummy_pool *pool;
	int rc;
};

static void drain_inside(void *arg)
{
	struct inside *inside = arg;

	inside->rc = mummy_pool_drain(inside->pool, -1);
}

START_TEST(a_worker_cannot_drain_its_own_pool)
{
	for (int kind = 0; kind < 2; kind++) {
		struct inside inside = { pool_of((enum mummy_pool_kind)kind, 2), 0 };
		struct mummy_pool_group g;

		mummy_pool_group_init(&g, inside.pool);
		ck_assert_int_eq(mummy_pool_group_submit(&g, drain_inside, &inside), 0);
		mummy_pool_group_wait(&g);
		ck_assert_int_eq(inside.rc, -EDEADLK);
		mummy_pool_free(inside.pool);
	}
}
END_TEST

START_TEST(a_drain_has_a_limit_and_goes_on)
{
	for (int kind = 0; kind < 2; kind++) {
		mummy_pool *p = pool_of((enum mummy_pool_kind)kind, 1);
		struct gate gate = { 0 };

		ck_assert_int_eq(mummy_pool_submit(p, gate_job, &gate), 0);
		gate_reached(&gate);
		ck_assert_int_eq(mummy_pool_drain(p, 0), -ETIMEDOUT);
		ck_assert_int_eq(mummy_pool_drain(p, 10), -ETIMEDOUT);
		ck_assert_int_eq(mummy_pool_submit(p, gate_job, &gate), -ESHUTDOWN);
		gate_open(&gate);
		ck_assert_int_eq(mummy_pool_drain(p, 30000), 0);
		ck_assert_int_eq(mummy_pool_drain(p, 0), 0);
		mummy_pool_free(p);
	}
}
END_TEST

static double seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void *hit(void *arg)
{
	atomic_fetch_add((atomic_int *)arg, 1);
	return NULL;
}

START_TEST(a_drain_does_not_sit_out_delays)
{
	const struct mummy_task_options hour = { .delay_ms = 3600000 };
	double start = seconds();

	for (int kind = 0; kind < 2; kind++) {
		mummy_pool *p = pool_of((enum mummy_pool_kind)kind, 2);
		atomic_int n = 0;

		for (int i = 0; i < 10; i++)
			ck_assert_int_eq(mummy_task_submit(NULL, p, hit, &n, &hour), 0);
		mummy_pool_free(p);
		ck_assert_int_eq(atomic_load(&n), 10);
	}
	ck_assert(seconds() - start < 30);
}
END_TEST

SUITE_MAIN("pool/pool", options_are_checked, defaults_make_threads, hooks_run_on_each_thread,
	   workers_block_signals_and_have_names, nothing_is_left_behind, a_worker_cannot_drain_its_own_pool,
	   a_drain_has_a_limit_and_goes_on, a_drain_does_not_sit_out_delays)
