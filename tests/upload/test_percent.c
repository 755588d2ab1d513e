#include <config.h>
#include <errno.h>
#include <string.h>
#include "suite.h"
#include "percent.h"

START_TEST(escapes_become_octets)
{
	static const struct { const char *in, *out; int n; } v[] = {
		{ "", "", 0 }, { "abc", "abc", 3 }, { "%41", "A", 1 }, { "a%20b%2F", "a b/", 4 }, { "%c3%A4", "\xc3\xa4", 2 },
		{ "%00x", "\0x", 2 }, { "100%25", "100%", 4 },
		{ "%", "", -EINVAL }, { "a%4", "", -EINVAL }, { "%4g", "", -EINVAL }, { "%g4", "", -EINVAL }, { "%%41", "", -EINVAL },
	};
	char out[8];

	for (size_t i = 0; i < sizeof v / sizeof v[0]; i++) {
		ck_assert_int_eq(mup_percent_decode(v[i].in, strlen(v[i].in), out, sizeof out), v[i].n);
		if (v[i].n > 0)
			ck_assert_mem_eq(out, v[i].out, (size_t)v[i].n);
	}
}
END_TEST

START_TEST(it_keeps_to_what_it_is_given)
{
	char out[4];

	ck_assert_int_eq(mup_percent_decode("%41", 2, out, sizeof out), -EINVAL);
	ck_assert_int_eq(mup_percent_decode("abcd", 4, out, sizeof out), 4);
	ck_assert_int_eq(mup_percent_decode("abcd%41", 7, out, sizeof out), -EINVAL);
}
END_TEST

SUITE_MAIN("upload/percent", escapes_become_octets, it_keeps_to_what_it_is_given)
