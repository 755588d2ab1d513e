#include <config.h>
#include "suite.h"
#include "context.h"
#include <fenv.h>
#include <stdint.h>
#include <string.h>

#define BYTES 65536u

static _Alignas(64) char stacks[2][BYTES];
static struct mpool_context home, one, two;
static int steps;

static void count(void *arg)
{
	ck_assert_ptr_eq(arg, &steps);
	/* The compiler counts on it. */
	ck_assert_uint_eq((uintptr_t)__builtin_frame_address(0) % 16, 0);
	for (int i = 0; i < 3; i++) {
		steps++;
		mpool_context_switch(&one, &home);
	}
	mpool_context_leave(&one);
}

START_TEST(there_and_back)
{
	mpool_context_adopt(&home);
	for (int round = 0; round < 3; round++) {
		steps = 0;
		mpool_context_make(&one, stacks[0], BYTES, &home, count, &steps);
		for (int i = 1; i <= 3; i++) {
			mpool_context_switch(&home, &one);
			ck_assert_int_eq(steps, i);
		}
		mpool_context_switch(&home, &one);
		ck_assert_int_eq(steps, 3);
		mpool_context_destroy(&one);
	}
}
END_TEST

static void ping(void *arg)
{
	(void)arg;
	while (steps < 100000) {
		steps++;
		mpool_context_switch(&one, &two);
	}
	mpool_context_leave(&one);
}

static void pong(void *arg)
{
	(void)arg;
	mpool_context_switch(&two, &home);
	for (;;)
		mpool_context_switch(&two, &one);
}

START_TEST(from_one_to_another)
{
	steps = 0;
	mpool_context_adopt(&home);
	mpool_context_make(&one, stacks[0], BYTES, &home, ping, NULL);
	mpool_context_make(&two, stacks[1], BYTES, &home, pong, NULL);
	/* The first switch to each is from home. */
	mpool_context_switch(&home, &two);
	mpool_context_switch(&home, &one);
	ck_assert_int_eq(steps, 100000);
	mpool_context_destroy(&one);
	mpool_context_destroy(&two);
}
END_TEST

/* What a call has to preserve is not mixed up: as many values as there are registers, and more. */
static void __attribute__((noinline)) juggle(struct mpool_context *me, struct mpool_context *to, double first)
{
	volatile double in[12];
	double a, b, c, d, e, f, g, h;
	long i, j, k, l, m, n;

	for (int x = 0; x < 12; x++)
		in[x] = first + x;
	a = in[0], b = in[1], c = in[2], d = in[3], e = in[4], f = in[5], g = in[6], h = in[7];
	i = (long)in[0], j = (long)in[1], k = (long)in[2], l = (long)in[3], m = (long)in[4], n = (long)in[5];
	for (int x = 0; x < 100; x++) {
		mpool_context_switch(me, to);
		a += 1, b += 1, c += 1, d += 1, e += 1, f += 1, g += 1, h += 1;
		i++, j++, k++, l++, m++, n++;
	}
	ck_assert(a == in[0] + 100 && b == in[1] + 100 && c == in[2] + 100 && d == in[3] + 100);
	ck_assert(e == in[4] + 100 && f == in[5] + 100 && g == in[6] + 100 && h == in[7] + 100);
	ck_assert_int_eq(i + j + k + l + m + n, 6 * (long)first + 15 + 600);
}

static void juggle_there(void *arg)
{
	(void)arg;
	juggle(&one, &home, 1000);
	mpool_context_leave(&one);
}

START_TEST(registers_are_kept)
{
	mpool_context_adopt(&home);
	mpool_context_make(&one, stacks[0], BYTES, &home, juggle_there, NULL);
	juggle(&home, &one, 5);
	mpool_context_switch(&home, &one);
	mpool_context_destroy(&one);
}
END_TEST

#if defined FE_UPWARD && defined FE_DOWNWARD
static void round_up(void *arg)
{
	(void)arg;
	fesetround(FE_UPWARD);
	for (int i = 0; i < 3; i++) {
		mpool_context_switch(&one, &home);
		ck_assert_int_eq(fegetround(), FE_UPWARD);
	}
	mpool_context_leave(&one);
}

START_TEST(the_rounding_mode_is_each_ones_own)
{
	mpool_context_adopt(&home);
	mpool_context_make(&one, stacks[0], BYTES, &home, round_up, NULL);
	for (int i = 0; i < 4; i++) {
		mpool_context_switch(&home, &one);
		ck_assert_int_eq(fegetround(), i ? FE_DOWNWARD : FE_TONEAREST);
		fesetround(FE_DOWNWARD);
	}
	fesetround(FE_TONEAREST);
	mpool_context_destroy(&one);
}
END_TEST
#else
START_TEST(the_rounding_mode_is_each_ones_own)
{
}
END_TEST
#endif

SUITE_MAIN("pool/context", there_and_back, from_one_to_another, registers_are_kept,
	   the_rounding_mode_is_each_ones_own)
