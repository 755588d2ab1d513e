/*
 * Request line and request head (RFC 9112 section 3). Methods are any token here, since a router may
 * know more of them, but CONNECT and TRACE ask for what no server of ours does.
 */
#include <config.h>
#include "parse.h"
#include "scan.h"
#include "scanner.h"

/* Path and query; a fragment has no place in a target. */
static int split_query(struct mummy_http_head *h, const char *p, const char *end)
{
	const char *mark = memchr(p, '?', (size_t)(end - p));

	if (memchr(p, '#', (size_t)(end - p)))
		return 400;
	h->path.p = p;
	h->path.n = (size_t)((mark ? mark : end) - p);
	if (mark) {
		h->query.p = mark + 1;
		h->query.n = (size_t)(end - mark - 1);
	}
	return 0;
}

/* "http://authority" and what follows it; userinfo is refused (RFC 9110 section 4.2.4). */
static int absolute_form(struct mummy_http_head *h)
{
	const char *p = h->target.p, *end = p + h->target.n;
	struct mummy_http_span scheme = {p, 0};

	while (p < end && *p != ':')
		p++;
	scheme.n = (size_t)(p - scheme.p);
	if (!MHTTP_SAME(scheme, "http") && !MHTTP_SAME(scheme, "https"))
		return 400;
	if (end - p < 3 || p[1] != '/' || p[2] != '/')
		return 400;
	h->authority.p = p += 3;
	while (p < end && *p != '/' && *p != '?' && *p != '#')
		p++;
	h->authority.n = (size_t)(p - h->authority.p);
	if (!mhttp_authority_ok(h->authority))
		return 400;
	h->opaque[MHTTP_STATE] |= MHTTP_ABSOLUTE;
	return split_query(h, p, end);
}

static inline int split_target(struct mummy_http_head *h, int plain)
{
	if (h->target.p[0] == '/' && plain) {
		h->path = h->target;
		return 0;
	}
	if (h->target.p[0] == '/')
		return split_query(h, h->target.p, h->target.p + h->target.n);
	if (h->target.p[0] != '*' || h->target.n != 1)
		return absolute_form(h);
	h->path = h->target;
	return h->method.n == 7 && !memcmp(h->method.p, "OPTIONS", 7) ? 0 : 400;
}

static int is_method(const struct mummy_http_head *h, const char *name, size_t n)
{
	return h->method.n == n && !memcmp(h->method.p, name, n);
}

/* "HTTP/d.d" and the end of the line at p, which is not plainly good. As mhttp_start_line, without
 * moving. */
static int odd_version(struct mummy_http_head *h, const char *p, const char *end)
{
	static const char form[] = "HTTP/0.0\r\n";
	size_t have = (size_t)(end - p);

	for (size_t i = 0; i < 10 && i < have; i++)
		if (form[i] == '0' ? !mhttp_is(p[i], MHTTP_DIGIT) : p[i] != form[i])
			return mhttp_head_fail(h, 400);
	if (have < 10)
		return 0;
	if (p[5] != '1')
		return mhttp_head_fail(h, 505);
	h->minor_version = p[7] != '0';
	return 1;
}

static inline int request_version(struct mummy_http_head *h, const char *p, const char *end)
{
	if (end - p < 10 || memcmp(p, "HTTP/1.1", 8) || memcmp(p + 8, "\r\n", 2))
		return odd_version(h, p, end);
	h->minor_version = 1;
	return 1;
}

static int request_line(struct mummy_http_head *h, const char *p, const char *end,
			const struct mhttp_scanner *scanner)
{
	int rc, plain;

	h->method.p = p;
	if (end - p >= 4 && !memcmp(p, "GET ", 4))
		p += 3;
	else
		p = mhttp_scan_token(p, end);
	h->method.n = (size_t)(p - h->method.p);
	if (p == end)
		return 0;
	if (*p++ != ' ' || h->method.n == 0)
		return mhttp_head_fail(h, 400);
	h->target.p = p;
	p = scanner->target(p, end, &plain);
	h->target.n = (size_t)(p - h->target.p);
	if (p == end)
		return 0;
	if (*p++ != ' ' || h->target.n == 0)
		return mhttp_head_fail(h, 400);
	rc = request_version(h, p, end);
	if (rc <= 0)
		return rc;
	if (is_method(h, "CONNECT", 7) || is_method(h, "TRACE", 5))
		return mhttp_head_fail(h, 501);
	rc = split_target(h, plain);
	return rc ? mhttp_head_fail(h, rc) : (int)(p + 10 - h->method.p);
}

static int start_line(struct mummy_http_head *h, const char **at, const char *end,
		      const struct mhttp_scanner *scanner)
{
	size_t room = mhttp_line_room(h);
	int rc;

	/* some clients send an empty line after a body (RFC 9112 section 2.2) */
	if (*at < end && **at == '\r' && !(h->opaque[MHTTP_STATE] & MHTTP_EMPTY_LINE)) {
		rc = mhttp_line_end(h, *at, end);
		if (rc <= 0)
			return rc;
		*at += 2;
		h->opaque[MHTTP_STATE] |= MHTTP_EMPTY_LINE;
	}
	if ((size_t)(end - *at) > room)
		end = *at + room;
	rc = request_line(h, *at, end, scanner);
	if (rc <= 0)
		return rc;
	*at += rc;
	return 1;
}

int mhttp_parse_request(const struct mhttp_scanner *scanner, struct mummy_http_head *h, const char *p,
			size_t n)
{
	int rc = mhttp_head_parse(h, p, n, start_line, scanner), status;

	if (rc <= 0)
		return rc;
	status = mhttp_frame_request(h);
	if (status)
		return mhttp_head_fail(h, status);
	mhttp_head_done(h);
	return rc;
}

int mummy_http_parse_request(struct mummy_http_head *h, const char *p, size_t n)
{
	return mhttp_parse_request(mhttp_scanner(), h, p, n);
}
