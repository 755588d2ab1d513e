/* What leaves together: the replies to one read, also where an executor gives the events, and the
 * publishes of one turn. Until then it waits in tx, without an owner. */
#include <config.h>
#include <stdlib.h>
#include "conn.h"

/* ---- Events on an executor -------------------------------------------------------------------- */

void mws_out_hold(mummy_ws_conn *c)
{
	struct mws_tx *tx;

	mws_lock(c);
	tx = mws_flags(c) & MWS_EOF ? NULL : mws_tx(c);
	/* Without memory everything goes out at once. */
	if (tx) {
		tx->giving = 1;
		tx->giver = pthread_self();
	}
	mws_unlock(c);
}

void mws_out_let_go(mummy_ws_conn *c)
{
	mws_lock(c);
	if (mws_tx_at(c)) {
		mws_tx_at(c)->giving = 0;
		mws_tx_tidy(c);
	}
	mws_unlock(c);
	mws_out_resume(c);
}

int mummy_ws_flush(mummy_ws_conn *c)
{
	if (!(mws_flags(c) & MWS_STARTED) || (mws_flags(c) & MWS_EOF))
		return -EPIPE;
	if (mws_io_is_own(c->io))
		mws_out_flush(c);
	mws_out_resume(c);
	return 0;
}

/* ---- Publishes -------------------------------------------------------------------------------- */

void mws_out_turn_begin(mummy_ws_io *io)
{
	io->publishing = 1;
}

void mws_out_list(mummy_ws_conn *c)
{
	mummy_ws_io *io = c->io;

	if (mws_flags(c) & MWS_FLUSH)
		return;
	if (io->nflush == io->flush_size) {
		size_t size = io->flush_size ? io->flush_size * 2 : 64;
		mummy_ws_conn **p = realloc(io->flush, size * sizeof *p);

		if (!p) {
			mws_out_resume(c);
			return;
		}
		io->flush = p;
		io->flush_size = size;
	}
	mws_set(c, MWS_FLUSH);
	io->flush[io->nflush++] = mummy_ws_conn_ref(c);
}

void mws_out_turn_end(mummy_ws_io *io)
{
	io->publishing = 0;
	for (size_t i = 0; i < io->nflush; i++) {
		mws_clear(io->flush[i], MWS_FLUSH);
		mws_out_resume(io->flush[i]);
		mummy_ws_conn_unref(io->flush[i]);
	}
	io->nflush = 0;
}
