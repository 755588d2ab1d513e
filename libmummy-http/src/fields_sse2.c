#include <config.h>
#include "scanner.h"
#ifdef MHTTP_HAVE_X86
#include <emmintrin.h>
#include <string.h>
#include "keep_field.h"

#define MHTTP_TARGET
#define MHTTP_HALVES
#define MHTTP_NAMES_BY_TABLE
#include "fields_bits.h"

static inline __m128i octets(const char *p)
{
	return _mm_loadu_si128((const __m128i *)(const void *)p);
}

/* Controls but the tab (RFC 9110 section 5.5). */
static inline uint64_t not_in_value(__m128i v)
{
	__m128i low = _mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(0x1f)), v);
	__m128i tab = _mm_cmpeq_epi8(v, _mm_set1_epi8('\t'));
	__m128i del = _mm_cmpeq_epi8(v, _mm_set1_epi8(0x7f));

	return (unsigned)_mm_movemask_epi8(_mm_or_si128(_mm_andnot_si128(tab, low), del));
}

static inline struct bits classify_half(const char *p)
{
	return (struct bits){ 0, not_in_value(octets(p)) | not_in_value(octets(p + 16)) << 16 };
}

static inline struct bits classify(const char *p)
{
	return (struct bits){ 0, classify_half(p).value | classify_half(p + 32).value << 32 };
}

static const char *target(const char *p, const char *end, int *plain)
{
	unsigned marks = 0;

	for (; end - p >= 16; p += 16) {
		__m128i v = octets(p);
		/* signed: DEL becomes the least, and what is above it is negative */
		__m128i good = _mm_cmpgt_epi8(_mm_add_epi8(v, _mm_set1_epi8(1)), _mm_set1_epi8(0x21));
		__m128i mark = _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('?')),
					    _mm_cmpeq_epi8(v, _mm_set1_epi8('#')));
		unsigned found = (unsigned)_mm_movemask_epi8(good) ^ 0xffffu;

		/* those before what was found; all when nothing was */
		marks |= (unsigned)_mm_movemask_epi8(mark) & ((found & (~found + 1)) - 1);
		if (found) {
			*plain = !marks;
			return p + __builtin_ctz(found);
		}
	}
	*plain = 0;
	return mhttp_scan_target(p, end);
}

const struct mhttp_scanner mhttp_scanner_sse2 = {"sse2", target, bits_fields};
#else
typedef int mhttp_no_sse2;
#endif
