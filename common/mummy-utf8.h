/*
 * mummy-utf8.h - well-formed characters of UTF-8 (RFC 3629 section 4).
 */
#ifndef MUMMY_UTF8_H
#define MUMMY_UTF8_H
#include <stddef.h>

/** The length of the character at p, of which there are n octets, at least one; 0: it is none. */
static inline size_t mummy_utf8_len(const unsigned char *p, size_t n)
{
	static const struct { unsigned char lo, hi, from, to, len; } form[] = {
		{ 0x00, 0x7f, 0, 0, 1 }, { 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 },
		{ 0xe1, 0xec, 0x80, 0xbf, 3 }, { 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};

	for (size_t i = 0; i < sizeof form / sizeof form[0]; i++) {
		if (*p < form[i].lo || *p > form[i].hi)
			continue;
		if (form[i].len > n || (form[i].len > 1 && (p[1] < form[i].from || p[1] > form[i].to)))
			return 0;
		for (size_t k = 2; k < form[i].len; k++)
			if ((p[k] & 0xc0) != 0x80)
				return 0;
		return form[i].len;
	}
	return 0;
}
#endif
