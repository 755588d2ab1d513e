/*
 * digits.h - the kind of an octet by its two hexadecimal digits, for table lookups by vector. Private.
 *
 * low[low digit] & high[high digit] is 0, or below MHTTP_CONTROL for what names hold (RFC 9110 section
 * 5.6.2), or at least that for what values may not hold (section 5.5): controls but the tab. Bits of low: 1
 * to 16 the rows 2, 3, 4, 5 and 7 of names (6 is 4 and 5 together); 32 and 64 controls, 128 DEL. Octets from
 * 0x80 on are of neither kind. The tables come twice, for vectors of 32.
 */
#ifndef MHTTP_DIGITS_H
#define MHTTP_DIGITS_H
#include <stdint.h>

enum { MHTTP_CONTROL = 32 };
#define LOW 122, 127, 126, 127, 127, 127, 127, 127, 126, 94, 125, 101, 116, 101, 125, 236
#define HIGH 32, 64, 1, 2, 4, 8, 12, 144, 0, 0, 0, 0, 0, 0, 0, 0
static const uint8_t mhttp_low_digits[32] __attribute__((aligned(32))) = {LOW, LOW};
static const uint8_t mhttp_high_digits[32] __attribute__((aligned(32))) = {HIGH, HIGH};
#undef LOW
#undef HIGH
#endif
