/* 64 octets at a time, for processors with AVX-512 as of Ice Lake and Zen 4; short texts as with AVX2. */
#include <config.h>
#if defined __x86_64__ && (defined __GNUC__ || defined __clang__)
#include <errno.h>
#include <string.h>
#include <immintrin.h>
#include "simd.h"

#define TARGET "avx512f,avx512bw,avx512vbmi,avx512vbmi2"
#define MWS_TARGET __attribute__((target(TARGET)))
#define INLINE static inline __attribute__((target(TARGET), always_inline))
enum { BLOCK = 64, GROUP = 4 * BLOCK, MOST = 64, FIRST = 8, LONG = 256 };
typedef __m512i vec;

/* The mask as it is at offset octets. */
INLINE __m512i widen(const uint8_t mask[4], size_t offset)
{
	return _mm512_set1_epi32((int)mws_mask_word(mask, offset));
}

INLINE __m512i load(const void *p)
{
	return _mm512_loadu_si512(p);
}

INLINE void store(uint8_t *p, __m512i v)
{
	_mm512_storeu_si512(p, v);
}

INLINE __m512i or(__m512i a, __m512i b, __m512i c)
{
	return _mm512_ternarylogic_epi32(a, b, c, 0xfe);
}

INLINE __m512i unmask(const uint8_t *p, __m512i m, int masked)
{
	return masked ? _mm512_xor_si512(load(p), m) : load(p);
}

/* The ends of p are masked together with what is next to them: read before that is written. Between them
 * all is aligned. */
MWS_TARGET static void mask_blocks(uint8_t *p, size_t n, const uint8_t mask[4])
{
	__m512i m, first, last;
	size_t i;

	if (n < BLOCK) {
		mws_simd_avx2.mask(p, n, mask);
		return;
	}
	last = _mm512_xor_si512(load(p + n - BLOCK), widen(mask, n));
	first = _mm512_xor_si512(load(p), widen(mask, 0));
	i = BLOCK - ((uintptr_t)p & (BLOCK - 1));
	m = widen(mask, i);
	for (; i + GROUP < n; i += GROUP) {
		store(p + i, _mm512_xor_si512(load(p + i), m));
		store(p + i + 64, _mm512_xor_si512(load(p + i + 64), m));
		store(p + i + 128, _mm512_xor_si512(load(p + i + 128), m));
		store(p + i + 192, _mm512_xor_si512(load(p + i + 192), m));
	}
	for (; i + BLOCK < n; i += BLOCK)
		store(p + i, _mm512_xor_si512(load(p + i), m));
	store(p, first);
	store(p + n - BLOCK, last);
}

/* deep: continuations, and leads of three octets; lead: leads of two and of three. */
struct planes {
	__mmask64 lead[FIRST + MOST], deep[FIRST + MOST];
};

/* Of a lead, by its low six bits: 80 where one octet follows; 1 where not any will do. */
#define ODD 1
#define TWO 0x80
static const uint8_t kinds[64] = {
	TWO | ODD, TWO | ODD, TWO, TWO, TWO, TWO, TWO, TWO, TWO, TWO, TWO, TWO, TWO, TWO, TWO, TWO,
	TWO, TWO, TWO, TWO, TWO, TWO, TWO, TWO, TWO, TWO, TWO, TWO, TWO, TWO, TWO, TWO,
	ODD, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, ODD, 0, 0,
	ODD, ODD, ODD, ODD, ODD, ODD, ODD, ODD, ODD, ODD, ODD, ODD, ODD, ODD, ODD, ODD,
};

INLINE __m512i see(struct planes *s, size_t k, __m512i v)
{
	__mmask64 lead = _mm512_cmpge_epu8_mask(v, _mm512_set1_epi8((char)0xc0));
	__m512i kind = _mm512_maskz_permutexvar_epi8(lead, v, load(kinds));

	s->lead[k] = lead;
	s->deep[k] = _mm512_movepi8_mask(_mm512_xor_si512(v, kind));
	return kind;
}

/* Not zero where continuations of eight blocks are not where leads want them. */
INLINE __m512i differ(const struct planes *s, size_t k)
{
	__m512i lead = load(s->lead + k), deep = load(s->deep + k), before = load(s->lead + k - 1);
	__m512i three = _mm512_and_si512(lead, deep), next, after;

	next = _mm512_shldi_epi64(lead, before, 1);
	before = _mm512_and_si512(before, load(s->deep + k - 1));
	after = _mm512_shldi_epi64(three, before, 2);
	/* (next or after) xor deep and not lead */
	return _mm512_ternarylogic_epi32(next, after, _mm512_andnot_si512(lead, deep), 0x56);
}

INLINE void forget(struct planes *s)
{
	s->lead[FIRST - 1] = s->deep[FIRST - 1] = 0;
}

INLINE int is_open(const struct planes *s)
{
	return (s->lead[FIRST - 1] >> 63 | (s->lead[FIRST - 1] & s->deep[FIRST - 1]) >> 62) != 0;
}

INLINE int is_right(struct planes *s, size_t k)
{
	__m512i bad = _mm512_setzero_si512();
	size_t last = k - 1;

	for (; k % 8; k++)
		s->lead[k] = s->deep[k] = 0;
	for (size_t i = FIRST; i < k; i += 8)
		bad = _mm512_or_si512(bad, differ(s, i));
	s->lead[FIRST - 1] = s->lead[last];
	s->deep[FIRST - 1] = s->deep[last];
	return !_mm512_test_epi8_mask(bad, bad);
}

/* The octets of the block at i that are in at..to, and zeros. */
INLINE __mmask64 lanes(size_t i, size_t at, size_t to)
{
	__mmask64 in = at > i ? ~UINT64_C(0) << (at - i) : ~UINT64_C(0);

	return to - i < BLOCK ? in & ~(~UINT64_C(0) << (to - i)) : in;
}

INLINE __m512i part(const uint8_t *p, __mmask64 in, __m512i m, int masked)
{
	__m512i v = _mm512_maskz_loadu_epi8(in, p);

	return masked ? _mm512_maskz_mov_epi8(in, _mm512_xor_si512(v, m)) : v;
}

#define SKIP(p) ((uintptr_t)(p) & (BLOCK - 1))

/* What the block that at is in has of the text; gives where the next one begins, or at. */
INLINE size_t plain_part(uint8_t *base, size_t at, size_t end, __m512i m, int masked)
{
	size_t i = at / BLOCK * BLOCK;
	__mmask64 in = lanes(i, at, end);
	__m512i v = part(base + i, in, m, masked);

	if (_mm512_movepi8_mask(v))
		return at;
	if (masked)
		_mm512_mask_storeu_epi8(base + i, in, v);
	return end - i < BLOCK ? end : i + BLOCK;
}

INLINE size_t plain_groups(uint8_t *base, size_t at, size_t end, __m512i m, int masked)
{
	__m512i a, b, c, d;

	for (; end - at >= GROUP; at += GROUP) {
		a = unmask(base + at, m, masked);
		b = unmask(base + at + 64, m, masked);
		c = unmask(base + at + 128, m, masked);
		d = unmask(base + at + 192, m, masked);
		if (_mm512_movepi8_mask(_mm512_or_si512(or(a, b, c), d)))
			break;
		if (!masked)
			continue;
		store(base + at, a);
		store(base + at + 64, b);
		store(base + at + 128, c);
		store(base + at + 192, d);
	}
	return at;
}

/* ---- Characters of three octets, 64 at once ---------------------------------------------------- */

/* Octets that begin where a character does: at each place of a, b and c one of the three has a lead, and the
 * others have continuations. */
struct threes {
	__m512i a, b, c;
};

#define LEADS_B UINT64_C(0x4924924924924924)
#define LEADS_C UINT64_C(0x2492492492492492)
enum { THREES = 3 * BLOCK };

/* By the low six bits of a lead: 40 unless it is one of three octets and lets all continuations follow. */
#define NOT 0x40
static const uint8_t others[64] = {
	NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT,
	NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT,
	NOT, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, NOT, 0, 0,
	NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT,
};

INLINE struct threes threes_at(const uint8_t *p, __m512i m, int masked)
{
	return (struct threes){ unmask(p, m, masked), unmask(p + 64, m, masked), unmask(p + 128, m, masked) };
}

INLINE void threes_store(uint8_t *p, struct threes t, int masked)
{
	if (!masked)
		return;
	store(p, t.a);
	store(p + 64, t.b);
	store(p + 128, t.c);
}

/* Bit 7 is set in all three, bit 6 in the lead and not in two of them, and the lead is none of the others. */
INLINE int are_threes(struct threes t)
{
	__m512i lead = _mm512_mask_mov_epi8(_mm512_mask_mov_epi8(t.a, LEADS_B, t.b), LEADS_C, t.c);
	__m512i all = _mm512_ternarylogic_epi32(t.a, t.b, t.c, 0x80);
	__m512i two = _mm512_ternarylogic_epi32(t.a, t.b, t.c, 0xe8);
	__m512i kind = _mm512_permutexvar_epi8(lead, load(others)), bad;

	/* two or kind or not lead; in bit 7 not all */
	bad = _mm512_ternarylogic_epi32(two, kind, lead, 0xfd);
	bad = _mm512_ternarylogic_epi32(_mm512_set1_epi8((char)0x80), all, bad, 0x3a);
	return !_mm512_test_epi8_mask(bad, _mm512_set1_epi8((char)0xc0));
}

/* As many of them as there are from at on, where a character begins; m is for what is aligned. The first are
 * read where they are, then those that begin both with a character and a block: 1 is 3 times 43, in 64ths. */
INLINE size_t threes(uint8_t *base, size_t at, size_t end, __m512i m, int masked)
{
	size_t on = at + 3 * ((BLOCK - at % BLOCK) * 43 % BLOCK);
	struct threes here, next;

	if (end - at < 2 * THREES)
		return at;
	here = threes_at(base + at, _mm512_rorv_epi32(m, _mm512_set1_epi32((int)(at % 4 * 8))), masked);
	if (!are_threes(here))
		return at;
	/* Read before what lies in both is written. */
	next = threes_at(base + on, m, masked);
	threes_store(base + at, here, masked);
	for (at += THREES; are_threes(next); next = threes_at(base + on, m, masked)) {
		threes_store(base + on, next, masked);
		on += THREES;
		at = on;
		if (end - on < THREES)
			break;
	}
	return at;
}

/* ---- Texts ------------------------------------------------------------------------------------- */

INLINE size_t plain(uint8_t *base, size_t at, size_t end, __m512i m, int masked)
{
	size_t before = at;

	if (at % BLOCK)
		at = plain_part(base, at, end, m, masked);
	if (at % BLOCK == 0)
		at = plain_groups(base, at, end, m, masked);
	while (at < end && end - at < GROUP && at != before) {
		before = at;
		at = plain_part(base, at, end, m, masked);
	}
	return threes(base, at, end, m, masked);
}

INLINE __m512i see_part(uint8_t *base, size_t i, size_t at, size_t to, __m512i m, struct planes *s, size_t k,
			int masked)
{
	__mmask64 in = lanes(i, at, to);
	__m512i v = part(base + i, in, m, masked);

	if (masked)
		_mm512_mask_storeu_epi8(base + i, in, v);
	return see(s, k, v);
}

INLINE int glance(uint8_t *base, size_t at, size_t to, __m512i m, struct planes *s, int masked)
{
	__m512i odd = _mm512_setzero_si512(), a, b, c, d;
	size_t i = at / BLOCK * BLOCK, k = FIRST;

	if (at % BLOCK) {
		odd = see_part(base, i, at, to, m, s, k++, masked);
		i += BLOCK;
	}
	for (; i + GROUP <= to; i += GROUP, k += 4) {
		a = unmask(base + i, m, masked);
		b = unmask(base + i + 64, m, masked);
		c = unmask(base + i + 128, m, masked);
		d = unmask(base + i + 192, m, masked);
		if (masked) {
			store(base + i, a);
			store(base + i + 64, b);
			store(base + i + 128, c);
			store(base + i + 192, d);
		}
		odd = or(odd, see(s, k, a), see(s, k + 1, b));
		odd = or(odd, see(s, k + 2, c), see(s, k + 3, d));
	}
	for (; i < to; i += BLOCK)
		odd = _mm512_or_si512(odd, see_part(base, i, i, to, m, s, k++, masked));
	return is_right(s, k) & !_mm512_test_epi8_mask(odd, _mm512_set1_epi8(ODD));
}

#include "simd_sections.h"

INLINE int is_valid(uint8_t *p, size_t n, const uint8_t mask[4], int masked)
{
	return is_valid_long(p, n, mask, masked);
}

#include "simd_text.h"

static int check_any(uint32_t *state, const uint8_t *p, size_t n)
{
	return n < LONG ? mws_simd_avx2.utf8(state, p, n) : check(state, p, n);
}

static int unmask_and_check_any(uint32_t *state, uint8_t *p, size_t n, const uint8_t mask[4])
{
	return n < LONG ? mws_simd_avx2.text(state, p, n, mask) : unmask_and_check(state, p, n, mask);
}

const struct mws_simd mws_simd_avx512 = { "avx512", mask_blocks, check_any, unmask_and_check_any };
#else
typedef int mws_no_avx512;
#endif
