#include <config.h>
#include <string.h>
#include "suite.h"
#include "range.h"

START_TEST(ranges)
{
	static const struct { const char *text; uint64_t size; int rc; uint64_t from, len; } v[] = {
		{ "bytes=0-0", 10, 1, 0, 1 }, { "bytes=0-", 10, 1, 0, 10 }, { "bytes=3-5", 10, 1, 3, 3 },
		{ "bytes=3-99", 10, 1, 3, 7 }, { "bytes=-3", 10, 1, 7, 3 }, { "bytes=-99", 10, 1, 0, 10 },
		{ "bytes=10-", 10, -1, 0, 0 }, { "bytes=-0", 10, -1, 0, 0 }, { "bytes=0-", 0, -1, 0, 0 },
		{ "bytes=-1", 0, -1, 0, 0 }, { "bytes=5-3", 10, 0, 0, 0 }, { "bytes=0-1,3-4", 10, 0, 0, 0 },
		{ "bytes=", 10, 0, 0, 0 }, { "bytes=-", 10, 0, 0, 0 }, { "bytes=a-b", 10, 0, 0, 0 }, { "lines=0-1", 10, 0, 0, 0 },
		{ "bytes=99999999999999999999-", 10, -1, 0, 0 }, { "bytes=1", 10, 0, 0, 0 },
	};

	for (size_t i = 0; i < sizeof v / sizeof v[0]; i++) {
		uint64_t from = 0, len = 0;

		ck_assert_msg(mup_range(v[i].text, strlen(v[i].text), v[i].size, &from, &len) == v[i].rc, "%s", v[i].text);
		if (v[i].rc == 1) {
			ck_assert_uint_eq(from, v[i].from);
			ck_assert_uint_eq(len, v[i].len);
		}
	}
}
END_TEST

SUITE_MAIN("upload/range", ranges)
