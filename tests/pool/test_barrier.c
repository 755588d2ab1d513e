#include <config.h>
#include "suite.h"
#include "barrier.h"
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

enum { ROUNDS = 2000 };

/* Who announces itself with a barrier for both, and who only stores and then looks: never do both
 * miss each other. */
static atomic_int announced[ROUNDS], given[ROUNDS], seen_given[ROUNDS], seen_announced[ROUNDS];
static atomic_int place;

static void *give(void *arg)
{
	(void)arg;
	for (int i = 0; i < ROUNDS; i++) {
		while (atomic_load_explicit(&place, memory_order_relaxed) < i)
			sched_yield();
		atomic_store_explicit(&given[i], 1, memory_order_release);
		/* No barrier, but the compiler keeps the order of two atomic accesses to memory here. */
		atomic_signal_fence(memory_order_seq_cst);
		seen_announced[i] = atomic_load_explicit(&announced[i], memory_order_relaxed);
	}
	return NULL;
}

START_TEST(two_never_miss_each_other)
{
	pthread_t t;

	if (!mpool_barrier_init())
		return;
	ck_assert_int_eq(pthread_create(&t, NULL, give, NULL), 0);
	for (int i = 0; i < ROUNDS; i++) {
		atomic_store_explicit(&place, i, memory_order_relaxed);
		atomic_store_explicit(&announced[i], 1, memory_order_relaxed);
		mpool_barrier();
		seen_given[i] = atomic_load_explicit(&given[i], memory_order_acquire);
	}
	pthread_join(t, NULL);
	for (int i = 0; i < ROUNDS; i++)
		ck_assert(seen_given[i] || seen_announced[i]);
}
END_TEST

START_TEST(errno_stays)
{
	errno = 77;
	if (mpool_barrier_init())
		mpool_barrier();
	ck_assert_int_eq(errno, 77);
}
END_TEST

SUITE_MAIN("pool/barrier", two_never_miss_each_other, errno_stays)
