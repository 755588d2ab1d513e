#include <config.h>
#include "suite.h"
#include "pools.h"
#include <errno.h>
#include <string.h>

struct meeting {
	mummy_pool *pool;
	uintptr_t token[2];
	atomic_int woken;
};

static void wake(void *arg)
{
	struct meeting *m = arg;

	mummy_pool_wake(m->pool, m->token);
}

static void wait_on_a_worker(void *arg)
{
	struct meeting *m = arg;

	ck_assert_int_eq(mummy_pool_wait(m->pool, m->token, -1), 0);
	atomic_store(&m->woken, 1);
}

START_TEST(wait_and_wake_in_either_order)
{
	mummy_pool *p = pool_of(MUMMY_POOL_THREADS, 2);

	for (int i = 0; i < 1000; i++) {
		struct meeting m = { .pool = p };

		if (i % 2)
			wake(&m);
		else
			ck_assert_int_eq(mummy_pool_submit(p, wake, &m), 0);
		ck_assert_int_eq(mummy_pool_wait(p, m.token, i % 3 ? -1 : 30000), 0);
	}
	mummy_pool_free(p);
}
END_TEST

START_TEST(a_worker_may_wait)
{
	mummy_pool *p = pool_of(MUMMY_POOL_TASKS, 1);
	struct meeting m = { .pool = p };

	ck_assert_int_eq(mummy_pool_submit(p, wait_on_a_worker, &m), 0);
	ck_assert_int_eq(mummy_pool_drain(p, 20), -ETIMEDOUT);
	ck_assert_int_eq(atomic_load(&m.woken), 0);
	wake(&m);
	ck_assert_int_eq(mummy_pool_drain(p, -1), 0);
	ck_assert_int_eq(atomic_load(&m.woken), 1);
	mummy_pool_free(p);
}
END_TEST

START_TEST(a_wait_times_out)
{
	mummy_pool *p = pool_of(MUMMY_POOL_TASKS, 1);
	struct meeting m = { .pool = p };

	ck_assert_int_eq(mummy_pool_wait(p, m.token, 5), -ETIMEDOUT);
	wake(&m);
	ck_assert_int_eq(mummy_pool_wait(p, m.token, 0), 0);
	mummy_pool_free(p);
}
END_TEST

SUITE_MAIN("pool/wait", wait_and_wake_in_either_order, a_worker_may_wait, a_wait_times_out)
