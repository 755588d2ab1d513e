#include <config.h>
#include <stdlib.h>
#include <string.h>
#include "suite.h"
#include "conn.h"

enum { CONNS = 300 };

static struct {
	mummy_ws_conn c;
	uint64_t at, fired;
} t[CONNS];
static uint64_t step;

/* A deadline beyond the wheel is looked at early and put back, as connections do. */
static void due(mummy_ws_io *io, mummy_ws_conn *c)
{
	size_t i = (size_t)(((char *)c - (char *)t) / (ptrdiff_t)sizeof t[0]);

	if (io->now_ms < t[i].at) {
		ck_assert_uint_ge(t[i].at - 1000000, (MWS_SLOTS - 2) * MWS_SLOT_MS);
		mws_wheel_put(io, c, t[i].at);
		return;
	}
	ck_assert_uint_eq(t[i].fired, 0);
	t[i].fired = io->now_ms;
}

START_TEST(deadlines_fire_once_not_early_and_little_late)
{
	static const uint64_t steps[] = { 1, 10, 64, 100, 1000 };
	mummy_ws_io *io = calloc(1, sizeof *io);

	for (size_t s = 0; s < sizeof steps / sizeof steps[0]; s++) {
		int next;

		step = steps[s];
		memset(t, 0, sizeof t);
		io->now_ms = 1000000;
		io->wheel.tick = io->now_ms / MWS_SLOT_MS;
		for (size_t i = 0; i < CONNS; i++) {
			t[i].at = io->now_ms + i * 157 % 50000;
			mws_wheel_put(io, &t[i].c, t[i].at);
		}
		mws_wheel_put(io, &t[0].c, t[0].at);
		mws_wheel_remove(io, &t[7].c);
		mws_wheel_remove(io, &t[7].c);
		while ((next = mws_wheel_turn(io, due)) >= 0) {
			ck_assert_int_gt(next, 0);
			io->now_ms += step;
			ck_assert_uint_lt(io->now_ms, 1100000);
		}
		for (size_t i = 0; i < CONNS; i++) {
			if (i == 7) {
				ck_assert_uint_eq(t[i].fired, 0);
				continue;
			}
			ck_assert_uint_ge(t[i].fired, t[i].at);
			ck_assert_uint_le(t[i].fired, t[i].at + MWS_SLOT_MS + step);
		}
	}
	free(io);
}
END_TEST

START_TEST(a_long_sleep_misses_nothing)
{
	mummy_ws_io *io = calloc(1, sizeof *io);

	memset(t, 0, sizeof t);
	io->now_ms = 1000000;
	io->wheel.tick = io->now_ms / MWS_SLOT_MS;
	for (size_t i = 0; i < CONNS; i++) {
		t[i].at = io->now_ms + i * 100;
		mws_wheel_put(io, &t[i].c, t[i].at);
	}
	io->now_ms += 10000000;
	ck_assert_int_eq(mws_wheel_turn(io, due), -1);
	for (size_t i = 0; i < CONNS; i++)
		ck_assert_uint_eq(t[i].fired, io->now_ms);
	free(io);
}
END_TEST

START_TEST(the_next_turn_is_told)
{
	mummy_ws_io *io = calloc(1, sizeof *io);

	memset(t, 0, sizeof t);
	io->now_ms = 1000000;
	io->wheel.tick = io->now_ms / MWS_SLOT_MS;
	ck_assert_int_eq(mws_wheel_turn(io, due), -1);
	for (size_t ms = 1; ms < 30000; ms += 333) {
		int next;

		mws_wheel_put(io, &t[0].c, io->now_ms + ms);
		next = mws_wheel_turn(io, due);
		ck_assert_int_ge(next, (int)ms);
		ck_assert_int_le(next, (int)ms + MWS_SLOT_MS);
	}
	free(io);
}
END_TEST

SUITE_MAIN("ws/wheel", deadlines_fire_once_not_early_and_little_late, a_long_sleep_misses_nothing,
	   the_next_turn_is_told)
