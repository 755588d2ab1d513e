/* output.h - what output.c and reply.c have of each other. Internal. */
#ifndef MUMMY_WS_OUTPUT_H
#define MUMMY_WS_OUTPUT_H
#include "conn.h"

enum { MWS_HEAD_MOST = 14 };

static inline int mws_is_replying(mummy_ws_conn *c)
{
	return mws_io_is_own(c->io) && c->io->feeding == c;
}

/** Octets of replies that wait for the end of the feed. */
static inline size_t mws_gathered(const mummy_ws_io *io)
{
	return io->gathered + io->referred;
}

/** The most that o takes. */
static inline size_t mws_wire_size(const struct mws_out *o)
{
	return (size_t)o->f.length + MWS_HEAD_MOST;
}

/* ---- output.c, for the owner of the output ----------------------------------------------------- */

/** Lets go of it, with nothing left behind unless it is full. */
void mws_out_settle(mummy_ws_conn *c);
/** It is full: these, and what is behind them, go when it has drained. Lets go of it. */
void mws_out_put_back(mummy_ws_conn *c, struct mws_block **b, unsigned n);
int mws_out_write_now(mummy_ws_conn *c, struct mws_out *o);
/** A block of o, which has its done from here on; NULL: no memory. */
struct mws_block *mws_out_block(struct mws_out *o);

/* ---- reply.c, for the gatherer ------------------------------------------------------------------ */

/** Writes what is gathered in pieces; rc: of a write that was not simply done. As mws_reply_write. */
int mws_reply_pieces(mummy_ws_conn *c);
int mws_reply_not_written(mummy_ws_conn *c, int rc);

/** 0, or -EAGAIN: the output is full, and the replies are the first to wait. */
static inline int mws_reply_write(mummy_ws_conn *c)
{
	mummy_ws_io *io = c->io;
	struct iovec iov = { io->gather, io->gathered };
	int rc;

	if (io->npieces)
		return mws_reply_pieces(c);
	if (!io->gathered)
		return 0;
	rc = c->ep->output.writev(c->out, &iov, 1, NULL, NULL);
	if (rc)
		return mws_reply_not_written(c, rc);
	io->gathered = 0;
	return 0;
}

/** Lets go of the output, without the lock when there is nothing to look at. Who leaves a block sets
 *  MWS_WAITING, and then looks whether there is an owner. */
static inline void mws_reply_let_go(mummy_ws_conn *c)
{
	unsigned flags = mws_flags(c);

	if ((flags & (MWS_WAITING | MWS_CLOSING | MWS_EOF))
	    || !atomic_compare_exchange_strong(&c->flags, &flags, flags & ~(unsigned)MWS_BUSY))
		mws_out_settle(c);
}

/** All that is gathered leaves. */
static inline void mws_reply_flush(mummy_ws_conn *c)
{
	c->io->gatherer = NULL;
	if (mws_reply_write(c) == 0)
		mws_reply_let_go(c);
}
/** Gathers o, or writes it. */
int mws_reply(mummy_ws_conn *c, struct mws_out *o);
/** pending: what the output has. */
void mws_reply_limit(mummy_ws_conn *c, size_t pending);
#endif
