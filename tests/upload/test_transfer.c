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

static mummy_upload_transfer *begin_patch(mummy_upload *u, const char *path, int *status)
{
	struct fake_fields f = { .n = 0 };
	struct mummy_upload_request req = fake_request("PATCH", path, &f, 5);
	mummy_upload_transfer *t = NULL;
	mummy_upload_reply *r = NULL;
	struct answer a;

	put_field(&f, "Tus-Resumable", "1.0.0");
	put_field(&f, "Content-Type", "application/offset+octet-stream");
	put_field(&f, "Upload-Offset", "0");
	if (mummy_upload_begin(u, &req, &r, &t) == 1)
		return t;
	take_answer(&a, r);
	*status = a.status;
	return NULL;
}

START_TEST(a_client_sends_so_many_bodies_at_once)
{
	const struct mummy_upload_options opt = { .max_transfers_per_client = 2 };
	mummy_upload *u = open_memory(&opt);
	mummy_upload_transfer *t[3];
	char path[3][128];
	int status = 0;

	for (int i = 0; i < 3; i++)
		create(u, 5, path[i]);
	t[0] = begin_patch(u, path[0], &status);
	t[1] = begin_patch(u, path[1], &status);
	ck_assert(t[0] && t[1]);
	ck_assert_ptr_null(begin_patch(u, path[2], &status));
	ck_assert_int_eq(status, 429);
	fake_peer = "192.0.2.2";
	t[2] = begin_patch(u, path[2], &status);
	ck_assert_ptr_nonnull(t[2]);
	fake_peer = "192.0.2.1";
	ck_assert_int_eq(close_patch(t[0], 0), 204);
	/* who takes over from itself sends no more than before */
	t[0] = begin_patch(u, path[1], &status);
	ck_assert_ptr_nonnull(t[0]);
	ck_assert_int_eq(close_patch(t[1], 0), 423);
	ck_assert_int_eq(close_patch(t[0], 0), 204);
	ck_assert_int_eq(close_patch(t[2], 0), 204);
	for (int i = 0; i < MUP_BUCKETS; i++)
		for (const struct mup_client *c = u->clients[i]; c; c = c->next)
			ck_assert_uint_eq(c->writing, 0);
	mummy_upload_free(u);
}
END_TEST

START_TEST(bodies_come_by_pipes_too)
{
	char folder[64], path[128], back[128], said[128];
	mummy_upload *u = open_dir(fresh(folder), NULL, NULL), *m = open_memory(NULL);
	mummy_upload_transfer *t, *newer;
	int status = 0;
	struct answer a;

	fake_pipes = 1;
	for (size_t piece = 1; piece <= LEN; piece += 3)
		upload_in_pieces(u, piece, LEN);
	/* what has to be seen is written */
	create(u, LEN, path);
	checksum_of("sha1", GNUTLS_DIG_SHA1, text, LEN, said);
	ck_assert_int_eq(ask(u, &a, "PATCH", path, text, LEN, TUS_TYPE, "Upload-Offset", "0", "Upload-Checksum", said, NULL),
			 204);
	ck_assert_int_eq(content(u, path, back, sizeof back), LEN);
	fake_pipes = 0;
	create(m, 5, path);
	t = begin_patch(m, path, &status);
	ck_assert_int_eq(mummy_upload_can_splice(t), 0);
	ck_assert_int_eq(mummy_upload_splice(t, -1, 1), -EOPNOTSUPP);
	ck_assert_int_eq(close_patch(t, 0), 204);
	/* who was taken over writes no more */
	create(u, 5, path);
	t = begin_patch(u, path, &status);
	newer = begin_patch(u, path, &status);
	ck_assert_int_eq(feed_pipe(t, "wrong", 5), -ECANCELED);
	ck_assert_int_eq(feed_pipe(newer, "right", 5), 0);
	ck_assert_int_eq(close_patch(t, 0), 423);
	ck_assert_int_eq(close_patch(newer, 0), 204);
	ck_assert_int_eq(content(u, path, back, sizeof back), 5);
	ck_assert_mem_eq(back, "right", 5);
	mummy_upload_free(u);
	mummy_upload_free(m);
	wipe(folder);
}
END_TEST

START_TEST(rates_tell_how_long_to_wait)
{
	static const struct mummy_upload_options opt[] = { { .rate_per_upload = 1000 }, { .rate_per_client = 1000 },
		{ .rate = 1000 }, { .rate = 2000, .rate_per_client = 1000, .rate_per_upload = 4000 }, { .rate = 0 } };

	for (size_t i = 0; i < sizeof opt / sizeof opt[0]; i++) {
		mummy_upload *u = open_memory(&opt[i]);
		mummy_upload_transfer *t;
		char path[128];
		int status = 0;

		create(u, 5, path);
		t = begin_patch(u, path, &status);
		ck_assert_uint_eq(mummy_upload_delay(t), 0);
		ck_assert_int_eq(mummy_upload_write(t, "01234", 5), 0);
		ck_assert_uint_eq(mummy_upload_delay(t), i < 4 ? 5 : 0);
		ck_assert_int_eq(close_patch(t, 0), 204);
		mummy_upload_free(u);
	}
}
END_TEST

static uint64_t granted;

static int grant_rate(void *ctx, const struct mummy_upload_request *req, const struct mummy_upload_info *info,
		      struct mummy_upload_grant *grant)
{
	(void)ctx, (void)req, (void)info;
	ck_assert_uint_eq(grant->rate, 500);
	grant->rate = granted;
	return 0;
}

/* The time to wait after so many octets at path. */
static unsigned delay_after(mummy_upload *u, const char *path, size_t n)
{
	int status = 0;
	mummy_upload_transfer *t = begin_patch(u, path, &status);
	unsigned ms;

	ck_assert_int_eq(mummy_upload_write(t, text, n), 0);
	ms = mummy_upload_delay(t);
	ck_assert_int_eq(close_patch(t, 0), 204);
	return ms;
}

/* And that is kept with it; else the options of the day go. */
START_TEST(an_upload_may_have_a_rate_of_its_own)
{
	static const struct { uint64_t rate; unsigned before, after; } v[] = { { 1000, 5, 5 }, { 0, 0, 0 },
		{ 500, 10, 20 }, { 100, 50, 50 } };
	const struct mummy_upload_options first = { .rate_per_upload = 500, .events = { .pre_create = grant_rate } },
		then = { .rate_per_upload = 250 };

	for (size_t i = 0; i < sizeof v / sizeof v[0]; i++) {
		char folder[64], path[128], other[128];
		mummy_upload *u = open_dir(fresh(folder), NULL, &first);

		granted = v[i].rate;
		create(u, 5, path);
		create(u, 5, other);
		ck_assert_uint_eq(delay_after(u, path, 5), v[i].before);
		mummy_upload_free(u);
		u = open_dir(folder, NULL, &then);
		ck_assert_uint_eq(delay_after(u, other, 5), v[i].after);
		mummy_upload_free(u);
		wipe(folder);
	}
}
END_TEST

START_TEST(who_is_slower_than_the_least_is_cut_off)
{
	const struct mummy_upload_options opt = { .min_rate = 100 };
	mummy_upload *u = open_memory(&opt);
	mummy_upload_transfer *t;
	char path[128];
	int status = 0;

	create(u, 5, path);
	t = begin_patch(u, path, &status);
	ck_assert_int_eq(mummy_upload_write(t, "0", 1), 0);
	t->window_ms -= 20000;       /* as if so much time had passed */
	ck_assert_int_eq(mummy_upload_write(t, "1", 1), 0);
	ck_assert_int_eq(mummy_upload_write(t, "2", 1), -ETIMEDOUT);
	ck_assert_int_eq(close_patch(t, -ETIMEDOUT), 408);
	ck_assert_int_eq(offset_of(u, path), 2);
	mummy_upload_free(u);
}
END_TEST

SUITE_MAIN("upload/transfer", a_client_sends_so_many_bodies_at_once, rates_tell_how_long_to_wait,
	   an_upload_may_have_a_rate_of_its_own,
	   bodies_come_by_pipes_too, who_is_slower_than_the_least_is_cut_off, every_split_gives_the_same_content)
