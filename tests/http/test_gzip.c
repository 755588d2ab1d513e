#include <config.h>
#include "gzip.h"
#include "mummy-common.h"
#include "suite.h"
#include <string.h>
#include <zlib.h>

static struct mhttp_gzip *fresh(int level, unsigned keep)
{
	struct mhttp_gzip *g = NULL;

	ck_assert_int_eq(mhttp_gzip_new(&g, level, keep), 0);
	return g;
}

static unsigned char *text(size_t n)
{
	unsigned char *p = calloc(1, n + 1);

	for (size_t i = 0; i < n; i++)
		p[i] = (unsigned char)("{\"name\": \"value\"},\n"[i % 19] + (i % 997 == 0));
	return p;
}

static unsigned char *noise(size_t n)
{
	unsigned char *p = calloc(1, n);
	uint64_t s = 88172645463325252u;

	for (size_t i = 0; i < n; i++) {
		s ^= s << 13;
		s ^= s >> 7;
		s ^= s << 17;
		p[i] = (unsigned char)s;
	}
	return p;
}

/* A client that decodes what arrives. */
struct client {
	z_stream z;
	unsigned char *got;
	size_t n, room;
	int ended;
};

static void open_client(struct client *c, size_t room)
{
	memset(c, 0, sizeof *c);
	ck_assert_int_eq(inflateInit2(&c->z, 15 + 16), Z_OK);
	c->got = malloc(room + 1);
	c->room = room + 1;
}

static void receive(struct client *c, const void *p, size_t n)
{
	c->z.next_in = (z_const Bytef *)(uintptr_t)p;
	c->z.avail_in = (uInt)n;
	while (c->z.avail_in && !c->ended) {
		int rc;

		c->z.next_out = c->got + c->n;
		c->z.avail_out = (uInt)(c->room - c->n);
		rc = inflate(&c->z, Z_SYNC_FLUSH);
		ck_assert(rc == Z_OK || rc == Z_STREAM_END);
		c->n = c->room - c->z.avail_out;
		c->ended = rc == Z_STREAM_END;
	}
	ck_assert_uint_eq(c->z.avail_in, 0);
}

static void close_client(struct client *c, const void *expected, size_t n)
{
	ck_assert(c->ended);
	ck_assert_uint_eq(c->n, n);
	ck_assert(n == 0 || memcmp(c->got, expected, n) == 0);
	inflateEnd(&c->z);
	free(c->got);
}

static void whole_comes_back(struct mhttp_gzip *g, size_t n)
{
	unsigned char *in = text(n);
	struct client c;
	void *out;
	size_t len;

	ck_assert_int_eq(mhttp_gzip_whole(g, in, n, &out, &len), 0);
	ck_assert_uint_lt(len, n);
	open_client(&c, n);
	receive(&c, out, len);
	close_client(&c, in, n);
	free(out);
	free(in);
}

START_TEST(whole_bodies)
{
	static const size_t sizes[] = { 200, 1024, 65535, 65536, 1000000 };

	for (int level = 1; level <= 9; level += 4) {
		struct mhttp_gzip *g = fresh(level, 2);

		for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
			whole_comes_back(g, sizes[i]);
		mhttp_gzip_unref(g);
	}
}
END_TEST

START_TEST(what_does_not_shrink_is_left)
{
	struct mhttp_gzip *g = fresh(1, 0);
	unsigned char *in = noise(100000);
	static const size_t sizes[] = { 0, 1, 2, 20, 1000, 100000 };
	void *out = NULL;
	size_t len = 0;

	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
		ck_assert_int_eq(mhttp_gzip_whole(g, in, sizes[i], &out, &len), 1);
	ck_assert_ptr_null(out);
	free(in);
	mhttp_gzip_unref(g);
}
END_TEST

static void give(struct mhttp_gzip_stream *s, const void *p, size_t n, enum mhttp_gzip_step step, struct client *c)
{
	void *out;
	size_t len;

	ck_assert_int_eq(mhttp_gzip_feed(s, p, n, step, &out, &len), 0);
	ck_assert_int_eq(out == NULL, len == 0);
	receive(c, out, len);
	free(out);
}

/* In pieces of the same length; flushed: each can be decoded at once. */
static void pieces_come_back(struct mhttp_gzip *g, const unsigned char *in, size_t n, size_t piece,
			     enum mhttp_gzip_step step)
{
	struct mhttp_gzip_stream *s;
	struct client c;

	ck_assert_int_eq(mhttp_gzip_begin(g, &s), 0);
	open_client(&c, n);
	for (size_t i = 0; i < n; i += piece) {
		size_t len = n - i < piece ? n - i : piece;

		give(s, in + i, len, step, &c);
		if (step == MHTTP_GZIP_FLUSH)
			ck_assert_uint_eq(c.n, i + len);
	}
	give(s, NULL, 0, MHTTP_GZIP_FINISH, &c);
	mhttp_gzip_end(s);
	close_client(&c, in, n);
}

START_TEST(streams)
{
	static const size_t pieces[] = { 1, 7, 1000, 70000, 300000 };
	struct mhttp_gzip *g = fresh(1, 1);
	unsigned char *in = text(300000), *wild = noise(300000);

	for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
		size_t n = pieces[i] < 100 ? 20000 : 300000;

		pieces_come_back(g, in, n, pieces[i], MHTTP_GZIP_MORE);
		pieces_come_back(g, in, n, pieces[i], MHTTP_GZIP_FLUSH);
		pieces_come_back(g, wild, n, pieces[i], MHTTP_GZIP_MORE);
		pieces_come_back(g, wild, n, pieces[i], MHTTP_GZIP_FLUSH);
	}
	pieces_come_back(g, in, 0, 1, MHTTP_GZIP_MORE);
	free(in);
	free(wild);
	mhttp_gzip_unref(g);
}
END_TEST

START_TEST(nothing_after_the_last)
{
	struct mhttp_gzip *g = fresh(6, 4);
	struct mhttp_gzip_stream *s, *held;
	struct client c;
	void *out;
	size_t len;

	ck_assert_int_eq(mhttp_gzip_begin(g, &s), 0);
	open_client(&c, 3);
	give(s, "abc", 3, MHTTP_GZIP_FINISH, &c);
	ck_assert_int_eq(mhttp_gzip_feed(s, "d", 1, MHTTP_GZIP_MORE, &out, &len), -EINVAL);
	close_client(&c, "abc", 3);
	mhttp_gzip_end(s);
	/* One that is cut leaves nothing to the next; one that is held outlives the owner. */
	ck_assert_int_eq(mhttp_gzip_begin(g, &s), 0);
	ck_assert_int_eq(mhttp_gzip_feed(s, "garbage", 7, MHTTP_GZIP_FLUSH, &out, &len), 0);
	free(out);
	mhttp_gzip_end(s);
	whole_comes_back(g, 5000);
	pieces_come_back(g, (const unsigned char *)"hello", 5, 2, MHTTP_GZIP_MORE);
	ck_assert_int_eq(mhttp_gzip_begin(g, &held), 0);
	mhttp_gzip_unref(g);
	open_client(&c, 3);
	give(held, "xyz", 3, MHTTP_GZIP_FINISH, &c);
	close_client(&c, "xyz", 3);
	mhttp_gzip_end(held);
	mhttp_gzip_end(NULL);
	mhttp_gzip_unref(NULL);
	ck_assert_int_eq(mhttp_gzip_new(&g, 0, 1), -EINVAL);
	ck_assert_int_eq(mhttp_gzip_new(&g, 10, 1), -EINVAL);
}
END_TEST

static void *work(void *arg)
{
	struct mhttp_gzip *g = arg;
	unsigned char *in = text(20000);

	for (int i = 0; i < 30; i++) {
		whole_comes_back(g, 20000);
		pieces_come_back(g, in, 20000, 6000, MHTTP_GZIP_FLUSH);
	}
	free(in);
	return NULL;
}

START_TEST(many_threads)
{
	struct mhttp_gzip *g = fresh(1, 2);
	pthread_t t[4];

	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(mummy_thread_start(&t[i], "gzip", work, g), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	mhttp_gzip_unref(g);
}
END_TEST

SUITE_MAIN("http/gzip", whole_bodies, what_does_not_shrink_is_left, streams, nothing_after_the_last, many_threads)
