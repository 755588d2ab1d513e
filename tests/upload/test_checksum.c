#include <config.h>
#include <errno.h>
#include <string.h>
#include "fake.h"

static const struct { const char *name; gnutls_digest_algorithm_t algorithm; } known[] = {
	{ "sha1", GNUTLS_DIG_SHA1 }, { "sha256", GNUTLS_DIG_SHA256 }, { "sha512", GNUTLS_DIG_SHA512 },
	{ "md5", GNUTLS_DIG_MD5 },
};

START_TEST(every_algorithm_at_every_split)
{
	static const char text[] = "The quick brown fox";
	struct mup_checksum c;
	char list[MUP_CHECKSUM_LIST_SIZE], said[128];

	mup_checksum_list(list);
	ck_assert_str_eq(list, "sha1,sha256,sha512,md5");
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		for (size_t at = 0; at <= strlen(text); at++) {
			memset(&c, 0, sizeof c);
			checksum_of(known[i].name, known[i].algorithm, text, strlen(text), said);
			ck_assert_int_eq(mup_checksum_parse(&c, said, strlen(said)), 1);
			ck_assert_int_eq(mup_checksum_feed(&c, text, at), 0);
			ck_assert_int_eq(mup_checksum_feed(&c, text + at, strlen(text) - at), 0);
			ck_assert_int_eq(mup_checksum_end(&c), 0);
			ck_assert_int_eq(mup_checksum_feed(&c, text, at), 0);
			ck_assert_int_eq(mup_checksum_end(&c), at == strlen(text) ? 0 : -EILSEQ);
		}
}
END_TEST

START_TEST(what_is_malformed_is_told_from_what_is_unknown)
{
	static const struct { const char *text; int rc; } v[] = {
		{ "", -EINVAL }, { "sha1", -EINVAL }, { "sha1 ", -EINVAL }, { " qZk+NkcGgWq6PiVxeFDCbJzQ2J0=", -EINVAL },
		{ "sha1  qZk+NkcGgWq6PiVxeFDCbJzQ2J0", -EINVAL }, { "sha1 qZk+NkcGgWq6PiVxeFDCbJzQ2J0", -EINVAL },
		{ "sha1 qZk+NkcGgWq6PiVxeFDCbJzQ2J0==", -EINVAL }, { "sha1 !Zk+NkcGgWq6PiVxeFDCbJzQ2J0=", -EINVAL },
		{ "md5 qZk+NkcGgWq6PiVxeFDCbJzQ2J0=", -EINVAL }, { "sha2 qZk+NkcGgWq6PiVxeFDCbJzQ2J0=", -ENOTSUP },
		{ "sha1x qZk+NkcGgWq6PiVxeFDCbJzQ2J0=", -ENOTSUP }, { "SHA1 qZk+NkcGgWq6PiVxeFDCbJzQ2J0=", -ENOTSUP },
	};
	struct mup_checksum c = { .len = 0 };

	for (size_t i = 0; i < sizeof v / sizeof v[0]; i++) {
		ck_assert_msg(mup_checksum_parse(&c, v[i].text, strlen(v[i].text)) == v[i].rc, "%s", v[i].text);
		ck_assert_uint_eq(c.len, 0);
	}
}
END_TEST

START_TEST(what_was_begun_can_be_dropped)
{
	struct mup_checksum c = { .len = 0 };
	char said[128];

	checksum_of("md5", GNUTLS_DIG_MD5, "a", 1, said);
	ck_assert_int_eq(mup_checksum_parse(&c, said, strlen(said)), 1);
	mup_checksum_drop(&c);
	ck_assert_int_eq(mup_checksum_feed(&c, "b", 1), 0);
	mup_checksum_drop(&c);
	ck_assert_ptr_null(c.hash);
}
END_TEST

START_TEST(the_digest_of_a_file)
{
	char folder[64], path[96], out[129];
	int fd;

	snprintf(path, sizeof path, "%s/x", fresh(folder));
	fd = open(path, O_RDWR | O_CREAT, 0600);
	ck_assert_int_eq(write(fd, "abc", 3), 3);
	ck_assert_int_eq(mummy_upload_digest(fd, "sha1", out), 0);
	ck_assert_str_eq(out, "a9993e364706816aba3e25717850c26c9cd0d89d");
	ck_assert_int_eq(mummy_upload_digest(fd, "sha512", out), 0);
	ck_assert_uint_eq(strlen(out), 128);
	ck_assert_int_eq(mummy_upload_digest(fd, "crc32", out), -ENOTSUP);
	close(fd);
	ck_assert_int_eq(mummy_upload_digest(fd, "md5", out), -EBADF);
	wipe(folder);
}
END_TEST

SUITE_MAIN("upload/checksum", the_digest_of_a_file, every_algorithm_at_every_split, what_is_malformed_is_told_from_what_is_unknown,
	   what_was_begun_can_be_dropped)
