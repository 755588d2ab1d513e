#include <config.h>
#include "suite.h"
#include "ring.h"

static struct mpool_job job_of(uintptr_t n)
{
	return (struct mpool_job){ NULL, (void *)n };
}

static void expect(struct mpool_ring *r, uintptr_t n)
{
	struct mpool_job job;

	ck_assert(mpool_ring_pop(r, &job));
	ck_assert_ptr_eq(job.arg, (void *)n);
}

START_TEST(first_in_first_out_while_it_grows)
{
	struct mpool_ring r = { 0 };
	struct mpool_job job;
	uintptr_t in = 0, out = 0;

	ck_assert(!mpool_ring_pop(&r, &job));
	for (int round = 0; round < 300; round++) {
		for (int i = 0; i < 3; i++)
			ck_assert_int_eq(mpool_ring_push(&r, job_of(in++)), 0);
		for (int i = 0; i < 2; i++)
			expect(&r, out++);
	}
	ck_assert_uint_eq(r.count, in - out);
	while (out < in)
		expect(&r, out++);
	ck_assert(!mpool_ring_pop(&r, &job));
	mpool_ring_destroy(&r);
}
END_TEST

START_TEST(promised_room_is_kept)
{
	struct mpool_ring r = { 0 };
	size_t capacity;

	for (int i = 0; i < 100; i++)
		ck_assert_int_eq(mpool_ring_promise(&r), 0);
	for (uintptr_t i = 0; i < 100; i++)
		ck_assert_int_eq(mpool_ring_push(&r, job_of(i)), 0);
	capacity = r.capacity;
	mpool_ring_withdraw(&r);
	for (uintptr_t i = 0; i < 99; i++)
		mpool_ring_fulfil(&r, job_of(100 + i));
	ck_assert_uint_eq(r.capacity, capacity);
	ck_assert_uint_eq(r.promised, 0);
	for (uintptr_t i = 0; i < 199; i++)
		expect(&r, i);
	mpool_ring_destroy(&r);
}
END_TEST

SUITE_MAIN("pool/ring", first_in_first_out_while_it_grows, promised_room_is_kept)
