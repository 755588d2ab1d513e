#include <config.h>
#include "suite.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "files.h"

static int file_of(const char *text)
{
	FILE *f = tmpfile();
	int fd;

	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(fputs(text, f) < 0, 0);
	ck_assert_int_eq(fflush(f), 0);
	fd = dup(fileno(f));
	fclose(f);
	return fd;
}

START_TEST(parts_are_told_apart_and_named)
{
	static const struct mummy_http_range ranges[] = { { 0, 2 }, { 8, 2 }, { 5, 1 } };
	const struct mhttp_files_parts parts = { "B", "text/x", 10, ranges, 3 };
	int fd = file_of("0123456789");
	char *body;
	size_t n;

	ck_assert_int_eq(mhttp_files_parts(&body, &n, fd, &parts), 0);
	body = realloc(body, n + 1);
	body[n] = 0;
	ck_assert_str_eq(body, "\r\n--B\r\nContent-Range: bytes 0-1/10\r\nContent-Type: text/x\r\n\r\n01"
			       "\r\n--B\r\nContent-Range: bytes 8-9/10\r\nContent-Type: text/x\r\n\r\n89"
			       "\r\n--B\r\nContent-Range: bytes 5-5/10\r\nContent-Type: text/x\r\n\r\n5"
			       "\r\n--B--\r\n");
	free(body);
	close(fd);
}
END_TEST

START_TEST(a_file_that_shrank_is_an_error)
{
	static const struct mummy_http_range ranges[] = { { 0, 2 }, { 8, 2 } };
	const struct mhttp_files_parts parts = { "B", "text/x", 10, ranges, 2 };
	int fd = file_of("01234567");
	char *body;
	size_t n;

	ck_assert_int_eq(mhttp_files_parts(&body, &n, fd, &parts), -EIO);
	close(fd);
}
END_TEST

SUITE_MAIN("http/files_parts", parts_are_told_apart_and_named, a_file_that_shrank_is_an_error)
