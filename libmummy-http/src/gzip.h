/*
 * gzip.h - content coding of answers (RFC 9110 section 8.4, RFC 1952).
 *
 * mhttp_gzip_choose decides; a struct mhttp_gzip, one per server, compresses, and keeps a few of zlib's
 * states for reuse. When an answer is compressed the caller
 *   - adds Content-Encoding: gzip and Vary: Accept-Encoding;
 *   - sends the new length, or chunked; for HEAD, which is decided like GET, none;
 *   - makes a strong ETag weak (W/ in front): the octets are not those it names (section 8.8.1);
 *   - leaves out Accept-Ranges: ranges count in the octets that were not sent.
 */
#ifndef MHTTP_GZIP_H
#define MHTTP_GZIP_H
#include <mummy/http-parser.h>

/* ---- The choice ------------------------------------------------------------------------------- */

enum mhttp_gzip_choice {
	MHTTP_GZIP_NEVER = 0,                /* as it is, for every client */
	MHTTP_GZIP_VARY = 1,                 /* as it is, for this client: with Vary: Accept-Encoding */
	MHTTP_GZIP_YES = 2
};
struct mhttp_gzip_question {
	struct mummy_http_span accept_encoding;  /* of the request; p NULL: absent, here and below */
	struct mummy_http_span content_type, content_encoding, cache_control;  /* of the answer */
	int status;
	uint64_t length;                     /* of the content; MUMMY_HTTP_UNKNOWN: streamed */
	uint64_t min_bytes;                  /* less is sent as it is */
};
/* gzip or x-gzip must be acceptable and weigh no less than identity; identity;q=0 is a wish and not
 * a reason to compress what else would not be (section 12.5.3). A malformed field names nothing. */
int mhttp_gzip_is_wanted(struct mummy_http_span accept_encoding);
enum mhttp_gzip_choice mhttp_gzip_choose(const struct mhttp_gzip_question *q);

/* ---- Compression ------------------------------------------------------------------------------ */

struct mhttp_gzip;                           /* counted: a stream holds it */
struct mhttp_gzip_stream;

/* level: 1 to 9; keep: how many idle states (270 KiB each) are kept at most. -EINVAL, -ENOMEM. */
int mhttp_gzip_new(struct mhttp_gzip **out, int level, unsigned keep);
struct mhttp_gzip *mhttp_gzip_ref(struct mhttp_gzip *g);
void mhttp_gzip_unref(struct mhttp_gzip *g);

/* Compresses a whole body. 0: *out, to be freed, has *out_len octets; 1: that would not be smaller, send it
 * as it is; -ENOMEM. Any thread. */
int mhttp_gzip_whole(struct mhttp_gzip *g, const void *in, size_t n, void **out, size_t *out_len);

enum mhttp_gzip_step {
	MHTTP_GZIP_MORE = 0,                 /* it may wait for more */
	MHTTP_GZIP_FLUSH = 1,                /* all of it can be decoded from what was given so far */
	MHTTP_GZIP_FINISH = 2                /* the last */
};
/* A body in pieces; one thread at a time. -ENOMEM. */
int mhttp_gzip_begin(struct mhttp_gzip *g, struct mhttp_gzip_stream **out);
/* Takes all n octets. 0: *out, to be freed, has what comes out of them; NULL and 0: nothing yet. -ENOMEM: the
 * answer cannot be completed any more; -EINVAL after that, and after the last. */
int mhttp_gzip_feed(struct mhttp_gzip_stream *s, const void *in, size_t n, enum mhttp_gzip_step step,
		void **out, size_t *out_len);
/* At any point; NULL is fine. */
void mhttp_gzip_end(struct mhttp_gzip_stream *s);
#endif
