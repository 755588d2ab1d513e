#include <config.h>
#include <errno.h>
#include <string.h>
#include "suite.h"
#include "content_range.h"
#include <mummy/upload.h>

START_TEST(ranges_are_read)
{
	static const struct { const char *text; int asks; uint64_t from, len, total; } v[] = {
		{ "bytes 0-0/1", 0, 0, 1, 1 }, { "bytes 5-9/10", 0, 5, 5, 10 }, { "BYTES 5-9/*", 0, 5, 5, MUMMY_UPLOAD_UNKNOWN },
		{ "bytes */10", 1, 0, 0, 10 }, { "bytes */*", 1, 0, 0, MUMMY_UPLOAD_UNKNOWN }, { "bytes */0", 1, 0, 0, 0 },
		{ "bytes 0-9223372036854775805/9223372036854775806", 0, 0, 9223372036854775806u, 9223372036854775806u },
	};
	struct mup_content_range r;

	for (size_t i = 0; i < sizeof v / sizeof v[0]; i++) {
		ck_assert_msg(mup_content_range(v[i].text, strlen(v[i].text), &r) == 0, "%s", v[i].text);
		ck_assert_int_eq(r.asks, v[i].asks);
		ck_assert(r.from == v[i].from && r.len == v[i].len && r.total == v[i].total);
	}
}
END_TEST

START_TEST(everything_else_is_refused)
{
	static const char *const bad[] = { "", "bytes", "bytes ", "bytes 0-0", "bytes 0-0/", "bytes 1-0/5", "bytes 0-5/5",
		"bytes 0/5", "bytes -1/5", "bytes 0-/5", "bytes 0-0/x", "bytes a-b/5", "bytes 0-0/1,2-2/3", "items 0-0/1",
		"bytes=0-0/1", "bytes  0-0/1", "bytes 0 - 0/1", "bytes 0-0/ 1", "bytes +0-0/1", "bytes **/1", "bytes */",
		"bytes 0-99999999999999999999/*", "bytes 9223372036854775807-9223372036854775807/*" };
	struct mup_content_range r;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		for (size_t n = 0; n <= strlen(bad[i]); n++)
			ck_assert_msg(n < strlen(bad[i]) || mup_content_range(bad[i], n, &r) == -EINVAL, "%s", bad[i]);
}
END_TEST

SUITE_MAIN("upload/content_range", ranges_are_read, everything_else_is_refused)
