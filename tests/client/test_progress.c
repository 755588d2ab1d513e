#include <config.h>
#include <string.h>
#include "suite.h"
#include "progress.h"

#define MIB 1048576u

START_TEST(test_rate)
{
	struct progress p = { 0 };

	progress_look(&p, 100 * MIB, 1000);      /* there from an earlier run */
	ck_assert(p.rate == 0);
	progress_look(&p, 100 * MIB, 1000);
	progress_look(&p, 101 * MIB, 2000);
	ck_assert(p.rate > 0.99 * MIB && p.rate < 1.01 * MIB);
	for (unsigned i = 1; i < 60; i++)
		progress_look(&p, (101 + 3 * i) * MIB, 2000 + 1000 * i);
	ck_assert(p.rate > 2.9 * MIB && p.rate < 3.01 * MIB);
	for (unsigned i = 0; i < 60; i++)
		progress_look(&p, 278 * MIB, 62000 + 1000 * i);
	ck_assert(p.rate < 0.01 * MIB);
	progress_look(&p, 5, 200000);             /* begun anew */
	ck_assert(p.rate >= 0);
}
END_TEST

START_TEST(test_eta)
{
	struct progress p = { .rate = 100, .begun = 1 };

	ck_assert_uint_eq(progress_eta_s(&p, 0, 1000), 10);
	ck_assert_uint_eq(progress_eta_s(&p, 1000, 1000), 0);
	ck_assert_uint_eq(progress_eta_s(&p, 1001, 1000), PROGRESS_UNKNOWN);
	ck_assert_uint_eq(progress_eta_s(&p, 0, PROGRESS_UNKNOWN), PROGRESS_UNKNOWN);
	p.rate = 0;
	ck_assert_uint_eq(progress_eta_s(&p, 0, 1000), PROGRESS_UNKNOWN);
}
END_TEST

static void size_is(double octets, const char *want)
{
	char out[24];

	progress_size(out, sizeof out, octets);
	ck_assert_str_eq(out, want);
}

static void time_is(uint64_t s, const char *want)
{
	char out[24];

	progress_time(out, sizeof out, s);
	ck_assert_str_eq(out, want);
}

START_TEST(test_words)
{
	size_is(0, "0 B");
	size_is(999, "999 B");
	size_is(1000, "1.0 KiB");
	size_is(1.5 * MIB, "1.5 MiB");
	size_is(300.0 * MIB, "300 MiB");
	size_is(18446744073709551615.0, "16.0 EiB");
	time_is(0, "0:00");
	time_is(61, "1:01");
	time_is(3723, "1:02:03");
	time_is(3 * 86400 + 7200, "3d 2h");
}
END_TEST

START_TEST(test_lines)
{
	struct progress p = { .rate = MIB, .begun = 1 };
	char out[300], accents[41] = "";

	progress_line(out, sizeof out, &p, "film.mkv", MIB, 2 * MIB, 120);
	ck_assert_str_eq(out,
			 "film.mkv  [##########..........]  50%  1.0 MiB of 2.0 MiB  1.0 MiB/s  ETA 0:01");
	progress_line(out, sizeof out, &p, "-", MIB, PROGRESS_UNKNOWN, 120);
	ck_assert_str_eq(out, "-  1.0 MiB  1.0 MiB/s");
	progress_line(out, sizeof out, &p, "f", 0, 0, 120);
	ck_assert_ptr_nonnull(strstr(out, "100%"));
	for (unsigned width = 0; width < 150; width++) {
		progress_line(out, sizeof out, &p, "a/rather/long/name/of/a/file.mkv", MIB, 2 * MIB, width);
		ck_assert_uint_le(strlen(out), width);
	}
	progress_line(out, sizeof out, &p, "a/rather/long/name/of/a/file.mkv", MIB, 2 * MIB, 85);
	ck_assert_ptr_nonnull(strstr(out, "file.mkv  ["));
	for (size_t i = 0; i + 1 < sizeof accents; i += 2)
		memcpy(accents + i, "\xc3\xa9", 2);
	for (unsigned width = 80; width < 100; width++) {
		progress_line(out, sizeof out, &p, accents, MIB, 2 * MIB, width);
		if (strncmp(out, "...", 3) == 0)
			ck_assert_int_eq(out[3], '\xc3');
	}
}
END_TEST

SUITE_MAIN("progress", test_rate, test_eta, test_words, test_lines)
