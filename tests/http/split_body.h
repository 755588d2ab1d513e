/*
 * split_body.h - runs a body decoder over an input in pieces and writes down what it gave:
 * "[" begin, "(name=value)" field, data as it is, "." end, "!" malformed, "^" over a limit, "~" unfinished.
 */
#ifndef MUMMY_TESTS_SPLIT_BODY_H
#define MUMMY_TESTS_SPLIT_BODY_H
#include "split.h"
#include <errno.h>
#include <mummy/http-parser.h>

typedef int split_step(void *d, const char *p, size_t n, size_t *used, struct mummy_http_body_part *out);

struct split_log {
	char text[4096];
	size_t n, used, max_kept;
};

static inline void split_note(struct split_log *log, const char *p, size_t n)
{
	ck_assert_uint_lt(log->n + n, sizeof log->text);
	memcpy(log->text + log->n, p, n);
	log->n += n;
	log->text[log->n] = '\0';
}

/* Writes down one step; 0 when it was the last for these octets. */
static inline int split_step_noted(struct split_log *log, int rc, const struct mummy_http_body_part *part)
{
	switch (rc) {
	case MUMMY_HTTP_MORE:
		return 0;
	case MUMMY_HTTP_DATA:
		ck_assert_uint_gt(part->data.n, 0);
		split_note(log, part->data.p, part->data.n);
		return 1;
	case MUMMY_HTTP_FIELD:
		split_note(log, "(", 1);
		split_note(log, part->field.name.p, part->field.name.n);
		split_note(log, "=", 1);
		split_note(log, part->field.value.p, part->field.value.n);
		split_note(log, ")", 1);
		return 1;
	case MUMMY_HTTP_BEGIN:
		split_note(log, "[", 1);
		return 1;
	default:
		ck_assert(rc == MUMMY_HTTP_END || rc == -EBADMSG || rc == -EMSGSIZE);
		split_note(log, rc == MUMMY_HTTP_END ? "." : rc == -EBADMSG ? "!" : "^", 1);
		return 0;
	}
}

/* Offers p[kept..n): 1 there can be more. */
static inline int split_offer(struct split_log *log, split_step *step, void *d, const char *p, size_t n)
{
	size_t kept = n - log->used;
	char *copy = split_copy(p + log->used, kept);
	struct mummy_http_body_part part;
	size_t at = 0, used;
	int rc;

	do {
		rc = step(d, copy + at, kept - at, &used, &part);
		ck_assert_uint_le(used, kept - at);
		at += used;
	} while (split_step_noted(log, rc, &part));
	log->used += at;
	if (n - log->used > log->max_kept)
		log->max_kept = n - log->used;
	free(copy);
	return rc == MUMMY_HTTP_MORE;
}

/* One run over p: cut at `at`, then pieces of `piece` octets. */
static inline void split_run(struct split_log *log, split_step *step, void *d, const char *p, size_t n,
			     size_t at, size_t piece)
{
	size_t have = at;
	int more;

	log->n = log->used = log->max_kept = 0;
	log->text[0] = '\0';
	while ((more = split_offer(log, step, d, p, have)) && have < n)
		have = n - have < piece ? n : have + piece;
	if (more)
		split_note(log, "~", 1);
}
#endif
