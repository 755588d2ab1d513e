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
	SIZE, SIZE_LF, DATA, DATA_CR, DATA_LF, TRAILER, ENDED, BROKEN,
	/* of extensions: what is expected, or what was just read */
	SPACE, NAME_BEGIN, NAME, NAME_SPACE, VALUE_BEGIN, VALUE, QUOTED, ESCAPED, QUOTE_END
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
		d->opaque[STATE] = c == '\r' ? SIZE_LF : c == ';' ? NAME_BEGIN : SPACE;
		return c == '\r' || c == ';' || c == ' ' || c == '\t' ? 0 : -EBADMSG;
	}
	if (digits == MAX_SIZE_DIGITS || d->opaque[LEFT] > (uint64_t)INT64_MAX >> 4)
		return -EBADMSG;
	d->opaque[LEFT] = d->opaque[LEFT] << 4 | (unsigned)value;
	d->opaque[STATE] = SIZE | (uint64_t)(digits + 1) << STATE_BITS;
	return 0;
}

/* What an octet is in an extension: its name or value, white space, or one that has a meaning of its own. */
static char class_of(char c)
{
	return mhttp_is(c, MHTTP_TOKEN) ? 'a' : c == '\t' ? ' ' : c;
}

/* Behind a name, a value or a closing quote. */
static int after_word(char class, int space)
{
	return class == ' ' ? space : class == ';' ? NAME_BEGIN : class == '\r' ? SIZE_LF : BROKEN;
}

static int in_quotes(int state, char c)
{
	if (((unsigned char)c < 0x20 && c != '\t') || c == 0x7f)
		return BROKEN;
	return state == ESCAPED ? QUOTED : c == '"' ? QUOTE_END : c == '\\' ? ESCAPED : QUOTED;
}

/* The state behind one octet of extensions. White space is only where RFC 9112 section 7.1.1 has it. */
static int extension_state(int state, char c)
{
	char class = class_of(c);

	switch (state) {
	case NAME_BEGIN:
		return class == ' ' ? NAME_BEGIN : class == 'a' ? NAME : BROKEN;
	case NAME:
		return class == 'a' ? NAME : class == '=' ? VALUE_BEGIN : after_word(class, NAME_SPACE);
	case NAME_SPACE:
		return class == '=' ? VALUE_BEGIN : class == '\r' ? BROKEN : after_word(class, NAME_SPACE);
	case VALUE_BEGIN:
		return class == ' ' ? VALUE_BEGIN : class == 'a' ? VALUE : class == '"' ? QUOTED : BROKEN;
	case VALUE:
		return class == 'a' ? VALUE : after_word(class, SPACE);
	case QUOTED:
	case ESCAPED:
		return in_quotes(state, c);
	case QUOTE_END:
		return after_word(class, SPACE);
	default: /* SPACE: only before an extension */
		return class == '\r' ? BROKEN : after_word(class, SPACE);
	}
}

static int extension_octet(struct mummy_http_chunked *d, char c)
{
	uint64_t max = d->max_extension_bytes ? d->max_extension_bytes : MAX_EXTENSION_BYTES;
	int state = extension_state((unsigned char)d->opaque[STATE], c);

	if (state == BROKEN)
		return -EBADMSG;
	d->opaque[STATE] = (unsigned)state;
	return state != SIZE_LF && ++d->opaque[EXTENSIONS] > max ? -EMSGSIZE : 0;
}

static int framing_octet(struct mummy_http_chunked *d, char c)
{
	switch ((unsigned char)d->opaque[STATE]) {
	case SIZE:
		return size_octet(d, c);
	case SIZE_LF:
		d->opaque[STATE] = d->opaque[LEFT] ? DATA : TRAILER;
		return c == '\n' ? 0 : -EBADMSG;
	case DATA_CR:
		d->opaque[STATE] = DATA_LF;
		return c == '\r' ? 0 : -EBADMSG;
	case DATA_LF:
		d->opaque[STATE] = SIZE;
		return c == '\n' ? 0 : -EBADMSG;
	default:
		return extension_octet(d, c);
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
