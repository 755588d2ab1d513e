#include <config.h>
#include "suite.h"
#include "pools.h"
#include <errno.h>
#include <string.h>

struct tree {
	mummy_pool *pool;
	int depth;
	atomic_int *leaves;
};

/* Each job waits for a group of its own: on few threads only helpers get on. */
static void grow(void *arg)
{
	struct tree *tree = arg, children[3];
	struct mummy_pool_group g;

	if (tree->depth == 0) {
		atomic_fetch_add(tree->leaves, 1);
		return;
	}
	mummy_pool_group_init(&g, tree->pool);
	for (int i = 0; i < 3; i++) {
		children[i] = *tree;
		children[i].depth--;
		ck_assert_int_eq(mummy_pool_group_submit(&g, grow, &children[i]), 0);
	}
	mummy_pool_group_wait(&g);
}

START_TEST(groups_nest_on_any_number_of_threads)
{
	for (int kind = 0; kind < 2; kind++) {
		for (unsigned threads = 1; threads <= 4; threads++) {
			atomic_int leaves = 0;
			struct tree root = { pool_of((enum mummy_pool_kind)kind, threads), 6, &leaves };
			struct mummy_pool_group g;

			mummy_pool_group_init(&g, root.pool);
			ck_assert_int_eq(mummy_pool_group_submit(&g, grow, &root), 0);
			mummy_pool_group_wait(&g);
			ck_assert_int_eq(atomic_load(&leaves), 729);
			mummy_pool_free(root.pool);
		}
	}
}
END_TEST

static void add_one(void *arg)
{
	atomic_fetch_add((atomic_int *)arg, 1);
}

START_TEST(a_group_is_used_again)
{
	for (int kind = 0; kind < 2; kind++) {
		mummy_pool *p = pool_of((enum mummy_pool_kind)kind, 2);
		struct mummy_pool_group g;
		atomic_int n = 0;

		mummy_pool_group_init(&g, p);
		mummy_pool_group_wait(&g);
		for (int round = 1; round <= 50; round++) {
			for (int i = 0; i < 20; i++)
				ck_assert_int_eq(mummy_pool_group_submit(&g, add_one, &n), 0);
			mummy_pool_group_wait(&g);
			ck_assert_int_eq(atomic_load(&n), round * 20);
		}
		mummy_pool_free(p);
	}
}
END_TEST

struct self {
	struct mummy_pool_group group;
	atomic_int left, ran;
};

static void again(void *arg)
{
	struct self *self = arg;

	atomic_fetch_add(&self->ran, 1);
	if (atomic_fetch_sub(&self->left, 1) > 0)
		ck_assert_int_eq(mummy_pool_group_submit(&self->group, again, self), 0);
}

START_TEST(jobs_of_the_group_add_to_it)
{
	for (int kind = 0; kind < 2; kind++) {
		mummy_pool *p = pool_of((enum mummy_pool_kind)kind, 3);
		struct self self = { .left = 1000 };

		mummy_pool_group_init(&self.group, p);
		ck_assert_int_eq(mummy_pool_group_submit(&self.group, again, &self), 0);
		ck_assert_int_eq(mummy_pool_group_submit(&self.group, again, &self), 0);
		mummy_pool_group_wait(&self.group);
		ck_assert_int_eq(atomic_load(&self.ran), 1002);
		mummy_pool_free(p);
	}
}
END_TEST

static void *feed(void *arg)
{
	struct self *self = arg;

	for (int i = 0; i < 1000; i++)
		ck_assert_int_eq(mummy_pool_group_submit(&self->group, add_one, &self->ran), 0);
	return NULL;
}

START_TEST(many_threads_fill_a_group)
{
	mummy_pool *p = pool_of(MUMMY_POOL_TASKS, 2);
	struct self self = { .left = 0 };
	pthread_t t[4];

	mummy_pool_group_init(&self.group, p);
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(&t[i], NULL, feed, &self), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	mummy_pool_group_wait(&self.group);
	ck_assert_int_eq(atomic_load(&self.ran), 4000);
	mummy_pool_free(p);
}
END_TEST

START_TEST(a_refused_job_is_not_waited_for)
{
	struct mummy_pool_options opt = { .threads = 1, .max_queued = 1 };
	struct mummy_pool_group g;
	struct gate gate = { 0 };
	atomic_int n = 0;
	mummy_pool *p;

	ck_assert_int_eq(mummy_pool_new(&p, &opt), 0);
	mummy_pool_group_init(&g, p);
	ck_assert_int_eq(mummy_pool_submit(p, gate_job, &gate), 0);
	gate_reached(&gate);
	ck_assert_int_eq(mummy_pool_group_submit(&g, add_one, &n), 0);
	ck_assert_int_eq(mummy_pool_group_submit(&g, add_one, &n), -EAGAIN);
	gate_open(&gate);
	mummy_pool_group_wait(&g);
	ck_assert_int_eq(atomic_load(&n), 1);
	ck_assert_int_eq(mummy_pool_drain(p, -1), 0);
	ck_assert_int_eq(mummy_pool_group_submit(&g, add_one, &n), -ESHUTDOWN);
	mummy_pool_group_wait(&g);
	mummy_pool_free(p);
}
END_TEST

SUITE_MAIN("pool/group", groups_nest_on_any_number_of_threads, a_group_is_used_again,
	   jobs_of_the_group_add_to_it, many_threads_fill_a_group, a_refused_job_is_not_waited_for)
