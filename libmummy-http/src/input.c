/* input.c - reading heads: what was kept, what the socket gives, what is left over. Loop only. */
#include <config.h>
#include <stdlib.h>
#include "internal.h"
#include "scanner.h"

/* HEADS_BYTES: what comes behind a request that is handed out is kept for as long as it takes, so that no
 * more of it is read than what makes a read worth while. */
enum { GATHER_ENOUGH = 32 * 1024, HEADS_BYTES = 16 * 1024 };

static const char *head_error(int status)
{
	switch (status) {
	case 414:
		return "the request line is too long";
	case 431:
		return "the head is too large";
	case 501:
		return "the method or the transfer coding is not implemented";
	case 505:
		return "the HTTP version is not supported";
	default:
		return "malformed head";
	}
}

/* What is left begins a head that has not come whole. */
static int keep_partial(struct mhttp_conn *c)
{
	struct mummy_http_loop *l = c->loop;
	size_t n = (size_t)(l->end - l->at);

	if (mhttp_io_keep(c, l->at, n) < 0) {
		mhttp_conn_close(c, -ENOMEM);
		return 0;
	}
	l->at = l->end;
	if (!(c->flags & MHTTP_PARTIAL)) {
		c->flags |= MHTTP_PARTIAL;
		atomic_store_explicit(&c->since_ms, mhttp_now(), memory_order_relaxed);
		mhttp_wheel_move(l, c);
	}
	return 1;
}

/* The answers so far went out, or the socket is full: then nothing more is read before it has taken them. */
static int flushed(struct mhttp_conn *c)
{
	struct mummy_http_loop *l = c->loop;

	mhttp_gather_flush(c);
	if (c->flags & MHTTP_CLOSE) {
		if (l->at < l->end)
			c->flags |= MHTTP_UNREAD;
		if (!mhttp_conn_output(c))
			mhttp_conn_finish(c);
		return 0;
	}
	if (!mhttp_conn_output(c))
		return 1;
	if (mhttp_io_keep(c, l->at, (size_t)(l->end - l->at)) < 0)
		mhttp_conn_close(c, -ENOMEM);
	else if (l->at < l->end)
		c->flags |= MHTTP_UNPARSED;
	l->at = l->end;
	return 0;
}

/* Serves what lies between l->at and l->end. 0: the connection is not to be read from now. */
static int parse_all(struct mhttp_conn *c)
{
	struct mummy_http_loop *l = c->loop;
	const struct mummy_http_options *opt = &l->server->opt;

	while (l->at < l->end) {
		/* where it is wanted, if its request is served inline */
		struct mummy_http_head *h = &l->inline_x->head;
		int n;

		h->fields = l->fields;
		h->max_fields = opt->max_fields;
		h->max_line_bytes = opt->max_line_bytes;
		h->max_head_bytes = opt->max_head_bytes;
		n = mhttp_parse_request(l->scanner, h, l->at, (size_t)(l->end - l->at));
		if (n == 0) {
			memset(h->opaque, 0, sizeof h->opaque);  /* the next one is another's */
			return keep_partial(c);
		}
		if (n < 0) {
			mhttp_error_conn(c, h->status, head_error(h->status));
			return 0;
		}
		if (!mhttp_request(c, h, (size_t)n))
			return 0;
		if (((c->flags & MHTTP_CLOSE) || l->gather_n >= GATHER_ENOUGH || mhttp_conn_output(c))
		    && !flushed(c))
			return 0;
	}
	return 1;
}

/* Puts what was kept at the front of the receive buffer; it stays kept until more came. */
static size_t kept(struct mhttp_conn *c, struct mhttp_recv *b)
{
	const struct mhttp_kept *in = c->io ? c->io->in : NULL;

	if (!in || !in->n)
		return 0;
	memcpy(b->p, in->p + in->at, in->n);
	return in->n;
}

void mhttp_unkeep(struct mhttp_conn *c)
{
	struct mummy_http_loop *l = c->loop;

	l->at = l->recv->p;
	l->end = l->at + kept(c, l->recv);
	l->dry = !(atomic_load(&c->word) & MHTTP_EVENT);
	if (c->io && c->io->in)
		c->io->in->n = 0;
	c->flags &= (uint8_t)~MHTTP_UNPARSED;
}

/* What was taken along is made anew. */
int mhttp_loop_refill(struct mummy_http_loop *l)
{
	const struct mummy_http_options *opt = &l->server->opt;

	if (!l->fields)
		l->fields = malloc(opt->max_fields * sizeof *l->fields);
	if (!l->inline_x) {
		l->inline_x = mhttp_exchange_new(l, (struct mhttp_room){ .params = MHTTP_MAX_PARAMS,
			.spare = 3 * opt->max_line_bytes + opt->max_head_bytes + MHTTP_PEER_ROOM });
		if (l->inline_x)
			l->inline_x->is_inline = 1;
	}
	return l->fields && l->inline_x && mhttp_loop_recv(l);
}

/* 1: l->at to l->end is to be parsed; 0: nothing there; <0: no more will come. */
int mhttp_read_some(struct mhttp_conn *c)
{
	struct mummy_http_loop *l = c->loop;
	size_t have = kept(c, l->recv), room = l->recv->size - have;
	uint32_t word;
	ssize_t n;

	if (c->phase == MHTTP_HEAD && room > HEADS_BYTES)
		room = HEADS_BYTES;
	n = mhttp_recv(c, l->recv->p + have, room);
	word = atomic_load_explicit(&c->word, memory_order_relaxed);
	/* a short read emptied the socket; with a hang-up, its end is still to be read */
	l->dry = n == -EAGAIN || (n >= 0 && (size_t)n < room && mhttp_is_plain(c) && !(word & MHTTP_GONE));
	if (l->dry)
		atomic_fetch_and_explicit(&c->word, ~(uint32_t)MHTTP_EVENT, memory_order_relaxed);
	if (n == -EAGAIN)
		return 0;
	if (n <= 0)
		return n < 0 ? (int)n : -EPIPE;
	if (c->io && c->io->in)
		c->io->in->n = 0;
	l->at = l->recv->p;
	l->end = l->at + have + n;
	return 1;
}

void mhttp_read_heads(struct mhttp_conn *c)
{
	struct mummy_http_loop *l = c->loop;
	int rc = 0, reads = 0, sent;

	if (!mhttp_loop_ready(l)) {
		mhttp_conn_close(c, -ENOMEM);
		return;
	}
	l->at = l->end = NULL;
	if (c->flags & MHTTP_UNPARSED) {
		mhttp_unkeep(c);
		if (!parse_all(c))
			return;
	}
	while (mhttp_loop_ready(l) && (atomic_load_explicit(&c->word, memory_order_relaxed) & MHTTP_EVENT)) {
		if (reads++ == MHTTP_TURN_READS) {
			mhttp_conn_again(c);
			break;
		}
		rc = mhttp_read_some(c);
		if (rc < 0)
			c->flags |= MHTTP_CLOSE;
		if (rc <= 0)
			break;
		if (!parse_all(c))
			return;
	}
	sent = l->gather_n != 0;
	if (!flushed(c))
		return;
	if (!(c->flags & MHTTP_PARTIAL)) {
		if (c->io)
			mhttp_io_trim(c);
		if (!sent)                   /* else who sent has noted when */
			atomic_store_explicit(&c->since_ms, mhttp_now(), memory_order_relaxed);
	}
}
