#include <config.h>
#include <errno.h>
#include "suite.h"
#include "number.h"

START_TEST(test_decimal_digits_only)
{
	static const char *const bad[] = { "", " 1", "1 ", "+1", "-1", "0x10", "1e3", "one", "1.0", "1K" };
	uint64_t n = 7;

	ck_assert_int_eq(number_parse(&n, "0", 0, 9), 0);
	ck_assert_uint_eq(n, 0);
	ck_assert_int_eq(number_parse(&n, "007", 0, 9), 0);
	ck_assert_uint_eq(n, 7);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		ck_assert_int_eq(number_parse(&n, bad[i], 0, 1000), -EINVAL);
	ck_assert_uint_eq(n, 7);
}
END_TEST

START_TEST(test_bounds)
{
	uint64_t n = 0;

	ck_assert_int_eq(number_parse(&n, "65535", 0, 65535), 0);
	ck_assert_int_eq(number_parse(&n, "65536", 0, 65535), -ERANGE);
	ck_assert_int_eq(number_parse(&n, "1", 2, 3), -ERANGE);
	ck_assert_int_eq(number_parse(&n, "18446744073709551615", 0, UINT64_MAX), 0);
	ck_assert_uint_eq(n, UINT64_MAX);
	ck_assert_int_eq(number_parse(&n, "18446744073709551616", 0, UINT64_MAX), -ERANGE);
	ck_assert_int_eq(number_parse(&n, "99999999999999999999999", 0, UINT64_MAX), -ERANGE);
}
END_TEST

START_TEST(test_sizes)
{
	uint64_t n = 0;

	ck_assert_int_eq(number_parse_size(&n, "512", UINT64_MAX), 0);
	ck_assert_uint_eq(n, 512);
	ck_assert_int_eq(number_parse_size(&n, "64k", UINT64_MAX), 0);
	ck_assert_uint_eq(n, 65536);
	ck_assert_int_eq(number_parse_size(&n, "2G", UINT64_MAX), 0);
	ck_assert_uint_eq(n, UINT64_C(2) << 30);
	ck_assert_int_eq(number_parse_size(&n, "3T", UINT64_MAX), 0);
	ck_assert_uint_eq(n, UINT64_C(3) << 40);
	ck_assert_int_eq(number_parse_size(&n, "1M", 1 << 20), 0);
	ck_assert_int_eq(number_parse_size(&n, "2M", 1 << 20), -ERANGE);
	ck_assert_int_eq(number_parse_size(&n, "99999999999T", UINT64_MAX), -ERANGE);
	ck_assert_int_eq(number_parse_size(&n, "1KB", UINT64_MAX), -EINVAL);
	ck_assert_int_eq(number_parse_size(&n, "K", UINT64_MAX), -EINVAL);
	ck_assert_int_eq(number_parse_size(&n, "1P", UINT64_MAX), -EINVAL);
}
END_TEST

START_TEST(test_times)
{
	static const char *const bad[] = { "", "h", "1x", "1hh", "1 h", "-1h", "1H" };
	uint64_t n = 7;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		ck_assert_int_eq(number_parse_time(&n, bad[i], 1000), -EINVAL);
	ck_assert_int_eq(number_parse_time(&n, "0", 1000), 0);
	ck_assert_uint_eq(n, 0);
	ck_assert_int_eq(number_parse_time(&n, "90", 1000), 0);
	ck_assert_uint_eq(n, 90);
	ck_assert_int_eq(number_parse_time(&n, "10s", 1000), 0);
	ck_assert_uint_eq(n, 10);
	ck_assert_int_eq(number_parse_time(&n, "5m", 1000), 0);
	ck_assert_uint_eq(n, 300);
	ck_assert_int_eq(number_parse_time(&n, "2h", 7200), 0);
	ck_assert_uint_eq(n, 7200);
	ck_assert_int_eq(number_parse_time(&n, "3d", UINT32_MAX), 0);
	ck_assert_uint_eq(n, 259200);
	ck_assert_int_eq(number_parse_time(&n, "3h", 7200), -ERANGE);
}
END_TEST

START_TEST(test_milliseconds)
{
	uint64_t n = 7;

	ck_assert_int_eq(number_parse_ms(&n, "250ms", 1000), 0);
	ck_assert_uint_eq(n, 250);
	ck_assert_int_eq(number_parse_ms(&n, "2", 2000), 0);
	ck_assert_uint_eq(n, 2000);
	ck_assert_int_eq(number_parse_ms(&n, "5m", 300000), 0);
	ck_assert_uint_eq(n, 300000);
	ck_assert_int_eq(number_parse_ms(&n, "1001ms", 1000), -ERANGE);
	ck_assert_int_eq(number_parse_ms(&n, "2s", 1999), -ERANGE);
	ck_assert_int_eq(number_parse_ms(&n, "ms", 1000), -EINVAL);
	ck_assert_int_eq(number_parse_ms(&n, "5mms", 1000), -EINVAL);
	ck_assert_int_eq(number_parse_ms(&n, "5 ms", 1000), -EINVAL);
}
END_TEST

SUITE_MAIN("number", test_decimal_digits_only, test_bounds, test_sizes, test_times, test_milliseconds)
