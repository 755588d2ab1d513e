/* Every allocation, and every start of a thread, of a whole session is made to fail in turn: nothing
 * is lost, nothing leaks. */
#include <config.h>
#include "suite.h"
#include "pools.h"
#include <errno.h>
#include <stdbool.h>
#include <string.h>

static atomic_long countdown;    /* the allocation that fails; negative: none */
static atomic_long balance;      /* blocks of the library that are not freed */
static atomic_bool counting;

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *old, size_t n);
void *__real_aligned_alloc(size_t align, size_t n);
void __real_free(void *p);
int __real_pthread_create(pthread_t *out, const pthread_attr_t *attr, void *(*start)(void *), void *arg);
int __wrap_pthread_create(pthread_t *out, const pthread_attr_t *attr, void *(*start)(void *), void *arg);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *old, size_t n);
void *__wrap_aligned_alloc(size_t align, size_t n);
void __wrap_free(void *p);

static bool fails(void)
{
	return atomic_load(&counting) && atomic_fetch_sub(&countdown, 1) == 0;
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

int __wrap_pthread_create(pthread_t *out, const pthread_attr_t *attr, void *(*start)(void *), void *arg)
{
	return fails() ? EAGAIN : __real_pthread_create(out, attr, start, arg);
}

struct tally {
	atomic_int accepted, ran, failed;
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

static void note(struct tally *tally, int rc)
{
	if (rc == 0)
		atomic_fetch_add(&tally->accepted, 1);
	else if (rc == -ENOMEM)
		atomic_fetch_add(&tally->failed, 1);
	else
		atomic_store(&tally->accepted, -1000000);
}

static void tasks(mummy_pool *p, struct tally *tally)
{
	struct mummy_task_options opt = { 0 };
	mummy_task *t;
	int rc;

	for (unsigned i = 0; i < 40; i++) {
		opt.delay_ms = i % 2;
		t = NULL;
		rc = mummy_task_submit(&t, p, run_task, tally, &opt);
		note(tally, rc);
		if (rc < 0)
			continue;
		note(tally, mummy_task_then(t, run, tally));
		mummy_task_unref(t);
	}
}

static void session(enum mummy_pool_kind kind, struct tally *tally)
{
	struct mummy_pool_options opt = { .kind = kind, .threads = 2 };
	struct mummy_pool_group g;
	mummy_pool *p;
	int rc = mummy_pool_new(&p, &opt);

	if (rc < 0) {
		note(tally, rc == -EAGAIN ? -ENOMEM : rc);
		return;
	}
	for (int i = 0; i < 200; i++)
		note(tally, mummy_pool_submit(p, run, tally));
	mummy_pool_group_init(&g, p);
	for (int i = 0; i < 100; i++)
		note(tally, mummy_pool_group_submit(&g, run, tally));
	mummy_pool_group_wait(&g);
	tasks(p, tally);
	mummy_pool_free(p);
}

static int failures(enum mummy_pool_kind kind, long nth)
{
	struct tally tally = { 0 };

	atomic_store(&balance, 0);
	atomic_store(&countdown, nth);
	atomic_store(&counting, true);
	session(kind, &tally);
	atomic_store(&counting, false);
	ck_assert_int_eq(atomic_load(&tally.ran), atomic_load(&tally.accepted));
	ck_assert_int_eq(atomic_load(&balance), 0);
	return atomic_load(&tally.failed);
}

START_TEST(every_allocation_fails_in_turn)
{
	for (int kind = 0; kind < 2; kind++) {
		long nth = 0;

		while (failures((enum mummy_pool_kind)kind, nth) > 0)
			nth++;
		/* As a pool, its workers, a group and 40 tasks with continuations take more than these. */
		ck_assert_int_gt(nth, 80);
	}
}
END_TEST

SUITE_MAIN("pool/memory", every_allocation_fails_in_turn)
