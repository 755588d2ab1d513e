/*
 * fuzz_http_body.h - a decoder gives the same for an input whole and in pieces of any size.
 */
#ifndef MUMMY_FUZZ_HTTP_BODY_H
#define MUMMY_FUZZ_HTTP_BODY_H
#include "fuzz.h"
#include <mummy/http-parser.h>

typedef int fuzz_step(void *d, const char *p, size_t n, size_t *used, struct mummy_http_body_part *out);

/* A sum over what was given, in order; pieces of data count octet by octet. */
struct fuzz_sum {
	uint64_t hash;
	size_t used;
	int last;
};

static inline void fuzz_add(struct fuzz_sum *s, struct mummy_http_span span)
{
	for (size_t i = 0; i < span.n; i++)
		s->hash = (s->hash ^ (unsigned char)span.p[i]) * 1099511628211u;
}

static inline void fuzz_offer(struct fuzz_sum *s, fuzz_step *step, void *d, const uint8_t *data, size_t have)
{
	char *copy = fuzz_copy(data + s->used, have - s->used);
	size_t n = have - s->used, at = 0, used;

	for (;;) {
		struct mummy_http_body_part part;

		s->last = step(d, copy + at, n - at, &used, &part);
		FUZZ_CHECK(used <= n - at);
		at += used;
		if (s->last <= 0 || s->last == MUMMY_HTTP_END)
			break;
		if (s->last != MUMMY_HTTP_DATA)
			s->hash = s->hash * 31 + (unsigned)s->last;
		if (s->last == MUMMY_HTTP_FIELD) {
			fuzz_add(s, part.field.name);
			fuzz_add(s, part.field.value);
		} else if (s->last == MUMMY_HTTP_DATA) {
			FUZZ_CHECK(part.data.n && part.data.p >= copy &&
				   part.data.p + part.data.n <= copy + at);
			fuzz_add(s, part.data);
		}
	}
	s->used += at;
	free(copy);
}

static inline struct fuzz_sum fuzz_decode(fuzz_step *step, void *d, const uint8_t *data, size_t size,
					  size_t piece)
{
	struct fuzz_sum s = {0, 0, 0};

	for (size_t have = 0;; have = size - have < piece ? size : have + piece) {
		fuzz_offer(&s, step, d, data, have);
		if (s.last != MUMMY_HTTP_MORE || have == size)
			return s;
	}
}

/* An error in a line that has not ended may be seen only when the line is whole. */
static inline void fuzz_compare(struct fuzz_sum whole, struct fuzz_sum split)
{
	FUZZ_CHECK(whole.hash == split.hash);
	if (whole.last >= 0)
		FUZZ_CHECK(whole.last == split.last && whole.used == split.used);
	else
		FUZZ_CHECK(split.last <= 0);
}
#endif
