/*
 * utf8_classes.h - the tables of a check that looks at pairs of octets (J. Keiser and D. Lemire, Validating
 * UTF-8 in less than one instruction per byte, 2020): what can be wrong with two neighbours is a set of
 * bits for each of three nibbles; a bit in all three is an error. TWO_CONTS alone is right where a character
 * of three or four octets goes on. Internal.
 */
#ifndef MUMMY_WS_UTF8_CLASSES_H
#define MUMMY_WS_UTF8_CLASSES_H

enum {
	TOO_SHORT = 1 << 0,             /* a lead without its continuation */
	TOO_LONG = 1 << 1,              /* a continuation after ASCII */
	OVERLONG_3 = 1 << 2,            /* E0 80-9F */
	TOO_LARGE = 1 << 3,             /* F4 90-BF, F5-FF 90-BF */
	SURROGATE = 1 << 4,             /* ED A0-BF */
	OVERLONG_2 = 1 << 5,            /* C0, C1 */
	OVERLONG_4 = 1 << 6,            /* F0 80-8F; F5-FF 80-8F */
	TWO_CONTS = 1 << 7,
	ANY_LOW = TOO_SHORT | TOO_LONG | TWO_CONTS,
	HIGHER = ANY_LOW | TOO_LARGE | OVERLONG_4,
	CONT = TOO_LONG | OVERLONG_2 | TWO_CONTS
};

/* By the high nibble of the first octet, its low one, and the high one of the second. */
#define FIRST_HIGH \
	TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, \
	TWO_CONTS, TWO_CONTS, TWO_CONTS, TWO_CONTS, \
	TOO_SHORT | OVERLONG_2, TOO_SHORT, TOO_SHORT | OVERLONG_3 | SURROGATE, TOO_SHORT | TOO_LARGE | OVERLONG_4
#define FIRST_LOW \
	ANY_LOW | OVERLONG_2 | OVERLONG_3 | OVERLONG_4, ANY_LOW | OVERLONG_2, ANY_LOW, ANY_LOW, \
	ANY_LOW | TOO_LARGE, HIGHER, HIGHER, HIGHER, HIGHER, HIGHER, HIGHER, HIGHER, HIGHER, HIGHER | SURROGATE, \
	HIGHER, HIGHER
#define SECOND_HIGH \
	TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, \
	CONT | OVERLONG_3 | OVERLONG_4, CONT | OVERLONG_3 | TOO_LARGE, CONT | SURROGATE | TOO_LARGE, \
	CONT | SURROGATE | TOO_LARGE, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT
#endif
