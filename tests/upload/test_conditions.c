#include <config.h>
#include "fake.h"
#include "conditions.h"

static time_t clock_at(time_t *unused)
{
	(void)unused;
	return 784111800;
}

static int decide(const char *const fields[], int *range)
{
	static const struct mup_validators v = { "\"a-1\"", 784111777 };
	mummy_upload u = { .clock = clock_at };
	struct fake_fields f = { .n = 0 };
	struct mummy_upload_request req = fake_request("GET", "/files/x", &f, 0);
	struct mup_request r = { .u = &u, .req = &req };

	for (; fields[0]; fields += 2)
		put_field(&f, fields[0], fields[1]);
	*range = mup_condition_range(&r, &v);
	return mup_conditions(&r, &v);
}

#define DECIDE(...) decide((const char *const[]){ __VA_ARGS__, NULL }, &range)
#define THEN "Sun, 06 Nov 1994 08:49:37 GMT"
#define BEFORE "Sun, 06 Nov 1994 08:49:36 GMT"

START_TEST(tags_are_looked_for_in_all_lines)
{
	int range;

	ck_assert_int_eq(DECIDE("X", "y"), 0);
	ck_assert_int_eq(DECIDE("If-None-Match", "\"a-1\""), 304);
	ck_assert_int_eq(DECIDE("If-None-Match", "W/\"a-1\""), 304);
	ck_assert_int_eq(DECIDE("If-None-Match", "*"), 304);
	ck_assert_int_eq(DECIDE("If-None-Match", "\"b,\" ,, W/\"c\",\"a-1\""), 304);
	ck_assert_int_eq(DECIDE("If-None-Match", "\"b\"", "If-None-Match", "\"a-1\""), 304);
	ck_assert_int_eq(DECIDE("If-None-Match", "\"b\""), 0);
	ck_assert_int_eq(DECIDE("If-None-Match", "a-1"), 0);
	ck_assert_int_eq(DECIDE("If-None-Match", "\"a-1"), 0);
	ck_assert_int_eq(DECIDE("If-None-Match", ""), 0);
	ck_assert_int_eq(DECIDE("If-Match", "\"a-1\""), 0);
	ck_assert_int_eq(DECIDE("If-Match", "*"), 0);
	ck_assert_int_eq(DECIDE("If-Match", "W/\"a-1\""), 412);
	ck_assert_int_eq(DECIDE("If-Match", "\"b\", \"c\""), 412);
	ck_assert_int_eq(DECIDE("If-Match", "\"a-1\"", "If-None-Match", "\"a-1\""), 304);
}
END_TEST

START_TEST(dates_count_where_there_are_no_tags)
{
	int range;

	ck_assert_int_eq(DECIDE("If-Modified-Since", THEN), 304);
	ck_assert_int_eq(DECIDE("If-Modified-Since", BEFORE), 0);
	ck_assert_int_eq(DECIDE("If-Modified-Since", "yesterday"), 0);
	ck_assert_int_eq(DECIDE("If-Modified-Since", THEN, "If-None-Match", "\"b\""), 0);
	ck_assert_int_eq(DECIDE("If-Unmodified-Since", THEN), 0);
	ck_assert_int_eq(DECIDE("If-Unmodified-Since", BEFORE), 412);
	ck_assert_int_eq(DECIDE("If-Unmodified-Since", BEFORE, "If-Match", "\"a-1\""), 0);
}
END_TEST

START_TEST(a_range_is_of_the_same_content)
{
	int range;

	DECIDE("X", "y");
	ck_assert_int_eq(range, 1);
	DECIDE("If-Range", "\"a-1\"");
	ck_assert_int_eq(range, 1);
	DECIDE("If-Range", "W/\"a-1\"");
	ck_assert_int_eq(range, 0);
	DECIDE("If-Range", "\"b\"");
	ck_assert_int_eq(range, 0);
	DECIDE("If-Range", THEN);
	ck_assert_int_eq(range, 1);
	DECIDE("If-Range", BEFORE);
	ck_assert_int_eq(range, 0);
	DECIDE("If-Range", "");
	ck_assert_int_eq(range, 0);
}
END_TEST

SUITE_MAIN("upload/conditions", tags_are_looked_for_in_all_lines, dates_count_where_there_are_no_tags,
	   a_range_is_of_the_same_content)
