/* What waits until the peer has read: an answer to its pings, and the drain event. */
#include <config.h>
#include "conn.h"
#include "key.h"

int mws_out_pong(mummy_ws_conn *c, const void *p, size_t n)
{
	struct mws_out o = { .kind = MWS_PONG, .data = p,
			     .f = { .opcode = MUMMY_WS_PONG, .fin = 1, .length = n } };
	struct mws_block *b;

	if (mummy_ws_pending(c) <= c->ep->opt.high_water_bytes)
		return mws_out_send(c, &o);
	/* A peer that asks but does not read gets one answer, to the last (RFC 6455 section 5.5.3). */
	o.f.masked = c->ep->opt.client != 0;
	if (o.f.masked && mws_random(o.f.mask, sizeof o.f.mask) < 0)
		return -EIO;
	b = mws_block_new(&o);
	if (!b)
		return -ENOMEM;
	mws_lock(c);
	if (!(mws_flags(c) & (MWS_EOF | MWS_CLOSING)) && mws_tx(c)) {
		struct mws_block *last = mws_tx_at(c)->pong;

		mws_tx_count(c, mws_block_size(b), last ? mws_block_size(last) : 0);
		mws_tx_at(c)->pong = b;
		b = last;
		mws_set(c, MWS_PONG_DUE);
	}
	mws_unlock(c);
	if (b)
		mws_block_unref(b);
	mws_io_wake(c, 0);
	return 0;
}

int mws_out_check(mummy_ws_conn *c)
{
	unsigned flags = mws_flags(c);
	size_t n;

	if (!(flags & (MWS_HIGH | MWS_PONG_DUE)) || (flags & MWS_EOF))
		return 0;
	n = mummy_ws_pending(c);
	if (n && ((flags & MWS_HIGH_OUTPUT) || n > c->ep->opt.high_water_bytes))
		return 1;
	flags = mws_clear(c, MWS_HIGH | MWS_HIGH_OUTPUT | MWS_PONG_DUE);
	mws_lock(c);
	if (mws_tx_at(c) && mws_tx_at(c)->pong) {
		mws_fifo_push(&mws_tx_at(c)->ready, mws_tx_at(c)->pong);
		mws_tx_at(c)->pong = NULL;
	}
	mws_unlock(c);
	mws_out_resume(c);
	if (flags & MWS_HIGH)
		mws_event_due(c, MWS_DRAIN_DUE);
	return 0;
}
