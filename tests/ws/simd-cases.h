/* simd-cases.h - one kind of processor's loops against the definition, octet by octet. */
#ifndef MUMMY_TEST_WS_SIMD_CASES_H
#define MUMMY_TEST_WS_SIMD_CASES_H
#include <stdlib.h>
#include <string.h>
#include "simd.h"

enum { SIMD_MOST = 300, SIMD_ROOM = SIMD_MOST + 64 };
static const uint8_t simd_key[4] = { 0x37, 0xfa, 0x21, 0x3d };

/** NULL, or what differs. Every length at every alignment, with guards around. */
static inline const char *simd_masks(const struct mws_simd *s)
{
	for (size_t n = 0; n <= SIMD_MOST; n++)
		for (size_t align = 0; align < 33; align++) {
			uint8_t buf[SIMD_ROOM + 8], *p = buf + align;

			for (size_t i = 0; i < sizeof buf; i++)
				buf[i] = (uint8_t)(i * 7);
			s->mask(p, n, simd_key);
			for (size_t i = 0; i < sizeof buf; i++) {
				uint8_t want = (uint8_t)(i * 7);

				if (i >= align && i < align + n)
					want ^= simd_key[(i - align) & 3];
				if (buf[i] != want)
					return "mask";
			}
		}
	return NULL;
}

/** The text in two pieces, at the given places, from one state: checked, and unmasked and checked. */
static inline const char *simd_one(const struct mws_simd *s, const uint8_t *text, size_t n, size_t split, size_t align)
{
	uint8_t buf[SIMD_ROOM + 8], *p = buf + align;
	uint32_t want = 0, state = 0, fused = 0;
	int w1 = mws_utf8_octets(&want, text, split), w2 = mws_utf8_octets(&want, text + split, n - split), rc;
	uint8_t turned[4];

	memset(buf, 0xaa, sizeof buf);
	memcpy(p, text, n);
	rc = s->utf8(&state, p, split);
	if ((rc < 0) != (w1 < 0))
		return "check, first piece";
	rc = rc < 0 ? rc : s->utf8(&state, p + split, n - split);
	if ((rc < 0) != (w2 < 0) || state != want || memcmp(p, text, n) != 0)
		return "check";
	for (size_t i = 0; i < n; i++)
		p[i] ^= simd_key[i & 3];
	for (size_t i = 0; i < 4; i++)
		turned[i] = simd_key[(split + i) & 3];
	rc = s->text(&fused, p, split, simd_key);
	if ((rc < 0) != (w1 < 0))
		return "unmask and check, first piece";
	rc = rc < 0 ? rc : s->text(&fused, p + split, n - split, turned);
	if ((rc < 0) != (w2 < 0) || fused != want || (rc == 0 && memcmp(p, text, n) != 0))
		return "unmask and check";
	for (size_t i = 0; i < sizeof buf; i++)
		if ((i < align || i >= align + n) && buf[i] != 0xaa)
			return "written outside";
	return NULL;
}

/** Characters of all lengths and at the edges of the ranges, and what is wrong in every way. */
static const char *const simd_parts[] = {
	"a", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xe1\x80\x80", "\xec\xbf\xbf", "\xed\x80\x80", "\xed\x9f\xbf",
	"\xee\x80\x80", "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf1\x80\x80\x80", "\xf3\xbf\xbf\xbf", "\xf4\x80\x80\x80",
	"\xf4\x8f\xbf\xbf",
	/* wrong from here on */
	"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2\xc2\x80", "\xe0\x80\x80", "\xe0\x9f\xbf", "\xe1\x80", "\xe1",
	"\xed\xa0\x80", "\xed\xbf\xbf", "\xf0\x80\x80\x80", "\xf0\x8f\xbf\xbf", "\xf1\x80\x80", "\xf1\x80", "\xf1",
	"\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xf8\x88\x80\x80\x80", "\xfe", "\xff", "\xc2\x80\x80", "\xe1\x80\x80\x80",
	"\xf1\x80\x80\x80\x80",
};
enum { SIMD_GOOD = 16, SIMD_PARTS = sizeof simd_parts / sizeof simd_parts[0] };

/** Each part at each place of a text of ASCII, and of one of other characters. */
static inline const char *simd_places(const struct mws_simd *s)
{
	for (size_t part = 0; part < SIMD_PARTS; part++)
		for (size_t at = 0; at <= 100; at++)
			for (int other = 0; other < 2; other++) {
				uint8_t text[SIMD_MOST];
				size_t n = 0, len = strlen(simd_parts[part]);
				const char *bad;

				while (n < at)
					if (other && at - n >= 3) {
						memcpy(text + n, "\xe4\xb8\x96", 3);
						n += 3;
					} else {
						text[n++] = 'x';
					}
				memcpy(text + n, simd_parts[part], len);
				n += len;
				for (size_t tail = 0; tail < 70; tail += tail < 4 ? 1 : 33) {
					memset(text + n, 'y', tail);
					bad = simd_one(s, text, n + tail, (at * 7 + tail) % (n + tail + 1), at % 33);
					if (!bad)
						bad = simd_one(s, text, n + tail, 0, 0);
					if (bad)
						return bad;
				}
			}
	return NULL;
}

/** Parts in a row at random; rarely a wrong one. */
static inline const char *simd_rows(const struct mws_simd *s, unsigned rounds)
{
	uint64_t seed = 88172645463325252u;

	while (rounds--) {
		uint8_t text[SIMD_MOST];
		size_t n = 0, most;
		const char *bad;

		seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
		most = (size_t)(seed >> 20) % (SIMD_MOST - 8);
		while (n < most) {
			const char *part;

			seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
			part = simd_parts[(seed >> 33) % 64 == 0 ? (seed >> 40) % SIMD_PARTS : (seed >> 40) % SIMD_GOOD];
			memcpy(text + n, part, strlen(part));
			n += strlen(part);
		}
		bad = simd_one(s, text, n, (size_t)(seed >> 11) % (n + 1), (size_t)(seed >> 5) % 33);
		if (bad)
			return bad;
	}
	return NULL;
}

/** All texts of four octets that are no more than two changes from a range's edge, in a block's middle. */
static inline const char *simd_edges(const struct mws_simd *s)
{
	static const uint8_t edge[] = { 0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1,
					0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff };
	enum { EDGES = sizeof edge };

	for (size_t i = 0; i < EDGES * EDGES * EDGES * EDGES; i++) {
		uint8_t text[48];
		uint32_t want = 0, got = 0;
		int w, g;

		memset(text, 'x', sizeof text);
		text[30] = edge[i % EDGES];
		text[31] = edge[i / EDGES % EDGES];
		text[32] = edge[i / EDGES / EDGES % EDGES];
		text[33] = edge[i / EDGES / EDGES / EDGES];
		w = mws_utf8_octets(&want, text, sizeof text);
		g = s->utf8(&got, text, sizeof text);
		if ((w < 0) != (g < 0) || want != got)
			return "edges";
	}
	return NULL;
}
#endif
