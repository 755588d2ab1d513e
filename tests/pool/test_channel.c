#include <config.h>
#include "suite.h"
#include "pools.h"
#include <errno.h>

static mummy_task_channel *channel_of(size_t capacity)
{
	mummy_task_channel *c = NULL;

	ck_assert_int_eq(mummy_task_channel_new(&c, capacity), 0);
	return c;
}

START_TEST(first_in_first_out)
{
	mummy_task_channel *c = channel_of(3);
	void *item = NULL;

	for (uintptr_t round = 0; round < 5; round++) {
		for (uintptr_t i = 1; i <= 3; i++)
			ck_assert_int_eq(mummy_task_channel_send(c, (void *)i, 0), 0);
		ck_assert_int_eq(mummy_task_channel_send(c, &item, 0), -ETIMEDOUT);
		ck_assert_int_eq(mummy_task_channel_send(c, &item, 1), -ETIMEDOUT);
		for (uintptr_t i = 1; i <= 3; i++) {
			ck_assert_int_eq(mummy_task_channel_receive(c, &item, i == 2 ? -1 : 0), 0);
			ck_assert_ptr_eq(item, (void *)i);
		}
		ck_assert_int_eq(mummy_task_channel_receive(c, &item, 0), -ETIMEDOUT);
		ck_assert_int_eq(mummy_task_channel_receive(c, &item, 1), -ETIMEDOUT);
	}
	mummy_task_channel_free(c);
}
END_TEST

START_TEST(closed_is_closed)
{
	mummy_task_channel *c = channel_of(2);
	void *item = NULL;

	ck_assert_int_eq(mummy_task_channel_send(c, &c, -1), 0);
	mummy_task_channel_close(c);
	mummy_task_channel_close(c);
	ck_assert_int_eq(mummy_task_channel_send(c, &c, -1), -EPIPE);
	ck_assert_int_eq(mummy_task_channel_receive(c, &item, -1), 0);
	ck_assert_ptr_eq(item, &c);
	ck_assert_int_eq(mummy_task_channel_receive(c, &item, -1), -EPIPE);
	mummy_task_channel_free(c);
	mummy_task_channel_free(NULL);
	ck_assert_int_eq(mummy_task_channel_new(&c, 0), -EINVAL);
	ck_assert_int_eq(mummy_task_channel_new(&c, SIZE_MAX), -EINVAL);
}
END_TEST

#define EACH 500

struct trade {
	mummy_task_channel *channel;
	atomic_long sum;
	atomic_int ended;
};

static void produce(void *arg)
{
	struct trade *t = arg;

	for (uintptr_t i = 1; i <= EACH; i++)
		while (mummy_task_channel_send(t->channel, (void *)i, i % 3 ? -1 : 1) == -ETIMEDOUT)
			;
	atomic_fetch_add(&t->ended, 1);
}

static void consume(void *arg)
{
	struct trade *t = arg;
	void *item;
	int rc;

	while ((rc = mummy_task_channel_receive(t->channel, &item, 1)) != -EPIPE)
		if (rc == 0)
			atomic_fetch_add(&t->sum, (long)(uintptr_t)item);
}

static void *produce_on_a_thread(void *arg)
{
	produce(arg);
	return NULL;
}

/* Fibers, workers and a thread of the program send to fibers and workers. */
START_TEST(everybody_trades)
{
	for (size_t capacity = 1; capacity <= 16; capacity *= 4) {
		struct trade t = { .channel = channel_of(capacity) };
		mummy_pool *fibers = pool_of(MUMMY_POOL_FIBERS, 2), *tasks = pool_of(MUMMY_POOL_TASKS, 2);
		pthread_t thread;

		for (int i = 0; i < 5; i++) {
			ck_assert_int_eq(mummy_pool_submit(fibers, consume, &t), 0);
			ck_assert_int_eq(mummy_pool_submit(fibers, produce, &t), 0);
		}
		ck_assert_int_eq(mummy_pool_submit(tasks, consume, &t), 0);
		ck_assert_int_eq(mummy_pool_submit(tasks, produce, &t), 0);
		ck_assert_int_eq(pthread_create(&thread, NULL, produce_on_a_thread, &t), 0);
		pthread_join(thread, NULL);
		while (atomic_load(&t.ended) < 7)
			sched_yield();
		mummy_task_channel_close(t.channel);
		mummy_pool_free(fibers);
		mummy_pool_free(tasks);
		ck_assert_int_eq(atomic_load(&t.sum), 7L * EACH * (EACH + 1) / 2);
		mummy_task_channel_free(t.channel);
	}
}
END_TEST

static void wait_to_the_end(void *arg)
{
	struct trade *t = arg;
	void *item;

	ck_assert_int_eq(mummy_task_channel_receive(t->channel, &item, -1), -EPIPE);
	atomic_fetch_add(&t->ended, 1);
}

START_TEST(close_wakes_everybody)
{
	struct trade t = { .channel = channel_of(1) };
	mummy_pool *p = pool_of(MUMMY_POOL_FIBERS, 2);
	struct mummy_pool_stats stats;

	for (int i = 0; i < 50; i++)
		ck_assert_int_eq(mummy_pool_submit(p, wait_to_the_end, &t), 0);
	do
		mummy_pool_stats_get(p, &stats);
	while (stats.parked < 50);
	mummy_task_channel_close(t.channel);
	mummy_pool_free(p);
	ck_assert_int_eq(atomic_load(&t.ended), 50);
	mummy_task_channel_free(t.channel);
}
END_TEST

/* As a lock: only one is inside, though it parks there. */
struct room {
	mummy_task_channel *lock;
	int inside, visits;
};

static void visit(void *arg)
{
	struct room *r = arg;
	void *token;

	for (int i = 0; i < 10; i++) {
		ck_assert_int_eq(mummy_task_channel_send(r->lock, r, -1), 0);
		ck_assert_int_eq(r->inside++, 0);
		mummy_task_yield();
		r->visits++;
		r->inside--;
		ck_assert_int_eq(mummy_task_channel_receive(r->lock, &token, 0), 0);
	}
}

START_TEST(capacity_one_is_a_lock)
{
	struct room r = { .lock = channel_of(1) };
	mummy_pool *p = pool_of(MUMMY_POOL_FIBERS, 3);

	for (int i = 0; i < 50; i++)
		ck_assert_int_eq(mummy_pool_submit(p, visit, &r), 0);
	mummy_pool_free(p);
	ck_assert_int_eq(r.visits, 500);
	mummy_task_channel_free(r.lock);
}
END_TEST

SUITE_MAIN("pool/channel", first_in_first_out, closed_is_closed, everybody_trades, close_wakes_everybody,
	   capacity_one_is_a_lock)
