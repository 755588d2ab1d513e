#include <config.h>
#include "suite.h"
#include "timers.h"

enum { N = 500 };

static uint32_t next(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

START_TEST(the_earliest_comes_first)
{
	static struct mpool_timer t[N];
	struct mpool_timers h = { 0 };
	struct mpool_timer *first;
	uint64_t last = 0;
	uint32_t state = 1;

	ck_assert_ptr_null(mpool_timers_first(&h));
	for (int i = 0; i < N; i++) {
		t[i].due_ns = next(&state) % 100;
		ck_assert_int_eq(mpool_timers_add(&h, &t[i]), 0);
	}
	for (int i = 0; i < N; i++) {
		first = mpool_timers_first(&h);
		ck_assert_uint_ge(first->due_ns, last);
		last = first->due_ns;
		ck_assert(mpool_timers_remove(&h, first));
		ck_assert(!mpool_timers_remove(&h, first));
	}
	ck_assert_ptr_null(mpool_timers_first(&h));
	mpool_timers_destroy(&h);
}
END_TEST

static void check_heap(const struct mpool_timers *h)
{
	for (size_t i = 1; i <= h->count; i++) {
		ck_assert_uint_eq(h->heap[i]->place, i);
		ck_assert_uint_le(h->heap[i > 1 ? i / 2 : 1]->due_ns, h->heap[i]->due_ns);
	}
}

START_TEST(any_can_be_removed)
{
	static struct mpool_timer t[N];
	struct mpool_timers h = { 0 };
	uint32_t state = 7;

	for (int round = 0; round < 5 * N; round++) {
		struct mpool_timer *one = &t[next(&state) % N];

		if (!mpool_timers_remove(&h, one)) {
			one->due_ns = next(&state);
			ck_assert_int_eq(mpool_timers_add(&h, one), 0);
		}
		if (round % 50 == 0)
			check_heap(&h);
	}
	check_heap(&h);
	mpool_timers_destroy(&h);
}
END_TEST

START_TEST(one_inside_can_be_moved)
{
	static struct mpool_timer t[N];
	struct mpool_timers h = { 0 };
	uint32_t state = 3;

	for (int i = 0; i < N; i++) {
		t[i].due_ns = next(&state) % 100;
		ck_assert_int_eq(mpool_timers_add(&h, &t[i]), 0);
	}
	for (int i = 0; i < N; i++) {
		mpool_timers_move(&h, &t[next(&state) % N], i % 5 ? next(&state) % 200 : MPOOL_RESTS);
		check_heap(&h);
	}
	mpool_timers_destroy(&h);
}
END_TEST

SUITE_MAIN("pool/timers", one_inside_can_be_moved, the_earliest_comes_first, any_can_be_removed)
