#include <config.h>
#include <string.h>
#include "suite.h"
#include <mummy/ws.h>

static const uint8_t mask[4] = { 0x37, 0xfa, 0x21, 0x3d };

START_TEST(every_alignment_length_and_offset_agrees_with_the_definition)
{
	uint8_t buf[96], plain[96];

	for (size_t i = 0; i < sizeof plain; i++)
		plain[i] = (uint8_t)(i * 7 + 1);
	for (unsigned at = 0; at < 9; at++)
		for (unsigned n = 0; n < 64; n++)
			for (uint64_t offset = 0; offset < 5; offset++) {
				memcpy(buf, plain, sizeof buf);
				mummy_ws_mask(buf + at, n, mask, offset);
				for (size_t i = 0; i < sizeof buf; i++) {
					int in = i >= at && i < at + n;
					uint8_t m = in ? mask[(i - at + offset) % 4] : 0;

					ck_assert_uint_eq(buf[i], plain[i] ^ m);
				}
			}
}
END_TEST

START_TEST(pieces_make_what_the_whole_makes)
{
	uint8_t whole[257], pieces[257];

	memset(whole, 'x', sizeof whole);
	mummy_ws_mask(whole, sizeof whole, mask, 0);
	for (size_t step = 1; step < sizeof pieces; step++) {
		memset(pieces, 'x', sizeof pieces);
		for (size_t i = 0; i < sizeof pieces; i += step)
			mummy_ws_mask(pieces + i, step < sizeof pieces - i ? step : sizeof pieces - i, mask, i);
		ck_assert_mem_eq(whole, pieces, sizeof whole);
	}
}
END_TEST

SUITE_MAIN("ws/mask", every_alignment_length_and_offset_agrees_with_the_definition,
	   pieces_make_what_the_whole_makes)
