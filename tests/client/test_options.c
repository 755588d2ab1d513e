#include <config.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include "suite.h"
#include "options.h"

static struct options o;
static char why[512];

/* The words of a command line after the program's name, up to NULL. */
static int parse(const char *first, ...)
{
	char *argv[64] = { (char *)(uintptr_t)"mummy-upload" };
	va_list args;
	int argc = 1;

	options_free(&o);
	va_start(args, first);
	for (const char *word = first; word; word = va_arg(args, const char *))
		argv[argc++] = (char *)(uintptr_t)word;
	va_end(args);
	why[0] = '\0';
	return options_parse(&o, argc, argv, why, sizeof why);
}

#define URL "http://a/files/"

START_TEST(test_defaults)
{
	ck_assert_int_eq(parse("f", URL, NULL), 0);
	ck_assert_uint_eq(o.nfiles, 1);
	ck_assert_str_eq(o.files[0], "f");
	ck_assert_str_eq(o.to, URL);
	ck_assert_uint_eq(o.parallel, 1);
	ck_assert_uint_eq(o.retries, 10);
	ck_assert_uint_eq(o.retry_ms, 1000);
	ck_assert_uint_eq(o.timeout_ms, 60000);
	ck_assert_uint_eq(o.buffer, 16u << 20);
	ck_assert_uint_eq(o.chunk, 0);
	ck_assert_uint_eq(o.interval_ms, 200);
	ck_assert_int_eq(parse("--json", "f", URL, NULL), 0);
	ck_assert_uint_eq(o.interval_ms, 1000);
}
END_TEST

START_TEST(test_every_option)
{
	ck_assert_int_eq(parse("-rq", "--parallel=4", "--checksum", "sha1", "--chunk", "1M", "--buffer=64K",
			       "--spool", "/tmp", "--metadata", "a=b", "--metadata=c=d", "--header", "X: y",
			       "--user", "a:b", "--netrc", "--cacert", "c", "--limit-rate", "5K", "--retries",
			       "0", "--retry-delay", "20ms", "--timeout", "5m", "--state", "s", "--json",
			       "--interval=3s", "--to", URL, "-", "f", NULL),
			 0);
	ck_assert(o.recursive && o.quiet && o.json && o.netrc);
	ck_assert_uint_eq(o.parallel, 4);
	ck_assert_str_eq(o.checksum, "sha1");
	ck_assert_uint_eq(o.chunk, 1 << 20);
	ck_assert_uint_eq(o.buffer, 65536);
	ck_assert_str_eq(o.spool, "/tmp");
	ck_assert_uint_eq(o.metadata.n, 2);
	ck_assert_str_eq(o.metadata.text[1], "c=d");
	ck_assert_uint_eq(o.headers.n, 1);
	ck_assert_str_eq(o.user, "a:b");
	ck_assert_str_eq(o.cacert, "c");
	ck_assert_uint_eq(o.rate, 5 * 1024);
	ck_assert_uint_eq(o.retries, 0);
	ck_assert_uint_eq(o.retry_ms, 20);
	ck_assert_uint_eq(o.timeout_ms, 300000);
	ck_assert_str_eq(o.state, "s");
	ck_assert_uint_eq(o.interval_ms, 3000);
	ck_assert_uint_eq(o.nfiles, 2);
	ck_assert_str_eq(o.files[0], "-");
}
END_TEST

START_TEST(test_words_behind_two_dashes)
{
	ck_assert_int_eq(parse("--to", URL, "--", "--json", "-r", NULL), 0);
	ck_assert_uint_eq(o.nfiles, 2);
	ck_assert_str_eq(o.files[0], "--json");
	ck_assert(!o.json);
}
END_TEST

START_TEST(test_help_needs_nothing_else)
{
	ck_assert_int_eq(parse("--help", NULL), 0);
	ck_assert_int_eq(o.action, OPTIONS_HELP);
	ck_assert_int_eq(parse("-V", "--bad", NULL), 0);
	ck_assert_int_eq(o.action, OPTIONS_VERSION);
}
END_TEST

static void refused(int rc, const char *says)
{
	ck_assert_int_eq(rc, -EINVAL);
	ck_assert_ptr_null(strchr(why, '\n'));
	ck_assert_msg(strstr(why, says) != NULL, "%s lacks %s", why, says);
}

START_TEST(test_mistakes)
{
	refused(parse(NULL), "nothing to do");
	refused(parse(URL, NULL), "no file");
	refused(parse("f", "ftp://a/", NULL), "http");
	refused(parse("f", "user:secret@host", NULL), "http");
	ck_assert_ptr_null(strstr(why, "secret"));
	refused(parse("--frob", "f", URL, NULL), "--frob");
	refused(parse("-x", "f", URL, NULL), "-x");
	refused(parse("--json=1", "f", URL, NULL), "--json");
	refused(parse("f", URL, "--parallel", NULL), "--parallel N");
	refused(parse("--parallel", "0", "f", URL, NULL), "1 to 64");
	refused(parse("--parallel", "65", "f", URL, NULL), "1 to 64");
	refused(parse("--chunk", "0", "f", URL, NULL), "--chunk");
	refused(parse("--buffer", "1K", "f", URL, NULL), "65536");
	refused(parse("--timeout", "10ms", "f", URL, NULL), "1000ms");
	refused(parse("--state=", "f", URL, NULL), "empty");
}
END_TEST

START_TEST(test_texts_are_bounded)
{
	char *argv[2 * OPTIONS_MAX_TEXTS + 6];
	int argc = 0;

	argv[argc++] = (char *)(uintptr_t)"mummy-upload";
	for (int i = 0; i <= OPTIONS_MAX_TEXTS; i++) {
		argv[argc++] = (char *)(uintptr_t)"--header";
		argv[argc++] = (char *)(uintptr_t)"A: b";
	}
	options_free(&o);
	refused(options_parse(&o, argc, argv, why, sizeof why), "at most 32");
}
END_TEST

START_TEST(test_help_lists_the_table)
{
	char *text = NULL;
	size_t n, rows;
	const struct cmdline_row *row = options_table(&rows);
	FILE *f = open_memstream(&text, &n);

	options_help(f);
	fclose(f);
	for (size_t i = 0; i < rows; i++)
		ck_assert_ptr_nonnull(strstr(text, row[i].name));
	for (const char *line = text; *line; line = strchr(line, '\n') + 1)
		ck_assert_uint_le(strcspn(line, "\n"), 100);
	free(text);
}
END_TEST

SUITE_MAIN("options", test_defaults, test_every_option, test_words_behind_two_dashes,
	   test_help_needs_nothing_else, test_mistakes, test_texts_are_bounded, test_help_lists_the_table)
