#include <config.h>
#include "suite.h"
#include "wheel.h"
#include <stdlib.h>
#include <string.h>

#define TICK ((uint64_t)1 << MPOOL_WHEEL_TICK_BITS)
#define ENTRIES 2000

static struct mpool_wheel wheel;
static struct mpool_wheel_entry entries[ENTRIES];
static uint64_t due[ENTRIES];
static uint64_t seed = 88172645463325252u;

static uint64_t any(uint64_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed % below;
}

static void reset(uint64_t now_ns)
{
	memset(entries, 0, sizeof entries);
	mpool_wheel_init(&wheel, now_ns);
}

/* Everything leaves in time, and nothing early; spans from nanoseconds to months. */
START_TEST(all_that_is_due_leaves)
{
	static const unsigned spans[] = { 8, 16, 20, 24, 26, 30, 34, 40, 46, 50, 53 };
	uint64_t now = 123456789;
	size_t left = ENTRIES;

	reset(now);
	for (size_t i = 0; i < ENTRIES; i++) {
		due[i] = now + any((uint64_t)1 << spans[i % 11]);
		mpool_wheel_add(&wheel, &entries[i], due[i]);
	}
	while (left > 0) {
		uint64_t next = mpool_wheel_next_ns(&wheel), before = 0;

		ck_assert_uint_gt(next, now);
		ck_assert_ptr_null(mpool_wheel_expire(&wheel, next - 1));
		now = next;
		for (struct mpool_wheel_entry *e = mpool_wheel_expire(&wheel, now); e; e = e->next, left--) {
			size_t i = (size_t)(e - entries);

			ck_assert_ptr_null(e->at);
			ck_assert_uint_le(due[i], now);
			ck_assert_uint_ge(due[i] + 2 * TICK, now);
			ck_assert_uint_ge(due[i] + TICK, before);
			before = due[i];
		}
	}
	ck_assert_uint_eq(wheel.count, 0);
	ck_assert_uint_eq(mpool_wheel_next_ns(&wheel), UINT64_MAX);
}
END_TEST

/* Whoever looks seldom finds all at once, those with different ticks in order. */
START_TEST(a_late_look_finds_all)
{
	uint64_t before = 0;
	size_t n = 0;

	reset(0);
	for (size_t i = 0; i < ENTRIES; i++) {
		due[i] = any(TICK * 100000);
		mpool_wheel_add(&wheel, &entries[i], due[i]);
	}
	for (struct mpool_wheel_entry *e = mpool_wheel_expire(&wheel, TICK * 100002); e; e = e->next, n++) {
		ck_assert_uint_ge(e->tick, before);
		before = e->tick;
	}
	ck_assert_uint_eq(n, ENTRIES);
}
END_TEST

START_TEST(what_was_removed_does_not_leave)
{
	size_t n = 0;

	reset(0);
	ck_assert(!mpool_wheel_remove(&wheel, &entries[0]));
	for (size_t i = 0; i < ENTRIES; i++)
		mpool_wheel_add(&wheel, &entries[i], any(TICK * 1000000));
	for (size_t i = 0; i < ENTRIES; i += 2)
		ck_assert(mpool_wheel_remove(&wheel, &entries[i]));
	for (uint64_t now = 0; now < TICK * 1000003; now += TICK * 777)
		for (struct mpool_wheel_entry *e = mpool_wheel_expire(&wheel, now); e; e = e->next, n++)
			ck_assert_int_eq((e - entries) % 2, 1);
	for (struct mpool_wheel_entry *e = mpool_wheel_expire(&wheel, TICK * 1000003); e; e = e->next)
		n++;
	ck_assert_uint_eq(n, ENTRIES / 2);
}
END_TEST

/* While it turns, always with new ones. */
START_TEST(it_is_used_again_and_again)
{
	uint64_t now = 0, ended = 0;

	reset(0);
	for (size_t i = 0; i < 100; i++)
		mpool_wheel_add(&wheel, &entries[i], due[i] = now + any(TICK * 600));
	while (ended < 100000) {
		struct mpool_wheel_entry *next;

		now += any(TICK * 3);
		for (struct mpool_wheel_entry *e = mpool_wheel_expire(&wheel, now); e; e = next, ended++) {
			size_t i = (size_t)(e - entries);

			next = e->next;
			ck_assert_uint_le(due[i], now);
			ck_assert_uint_ge(due[i] + 5 * TICK, now);
			due[i] = now + any(ended % 3 ? TICK * 600 : TICK * 40000);
			mpool_wheel_add(&wheel, e, due[i]);
		}
		ck_assert_uint_eq(wheel.count, 100);
	}
}
END_TEST

START_TEST(the_past_is_due_at_the_next_tick)
{
	reset(TICK * 1000);
	mpool_wheel_add(&wheel, &entries[0], 5);
	ck_assert_uint_eq(mpool_wheel_next_ns(&wheel), TICK * 1001);
	ck_assert_ptr_eq(mpool_wheel_expire(&wheel, TICK * 1001), &entries[0]);
	mpool_wheel_add(&wheel, &entries[1], UINT64_MAX - TICK);
	ck_assert_uint_gt(mpool_wheel_next_ns(&wheel), TICK * 1000000);
	ck_assert(mpool_wheel_remove(&wheel, &entries[1]));
}
END_TEST

SUITE_MAIN("pool/wheel", all_that_is_due_leaves, a_late_look_finds_all, what_was_removed_does_not_leave,
	   it_is_used_again_and_again, the_past_is_due_at_the_next_tick)
