#include <config.h>
#include <errno.h>
#include <string.h>
#include "suite.h"
#include "record.h"

static void fill(struct mup_record *r)
{
	memset(r, 0, sizeof *r);
	strcpy(r->info.id, "0123456789abcdef0123456789abcdef");
	r->info.length = MUMMY_UPLOAD_UNKNOWN;
	r->info.offset = 77;
	r->info.created = 1700000000;
	r->info.metadata = "filename eC50eHQ=";
	r->info.name = "a b.txt";
	r->info.private_state = "0 60 =192.0.2.1 ";
	r->info.state = MUMMY_UPLOAD_FINISHED;
	r->sync = MUMMY_UPLOAD_SYNC_ACK;
	strcpy(r->boot, "boot");
	r->inode = UINT64_MAX;
	r->mtime_s = -1;
	r->mtime_ns = 999999999;
}

static char *dup(const char *p, size_t n)
{
	char *copy = malloc(n + 1);

	memcpy(copy, p, n);
	copy[n] = '\0';
	return copy;
}

START_TEST(what_is_written_is_read)
{
	struct mup_record a, b;
	char *text;
	size_t n;

	fill(&a);
	ck_assert_int_eq(mup_record_write(&a, &text, &n), 0);
	ck_assert_int_eq(mup_record_read(&b, text, n), 0);
	ck_assert_str_eq(a.info.id, b.info.id);
	ck_assert(a.info.length == b.info.length && a.info.offset == b.info.offset && a.info.state == b.info.state);
	ck_assert(a.info.created == b.info.created && a.sync == b.sync && a.inode == b.inode);
	ck_assert(a.mtime_s == b.mtime_s && a.mtime_ns == b.mtime_ns);
	ck_assert_str_eq(a.info.metadata, b.info.metadata);
	ck_assert_str_eq(a.info.name, b.info.name);
	ck_assert_str_eq(a.info.private_state, b.info.private_state);
	ck_assert_str_eq(a.boot, b.boot);
	mup_record_free(&b);
}
END_TEST

/* Records outlive the library that wrote them. */
START_TEST(its_form_stays)
{
	static const char want[] = "mummy-upload 1\nid 0123456789abcdef0123456789abcdef\nlength 18446744073709551615\n"
		"offset 77\nstate 1\ncreated 1700000000\nsync 0\nfile 18446744073709551615 -1 999999999\nboot boot\n"
		"held 0\nmetadata filename eC50eHQ=\nconcat partial\nname a b.txt\nprivate 0 60 =192.0.2.1 \nsum ";
	struct mup_record a, b;
	char *text;
	size_t n;

	fill(&a);
	a.holds = 1;
	a.info.concat = "partial";
	ck_assert_int_eq(mup_record_write(&a, &text, &n), 0);
	ck_assert_uint_eq(n, sizeof want - 1 + 33);
	ck_assert_mem_eq(text, want, sizeof want - 1);
	free(text);
	a.mtime_s = INT64_MIN;
	a.info.created = INT64_MAX;
	a.info.offset = 0;
	ck_assert_int_eq(mup_record_write(&a, &text, &n), 0);
	ck_assert_int_eq(mup_record_read(&b, text, n), 0);
	ck_assert(b.mtime_s == INT64_MIN && b.info.created == INT64_MAX && b.info.offset == 0);
	mup_record_free(&b);
}
END_TEST

START_TEST(nothing_that_is_torn_or_changed_is_read)
{
	struct mup_record a, b;
	char *text;
	size_t n;

	fill(&a);
	ck_assert_int_eq(mup_record_write(&a, &text, &n), 0);
	for (size_t i = 0; i < n; i++) {
		ck_assert_int_eq(mup_record_read(&b, dup(text, i), i), -EBADMSG);
		mup_record_free(&b);
	}
	for (size_t i = 0; i < n; i++) {
		char *copy = dup(text, n);

		copy[i] ^= 1;
		ck_assert_int_eq(mup_record_read(&b, copy, n), -EBADMSG);
		mup_record_free(&b);
	}
	free(text);
}
END_TEST

START_TEST(no_value_breaks_out_of_its_line)
{
	struct mup_record a;
	char *text;
	size_t n;

	fill(&a);
	a.info.metadata = "x\nname evil";
	ck_assert_int_eq(mup_record_write(&a, &text, &n), -EINVAL);
}
END_TEST

SUITE_MAIN("upload/record", what_is_written_is_read, its_form_stays, nothing_that_is_torn_or_changed_is_read,
	   no_value_breaks_out_of_its_line)
