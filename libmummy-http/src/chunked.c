/*
 * Chunked transfer coding (RFC 9112 section 7.1). Octet by octet around the data, since every
 * looseness there (bare LF, white space, junk behind a size) lets two parsers disagree.
 */
#include <config.h>
#include <errno.h>
#include "field_line.h"

#define MAX_EXTENSION_BYTES 4096
#define MAX_TRAILER_BYTES 16384
#define MAX_SIZE_DIGITS 16

enum { STATE, LEFT, EXTENSIONS, TRAILERS }; /* words of opaque; TRAILERS: see below */
enum {
	SIZE, SPACE, EXTENSION, SIZE_LF, DATA, DATA_CR, DATA_LF, TRAILER, ENDED, BROKEN
};
/* The state word has the digits of the size above it. */
#define STATE_BITS 8
/* Octets of the trailer line at hand that were looked at, above the sum of those that are done. */
#define SEEN_BITS 32

static int broken(struct mummy_http_chunked *d, int error)
{
	d->opaque[STATE] = BROKEN | (uint64_t)(error == -EMSGSIZE) << STATE_BITS;
	return error;
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* One octet of a size: 0, or an errno. */
static int size_octet(struct mummy_http_chunked *d, char c)
{
	unsigned digits = (unsigned)(d->opaque[STATE] >> STATE_BITS);
	int value = hex(c);

	if (value < 0) {
		if (digits == 0)
			return -EBADMSG;
		d->opaque[STATE] = c == '\r' ? SIZE_LF : c == ';' ? EXTENSION : SPACE;
		return c == '\r' || c == ';' || c == ' ' || c == '\t' ? 0 : -EBADMSG;
	}
	if (digits == MAX_SIZE_DIGITS || d->opaque[LEFT] > (uint64_t)INT64_MAX >> 4)
		return -EBADMSG;
	d->opaque[LEFT] = d->opaque[LEFT] << 4 | (unsigned)value;
	d->opaque[STATE] = SIZE | (uint64_t)(digits + 1) << STATE_BITS;
	return 0;
}

static int extension_octets(struct mummy_http_chunked *d, size_t n)
{
	uint64_t max = d->max_extension_bytes ? d->max_extension_bytes : MAX_EXTENSION_BYTES;

	d->opaque[EXTENSIONS] += n;
	return d->opaque[EXTENSIONS] > max ? -EMSGSIZE : 0;
}

static int framing_octet(struct mummy_http_chunked *d, char c)
{
	switch ((unsigned char)d->opaque[STATE]) {
	case SIZE:
		return size_octet(d, c);
	case SPACE: /* only before an extension (RFC 9110 section 5.6.3) */
		if (c == ';')
			d->opaque[STATE] = EXTENSION;
		return c == ';' || c == ' ' || c == '\t' ? extension_octets(d, 1) : -EBADMSG;
	case EXTENSION:
		if (c == '\r') {
			d->opaque[STATE] = SIZE_LF;
			return 0;
		}
		return ((unsigned char)c < 0x20 && c != '\t') || c == 0x7f ? -EBADMSG
									   : extension_octets(d, 1);
	case SIZE_LF:
		d->opaque[STATE] = d->opaque[LEFT] ? DATA : TRAILER;
		return c == '\n' ? 0 : -EBADMSG;
	case DATA_CR:
		d->opaque[STATE] = DATA_LF;
		return c == '\r' ? 0 : -EBADMSG;
	default: /* DATA_LF */
		d->opaque[STATE] = SIZE;
		return c == '\n' ? 0 : -EBADMSG;
	}
}

static int data(struct mummy_http_chunked *d, const char *p, size_t n, size_t *used,
		struct mummy_http_body_part *out)
{
	if (n == 0)
		return MUMMY_HTTP_MORE;
	out->data.p = p;
	out->data.n = n < d->opaque[LEFT] ? n : (size_t)d->opaque[LEFT];
	*used += out->data.n;
	d->opaque[LEFT] -= out->data.n;
	if (d->opaque[LEFT] == 0)
		d->opaque[STATE] = DATA_CR;
	return MUMMY_HTTP_DATA;
}

static int trailer(struct mummy_http_chunked *d, const char *p, size_t n, size_t *used,
		   struct mummy_http_body_part *out)
{
	uint64_t max = d->max_trailer_bytes ? d->max_trailer_bytes : MAX_TRAILER_BYTES;
	uint64_t done = d->opaque[TRAILERS] & UINT32_MAX;
	size_t seen = (size_t)(d->opaque[TRAILERS] >> SEEN_BITS);
	const char *next = p, *end;
	int rc = MHTTP_LINE_OPEN;

	if (max > UINT32_MAX)
		max = UINT32_MAX;
	end = p + (n < max - done ? n : max - done);
	if (seen == 0 || !mhttp_line_is_open(p, end, &seen)) {
		rc = mhttp_field_line(p, end, &out->field, &next);
		seen = mhttp_line_seen(p, end);
	}
	if (rc == MHTTP_LINE_BAD)
		return broken(d, -EBADMSG);
	if (rc == MHTTP_LINE_OPEN) {
		if (n >= max - done)
			return broken(d, -EMSGSIZE);
		d->opaque[TRAILERS] = done | (uint64_t)seen << SEEN_BITS;
		return MUMMY_HTTP_MORE;
	}
	*used += (size_t)(next - p);
	d->opaque[TRAILERS] = done + (uint64_t)(next - p);
	if (rc == MHTTP_LINE_FIELD)
		return MUMMY_HTTP_FIELD;
	d->opaque[STATE] = ENDED;
	return MUMMY_HTTP_END;
}

int mummy_http_chunked_next(struct mummy_http_chunked *d, const char *p, size_t n, size_t *used,
			    struct mummy_http_body_part *out)
{
	size_t i = 0;
	int rc;

	*used = 0;
	for (;;) {
		switch ((unsigned char)d->opaque[STATE]) {
		case DATA:
			*used = i;
			return data(d, p + i, n - i, used, out);
		case TRAILER:
			*used = i;
			return trailer(d, p + i, n - i, used, out);
		case ENDED:
			return MUMMY_HTTP_END;
		case BROKEN:
			return d->opaque[STATE] >> STATE_BITS ? -EMSGSIZE : -EBADMSG;
		default:
			*used = i;
			if (i == n)
				return MUMMY_HTTP_MORE;
			rc = framing_octet(d, p[i++]);
			if (rc < 0)
				return broken(d, rc);
		}
	}
}
