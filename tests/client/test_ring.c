#include <config.h>
#include <errno.h>
#include <string.h>
#include "suite.h"
#include "ring.h"

/* Octet number i of the stream. */
static unsigned char octet(uint64_t i)
{
	return (unsigned char)(i * 7 + i / 251);
}

static void add(struct ring *r, size_t most)
{
	size_t n;
	unsigned char *p = ring_space(r, &n);

	n = n < most ? n : most;
	for (size_t i = 0; i < n; i++)
		p[i] = octet(r->to + i);
	ring_added(r, n);
}

START_TEST(test_against_the_stream)
{
	struct ring r;
	unsigned char out[40];
	uint32_t dice = 1;

	ck_assert_int_eq(ring_init(&r, 37), 0);
	for (int round = 0; round < 5000; round++) {
		dice = dice * 1664525u + 1013904223u;
		add(&r, dice >> 16 & 31);
		ck_assert_uint_le(r.to - r.from, 37);
		for (uint64_t at = r.from; at <= r.to; at++) {
			long n = ring_read(&r, at, out, 1 + (dice >> 8 & 31));

			ck_assert_int_ge(n, at == r.to ? 0 : 1);
			for (long i = 0; i < n; i++)
				ck_assert_uint_eq(out[i], octet(at + (uint64_t)i));
		}
		ring_release(&r, r.from + (dice >> 24) % (r.to - r.from + 1));
	}
	ring_free(&r);
}
END_TEST

START_TEST(test_bounds)
{
	struct ring r;
	unsigned char out[8];
	size_t n;

	ck_assert_int_eq(ring_init(&r, 8), 0);
	ring_space(&r, &n);
	ck_assert_uint_eq(n, 8);
	add(&r, 8);
	ring_space(&r, &n);
	ck_assert_uint_eq(n, 0);
	ring_release(&r, 5);
	ck_assert_int_eq(ring_read(&r, 4, out, 1), -ENODATA);
	ck_assert_int_eq(ring_read(&r, 9, out, 1), -ENODATA);
	ck_assert_int_eq(ring_read(&r, 8, out, 1), 0);
	ring_release(&r, 3);
	ring_release(&r, 9);
	ck_assert_uint_eq(r.from, 5);
	ring_free(&r);
}
END_TEST

SUITE_MAIN("ring", test_against_the_stream, test_bounds)
