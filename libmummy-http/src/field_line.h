/*
 * field_line.h - one field line of a head, of trailers or of a part (RFC 9112 section 5). Private.
 */
#ifndef MHTTP_FIELD_LINE_H
#define MHTTP_FIELD_LINE_H
#include <mummy/http-parser.h>
#include "scan.h"

enum { MHTTP_LINE_OPEN, MHTTP_LINE_FIELD, MHTTP_LINE_EMPTY, MHTTP_LINE_BAD };

/* Is p the end of a line? 1; 0 incomplete; -1 it is something else. */
static inline int mhttp_crlf(const char *p, const char *end)
{
	if (p == end || (*p == '\r' && p + 1 == end))
		return 0;
	return *p == '\r' && p[1] == '\n' ? 1 : -1;
}

/* Of a line that was incomplete with *seen octets: does what came since neither end nor break it? Keeps
 * lines that come octet by octet from being read from the start each time. */
static inline int mhttp_line_is_open(const char *p, const char *end, size_t *seen)
{
	const char *from = p + *seen, *q = from < end ? mhttp_scan_value(from, end) : end;

	*seen = (size_t)(q - p);
	return q == end || (*q == '\r' && q + 1 == end);
}

/* What *seen is after a line was found incomplete. */
static inline size_t mhttp_line_seen(const char *p, const char *end)
{
	return (size_t)(end - p) - (end > p && end[-1] == '\r');
}

/* Reads the line at p; with FIELD and EMPTY *next is what follows it. No obs-fold, no white space
 * before the colon: both have been read in two ways. */
static inline int mhttp_field_line(const char *p, const char *end, struct mummy_http_field *f,
				   const char **next)
{
	const char *tail;
	int rc;

	f->name.p = p;
	p = mhttp_scan_token(p, end);
	f->name.n = (size_t)(p - f->name.p);
	if (f->name.n == 0) {
		rc = mhttp_crlf(p, end);
		*next = p + 2 * (rc > 0);
		return rc > 0 ? MHTTP_LINE_EMPTY : rc == 0 ? MHTTP_LINE_OPEN : MHTTP_LINE_BAD;
	}
	if (p == end)
		return MHTTP_LINE_OPEN;
	if (*p++ != ':')
		return MHTTP_LINE_BAD;
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	f->value.p = p;
	p = mhttp_scan_value(p, end);
	rc = mhttp_crlf(p, end);
	if (rc <= 0)
		return rc == 0 ? MHTTP_LINE_OPEN : MHTTP_LINE_BAD;
	for (tail = p; tail > f->value.p && (tail[-1] == ' ' || tail[-1] == '\t');)
		tail--;
	f->value.n = (size_t)(tail - f->value.p);
	*next = p + 2;
	return MHTTP_LINE_FIELD;
}
#endif
