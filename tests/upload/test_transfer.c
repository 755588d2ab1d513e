#include <config.h>
#include "fake.h"

static const char text[] = "the quick brown fox jumps over the lazy dog";
#define LEN (sizeof text - 1)

static void upload_in_pieces(mummy_upload *u, size_t piece, size_t per_patch)
{
	struct answer a;
	char path[128], back[128];
	size_t at = 0;

	create(u, LEN, path);
	fake_piece = piece;
	while (at < LEN) {
		size_t n = LEN - at < per_patch ? LEN - at : per_patch;

		ck_assert_int_eq(offset_of(u, path), (int64_t)at);
		ck_assert_int_eq(patch(u, &a, path, at, text + at, n), 204);
		at += n;
		ck_assert_uint_eq(strtoull(field(&a, "Upload-Offset"), NULL, 10), at);
	}
	ck_assert_int_eq(offset_of(u, path), LEN);
	if (u->store.read) {
		ck_assert_int_eq(content(u, path, back, sizeof back), LEN);
		ck_assert_mem_eq(back, text, LEN);
	}
}

START_TEST(every_split_gives_the_same_content)
{
	char folder[64];
	mummy_upload *stores[2] = { open_memory(NULL), open_dir(fresh(folder), NULL, NULL) };
	struct mummy_upload_stats st;

	for (int k = 0; k < 2; k++) {
		for (size_t piece = 1; piece <= LEN; piece++)
			upload_in_pieces(stores[k], piece, LEN);
		for (size_t per = 1; per <= LEN; per += 5)
			upload_in_pieces(stores[k], 3, per);
		mummy_upload_stats_get(stores[k], &st);
		ck_assert_uint_eq(st.finished, st.created);
		ck_assert_uint_eq(st.open, 0);
		ck_assert_uint_eq(st.writing, 0);
		mummy_upload_free(stores[k]);
	}
	wipe(folder);
}
END_TEST

SUITE_MAIN("upload/transfer", every_split_gives_the_same_content)
