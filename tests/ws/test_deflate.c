#include <config.h>
#include "suite.h"
#include "zlib-peer.h"
#include "deflate.h"

enum { MAX = 300000 };

static struct mws_out message(const void *p, size_t n)
{
	return (struct mws_out){ .kind = MWS_DATA, .data = p, .f = { .opcode = MUMMY_WS_BINARY, .fin = 1, .length = n } };
}

static void is_frame_of(const struct mws_block *b, struct peer *p, const uint8_t *text, size_t n, int keep)
{
	uint8_t *back = malloc(MAX);
	struct mummy_ws_frame f;

	ck_assert_int_eq(mummy_ws_frame_parse(b->head, b->nhead, &f), (int)b->nhead);
	ck_assert(f.rsv1 && f.fin && f.opcode == MUMMY_WS_BINARY && f.length == b->len);
	ck_assert_uint_eq(peer_inflate(p, b->data, b->len, back, MAX, keep), n);
	ck_assert_mem_eq(back, text, n);
	free(back);
}

START_TEST(every_window_and_level_is_kept_to)
{
	uint8_t *text = malloc(MAX);
	struct mws_deflate_pool pool;

	mws_deflate_pool_init(&pool);
	peer_text(text, 40000, 5);
	for (unsigned bits = 8; bits <= 15; bits++)
		for (unsigned level = 1; level <= 9; level++) {
			static const size_t size[] = { 64, 300, 8192, 8193, 40000 };
			struct peer p;

			/* What it inflates with is that window and no more. */
			peer_init(&p, 15, (int)bits);
			for (size_t i = 0; i < 5; i++) {
				struct mws_out o = message(text, size[i]);
				struct mws_block *b;

				ck_assert_int_eq(mws_deflate_once(&pool, bits, level, &o, &b), 0);
				if (size[i] > 64)
					ck_assert_ptr_nonnull(b);
				if (!b)
					continue;
				is_frame_of(b, &p, text, size[i], 0);
				mws_block_unref(b);
			}
			peer_free(&p);
		}
	mws_deflate_pool_free(&pool);
	free(text);
}
END_TEST

START_TEST(what_would_not_be_shorter_is_left)
{
	uint8_t *noise = malloc(100000);
	struct mws_deflate_pool pool;
	struct mws_block *b;

	mws_deflate_pool_init(&pool);
	peer_noise(noise, 100000, 1);
	for (size_t n = 0; n < 100000; n = n * 2 + 1) {
		struct mws_out o = message(noise, n);

		ck_assert_int_eq(mws_deflate_once(&pool, 15, 1, &o, &b), 0);
		ck_assert_ptr_null(b);
	}
	mws_deflate_pool_free(&pool);
	free(noise);
}
END_TEST

START_TEST(a_compressor_of_its_own_refers_back_and_can_be_reset)
{
	uint8_t *text = malloc(MAX);

	for (unsigned bits = 8; bits <= 15; bits++) {
		struct mws_deflater *d = mws_deflater_new(bits, 1);
		struct mws_block *b;
		struct peer p;

		peer_init(&p, 15, (int)bits);
		for (unsigned i = 0; i < 30; i++) {
			size_t n = i % 7 == 6 ? 250000 : i % 5 == 4 ? 0 : 100 * i;
			struct mws_out o = message(text, n);

			if (i % 3)
				peer_noise(text, n, i);
			else
				peer_text(text, n, i);
			b = mws_deflater_frame(d, &o);
			ck_assert_ptr_nonnull(b);
			is_frame_of(b, &p, text, n, 1);
			mws_block_unref(b);
			if (i % 10 == 9) {
				/* One that is not sent. */
				b = mws_deflater_frame(d, &o);
				mws_block_unref(b);
				mws_deflater_reset(d);
			}
		}
		peer_free(&p);
		mws_deflater_free(d);
	}
	free(text);
}
END_TEST

START_TEST(fragments_end_with_their_flush_and_carry_the_bit_once)
{
	struct mws_out o = { .kind = MWS_FRAGMENT, .data = "abcabcabcabc", .f = { .opcode = MUMMY_WS_TEXT, .length = 12 } };
	struct mws_deflate_pool pool;
	uint8_t all[200], back[100];
	struct mws_block *b;
	struct peer p;
	size_t n = 0;

	mws_deflate_pool_init(&pool);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(mws_deflate_once(&pool, 15, 1, &o, &b), 0);
		ck_assert_uint_eq(b->head[0], i ? 0x00 : 0x41);
		ck_assert_mem_eq((const uint8_t *)b->data + b->len - 4, "\0\0\xff\xff", 4);
		memcpy(all + n, b->data, b->len);
		n += b->len;
		mws_block_unref(b);
		o.f.opcode = MUMMY_WS_CONTINUATION;
	}
	all[n++] = 0;
	peer_init(&p, 15, 15);
	ck_assert_uint_eq(peer_inflate(&p, all, n, back, sizeof back, 0), 36);
	ck_assert_mem_eq(back, "abcabcabcabcabcabcabcabcabcabcabcabc", 36);
	peer_free(&p);
	mws_deflate_pool_free(&pool);
}
END_TEST

START_TEST(a_client_s_frame_is_masked)
{
	uint8_t text[500], back[500];
	struct mws_out o = message(text, sizeof text);
	struct mws_deflate_pool pool;
	struct mws_block *b;
	struct peer p;

	peer_text(text, sizeof text, 3);
	o.f.masked = 1;
	memcpy(o.f.mask, "\x11\x22\x33\x44", 4);
	mws_deflate_pool_init(&pool);
	ck_assert_int_eq(mws_deflate_once(&pool, 15, 1, &o, &b), 0);
	mummy_ws_mask(b->own, b->len, o.f.mask, 0);
	peer_init(&p, 15, 15);
	ck_assert_uint_eq(peer_inflate(&p, b->data, b->len, back, sizeof back, 0), sizeof text);
	ck_assert_mem_eq(back, text, sizeof text);
	peer_free(&p);
	mws_block_unref(b);
	mws_deflate_pool_free(&pool);
}
END_TEST

SUITE_MAIN("ws/deflate", every_window_and_level_is_kept_to, what_would_not_be_shorter_is_left,
	   a_compressor_of_its_own_refers_back_and_can_be_reset,
	   fragments_end_with_their_flush_and_carry_the_bit_once, a_client_s_frame_is_masked)
