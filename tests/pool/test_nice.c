#include <config.h>
#include "suite.h"
#include "pools.h"
#include <errno.h>
#include <sys/resource.h>

enum { NOT_YET = -100 };

struct seen {
	mummy_pool *pool;
	atomic_int nice[2];
};

static void look_again(void *arg)
{
	struct seen *s = arg;

	atomic_store(&s->nice[1], getpriority(PRIO_PROCESS, 0));
}

/* The thread that is added meanwhile is started by a worker, or by the monitor. */
static void look(void *arg)
{
	struct seen *s = arg;

	atomic_store(&s->nice[0], getpriority(PRIO_PROCESS, 0));
	mummy_pool_blocking_begin();
	ck_assert_int_eq(mummy_pool_submit(s->pool, look_again, s), 0);
	while (atomic_load(&s->nice[1]) == NOT_YET)
		sched_yield();
	mummy_pool_blocking_end();
}

START_TEST(workers_stand_back)
{
	int mine = getpriority(PRIO_PROCESS, 0), want = mine + 3 < 19 ? mine + 3 : 19;
	struct mummy_pool_options opt = { .kind = MUMMY_POOL_TASKS, .threads = 1, .max_threads = 2,
					  .nice = 3 };
	struct seen s = { .nice = { NOT_YET, NOT_YET } };

	ck_assert_int_eq(mummy_pool_new(&s.pool, &opt), 0);
	ck_assert_int_eq(mummy_pool_submit(s.pool, look, &s), 0);
	while (atomic_load(&s.nice[1]) == NOT_YET)
		sched_yield();
	mummy_pool_free(s.pool);
	ck_assert_int_eq(atomic_load(&s.nice[0]), want);
	ck_assert_int_eq(atomic_load(&s.nice[1]), want);
	ck_assert_int_eq(getpriority(PRIO_PROCESS, 0), mine);
}
END_TEST

START_TEST(a_worker_is_no_nicer_than_can_be)
{
	mummy_pool *p;

	ck_assert_int_eq(mummy_pool_new(&p, &(struct mummy_pool_options){ .nice = 20 }), -EINVAL);
	ck_assert_int_eq(mummy_pool_new(&p, &(struct mummy_pool_options){ .nice = 19 }), 0);
	mummy_pool_free(p);
}
END_TEST

SUITE_MAIN("pool/nice", workers_stand_back, a_worker_is_no_nicer_than_can_be)
