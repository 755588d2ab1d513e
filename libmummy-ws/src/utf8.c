/*
 * UTF-8 as RFC 3629 has it. The state is what the next octet must be: how many continuation octets
 * are still to come, and the range of the next one, which is narrower after E0, ED, F0 and F4 (no
 * overlong forms, surrogates, or anything above U+10FFFF). So a wrong octet is known when it comes.
 */
#include <config.h>
#include <errno.h>
#include <mummy/ws.h>
#include "simd.h"

#define EXPECT(need, low, high) ((uint32_t)(need) | (uint32_t)(low) << 8 | (uint32_t)(high) << 16)
#define INVALID MWS_UTF8_INVALID        /* nothing is in the range of FF to 00 */

static uint32_t after_lead(uint8_t b)
{
	if (b < 0x80)
		return 0;
	if (b < 0xc2 || b > 0xf4)
		return INVALID;
	if (b < 0xe0)
		return EXPECT(1, 0x80, 0xbf);
	if (b < 0xf0)
		return EXPECT(2, b == 0xe0 ? 0xa0 : 0x80, b == 0xed ? 0x9f : 0xbf);
	return EXPECT(3, b == 0xf0 ? 0x90 : 0x80, b == 0xf4 ? 0x8f : 0xbf);
}

static uint32_t after_continuation(uint32_t state, uint8_t b)
{
	if (b < (state >> 8 & 0xff) || b > (state >> 16 & 0xff))
		return INVALID;
	return (state & 0xff) == 1 ? 0 : EXPECT((state & 0xff) - 1, 0x80, 0xbf);
}

int mws_utf8_octets(uint32_t *state, const uint8_t *p, size_t n)
{
	uint32_t s = *state;

	for (size_t i = 0; i < n && s != INVALID; i++)
		s = s ? after_continuation(s, p[i]) : after_lead(p[i]);
	*state = s;
	return s == INVALID ? -EILSEQ : 0;
}

int mummy_ws_utf8(uint32_t *state, const void *data, size_t n)
{
	if (*state == INVALID)
		return -EILSEQ;
	return n ? mws_simd()->utf8(state, data, n) : 0;
}

int mws_utf8_unmask(uint32_t *state, void *p, size_t n, const uint8_t mask[4], uint64_t offset)
{
	uint8_t turned[4];

	if (*state == INVALID)
		return -EILSEQ;
	mws_mask_turn(turned, mask, offset);
	return n ? mws_simd()->text(state, p, n, turned) : 0;
}
