/*
 * Compression on the way out. Without references to earlier messages a frame is made before it is queued,
 * by a compressor of the endpoint's. With them the order in which messages are compressed is that in
 * which they have to leave: both happen under the connection's own lock, and nothing is written there.
 */
#include <config.h>
#include "conn.h"

static int is_wanted(const mummy_ws_conn *c, const struct mws_out *o)
{
	if (!(mws_flags(c) & MWS_DEFLATE) || o->frame)
		return 0;
	if (o->kind == MWS_FRAGMENT)
		return o->compress;
	return o->kind == MWS_DATA && o->f.length >= c->ep->opt.deflate_min_bytes;
}

int mws_compress_shares(const mummy_ws_conn *c, size_t n)
{
	return (mws_flags(c) & MWS_DEFLATE) && !c->tail->out_keeps && n >= c->ep->opt.deflate_min_bytes;
}

int mws_compress_owns(const mummy_ws_conn *c)
{
	return (mws_flags(c) & MWS_DEDICATED) && c->tail->out_keeps;
}

void mws_compress_lock(mummy_ws_conn *c)
{
	if (mws_compress_owns(c))
		pthread_mutex_lock(&c->tail->own.lock);
}

void mws_compress_unlock(mummy_ws_conn *c)
{
	if (mws_compress_owns(c))
		pthread_mutex_unlock(&c->tail->own.lock);
}

/* b is what goes out instead. */
static void replace(struct mws_out *o, struct mws_block *b)
{
	o->own = b;
	o->data = b->own;
	o->f.length = b->len;
	o->f.rsv1 = o->f.opcode != MUMMY_WS_CONTINUATION;
}

static void data_is_done(struct mws_out *o)
{
	if (o->done)
		o->done(o->arg);
	o->done = NULL;
}

static int pass_shared(mummy_ws_conn *c, struct mws_out *o, size_t *total)
{
	struct mws_block *b;
	int rc = mws_deflate_once(&c->ep->deflaters, c->tail->out_bits, c->ep->opt.deflate_level, o, &b);

	/* A whole message may as well go as it is. */
	if (!b && o->kind == MWS_FRAGMENT)
		return rc < 0 ? rc : -ENOMEM;
	if (b) {
		replace(o, b);
		data_is_done(o);
	}
	return mws_out_pass(c, o, total);
}

/* A message that waits behind one in pieces is not compressed: what leaves before it is not known yet. */
static int waits(mummy_ws_conn *c, const struct mws_out *o)
{
	int open;

	mws_lock(c);
	open = mws_tx_at(c) && mws_tx_at(c)->open;
	mws_unlock(c);
	return open && o->kind == MWS_DATA;
}

/* Under the connection's own lock. 1: queued; 0: it has to go as it is. */
static int queue(mummy_ws_conn *c, struct mws_out *o, size_t *total, int *rc)
{
	struct mws_deflater **z = &c->tail->own.out;
	struct mws_block *b;

	if (waits(c, o))
		return 0;
	if (!*z)
		*z = mws_deflater_new(c->tail->out_bits, c->ep->opt.deflate_level);
	if (!*z)
		return 0;
	b = mws_deflater_frame(*z, o);
	*rc = -ENOMEM;
	if (b) {
		replace(o, b);
		o->ordered = 1;
		*rc = mws_out_pass(c, o, total);
	}
	/* The peer never sees it, so nothing may refer to it. */
	if (*rc < 0)
		mws_deflater_reset(*z);
	return b != NULL;
}

static int pass_dedicated(mummy_ws_conn *c, struct mws_out *o, size_t *total)
{
	int rc = -ENOMEM, queued;

	mws_compress_lock(c);
	queued = queue(c, o, total, &rc);
	mws_compress_unlock(c);
	if (queued) {
		data_is_done(o);
		if (rc >= 0)
			mws_out_resume(c);
		return rc;
	}
	return o->kind == MWS_FRAGMENT ? rc : mws_out_pass(c, o, total);
}

int mws_compress_pass(mummy_ws_conn *c, struct mws_out *o, size_t *total)
{
	int rc;

	if (!is_wanted(c, o))
		return mws_out_pass(c, o, total);
	rc = mws_out_judge(c, o);
	if (rc < 0)
		return rc;
	return mws_compress_owns(c) ? pass_dedicated(c, o, total) : pass_shared(c, o, total);
}
