#include <config.h>
#include "suite.h"
#include "queue.h"

static void run(void *arg)
{
	(void)arg;
}

static void push(struct mpool_queue *q, enum mummy_pool_priority priority, int n)
{
	static char names[3];

	for (int i = 0; i < n; i++)
		ck_assert_int_eq(mpool_queue_push(q, priority, (struct mpool_job){ run, &names[priority + 1] }), 0);
}

/* Priorities as letters, in the order of pops. */
static void pops(struct mpool_queue *q, char *out, size_t n)
{
	static char *base;
	struct mpool_queue probe = { 0 };
	struct mpool_job job;

	push(&probe, MUMMY_POOL_LOW, 1);
	ck_assert(mpool_queue_pop(&probe, &job));
	base = job.arg;
	mpool_queue_destroy(&probe);
	for (size_t i = 0; i < n; i++) {
		ck_assert(mpool_queue_pop(q, &job));
		out[i] = "lnh"[(char *)job.arg - base];
	}
	out[n] = '\0';
}

START_TEST(the_highest_comes_first_and_none_starves)
{
	struct mpool_queue q = { 0 };
	struct mpool_job job;
	char out[128];

	push(&q, MUMMY_POOL_LOW, 20);
	push(&q, MUMMY_POOL_NORMAL, 20);
	push(&q, MUMMY_POOL_HIGH, 20);
	pops(&q, out, 32);
	ck_assert_str_eq(out, "hhhnhhhnhhhnhhhlhhhnhhhnhhnnnnnl");
	pops(&q, out, 28);
	ck_assert(!mpool_queue_pop(&q, &job));
	ck_assert_uint_eq(q.count, 0);
	mpool_queue_destroy(&q);
}
END_TEST

START_TEST(promises_are_counted)
{
	struct mpool_queue q = { 0 };

	ck_assert_int_eq(mpool_queue_promise(&q, MUMMY_POOL_HIGH), 0);
	ck_assert_int_eq(mpool_queue_promise(&q, MUMMY_POOL_LOW), 0);
	ck_assert_uint_eq(q.promised, 2);
	mpool_queue_fulfil(&q, MUMMY_POOL_HIGH, (struct mpool_job){ run, NULL });
	mpool_queue_withdraw(&q, MUMMY_POOL_LOW);
	ck_assert_uint_eq(q.promised, 0);
	ck_assert_uint_eq(q.count, 1);
	ck_assert_uint_eq(mpool_queue_urgent(&q), 1);
	mpool_queue_destroy(&q);
}
END_TEST

START_TEST(others_are_no_priorities)
{
	ck_assert(mpool_priority_ok(MUMMY_POOL_LOW) && mpool_priority_ok(MUMMY_POOL_HIGH));
	ck_assert(!mpool_priority_ok((enum mummy_pool_priority)2));
	ck_assert(!mpool_priority_ok((enum mummy_pool_priority)-2));
}
END_TEST

SUITE_MAIN("pool/queue", the_highest_comes_first_and_none_starves, promises_are_counted,
	   others_are_no_priorities)
