#include <config.h>
#include <errno.h>
#include <limits.h>
#include <string.h>
#include "field_line.h"
#include "parse.h"
#include "scanner.h"

int mhttp_head_fail(struct mummy_http_head *h, int status)
{
	h->status = status;
	h->opaque[MHTTP_STATE] = 0;
	return status == 414 || status == 431 ? -EMSGSIZE : -EBADMSG;
}

void mhttp_head_done(struct mummy_http_head *h)
{
	h->opaque[MHTTP_STATE] = 0;
}

int mhttp_line_end(struct mummy_http_head *h, const char *p, const char *end)
{
	int rc = mhttp_crlf(p, end);

	return rc < 0 ? mhttp_head_fail(h, 400) : rc;
}

/* ---- Heads in pieces -------------------------------------------------------------------------- */

static void begin(struct mummy_http_head *h, const char *p)
{
	static const struct mummy_http_span none;

	h->method = h->target = h->path = h->query = h->authority = h->reason = none;
	h->status = 0;
	h->nfields = 0;
	h->framing = MUMMY_HTTP_NO_BODY;
	h->content_length = 0;
	h->keep_alive = h->expect_continue = 0;
	memset(h->slots, 0, sizeof h->slots);
	h->opaque[MHTTP_AT] = h->opaque[MHTTP_SEEN] = 0;
	h->opaque[MHTTP_BASE] = (uintptr_t)p;
	h->opaque[MHTTP_STATE] = MHTTP_BEGUN;
}

static void move_span(struct mummy_http_span *s, uintptr_t from, const char *to)
{
	if (s->p)
		s->p = to + ((uintptr_t)s->p - from);
}

/* The octets may lie elsewhere than in the call before. */
static void move_spans(struct mummy_http_head *h, const char *p)
{
	uintptr_t from = h->opaque[MHTTP_BASE];

	if (from == (uintptr_t)p)
		return;
	move_span(&h->method, from, p);
	move_span(&h->target, from, p);
	move_span(&h->path, from, p);
	move_span(&h->query, from, p);
	move_span(&h->authority, from, p);
	move_span(&h->reason, from, p);
	for (size_t i = 0; i < h->nfields; i++) {
		move_span(&h->fields[i].name, from, p);
		move_span(&h->fields[i].value, from, p);
	}
	h->opaque[MHTTP_BASE] = (uintptr_t)p;
}

static int line_is_open(struct mummy_http_head *h, const char *p, const char *end)
{
	size_t seen = h->opaque[MHTTP_SEEN];
	int open = mhttp_line_is_open(p, end, &seen);

	h->opaque[MHTTP_SEEN] = seen;
	return open;
}

static inline int parse_lines(struct mummy_http_head *h, const char **at, const char *end,
			      mhttp_start_line *start, const struct mhttp_scanner *scanner)
{
	if (!(h->opaque[MHTTP_STATE] & MHTTP_START_LINE)) {
		int rc = start(h, at, end, scanner);

		if (rc <= 0)
			return rc;
		h->opaque[MHTTP_STATE] |= MHTTP_START_LINE;
	}
	return scanner->fields(h, at, end);
}

/* Nothing more can be said yet: may more come? */
static int incomplete(struct mummy_http_head *h, size_t n, size_t max)
{
	if (!(h->opaque[MHTTP_STATE] & MHTTP_START_LINE) && n - h->opaque[MHTTP_AT] >= mhttp_line_room(h))
		return mhttp_head_fail(h, 414);
	return n >= max ? mhttp_head_fail(h, 431) : 0;
}

int mhttp_head_parse(struct mummy_http_head *h, const char *p, size_t n, mhttp_start_line *start,
		     const struct mhttp_scanner *scanner)
{
	size_t max = h->max_head_bytes ? h->max_head_bytes : MHTTP_MAX_HEAD_BYTES;
	const char *end, *at;
	int rc;

	if (max > INT_MAX)
		max = INT_MAX;
	end = p + (n < max ? n : max);
	at = p;
	if (h->opaque[MHTTP_STATE] == 0) {
		begin(h, p);
	} else {
		if (line_is_open(h, p, end))
			return incomplete(h, n, max);
		move_spans(h, p);
		at += h->opaque[MHTTP_AT];
	}
	rc = parse_lines(h, &at, end, start, scanner);
	if (rc > 0)
		return (int)(at - p);
	if (rc < 0)
		return rc;
	h->opaque[MHTTP_AT] = (uintptr_t)(at - p);
	h->opaque[MHTTP_SEEN] = mhttp_line_seen(p, end);
	return incomplete(h, n, max);
}
