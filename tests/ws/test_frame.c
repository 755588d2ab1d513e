#include <config.h>
#include <errno.h>
#include <string.h>
#include "suite.h"
#include <mummy/ws.h>

struct script {
	const char *octets;
	size_t n;
	int result;             /* of all n; a header is incomplete with any fewer */
	unsigned known_after;   /* an error is known after so many octets */
	struct mummy_ws_frame f;
};
#define OCTETS(s) s, sizeof s - 1

static const struct script good[] = {
	{ OCTETS("\x81\x05"), 2, 0, { MUMMY_WS_TEXT, 1, 0, 0, { 0 }, 5 } },
	{ OCTETS("\x01\x03"), 2, 0, { MUMMY_WS_TEXT, 0, 0, 0, { 0 }, 3 } },
	{ OCTETS("\x80\x02"), 2, 0, { MUMMY_WS_CONTINUATION, 1, 0, 0, { 0 }, 2 } },
	{ OCTETS("\x81\x85\x37\xfa\x21\x3d"), 6, 0, { MUMMY_WS_TEXT, 1, 0, 1, { 0x37, 0xfa, 0x21, 0x3d }, 5 } },
	{ OCTETS("\x89\x7d"), 2, 0, { MUMMY_WS_PING, 1, 0, 0, { 0 }, 125 } },
	{ OCTETS("\x8a\x00"), 2, 0, { MUMMY_WS_PONG, 1, 0, 0, { 0 }, 0 } },
	{ OCTETS("\x88\x02"), 2, 0, { MUMMY_WS_CLOSE, 1, 0, 0, { 0 }, 2 } },
	{ OCTETS("\xc2\x01"), 2, 0, { MUMMY_WS_BINARY, 1, 1, 0, { 0 }, 1 } },
	{ OCTETS("\x82\x7e\x00\x7e"), 4, 0, { MUMMY_WS_BINARY, 1, 0, 0, { 0 }, 126 } },
	{ OCTETS("\x82\x7e\x01\x00"), 4, 0, { MUMMY_WS_BINARY, 1, 0, 0, { 0 }, 256 } },
	{ OCTETS("\x82\x7e\xff\xff"), 4, 0, { MUMMY_WS_BINARY, 1, 0, 0, { 0 }, 65535 } },
	{ OCTETS("\x82\x7f\0\0\0\0\0\1\0\0"), 10, 0, { MUMMY_WS_BINARY, 1, 0, 0, { 0 }, 65536 } },
	{ OCTETS("\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff\1\2\3\4"), 14, 0,
	  { MUMMY_WS_BINARY, 1, 0, 1, { 1, 2, 3, 4 }, INT64_MAX } },
};

START_TEST(headers_are_parsed_at_every_split)
{
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		const struct script *t = &good[i];
		struct mummy_ws_frame f;

		for (size_t n = 0; n < t->n; n++)
			ck_assert_int_eq(mummy_ws_frame_parse(t->octets, n, &f), 0);
		ck_assert_int_eq(mummy_ws_frame_parse(t->octets, t->n, &f), t->result);
		ck_assert_int_eq(f.opcode, t->f.opcode);
		ck_assert_int_eq(f.fin, t->f.fin);
		ck_assert_int_eq(f.rsv1, t->f.rsv1);
		ck_assert_int_eq(f.masked, t->f.masked);
		ck_assert_mem_eq(f.mask, t->f.mask, 4);
		ck_assert_uint_eq(f.length, t->f.length);
	}
}
END_TEST

START_TEST(headers_are_written_as_they_were_parsed)
{
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		uint8_t out[14];

		ck_assert_uint_eq(mummy_ws_frame_header(out, &good[i].f), good[i].n);
		ck_assert_mem_eq(out, good[i].octets, good[i].n);
	}
}
END_TEST

static const struct script bad[] = {
	{ OCTETS("\x91\x00"), 0, 1, { 0 } },                     /* RSV3 */
	{ OCTETS("\xa1\x00"), 0, 1, { 0 } },                     /* RSV2 */
	{ OCTETS("\xc9\x00"), 0, 1, { 0 } },                     /* RSV1 on a ping */
	{ OCTETS("\xc0\x00"), 0, 1, { 0 } },                     /* and on a continuation */
	{ OCTETS("\x09\x00"), 0, 1, { 0 } },                     /* a ping in fragments */
	{ OCTETS("\x08\x00"), 0, 1, { 0 } },
	{ OCTETS("\x89\x7e\x00\x7e"), 0, 2, { 0 } },             /* a ping of 126 octets */
	{ OCTETS("\x88\xff\0\0\0\0\0\0\0\1"), 0, 2, { 0 } },
	{ OCTETS("\x82\x7e\x00\x7d"), 0, 4, { 0 } },             /* lengths that are not the shortest */
	{ OCTETS("\x82\x7e\x00\x00"), 0, 4, { 0 } },
	{ OCTETS("\x82\x7f\0\0\0\0\0\0\xff\xff"), 0, 10, { 0 } },
	{ OCTETS("\x82\x7f\0\0\0\0\0\0\0\5"), 0, 10, { 0 } },
	{ OCTETS("\x82\x7f\x80\0\0\0\0\0\0\0"), 0, 10, { 0 } },  /* 2^63 */
};

START_TEST(a_bad_header_is_known_at_its_first_bad_octet)
{
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		for (size_t n = 0; n <= bad[i].n; n++) {
			struct mummy_ws_frame f;

			ck_assert_int_eq(mummy_ws_frame_parse(bad[i].octets, n, &f),
					 n >= bad[i].known_after ? -EPROTO : 0);
		}
}
END_TEST

START_TEST(reserved_opcodes_are_refused)
{
	for (unsigned op = 0; op < 16; op++) {
		uint8_t b = (uint8_t)(0x80 | op);
		struct mummy_ws_frame f;

		ck_assert_int_eq(mummy_ws_frame_parse(&b, 1, &f),
				 op <= 2 || (op >= 8 && op <= 10) ? 0 : -EPROTO);
	}
}
END_TEST

SUITE_MAIN("ws/frame", headers_are_parsed_at_every_split, headers_are_written_as_they_were_parsed,
	   a_bad_header_is_known_at_its_first_bad_octet, reserved_opcodes_are_refused)
