/*
 * head_lines.h - field lines of an answer: checked, measured and written. Private.
 */
#ifndef MHTTP_HEAD_LINES_H
#define MHTTP_HEAD_LINES_H
#include "internal.h"
#include "scan.h"

/* ---- Pieces ----------------------------------------------------------------------------------- */

/* Most names and values are of a length that two words hold. */
static inline char *put(char *p, const char *s, size_t n)
{
	if (n >= 8 && n <= 16) {
		uint64_t first = mhttp_word8(s), last = mhttp_word8(s + n - 8);

		memcpy(p, &first, 8);
		memcpy(p + n - 8, &last, 8);
	} else if (n) {
		memcpy(p, s, n);
	}
	return p + n;
}
#define PUT(p, text) ((char *)memcpy((p), text, sizeof text - 1) + (sizeof text - 1))

static inline char *mhttp_put_number(char *p, uint64_t v)
{
	size_t n = 1;

	for (uint64_t rest = v; rest >= 10; rest /= 10)
		n++;
	for (size_t i = n; i; v /= 10)
		p[--i] = (char)('0' + v % 10);
	return p + n;
}

/* ---- Lines ------------------------------------------------------------------------------------ */

static inline size_t length_of(const char *s, size_t n)
{
	return n ? n : s ? strlen(s) : 0;
}

/* Octets of a name; 0: it is none. */
static inline size_t name_length(const struct mummy_http_header *h)
{
	const char *p = h->name;

	if (h->name_len)
		return mhttp_scan_token(p, p + h->name_len) == p + h->name_len ? h->name_len : 0;
	if (!p)
		return 0;
	while (mhttp_is(p[0], MHTTP_TOKEN) && mhttp_is(p[1], MHTTP_TOKEN) && mhttp_is(p[2], MHTTP_TOKEN)
	       && mhttp_is(p[3], MHTTP_TOKEN))
		p += 4;
	while (mhttp_is(*p, MHTTP_TOKEN))
		p++;
	return *p ? 0 : (size_t)(p - h->name);
}

#define NAME_IS(name, n, want) mhttp_name_is((name), (n), want, sizeof want - 1)

static inline int is_framing(const char *p, size_t n)
{
	switch (n) {
	case 10:
		return NAME_IS(p, n, "keep-alive");
	case 14:
		return NAME_IS(p, n, "content-length");
	case 17:
		return NAME_IS(p, n, "transfer-encoding");
	default:
		return 0;
	}
}

/* Are they good? The room they take, and 1; 0: no. *lengths, as bits modulo 64, and size, which may be NULL,
 * tell of the lines. */
static inline size_t measure_lines(const struct mummy_http_header *h, size_t nh, struct mhttp_line_size *size,
				   uint64_t *lengths)
{
	size_t room = 1;

	*lengths = 0;
	for (const struct mummy_http_header *end = h + nh; h < end; h++) {
		size_t n = name_length(h), value_n = length_of(h->value, h->value_len);

		if (n == 0 || is_framing(h->name, n) || !mhttp_is_value(h->value, value_n))
			return 0;
		room += n + value_n + 6;
		*lengths |= UINT64_C(1) << n % 64;
		if (size)
			*size++ = (struct mhttp_line_size){ n, value_n };
	}
	return room;
}

static inline char *put_lines(char *p, const struct mummy_http_header *h, size_t nh,
			      const struct mhttp_line_size *size)
{
	for (const struct mummy_http_header *end = h + nh; h < end; h++, size++) {
		p = put(p, h->name, size->name);
		p = PUT(p, ": ");
		p = put(p, h->value, size->value);
		p = PUT(p, "\r\n");
	}
	return p;
}
#endif
