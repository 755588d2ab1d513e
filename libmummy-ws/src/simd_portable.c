/* Eight octets at a time; memcpy, as the buffer has any alignment, becomes plain loads and stores. */
#include <config.h>
#include <errno.h>
#include <string.h>
#include "simd.h"

#define HIGH UINT64_C(0x8080808080808080)

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

/* ASCII by words between characters, the rest by octets. */
static int check(uint32_t *state, const uint8_t *p, size_t n)
{
	size_t i = 0, take;
	uint64_t a, b;

	while (i < n) {
		if (*state == 0 && n - i >= 16) {
			memcpy(&a, p + i, 8);
			memcpy(&b, p + i + 8, 8);
			if (!((a | b) & HIGH)) {
				i += 16;
				continue;
			}
		}
		take = n - i < 16 ? n - i : 16;
		if (mws_utf8_octets(state, p + i, take) < 0)
			return -EILSEQ;
		i += take;
	}
	return *state == MWS_UTF8_INVALID ? -EILSEQ : 0;
}

static int unmask_and_check(uint32_t *state, uint8_t *p, size_t n, const uint8_t mask[4])
{
	uint64_t m = widen(mask), a, b;
	size_t i = 0;

	for (; n - i >= 16; i += 16) {
		memcpy(&a, p + i, 8);
		memcpy(&b, p + i + 8, 8);
		a ^= m;
		b ^= m;
		memcpy(p + i, &a, 8);
		memcpy(p + i + 8, &b, 8);
		if ((*state || ((a | b) & HIGH)) && mws_utf8_octets(state, p + i, 16) < 0)
			return -EILSEQ;
	}
	mask_octets(p + i, n - i, mask);
	return mws_utf8_octets(state, p + i, n - i);
}

const struct mws_simd mws_simd_portable = { "portable", mask_words, check, unmask_and_check };
