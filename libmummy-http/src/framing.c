/*
 * How a message's body is delimited (RFC 9112 section 6). What two parsers could read differently is
 * refused, whatever the order of the fields.
 */
#include <config.h>
#include "parse.h"
#include "scan.h"

int mhttp_same(struct mummy_http_span s, const char *lower, size_t n)
{
	if (s.n != n)
		return 0;
	for (size_t i = 0; i < n; i++) {
		char c = s.p[i];

		if (c >= 'A' && c <= 'Z')
			c = (char)(c + 32);
		if (c != lower[i])
			return 0;
	}
	return 1;
}

/* RFC 9110 section 8.6: digits and nothing else. Lengths above INT64_MAX fit no file and no client. */
static int read_length(struct mummy_http_span value, uint64_t *out)
{
	uint64_t length = 0;

	if (value.n == 0)
		return -1;
	for (size_t i = 0; i < value.n; i++) {
		if (!mhttp_is(value.p[i], MHTTP_DIGIT))
			return -1;
		if (length > (uint64_t)INT64_MAX / 10)
			return -1;
		length = length * 10 + (unsigned)(value.p[i] - '0');
	}
	if (length > INT64_MAX)
		return -1;
	*out = length;
	return 0;
}

static int note_length(struct mummy_http_head *h, struct mummy_http_span value)
{
	uint64_t length;

	if (read_length(value, &length) < 0)
		return 400;
	if (h->slots[MUMMY_HTTP_SLOT_CONTENT_LENGTH] && length != h->content_length)
		return 400;
	h->content_length = length;
	return 0;
}

static int note_connection(struct mummy_http_head *h, struct mummy_http_span value)
{
	struct mummy_http_span item;

	/* what nearly all browsers say */
	if (value.n == 10 && !memcmp(value.p, "keep-alive", 10)) {
		h->opaque[MHTTP_STATE] |= MHTTP_KEEP;
		return 0;
	}
	while (mummy_http_list_next(&value, &item) == 1) {
		if (MHTTP_SAME(item, "close"))
			h->opaque[MHTTP_STATE] |= MHTTP_CLOSE;
		else if (MHTTP_SAME(item, "keep-alive"))
			h->opaque[MHTTP_STATE] |= MHTTP_KEEP;
	}
	return 0;
}

/* A list of codings: is it well-formed, with "chunked" once and last, behind others? Then it is only
 * something that is not implemented (RFC 9112 section 6.1). */
static int coding_status(struct mummy_http_span value)
{
	struct mummy_http_span item = {NULL, 0};
	int chunked = 0, others = 0, rc;

	while ((rc = mummy_http_list_next(&value, &item)) == 1) {
		const char *end = item.p + item.n, *p = mhttp_scan_token(item.p, end);
		struct mummy_http_span name = {item.p, (size_t)(p - item.p)};

		while (p < end && (*p == ' ' || *p == '\t'))
			p++;
		if (chunked || name.n == 0 || (p < end && *p != ';'))
			return 400;
		if (MHTTP_SAME(name, "chunked")) {
			chunked = 1;
			if (name.n != item.n)
				return 400;
		} else {
			others = 1;
		}
	}
	return rc == 0 && chunked && others ? 501 : 400;
}

static int note_coding(struct mummy_http_head *h, struct mummy_http_span value)
{
	if (h->slots[MUMMY_HTTP_SLOT_TRANSFER_ENCODING])
		return 400;
	if (!MHTTP_SAME(value, "chunked"))
		return coding_status(value);
	return 0;
}

int mhttp_note_field(struct mummy_http_head *h, enum mummy_http_slot slot, struct mummy_http_span value)
{
	switch (slot) {
	case MUMMY_HTTP_SLOT_CONNECTION:
		return note_connection(h, value);
	case MUMMY_HTTP_SLOT_CONTENT_LENGTH:
		return note_length(h, value);
	case MUMMY_HTTP_SLOT_TRANSFER_ENCODING:
		/* of a response it matters only when there is a body */
		return h->opaque[MHTTP_STATE] & MHTTP_RESPONSE ? 0 : note_coding(h, value);
	case MUMMY_HTTP_SLOT_EXPECT:
		if (MHTTP_SAME(value, "100-continue"))
			h->opaque[MHTTP_STATE] |= MHTTP_EXPECT_100;
		return 0;
	default:
		return 0;
	}
}

static void note_persistence(struct mummy_http_head *h)
{
	uintptr_t state = h->opaque[MHTTP_STATE];

	h->keep_alive = !(state & MHTTP_CLOSE) && (h->minor_version >= 1 || (state & MHTTP_KEEP));
}

int mhttp_frame_request(struct mummy_http_head *h)
{
	int coded = h->slots[MUMMY_HTTP_SLOT_TRANSFER_ENCODING] != 0;
	int length = h->slots[MUMMY_HTTP_SLOT_CONTENT_LENGTH] != 0;
	unsigned host = h->slots[MUMMY_HTTP_SLOT_HOST];

	if (coded && (length || h->minor_version == 0))
		return 400;
	if (host == 0 && h->minor_version >= 1)
		return 400;
	if (host && !(h->opaque[MHTTP_STATE] & MHTTP_ABSOLUTE))
		h->authority = h->fields[host - 1].value;
	h->framing = coded ? MUMMY_HTTP_CHUNKED : length ? MUMMY_HTTP_LENGTH : MUMMY_HTTP_NO_BODY;
	note_persistence(h);
	h->expect_continue = h->minor_version >= 1 && (h->opaque[MHTTP_STATE] & MHTTP_EXPECT_100) &&
			     (coded || (length && h->content_length));
	return 0;
}

static int without_body(const struct mummy_http_head *h, const char *method)
{
	int status = h->status;

	if (status < 200 || status == 204 || status == 304)
		return 1;
	if (!method)
		return 0;
	return !strcmp(method, "HEAD") || (!strcmp(method, "CONNECT") && status < 300);
}

int mhttp_frame_response(struct mummy_http_head *h, const char *request_method)
{
	unsigned coding = h->slots[MUMMY_HTTP_SLOT_TRANSFER_ENCODING];
	int length = h->slots[MUMMY_HTTP_SLOT_CONTENT_LENGTH] != 0;

	note_persistence(h);
	if (without_body(h, request_method))
		return 0;
	if (coding &&
	    (length || h->minor_version == 0 || !MHTTP_SAME(h->fields[coding - 1].value, "chunked")))
		return 400;
	for (size_t i = coding; coding && i < h->nfields; i++)
		if (MHTTP_SAME(h->fields[i].name, "transfer-encoding"))
			return 400;
	h->framing = coding ? MUMMY_HTTP_CHUNKED : length ? MUMMY_HTTP_LENGTH : MUMMY_HTTP_UNTIL_CLOSE;
	if (h->framing == MUMMY_HTTP_UNTIL_CLOSE)
		h->keep_alive = 0;
	return 0;
}
