/* 16 octets at a time, on 64-bit ARM, which always has it. As simd_avx2.c, where the words are. */
#include <config.h>
#if defined __aarch64__ && defined __ARM_NEON
#include <errno.h>
#include <string.h>
#include <arm_neon.h>
#include "simd.h"
#include "utf8_classes.h"

#define MWS_TARGET
enum { BLOCK = 16 };

static const uint8_t first_high[16] = { FIRST_HIGH }, first_low[16] = { FIRST_LOW };
static const uint8_t second_high[16] = { SECOND_HIGH };
static const uint8_t most[16] = { 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
				  0xf0 - 1, 0xe0 - 1, 0xc0 - 1 };

static inline uint8x16_t widen(const uint8_t mask[4])
{
	uint32_t m;

	memcpy(&m, mask, 4);
	return vreinterpretq_u8_u32(vdupq_n_u32(m));
}

static void mask_blocks(uint8_t *p, size_t n, const uint8_t mask[4])
{
	uint8x16_t m = widen(mask);
	size_t i = 0;

	for (; n - i >= 4 * BLOCK; i += 4 * BLOCK) {
		vst1q_u8(p + i, veorq_u8(vld1q_u8(p + i), m));
		vst1q_u8(p + i + 16, veorq_u8(vld1q_u8(p + i + 16), m));
		vst1q_u8(p + i + 32, veorq_u8(vld1q_u8(p + i + 32), m));
		vst1q_u8(p + i + 48, veorq_u8(vld1q_u8(p + i + 48), m));
	}
	for (; n - i >= BLOCK; i += BLOCK)
		vst1q_u8(p + i, veorq_u8(vld1q_u8(p + i), m));
	mws_simd_portable.mask(p + i, n - i, mask);
}

static inline uint8x16_t errors(uint8x16_t v, uint8x16_t before)
{
	uint8x16_t one = vextq_u8(before, v, 15), two = vextq_u8(before, v, 14);
	uint8x16_t three = vextq_u8(before, v, 13), e, more;

	e = vandq_u8(vqtbl1q_u8(vld1q_u8(first_high), vshrq_n_u8(one, 4)),
		     vqtbl1q_u8(vld1q_u8(first_low), vandq_u8(one, vdupq_n_u8(15))));
	e = vandq_u8(e, vqtbl1q_u8(vld1q_u8(second_high), vshrq_n_u8(v, 4)));
	more = vorrq_u8(vqsubq_u8(two, vdupq_n_u8(0xe0 - 0x80)), vqsubq_u8(three, vdupq_n_u8(0xf0 - 0x80)));
	return veorq_u8(e, vandq_u8(more, vdupq_n_u8(0x80)));
}

static inline uint8x16_t step(uint8x16_t v, uint8x16_t *before, uint8x16_t wrong)
{
	if (vmaxvq_u8(v) >= 0x80)
		wrong = vorrq_u8(wrong, errors(v, *before));
	else
		wrong = vorrq_u8(wrong, vqsubq_u8(*before, vld1q_u8(most)));
	*before = v;
	return wrong;
}

static inline __attribute__((always_inline)) int is_valid(uint8_t *p, size_t n, const uint8_t mask[4],
									int masked)
{
	uint8x16_t m = widen(mask), wrong = vdupq_n_u8(0), before = wrong, v;
	uint8_t block[BLOCK] = { 0 };
	size_t i = 0;

	for (; n - i >= BLOCK; i += BLOCK) {
		v = vld1q_u8(p + i);
		if (masked) {
			v = veorq_u8(v, m);
			vst1q_u8(p + i, v);
		}
		wrong = step(v, &before, wrong);
	}
	if (n > i) {
		memcpy(block, p + i, n - i);
		if (masked) {
			vst1q_u8(block, veorq_u8(vld1q_u8(block), m));
			memcpy(p + i, block, n - i);
			memset(block + (n - i), 0, BLOCK - (n - i));
		}
		wrong = step(vld1q_u8(block), &before, wrong);
	}
	wrong = vorrq_u8(wrong, vqsubq_u8(before, vld1q_u8(most)));
	return vmaxvq_u8(wrong) == 0;
}

#include "simd_text.h"

const struct mws_simd mws_simd_neon = { "neon", mask_blocks, check, unmask_and_check };
#else
typedef int mws_no_neon;
#endif
