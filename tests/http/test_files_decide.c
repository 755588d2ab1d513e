#include <config.h>
#include "suite.h"
#include "files.h"

#define AT "Sun, 06 Nov 1994 08:49:37 GMT"      /* when the file was changed */
#define BEFORE "Sun, 06 Nov 1994 08:49:36 GMT"
#define AFTER "Sun, 06 Nov 1994 08:49:38 GMT"
#define ETAG "\"e\""

struct example {
	int if_match, if_none_match;
	const char *modified, *unmodified, *if_range, *range;
	int head;
	int status;
	unsigned first, length;
};

static struct mummy_http_span span(const char *text)
{
	struct mummy_http_span s = {text, text ? strlen(text) : 0};

	return s;
}

static struct mhttp_files_decision decide(const struct example *e, uint64_t size, int64_t age)
{
	const struct mhttp_files_question q = {
	    .if_match = e->if_match,
	    .if_none_match = e->if_none_match,
	    .if_modified_since = span(e->modified),
	    .if_unmodified_since = span(e->unmodified),
	    .if_range = span(e->if_range),
	    .range = span(e->range),
	    .etag = ETAG,
	    .mtime = 784111777,
	    .now = 784111777 + age,
	    .size = size,
	    .is_get = !e->head,
	};

	return mhttp_files_decide(&q);
}

static const struct example examples[] = {
	{-1, -1, NULL, NULL, NULL, NULL, 0, 200, 0, 100},
	/* If-Match, then If-Unmodified-Since */
	{1, -1, NULL, NULL, NULL, NULL, 0, 200, 0, 100},
	{0, -1, NULL, NULL, NULL, NULL, 0, 412, 0, 100},
	{1, -1, NULL, BEFORE, NULL, NULL, 0, 200, 0, 100},
	{0, 1, NULL, NULL, NULL, NULL, 0, 412, 0, 100},
	{-1, -1, NULL, BEFORE, NULL, NULL, 0, 412, 0, 100},
	{-1, -1, NULL, AT, NULL, NULL, 0, 200, 0, 100},
	{-1, -1, NULL, AFTER, NULL, NULL, 0, 200, 0, 100},
	{-1, -1, NULL, "yesterday", NULL, NULL, 0, 200, 0, 100},
	/* If-None-Match, then If-Modified-Since */
	{-1, 1, NULL, NULL, NULL, NULL, 0, 304, 0, 100},
	{-1, 1, NULL, NULL, NULL, NULL, 1, 304, 0, 100},
	{-1, 1, BEFORE, NULL, NULL, NULL, 0, 304, 0, 100},
	{-1, 0, AFTER, NULL, NULL, NULL, 0, 200, 0, 100},
	{1, 1, NULL, NULL, NULL, NULL, 0, 304, 0, 100},
	{-1, -1, AT, NULL, NULL, NULL, 0, 304, 0, 100},
	{-1, -1, AFTER, NULL, NULL, NULL, 1, 304, 0, 100},
	{-1, -1, BEFORE, NULL, NULL, NULL, 0, 200, 0, 100},
	{-1, -1, "tomorrow", NULL, NULL, NULL, 0, 200, 0, 100},
	{-1, -1, AT, BEFORE, NULL, NULL, 0, 412, 0, 100},
	/* ranges, after the conditions, for GET only */
	{-1, -1, NULL, NULL, NULL, "bytes=0-9", 0, 206, 0, 10},
	{-1, -1, NULL, NULL, NULL, "bytes=-10", 0, 206, 90, 10},
	{-1, -1, NULL, NULL, NULL, "bytes=90-", 0, 206, 90, 10},
	{-1, -1, NULL, NULL, NULL, "bytes=0-9", 1, 200, 0, 100},
	{-1, -1, NULL, NULL, NULL, "bytes=100-", 0, 416, 0, 100},
	{-1, -1, NULL, NULL, NULL, "bytes=100-", 1, 200, 0, 100},
	{-1, -1, NULL, NULL, NULL, "bytes=0-1,5-6", 0, 206, 0, 100},
	{-1, -1, NULL, NULL, NULL, "bytes=0-9,0-9,0-9,0-9", 0, 200, 0, 100},
	{-1, -1, NULL, NULL, NULL, "bytes=0-1,200-", 0, 206, 0, 2},
	{-1, -1, NULL, NULL, NULL, "lines=0-1", 0, 200, 0, 100},
	{-1, -1, NULL, NULL, NULL, "bytes=9-0", 0, 200, 0, 100},
	{-1, 1, NULL, NULL, NULL, "bytes=0-9", 0, 304, 0, 100},
	{0, -1, NULL, NULL, NULL, "bytes=100-", 0, 412, 0, 100},
	{1, -1, NULL, NULL, NULL, "bytes=0-9", 0, 206, 0, 10},
	/* If-Range */
	{-1, -1, NULL, NULL, ETAG, "bytes=0-9", 0, 206, 0, 10},
	{-1, -1, NULL, NULL, "\"f\"", "bytes=0-9", 0, 200, 0, 100},
	{-1, -1, NULL, NULL, "W/" ETAG, "bytes=0-9", 0, 200, 0, 100},
	{-1, -1, NULL, NULL, AT, "bytes=0-9", 0, 206, 0, 10},
	{-1, -1, NULL, NULL, BEFORE, "bytes=0-9", 0, 200, 0, 100},
	{-1, -1, NULL, NULL, AFTER, "bytes=0-9", 0, 200, 0, 100},
	{-1, -1, NULL, NULL, "e", "bytes=0-9", 0, 200, 0, 100},
	{-1, -1, NULL, NULL, "", "bytes=0-9", 0, 200, 0, 100},
	{-1, -1, NULL, NULL, "\"f\"", "bytes=100-", 0, 200, 0, 100},
	{-1, -1, NULL, NULL, ETAG, NULL, 0, 200, 0, 100},
};

START_TEST(conditions_have_their_order)
{
	for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
		struct mhttp_files_decision d = decide(&examples[i], 100, 1000);

		ck_assert_msg(d.status == examples[i].status, "%zu: %d, not %d", i, d.status,
			      examples[i].status);
		ck_assert_uint_eq(d.first, examples[i].first);
		ck_assert_uint_eq(d.length, examples[i].length);
	}
}
END_TEST

START_TEST(a_date_of_this_second_is_weak)
{
	const struct example e = {.if_match = -1, .if_none_match = -1, .if_range = AT, .range = "bytes=0-9"};

	ck_assert_int_eq(decide(&e, 100, 0).status, 200);
	ck_assert_int_eq(decide(&e, 100, 1).status, 206);
}
END_TEST

START_TEST(several_ranges_are_few_and_small)
{
	struct example e = {.if_match = -1, .if_none_match = -1, .range = "bytes=0-1, 5-6,-1"};
	struct mhttp_files_decision d = decide(&e, 100, 1000);

	ck_assert_int_eq(d.status, 206);
	ck_assert_uint_eq(d.nranges, 3);
	ck_assert_uint_eq(d.ranges[1].first, 5);
	ck_assert_uint_eq(d.ranges[2].first, 99);
	e.range = "bytes=0-0,2-2,4-4,6-6,8-8,10-10,12-12,14-14,16-16,18-18,20-20,22-22,24-24,26-26,28-28,30-30";
	d = decide(&e, 100, 1000);
	ck_assert_uint_eq(d.nranges, MHTTP_FILES_RANGES);
	e.range = "bytes=0-0,2-2,4-4,6-6,8-8,10-10,12-12,14-14,16-16,18-18,20-20,22-22,24-24,26-26,28-28,30-30,40-";
	ck_assert_int_eq(decide(&e, 100, 1000).status, 200);
	/* together too large to be put together in memory, and just not */
	e.range = "bytes=0-1048575,1048577-1048577";
	ck_assert_int_eq(decide(&e, 4 << 20, 1000).status, 200);
	e.range = "bytes=0-1048574,1048577-1048577";
	ck_assert_int_eq(decide(&e, 4 << 20, 1000).status, 206);
	e.range = "bytes=0-0";
	ck_assert_uint_eq(decide(&e, 100, 1000).nranges, 1);
}
END_TEST

START_TEST(nothing_has_no_ranges)
{
	const struct example e = {.if_match = -1, .if_none_match = -1, .range = "bytes=0-"};
	const struct example suffix = {.if_match = -1, .if_none_match = -1, .range = "bytes=-5"};

	ck_assert_int_eq(decide(&e, 0, 1000).status, 416);
	ck_assert_int_eq(decide(&suffix, 0, 1000).status, 200);
}
END_TEST

START_TEST(etags_differ_by_size_time_and_inode)
{
	struct stat st;
	char all[4][MHTTP_ETAG_BYTES];

	memset(&st, 0, sizeof st);
	mhttp_files_etag(all[0], &st);
	st.st_size = 1;
	mhttp_files_etag(all[1], &st);
	st.st_mtim.tv_nsec = 1;
	mhttp_files_etag(all[2], &st);
	st.st_ino = 1;
	mhttp_files_etag(all[3], &st);
	for (int i = 0; i < 4; i++) {
		struct mummy_http_span list = span(all[i]);

		for (int k = 0; k < 4; k++)
			ck_assert_int_eq(mummy_http_etag_match(list, all[k], 0), i == k);
	}
}
END_TEST

SUITE_MAIN("http/files_decide", conditions_have_their_order, a_date_of_this_second_is_weak,
	   several_ranges_are_few_and_small, nothing_has_no_ranges, etags_differ_by_size_time_and_inode)
