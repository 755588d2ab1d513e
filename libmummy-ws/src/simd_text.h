/*
 * simd_text.h - texts in blocks: what is before the first whole character and behind the last is looked at
 * octet by octet. Private; included by the variants.
 *
 * A variant gives MWS_TARGET (attributes of functions), and
 *
 *     static int is_valid(uint8_t *p, size_t n, const uint8_t mask[4], int masked);
 *
 * which unmasks p if masked, a constant, else only reads it, and gives 1 when it is whole characters.
 */
enum { MWS_LEAST = 16 };

MWS_TARGET static int check(uint32_t *state, const uint8_t *p, size_t n)
{
	static const uint8_t none[4];
	size_t i = 0, rest;

	while (*state && i < n)
		if (mws_utf8_octets(state, p + i++, 1) < 0)
			return -EILSEQ;
	p += i;
	n -= i;
	if (n < MWS_LEAST)
		return mws_utf8_octets(state, p, n);
	rest = mws_utf8_begun(p + n - 3, 3);
	if (!is_valid((uint8_t *)(uintptr_t)p, n - rest, none, 0)) {
		*state = MWS_UTF8_INVALID;
		return -EILSEQ;
	}
	return mws_utf8_octets(state, p + n - rest, rest);
}

MWS_TARGET static int unmask_and_check(uint32_t *state, uint8_t *p, size_t n, const uint8_t mask[4])
{
	uint8_t turned[4], last[3];
	size_t i = 0, rest;

	for (; *state && i < n; i++) {
		p[i] ^= mask[i & 3];
		if (mws_utf8_octets(state, p + i, 1) < 0)
			return -EILSEQ;
	}
	mws_mask_turn(turned, mask, i);
	p += i;
	n -= i;
	if (n < MWS_LEAST)
		return mws_simd_portable.text(state, p, n, turned);
	for (unsigned k = 0; k < 3; k++)
		last[k] = p[n - 3 + k] ^ turned[(n - 3 + k) & 3];
	rest = mws_utf8_begun(last, 3);
	if (!is_valid(p, n - rest, turned, 1)) {
		*state = MWS_UTF8_INVALID;
		return -EILSEQ;
	}
	memcpy(p + n - rest, last + 3 - rest, rest);
	return mws_utf8_octets(state, p + n - rest, rest);
}
