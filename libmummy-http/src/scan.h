/*
 * scan.h - where does a run of allowed octets end? Private.
 *
 * The only loops over every octet of a head are here, so that a variant for wider words replaces
 * nothing else. Each returns the first octet that does not belong, or end.
 */
#ifndef MHTTP_SCAN_H
#define MHTTP_SCAN_H
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Classes of octets, as bits of mhttp_octets[]. */
enum {
	MHTTP_TOKEN = 1,  /* RFC 9110 section 5.6.2 */
	/* reg-name without "%": unreserved and sub-delims (RFC 3986 section 3.2.2), but no comma: whoever
	 * joins two lines of Host to one makes a list (RFC 9110 section 5.3) */
	MHTTP_HOST = 2,
	MHTTP_DIGIT = 4,
	MHTTP_HEX = 8,
	MHTTP_ALPHA = 16,
	MHTTP_QDTEXT = 32 /* in a quoted string without escape, RFC 9110 section 5.6.4 */
};
extern const unsigned char mhttp_octets[256];

static inline int mhttp_is(char c, unsigned classes)
{
	return (mhttp_octets[(unsigned char)c] & classes) != 0;
}

static inline const char *mhttp_scan_token(const char *p, const char *end)
{
	while (end - p >= 4) {
		if (!mhttp_is(p[0], MHTTP_TOKEN))
			return p;
		if (!mhttp_is(p[1], MHTTP_TOKEN))
			return p + 1;
		if (!mhttp_is(p[2], MHTTP_TOKEN))
			return p + 2;
		if (!mhttp_is(p[3], MHTTP_TOKEN))
			return p + 3;
		p += 4;
	}
	while (p < end && mhttp_is(*p, MHTTP_TOKEN))
		p++;
	return p;
}

static inline uint64_t mhttp_word8(const char *p)
{
	uint64_t w;

	memcpy(&w, p, sizeof w);
	return w;
}

static inline uint64_t mhttp_word4(const char *p)
{
	uint32_t w;

	memcpy(&w, p, sizeof w);
	return w;
}

#define MHTTP_ONES (~(uint64_t)0 / 255)

/* High bit of every octet below low (at most 0x80) or equal to DEL. Borrows make wrong hits only above
 * a right one, so the lowest hit is exact. */
static inline uint64_t mhttp_controls(uint64_t word, unsigned low)
{
	uint64_t del = word ^ (MHTTP_ONES * 0x7f);

	return (((word - MHTTP_ONES * low) & ~word) | ((del - MHTTP_ONES) & ~del)) & (MHTTP_ONES * 0x80);
}

/* To the first octet below low, DEL, or, where ascii is 0x80, above it. */
static inline const char *mhttp_scan_above(const char *p, const char *end, unsigned low, unsigned ascii)
{
	while (end - p >= 8) {
		uint64_t word;

		memcpy(&word, p, 8);
		word = mhttp_controls(word, low) | (word & (MHTTP_ONES * ascii));
#if defined __BYTE_ORDER__ && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
		if (word)
			return p + (__builtin_ctzll(word) >> 3);
#else
		if (word)
			break;
#endif
		p += 8;
	}
	while (p < end && (unsigned char)*p >= low && *p != 0x7f && !((unsigned char)*p & ascii))
		p++;
	return p;
}

/* Field values: visible, white space, obs-text (RFC 9110 section 5.5). */
static inline const char *mhttp_scan_value(const char *p, const char *end)
{
	for (;;) {
		p = mhttp_scan_above(p, end, 0x20, 0);
		if (p == end || *p != '\t')
			return p;
		p++;
	}
}

/* Are n octets a value? Words may overlap; what has a tab is looked at again. */
static inline int mhttp_is_value(const char *p, size_t n)
{
	uint64_t found = 0;

	if (n >= 8) {
		for (size_t i = 0; i + 8 < n; i += 8)
			found |= mhttp_controls(mhttp_word8(p + i), 0x20);
		found |= mhttp_controls(mhttp_word8(p + n - 8), 0x20);
	} else if (n >= 4) {
		found = mhttp_controls(mhttp_word4(p) | mhttp_word4(p + n - 4) << 32, 0x20);
	} else {
		found = n;
	}
	return !found || mhttp_scan_value(p, p + n) == p + n;
}

/* Targets: visible ASCII; what is more is percent-encoded (RFC 3986 section 2). */
static inline const char *mhttp_scan_target(const char *p, const char *end)
{
	return mhttp_scan_above(p, end, 0x21, 0x80);
}
#endif
