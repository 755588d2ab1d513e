/*
 * multipart bodies in pieces (RFC 2046 section 5.1, RFC 7578). A delimiter is found by its first
 * octet, so data is handed on in pieces as long as the input allows; only what may be the start of a
 * delimiter is kept back.
 */
#include <config.h>
#include <errno.h>
#include "field_line.h"
#include "parse.h"

#define MAX_PART_HEAD_BYTES 8192
#define MAX_BOUNDARY 70

enum { STATE, DELIMITER, HEAD, SEEN }; /* words of opaque; boundary[] holds CR LF "--" boundary */
enum { START, PREAMBLE, DELIMITED, PADDING, FIELDS, DATA, ENDED, BROKEN, TOO_LONG };

static int is_boundary(const char *p, size_t n)
{
	if (n == 0 || n > MAX_BOUNDARY || p[n - 1] == ' ')
		return 0;
	for (size_t i = 0; i < n; i++)
		if (!mhttp_is(p[i], MHTTP_ALPHA | MHTTP_DIGIT) &&
		    (p[i] == '\0' || !strchr("'()+_,-./:=? ", p[i])))
			return 0;
	return 1;
}

static int is_multipart(struct mummy_http_span type)
{
	struct mummy_http_span head = {type.p, 10};

	return type.n > 10 && MHTTP_SAME(head, "multipart/") &&
	       mhttp_scan_token(type.p + 10, type.p + type.n) == type.p + type.n;
}

int mummy_http_multipart_init(struct mummy_http_multipart *m, struct mummy_http_span content_type)
{
	struct mummy_http_field f;
	char text[MAX_BOUNDARY + 2]; /* its quotes too */
	size_t n = 0;

	if (mummy_http_parameter_next(&content_type, &f) != 1 || f.value.p || !is_multipart(f.name))
		return -EINVAL;
	while (mummy_http_parameter_next(&content_type, &f) == 1) {
		if (!MHTTP_SAME(f.name, "boundary"))
			continue;
		if (n || f.value.n > sizeof text)
			return -EINVAL;
		n = mummy_http_unquote(text, f.value);
		if (!is_boundary(text, n))
			return -EINVAL;
	}
	if (n == 0)
		return -EINVAL;
	memset(m->opaque, 0, sizeof m->opaque);
	memset(m->boundary, 0, sizeof m->boundary);
	memcpy(m->boundary, "\r\n--", 4);
	memcpy(m->boundary + 4, text, n);
	m->opaque[DELIMITER] = n + 4;
	return 0;
}

/* The first place in p where a delimiter is, or may begin at the end; n: nowhere. */
static size_t find_delimiter(const struct mummy_http_multipart *m, const char *p, size_t n)
{
	size_t i = 0;

	while (i < n) {
		const char *cr = memchr(p + i, '\r', n - i);
		size_t length = (size_t)m->opaque[DELIMITER];

		if (!cr)
			return n;
		i = (size_t)(cr - p);
		if (!memcmp(cr, m->boundary, length < n - i ? length : n - i))
			return i;
		i++;
	}
	return n;
}

/* Up to a delimiter. 1 go on behind it; 0 more is needed, or there is data in front of it. */
static int seek(struct mummy_http_multipart *m, const char *p, size_t n, size_t *used,
		struct mummy_http_span *data)
{
	size_t at = find_delimiter(m, p, n), length = (size_t)m->opaque[DELIMITER];

	data->p = p;
	data->n = at;
	*used += at;
	if (at || n < length)
		return 0;
	*used += length;
	m->opaque[STATE] = DELIMITED;
	return 1;
}

/* At the very beginning a delimiter needs no end of line in front. */
static int start(struct mummy_http_multipart *m, const char *p, size_t n, size_t *used)
{
	size_t length = (size_t)m->opaque[DELIMITER] - 2;

	if (memcmp(p, m->boundary + 2, n < length ? n : length)) {
		m->opaque[STATE] = PREAMBLE;
		return 1;
	}
	if (n < length)
		return 0;
	*used += length;
	m->opaque[STATE] = DELIMITED;
	return 1;
}

/* Behind a delimiter: "--", or white space and an end of line. 1, 0 more is needed, or BEGIN, END. */
static int delimited(struct mummy_http_multipart *m, const char *p, size_t n, size_t *used)
{
	if (m->opaque[STATE] == DELIMITED && *p == '-') {
		if (n < 2)
			return 0;
		m->opaque[STATE] = p[1] == '-' ? ENDED : BROKEN;
		*used += 2;
		return 1;
	}
	m->opaque[STATE] = PADDING;
	while (n && (*p == ' ' || *p == '\t'))
		p++, n--, ++*used;
	switch (mhttp_crlf(p, p + n)) {
	case 0:
		return 0;
	case 1:
		*used += 2;
		m->opaque[STATE] = FIELDS;
		m->opaque[HEAD] = m->opaque[SEEN] = 0;
		return MUMMY_HTTP_BEGIN;
	default:
		m->opaque[STATE] = BROKEN;
		return 1;
	}
}

static int fields(struct mummy_http_multipart *m, const char *p, size_t n, size_t *used,
		  struct mummy_http_field *out)
{
	size_t max = m->max_part_head_bytes ? m->max_part_head_bytes : MAX_PART_HEAD_BYTES;
	size_t room = max - (size_t)m->opaque[HEAD], seen = (size_t)m->opaque[SEEN];
	size_t have = n < room ? n : room;
	const char *next = p;
	int rc = MHTTP_LINE_OPEN;

	if (seen == 0 || !mhttp_line_is_open(p, p + have, &seen)) {
		rc = mhttp_field_line(p, p + have, out, &next);
		seen = mhttp_line_seen(p, p + have);
	}
	if (rc == MHTTP_LINE_OPEN) {
		m->opaque[SEEN] = seen;
		if (n >= room)
			m->opaque[STATE] = TOO_LONG;
		return n >= room;
	}
	*used += (size_t)(next - p);
	m->opaque[HEAD] += (uint64_t)(next - p);
	m->opaque[SEEN] = 0;
	if (rc == MHTTP_LINE_FIELD)
		return MUMMY_HTTP_FIELD;
	m->opaque[STATE] = rc == MHTTP_LINE_EMPTY ? DATA : BROKEN;
	return 1;
}

/* One step: 1 go on, or what to return. */
static int step(struct mummy_http_multipart *m, const char *p, size_t n, size_t *used,
		struct mummy_http_body_part *out)
{
	struct mummy_http_span skipped;

	switch (m->opaque[STATE]) {
	case START:
		return start(m, p, n, used);
	case PREAMBLE:
		return seek(m, p, n, used, &skipped) || skipped.n;
	case DELIMITED:
	case PADDING:
		return delimited(m, p, n, used);
	case FIELDS:
		return fields(m, p, n, used, &out->field);
	default:
		return seek(m, p, n, used, &out->data);
	}
}

int mummy_http_multipart_next(struct mummy_http_multipart *m, const char *p, size_t n, size_t *used,
			      struct mummy_http_body_part *out)
{
	static const struct mummy_http_body_part none;

	for (*used = 0;;) {
		int rc;

		*out = none;
		if (m->opaque[STATE] == ENDED)
			return MUMMY_HTTP_END;
		if (m->opaque[STATE] >= BROKEN)
			return m->opaque[STATE] == TOO_LONG ? -EMSGSIZE : -EBADMSG;
		if (*used == n)
			return MUMMY_HTTP_MORE;
		rc = step(m, p + *used, n - *used, used, out);
		if (rc == 0)
			return out->data.n ? MUMMY_HTTP_DATA : MUMMY_HTTP_MORE;
		if (rc != 1)
			return rc;
	}
}
