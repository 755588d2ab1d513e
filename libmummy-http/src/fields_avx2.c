#include <config.h>
#include "scanner.h"
#ifdef MHTTP_HAVE_X86
#include <immintrin.h>
#include <string.h>
#include "digits.h"
#include "keep_field.h"

#define MHTTP_TARGET __attribute__((target("avx2,bmi,bmi2")))
#include "fields_bits.h"

MHTTP_TARGET static inline void classify(const char *p, struct bits *b)
{
	const __m256i low = _mm256_load_si256((const __m256i *)(const void *)mhttp_low_digits);
	const __m256i high = _mm256_load_si256((const __m256i *)(const void *)mhttp_high_digits);
	const __m256i digit = _mm256_set1_epi8(15), rise = _mm256_set1_epi8(128 - MHTTP_CONTROL);
	uint64_t none[2], control[2];

	for (int i = 0; i < 2; i++) {
		__m256i v = _mm256_loadu_si256((const __m256i *)(const void *)(p + 32 * i));
		/* octets from 0x80 on get zeroes from the first table */
		__m256i kind = _mm256_and_si256(
		    _mm256_shuffle_epi8(low, v),
		    _mm256_shuffle_epi8(high, _mm256_and_si256(_mm256_srli_epi16(v, 4), digit)));

		none[i] = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(kind, _mm256_setzero_si256()));
		control[i] = (uint32_t)_mm256_movemask_epi8(_mm256_adds_epu8(kind, rise));
	}
	b->value = control[0] | control[1] << 32;
	b->name = none[0] | none[1] << 32 | b->value;
}

MHTTP_TARGET static const char *target(const char *p, const char *end)
{
	for (; end - p >= 32; p += 32) {
		__m256i v = _mm256_loadu_si256((const __m256i *)(const void *)p);
		/* signed: DEL becomes the least, and what is above it is negative */
		__m256i good = _mm256_cmpgt_epi8(_mm256_add_epi8(v, _mm256_set1_epi8(1)), _mm256_set1_epi8(0x21));
		uint32_t found = ~(uint32_t)_mm256_movemask_epi8(good);

		if (found)
			return p + __builtin_ctz(found);
	}
	return mhttp_scan_target(p, end);
}

const struct mhttp_scanner mhttp_scanner_avx2 = {"avx2", target, bits_fields};
#else
typedef int mhttp_no_avx2;
#endif
