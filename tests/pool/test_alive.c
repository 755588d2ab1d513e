#include <config.h>
#include "suite.h"
#include "pools.h"
#include "worker.h"
#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int exit_code_of(pid_t child)
{
	int status = -1;

	ck_assert_int_eq(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

START_TEST(a_child_knows_itself)
{
	struct mpool_alive a, by_pid = { 0 };
	pid_t child;

	mpool_alive_init(&a);
	by_pid.pid = a.pid;
	ck_assert(mpool_alive(&a));
	ck_assert(mpool_alive(&by_pid));
	child = fork();
	if (child == 0)
		_exit(mpool_alive(&a) || mpool_alive(&by_pid));
	ck_assert_int_eq(exit_code_of(child), 0);
	mpool_alive_destroy(&a);
}
END_TEST

static void nothing(void *arg)
{
	(void)arg;
}

/** A child may have pools of its own. ThreadSanitizer forbids it threads, and a lock of AddressSanitizer's
 *  allocator that a thread of the parent held at the fork stays locked for those that it starts. */
static int own_pool(void)
{
#if !defined __SANITIZE_THREAD__ && !defined __SANITIZE_ADDRESS__
	mummy_pool *own;

	if (mummy_pool_new(&own, NULL) != 0)
		return 7;
	if (mummy_pool_submit(own, nothing, NULL) != 0)
		return 8;
	mummy_pool_free(own);
#endif
	return 0;
}

/** What the child of a program with a pool may do; 0 when all is as the header says. */
static int in_child(mummy_pool *p, mummy_task *later, struct mummy_pool_group *g)
{
	struct mummy_pool_stats stats;
	if (mummy_pool_submit(p, nothing, NULL) != -ESHUTDOWN)
		return 1;
	if (mummy_task_submit(NULL, p, NULL, NULL, NULL) != -ESHUTDOWN)
		return 2;
	if (mummy_pool_group_submit(g, nothing, NULL) != -ESHUTDOWN)
		return 3;
	if (mummy_task_then(later, nothing, NULL) != -ESHUTDOWN)
		return 4;
	if (mummy_pool_drain(p, -1) != -ESHUTDOWN)
		return 5;
	mummy_pool_stats_get(p, &stats);
	if (stats.threads != 0)
		return 6;
	mummy_task_unref(later);
	mummy_pool_free(p);
	return own_pool();
}

/** All threads have begun: those that do may hold locks of the allocator of a sanitizer, which would
 *  stay held in a child. */
static void all_begun(mummy_pool *p, struct gate *gate)
{
	bool begun = !p->growing;

	while (atomic_load(&gate->reached) < 2)
		sched_yield();
	while (!begun) {
		pthread_mutex_lock(&p->lock);
		begun = p->monitor_until_ns != 0;
		pthread_mutex_unlock(&p->lock);
		sched_yield();
	}
}

START_TEST(the_pool_of_the_parent_is_shut_in_the_child)
{
	for (int kind = 0; kind < 2; kind++) {
		const struct mummy_task_options delay = { .delay_ms = 60000 };
		mummy_pool *p = pool_of((enum mummy_pool_kind)kind, 2);
		struct mummy_pool_group g;
		struct gate gate = { 0 };
		mummy_task *later;
		pid_t child;

		mummy_pool_group_init(&g, p);
		ck_assert_int_eq(mummy_pool_submit(p, gate_job, &gate), 0);
		ck_assert_int_eq(mummy_pool_submit(p, gate_job, &gate), 0);
		all_begun(p, &gate);
		ck_assert_int_eq(mummy_pool_group_submit(&g, nothing, NULL), 0);
		ck_assert_int_eq(mummy_task_submit(NULL, p, gate_task, &gate, NULL), 0);
		ck_assert_int_eq(mummy_task_submit(&later, p, gate_task, &gate, &delay), 0);
		child = fork();
		if (child == 0)
			_exit(in_child(p, later, &g));
		ck_assert_int_eq(exit_code_of(child), 0);
		gate_open(&gate);
		mummy_pool_group_wait(&g);
		mummy_task_unref(later);
		mummy_pool_free(p);
	}
}
END_TEST

SUITE_MAIN("pool/alive", a_child_knows_itself, the_pool_of_the_parent_is_shut_in_the_child)
