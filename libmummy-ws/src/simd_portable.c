/* Eight octets at a time; memcpy, as the buffer has any alignment, becomes plain loads and stores. */
#include <config.h>
#include <errno.h>
#include <string.h>
#include "simd.h"

#define HIGH UINT64_C(0x8080808080808080)
enum { AGAIN = 32, NEAR = 4096 };

static uint64_t widen(const uint8_t mask[4])
{
	uint8_t twice[8];
	uint64_t m;

	memcpy(twice, mask, 4);
	memcpy(twice + 4, mask, 4);
	memcpy(&m, twice, sizeof m);
	return m;
}

static void mask_octets(uint8_t *p, size_t n, const uint8_t mask[4])
{
	for (size_t i = 0; i < n; i++)
		p[i] ^= mask[i & 3];
}

static void mask_words(uint8_t *p, size_t n, const uint8_t mask[4])
{
	uint64_t m = widen(mask), w;

	for (; n >= sizeof w; n -= sizeof w, p += sizeof w) {
		memcpy(&w, p, sizeof w);
		w ^= m;
		memcpy(p, &w, sizeof w);
	}
	mask_octets(p, n, mask);
}

/* The first octet is the lowest. */
static uint64_t load(const uint8_t *p)
{
	uint64_t w;

	memcpy(&w, p, sizeof w);
#ifdef WORDS_BIGENDIAN
	w = (w & UINT64_C(0x00ff00ff00ff00ff)) << 8 | (w >> 8 & UINT64_C(0x00ff00ff00ff00ff));
	w = (w & UINT64_C(0x0000ffff0000ffff)) << 16 | (w >> 16 & UINT64_C(0x0000ffff0000ffff));
	w = w << 32 | w >> 32;
#endif
	return w;
}

static size_t ascii(const uint8_t *p, size_t n)
{
	size_t i = 0;

	while (n - i >= 16 && !((load(p + i) | load(p + i + 8)) & HIGH))
		i += 16;
	return i;
}

/* Of eight octets the leads after which the second octet has a narrower range: C0, C1, E0, ED, F0 and above.
 * Here, as below, a shift moves another bit of each octet to its highest one, which alone counts. */
static uint64_t odd_leads(uint64_t w, uint64_t lead)
{
	uint64_t some = w << 4 | w << 5, both = w << 4 & w << 5, few = lead & ~(w << 3) & ~(w << 6);
	uint64_t two = few & ~(w << 2) & ~some, three = few & w << 2;

	return (lead & w << 2 & w << 3) | two | (three & ~some & ~(w << 7)) | (three & both & w << 7);
}

/* How many octets at p, where a character begins, are whole characters without anything odd; by words. */
static size_t by_words(const uint8_t *p, size_t n)
{
	uint64_t wanted = 0, w, lead, three;
	size_t i = 0;

	for (; n - i >= 8; i += 8) {
		w = load(p + i);
		lead = w & w << 1 & HIGH;
		three = lead & w << 2;
		wanted |= lead << 8 | three << 16;
		if (((w & ~(w << 1) & HIGH) ^ wanted) | odd_leads(w, lead))
			break;
		wanted = lead >> 56 | three >> 48;
	}
	return i - mws_utf8_begun(p + i - (i < 3 ? i : 3), i < 3 ? i : 3);
}

/* What words don't do, or what they end with, goes by octets, and some more: there may be more of it. */
static int check(uint32_t *state, const uint8_t *p, size_t n)
{
	size_t i = 0, take;

	while (i < n) {
		if (*state == 0) {
			i += ascii(p + i, n - i);
			i += by_words(p + i, n - i);
		}
		take = n - i < AGAIN ? n - i : AGAIN;
		if (mws_utf8_octets(state, p + i, take) < 0)
			return -EILSEQ;
		i += take;
		for (; *state && i < n; i++)
			if (mws_utf8_octets(state, p + i, 1) < 0)
				return -EILSEQ;
	}
	return *state == MWS_UTF8_INVALID ? -EILSEQ : 0;
}

/* As much at a time as is still near when it is checked. */
static int unmask_and_check(uint32_t *state, uint8_t *p, size_t n, const uint8_t mask[4])
{
	for (size_t i = 0, take; i < n; i += take) {
		take = n - i < NEAR ? n - i : NEAR;
		mask_words(p + i, take, mask);
		if (check(state, p + i, take) < 0)
			return -EILSEQ;
	}
	return 0;
}

const struct mws_simd mws_simd_portable = { "portable", mask_words, check, unmask_and_check };
