/*
 * UTF-8 as RFC 3629 has it. The state is what the next octet must be: how many continuation octets
 * are still to come, and the range of the next one, which is narrower after E0, ED, F0 and F4 (no
 * overlong forms, surrogates, or anything above U+10FFFF). So a wrong octet is known when it comes.
 */
#include <config.h>
#include <errno.h>
#include <string.h>
#include <mummy/ws.h>

#define EXPECT(need, low, high) ((uint32_t)(need) | (uint32_t)(low) << 8 | (uint32_t)(high) << 16)
#define INVALID EXPECT(255, 255, 0)

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

/* How many octets at p are ASCII, counted in whole words. */
static size_t ascii_words(const uint8_t *p, size_t n)
{
	size_t at = 0;
	uint64_t a, b;

	for (; at + 16 <= n; at += 16) {
		memcpy(&a, p + at, 8);
		memcpy(&b, p + at + 8, 8);
		if ((a | b) & UINT64_C(0x8080808080808080))
			break;
	}
	return at;
}

int mummy_ws_utf8(uint32_t *state, const void *data, size_t n)
{
	const uint8_t *p = data;
	uint32_t s = *state;
	size_t i = 0;

	while (i < n && s != INVALID) {
		if (s == 0 && p[i] < 0x80) {
			i += ascii_words(p + i, n - i);
			if (i == n)
				break;
		}
		s = s ? after_continuation(s, p[i]) : after_lead(p[i]);
		i++;
	}
	*state = s;
	return s == INVALID ? -EILSEQ : 0;
}
