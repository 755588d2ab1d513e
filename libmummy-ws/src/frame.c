#include <config.h>
#include <errno.h>
#include <mummy/ws.h>

enum {
	FIN = 0x80, RSV1 = 0x40, RSV23 = 0x30, OPCODE = 0x0f, CONTROL = 0x08, MASKED = 0x80,
	CONTROL_MAX = 125
};

static int first_octet_ok(uint8_t b)
{
	unsigned op = b & OPCODE;

	if (b & RSV23)
		return 0;
	if (op & CONTROL)
		return op <= MUMMY_WS_PONG && (b & (FIN | RSV1)) == FIN;
	return op <= MUMMY_WS_BINARY && !(op == MUMMY_WS_CONTINUATION && (b & RSV1));
}

static uint64_t big_endian(const uint8_t *p, unsigned n)
{
	uint64_t v = 0;

	while (n--)
		v = v << 8 | *p++;
	return v;
}

/* Octets of the extended length that follow a 7-bit length. */
static unsigned extended(unsigned len7)
{
	return len7 == 127 ? 8 : len7 == 126 ? 2 : 0;
}

/* The length must be in its shortest form, and the highest bit of 64 clear (RFC 6455 section 5.2). */
static int length_ok(uint64_t len, unsigned ext)
{
	if (ext == 8)
		return len > 0xffff && len >> 63 == 0;
	return ext == 0 || len > 125;
}

int mummy_ws_frame_parse(const void *data, size_t n, struct mummy_ws_frame *out)
{
	const uint8_t *p = data;
	unsigned ext, at;
	uint64_t len;

	/* Judged octet by octet, so that a bad one is known as soon as it is there. */
	if (n >= 1 && !first_octet_ok(p[0]))
		return -EPROTO;
	if (n < 2)
		return 0;
	len = p[1] & 0x7f;
	if ((p[0] & CONTROL) && len > CONTROL_MAX)
		return -EPROTO;
	ext = extended((unsigned)len);
	if (n < 2 + ext)
		return 0;
	if (ext)
		len = big_endian(p + 2, ext);
	if (!length_ok(len, ext))
		return -EPROTO;
	at = 2 + ext;
	if ((p[1] & MASKED) && n < at + 4)
		return 0;
	*out = (struct mummy_ws_frame){ .opcode = (enum mummy_ws_opcode)(p[0] & OPCODE), .fin = p[0] >> 7,
		.rsv1 = (p[0] & RSV1) != 0, .masked = p[1] >> 7, .length = len };
	if (out->masked)
		for (unsigned i = 0; i < 4; i++)
			out->mask[i] = p[at++];
	return (int)at;
}

size_t mummy_ws_frame_header(uint8_t out[14], const struct mummy_ws_frame *f)
{
	unsigned ext = f->length > 0xffff ? 8 : f->length > 125 ? 2 : 0;
	size_t at = 2;

	out[0] = (uint8_t)((f->fin ? FIN : 0) | (f->rsv1 ? RSV1 : 0) | ((unsigned)f->opcode & OPCODE));
	out[1] = (uint8_t)(ext == 8 ? 127 : ext == 2 ? 126 : f->length);
	for (unsigned i = ext; i-- > 0;)
		out[at++] = (uint8_t)(f->length >> 8 * i);
	if (f->masked) {
		out[1] |= MASKED;
		for (unsigned i = 0; i < 4; i++)
			out[at++] = f->mask[i];
	}
	return at;
}
