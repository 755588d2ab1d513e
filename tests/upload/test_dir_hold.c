#include <config.h>
#include "fake.h"
#include "dir.h"

static const struct mummy_upload_info one = { .id = "00000000000000000000000000000001", .length = 100, .created = 1 };
static const struct mummy_upload_info two = { .id = "00000000000000000000000000000002", .length = MUMMY_UPLOAD_UNKNOWN };

static void write_to(const struct mummy_upload_store *s, void *h, uint64_t off, const char *text)
{
	const struct iovec iov = { .iov_base = (void *)(uintptr_t)text, .iov_len = strlen(text) };

	ck_assert_int_eq(s->writev(h, off, &iov, 1), 0);
}

static uint64_t offset(const struct mummy_upload_store *s, const char *id)
{
	struct mummy_upload_info info;
	void *h;

	ck_assert_int_eq(s->open(s->ctx, id, 0, &h, &info), 0);
	s->close(h);
	return info.offset;
}

static void open_store(struct mummy_upload_store *s, const char *folder, enum mummy_upload_sync sync)
{
	const struct mummy_upload_dir_options opt = { .sync = sync, .quota_bytes = 1000 };

	ck_assert_int_eq(mummy_upload_dir_store(s, folder, &opt), 0);
}

START_TEST(what_is_held_counts_when_it_is_settled)
{
	for (int sync = 0; sync <= MUMMY_UPLOAD_SYNC_NONE; sync++) {
		const uint64_t last = sync == MUMMY_UPLOAD_SYNC_ACK ? 4 : 8;
		struct mummy_upload_store s;
		struct mummy_upload_info info;
		char folder[64];
		void *h;

		open_store(&s, fresh(folder), (enum mummy_upload_sync)sync);
		ck_assert_int_eq(s.create(s.ctx, &one), 0);
		ck_assert_int_eq(s.open(s.ctx, one.id, MUMMY_UPLOAD_WRITE, &h, &info), 0);
		write_to(&s, h, 0, "0123");
		ck_assert_int_eq(s.sync(h, 4), 0);
		ck_assert_int_eq(s.hold(h), 0);
		write_to(&s, h, 4, "4567");
		ck_assert_uint_eq(offset(&s, one.id), 4);
		ck_assert_int_eq(s.settle(h, 4), 0);
		ck_assert_uint_eq(offset(&s, one.id), 4);
		ck_assert_int_eq(s.hold(h), 0);
		write_to(&s, h, 4, "4567");
		ck_assert_int_eq(s.settle(h, 8), 0);
		ck_assert_uint_eq(offset(&s, one.id), last);
		ck_assert_int_eq(s.sync(h, 8), 0);
		ck_assert_uint_eq(offset(&s, one.id), 8);
		/* also octets that are safe can be taken back */
		ck_assert_int_eq(s.settle(h, 2), 0);
		ck_assert_uint_eq(offset(&s, one.id), 2);
		ck_assert_int_eq(s.settle(h, 3), -EBADF);
		s.close(h);
		s.release(s.ctx);
		wipe(folder);
	}
}
END_TEST

START_TEST(who_opens_it_again_finds_nothing_held)
{
	struct mummy_upload_store s;
	struct mummy_upload_info info;
	char folder[64];
	void *h;

	open_store(&s, fresh(folder), MUMMY_UPLOAD_SYNC_NONE);
	ck_assert_int_eq(s.create(s.ctx, &one), 0);
	ck_assert_int_eq(s.open(s.ctx, one.id, MUMMY_UPLOAD_WRITE, &h, &info), 0);
	write_to(&s, h, 0, "0123");
	ck_assert_int_eq(s.hold(h), 0);
	write_to(&s, h, 4, "4567");
	s.close(h);
	ck_assert_int_eq(s.open(s.ctx, one.id, MUMMY_UPLOAD_WRITE, &h, &info), 0);
	ck_assert_uint_eq(info.offset, 4);
	write_to(&s, h, 4, "abcdef");
	ck_assert_uint_eq(offset(&s, one.id), 10);
	s.close(h);
	s.release(s.ctx);
	wipe(folder);
}
END_TEST

START_TEST(octets_that_are_taken_back_leave_the_quota)
{
	struct mummy_upload_store s;
	struct mummy_upload_info info;
	struct mup_dir *d;
	char folder[64];
	void *h;

	open_store(&s, fresh(folder), MUMMY_UPLOAD_SYNC_FINISH);
	d = s.ctx;
	ck_assert_int_eq(s.create(s.ctx, &two), 0);
	ck_assert_int_eq(s.open(s.ctx, two.id, MUMMY_UPLOAD_WRITE, &h, &info), 0);
	ck_assert_int_eq(s.hold(h), 0);
	write_to(&s, h, 0, "0123");
	ck_assert_uint_eq(d->used, 4);
	ck_assert_int_eq(s.settle(h, 1), 0);
	ck_assert_uint_eq(d->used, 1);
	s.close(h);
	s.release(s.ctx);
	wipe(folder);
}
END_TEST

START_TEST(one_upload_is_copied_to_the_end_of_another)
{
	struct mummy_upload_store s;
	struct mummy_upload_info info;
	char folder[64], back[32];
	void *to, *from;
	int fd;

	open_store(&s, fresh(folder), MUMMY_UPLOAD_SYNC_FINISH);
	ck_assert_int_eq(s.create(s.ctx, &one), 0);
	ck_assert_int_eq(s.create(s.ctx, &two), 0);
	ck_assert_int_eq(s.open(s.ctx, one.id, MUMMY_UPLOAD_WRITE, &to, &info), 0);
	ck_assert_int_eq(s.open(s.ctx, two.id, MUMMY_UPLOAD_WRITE, &from, &info), 0);
	write_to(&s, to, 0, "ab");
	write_to(&s, from, 0, "0123456789");
	ck_assert_int_eq(s.append(to, 2, from, 3, 4), 0);
	ck_assert_uint_eq(offset(&s, one.id), 6);
	fd = s.read(to);
	ck_assert_int_eq(pread(fd, back, sizeof back, 0), 6);
	ck_assert_mem_eq(back, "ab3456", 6);
	close(fd);
	/* more than there is: nothing is left of it */
	ck_assert_int_lt(s.append(to, 6, from, 8, 4), 0);
	ck_assert_uint_eq(offset(&s, one.id), 6);
	s.close(to);
	s.close(from);
	s.release(s.ctx);
	wipe(folder);
}
END_TEST

SUITE_MAIN("upload/dir_hold", what_is_held_counts_when_it_is_settled, who_opens_it_again_finds_nothing_held,
	   octets_that_are_taken_back_leave_the_quota, one_upload_is_copied_to_the_end_of_another)
