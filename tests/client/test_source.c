#include <config.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "suite.h"
#include "source.h"

static char path[] = "/tmp/mummy-test-XXXXXX";

static int make_file(const char *text)
{
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (int)strlen(text));
	return fd;
}

START_TEST(test_files)
{
	struct source s;
	uint64_t wait = 9;
	char out[8] = "";
	int fd = make_file("0123456789");

	ck_assert_int_eq(source_file(&s, path), 0);
	ck_assert_uint_eq(s.length, 10);
	ck_assert_int_eq(source_wants(&s), -1);
	ck_assert_uint_eq(source_ready(&s, 2, 10, 100, 0, &wait), 8);
	ck_assert_uint_eq(source_ready(&s, 2, 10, 3, 0, &wait), 3);
	ck_assert_uint_eq(wait, 9);
	ck_assert_int_eq(source_read(&s, 8, out, 8), 2);
	ck_assert_str_eq(out, "89");
	ck_assert_int_eq(source_read(&s, 10, out, 8), 0);
	ck_assert(source_unchanged(&s));
	ck_assert_int_eq(ftruncate(fd, 3), 0);
	ck_assert(!source_unchanged(&s));
	source_close(&s);
	close(fd);
	unlink(path);
}
END_TEST

START_TEST(test_what_is_no_file)
{
	char folder[] = "/tmp/mummy-test-XXXXXX", fifo[64];
	struct source s;

	ck_assert_int_eq(source_file(&s, "/tmp"), -EISDIR);
	ck_assert_int_eq(source_file(&s, "/dev/null"), -EINVAL);
	ck_assert_int_eq(source_file(&s, "/nonexistent"), -ENOENT);
	ck_assert_int_eq(s.fd, -1);
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(fifo, sizeof fifo, "%s/fifo", folder);
	ck_assert_int_eq(mkfifo(fifo, 0600), 0);
	ck_assert_int_eq(source_file(&s, fifo), -EINVAL);     /* does not wait for a writer */
	unlink(fifo);
	rmdir(folder);
}
END_TEST

/* As "< file", read on from where it is. */
START_TEST(test_standard_input_from_a_file)
{
	struct source s;
	char out[4] = "";
	int fd = make_file("0123456789");

	ck_assert_int_eq(lseek(fd, 4, SEEK_SET), 4);
	ck_assert_int_eq(source_stream(&s, fd, 65536), 0);
	ck_assert(!s.stream);
	ck_assert_uint_eq(s.length, 6);
	ck_assert_int_eq(source_read(&s, 0, out, 3), 3);
	ck_assert_str_eq(out, "456");
	source_close(&s);
	ck_assert_int_eq(close(fd), 0);    /* borrowed */
	unlink(path);
}
END_TEST

START_TEST(test_streams)
{
	struct source s;
	uint64_t wait = 5000;
	char out[8] = "";
	int p[2];

	ck_assert_int_eq(pipe(p), 0);
	ck_assert_int_eq(source_stream(&s, p[0], 8), 0);
	ck_assert(s.stream);
	ck_assert_uint_eq(s.length, SOURCE_UNKNOWN);
	ck_assert_uint_eq(source_ready(&s, 0, SOURCE_UNKNOWN, 100, 1000, &wait), 0);
	ck_assert_uint_eq(wait, 5000);
	ck_assert_int_eq(write(p[1], "abc", 3), 3);
	ck_assert_int_eq(source_fill(&s, 1000), 0);
	/* less than half of the buffer waits for more, a second long */
	ck_assert_uint_eq(source_ready(&s, 0, SOURCE_UNKNOWN, 100, 1400, &wait), 0);
	ck_assert_uint_eq(wait, 600);
	ck_assert_uint_eq(source_ready(&s, 0, SOURCE_UNKNOWN, 100, 2000, &wait), 3);
	ck_assert_uint_eq(source_ready(&s, 0, SOURCE_UNKNOWN, 2, 1000, &wait), 2);
	ck_assert_int_eq(write(p[1], "defghij", 7), 7);
	ck_assert_int_eq(source_fill(&s, 1500), 0);
	ck_assert_uint_eq(source_ready(&s, 0, SOURCE_UNKNOWN, 100, 1500, &wait), 8);
	ck_assert(source_full(&s));
	ck_assert_int_eq(source_wants(&s), -1);
	source_sent(&s, 8);
	source_release(&s, 6);
	ck_assert_int_eq(source_read(&s, 5, out, 8), -ENODATA);
	ck_assert_int_eq(source_read(&s, 6, out, 8), 2);
	ck_assert_str_eq(out, "gh");
	close(p[1]);
	for (int i = 0; i < 3 && s.length == SOURCE_UNKNOWN; i++)
		ck_assert_int_eq(source_fill(&s, 2000), 0);
	ck_assert_uint_eq(s.length, 10);
	ck_assert(!source_full(&s));
	ck_assert_uint_eq(source_ready(&s, 8, 10, 100, 2000, &wait), 2);
	source_close(&s);
	close(p[0]);
}
END_TEST

START_TEST(test_spool)
{
	struct source s;
	char out[8] = "";
	int p[2];

	ck_assert_int_eq(pipe(p), 0);
	ck_assert_int_eq(write(p[1], "abcdef", 6), 6);
	close(p[1]);
	ck_assert_int_eq(source_spool(&s, p[0], "/nonexistent"), -ENOENT);
	ck_assert_int_eq(source_spool(&s, p[0], "/tmp"), 0);
	ck_assert(!s.stream);
	ck_assert_uint_eq(s.length, 6);
	ck_assert_int_eq(source_read(&s, 2, out, 8), 4);
	ck_assert_str_eq(out, "cdef");
	source_close(&s);
	close(p[0]);
}
END_TEST

SUITE_MAIN("source", test_files, test_what_is_no_file, test_standard_input_from_a_file, test_streams,
	   test_spool)
