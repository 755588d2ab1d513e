#include <config.h>
#include "fake.h"

static struct mummy_upload_info info_of(const char *id, uint64_t length)
{
	struct mummy_upload_info info;

	memset(&info, 0, sizeof info);
	snprintf(info.id, sizeof info.id, "%s", id);
	info.length = length;
	info.metadata = "a YQ==";
	return info;
}

START_TEST(it_keeps_to_its_limit)
{
	struct mummy_upload_store st;
	struct mummy_upload_info info = info_of("a", 5000), got;
	struct iovec iov = { calloc(1, 5000), 5000 };
	void *h;

	ck_assert_int_eq(mummy_upload_memory_store(&st, 6000), 0);
	ck_assert_int_eq(st.create(st.ctx, &info), 0);
	ck_assert_int_eq(st.create(st.ctx, &info), -EEXIST);
	ck_assert_int_eq(st.open(st.ctx, "b", 0, &h, &got), -ENOENT);
	ck_assert_int_eq(st.open(st.ctx, "a", MUMMY_UPLOAD_WRITE, &h, &got), 0);
	ck_assert_str_eq(got.metadata, "a YQ==");
	ck_assert_int_eq(st.writev(h, 0, &iov, 1), 0);
	ck_assert_int_eq(st.writev(h, 5000, &iov, 1), -ENOSPC);
	ck_assert_int_eq(st.writev(h, 1000, &iov, 1), 0);
	info = info_of("b", 5000);
	ck_assert_int_eq(st.create(st.ctx, &info), -ENOSPC);
	ck_assert_int_eq(st.remove(st.ctx, "a"), 0);
	st.close(h);
	ck_assert_int_eq(st.create(st.ctx, &info), 0);
	free(iov.iov_base);
	st.release(st.ctx);
}
END_TEST

START_TEST(a_list_goes_on_while_uploads_come_and_go)
{
	struct mummy_upload_store st;
	struct mummy_upload_info info, got;
	void *cursor = NULL;

	ck_assert_int_eq(mummy_upload_memory_store(&st, 0), 0);
	for (int i = 0; i < 4; i++) {
		char id[2] = { (char)('a' + i), 0 };

		info = info_of(id, 1);
		ck_assert_int_eq(st.create(st.ctx, &info), 0);
	}
	ck_assert_int_eq(st.list(st.ctx, &cursor, &got), 0);
	ck_assert_int_eq(st.remove(st.ctx, "a"), 0);
	ck_assert_str_eq(got.metadata, "a YQ==");
	ck_assert_int_eq(st.remove(st.ctx, "d"), 0);
	ck_assert_int_eq(st.remove(st.ctx, "d"), -ENOENT);
	info = info_of("e", 1);
	ck_assert_int_eq(st.create(st.ctx, &info), 0);
	ck_assert_int_eq(st.list(st.ctx, &cursor, &got), 0);
	ck_assert_str_eq(got.id, "b");
	ck_assert_int_eq(st.list(st.ctx, &cursor, &got), 0);
	ck_assert_int_eq(st.list(st.ctx, &cursor, &got), 0);
	ck_assert_str_eq(got.id, "e");
	ck_assert_int_eq(st.list(st.ctx, &cursor, &got), -ENOENT);
	cursor = NULL;
	ck_assert_int_eq(st.list(st.ctx, &cursor, &got), 0);
	ck_assert_int_eq(st.list(st.ctx, &cursor, NULL), -ENOENT);
	st.release(st.ctx);
}
END_TEST

SUITE_MAIN("upload/memory_store", it_keeps_to_its_limit, a_list_goes_on_while_uploads_come_and_go)
