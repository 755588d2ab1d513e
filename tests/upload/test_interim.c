#include <config.h>
#include <time.h>
#include "fake.h"

#define PART "Content-Type", "application/partial-upload"

/* The interim answers of one request. */
struct heard {
	int n, rc;
	struct answer a[8];
};

static int inform(void *conn, const mummy_upload_reply *interim)
{
	struct heard *h = conn;
	const char *name, *value;
	struct answer *a = &h->a[h->n];

	if (h->rc < 0)
		return h->rc;
	ck_assert_int_lt(h->n, 8);
	memset(a, 0, sizeof *a);
	a->status = mummy_upload_reply_status(interim);
	for (; mummy_upload_reply_header(interim, (size_t)a->n, &name, &value) == 0; a->n++) {
		snprintf(a->name[a->n], sizeof a->name[0], "%s", name);
		snprintf(a->value[a->n], sizeof a->value[0], "%s", value);
	}
	ck_assert_ptr_null(mummy_upload_reply_body(interim, NULL));
	h->n++;
	return 0;
}

static mummy_upload_transfer *begin(mummy_upload *u, struct heard *h, const char *method, const char *path, uint64_t len,
				    struct fake_fields *f)
{
	struct mummy_upload_request req = fake_request(method, path, f, len);
	mummy_upload_transfer *t = NULL;
	mummy_upload_reply *r = NULL;

	h->n = 0;
	req.inform = inform;
	req.conn = h;
	ck_assert_int_eq(mummy_upload_begin(u, &req, &r, &t), 1);
	return t;
}

static mummy_upload_transfer *post(mummy_upload *u, struct heard *h, const char *version, const char *complete)
{
	struct fake_fields f = { .n = 0 };

	put_field(&f, "Upload-Complete", complete);
	if (version)
		put_field(&f, "Upload-Draft-Interop-Version", version);
	return begin(u, h, "POST", "/files/", 10, &f);
}

START_TEST(the_address_comes_first)
{
	static const struct { const char *version; int heard; } v[] = {
		{ "8", 1 }, { "7", 1 }, { "6", 1 }, { "5", 1 }, { "4", 1 }, { NULL, 0 }, { "9", 0 }, { "2", 0 }, { "?1", 0 }, { "8.0", 0 },
	};
	const struct mummy_upload_options opt = { .max_bytes = 1000 };
	mummy_upload *u = open_memory(&opt);
	struct heard h = { .rc = 0 };
	struct answer a;

	for (size_t i = 0; i < sizeof v / sizeof v[0]; i++) {
		mummy_upload_transfer *t = post(u, &h, v[i].version, "?1");

		ck_assert_int_eq(h.n, v[i].heard);
		ck_assert_int_eq(feed(t, "0123456789", 10, 0, &a), 201);
		ck_assert_int_eq(h.n, v[i].heard);
		if (!h.n)
			continue;
		ck_assert_int_eq(h.a[0].status, 104);
		ck_assert_int_eq(h.a[0].n, 3);
		ck_assert_str_eq(field(&h.a[0], "Upload-Draft-Interop-Version"), v[i].version);
		ck_assert_str_eq(field(&h.a[0], "Upload-Limit"), "max-size=1000");
		ck_assert_str_eq(field(&h.a[0], "Location"), field(&a, "Location"));
	}
	mummy_upload_free(u);
}
END_TEST

/* Who knows the address comes again; what nobody knows of goes. */
START_TEST(a_cut_creation_stays_for_those_who_know_it)
{
	static const struct { const char *version; int rc; unsigned open; } v[] = { { "8", 0, 1 }, { "8", -ENOTSUP, 0 }, { NULL, 0, 0 } };
	struct answer a;

	for (size_t i = 0; i < 3; i++) {
		mummy_upload *u = open_memory(NULL);
		struct heard h = { .rc = v[i].rc };
		mummy_upload_transfer *t = post(u, &h, v[i].version, "?1");

		ck_assert_int_eq(mummy_upload_write(t, "0123", 4), 0);
		ck_assert_int_eq(feed(t, NULL, 0, -EPIPE, &a), 400);
		ck_assert_uint_eq(u->stats.open, v[i].open);
		if (v[i].open) {
			char path[128];

			snprintf(path, sizeof path, "%s", field(&h.a[0], "Location"));
			ck_assert_int_eq(ask_bare(u, &a, "HEAD", path, NULL, 0, NULL), 204);
			ck_assert_str_eq(field(&a, "Upload-Offset"), "4");
			ck_assert_str_eq(field(&a, "Upload-Complete"), "?0");
			ck_assert_int_eq(ask_bare(u, &a, "PATCH", path, "456789", 6, PART, "Upload-Offset", "4", "Upload-Complete", "?1", NULL), 201);
		}
		mummy_upload_free(u);
	}
}
END_TEST

static unsigned synced;
static int (*real_sync)(void *h, uint64_t committed);

static int count_sync(void *h, uint64_t committed)
{
	synced++;
	return real_sync(h, committed);
}

/* The clock is the machine's, so the time between two is one millisecond, which some write exceeds. */
START_TEST(an_offset_that_is_told_lasts)
{
	const struct mummy_upload_options opt = { .progress_ms = 1 };
	char folder[64];
	struct mummy_upload_store store;
	mummy_upload *u = NULL;
	struct fake_fields f = { .n = 0 };
	struct heard h = { .rc = 0 };
	struct answer a;
	mummy_upload_transfer *t;
	uint64_t at = 0;
	char path[128];

	ck_assert_int_eq(mummy_upload_dir_store(&store, fresh(folder), NULL), 0);
	real_sync = store.sync;
	store.sync = count_sync;
	ck_assert_int_eq(mummy_upload_new(&u, &store, &opt), 0);
	ck_assert_int_eq(ask_bare(u, &a, "POST", "/files/", NULL, 0, "Upload-Complete", "?0", NULL), 201);
	snprintf(path, sizeof path, "%s", field(&a, "Location"));
	put_field(&f, "Content-Type", "application/partial-upload");
	put_field(&f, "Upload-Complete", "?1");
	put_field(&f, "Upload-Offset", "0");
	put_field(&f, "Upload-Draft-Interop-Version", "8");
	t = begin(u, &h, "PATCH", path, MUMMY_UPLOAD_UNKNOWN, &f);
	ck_assert_int_eq(h.n, 0);
	synced = 0;
	for (; h.n < 3; at++)
		ck_assert_int_eq(mummy_upload_write(t, "x", 1), 0);
	ck_assert_uint_ge(synced, 3);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(h.a[i].n, 2);
		ck_assert_ptr_null(field(&h.a[i], "Location"));
		ck_assert_int_gt(strtoll(field(&h.a[i], "Upload-Offset"), NULL, 10), i ? strtoll(field(&h.a[i - 1], "Upload-Offset"), NULL, 10) : 0);
	}
	ck_assert_uint_eq(strtoull(field(&h.a[2], "Upload-Offset"), NULL, 10), at);
	ck_assert_int_eq(feed(t, NULL, 0, 0, &a), 201);
	mummy_upload_free(u);
	wipe(folder);
}
END_TEST

/* A digest holds the octets back; when there is nothing to compare it with, they count all the same. */
START_TEST(a_digest_that_cannot_be_compared_costs_nothing)
{
	static const char digest[] = "sha-256=:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=:";
	mummy_upload *u = open_memory(NULL);
	struct answer a;
	char path[128];

	for (int k = 0; k < 3; k++) {
		struct fake_fields f = { .n = 0 };
		struct heard h = { .rc = 0 };
		mummy_upload_transfer *t;

		ck_assert_int_eq(ask_bare(u, &a, "POST", "/files/", NULL, 0, "Upload-Complete", "?0", NULL), 201);
		snprintf(path, sizeof path, "%s", field(&a, "Location"));
		put_field(&f, "Content-Type", "application/partial-upload");
		put_field(&f, "Upload-Complete", "?0");
		put_field(&f, "Upload-Offset", "0");
		put_field(&f, "Content-Digest", digest);
		t = begin(u, &h, "PATCH", path, 3, &f);
		ck_assert_int_eq(mummy_upload_write(t, k == 2 ? "xb" : "ab", 2), 0);
		if (k == 0)            /* cut off */
			ck_assert_int_eq(feed(t, NULL, 0, -EPIPE, &a), 400);
		else if (k == 2)       /* wrong */
			ck_assert_int_eq(feed(t, "c", 1, 0, &a), 400);
		ck_assert_int_eq(ask_bare(u, &a, "HEAD", path, NULL, 0, NULL), 204);
		ck_assert_str_eq(field(&a, "Upload-Offset"), k == 2 ? "0" : "2");
		if (k == 1)            /* taken over by the question */
			ck_assert_int_eq(feed(t, NULL, 0, -ECANCELED, &a), 423);
	}
	mummy_upload_free(u);
}
END_TEST

/* Of "0123456789", in two parts and across a restart; and of something else. */
START_TEST(a_digest_of_all_is_compared_at_the_end)
{
	static const struct { const char *digest; int status; } v[] = {
		{ "md5=:AAAA:, sha-256=:AAAA:", 201 }, { "nonsense=", 201 },
		{ "sha-256=:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=:", 400 },
	};
	char right[160], sum[128], folder[64], path[128];
	mummy_upload *u;
	struct answer a;

	snprintf(right, sizeof right, "unixsum=1, sha-512=:%s:, sha-256=:AAAA:",
		 strchr(checksum_of("sha512", GNUTLS_DIG_SHA512, "0123456789", 10, sum), ' ') + 1);
	for (size_t i = 0; i < 4; i++) {
		const int status = i < 3 ? v[i].status : 201;

		u = open_dir(fresh(folder), NULL, NULL);
		ck_assert_int_eq(ask_bare(u, &a, "POST", "/files/", "0123", 4, "Upload-Complete", "?0", "Upload-Length", "10", "Repr-Digest",
					  i < 3 ? v[i].digest : right, NULL), 201);
		snprintf(path, sizeof path, "%s", field(&a, "Location"));
		mummy_upload_free(u);
		u = open_dir(folder, NULL, NULL);
		ck_assert_int_eq(ask_bare(u, &a, "PATCH", path, "456789", 6, PART, "Upload-Offset", "4", "Upload-Complete", "?1", NULL), status);
		ck_assert_str_eq(field(&a, "Upload-Complete"), "?1");
		ck_assert_int_eq(ask_bare(u, &a, "HEAD", path, NULL, 0, NULL), status == 201 ? 204 : 412);
		ck_assert_uint_eq(u->stats.finished, status == 201);
		ck_assert_uint_eq(u->stats.open, 0);
		mummy_upload_free(u);
		ck_assert_int_eq(wipe(folder), status == 201 ? 2 : 0);
	}
	/* a store that cannot read has nothing to compare */
	u = open_memory(NULL);
	ck_assert_int_eq(ask_bare(u, &a, "POST", "/files/", "0123", 4, "Upload-Complete", "?1", "Repr-Digest", v[2].digest, NULL), 201);
	mummy_upload_free(u);
}
END_TEST

/* A body of TUS belongs where its offset was looked at, whatever the one before it held. */
START_TEST(what_was_held_does_not_move_who_takes_over)
{
	static const char digest[] = "sha-256=:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=:";
	char folder[64], path[128], back[16];
	mummy_upload *u = open_dir(fresh(folder), NULL, NULL);
	struct fake_fields f = { .n = 0 };
	struct heard h = { .rc = 0 };
	mummy_upload_transfer *t;
	struct answer a;

	ck_assert_int_eq(ask_bare(u, &a, "POST", "/files/", NULL, 0, "Upload-Complete", "?0", "Upload-Length", "6", NULL), 201);
	snprintf(path, sizeof path, "%s", field(&a, "Location"));
	put_field(&f, "Content-Type", "application/partial-upload");
	put_field(&f, "Upload-Complete", "?0");
	put_field(&f, "Upload-Offset", "0");
	put_field(&f, "Content-Digest", digest);
	t = begin(u, &h, "PATCH", path, 3, &f);
	ck_assert_int_eq(mummy_upload_write(t, "ab", 2), 0);
	ck_assert_int_eq(patch(u, &a, path, 0, "012", 3), 204);
	ck_assert_str_eq(field(&a, "Upload-Offset"), "3");
	ck_assert_int_eq(feed(t, NULL, 0, -ECANCELED, &a), 423);
	ck_assert_int_eq(patch(u, &a, path, 3, "345", 3), 204);
	ck_assert_int_eq(content(u, path, back, sizeof back), 6);
	ck_assert_mem_eq(back, "012345", 6);
	mummy_upload_free(u);
	wipe(folder);
}
END_TEST

START_TEST(a_question_ends_what_is_going_on)
{
	mummy_upload *u = open_memory(NULL);
	struct heard h = { .rc = 0 };
	struct answer a;
	mummy_upload_transfer *t = post(u, &h, "8", "?1");
	char path[128];

	snprintf(path, sizeof path, "%s", field(&h.a[0], "Location"));
	ck_assert_int_eq(mummy_upload_write(t, "0123", 4), 0);
	ck_assert_int_eq(ask_bare(u, &a, "HEAD", path, NULL, 0, NULL), 204);
	ck_assert_str_eq(field(&a, "Upload-Offset"), "4");
	ck_assert_int_eq(mummy_upload_write(t, "4567", 4), -ECANCELED);
	ck_assert_int_eq(feed(t, NULL, 0, -ECANCELED, &a), 423);
	ck_assert_int_eq(ask_bare(u, &a, "PATCH", path, "456789", 6, PART, "Upload-Offset", "4", "Upload-Complete", "?1", NULL), 201);
	mummy_upload_free(u);
}
END_TEST

SUITE_MAIN("upload/interim", the_address_comes_first, a_cut_creation_stays_for_those_who_know_it, an_offset_that_is_told_lasts,
	   a_digest_that_cannot_be_compared_costs_nothing, a_digest_of_all_is_compared_at_the_end,
	   what_was_held_does_not_move_who_takes_over, a_question_ends_what_is_going_on)
