/* body.c - request bodies: the framing, whole bodies, and the rest of those that nobody wanted. */
#include <config.h>
#include <stdlib.h>
#include "internal.h"

enum { DRAIN_BYTES = 64 * 1024 };

int mhttp_body_start(struct mhttp_conn *c, const mummy_http_exchange *x, uint64_t max)
{
	struct mhttp_io *io = mhttp_io(c);
	struct mhttp_body *b;

	if (!io)
		return -ENOMEM;
	b = calloc(1, sizeof *b + (x->head.framing == MUMMY_HTTP_CHUNKED ? sizeof b->chunked[0] : 0));
	if (!b)
		return -ENOMEM;
	b->framing = x->head.framing;
	b->left = x->head.framing == MUMMY_HTTP_LENGTH ? x->head.content_length : 0;
	b->complete = x->head.framing == MUMMY_HTTP_NO_BODY
		      || (x->head.framing == MUMMY_HTTP_LENGTH && b->left == 0);
	b->max = max;
	b->expect = x->head.expect_continue && !b->complete;
	b->window_ms = mhttp_now();
	free(io->body);
	io->body = b;
	return 0;
}

/* Is the rest so short that reading it over is cheaper than a new connection? */
int mhttp_body_is_short(const struct mhttp_body *b)
{
	return !b->expect && b->framing == MUMMY_HTTP_LENGTH && b->left <= DRAIN_BYTES;
}

static int add_trailer(mummy_http_exchange *x, const struct mummy_http_field *f)
{
	if (!x)
		return 0;
	if (mhttp_text_add(&x->trailers, f->name.p, f->name.n) < 0 || mhttp_text_add(&x->trailers, "", 1) < 0
	    || mhttp_text_add(&x->trailers, f->value.p, f->value.n) < 0
	    || mhttp_text_add(&x->trailers, "", 1) < 0)
		return -503;
	return 0;
}

static int feed_chunked(struct mhttp_body *b, mummy_http_exchange *x, char *p, size_t n, size_t *used,
			struct mummy_http_span *piece)
{
	struct mummy_http_body_part part;
	size_t took;

	for (*used = 0;; ) {
		int rc = mummy_http_chunked_next(b->chunked, p + *used, n - *used, &took, &part);

		if (rc < 0)
			return rc == -EMSGSIZE ? -431 : -400;
		*used += took;
		switch (rc) {
		case MUMMY_HTTP_DATA:
			b->got += part.data.n;
			*piece = part.data;
			return b->got > b->max ? -413 : 1;
		case MUMMY_HTTP_FIELD:
			rc = add_trailer(x, &part.field);
			if (rc < 0)
				return rc;
			break;
		case MUMMY_HTTP_END:
			b->complete = 1;
			return 0;
		default:
			return 0;
		}
	}
}

int mhttp_body_feed(struct mhttp_body *b, mummy_http_exchange *x, char *p, size_t n, size_t *used,
		    struct mummy_http_span *piece)
{
	*used = 0;
	if (b->complete || n == 0)
		return 0;
	b->expect = 0;                       /* it comes unasked */
	if (b->framing == MUMMY_HTTP_CHUNKED)
		return feed_chunked(b, x, p, n, used, piece);
	*used = b->left < n ? (size_t)b->left : n;
	b->left -= *used;
	b->got += *used;
	b->complete = b->left == 0;
	*piece = (struct mummy_http_span){ p, *used };
	return 1;
}

/* Room for n more octets, charged to the server's budget. -EAGAIN: that is spent. */
static int body_reserve(mummy_http_exchange *x, size_t n)
{
	struct mummy_http_server *s = x->loop->server;
	const struct mhttp_body *b = x->conn->io->body;
	size_t cap = x->body_cap ? x->body_cap : 256, more;
	char *body;

	if (b->framing == MUMMY_HTTP_LENGTH && n > b->left)
		n = (size_t)b->left;
	if (x->body_cap - x->body_n >= n)
		return 0;
	while (cap - x->body_n < n)
		cap *= 2;
	if (b->framing == MUMMY_HTTP_LENGTH && cap > x->head.content_length)
		cap = (size_t)x->head.content_length;
	more = cap - x->body_cap;
	if (atomic_fetch_add(&s->buffered, more) + more > s->opt.max_buffered_bytes) {
		atomic_fetch_sub(&s->buffered, more);
		return -EAGAIN;
	}
	body = realloc(x->body, cap);
	if (!body) {
		atomic_fetch_sub(&s->buffered, more);
		return -EAGAIN;
	}
	x->body = body;
	x->body_owned = 1;
	x->body_cap = cap;
	x->body_charged += more;
	return 0;
}

static const char *body_error(int status)
{
	switch (status) {
	case 413:
		return "the body is too large";
	case 431:
		return "the trailers or chunk extensions are too large";
	case 503:
		return "out of memory for a body";
	default:
		return "malformed chunked body";
	}
}

static int body_append(mummy_http_exchange *x)
{
	struct mummy_http_loop *l = x->loop;
	struct mhttp_body *b = x->conn->io->body;
	struct mummy_http_span piece;
	size_t used;
	int rc;

	while ((rc = mhttp_body_feed(b, x, l->at, (size_t)(l->end - l->at), &used, &piece)) > 0) {
		memcpy(x->body + x->body_n, piece.p, piece.n);
		x->body_n += piece.n;
		l->at += used;
	}
	if (rc == 0)
		l->at += used;
	return rc;
}

static int keep_rest(struct mhttp_conn *c)
{
	struct mummy_http_loop *l = c->loop;

	if (mhttp_io_keep(c, l->at, (size_t)(l->end - l->at)) < 0) {
		mhttp_conn_close(c, -ENOMEM);
		return -ENOMEM;
	}
	l->at = l->end;
	mhttp_io_fit(c->io);
	return 0;
}

/* What lies between l->at and l->end goes to the whole body. 1 more is wanted now; 0 not from here. */
int mhttp_body_some(struct mhttp_conn *c)
{
	struct mummy_http_loop *l = c->loop;
	mummy_http_exchange *x = c->x;
	int rc = body_reserve(x, (size_t)(l->end - l->at));

	if (rc < 0) {
		if (!(c->flags & MHTTP_NO_MEMORY))
			atomic_store_explicit(&c->since_ms, mhttp_now(), memory_order_relaxed);
		c->flags |= MHTTP_NO_MEMORY | MHTTP_UNPARSED;
		if (keep_rest(c) == 0) {
			c->io->body->window_ms = mhttp_now();
			mhttp_wheel_move(l, c);
		}
		return 0;
	}
	rc = body_append(x);
	if (rc < 0) {
		mhttp_error_conn(c, -rc, body_error(-rc));
		return 0;
	}
	if (c->io->body->complete)
		return mhttp_request_ready(c, x);
	return keep_rest(c) == 0;
}

void mhttp_body_turn(struct mhttp_conn *c)
{
	int waited = c->flags & MHTTP_NO_MEMORY, reads = 0;

	if (!mhttp_loop_ready(c->loop)) {
		mhttp_conn_close(c, -ENOMEM);
		return;
	}
	if (c->flags & MHTTP_UNPARSED) {
		mhttp_unkeep(c);
		c->flags &= (uint8_t)~MHTTP_NO_MEMORY;
		if (waited)
			c->flags |= MHTTP_NO_MEMORY;
		if (!mhttp_body_some(c))
			return;
		c->flags &= (uint8_t)~MHTTP_NO_MEMORY;
	}
	while (atomic_load_explicit(&c->word, memory_order_relaxed) & MHTTP_EVENT) {
		int rc = mhttp_read_some(c);

		if (rc < 0) {
			mhttp_conn_close(c, rc);
			return;
		}
		if (rc == 0 || !mhttp_body_some(c))
			return;
		if (reads++ == MHTTP_TURN_READS) {
			mhttp_conn_again(c);
			return;
		}
	}
}

/* 1: more of the rest is wanted; 0: no more from here. */
static int drain_some(struct mhttp_conn *c)
{
	struct mummy_http_loop *l = c->loop;
	struct mummy_http_span piece;
	size_t used = 0;
	int rc;

	while ((rc = mhttp_body_feed(c->io->body, NULL, l->at, (size_t)(l->end - l->at), &used, &piece)) > 0)
		l->at += used;
	if (rc < 0) {
		mhttp_conn_close(c, -EBADMSG);
		return 0;
	}
	l->at += used;
	if (keep_rest(c) < 0)
		return 0;
	if (!c->io->body->complete)
		return 1;
	c->phase = MHTTP_HEAD;
	if (mhttp_io_kept(c->io))
		c->flags |= MHTTP_UNPARSED;
	mhttp_read_heads(c);
	return 0;
}

void mhttp_body_drain(struct mhttp_conn *c)
{
	if (!mhttp_loop_ready(c->loop)) {
		mhttp_conn_close(c, -ENOMEM);
		return;
	}
	if (c->flags & MHTTP_UNPARSED) {
		mhttp_unkeep(c);
		if (!drain_some(c))
			return;
	}
	while (atomic_load_explicit(&c->word, memory_order_relaxed) & MHTTP_EVENT) {
		int rc = mhttp_read_some(c);

		if (rc < 0) {
			mhttp_conn_close(c, 0);
			return;
		}
		if (rc == 0 || !drain_some(c))
			return;
	}
}
