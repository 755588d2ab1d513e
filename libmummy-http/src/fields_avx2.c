#include <config.h>
#include "scanner.h"
#ifdef MHTTP_HAVE_X86
#include <immintrin.h>
#include <string.h>
#include "digits.h"
#include "keep_field.h"

#define MHTTP_TARGET __attribute__((target("avx2,bmi,bmi2")))
#define MHTTP_HALVES
#include "fields_bits.h"

MHTTP_TARGET static inline struct bits classify_half(const char *p)
{
	const __m256i low = _mm256_load_si256((const __m256i *)(const void *)mhttp_low_digits);
	const __m256i high = _mm256_load_si256((const __m256i *)(const void *)mhttp_high_digits);
	const __m256i digit = _mm256_set1_epi8(15), rise = _mm256_set1_epi8(128 - MHTTP_CONTROL);
	__m256i v = _mm256_loadu_si256((const __m256i *)(const void *)p);
	/* octets from 0x80 on get zeroes from the first table */
	__m256i kind = _mm256_and_si256(
		_mm256_shuffle_epi8(low, v),
		_mm256_shuffle_epi8(high, _mm256_and_si256(_mm256_srli_epi16(v, 4), digit)));
	struct bits b;

	b.value = (uint32_t)_mm256_movemask_epi8(_mm256_adds_epu8(kind, rise));
	b.name = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(kind, _mm256_setzero_si256())) | b.value;
	return b;
}

MHTTP_TARGET static inline struct bits classify(const char *p)
{
	struct bits first = classify_half(p), second = classify_half(p + 32);

	return (struct bits){ first.name | second.name << 32, first.value | second.value << 32 };
}

MHTTP_TARGET static const char *target(const char *p, const char *end, int *plain)
{
	uint32_t marks = 0;

	for (; end - p >= 32; p += 32) {
		__m256i v = _mm256_loadu_si256((const __m256i *)(const void *)p);
		/* signed: DEL becomes the least, and what is above it is negative */
		__m256i up = _mm256_add_epi8(v, _mm256_set1_epi8(1));
		__m256i good = _mm256_cmpgt_epi8(up, _mm256_set1_epi8(0x21));
		__m256i mark = _mm256_or_si256(_mm256_cmpeq_epi8(v, _mm256_set1_epi8('?')),
					       _mm256_cmpeq_epi8(v, _mm256_set1_epi8('#')));
		uint32_t found = ~(uint32_t)_mm256_movemask_epi8(good);

		/* those before what was found; all when nothing was */
		marks |= (uint32_t)_mm256_movemask_epi8(mark) & ((found & (~found + 1)) - 1);
		if (found) {
			*plain = !marks;
			return p + __builtin_ctz(found);
		}
	}
	*plain = 0;
	return mhttp_scan_target(p, end);
}

const struct mhttp_scanner mhttp_scanner_avx2 = {"avx2", target, bits_fields};
#else
typedef int mhttp_no_avx2;
#endif
