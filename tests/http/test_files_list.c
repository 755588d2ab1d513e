#include <config.h>
#include "suite.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "files.h"

static void touch(int dir, const char *name)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	close(fd);
}

static void list_is(int dir, const char *path, int dot_files, const char *want)
{
	struct mhttp_text page = { NULL, 0, 0 };

	ck_assert_int_eq(mhttp_files_list(&page, openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), path, dot_files),
			 0);
	ck_assert_int_eq(mhttp_text_add(&page, "", 1), 0);
	ck_assert_str_eq(page.p, want);
	free(page.p);
}

#define TOP "<!doctype html>\n<meta charset=\"utf-8\">\n"

START_TEST(names_are_sorted_and_escaped)
{
	static const char *const names[] = { "b", "a&<\">", "javascript:x", ".dot", "\xc3\xa4 ?#%" };
	char folder[] = "/tmp/mummy-test-XXXXXX";
	int dir;

	ck_assert_ptr_nonnull(mkdtemp(folder));
	dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(dir, 0);
	list_is(dir, "", 0, TOP "<title>/</title>\n<h1>/</h1>\n<ul>\n</ul>\n");
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		touch(dir, names[i]);
	ck_assert_int_eq(mkdirat(dir, "c", 0700), 0);
	ck_assert_int_eq(mkfifoat(dir, "fifo", 0600), 0);
	ck_assert_int_eq(symlinkat("nowhere", dir, "link"), 0);
	list_is(dir, "p<q/", 0,
		TOP "<title>/p&lt;q/</title>\n<h1>/p&lt;q/</h1>\n<ul>\n<li><a href=\"../\">../</a></li>\n"
		    "<li><a href=\"./a%26%3C%22%3E\">a&amp;&lt;&quot;&gt;</a></li>\n"
		    "<li><a href=\"./b\">b</a></li>\n<li><a href=\"./c/\">c/</a></li>\n"
		    "<li><a href=\"./javascript%3Ax\">javascript:x</a></li>\n"
		    "<li><a href=\"./%C3%A4%20%3F%23%25\">\xc3\xa4 ?#%</a></li>\n</ul>\n");
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (*names[i] != '.')
			unlinkat(dir, names[i], 0);
	unlinkat(dir, "c", AT_REMOVEDIR);
	unlinkat(dir, "fifo", 0);
	unlinkat(dir, "link", 0);
	list_is(dir, "", 1, TOP "<title>/</title>\n<h1>/</h1>\n<ul>\n<li><a href=\"./.dot\">.dot</a></li>\n</ul>\n");
	unlinkat(dir, ".dot", 0);
	close(dir);
	rmdir(folder);
}
END_TEST

SUITE_MAIN("http/files_list", names_are_sorted_and_escaped)
