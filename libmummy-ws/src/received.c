/*
 * Compressed messages. One that is given whole is inflated when all of it is there, so that what waits
 * for the rest costs no more than what came; the shared inflater is free again at once. One in pieces
 * needs an inflater until its end.
 */
#include <config.h>
#include <stdlib.h>
#include <string.h>
#include "conn.h"

enum { WIDEST = 15 };

struct whole {
	struct mws_sink sink;
	size_t max;
	unsigned char *block;           /* from malloc; NULL: the io's own buffer */
};

struct pieces {
	struct mws_sink sink;
	mummy_ws_conn *c;
};

uint64_t mws_received_max(const mummy_ws_conn *c, int deflated)
{
	uint64_t max = c->ep->opt.max_message_bytes;

	/* What can't be compressed grows a little. */
	return deflated && max < UINT64_MAX / 2 ? max + max / 64 + 1024 : max;
}

static unsigned code_of(int rc)
{
	return rc == 0 ? 0 : rc == -EMSGSIZE ? 1009 : rc == -EILSEQ ? 1007 : 1011;
}

/* The connection's own inflater, made if need be, or that of the io. */
static struct mws_inflater *inflater_of(mummy_ws_conn *c)
{
	struct mws_inflater **at = c->tail->in_keeps ? &c->tail->own.in : &c->io->inflater;

	if (!*at)
		*at = mws_inflater_new(c->tail->in_keeps ? c->tail->in_bits : WIDEST);
	else if (!c->tail->in_keeps)
		mws_inflater_reset(*at);
	return *at;
}

static int io_buffer(mummy_ws_io *io)
{
	if (!io->inflated)
		io->inflated = malloc(MWS_INFLATED);
	return io->inflated ? 0 : -ENOMEM;
}

/* ---- Given whole ------------------------------------------------------------------------------ */

/* One octet more than is allowed shows that there are too many. */
static int grow(struct mws_sink *s)
{
	struct whole *w = MUMMY_CONTAINER_OF(s, struct whole, sink);
	size_t size = s->size * 2;
	unsigned char *p;

	if (s->len > w->max)
		return -EMSGSIZE;
	if (size > w->max)
		size = w->max + 1;
	p = realloc(w->block, size);
	if (!p)
		return -ENOMEM;
	if (!w->block)
		memcpy(p, s->buf, s->len);
	w->block = s->buf = p;
	s->size = size;
	return 0;
}

static int text_ok(const unsigned char *p, size_t n)
{
	uint32_t state = 0;

	return mummy_ws_utf8(&state, p, n) == 0 && state == 0;
}

unsigned mws_received_whole(mummy_ws_conn *c, enum mummy_ws_opcode op, const uint8_t *p, size_t n)
{
	struct whole w = { .sink = { .size = MWS_INFLATED, .full = grow },
			   .max = c->ep->opt.max_message_bytes };
	struct mws_inflater *z = inflater_of(c);
	int rc = z ? io_buffer(c->io) : -ENOMEM;

	if (rc < 0)
		return code_of(rc);
	w.sink.buf = c->io->inflated;
	rc = mws_inflate(z, p, n, 1, &w.sink);
	if (rc == 0 && w.sink.len > w.max)
		rc = -EMSGSIZE;
	if (rc == 0 && op == MUMMY_WS_TEXT && !text_ok(w.sink.buf, w.sink.len))
		rc = -EILSEQ;
	if (rc < 0) {
		free(w.block);
		return code_of(rc);
	}
	return mws_event(c, MWS_EV_MESSAGE, op, w.sink.buf, w.sink.len, w.block) < 0 ? 1011 : 0;
}

/* ---- In pieces -------------------------------------------------------------------------------- */

static int give(struct mws_sink *s)
{
	struct pieces *p = MUMMY_CONTAINER_OF(s, struct pieces, sink);
	struct mws_rx *rx = p->c->rx;

	rx->inflated += s->len;
	if (rx->inflated > p->c->ep->opt.max_message_bytes)
		return -EMSGSIZE;
	if (rx->op == MUMMY_WS_TEXT && mummy_ws_utf8(&rx->utf8, s->buf, s->len) < 0)
		return -EILSEQ;
	if (s->len && mws_event(p->c, MWS_EV_DATA, (enum mummy_ws_opcode)rx->op, s->buf, s->len, NULL) < 0)
		return -ENOMEM;
	s->len = 0;
	return 0;
}

static struct mws_inflater *inflater_for_pieces(mummy_ws_conn *c)
{
	if (c->tail->in_keeps)
		return inflater_of(c);
	if (!c->rx->inflater)
		c->rx->inflater = mws_inflater_new(c->tail->in_bits);
	return c->rx->inflater;
}

unsigned mws_received_piece(mummy_ws_conn *c, const uint8_t *p, size_t n, int last)
{
	struct pieces to = { .sink = { .size = MWS_INFLATED, .full = give }, .c = c };
	struct mws_inflater *z = inflater_for_pieces(c);
	int rc = z ? io_buffer(c->io) : -ENOMEM;

	if (rc < 0)
		return code_of(rc);
	to.sink.buf = c->io->inflated;
	rc = mws_inflate(z, p, n, last, &to.sink);
	if (rc == 0)
		rc = give(&to.sink);
	if (last || rc < 0) {
		mws_inflater_free(c->rx->inflater);
		c->rx->inflater = NULL;
	}
	return code_of(rc);
}
