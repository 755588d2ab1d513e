#include <config.h>
#include "suite.h"
#include "deque.h"
#include <pthread.h>
#include <sched.h>
#include <string.h>

static void *item(uintptr_t n)
{
	return (void *)n;
}

START_TEST(the_owner_takes_the_last_and_thieves_the_first)
{
	struct mpool_deque d = { 0 };
	struct mpool_job job;

	ck_assert_int_eq(mpool_deque_init(&d, 8), 0);
	ck_assert(!mpool_deque_pop(&d, &job));
	ck_assert(!mpool_deque_steal(&d, &job));
	for (uintptr_t i = 1; i <= 4; i++)
		ck_assert(mpool_deque_push(&d, NULL, item(i)));
	ck_assert(mpool_deque_pop(&d, &job));
	ck_assert_ptr_eq(job.arg, item(4));
	ck_assert(mpool_deque_steal(&d, &job));
	ck_assert_ptr_eq(job.arg, item(1));
	ck_assert_int_eq(mpool_deque_size(&d), 2);
	ck_assert(mpool_deque_steal(&d, &job));
	ck_assert(mpool_deque_pop(&d, &job));
	ck_assert_ptr_eq(job.arg, item(3));
	ck_assert(!mpool_deque_pop(&d, &job));
	mpool_deque_destroy(&d);
}
END_TEST

START_TEST(a_full_one_refuses_until_there_is_room)
{
	struct mpool_deque d = { 0 };
	struct mpool_job job;

	ck_assert_int_eq(mpool_deque_init(&d, 4), 0);
	for (uintptr_t round = 0; round < 10; round++) {
		for (uintptr_t i = 0; i < 4; i++)
			ck_assert(mpool_deque_push(&d, NULL, item(i)));
		ck_assert(!mpool_deque_push(&d, NULL, item(9)));
		ck_assert(mpool_deque_steal(&d, &job));
		ck_assert_ptr_eq(job.arg, item(0));
		ck_assert(mpool_deque_push(&d, NULL, item(4)));
		for (uintptr_t i = 1; i < 5; i++) {
			ck_assert(mpool_deque_steal(&d, &job));
			ck_assert_ptr_eq(job.arg, item(i));
		}
	}
	mpool_deque_destroy(&d);
}
END_TEST

START_TEST(without_room_every_push_is_refused)
{
	struct mpool_deque d = { 0 };
	struct mpool_job job;

	ck_assert(!mpool_deque_push(&d, NULL, NULL));
	ck_assert_int_eq(mpool_deque_size(&d), 0);
	ck_assert(!mpool_deque_steal(&d, &job));
}
END_TEST

START_TEST(the_room_is_known)
{
	struct mpool_deque d = { 0 };
	struct mpool_job job;

	ck_assert_uint_eq(mpool_deque_room(&d), 0);
	ck_assert_int_eq(mpool_deque_init(&d, 4), 0);
	for (size_t room = 4; room > 0; room--) {
		ck_assert_uint_eq(mpool_deque_room(&d), room);
		ck_assert(mpool_deque_push(&d, NULL, NULL));
	}
	ck_assert_uint_eq(mpool_deque_room(&d), 0);
	ck_assert(mpool_deque_steal(&d, &job));
	ck_assert_uint_eq(mpool_deque_room(&d), 1);
	mpool_deque_destroy(&d);
}
END_TEST

enum { ITEMS = 100000 };
static struct mpool_deque shared;
static atomic_uchar seen[ITEMS];
static atomic_bool over;

static void *thief(void *arg)
{
	struct mpool_job job;

	(void)arg;
	while (!atomic_load(&over) || mpool_deque_size(&shared) > 0)
		if (mpool_deque_steal(&shared, &job))
			atomic_fetch_add(&seen[(uintptr_t)job.arg], 1);
	return NULL;
}

static void take_all_once(bool light)
{
	pthread_t t[2];
	struct mpool_job job;

	ck_assert_int_eq(mpool_deque_init(&shared, 64), 0);
	shared.light = light;
	atomic_store(&over, false);
	memset(seen, 0, sizeof seen);
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(pthread_create(&t[i], NULL, thief, NULL), 0);
	for (uintptr_t i = 0; i < ITEMS;) {
		for (int burst = 0; burst < 3 && i < ITEMS; burst++)
			if (mpool_deque_push(&shared, NULL, item(i)))
				i++;
		if (mpool_deque_pop(&shared, &job))
			atomic_fetch_add(&seen[(uintptr_t)job.arg], 1);
	}
	while (mpool_deque_pop(&shared, &job))
		atomic_fetch_add(&seen[(uintptr_t)job.arg], 1);
	atomic_store(&over, true);
	for (int i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
	for (int i = 0; i < ITEMS; i++)
		ck_assert_int_eq(atomic_load(&seen[i]), 1);
	mpool_deque_destroy(&shared);
}

START_TEST(each_item_is_taken_once)
{
	take_all_once(false);
	take_all_once(true);
}
END_TEST

SUITE_MAIN("pool/deque", the_owner_takes_the_last_and_thieves_the_first,
	   a_full_one_refuses_until_there_is_room, without_room_every_push_is_refused, the_room_is_known,
	   each_item_is_taken_once)
