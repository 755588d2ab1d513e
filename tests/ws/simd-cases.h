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
	"\xf1\x80\x80\x80\x80", "\xf0\x90\x80", "\xf0\x90", "\xf4\x8f\xbf", "\xf5\x80\x80", "\xf8\x80\x80", "\xe0\xa0", "\xed\x80",
	"\xc0", "\xf0", "\xe4\xe4", "\xe4\xb8\xe0\xa0", "\xf0\x90\x80\xc2",
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
				for (size_t tail = 0; tail < 70; tail += tail < 4 ? 1 : 28) {
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

/** Long texts, which are looked at in sections: of what they are made, again and again. */
static const char *const simd_kinds[] = {
	"plain text. ", "\xe4\xb8\x96\xe7\x95\x8c", "Gr\xc3\xbc\xc3\x9f\x65 an alle, ", "\xe0\xa4\xa8\xe0\xa4\xae",
	"\xf0\x9f\x99\x82", "\xd0\xbf\xd1\x80 ", "\xed\x95\x9c\xea\xb5\xad ", "a\xc3\xa9\xe4\xb8\x96\xf0\x9f\x99\x82",
};
enum { SIMD_KINDS = sizeof simd_kinds / sizeof simd_kinds[0], SIMD_LONG = 26000 };

struct simd_long {
	_Alignas(64) uint8_t wire[SIMD_LONG + 160];
	uint8_t text[SIMD_LONG + 16];
	size_t n;
};

static inline void simd_append(struct simd_long *t, const char *what, size_t until)
{
	size_t len = strlen(what);

	for (; t->n + len <= until; t->n += len)
		memcpy(t->text + t->n, what, len);
	memset(t->text + t->n, 'x', until - t->n);
	t->n = until;
}

/** Whether s says of the text what the definition says, and unmasks it and nothing else. */
static inline const char *simd_judge(const struct mws_simd *s, struct simd_long *t, size_t align)
{
	uint8_t *p = t->wire + 64 + align;
	uint32_t want = 0, state = 0, fused = 0;
	int bad = mws_utf8_octets(&want, t->text, t->n);

	memcpy(p, t->text, t->n);
	p[-1] = p[t->n] = 0xaa;
	if (s->utf8(&state, p, t->n) != bad || state != want || memcmp(p, t->text, t->n) != 0)
		return "check, long";
	mws_simd_portable.mask(p, t->n, simd_key);
	if (s->text(&fused, p, t->n, simd_key) != bad || fused != want || (!bad && memcmp(p, t->text, t->n) != 0))
		return "unmask and check, long";
	return p[-1] == 0xaa && p[t->n] == 0xaa ? NULL : "written outside, long";
}

/** A part somewhere in a long text of one kind that goes on with another, or ends soon. */
static inline const char *simd_meet(const struct mws_simd *s, size_t part, size_t at, size_t turn)
{
	size_t align = turn % 5 ? turn / 5 % 64 : 0;
	static struct simd_long t;

	/* Blocks may begin where the text does, or where addresses have it. */
	at -= turn % 2 && align < at ? align : 0;
	t.n = 0;
	simd_append(&t, simd_kinds[turn % SIMD_KINDS], at);
	simd_append(&t, simd_parts[part], at + strlen(simd_parts[part]));
	simd_append(&t, simd_kinds[turn / SIMD_KINDS % SIMD_KINDS],
		    turn % 3 ? SIMD_LONG - turn % 70 : t.n + turn / 3 % 5);
	return simd_judge(s, &t, align);
}

/** A character is begun at the end of a section, and nothing but ASCII follows, or a lead that ends the
 *  text. */
static inline const char *simd_lone(const struct mws_simd *s, size_t step)
{
	static const char *const begun[] = { "\xc2", "\xe1\x80", "\xe1", "\xf1\x80\x80", "\xf1\x80", "\xf1" };
	static struct simd_long t;

	for (size_t turn = 0; turn < 6 * 2 * 2 * 3 * 12 * 4; turn += step) {
		size_t align = turn % 4 * 21, len = strlen(begun[turn / 4 % 6]);
		const char *bad;

		t.n = 0;
		simd_append(&t, simd_kinds[1 + turn / 96 % 3], (turn / 288 + 1) * 2048 - len - (turn / 24 % 2 ? align : 0));
		simd_append(&t, begun[turn / 4 % 6], t.n + len);
		if (turn / 48 % 2)
			simd_append(&t, "\xe4", t.n + 1);
		else
			simd_append(&t, simd_kinds[0], SIMD_LONG);
		bad = simd_judge(s, &t, align);
		if (bad)
			return bad;
	}
	return NULL;
}

/** Characters of three octets, one octet of which is another one: at each place, each of what tells them
 *  apart. */
static inline const char *simd_threes(const struct mws_simd *s, size_t step)
{
	static const uint8_t edges[] = { 0, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2,
					 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef, 0xf0, 0xf4, 0xff };
	enum { EDGES = sizeof edges, FROM = 3, MOST = 900 };
	static struct simd_long t;

	for (size_t turn = 0; turn < MOST * EDGES; turn += step) {
		size_t at = turn / EDGES, align = turn * 7 % 64;
		const char *bad;

		t.n = 0;
		simd_append(&t, "x", turn % 5 * FROM);
		simd_append(&t, "\xe1\x80\x80\xec\xbf\xbf\xee\x80\x80\xef\xbf\xbf\xe4\xb8\x96",
			    MOST - turn % 190);
		if (at < t.n)
			t.text[at] = edges[turn % EDGES];
		bad = simd_judge(s, &t, align);
		if (bad)
			return bad;
	}
	return NULL;
}

/** Each part where blocks and sections meet. */
static inline const char *simd_sections(const struct mws_simd *s, size_t step)
{
	static const size_t meet[] = { 64, 128, 256, 512, 2048, 4096, 5 * 2048, 5 * 4096, SIMD_LONG - 256 };
	const char *bad = simd_lone(s, step);
	size_t turn = 0;

	for (size_t part = 0; part < SIMD_PARTS; part++)
		for (size_t m = 0; m < sizeof meet / sizeof meet[0]; m++)
			for (size_t at = 0; at < 8 && !bad; at += step)
				bad = simd_meet(s, part, meet[m] - 5 + at, turn++);
	return bad;
}

/** One octet of a long text is another one, anywhere. */
static inline const char *simd_damage(const struct mws_simd *s, unsigned rounds)
{
	static struct simd_long t;
	uint64_t seed = 1442695040888963407u;

	while (rounds--) {
		const char *bad;

		t.n = 0;
		for (size_t to = 0; to < SIMD_LONG; t.n = to) {
			seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
			to += (seed >> 9) % 4096;
			simd_append(&t, simd_kinds[(seed >> 30) % SIMD_KINDS], to < SIMD_LONG ? to : SIMD_LONG);
		}
		seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
		t.n = SIMD_LONG - (seed >> 50) % 512;
		if (rounds % 8)
			t.text[(seed >> 8) % t.n] = (uint8_t)(seed >> 40);
		bad = simd_judge(s, &t, (seed >> 30) % 64);
		if (bad)
			return bad;
	}
	return NULL;
}

/** Long ones masked, at all alignments and with ends everywhere in a block. */
static inline const char *simd_masks_long(const struct mws_simd *s)
{
	static uint8_t buf[1600];

	for (size_t align = 0; align < 65; align++)
		for (size_t n = 300; n < 1400; n += 1 + 7 * (align % 3)) {
			uint8_t *p = buf + 65 + align;

			for (size_t i = 0; i < sizeof buf; i++)
				buf[i] = (uint8_t)(i * 7);
			s->mask(p, n, simd_key);
			for (size_t i = 0; i < sizeof buf; i++) {
				uint8_t mask = buf + i < p || buf + i >= p + n ? 0 : simd_key[(size_t)(buf + i - p) & 3];

				if (buf[i] != ((uint8_t)(i * 7) ^ mask))
					return "mask, long";
			}
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
