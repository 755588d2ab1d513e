#include <config.h>
#include <errno.h>
#include <limits.h>
#include "field_line.h"
#include "parse.h"
#include "scan.h"

#define MAX_HEAD_BYTES 32768
#define MAX_LINE_BYTES 8192
#define MAX_SLOTTED (UINT16_MAX - 1) /* a slot holds an index + 1 in 16 bits */

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

size_t mhttp_line_room(const struct mummy_http_head *h)
{
	size_t max = h->max_line_bytes ? h->max_line_bytes : MAX_LINE_BYTES;

	return max < SIZE_MAX - 2 ? max + 2 : SIZE_MAX;
}

int mhttp_line_end(struct mummy_http_head *h, const char *p, const char *end)
{
	int rc = mhttp_crlf(p, end);

	return rc < 0 ? mhttp_head_fail(h, 400) : rc;
}

/* ---- Slots ------------------------------------------------------------------------------------ */

struct slot_name {
	char name[20];
	unsigned char length, slot;
};
static const struct slot_name slot_names[MUMMY_HTTP_SLOTS + 1] = {
	{"", 0, 0},
	{"host", 4, MUMMY_HTTP_SLOT_HOST},
	{"range", 5, MUMMY_HTTP_SLOT_RANGE},
	{"expect", 6, MUMMY_HTTP_SLOT_EXPECT},
	{"upgrade", 7, MUMMY_HTTP_SLOT_UPGRADE},
	{"if-range", 8, MUMMY_HTTP_SLOT_IF_RANGE},
	{"if-match", 8, MUMMY_HTTP_SLOT_IF_MATCH},
	{"connection", 10, MUMMY_HTTP_SLOT_CONNECTION},
	{"content-type", 12, MUMMY_HTTP_SLOT_CONTENT_TYPE},
	{"if-none-match", 13, MUMMY_HTTP_SLOT_IF_NONE_MATCH},
	{"content-length", 14, MUMMY_HTTP_SLOT_CONTENT_LENGTH},
	{"accept-encoding", 15, MUMMY_HTTP_SLOT_ACCEPT_ENCODING},
	{"content-encoding", 16, MUMMY_HTTP_SLOT_CONTENT_ENCODING},
	{"transfer-encoding", 17, MUMMY_HTTP_SLOT_TRANSFER_ENCODING},
	{"if-modified-since", 17, MUMMY_HTTP_SLOT_IF_MODIFIED_SINCE},
	{"if-unmodified-since", 19, MUMMY_HTTP_SLOT_IF_UNMODIFIED_SINCE},
};
/* First entry of a length; another of that length may follow it. */
static const unsigned char slot_by_length[20] = {0, 0, 0, 0, 1,  2,  3,  4,  5, 0,
						 7, 0, 8, 9, 10, 11, 12, 13, 0, 15};

/* Letters in lower case; other token octets that change so are in no name of ours. */
static inline uint64_t lower_word(const char *p)
{
	uint64_t word;

	memcpy(&word, p, 8);
	return word | MHTTP_ONES * 0x20;
}

static inline int same_name(const char *p, const struct slot_name *s)
{
	uint64_t first, last;

	if (s->length < 8) {
		for (unsigned i = 0; i < s->length; i++)
			if ((p[i] | 0x20) != s->name[i])
				return 0;
		return 1;
	}
	memcpy(&first, s->name, 8);
	memcpy(&last, s->name + s->length - 8, 8);
	if (lower_word(p) != first || lower_word(p + s->length - 8) != last)
		return 0;
	return s->length <= 16 || lower_word(p + 8) == lower_word(s->name + 8);
}

/* Slot of a field name; MUMMY_HTTP_SLOTS: none. */
static inline unsigned slot_of(const char *p, size_t n)
{
	unsigned i = n < sizeof slot_by_length ? slot_by_length[n] : 0;

	if (i == 0)
		return MUMMY_HTTP_SLOTS;
	for (; i <= MUMMY_HTTP_SLOTS && slot_names[i].length == n; i++)
		if (same_name(p, &slot_names[i]))
			return slot_names[i].slot;
	return MUMMY_HTTP_SLOTS;
}

/* ---- Field lines ------------------------------------------------------------------------------ */

static int keep_field(struct mummy_http_head *h, size_t max_fields, const struct mummy_http_field *f)
{
	unsigned slot = slot_of(f->name.p, f->name.n);

	if (h->nfields == max_fields)
		return mhttp_head_fail(h, 431);
	h->fields[h->nfields++] = *f;
	if (slot < MUMMY_HTTP_SLOTS) {
		int status = mhttp_note_field(h, (enum mummy_http_slot)slot, f->value);

		if (status)
			return mhttp_head_fail(h, status);
		if (h->slots[slot] == 0)
			h->slots[slot] = (uint16_t)h->nfields;
	}
	return 0;
}

/* All whole field lines at *at: 1 the empty line too, 0 incomplete, or failed. */
static int parse_fields(struct mummy_http_head *h, const char **at, const char *end)
{
	size_t max_fields = h->max_fields < MAX_SLOTTED ? h->max_fields : MAX_SLOTTED;

	for (;;) {
		struct mummy_http_field f;
		const char *next;
		int rc = mhttp_field_line(*at, end, &f, &next);

		if (rc == MHTTP_LINE_OPEN)
			return 0;
		if (rc == MHTTP_LINE_BAD)
			return mhttp_head_fail(h, 400);
		*at = next;
		if (rc == MHTTP_LINE_EMPTY)
			return 1;
		rc = keep_field(h, max_fields, &f);
		if (rc < 0)
			return rc;
	}
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

static int parse_lines(struct mummy_http_head *h, const char **at, const char *end, mhttp_start_line *start)
{
	if (!(h->opaque[MHTTP_STATE] & MHTTP_START_LINE)) {
		int rc = start(h, at, end);

		if (rc <= 0)
			return rc;
		h->opaque[MHTTP_STATE] |= MHTTP_START_LINE;
	}
	return parse_fields(h, at, end);
}

/* Nothing more can be said yet: may more come? */
static int incomplete(struct mummy_http_head *h, size_t n, size_t max)
{
	if (!(h->opaque[MHTTP_STATE] & MHTTP_START_LINE) && n - h->opaque[MHTTP_AT] >= mhttp_line_room(h))
		return mhttp_head_fail(h, 414);
	return n >= max ? mhttp_head_fail(h, 431) : 0;
}

int mhttp_head_parse(struct mummy_http_head *h, const char *p, size_t n, mhttp_start_line *start)
{
	size_t max = h->max_head_bytes ? h->max_head_bytes : MAX_HEAD_BYTES;
	const char *end, *at;
	int rc;

	if (max > INT_MAX)
		max = INT_MAX;
	end = p + (n < max ? n : max);
	if (h->opaque[MHTTP_STATE] == 0)
		begin(h, p);
	else if (line_is_open(h, p, end))
		return incomplete(h, n, max);
	move_spans(h, p);
	at = p + h->opaque[MHTTP_AT];
	rc = parse_lines(h, &at, end, start);
	if (rc > 0)
		return (int)(at - p);
	if (rc < 0)
		return rc;
	h->opaque[MHTTP_AT] = (uintptr_t)(at - p);
	h->opaque[MHTTP_SEEN] = mhttp_line_seen(p, end);
	return incomplete(h, n, max);
}
