#include <config.h>
#include <errno.h>
#include <string.h>
#include "suite.h"
#include <mummy/ws.h>

/* Octet by octet; where it first fails, or n. *whole: it ends at a character. */
static size_t valid_octets(const uint8_t *p, size_t n, int *whole)
{
	uint32_t state = 0;
	size_t i = 0;

	while (i < n && mummy_ws_utf8(&state, p + i, 1) == 0)
		i++;
	*whole = i == n && state == 0;
	return i;
}

static size_t encode(uint32_t c, uint8_t out[4])
{
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	static const uint8_t lead[] = { 0, 0, 0xc0, 0xe0, 0xf0 };

	for (size_t i = n; i-- > 1; c >>= 6)
		out[i] = (uint8_t)(0x80 | (c & 0x3f));
	out[0] = (uint8_t)(lead[n] | c);
	return n;
}

START_TEST(every_code_point_is_valid_but_surrogates)
{
	for (uint32_t c = 0; c <= 0x110100; c++) {
		uint8_t p[4];
		size_t n = encode(c, p);
		uint32_t state = 0;
		int ok = !(c >= 0xd800 && c <= 0xdfff) && c <= 0x10ffff;

		ck_assert_int_eq(mummy_ws_utf8(&state, p, n), ok ? 0 : -EILSEQ);
		ck_assert_int_eq(state == 0, ok);
	}
}
END_TEST

START_TEST(a_wrong_octet_is_known_when_it_comes)
{
	static const struct {
		const char *text;
		size_t bad;
	} t[] = {
		{ "\x80", 0 }, { "\xbf", 0 }, { "\xc0\x80", 0 }, { "\xc1\xbf", 0 }, { "\xf5\x80", 0 }, { "\xff", 0 },
		{ "\xe0\x9f", 1 }, { "\xed\xa0", 1 }, { "\xf0\x8f", 1 }, { "\xf4\x90", 1 },
		{ "\xc3(", 1 }, { "\xe2\x82(", 2 }, { "\xf0\x9f\x98(", 3 },
		{ "abcdefghijklmnopqrstuvwxyz\xce\xba\xed\xa0\x80", 29 },
	};

	for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
		int whole;
		uint32_t state = 0;

		ck_assert_uint_eq(valid_octets((const uint8_t *)t[i].text, strlen(t[i].text), &whole), t[i].bad);
		ck_assert_int_eq(mummy_ws_utf8(&state, t[i].text, strlen(t[i].text)), -EILSEQ);
		ck_assert_int_eq(mummy_ws_utf8(&state, "a", 1), -EILSEQ);
	}
}
END_TEST

START_TEST(a_text_may_not_end_within_a_character)
{
	static const char *const cut[] = { "\xc3", "\xe2\x82", "\xf0\x9f\x98", "hello \xf0" };

	for (size_t i = 0; i < sizeof cut / sizeof cut[0]; i++) {
		uint32_t state = 0;

		ck_assert_int_eq(mummy_ws_utf8(&state, cut[i], strlen(cut[i])), 0);
		ck_assert_uint_ne(state, 0);
	}
}
END_TEST

START_TEST(the_fast_path_agrees_with_single_octets)
{
	uint8_t text[80];

	for (size_t at = 0; at < sizeof text; at++)
		for (unsigned b = 0x7e; b < 256; b += 3)
			for (size_t split = 0; split < sizeof text; split += 7) {
				uint32_t state = 0;
				int whole, rc;

				memset(text, 'a', sizeof text);
				text[at] = (uint8_t)b;
				rc = mummy_ws_utf8(&state, text, split) < 0
				     || mummy_ws_utf8(&state, text + split, sizeof text - split) < 0;
				ck_assert_int_eq(rc, valid_octets(text, sizeof text, &whole) < sizeof text);
				ck_assert_int_eq(rc == 0 && state == 0, whole);
			}
}
END_TEST

SUITE_MAIN("ws/utf8", every_code_point_is_valid_but_surrogates, a_wrong_octet_is_known_when_it_comes,
	   a_text_may_not_end_within_a_character, the_fast_path_agrees_with_single_octets)
