#include <config.h>
#include <string.h>
#include "conn.h"

static int op_ok(enum mummy_ws_opcode op)
{
	return op == MUMMY_WS_TEXT || op == MUMMY_WS_BINARY;
}

static int is_text(const void *p, size_t n)
{
	uint32_t state = 0;

	return mummy_ws_utf8(&state, p, n) == 0 && state == 0;
}

int mummy_ws_send_taken(mummy_ws_conn *c, enum mummy_ws_opcode op, const void *data, size_t len,
			void (*done)(void *arg), void *arg)
{
	struct mws_out o = { .kind = MWS_DATA, .data = data, .done = done, .arg = arg,
			     .f = { .opcode = op, .fin = 1, .length = len } };
	int rc = !op_ok(op) ? -EINVAL : op == MUMMY_WS_TEXT && !is_text(data, len) ? -EILSEQ : 0;

	if (rc == 0)
		return mws_out_send(c, &o);
	if (done)
		done(arg);
	return rc;
}

int mummy_ws_ping(mummy_ws_conn *c, const void *data, size_t len)
{
	struct mws_out o = { .kind = MWS_CONTROL, .data = data,
			     .f = { .opcode = MUMMY_WS_PING, .fin = 1, .length = len } };

	return len > 125 ? -EINVAL : mws_out_send(c, &o);
}

/* ---- One message in pieces -------------------------------------------------------------------- */

int mummy_ws_message_begin(mummy_ws_conn *c, enum mummy_ws_opcode op)
{
	unsigned flags;
	struct mws_tx *tx;
	int rc = 0;

	if (!op_ok(op))
		return -EINVAL;
	mws_compress_lock(c);
	mws_lock(c);
	flags = mws_flags(c);
	if (!(flags & MWS_STARTED) || (flags & (MWS_EOF | MWS_CLOSING)))
		rc = -EPIPE;
	else if (!(tx = mws_tx(c)))
		rc = -ENOMEM;
	else if (tx->open)
		rc = -EBUSY;
	else {
		tx->open = 1;
		tx->op = op;
		tx->is_text = op == MUMMY_WS_TEXT;
		tx->utf8 = 0;
		tx->deflated = (flags & MWS_DEFLATE) && c->ep->opt.deflate_min_bytes != SIZE_MAX;
	}
	mws_unlock(c);
	mws_compress_unlock(c);
	return rc;
}

/* Where the open message stands. 0, -EPIPE or -EINVAL: there is none. */
static int look(mummy_ws_conn *c, struct mws_tx *out)
{
	int rc = 0;

	mws_lock(c);
	if (mws_tx_at(c) && mws_tx_at(c)->open)
		*out = *mws_tx_at(c);
	else
		rc = mws_flags(c) & (MWS_EOF | MWS_CLOSING) ? -EPIPE : -EINVAL;
	mws_unlock(c);
	return rc;
}

int mummy_ws_message_data(mummy_ws_conn *c, const void *data, size_t len)
{
	struct mws_out o = { .kind = MWS_FRAGMENT, .data = data, .f = { .length = len } };
	struct mws_tx at;
	int rc = look(c, &at);

	if (rc < 0 || len == 0)
		return rc;
	if (at.is_text && mummy_ws_utf8(&at.utf8, data, len) < 0)
		return -EILSEQ;
	o.f.opcode = at.op;
	o.compress = at.deflated;
	rc = mws_out_send(c, &o);
	if (rc < 0)
		return rc;
	mws_lock(c);
	if (mws_tx_at(c) && mws_tx_at(c)->open) {
		mws_tx_at(c)->op = MUMMY_WS_CONTINUATION;
		mws_tx_at(c)->utf8 = at.utf8;
	}
	mws_unlock(c);
	return rc;
}

int mummy_ws_message_end(mummy_ws_conn *c)
{
	struct mws_out o = { .kind = MWS_FRAGMENT, .f = { .fin = 1 } };
	struct mws_tx at;
	int rc = look(c, &at);

	if (rc < 0)
		return rc;
	if (at.is_text && at.utf8 != 0)
		return -EILSEQ;
	o.f.opcode = at.op;
	if (at.deflated) {
		/* Behind the flushed pieces, and the 00 00 FF FF that is left out: an empty block. */
		o.data = "";
		o.f.length = 1;
		o.f.rsv1 = at.op != MUMMY_WS_CONTINUATION;
	}
	rc = mws_out_send(c, &o);
	if (rc < 0)
		return rc;
	mws_lock(c);
	if (mws_tx_at(c)) {
		mws_tx_at(c)->open = 0;
		mws_fifo_append(&mws_tx_at(c)->ready, &mws_tx_at(c)->held);
		mws_tx_tidy(c);
	}
	mws_unlock(c);
	mws_out_resume(c);
	return rc;
}
