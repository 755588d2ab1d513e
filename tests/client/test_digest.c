#include <config.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "suite.h"
#include "digest.h"

static struct source source_of(const char *text)
{
	char path[] = "/tmp/mummy-test-XXXXXX";
	struct source s;
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (int)strlen(text));
	ck_assert_int_eq(source_file(&s, path), 0);
	close(fd);
	unlink(path);
	return s;
}

START_TEST(test_known_sums)
{
	struct source s = source_of("--abc--");
	char out[DIGEST_SIZE];

	ck_assert_int_eq(digest_make(out, "sha1", &s, 2, 3), 0);
	ck_assert_str_eq(out, "sha1 qZk+NkcGgWq6PiVxeFDCbJzQ2J0=");
	ck_assert_int_eq(digest_make(out, "sha256", &s, 2, 3), 0);
	ck_assert_str_eq(out, "sha256 ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
	ck_assert_int_eq(digest_make(out, "sha512", &s, 2, 3), 0);
	ck_assert_str_eq(out, "sha512 3a81oZNherrMQXNJriBBMRLm+k6JqX6iCp7u5ktV05ohkpkqJ0/BqDa6PCOj/uu9"
			 "RU1EI2Q86A4qmslPpUyknw==");
	source_close(&s);
}
END_TEST

START_TEST(test_errors)
{
	struct source s = source_of("abc");
	char out[DIGEST_SIZE];

	ck_assert(digest_known("md5"));
	ck_assert(!digest_known("SHA1"));
	ck_assert(!digest_known("crc32"));
	ck_assert_int_eq(digest_make(out, "crc32", &s, 0, 3), -ENOTSUP);
	ck_assert_int_eq(digest_make(out, "sha1", &s, 1, 3), -EIO);
	ck_assert_int_eq(digest_make(out, "sha1", &s, 1, 2), 0);
	source_close(&s);
}
END_TEST

SUITE_MAIN("digest", test_known_sums, test_errors)
