/* What every 64-bit x86 has: masking and ASCII 16 octets at a time. */
#include <config.h>
#ifdef __x86_64__
#include <errno.h>
#include <string.h>
#include <emmintrin.h>
#include "simd.h"

static __m128i widen(const uint8_t mask[4])
{
	int m;

	memcpy(&m, mask, 4);
	return _mm_set1_epi32(m);
}

static __m128i load(const uint8_t *p)
{
	return _mm_loadu_si128((const __m128i *)(const void *)p);
}

static void store(uint8_t *p, __m128i v)
{
	_mm_storeu_si128((__m128i *)(void *)p, v);
}

static void mask_blocks(uint8_t *p, size_t n, const uint8_t mask[4])
{
	__m128i m = widen(mask), last;
	uint8_t turned[4];
	size_t i = 0;

	if (n < 16) {
		mws_simd_portable.mask(p, n, mask);
		return;
	}
	/* The last octets together with what is before them: read before that is written. */
	mws_mask_turn(turned, mask, n);
	last = _mm_xor_si128(load(p + n - 16), widen(turned));
	for (; n - i > 64; i += 64) {
		store(p + i, _mm_xor_si128(load(p + i), m));
		store(p + i + 16, _mm_xor_si128(load(p + i + 16), m));
		store(p + i + 32, _mm_xor_si128(load(p + i + 32), m));
		store(p + i + 48, _mm_xor_si128(load(p + i + 48), m));
	}
	for (; n - i > 16; i += 16)
		store(p + i, _mm_xor_si128(load(p + i), m));
	store(p + n - 16, last);
}

static size_t ascii(const uint8_t *p, size_t n)
{
	size_t i = 0;

	while (n - i >= 16 && !_mm_movemask_epi8(load(p + i)))
		i += 16;
	return i;
}

static size_t unmask_ascii(uint8_t *p, size_t n, __m128i m)
{
	size_t i = 0;
	__m128i v;

	for (; n - i >= 16; i += 16) {
		v = _mm_xor_si128(load(p + i), m);
		if (_mm_movemask_epi8(v))
			break;
		store(p + i, v);
	}
	return i;
}

/* From the first octet that is not ASCII on it is words. */
static int check(uint32_t *state, const uint8_t *p, size_t n)
{
	size_t i = *state ? 0 : ascii(p, n);

	return mws_simd_portable.utf8(state, p + i, n - i);
}

static int unmask_and_check(uint32_t *state, uint8_t *p, size_t n, const uint8_t mask[4])
{
	size_t i = *state ? 0 : unmask_ascii(p, n, widen(mask));

	return mws_simd_portable.text(state, p + i, n - i, mask);
}

const struct mws_simd mws_simd_sse2 = { "sse2", mask_blocks, check, unmask_and_check };
#else
typedef int mws_no_sse2;
#endif
