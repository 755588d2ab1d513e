#include <config.h>
#include <errno.h>
#include "suite.h"
#include "zlib-peer.h"
#include "inflate.h"

enum { MAX = 200000 };

struct to {
	struct mws_sink sink;
	uint8_t buf[MAX];
	int calls;
};

static int no_more(struct mws_sink *s)
{
	(void)s;
	return -EMSGSIZE;
}

/* Room for one octet after the other. */
static int one_more(struct mws_sink *s)
{
	if (s->size == MAX)
		return -EMSGSIZE;
	s->size++;
	return 0;
}

static struct to *to_new(size_t size, int (*full)(struct mws_sink *))
{
	struct to *t = calloc(1, sizeof *t);

	t->sink.buf = t->buf;
	t->sink.size = size;
	t->sink.full = full;
	return t;
}

static int by(struct mws_inflater *z, const uint8_t *p, size_t n, size_t step, struct to *t)
{
	int rc = 0;

	for (size_t at = 0; rc == 0 && at < n; at += step) {
		size_t take = step < n - at ? step : n - at;
		uint8_t *copy = malloc(take);

		memcpy(copy, p + at, take);
		rc = mws_inflate(z, copy, take, 0, &t->sink);
		free(copy);
	}
	return rc ? rc : mws_inflate(z, "", 0, 1, &t->sink);
}

static void same(struct mws_inflater *z, const uint8_t *p, size_t n, const void *text, size_t len)
{
	for (size_t step = 1; step <= n; step = step < 8 ? step + 1 : step * 2) {
		struct to *t = to_new(MAX, no_more), *u = to_new(1, one_more);

		mws_inflater_reset(z);
		ck_assert_int_eq(by(z, p, n, step, t), 0);
		ck_assert_uint_eq(t->sink.len, len);
		ck_assert_mem_eq(t->buf, text, len);
		mws_inflater_reset(z);
		ck_assert_int_eq(by(z, p, n, step, u), 0);
		ck_assert_uint_eq(u->sink.len, len);
		ck_assert_mem_eq(u->buf, text, len);
		free(t);
		free(u);
	}
}

START_TEST(the_examples_of_the_rfc)
{
	/* RFC 7692 section 7.2.3: one block, a block without compression, one that calls itself the last,
	 * two blocks, an empty message. */
	static const struct {
		const char *p;
		size_t n;
		const char *text;
	} example[] = {
		{ "\xf2\x48\xcd\xc9\xc9\x07\x00", 7, "Hello" },
		{ "\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00", 11, "Hello" },
		{ "\xf3\x48\xcd\xc9\xc9\x07\x00\x00", 8, "Hello" },
		{ "\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00", 13, "Hello" },
		{ "\x00", 1, "" }, { "\x02\x00", 2, "" },
		/* Without the octet that should follow a last block. */
		{ "\xf3\x48\xcd\xc9\xc9\x07\x00", 7, "Hello" },
		/* Two last blocks. */
		{ "\xf3\x48\xcd\xc9\xc9\x07\x00\xf3\x48\xcd\xc9\xc9\x07\x00\x00", 15, "HelloHello" },
	};
	struct mws_inflater *z = mws_inflater_new(15);

	for (size_t i = 0; i < sizeof example / sizeof example[0]; i++)
		same(z, (const uint8_t *)example[i].p, example[i].n, example[i].text, strlen(example[i].text));
	mws_inflater_free(z);
}
END_TEST

START_TEST(a_message_of_no_octets_is_empty)
{
	struct mws_inflater *z = mws_inflater_new(15);
	struct to *t = to_new(MAX, no_more);

	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(mws_inflate(z, "", 0, 1, &t->sink), 0);
	ck_assert_uint_eq(t->sink.len, 0);
	free(t);
	mws_inflater_free(z);
}
END_TEST

START_TEST(what_others_compress_at_every_window)
{
	uint8_t *text = malloc(100000), *c = malloc(120000);

	for (int bits = 9; bits <= 15; bits++) {
		struct mws_inflater *z = mws_inflater_new((unsigned)bits);
		struct peer p;
		size_t n;

		peer_init(&p, bits, bits);
		peer_text(text, 3000, (unsigned)bits);
		n = peer_deflate(&p, text, 3000, c, 120000);
		same(z, c, n, text, 3000);
		peer_free(&p);
		mws_inflater_free(z);
	}
	free(text);
	free(c);
}
END_TEST

START_TEST(messages_may_refer_to_those_before)
{
	struct mws_inflater *z = mws_inflater_new(15);
	struct to *t = to_new(MAX, no_more);
	uint8_t text[1000], c[2000];
	struct peer p;
	size_t first = 0, n;

	peer_init(&p, 15, 15);
	peer_text(text, sizeof text, 7);
	for (int i = 0; i < 20; i++) {
		n = peer_deflate(&p, text, sizeof text, c, sizeof c);
		first = i ? first : n;
		t->sink.len = 0;
		ck_assert_int_eq(mws_inflate(z, c, n, 1, &t->sink), 0);
		ck_assert_mem_eq(t->buf, text, sizeof text);
	}
	ck_assert_uint_lt(n * 4, first);
	/* Without them it can't be read. */
	mws_inflater_reset(z);
	t->sink.len = 0;
	ck_assert_int_eq(mws_inflate(z, c, n, 1, &t->sink), -EILSEQ);
	peer_free(&p);
	mws_inflater_free(z);
	free(t);
}
END_TEST

START_TEST(what_is_no_message_is_refused)
{
	static const struct {
		const char *p;
		size_t n;
	} bad[] = {
		{ "\xff\xff\xff", 3 }, { "\x06", 1 }, { "\xf2\x48\xcd", 3 }, { "\x00\x05\x00\xfa\xfe\x48", 6 },
		{ "\x02\x05", 2 }, { "\x4a\x04\x02\x00", 4 },
	};
	struct mws_inflater *z = mws_inflater_new(15);

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		for (size_t step = 1; step <= bad[i].n; step++) {
			struct to *t = to_new(MAX, no_more);

			mws_inflater_reset(z);
			ck_assert_int_eq(by(z, (const uint8_t *)bad[i].p, bad[i].n, step, t), -EILSEQ);
			free(t);
		}
	mws_inflater_free(z);
}
END_TEST

START_TEST(a_sink_that_is_full_stops_it)
{
	struct mws_inflater *z = mws_inflater_new(15);
	uint8_t zeros[50000] = { 0 }, c[200];
	struct to *t = to_new(49999, no_more);
	struct peer p;
	size_t n;

	peer_init(&p, 15, 15);
	n = peer_deflate(&p, zeros, sizeof zeros, c, sizeof c);
	ck_assert_int_eq(mws_inflate(z, c, n, 1, &t->sink), -EMSGSIZE);
	peer_free(&p);
	mws_inflater_free(z);
	free(t);
}
END_TEST

SUITE_MAIN("ws/inflate", the_examples_of_the_rfc, a_message_of_no_octets_is_empty,
	   what_others_compress_at_every_window, messages_may_refer_to_those_before, what_is_no_message_is_refused,
	   a_sink_that_is_full_stops_it)
