#include <config.h>
#include "suite.h"
#include "timers.h"

enum { N = 500 };
#define TICK ((uint64_t)1 << MPOOL_WHEEL_TICK_BITS)

static struct mpool_timer t[N];
static struct mpool_timers s;

static uint32_t next(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

static void reset(void)
{
	for (int i = 0; i < N; i++)
		t[i] = (struct mpool_timer){ 0 };
	mpool_timers_init(&s, 0);
}

static void add(struct mpool_timer *timer, uint64_t due_ns)
{
	timer->due_ns = due_ns;
	mpool_timers_add(&s, timer, 0);
}

START_TEST(the_earliest_comes_first)
{
	uint64_t now = 0, last = 0;
	struct mpool_timer *one;
	uint32_t state = 1;
	size_t n = 0;

	reset();
	ck_assert_uint_eq(mpool_timers_next_ns(&s), UINT64_MAX);
	for (int i = 0; i < N; i++)
		add(&t[i], next(&state) * TICK / 1000);
	while ((now = mpool_timers_next_ns(&s)) != UINT64_MAX) {
		while ((one = mpool_timers_due(&s, now))) {
			ck_assert_uint_le(one->due_ns, now);
			ck_assert_uint_ge(one->due_ns / TICK, last / TICK);
			last = one->due_ns;
			ck_assert(mpool_timers_remove(&s, one));
			ck_assert(!mpool_timers_remove(&s, one));
			n++;
		}
	}
	ck_assert_uint_eq(n, N);
	ck_assert_uint_eq(s.count, 0);
}
END_TEST

/* However far away they were. */
START_TEST(of_one_time_the_first_added_comes_first)
{
	static const uint64_t times[] = { TICK * 3, TICK * 300, TICK * 30000, TICK * 3000000 };

	for (size_t k = 0; k < sizeof times / sizeof times[0]; k++) {
		struct mpool_timer *one;
		uint64_t now;
		int n = 0;

		reset();
		for (int i = 0; i < N; i++)
			add(&t[i], times[k]);
		while ((now = mpool_timers_next_ns(&s)) != UINT64_MAX)
			while ((one = mpool_timers_due(&s, now))) {
				ck_assert_ptr_eq(one, &t[n++]);
				mpool_timers_remove(&s, one);
			}
		ck_assert_int_eq(n, N);
	}
}
END_TEST

START_TEST(any_can_be_removed)
{
	uint32_t state = 7;
	size_t in = 0;

	reset();
	for (int round = 0; round < 5 * N; round++) {
		struct mpool_timer *one = &t[next(&state) % N];

		if (mpool_timers_remove(&s, one)) {
			in--;
		} else {
			add(one, next(&state) * TICK);
			in++;
		}
		ck_assert_uint_eq(s.count, in);
	}
	for (struct mpool_timer *one; (one = mpool_timers_due(&s, MPOOL_RESTS - 1)); in--)
		mpool_timers_remove(&s, one);
	ck_assert_uint_eq(in, 0);
}
END_TEST

START_TEST(one_inside_rests_and_comes_again)
{
	uint64_t now = 0;
	int times = 0;

	reset();
	add(&t[0], TICK);
	while (times < 100) {
		now = mpool_timers_next_ns(&s);
		if (!mpool_timers_due(&s, now))
			continue;
		times++;
		mpool_timers_move(&s, &t[0], MPOOL_RESTS);
		ck_assert_uint_eq(s.count, 1);
		ck_assert_uint_eq(mpool_timers_next_ns(&s), UINT64_MAX);
		ck_assert_ptr_null(mpool_timers_due(&s, now + TICK));
		mpool_timers_move(&s, &t[0], now + TICK * (uint64_t)(times * times));
	}
	mpool_timers_move(&s, &t[0], now + 1);
	ck_assert(mpool_timers_remove(&s, &t[0]));
	ck_assert_uint_eq(s.count, 0);
}
END_TEST

SUITE_MAIN("pool/timers", the_earliest_comes_first, of_one_time_the_first_added_comes_first,
	   any_can_be_removed, one_inside_rests_and_comes_again)
