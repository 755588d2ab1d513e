#include <config.h>
#include "suite.h"
#include "rate.h"

START_TEST(who_takes_more_waits)
{
	struct mup_bucket b = { .tokens = 0 };

	ck_assert_uint_eq(mup_bucket_take(&b, 0, UINT64_MAX, 1), 0);
	ck_assert_uint_eq(mup_bucket_take(&b, 1000, 500, 10000), 500);
	ck_assert_uint_eq(mup_bucket_take(&b, 1000, 500, 10000), 1000);
	ck_assert_uint_eq(mup_bucket_take(&b, 1000, 0, 10600), 400);
	ck_assert_uint_eq(mup_bucket_take(&b, 1000, 0, 11000), 0);
	/* no more than a second's worth is saved */
	ck_assert_uint_eq(mup_bucket_take(&b, 1000, 1500, 20000), 500);
}
END_TEST

START_TEST(small_times_add_up)
{
	struct mup_bucket b = { .tokens = 0 };
	uint64_t now = 1000, wait = mup_bucket_take(&b, 100, 100, now);

	ck_assert_uint_eq(wait, 1000);
	while (wait > 0)
		wait = mup_bucket_take(&b, 100, 0, ++now);
	ck_assert_uint_eq(now, 2000);
}
END_TEST

START_TEST(nothing_overflows)
{
	struct mup_bucket b = { .tokens = 0 };

	ck_assert_uint_eq(mup_bucket_take(&b, 1, UINT64_MAX, 1), 3600000);
	ck_assert_uint_eq(mup_bucket_take(&b, UINT64_MAX, UINT64_MAX, 2), 0);
	ck_assert_uint_eq(mup_bucket_take(&b, (uint64_t)1 << 40, 1, UINT64_MAX), 0);
}
END_TEST

SUITE_MAIN("upload/rate", who_takes_more_waits, small_times_add_up, nothing_overflows)
