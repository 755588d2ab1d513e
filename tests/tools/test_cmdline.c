/* What both programs' tables do not show of their engine. */
#include <config.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "suite.h"
#include "cmdline.h"

struct values { int loud, quick, kind, action; unsigned some; const char *text; uint64_t n, bytes, s, ms; };

static const char *const words[] = { "red", "green", "blue", NULL };
#define AT(member) .at = offsetof(struct values, member)
static const struct cmdline_row rows[] = {
	{ "loud", NULL, "a flag", cmdline_flag, AT(loud), .letter = 'l' },
	{ "quick", NULL, "another\nin two lines", cmdline_flag, AT(quick), .letter = 'q' },
	{ "text", "WORD", "a text", cmdline_text, AT(text), .what = "a word" },
	{ "plain", "WORD", "a text", cmdline_text, AT(text) },
	{ "n", "N", "a number", cmdline_number, AT(n), .min = 2, .max = 9 },
	{ "bytes", "SIZE", "a size", cmdline_size, AT(bytes), .min = 4096, .max = 1 << 20 },
	{ "s", "TIME", "seconds", cmdline_time, AT(s) },
	{ "ms", "TIME", "milliseconds", cmdline_ms, AT(ms), .min = 10, .max = 1000 },
	{ "kind", "COLOUR", "one", cmdline_choice, AT(kind), .words = words },
	{ "some", "COLOURS", "several", cmdline_choices, AT(some), .what = "colour", .words = words },
	{ "a-long-name-for-something", "VALUE", "leaves no room", cmdline_max, AT(action), .max = 7 },
};
static const struct cmdline line = { "program", rows, sizeof rows / sizeof rows[0] };
static struct values v;
static char why[256];

static int take(const char *a, const char *b)
{
	char *argv[] = { (char *)(uintptr_t)a, (char *)(uintptr_t)b, NULL };
	int i = 0, rc;

	why[0] = '\0';
	rc = cmdline_take(&line, &v, argv, &i, why, sizeof why);
	ck_assert(rc < 0 || i == (b != NULL));
	return rc;
}

START_TEST(values_arrive)
{
	memset(&v, 0, sizeof v);
	ck_assert_int_eq(take("-lq", NULL), 0);
	ck_assert(v.loud && v.quick);
	ck_assert_int_eq(take("--text", "a"), 0);
	ck_assert_str_eq(v.text, "a");
	ck_assert_int_eq(take("--text=b=c", NULL), 0);
	ck_assert_str_eq(v.text, "b=c");
	ck_assert_int_eq(take("--n", "9"), 0);
	ck_assert_int_eq(take("--bytes", "4K"), 0);
	ck_assert_int_eq(take("--s", "2m"), 0);
	ck_assert_int_eq(take("--ms", "1s"), 0);
	ck_assert_int_eq(take("--kind", "blue"), 0);
	ck_assert_int_eq(take("--some", "blue,red"), 0);
	ck_assert_int_eq(take("--a-long-name-for-something", "x"), 0);
	ck_assert(v.n == 9 && v.bytes == 4096 && v.s == 120 && v.ms == 1000 && v.kind == 2 && v.some == 5 && v.action == 7);
}
END_TEST

START_TEST(mistakes_are_whole_sentences)
{
	static const struct { const char *a, *b, *says; } bad[] = {
		{ "--none", NULL, "--none: unknown option; \"program --help\" lists them all" },
		{ "--lou", NULL, "--lou: unknown option; \"program --help\" lists them all" },
		{ "-lx", NULL, "-lx: unknown option; \"program --help\" lists them all" },
		{ "--loud=1", NULL, "--loud: takes no value; leave out \"=1\"" },
		{ "--n", NULL, "--n: the value is missing; write --n N" },
		{ "--text=", NULL, "--text: the value is empty; give a word" },
		{ "--plain=", NULL, "--plain: the value is empty; give WORD" },
		{ "--n", "1", "--n: \"1\" is not a number from 2 to 9" },
		{ "--bytes", "4095", "--bytes: \"4095\" is not a size from 4096; write it as 65536, 64K, 16M or 2G" },
		{ "--bytes", "2M", "--bytes: \"2M\" is not a size from 4096; write it as 65536, 64K, 16M or 2G" },
		{ "--s", "2y", "--s: \"2y\" is not a time; write it as 90s, 30m, 24h, 7d, or 0 for never" },
		{ "--ms", "2s", "--ms: \"2s\" is not a time from 10ms to 1000ms; write it as 500ms, 30s or 5m" },
		{ "--kind", "grey", "--kind: \"grey\" is none of red, green, blue" },
		{ "--some", "red,,blue", "--some: \"\" is no colour; they are red, green, blue" },
	};

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		ck_assert_int_eq(take(bad[i].a, bad[i].b), -EINVAL);
		ck_assert_str_eq(why, bad[i].says);
	}
}
END_TEST

START_TEST(help_has_columns)
{
	char *text = NULL;
	size_t n;
	FILE *f = open_memstream(&text, &n);

	cmdline_help(&line, f);
	fclose(f);
	ck_assert_ptr_nonnull(strstr(text, "  -q, --quick             another\n                          in two lines\n"));
	ck_assert_ptr_nonnull(strstr(text, "      --n N               a number\n"));
	ck_assert_ptr_nonnull(strstr(text, "something VALUE\n                          leaves no room\n"));
	free(text);
}
END_TEST

SUITE_MAIN("cmdline", values_arrive, mistakes_are_whole_sentences, help_has_columns)
