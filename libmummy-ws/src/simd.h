/*
 * simd.h - the loops over payloads, made for several kinds of processors; one is chosen when it runs.
 * All give the same. Internal.
 */
#ifndef MUMMY_WS_SIMD_H
#define MUMMY_WS_SIMD_H
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct mws_simd {
	const char *name;
	/** Masks n octets in place; mask is turned so that mask[0] is for p[0]. */
	void (*mask)(uint8_t *p, size_t n, const uint8_t mask[4]);
	/** As mummy_ws_utf8. */
	int (*utf8)(uint32_t *state, const uint8_t *p, size_t n);
	/** Both in one pass: what is unmasked is checked. After an error the rest of p is anything. */
	int (*text)(uint32_t *state, uint8_t *p, size_t n, const uint8_t mask[4]);
};

/** The best of this processor; static. */
const struct mws_simd *mws_simd(void);
/** The nth that this processor has, from 0; NULL: no more. */
const struct mws_simd *mws_simd_nth(unsigned n);

extern const struct mws_simd mws_simd_portable, mws_simd_sse2, mws_simd_avx2, mws_simd_avx512, mws_simd_neon;

/** simd_avx2.c: 1 when p is whole characters. */
int mws_avx2_valid(const uint8_t *p, size_t n);

/** utf8.c: octet by octet, by definition. */
#define MWS_UTF8_INVALID UINT32_C(0x0000ffff)
int mws_utf8_octets(uint32_t *state, const uint8_t *p, size_t n);
/** As mummy_ws_mask, and checked as mummy_ws_utf8 does. */
int mws_utf8_unmask(uint32_t *state, void *p, size_t n, const uint8_t mask[4], uint64_t offset);

/** The mask as it is at offset octets. */
static inline void mws_mask_turn(uint8_t turned[4], const uint8_t mask[4], uint64_t offset)
{
	uint8_t twice[8];

	memcpy(twice, mask, 4);
	memcpy(twice + 4, mask, 4);
	memcpy(turned, twice + (offset & 3), 4);
}

/** The same as a word of a little-endian processor, without a detour through memory. */
static inline uint32_t mws_mask_word(const uint8_t mask[4], uint64_t offset)
{
	unsigned by = 8 * (unsigned)(offset & 3);
	uint32_t m;

	memcpy(&m, mask, 4);
	return m >> by | m << (-by & 31);
}

/** How many octets at the end begin a character that more have to follow: 0 to 3. */
static inline size_t mws_utf8_begun(const uint8_t *last, size_t n)
{
	/* last: the last three octets, or as many as there are. */
	if (n >= 1 && last[n - 1] >= 0xc0)
		return 1;
	if (n >= 2 && last[n - 2] >= 0xe0)
		return 2;
	return n >= 3 && last[n - 3] >= 0xf0 ? 3 : 0;
}
#endif
