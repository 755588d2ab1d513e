#include <config.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "suite.h"
#include "options.h"

static struct options o;
static char why[512];

/* The words of a command line after the program's name, up to NULL. */
static int parse(const char *first, ...)
{
	char *argv[32] = { (char *)(uintptr_t)"mummy-server" };
	va_list args;
	int argc = 1;

	va_start(args, first);
	for (const char *word = first; word; word = va_arg(args, const char *))
		argv[argc++] = (char *)(uintptr_t)word;
	va_end(args);
	why[0] = '\0';
	return options_parse(&o, argc, argv, why, sizeof why);
}

START_TEST(test_nothing_given)
{
	ck_assert_int_eq(parse(NULL), 0);
	ck_assert_int_eq(o.action, OPTIONS_RUN);
	ck_assert_uint_eq(o.nlisten, 0);
	ck_assert_ptr_null(o.root);
	ck_assert_int_eq(o.model, OPTIONS_THREADS);
	ck_assert_uint_eq(o.worker_nice, 5);
	ck_assert_uint_eq(o.max_body, 0);
	ck_assert_uint_eq(o.idle_timeout, 60000);
	ck_assert_uint_eq(o.min_answer_rate, 256);
	ck_assert(o.min_body_rate == 256 && o.upload_idle == 30000);
}
END_TEST

START_TEST(test_every_option_in_both_forms)
{
	ck_assert_int_eq(parse("--listen", "127.0.0.1:0", "--listen=[::1]:81", "--root", "r",
			       "--uploads=u", "--model", "tasks", "--workers=7", "--worker-nice", "0", "--loops", "2",
			       "--max-body=16M", "--idle-timeout", "1500ms", "--min-answer-rate=2K", "--log", "-", "--reuse-port",
			       "--congestion=reno",
			       "--diagnostics", "--ws-inline", "--ws-deflate=dedicated",
			       "--ws-origin", "https://a.example", "--ws-origin=http://b:81", "--ws-origin=*",
			       "--port-file=p=q", NULL), 0);
	ck_assert_int_eq(o.allow_anonymous, 0);
	ck_assert_uint_eq(o.upload_expire, 86400);
	ck_assert_uint_eq(o.upload_min_free, 64u << 20);
	ck_assert_int_eq(o.sync, 0);
	ck_assert_int_eq(o.safe_names, 0);
	ck_assert_uint_eq(o.nlisten, 2);
	ck_assert_str_eq(o.listen[0].host, "127.0.0.1");
	ck_assert_uint_eq(o.listen[1].port, 81);
	ck_assert_str_eq(o.root, "r");
	ck_assert_str_eq(o.uploads, "u");
	ck_assert_int_eq(o.model, OPTIONS_TASKS);
	ck_assert_uint_eq(o.workers, 7);
	ck_assert_uint_eq(o.worker_nice, 0);
	ck_assert_uint_eq(o.loops, 2);
	ck_assert_uint_eq(o.max_body, 16u << 20);
	ck_assert_uint_eq(o.idle_timeout, 1500);
	ck_assert_uint_eq(o.min_answer_rate, 2048);
	ck_assert_str_eq(o.log, "-");
	ck_assert(o.reuse_port && o.diagnostics && o.ws_inline);
	ck_assert_str_eq(o.congestion, "reno");
	ck_assert_int_eq(o.ws_deflate, OPTIONS_DEDICATED);
	ck_assert_uint_eq(o.norigins, 2);
	ck_assert_str_eq(o.origin[1], "http://b:81");
	ck_assert_int_eq(o.any_origin, 1);
	ck_assert_str_eq(o.port_file, "p=q");
}
END_TEST

START_TEST(test_hooks)
{
	ck_assert_int_eq(parse(NULL), 0);
	ck_assert_uint_eq(o.hook_events, ~0u);
	ck_assert(o.hook_timeout == 30000 && o.hook_jobs == 4 && o.hook_keep == 604800 && o.hook_queue == 100000);
	ck_assert_int_eq(parse("--hook-command=/a/b", "--hook-url", "http://c/", "--hook-events=expired,pre-create",
			       "--hook-timeout=2m", "--hook-jobs=9", "--hook-keep=0", "--hook-queue=1", NULL), 0);
	ck_assert_str_eq(o.hook_command, "/a/b");
	ck_assert_str_eq(o.hook_url, "http://c/");
	ck_assert_uint_eq(o.hook_events, 1u << 4 | 1u);
	ck_assert(o.hook_timeout == 120000 && o.hook_jobs == 9 && o.hook_keep == 0 && o.hook_queue == 1);
	ck_assert_int_eq(parse("--hook-events=expired,", NULL), -EINVAL);
	ck_assert_str_eq(why, "--hook-events: \"\" is no event; they are pre-create, pre-finish, post-finish, "
			 "terminated, expired");
	ck_assert_int_eq(parse("--hook-timeout=0", NULL), -EINVAL);
	ck_assert_str_eq(why, "--hook-timeout: \"0\" is not a time; write it as 500ms, 30s or 5m");
}
END_TEST

START_TEST(test_uploads)
{
	ck_assert_int_eq(parse("--completed=c", "--name=safe", "--fsync", "finish", "--upload-max-size=2G",
			       "--upload-expire", "7d", "--upload-quota=3T", "--upload-min-free", "0",
			       "--upload-origins=*", "--digest-max=1K", "--allow-anonymous", NULL), 0);
	ck_assert_int_eq(parse("--upload-rate=1M", "--client-rate=2M", "--total-rate=3M", "--upload-min-rate=4K",
			       "--client-uploads=5", "--upload-idle", "90s", "--min-body-rate=0", NULL), 0);
	ck_assert(o.upload_idle == 90000 && o.min_body_rate == 0);
	ck_assert(o.upload_rate == 1 << 20 && o.client_rate == 2 << 20 && o.total_rate == 3 << 20);
	ck_assert(o.upload_min_rate == 4096 && o.client_uploads == 5);
	ck_assert_int_eq(parse("--completed=c", "--name=safe", "--fsync", "finish", "--upload-max-size=2G",
			       "--upload-expire", "7d", "--upload-quota=3T", "--upload-min-free", "0",
			       "--upload-origins=*", "--digest-max=1K", "--allow-anonymous", NULL), 0);
	ck_assert_str_eq(o.completed, "c");
	ck_assert_str_eq(o.origins, "*");
	ck_assert_int_eq(o.safe_names, 1);
	ck_assert_int_eq(o.sync, 1);
	ck_assert_uint_eq(o.upload_max, UINT64_C(2) << 30);
	ck_assert_uint_eq(o.upload_expire, 7 * 86400);
	ck_assert_uint_eq(o.upload_quota, UINT64_C(3) << 40);
	ck_assert_uint_eq(o.upload_min_free, 0);
	ck_assert_uint_eq(o.digest_max, 1024);
	ck_assert_int_eq(o.allow_anonymous, 1);
	ck_assert_int_eq(parse("--fsync=none", "--name", "id", "--upload-expire=0", NULL), 0);
	ck_assert_int_eq(o.sync, 2);
	ck_assert_uint_eq(o.upload_expire, 0);
}
END_TEST

START_TEST(test_model_last_one_counts)
{
	ck_assert_int_eq(parse("--model=tasks", "--model", "threads", NULL), 0);
	ck_assert_int_eq(o.model, OPTIONS_THREADS);
	ck_assert_int_eq(parse("--model=threads", "--model", "fibers", NULL), 0);
	ck_assert_int_eq(o.model, OPTIONS_FIBERS);
	ck_assert_str_eq(options_model_name(OPTIONS_THREADS), "threads");
	ck_assert_str_eq(options_model_name(OPTIONS_FIBERS), "fibers");
}
END_TEST

static void refused(const char *word, const char *value, const char *says)
{
	ck_assert_msg(parse(word, value, NULL) == -EINVAL, "%s %s", word, value ? value : "");
	ck_assert_msg(strstr(why, says) != NULL, "%s %s: %s", word, value ? value : "", why);
	ck_assert_ptr_null(strchr(why, '\n'));
}

START_TEST(test_errors_say_what_to_change)
{
	refused("--no-such", NULL, "--help");
	refused("--fsync", "always", "ack, finish, none");
	refused("--name", "", "id, safe");
	refused("--upload-expire", "1w", "24h");
	refused("--upload-quota", "lots", "64K");
	refused("--completed", "", "directory");
	refused("--workerss=3", NULL, "--help");
	refused("--", NULL, "--help");
	refused("file", NULL, "--help");
	refused("--ws-deflate", "on", "shared");
	refused("--ws-origin", "example.com", "https://example.com");
	refused("--ws-origin", "https://example.com/", "https://example.com");
	refused("--ws-origin", "https://", "https://example.com");
	refused("-h", NULL, "--help");
	refused("--listen", NULL, "ADDRESS:PORT");
	refused("--listen", "localhost:80", "127.0.0.1:8080");
	refused("--workers", "0", "from 1 to 10000");
	refused("--workers", "ten", "from 1 to 10000");
	refused("--loops", "257", "from 1 to 256");
	refused("--worker-nice", "20", "from 0 to 19");
	refused("--max-body", "1X", "64K");
	refused("--max-body", "0", "64K");
	refused("--idle-timeout", "0", "30s");
	refused("--min-answer-rate", "-1", "64K");
	refused("--min-body-rate", "some", "64K");
	refused("--upload-idle", "soon", "30s");
	refused("--model", "strands", "fibers");
	refused("--root", "", "directory");
	refused("--uploads=", NULL, "directory");
	refused("--log", "", "file");
	refused("--port-file", "", "file");
	refused("--diagnostics=yes", NULL, "no value");
	refused("--cors", "", "https://a.example");
	refused("--cors", "https://a.example/", "https://a.example");
	refused("--cors", "https://a.example, *", "https://a.example");
	refused("--upload-origins", "https://a.example,,https://b.example", "https://a.example");
	refused("--upload-origins", "a.example", "https://a.example");
}
END_TEST

START_TEST(test_credentials_are_for_named_origins)
{
	ck_assert_int_eq(parse("--cors-credentials", "--cors", "https://a.example, http://b.example:81", NULL), 0);
	ck_assert_int_eq(o.cors_credentials, 1);
	ck_assert_int_eq(parse("--upload-origins=https://a.example", "--cors-credentials", NULL), 0);
	ck_assert_int_eq(parse("--cors=null,https://a.example", NULL), 0);
	ck_assert_int_eq(o.cors_credentials, 0);
	ck_assert_int_eq(parse("--cors-credentials", NULL), -EINVAL);
	ck_assert_ptr_nonnull(strstr(why, "--cors or --upload-origins"));
	ck_assert_int_eq(parse("--cors-credentials", "--cors", "*", NULL), -EINVAL);
	ck_assert_ptr_nonnull(strstr(why, "name the origins"));
	ck_assert_int_eq(parse("--cors-credentials", "--upload-origins", "*", NULL), -EINVAL);
	ck_assert_int_eq(parse("--cors-credentials", "--cors", "https://a.example,null", NULL), -EINVAL);
}
END_TEST

START_TEST(test_too_many_addresses)
{
	char *argv[2 * OPTIONS_MAX_LISTEN + 3];
	int argc = 0;

	argv[argc++] = (char *)(uintptr_t)"mummy-server";
	for (int i = 0; i <= OPTIONS_MAX_LISTEN; i++) {
		argv[argc++] = (char *)(uintptr_t)"--listen";
		argv[argc++] = (char *)(uintptr_t)"127.0.0.1:0";
	}
	ck_assert_int_eq(options_parse(&o, argc - 2, argv, why, sizeof why), 0);
	ck_assert_int_eq(options_parse(&o, argc, argv, why, sizeof why), -EINVAL);
	ck_assert_ptr_nonnull(strstr(why, "at most 16"));
}
END_TEST

START_TEST(test_help_and_version_win)
{
	ck_assert_int_eq(parse("--help", "--no-such", NULL), 0);
	ck_assert_int_eq(o.action, OPTIONS_HELP);
	ck_assert_int_eq(parse("--version", NULL), 0);
	ck_assert_int_eq(o.action, OPTIONS_VERSION);
}
END_TEST

static char *read_all(FILE *f)
{
	static char text[65536];
	size_t n;

	ck_assert_ptr_nonnull(f);
	rewind(f);
	n = fread(text, 1, sizeof text - 1, f);
	text[n] = '\0';
	fclose(f);
	return text;
}

START_TEST(test_help_names_every_option)
{
	FILE *f = tmpfile();
	const struct cmdline_row *rows;
	const char *text;
	char line[64];
	size_t n;

	ck_assert_ptr_nonnull(f);
	options_help(f);
	text = read_all(f);
	rows = options_table(&n);
	for (size_t i = 0; i < n; i++) {
		int k = snprintf(line, sizeof line, "\n  --%s%s%s", rows[i].name, rows[i].value ? " " : "",
				 rows[i].value ? rows[i].value : "");
		const char *at = strstr(text, line);

		while (at && !strspn(at + k, " \n"))
			at = strstr(at + 1, line);
		ck_assert_msg(at != NULL, "--help lacks --%s", rows[i].name);
	}
	for (const char *p = text; (p = strchr(p, '\n')); p++)
		ck_assert_int_le((int)strcspn(p + 1, "\n"), 100);
}
END_TEST

/* Both ways: the page has every option, in the description and in the synopsis, and no other. */
START_TEST(test_manual_has_every_option)
{
	const char *srcdir = getenv("srcdir"), *text, *p;
	const struct cmdline_row *rows;
	char path[1024], line[64];
	size_t n, described = 0;

	snprintf(path, sizeof path, "%s/tools/mummy-server/mummy-server.1", srcdir ? srcdir : ".");
	text = read_all(fopen(path, "r"));
	rows = options_table(&n);
	for (size_t i = 0; i < n; i++) {
		snprintf(line, sizeof line, "\n.It Fl -%s%s%s\n", rows[i].name, rows[i].value ? " Ar " : "",
			 rows[i].value ? rows[i].value : "");
		ck_assert_msg(strstr(text, line) != NULL, "the manual lacks --%s", rows[i].name);
		snprintf(line, sizeof line, " Fl -%s", rows[i].name);
		snprintf(path, sizeof path, "\n.Fl -%s\n", rows[i].name);
		ck_assert_msg(strstr(text, line) || strstr(text, path), "no synopsis for --%s", rows[i].name);
	}
	for (p = text; (p = strstr(p, "\n.It Fl -")); p++)
		described++;
	ck_assert_uint_eq(described, n);
}
END_TEST

SUITE_MAIN("options", test_nothing_given, test_hooks, test_uploads, test_every_option_in_both_forms,
	   test_model_last_one_counts, test_errors_say_what_to_change, test_credentials_are_for_named_origins,
	   test_too_many_addresses, test_help_and_version_win,
	   test_help_names_every_option, test_manual_has_every_option)
