#include <config.h>
#include "suite.h"
#include "backoff.h"

START_TEST(test_doubles_up_to_a_minute)
{
	for (uint64_t chance = 0; chance < 3000; chance += 7) {
		uint64_t ms = backoff_ms(1000, 1, 0, chance);

		ck_assert(ms >= 500 && ms <= 1000);
		ms = backoff_ms(1000, 3, 0, chance);
		ck_assert(ms >= 2000 && ms <= 4000);
		ms = backoff_ms(1000, 7, 0, chance);
		ck_assert(ms >= 30000 && ms <= 60000);
		ms = backoff_ms(60000, UINT64_C(1) << 40, 0, chance);
		ck_assert(ms >= 30000 && ms <= 60000);
	}
	ck_assert_uint_le(backoff_ms(1, 1, 0, UINT64_MAX), 1);
}
END_TEST

START_TEST(test_chance_decides_half)
{
	ck_assert_uint_eq(backoff_ms(1000, 1, 0, 0), 500);
	ck_assert_uint_eq(backoff_ms(1000, 1, 0, 500), 1000);
	ck_assert_uint_eq(backoff_ms(1000, 1, 0, 501), 500);
}
END_TEST

START_TEST(test_the_server_is_waited_for)
{
	ck_assert_uint_eq(backoff_ms(1000, 1, 30, 0), 30000);
	ck_assert_uint_eq(backoff_ms(1000, 1, 86400, 0), 86400000);
	ck_assert_uint_gt(backoff_ms(60000, 9, 1, 0), 1000);
}
END_TEST

SUITE_MAIN("backoff", test_doubles_up_to_a_minute, test_chance_decides_half, test_the_server_is_waited_for)
