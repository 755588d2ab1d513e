/* Every allocation, and every start of a thread, of whole sessions is made to fail in turn, and then
 * all from one on: what was accepted runs, nothing leaks. */
#include <config.h>
#define SUITE_TIMEOUT_S 200
#include "suite.h"
#include "pools.h"
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>

static atomic_long calls;        /* since begin() */
static atomic_long first, last;  /* of those, which fail */
static atomic_long balance;      /* what the library has not given back */
static atomic_bool counting;

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *old, size_t n);
void *__real_aligned_alloc(size_t align, size_t n);
void __real_free(void *p);
void *__real_mmap(void *at, size_t n, int prot, int flags, int fd, off_t offset);
int __real_munmap(void *at, size_t n);
int __real_pthread_mutex_init(pthread_mutex_t *m, const pthread_mutexattr_t *attr);
int __real_pthread_mutex_destroy(pthread_mutex_t *m);
int __real_pthread_create(pthread_t *out, const pthread_attr_t *attr, void *(*start)(void *), void *arg);
int __wrap_pthread_create(pthread_t *out, const pthread_attr_t *attr, void *(*start)(void *), void *arg);
int __wrap_pthread_mutex_destroy(pthread_mutex_t *m);
int __wrap_pthread_mutex_init(pthread_mutex_t *m, const pthread_mutexattr_t *attr);
int __wrap_munmap(void *at, size_t n);
void *__wrap_mmap(void *at, size_t n, int prot, int flags, int fd, off_t offset);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *old, size_t n);
void *__wrap_aligned_alloc(size_t align, size_t n);
void __wrap_free(void *p);

static bool fails(void)
{
	long n;

	if (!atomic_load(&counting))
		return false;
	n = atomic_fetch_add(&calls, 1);
	return n >= atomic_load(&first) && n <= atomic_load(&last);
}

static void *counted(void *p)
{
	if (p && atomic_load(&counting))
		atomic_fetch_add(&balance, 1);
	return p;
}

void *__wrap_malloc(size_t n)
{
	return fails() ? NULL : counted(__real_malloc(n));
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : counted(__real_calloc(n, size));
}

void *__wrap_aligned_alloc(size_t align, size_t n)
{
	return fails() ? NULL : counted(__real_aligned_alloc(align, n));
}

void *__wrap_realloc(void *old, size_t n)
{
	if (fails())
		return NULL;
	return old ? __real_realloc(old, n) : counted(__real_realloc(old, n));
}

void __wrap_free(void *p)
{
	if (p && atomic_load(&counting))
		atomic_fetch_sub(&balance, 1);
	__real_free(p);
}

void *__wrap_mmap(void *at, size_t n, int prot, int flags, int fd, off_t offset)
{
	void *p;

	if (fails())
		return MAP_FAILED;
	p = __real_mmap(at, n, prot, flags, fd, offset);
	if (p != MAP_FAILED)
		counted(p);
	return p;
}

int __wrap_munmap(void *at, size_t n)
{
	if (atomic_load(&counting))
		atomic_fetch_sub(&balance, 1);
	return __real_munmap(at, n);
}

int __wrap_pthread_mutex_init(pthread_mutex_t *m, const pthread_mutexattr_t *attr)
{
	if (fails())
		return ENOMEM;
	counted(m);
	return __real_pthread_mutex_init(m, attr);
}

int __wrap_pthread_mutex_destroy(pthread_mutex_t *m)
{
	if (atomic_load(&counting))
		atomic_fetch_sub(&balance, 1);
	return __real_pthread_mutex_destroy(m);
}

int __wrap_pthread_create(pthread_t *out, const pthread_attr_t *attr, void *(*start)(void *), void *arg)
{
	return fails() ? EAGAIN : __real_pthread_create(out, attr, start, arg);
}

struct tally {
	enum mummy_pool_kind kind;
	mummy_pool *p;
	atomic_int accepted, ran, failed;
	struct gate gate;
	atomic_bool passed;
	int fds[2];
};

static void run(void *arg)
{
	atomic_fetch_add(&((struct tally *)arg)->ran, 1);
}

static void *run_task(void *arg)
{
	run(arg);
	return NULL;
}

/** True when it was accepted. */
static bool note(struct tally *tally, int rc)
{
	if (rc == 0)
		atomic_fetch_add(&tally->accepted, 1);
	/* Where no stack can be had, no more fibers are taken. */
	else if (rc == -ENOMEM || (rc == -EAGAIN && tally->kind == MUMMY_POOL_FIBERS))
		atomic_fetch_add(&tally->failed, 1);
	else
		atomic_store(&tally->accepted, -1000000);
	return rc == 0;
}

static bool begin(struct tally *tally, unsigned threads, unsigned max_threads)
{
	struct mummy_pool_options opt = { .kind = tally->kind, .threads = threads, .max_threads = max_threads };
	int rc = mummy_pool_new(&tally->p, &opt);

	if (rc == 0)
		return true;
	note(tally, rc == -EAGAIN ? -ENOMEM : rc);
	return false;
}

/* ---- The sessions ----------------------------------------------------------------------------- */

static void tasks(struct tally *tally)
{
	struct mummy_task_options opt = { 0 };

	for (unsigned i = 0; i < 40; i++) {
		mummy_task *t = NULL;

		opt.delay_ms = i % 2;
		if (!note(tally, mummy_task_submit(&t, tally->p, run_task, tally, &opt)))
			continue;
		note(tally, mummy_task_then(t, run, tally));
		mummy_task_unref(t);
	}
}

static void all_ways_to_submit(struct tally *tally)
{
	struct mummy_pool_group g;

	if (!begin(tally, 2, 2))
		return;
	for (int i = 0; i < 200; i++)
		note(tally, mummy_pool_submit(tally->p, run, tally));
	mummy_pool_group_init(&g, tally->p);
	for (int i = 0; i < 100; i++)
		note(tally, mummy_pool_group_submit(&g, run, tally));
	mummy_pool_group_wait(&g);
	tasks(tally);
	mummy_pool_free(tally->p);
}

enum { BEATERS = 100 };

static void *beat(void *arg)
{
	atomic_fetch_add((atomic_int *)arg, 1);
	return NULL;
}

/* As all are due at once, while each keeps room for its next time too, the queue has to grow then. */
static void periods(struct tally *tally)
{
	const struct mummy_task_options opt = { .period_ms = 1 };
	mummy_task *t[BEATERS];
	atomic_int beats[BEATERS] = { 0 };

	if (!begin(tally, 1, 1))
		return;
	if (note(tally, mummy_pool_submit(tally->p, gate_job, &tally->gate))) {
		gate_reached(&tally->gate);
		run(tally);
	}
	for (int i = 0; i < BEATERS; i++)
		if (!note(tally, mummy_task_submit(&t[i], tally->p, beat, &beats[i], &opt)))
			t[i] = NULL;
		else
			run(tally);
	gate_open(&tally->gate);
	for (int i = 0; i < BEATERS; i++) {
		int rc;

		if (!t[i])
			continue;
		/* One that never had room to come does not come when all fail for ever. */
		while (atomic_load(&beats[i]) == 0 && atomic_load(&last) == atomic_load(&first))
			sched_yield();
		rc = mummy_task_cancel(t[i]);
		if (rc != 0 && rc != -EBUSY)
			note(tally, rc);
		if (mummy_task_wait(t[i], -1, NULL) != -ECANCELED)
			note(tally, -EINVAL);
		mummy_task_unref(t[i]);
	}
	mummy_pool_free(tally->p);
}

static void pass(void *arg)
{
	run(arg);
	atomic_store(&((struct tally *)arg)->passed, true);
}

/* Without growth nobody is there to run the other. */
static void block(void *arg)
{
	struct tally *tally = arg;

	atomic_fetch_add(&tally->gate.reached, 1);
	mummy_pool_blocking_begin();
	while (!atomic_load(&tally->passed))
		sched_yield();
	mummy_pool_blocking_end();
	run(tally);
}

static void growth(struct tally *tally)
{
	if (!begin(tally, 1, 4))
		return;
	if (note(tally, mummy_pool_submit(tally->p, block, tally))) {
		gate_reached(&tally->gate);
		if (!note(tally, mummy_pool_submit(tally->p, pass, tally)))
			atomic_store(&tally->passed, true);
		/* No thread can be added: the monitor goes on trying. */
		if (atomic_load(&last) > atomic_load(&first))
			atomic_store(&tally->passed, true);
	}
	mummy_pool_free(tally->p);
}

static void sizes(struct tally *tally)
{
	static const unsigned to[] = { 6, 2, 9, 1, 4, 0 };

	if (!begin(tally, 2, 3))
		return;
	for (size_t i = 0; i < sizeof to / sizeof to[0]; i++) {
		int rc = mummy_pool_resize(tally->p, to[i]);

		if (rc != 0 && rc != -EAGAIN)
			note(tally, rc);
		note(tally, mummy_pool_submit(tally->p, run, tally));
	}
	mummy_pool_free(tally->p);
}

/* ---- Running them ------------------------------------------------------------------------------- */

static int failures(void (*session)(struct tally *tally), enum mummy_pool_kind kind, long from, long to)
{
	struct tally tally = { .kind = kind };

	atomic_store(&balance, 0);
	atomic_store(&calls, 0);
	atomic_store(&first, from);
	atomic_store(&last, to);
	atomic_store(&counting, true);
	session(&tally);
	atomic_store(&counting, false);
	ck_assert_int_eq(atomic_load(&tally.ran), atomic_load(&tally.accepted));
	ck_assert_int_eq(atomic_load(&balance), 0);
	return atomic_load(&tally.failed);
}

/* How many calls a session makes depends on how fast its threads are, so that some more are tried. */
static void each_fails(void (*session)(struct tally *tally), enum mummy_pool_kind kind, int at_least)
{
	long n;
	int failed = 0;

	ck_assert_int_eq(failures(session, kind, -1, -1), 0);
	n = atomic_load(&calls) + 4;
	for (long i = 0; i < n; i++) {
		failed += failures(session, kind, i, i) > 0;
		failures(session, kind, i, n * 100);
	}
	ck_assert_int_ge(failed, at_least);
}

START_TEST(in_all_ways_to_submit)
{
	/* A pool, its workers, a group and 40 tasks with continuations take more than these. */
	each_fails(all_ways_to_submit, MUMMY_POOL_THREADS, 80);
	each_fails(all_ways_to_submit, MUMMY_POOL_TASKS, 80);
	each_fails(all_ways_to_submit, MUMMY_POOL_FIBERS, 80);
}
END_TEST

static void send_and_receive(void *arg)
{
	struct tally *tally = arg;
	mummy_task_channel *c = NULL;
	void *item;

	mummy_task_block(run, tally);
	if (note(tally, mummy_task_channel_new(&c, 1))) {
		mummy_task_channel_send(c, tally, -1);
		if (mummy_task_channel_receive(c, &item, -1) == 0)
			run(tally);
		mummy_task_channel_free(c);
	}
	/* The helpers and the poller are there or not. */
	if (note(tally, mummy_task_wait_fd(tally->fds[0], POLLIN, 1) == -ETIMEDOUT ? 0 : -ENOMEM))
		run(tally);
}

static void what_fibers_do(struct tally *tally)
{
	if (pipe(tally->fds) < 0)
		return;
	if (begin(tally, 1, 2)) {
		for (int i = 0; i < 40; i++)
			note(tally, mummy_pool_submit(tally->p, send_and_receive, tally));
		mummy_pool_free(tally->p);
	}
	close(tally->fds[0]);
	close(tally->fds[1]);
}

START_TEST(in_what_fibers_do)
{
	each_fails(what_fibers_do, MUMMY_POOL_FIBERS, 10);
}
END_TEST

START_TEST(in_periodic_tasks)
{
	each_fails(periods, MUMMY_POOL_THREADS, 100);
	each_fails(periods, MUMMY_POOL_TASKS, 100);
	each_fails(periods, MUMMY_POOL_FIBERS, 100);
}
END_TEST

START_TEST(when_threads_are_added)
{
	each_fails(growth, MUMMY_POOL_TASKS, 5);
}
END_TEST

START_TEST(when_the_pool_is_resized)
{
	each_fails(sizes, MUMMY_POOL_THREADS, 5);
	each_fails(sizes, MUMMY_POOL_TASKS, 10);
}
END_TEST

SUITE_MAIN("pool/memory", in_all_ways_to_submit, in_what_fibers_do, in_periodic_tasks, when_threads_are_added,
	   when_the_pool_is_resized)
