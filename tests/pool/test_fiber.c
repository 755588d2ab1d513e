/* mmap, mprotect and madvise are wrapped, so that a full map table can be had. */
#include <config.h>
#include "suite.h"
#include "pools.h"
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static atomic_int map_table_full;

void *__real_mmap(void *at, size_t n, int prot, int flags, int fd, off_t off);
void *__wrap_mmap(void *at, size_t n, int prot, int flags, int fd, off_t off);
int __real_mprotect(void *at, size_t n, int prot);
int __wrap_mprotect(void *at, size_t n, int prot);
int __real_madvise(void *at, size_t n, int advice);
int __wrap_madvise(void *at, size_t n, int advice);

static int refused(void)
{
	errno = ENOMEM;
	return atomic_load(&map_table_full);
}

void *__wrap_mmap(void *at, size_t n, int prot, int flags, int fd, off_t off)
{
	return refused() ? MAP_FAILED : __real_mmap(at, n, prot, flags, fd, off);
}

int __wrap_mprotect(void *at, size_t n, int prot)
{
	return refused() ? -1 : __real_mprotect(at, n, prot);
}

int __wrap_madvise(void *at, size_t n, int advice)
{
	return advice == 102 && refused() ? -1 : __real_madvise(at, n, advice);
}

static mummy_pool *fibers(unsigned threads)
{
	return pool_of(MUMMY_POOL_FIBERS, threads);
}

/* ---- Many at once on few threads ----------------------------------------------------------------- */

#define CROWD 300

struct crowd {
	atomic_int begun, ended, most, now;
	int size;
};

static void meet(void *arg)
{
	struct crowd *c = arg;
	int now = atomic_fetch_add(&c->now, 1) + 1, most = atomic_load(&c->most);

	while (now > most && !atomic_compare_exchange_weak(&c->most, &most, now))
		;
	atomic_fetch_add(&c->begun, 1);
	while (atomic_load(&c->begun) < c->size)
		mummy_task_yield();
	mummy_task_sleep(1);
	atomic_fetch_sub(&c->now, 1);
	atomic_fetch_add(&c->ended, 1);
}

/* None ends before all have begun. */
START_TEST(all_are_begun_at_once)
{
	for (unsigned threads = 1; threads <= 3; threads++) {
		mummy_pool *p = fibers(threads);
		struct crowd c = { .size = CROWD };
		struct mummy_pool_stats stats;

		for (int i = 0; i < CROWD; i++)
			ck_assert_int_eq(mummy_pool_submit(p, meet, &c), 0);
		ck_assert_int_eq(mummy_pool_drain(p, -1), 0);
		ck_assert_int_eq(atomic_load(&c.ended), CROWD);
		ck_assert_int_eq(atomic_load(&c.most), CROWD);
		mummy_pool_stats_get(p, &stats);
		ck_assert_uint_eq(stats.completed, CROWD);
		ck_assert_uint_eq(stats.parked, 0);
		ck_assert_uint_eq(stats.running, 0);
		mummy_pool_free(p);
	}
}
END_TEST

static void pass_by(void *arg)
{
	struct crowd *c = arg;
	int now = atomic_fetch_add(&c->now, 1) + 1, most = atomic_load(&c->most);

	while (now > most && !atomic_compare_exchange_weak(&c->most, &most, now))
		;
	mummy_task_sleep(1);
	atomic_fetch_sub(&c->now, 1);
	atomic_fetch_add(&c->ended, 1);
}

START_TEST(more_than_max_fibers_wait_in_the_queue)
{
	for (unsigned threads = 1; threads <= 4; threads++) {
		struct mummy_pool_options opt = { .kind = MUMMY_POOL_FIBERS, .threads = threads, .max_fibers = 3,
						  .max_cached_stacks = 2 };
		struct crowd c = { 0 };
		mummy_pool *p;

		ck_assert_int_eq(mummy_pool_new(&p, &opt), 0);
		for (int i = 0; i < 100; i++)
			ck_assert_int_eq(mummy_pool_submit(p, pass_by, &c), 0);
		mummy_pool_free(p);
		ck_assert_int_eq(atomic_load(&c.ended), 100);
		ck_assert_int_le(atomic_load(&c.most), 3);
	}
}
END_TEST

struct family {
	mummy_pool *pool;
	struct mummy_pool_group group;
	atomic_int members, failed;
};

static void have_children(void *arg)
{
	struct family *f = arg;

	for (int i = 0; i < 3; i++) {
		if (atomic_fetch_add(&f->members, 1) < 200
		    && mummy_pool_group_submit(&f->group, have_children, f) < 0)
			atomic_fetch_add(&f->failed, 1);
		mummy_task_yield();
	}
}

/* Jobs lie with workers that may begin no fiber just then; threads come and go. */
START_TEST(what_lies_with_full_workers_is_not_lost)
{
	for (unsigned round = 0; round < 60; round++) {
		struct mummy_pool_options opt = { .kind = MUMMY_POOL_FIBERS, .threads = 4,
						  .max_fibers = 1 + round % 3 };
		struct family f = { .members = 0 };

		ck_assert_int_eq(mummy_pool_new(&f.pool, &opt), 0);
		mummy_pool_group_init(&f.group, f.pool);
		for (int i = 0; i < 5; i++)
			ck_assert_int_eq(mummy_pool_group_submit(&f.group, have_children, &f), 0);
		if (round % 2)
			ck_assert_int_eq(mummy_pool_resize(f.pool, 2), 0);
		mummy_pool_group_wait(&f.group);
		mummy_pool_free(f.pool);
		ck_assert_int_eq(atomic_load(&f.failed), 0);
	}
}
END_TEST

/* Each worker has one stack at least; so what was accepted runs, and what was not is refused. */
START_TEST(a_full_map_table_loses_nothing)
{
	mummy_pool *p = fibers(2);
	struct crowd c = { .size = 100000 };
	int accepted = 0, rc = 0;

	atomic_store(&map_table_full, 1);
	while (rc == 0) {
		const struct timespec moment = { 0, 1000000 };

		rc = mummy_pool_submit(p, meet, &c);
		accepted += rc == 0;
		ck_assert_int_lt(accepted, 99999);
		/* A worker has to come to it before it is known. */
		if (accepted > 1000)
			nanosleep(&moment, NULL);
	}
	ck_assert_int_eq(rc, -EAGAIN);
	atomic_fetch_add(&c.begun, 100000);
	ck_assert_int_eq(mummy_pool_drain(p, -1), 0);
	ck_assert_int_eq(atomic_load(&c.ended), accepted);
	atomic_store(&map_table_full, 0);
	mummy_pool_free(p);
}
END_TEST

/* ---- Where they run --------------------------------------------------------------------------------- */

struct wanderer {
	atomic_int strayed;
};

static void wander(void *arg)
{
	struct wanderer *w = arg;
	pthread_t thread = pthread_self();

	for (int i = 0; i < 20; i++) {
		errno = i;
		if (i % 2)
			mummy_task_yield();
		else
			mummy_task_sleep(1);
		if (!pthread_equal(thread, pthread_self()) || errno != i)
			atomic_store(&w->strayed, 1);
	}
}

START_TEST(a_fiber_stays_on_its_thread)
{
	mummy_pool *p = fibers(3);
	struct wanderer w = { 0 };

	for (int i = 0; i < 100; i++)
		ck_assert_int_eq(mummy_pool_submit(p, wander, &w), 0);
	mummy_pool_free(p);
	ck_assert_int_eq(atomic_load(&w.strayed), 0);
}
END_TEST

static void read_one(void *arg)
{
	char c;

	ck_assert_int_eq(read(*(int *)arg, &c, 1), 1);
}

static void write_one(void *arg)
{
	ck_assert_int_eq(write(*(int *)arg, "", 1), 1);
}

/* The one worker is held by read(2), which only a job that was not begun yet ends. */
START_TEST(a_held_worker_does_not_hold_what_was_not_begun)
{
	mummy_pool *p = fibers(1);
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	for (int i = 0; i < 5; i++) {
		ck_assert_int_eq(mummy_pool_submit(p, read_one, &fds[0]), 0);
		ck_assert_int_eq(mummy_pool_submit(p, write_one, &fds[1]), 0);
	}
	mummy_pool_free(p);
	close(fds[0]);
	close(fds[1]);
}
END_TEST

struct stay {
	mummy_pool *pool;
	uintptr_t token[2];
	atomic_int begun, ended;
};

static void stay(void *arg)
{
	struct stay *s = arg;

	atomic_fetch_add(&s->begun, 1);
	ck_assert_int_eq(mummy_pool_wait(s->pool, s->token, -1), 0);
	atomic_fetch_add(&s->ended, 1);
}

static void stay_and_submit(void *arg)
{
	struct stay *s = arg;

	stay(s);
	ck_assert_int_eq(mummy_pool_submit(s->pool, stay, s), 0);
}

/* Threads too many take no more jobs, and go when their fibers have ended. */
START_TEST(resize_waits_for_parked_fibers)
{
	mummy_pool *p = fibers(4);
	struct stay all[40];
	struct mummy_pool_stats stats;

	memset(all, 0, sizeof all);
	for (int i = 0; i < 40; i++) {
		all[i].pool = p;
		ck_assert_int_eq(mummy_pool_submit(p, stay_and_submit, &all[i]), 0);
	}
	for (int i = 0; i < 40; i++)
		while (!atomic_load(&all[i].begun))
			sched_yield();
	ck_assert_int_eq(mummy_pool_resize(p, 1), 0);
	do
		mummy_pool_stats_get(p, &stats);
	while (stats.threads > 1 || stats.parked < 40);
	/* The second wait finds the token woken. */
	for (int i = 0; i < 40; i++)
		mummy_pool_wake(p, all[i].token);
	for (int i = 0; i < 40; i++)
		while (atomic_load(&all[i].ended) < 2)
			sched_yield();
	mummy_pool_free(p);
}
END_TEST

/* ---- Waiting for each other ---------------------------------------------------------------------------- */

static void *give_back(void *arg)
{
	mummy_task_sleep(1);
	return arg;
}

static void add_up(void *arg)
{
	mummy_pool *p = arg;
	mummy_task *t[10];

	for (uintptr_t i = 0; i < 10; i++)
		ck_assert_int_eq(mummy_task_submit(&t[i], p, give_back, (void *)i, NULL), 0);
	for (uintptr_t i = 0; i < 10; i++) {
		void *result = NULL;

		ck_assert_int_eq(mummy_task_wait(t[i], i % 2 ? -1 : 60000, &result), 0);
		ck_assert_ptr_eq(result, (void *)i);
		mummy_task_unref(t[i]);
	}
}

START_TEST(fibers_wait_for_tasks)
{
	mummy_pool *p = fibers(1);
	struct mummy_pool_group g;

	mummy_pool_group_init(&g, p);
	for (int i = 0; i < 20; i++)
		ck_assert_int_eq(mummy_pool_group_submit(&g, add_up, p), 0);
	mummy_pool_group_wait(&g);
	mummy_pool_free(p);
}
END_TEST

struct nest {
	mummy_pool *pool;
	int depth;
	atomic_int *leaves;
};

static void nest(void *arg)
{
	struct nest *n = arg, below[2];
	struct mummy_pool_group g;

	if (n->depth == 0) {
		mummy_task_yield();
		atomic_fetch_add(n->leaves, 1);
		return;
	}
	mummy_pool_group_init(&g, n->pool);
	for (int i = 0; i < 2; i++) {
		below[i] = (struct nest){ n->pool, n->depth - 1, n->leaves };
		ck_assert_int_eq(mummy_pool_group_submit(&g, nest, &below[i]), 0);
	}
	mummy_pool_group_wait(&g);
}

START_TEST(groups_nest)
{
	for (unsigned threads = 1; threads <= 2; threads++) {
		mummy_pool *p = fibers(threads);
		atomic_int leaves = 0;
		struct nest top = { p, 6, &leaves };
		struct mummy_pool_group g;

		mummy_pool_group_init(&g, p);
		ck_assert_int_eq(mummy_pool_group_submit(&g, nest, &top), 0);
		mummy_pool_group_wait(&g);
		ck_assert_int_eq(atomic_load(&leaves), 64);
		mummy_pool_free(p);
	}
}
END_TEST

static void fork_and_join(void *arg)
{
	struct mummy_pool_task a, b;
	struct nest leaf = { NULL, 0, arg };

	mummy_pool_fork(&a, nest, &leaf);
	mummy_task_yield();
	mummy_pool_fork(&b, nest, &leaf);
	mummy_task_yield();
	mummy_pool_join(&b);
	mummy_pool_join(&a);
}

START_TEST(forks_run_at_once)
{
	mummy_pool *p = fibers(2);
	atomic_int leaves = 0;

	for (int i = 0; i < 50; i++)
		ck_assert_int_eq(mummy_pool_submit(p, fork_and_join, &leaves), 0);
	mummy_pool_free(p);
	ck_assert_int_eq(atomic_load(&leaves), 100);
}
END_TEST

/* ---- Tokens against time ------------------------------------------------------------------------------ */

struct duel {
	mummy_pool *pool;
	uintptr_t token[2];
	atomic_int over;
};

static void wait_shortly(void *arg)
{
	struct duel *d = arg;
	int rc;

	do
		rc = mummy_pool_wait(d->pool, d->token, 1);
	while (rc == -ETIMEDOUT);
	ck_assert_int_eq(rc, 0);
	atomic_store(&d->over, 1);
}

START_TEST(a_wake_and_a_time_out_meet)
{
	static struct duel duels[400];
	mummy_pool *p = fibers(2);

	memset(duels, 0, sizeof duels);
	for (int i = 0; i < 400; i++) {
		duels[i].pool = p;
		ck_assert_int_eq(mummy_pool_submit(p, wait_shortly, &duels[i]), 0);
	}
	for (int i = 0; i < 400; i++) {
		if (i % 8 == 0)
			usleep(500);
		mummy_pool_wake(p, duels[i].token);
	}
	mummy_pool_free(p);
	for (int i = 0; i < 400; i++)
		ck_assert_int_eq(atomic_load(&duels[i].over), 1);
}
END_TEST

START_TEST(drain_waits_for_parked_fibers)
{
	mummy_pool *p = fibers(2);
	struct stay s = { .pool = p };
	struct mummy_pool_stats stats;

	ck_assert_int_eq(mummy_pool_submit(p, stay, &s), 0);
	do
		mummy_pool_stats_get(p, &stats);
	while (stats.parked == 0);
	ck_assert_int_eq(mummy_pool_drain(p, 10), -ETIMEDOUT);
	ck_assert_int_eq(mummy_pool_submit(p, stay, &s), -ESHUTDOWN);
	mummy_pool_wake(p, s.token);
	ck_assert_int_eq(mummy_pool_drain(p, -1), 0);
	ck_assert_int_eq(atomic_load(&s.ended), 1);
	mummy_pool_free(p);
}
END_TEST

static void *stay_as_task(void *arg)
{
	stay(arg);
	return NULL;
}

START_TEST(a_parked_task_is_not_cancelled)
{
	mummy_pool *p = fibers(1);
	struct stay s = { .pool = p };
	struct mummy_task_options later = { .delay_ms = 3600000 };
	mummy_task *t, *never;

	ck_assert_int_eq(mummy_task_submit(&t, p, stay_as_task, &s, NULL), 0);
	ck_assert_int_eq(mummy_task_submit(&never, p, stay_as_task, &s, &later), 0);
	while (!atomic_load(&s.begun))
		sched_yield();
	ck_assert_int_eq(mummy_task_cancel(t), -EBUSY);
	ck_assert_int_eq(mummy_task_cancel(never), 0);
	mummy_pool_wake(p, s.token);
	ck_assert_int_eq(mummy_task_wait(t, -1, NULL), 0);
	ck_assert_int_eq(mummy_task_wait(never, -1, NULL), -ECANCELED);
	mummy_task_unref(t);
	mummy_task_unref(never);
	mummy_pool_free(p);
}
END_TEST

/* ---- Told when slow ----------------------------------------------------------------------------------- */

struct told {
	atomic_int times;
	atomic_uintptr_t run;
};

static void tell(void *ctx, void (*run)(void *arg), const char *name, uint64_t ms)
{
	struct told *t = ctx;

	(void)name, (void)ms;
	atomic_fetch_add(&t->times, 1);
	atomic_store(&t->run, (uintptr_t)run);
}

static void hold_the_thread(void *arg)
{
	(void)arg;
	usleep(120000);
	mummy_task_yield();
}

static void park_often(void *arg)
{
	(void)arg;
	for (int i = 0; i < 30; i++)
		mummy_task_sleep(5);
}

START_TEST(slow_is_who_holds_the_thread)
{
	struct told told = { 0 };
	struct mummy_pool_options opt = { .kind = MUMMY_POOL_FIBERS, .threads = 1, .max_threads = 1, .slow = tell,
					  .slow_ms = 100, .ctx = &told };
	mummy_pool *p;

	ck_assert_int_eq(mummy_pool_new(&p, &opt), 0);
	ck_assert_int_eq(mummy_pool_submit(p, park_often, NULL), 0);
	ck_assert_int_eq(mummy_pool_submit(p, hold_the_thread, NULL), 0);
	mummy_pool_free(p);
	ck_assert_int_ge(atomic_load(&told.times), 1);
	ck_assert_uint_eq(atomic_load(&told.run), (uintptr_t)hold_the_thread);
}
END_TEST

/* ---- fork(2) ------------------------------------------------------------------------------------------ */

struct child {
	mummy_pool *pool;
	int status;
};

static void fork_on_a_fiber(void *arg)
{
	struct child *c = arg;
	struct stay s = { .pool = c->pool };
	pid_t child = fork();

	if (child == 0) {
		mummy_task_sleep(1);
		mummy_task_yield();
		if (mummy_pool_submit(c->pool, stay, &s) != -ESHUTDOWN)
			_exit(1);
		mummy_pool_free(c->pool);
		mummy_task_sleep(1);
		_exit(0);
	}
	waitpid(child, &c->status, 0);
}

START_TEST(a_child_of_a_fiber_goes_on)
{
	mummy_pool *p = fibers(2);
	struct child c = { p, -1 };
	struct stay s = { .pool = p };

	ck_assert_int_eq(mummy_pool_submit(p, stay, &s), 0);
	while (!atomic_load(&s.begun))
		sched_yield();
	ck_assert_int_eq(mummy_pool_submit(p, fork_on_a_fiber, &c), 0);
	mummy_pool_wake(p, s.token);
	mummy_pool_free(p);
	ck_assert_int_eq(c.status, 0);
}
END_TEST

SUITE_MAIN("pool/fiber", all_are_begun_at_once, more_than_max_fibers_wait_in_the_queue,
	   what_lies_with_full_workers_is_not_lost,
	   a_full_map_table_loses_nothing, a_fiber_stays_on_its_thread,
	   a_held_worker_does_not_hold_what_was_not_begun, resize_waits_for_parked_fibers,
	   fibers_wait_for_tasks, groups_nest, forks_run_at_once, a_wake_and_a_time_out_meet,
	   drain_waits_for_parked_fibers, a_parked_task_is_not_cancelled, slow_is_who_holds_the_thread,
	   a_child_of_a_fiber_goes_on)
