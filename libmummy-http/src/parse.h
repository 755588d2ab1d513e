/*
 * parse.h - what the parsers of request and response heads share. Private.
 *
 * A head is parsed line by line. Lines that were whole are never looked at again; what was seen of
 * the line that is not is only searched for its end, so octets that come one by one cost no more than
 * all at once.
 */
#ifndef MHTTP_PARSE_H
#define MHTTP_PARSE_H
#include <mummy/http-parser.h>
#include "authority.h"

enum { MHTTP_MAX_HEAD_BYTES = 32768, MHTTP_MAX_LINE_BYTES = 8192 };

/* Words of mummy_http_head.opaque. */
enum {
	MHTTP_AT,    /* offset of the first line that was not whole */
	MHTTP_SEEN,  /* octets of it that hold no end of line */
	MHTTP_BASE,  /* where the head lay when spans were made */
	MHTTP_STATE  /* bits below; 0: before the first call */
};
enum {
	MHTTP_BEGUN = 1,
	MHTTP_EMPTY_LINE = 2,   /* the one before the start line */
	MHTTP_START_LINE = 4,   /* is parsed */
	MHTTP_ABSOLUTE = 8,     /* authority came with the target */
	MHTTP_RESPONSE = 16,
	MHTTP_CLOSE = 32,       /* Connection has these */
	MHTTP_KEEP = 64,
	MHTTP_EXPECT_100 = 128
};

/* Parses a start line at *at, of which end bounds what there is: 1 and *at behind it; 0 incomplete;
 * or mhttp_head_fail. */
struct mhttp_scanner;
typedef int mhttp_start_line(struct mummy_http_head *h, const char **at, const char *end,
			     const struct mhttp_scanner *scanner);

/* Length of the head; 0 incomplete; or mhttp_head_fail. The framing is left to the caller. */
int mhttp_head_parse(struct mummy_http_head *h, const char *p, size_t n, mhttp_start_line *start,
		     const struct mhttp_scanner *scanner);
/* Octets that a start line may take, its end included. */
static inline size_t mhttp_line_room(const struct mummy_http_head *h)
{
	size_t max = h->max_line_bytes ? h->max_line_bytes : MHTTP_MAX_LINE_BYTES;

	return max < SIZE_MAX - 2 ? max + 2 : SIZE_MAX;
}
/* Is p the end of a line? 1; 0 incomplete; or mhttp_head_fail. */
int mhttp_line_end(struct mummy_http_head *h, const char *p, const char *end);
/* Notes the status to answer and gives the errno. */
int mhttp_head_fail(struct mummy_http_head *h, int status);
/* For a caller that found a whole head to be good. */
void mhttp_head_done(struct mummy_http_head *h);

/* Fields, as they come (framing.c): 0, or the status to answer. */
int mhttp_note_field(struct mummy_http_head *h, enum mummy_http_slot slot, struct mummy_http_span value);
/* At the end of the head: 0, or the status to answer. */
int mhttp_frame_request(struct mummy_http_head *h);
int mhttp_frame_response(struct mummy_http_head *h, const char *request_method);

/* Compares with lower-case text of n octets, letters in any case. */
int mhttp_same(struct mummy_http_span s, const char *lower, size_t n);
#define MHTTP_SAME(s, lower) mhttp_same((s), (lower), sizeof(lower) - 1)
#endif
