#include <config.h>
#include "scanner.h"
#ifdef MHTTP_HAVE_NEON
#include <arm_neon.h>
#include <string.h>
#include "digits.h"
#include "keep_field.h"

#define MHTTP_TARGET
#include "fields_bits.h"

/* One bit for each of 64 octets that are all ones or zero. */
static inline uint64_t mask_of(uint8x16_t a, uint8x16_t b, uint8x16_t c, uint8x16_t d)
{
	static const uint8_t weights[16] = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
	uint8x16_t w = vld1q_u8(weights);
	uint8x16_t ab = vpaddq_u8(vandq_u8(a, w), vandq_u8(b, w));
	uint8x16_t cd = vpaddq_u8(vandq_u8(c, w), vandq_u8(d, w));
	uint8x16_t all = vpaddq_u8(ab, cd);

	return vgetq_lane_u64(vreinterpretq_u64_u8(vpaddq_u8(all, all)), 0);
}

static inline uint8x16_t kind_of(uint8x16_t v)
{
	uint8x16_t low = vqtbl1q_u8(vld1q_u8(mhttp_low_digits), vandq_u8(v, vdupq_n_u8(15)));

	return vandq_u8(low, vqtbl1q_u8(vld1q_u8(mhttp_high_digits), vshrq_n_u8(v, 4)));
}

static inline struct bits classify(const char *p)
{
	struct bits b;
	const uint8_t *q = (const uint8_t *)p;
	const uint8x16_t control = vdupq_n_u8(MHTTP_CONTROL);
	uint8x16_t k0 = kind_of(vld1q_u8(q)), k1 = kind_of(vld1q_u8(q + 16));
	uint8x16_t k2 = kind_of(vld1q_u8(q + 32)), k3 = kind_of(vld1q_u8(q + 48));

	b.value = mask_of(vcgeq_u8(k0, control), vcgeq_u8(k1, control), vcgeq_u8(k2, control),
			   vcgeq_u8(k3, control));
	b.name = mask_of(vceqzq_u8(k0), vceqzq_u8(k1), vceqzq_u8(k2), vceqzq_u8(k3)) | b.value;
	return b;
}

static const char *target(const char *p, const char *end, int *plain)
{
	*plain = 0;
	for (; end - p >= 16; p += 16) {
		uint8x16_t v = vld1q_u8((const uint8_t *)p);
		uint8x16_t out = vorrq_u8(vcltq_u8(v, vdupq_n_u8(0x21)), vcgeq_u8(v, vdupq_n_u8(0x7f)));

		if (vmaxvq_u8(out))
			break;
	}
	return mhttp_scan_target(p, end);
}

const struct mhttp_scanner mhttp_scanner_neon = {"neon", target, bits_fields};
#else
typedef int mhttp_no_neon;
#endif
