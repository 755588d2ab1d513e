#include <config.h>
#include "parse.h"
#include "scan.h"
#include "scanner.h"

/* "HTTP/1.d ddd" (RFC 9112 section 4) at p, which has 12 octets. */
static int version_and_status(struct mummy_http_head *h, const char *p)
{
	if (memcmp(p, "HTTP/1.", 7) || !mhttp_is(p[7], MHTTP_DIGIT) || p[8] != ' ')
		return -1;
	if (!mhttp_is(p[9], MHTTP_DIGIT) || !mhttp_is(p[10], MHTTP_DIGIT) || !mhttp_is(p[11], MHTTP_DIGIT) ||
	    p[9] == '0')
		return -1;
	h->minor_version = p[7] != '0';
	h->status = (p[9] - '0') * 100 + (p[10] - '0') * 10 + (p[11] - '0');
	return 0;
}

static int start_line(struct mummy_http_head *h, const char **at, const char *end,
		      const struct mhttp_scanner *scanner)
{
	const char *p = *at;
	size_t room = mhttp_line_room(h);
	int rc;

	(void)scanner;
	h->opaque[MHTTP_STATE] |= MHTTP_RESPONSE;
	if ((size_t)(end - p) > room)
		end = p + room;
	if (end - p < 13)
		return mhttp_scan_value(p, end) == end ? 0 : mhttp_head_fail(h, 400);
	if (version_and_status(h, p) < 0)
		return mhttp_head_fail(h, 400);
	p += 12;
	/* the space before an absent reason is often left out */
	if (*p == ' ')
		p++;
	else if (*p != '\r')
		return mhttp_head_fail(h, 400);
	h->reason.p = p;
	p = mhttp_scan_value(p, end);
	h->reason.n = (size_t)(p - h->reason.p);
	rc = mhttp_line_end(h, p, end);
	if (rc > 0)
		*at = p + 2;
	return rc;
}

int mummy_http_parse_response(struct mummy_http_head *h, const char *p, size_t n, const char *request_method)
{
	int rc = mhttp_head_parse(h, p, n, start_line, mhttp_scanner());

	if (rc > 0 && mhttp_frame_response(h, request_method))
		rc = mhttp_head_fail(h, 400);
	if (rc > 0)
		mhttp_head_done(h);
	else if (rc < 0)
		h->status = 502;
	return rc;
}
