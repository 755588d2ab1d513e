/* 32 octets at a time. The tables are those of utf8_classes.h. */
#include <config.h>
#if defined __x86_64__ && (defined __GNUC__ || defined __clang__)
#include <errno.h>
#include <string.h>
#include <immintrin.h>
#include "simd.h"
#include "utf8_classes.h"

#define MWS_TARGET __attribute__((target("avx2")))
#define INLINE static inline __attribute__((target("avx2"), always_inline))
enum { BLOCK = 32, GROUP = 4 * BLOCK, MOST = 64, FIRST = 8, LONG = 256 };
typedef __m256i vec;

static const uint8_t first_high[16] = { FIRST_HIGH }, first_low[16] = { FIRST_LOW };
static const uint8_t second_high[16] = { SECOND_HIGH };

/* The mask as it is at offset octets. */
INLINE __m256i widen(const uint8_t mask[4], size_t offset)
{
	return _mm256_set1_epi32((int)mws_mask_word(mask, offset));
}

INLINE __m256i load(const uint8_t *p)
{
	return _mm256_loadu_si256((const __m256i *)(const void *)p);
}

INLINE void store(uint8_t *p, __m256i v)
{
	_mm256_storeu_si256((__m256i *)(void *)p, v);
}

MWS_TARGET static void mask_long(uint8_t *p, size_t n, const uint8_t mask[4])
{
	__m256i m = widen(mask, 0), last = _mm256_xor_si256(load(p + n - BLOCK), widen(mask, n));
	size_t i = 0;

	for (; n - i > 4 * BLOCK; i += 4 * BLOCK) {
		store(p + i, _mm256_xor_si256(load(p + i), m));
		store(p + i + 32, _mm256_xor_si256(load(p + i + 32), m));
		store(p + i + 64, _mm256_xor_si256(load(p + i + 64), m));
		store(p + i + 96, _mm256_xor_si256(load(p + i + 96), m));
	}
	for (; n - i > BLOCK; i += BLOCK)
		store(p + i, _mm256_xor_si256(load(p + i), m));
	store(p + n - BLOCK, last);
}

/* What is left of the last whole block is masked together with what is before it: all is read before any is
 * written. */
MWS_TARGET static void mask_blocks(uint8_t *p, size_t n, const uint8_t mask[4])
{
	__m256i a, b, c, d, m, turned;

	if (n < BLOCK) {
		mws_simd_sse2.mask(p, n, mask);
		return;
	}
	if (n > 4 * BLOCK) {
		mask_long(p, n, mask);
		return;
	}
	m = widen(mask, 0);
	turned = widen(mask, n);
	a = _mm256_xor_si256(load(p), m);
	d = _mm256_xor_si256(load(p + n - BLOCK), turned);
	if (n > 2 * BLOCK) {
		b = _mm256_xor_si256(load(p + BLOCK), m);
		c = _mm256_xor_si256(load(p + n - 2 * BLOCK), turned);
		store(p + BLOCK, b);
		store(p + n - 2 * BLOCK, c);
	}
	store(p, a);
	store(p + n - BLOCK, d);
}

/* The octets of v, each moved by n: those of before come first. */
#define BEFORE(v, before, n) \
	_mm256_alignr_epi8(v, _mm256_permute2x128_si256(before, v, 0x21), 16 - (n))

INLINE __m256i look_up(const uint8_t table[16], __m256i v)
{
	__m128i t = _mm_loadu_si128((const __m128i *)(const void *)table);

	v = _mm256_and_si256(v, _mm256_set1_epi8(0x0f));
	return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(t), v);
}

/* What is wrong in v. The second of two continuations is in its place two after a lead of three octets, or
 * three after one of four. */
INLINE __m256i errors(__m256i v, __m256i before)
{
	__m256i one = BEFORE(v, before, 1), two = BEFORE(v, before, 2), three = BEFORE(v, before, 3), e, more;

	e = _mm256_and_si256(look_up(first_high, _mm256_srli_epi16(one, 4)), look_up(first_low, one));
	e = _mm256_and_si256(e, look_up(second_high, _mm256_srli_epi16(v, 4)));
	more = _mm256_or_si256(_mm256_subs_epu8(two, _mm256_set1_epi8(0xe0 - 0x80)),
			       _mm256_subs_epu8(three, _mm256_set1_epi8((char)(0xf0 - 0x80))));
	return _mm256_xor_si256(e, _mm256_and_si256(more, _mm256_set1_epi8((char)0x80)));
}

/* Not zero where v ends within a character. */
INLINE __m256i begun(__m256i v)
{
	const __m256i most = _mm256_setr_epi8(-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
					      -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
					      (char)(0xf0 - 1), (char)(0xe0 - 1), (char)(0xc0 - 1));

	return _mm256_subs_epu8(v, most);
}

INLINE __m256i step(__m256i v, __m256i *before, __m256i wrong)
{
	wrong = _mm256_or_si256(wrong, _mm256_movemask_epi8(v) ? errors(v, *before) : begun(*before));
	*before = v;
	return wrong;
}

/* The last octets, less than a block, with zeros behind them. */
INLINE __m256i last_block(uint8_t *p, size_t n, __m256i m, int masked)
{
	uint8_t block[BLOCK] = { 0 };

	memcpy(block, p, n);
	if (masked) {
		store(block, _mm256_xor_si256(load(block), m));
		memcpy(p, block, n);
		memset(block + n, 0, BLOCK - n);
	}
	return load(block);
}

INLINE int is_valid_short(uint8_t *p, size_t n, __m256i m, int masked)
{
	__m256i wrong = _mm256_setzero_si256(), before = wrong, a, b;
	size_t i = 0;

	for (; n - i >= 2 * BLOCK; i += 2 * BLOCK) {
		a = load(p + i);
		b = load(p + i + BLOCK);
		if (masked) {
			a = _mm256_xor_si256(a, m);
			b = _mm256_xor_si256(b, m);
			store(p + i, a);
			store(p + i + BLOCK, b);
		}
		if (_mm256_movemask_epi8(_mm256_or_si256(a, b))) {
			wrong = _mm256_or_si256(wrong, errors(a, before));
			wrong = _mm256_or_si256(wrong, errors(b, a));
		} else {
			wrong = _mm256_or_si256(wrong, begun(before));
		}
		before = b;
	}
	if (n - i >= BLOCK) {
		a = load(p + i);
		if (masked) {
			a = _mm256_xor_si256(a, m);
			store(p + i, a);
		}
		wrong = step(a, &before, wrong);
		i += BLOCK;
	}
	if (n > i)
		wrong = step(last_block(p + i, n - i, m, masked), &before, wrong);
	wrong = _mm256_or_si256(wrong, begun(before));
	return _mm256_testz_si256(wrong, wrong);
}

MWS_TARGET int mws_avx2_valid(const uint8_t *p, size_t n)
{
	return is_valid_short((uint8_t *)(uintptr_t)p, n, _mm256_setzero_si256(), 0);
}

/* ---- At a glance ------------------------------------------------------------------------------ */

/* What is not ASCII; leads; leads of three octets. */
struct planes {
	uint32_t high[FIRST + MOST], lead[FIRST + MOST], three[FIRST + MOST];
};

/* E0, ED, F0 and above; and C0, C1. */
struct odd {
	__m256i above, least;
};

/* By the low four bits of what is not ASCII: the most that is nothing odd. */
static const uint8_t even[16] = { 0x5f, 0x6f, 0x6f, 0x6f, 0x6f, 0x6f, 0x6f, 0x6f,
				  0x6f, 0x6f, 0x6f, 0x6f, 0x6f, 0x6c, 0x6f, 0x6f };

INLINE void see(struct planes *s, size_t k, __m256i v, struct odd *odd)
{
	__m256i low = _mm256_xor_si256(v, _mm256_set1_epi8((char)0x80));
	__m256i most = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)even));

	s->high[k] = (uint32_t)_mm256_movemask_epi8(v);
	s->lead[k] = (uint32_t)_mm256_movemask_epi8(_mm256_subs_epu8(v, _mm256_set1_epi8(0xc0 - 0x80)));
	s->three[k] = (uint32_t)_mm256_movemask_epi8(_mm256_subs_epu8(v, _mm256_set1_epi8(0xe0 - 0x80)));
	/* Leads are 40 to 7f, continuations less, ASCII negative. */
	odd->above = _mm256_or_si256(odd->above, _mm256_cmpgt_epi8(low, _mm256_shuffle_epi8(most, low)));
	odd->least = _mm256_min_epu8(odd->least, _mm256_xor_si256(v, _mm256_set1_epi8((char)0xc0)));
}

INLINE int is_odd(const struct odd *odd)
{
	__m256i low = _mm256_cmpeq_epi8(_mm256_min_epu8(odd->least, _mm256_set1_epi8(1)), odd->least);

	return _mm256_movemask_epi8(_mm256_or_si256(odd->above, low)) != 0;
}

INLINE __m256i load_words(const uint32_t *p)
{
	return _mm256_loadu_si256((const __m256i *)(const void *)p);
}

/* Not zero where continuations of eight blocks are not where leads want them. */
INLINE __m256i differ(const struct planes *s, size_t k)
{
	__m256i lead = load_words(s->lead + k), three = load_words(s->three + k), next, after;

	next = _mm256_or_si256(_mm256_add_epi32(lead, lead),
			       _mm256_srli_epi32(load_words(s->lead + k - 1), 31));
	after = _mm256_or_si256(_mm256_slli_epi32(three, 2),
				_mm256_srli_epi32(load_words(s->three + k - 1), 30));
	lead = _mm256_xor_si256(load_words(s->high + k), lead);
	return _mm256_xor_si256(lead, _mm256_or_si256(next, after));
}

INLINE void forget(struct planes *s)
{
	s->lead[FIRST - 1] = s->three[FIRST - 1] = 0;
}

INLINE int is_open(const struct planes *s)
{
	return (s->lead[FIRST - 1] >> 31 | s->three[FIRST - 1] >> 30) != 0;
}

INLINE int is_right(struct planes *s, size_t k)
{
	__m256i bad = _mm256_setzero_si256();
	size_t last = k - 1;

	for (; k % 8; k++)
		s->high[k] = s->lead[k] = s->three[k] = 0;
	for (size_t i = FIRST; i < k; i += 8)
		bad = _mm256_or_si256(bad, differ(s, i));
	s->lead[FIRST - 1] = s->lead[last];
	s->three[FIRST - 1] = s->three[last];
	return _mm256_testz_si256(bad, bad);
}

INLINE __m256i unmask(const uint8_t *p, __m256i m, int masked)
{
	return masked ? _mm256_xor_si256(load(p), m) : load(p);
}

#define SKIP(p) ((void)(p), (size_t)0)

INLINE size_t plain(uint8_t *base, size_t at, size_t end, __m256i m, int masked)
{
	__m256i a, b, c, d;

	for (; end - at >= GROUP; at += GROUP) {
		a = unmask(base + at, m, masked);
		b = unmask(base + at + 32, m, masked);
		c = unmask(base + at + 64, m, masked);
		d = unmask(base + at + 96, m, masked);
		if (_mm256_movemask_epi8(_mm256_or_si256(_mm256_or_si256(a, b), _mm256_or_si256(c, d))))
			break;
		if (!masked)
			continue;
		store(base + at, a);
		store(base + at + 32, b);
		store(base + at + 64, c);
		store(base + at + 96, d);
	}
	return at;
}

INLINE int glance(uint8_t *base, size_t at, size_t to, __m256i m, struct planes *s, int masked)
{
	struct odd odd = { _mm256_setzero_si256(), _mm256_set1_epi8(-1) };
	size_t k = FIRST;
	__m256i a, b;

	for (; to - at >= 2 * BLOCK; at += 2 * BLOCK, k += 2) {
		a = unmask(base + at, m, masked);
		b = unmask(base + at + BLOCK, m, masked);
		if (masked) {
			store(base + at, a);
			store(base + at + BLOCK, b);
		}
		see(s, k, a, &odd);
		see(s, k + 1, b, &odd);
	}
	if (to - at >= BLOCK) {
		a = unmask(base + at, m, masked);
		if (masked)
			store(base + at, a);
		see(s, k++, a, &odd);
		at += BLOCK;
	}
	if (at < to)
		see(s, k++, last_block(base + at, to - at, m, masked), &odd);
	return is_right(s, k) & !is_odd(&odd);
}

#include "simd_sections.h"

INLINE int is_valid(uint8_t *p, size_t n, const uint8_t mask[4], int masked)
{
	return n < LONG ? is_valid_short(p, n, widen(mask, 0), masked) : is_valid_long(p, n, mask, masked);
}

#include "simd_text.h"

const struct mws_simd mws_simd_avx2 = { "avx2", mask_blocks, check, unmask_and_check };
#else
typedef int mws_no_avx2;
#endif
