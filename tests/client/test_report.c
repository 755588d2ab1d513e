#include <config.h>
#include <stdlib.h>
#include <string.h>
#include "suite.h"
#include "report.h"

static char *results, *notes;
static size_t nresults, nnotes;
static struct report r;

static void begin(int json)
{
	memset(&r, 0, sizeof r);
	r.out = open_memstream(&results, &nresults);
	r.errors = open_memstream(&notes, &nnotes);
	r.json = json;
}

static void end(const char *want_results, const char *want_notes)
{
	fclose(r.out);
	fclose(r.errors);
	ck_assert_str_eq(results, want_results);
	ck_assert_str_eq(notes, want_notes);
	free(results);
	free(notes);
}

static const struct report_file file = { "a\x1b[2J\xff\xc2\x9b\xc3\xa9", "http://a/1", 2048 };
static const struct report_file stream = { "-", NULL, PROGRESS_UNKNOWN };
static const struct progress progress = { .rate = 1024, .begun = 1 };

static void all_events(void)
{
	report_started(&r, &stream);
	report_started(&r, &file);
	report_resumed(&r, &file, 1024);
	report_progress(&r, &file, &progress, 1024);
	report_progress(&r, &stream, &progress, 1024);
	report_retry(&r, "f", "why", 1500, 1, 10);
	report_note(&r, "f", "text");
	report_failed(&r, NULL, "bad\n\"it\"");
	report_finished(&r, &file, 5);
}

START_TEST(test_json)
{
	begin(1);
	all_events();
	end("{\"event\":\"started\",\"file\":\"-\"}\n"
	    "{\"event\":\"started\",\"file\":\"a\\u001b[2J\\ufffd\xc2\x9b\xc3\xa9\",\"size\":2048}\n"
	    "{\"event\":\"resumed\",\"file\":\"a\\u001b[2J\\ufffd\xc2\x9b\xc3\xa9\",\"size\":2048,\"offset\":"
	    "1024}\n"
	    "{\"event\":\"progress\",\"file\":\"a\\u001b[2J\\ufffd\xc2\x9b\xc3\xa9\",\"sent\":1024,\"size\":"
	    "2048,"
	    "\"rate\":1024,\"eta\":1}\n"
	    "{\"event\":\"progress\",\"file\":\"-\",\"sent\":1024,\"rate\":1024}\n"
	    "{\"event\":\"retry\",\"file\":\"f\",\"reason\":\"why\",\"delay_ms\":1500,\"attempt\":1}\n"
	    "{\"event\":\"note\",\"file\":\"f\",\"text\":\"text\"}\n"
	    "{\"event\":\"failed\",\"reason\":\"bad\\u000a\\\"it\\\"\"}\n"
	    "{\"event\":\"finished\",\"file\":\"a\\u001b[2J\\ufffd\xc2\x9b\xc3\xa9\",\"url\":\"http://a/"
	    "1\",\"size\":2048,"
	    "\"ms\":5}\n",
	    "");
}
END_TEST

START_TEST(test_text)
{
	begin(0);
	r.names = 1;
	all_events();
	end("http://a/1\ta?[2J??\xc3\xa9\n",
	    "mummy-upload: a?[2J??\xc3\xa9: goes on at 1.0 KiB of 2.0 KiB\n"
	    "mummy-upload: f: why; again in 1.5 s (1 of 10)\n"
	    "mummy-upload: f: text\n"
	    "mummy-upload: bad?\"it\"\n");
}
END_TEST

START_TEST(test_quiet)
{
	begin(0);
	r.quiet = 1;
	r.columns = 80;
	all_events();
	end("http://a/1\n", "mummy-upload: bad?\"it\"\n");
}
END_TEST

START_TEST(test_terminal)
{
	begin(0);
	r.columns = 100;
	report_progress(&r, &file, &progress, 1024);
	report_failed(&r, "f", "x");
	report_clear(&r);
	end("",
	    "\ra?[2J??\xc3\xa9  [##########..........]  50%  1.0 KiB of 2.0 KiB  1.0 KiB/s  ETA 0:01\033[K"
	    "\r\033[Kmummy-upload: f: x\n");
}
END_TEST

/* A full disk, or nobody who reads. */
START_TEST(test_lost_results)
{
	begin(0);
	fclose(r.out);
	r.out = fopen("/dev/full", "w");
	ck_assert_ptr_nonnull(r.out);
	report_finished(&r, &file, 5);
	ck_assert(r.lost);
	fclose(r.out);
	fclose(r.errors);
	free(results);
	free(notes);
}
END_TEST

SUITE_MAIN("report", test_json, test_text, test_quiet, test_terminal, test_lost_results)
