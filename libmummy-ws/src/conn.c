#include <config.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include "conn.h"

static pthread_mutex_t *lock_of(mummy_ws_conn *c)
{
	uintptr_t h = (uintptr_t)c / sizeof *c;

	return &c->io->lock[(h ^ h >> 4) % MWS_LOCKS];
}

void mws_lock(mummy_ws_conn *c)
{
	pthread_mutex_lock(lock_of(c));
}

void mws_unlock(mummy_ws_conn *c)
{
	pthread_mutex_unlock(lock_of(c));
}

/* Its place among the options' strings, from 1; 0: none. */
static uint8_t place_of(const char *name, const struct mummy_ws_handshake_options *h)
{
	for (size_t i = 0; name && i < h->nsubprotocols; i++)
		if (strcmp(name, h->subprotocols[i]) == 0)
			return (uint8_t)(i + 1);
	return 0;
}

static int bits_ok(unsigned bits)
{
	return bits >= 8 && bits <= 15;
}

static int deflate_ok(const struct mummy_ws_handshake_reply *hs)
{
	return hs->deflate == 0 || (hs->deflate == 1 && bits_ok(hs->server_bits) && bits_ok(hs->client_bits));
}

/* Its end is as long as what was agreed to needs. */
static mummy_ws_conn *make(int client, const struct mummy_ws_handshake_reply *hs)
{
	struct mws_tail t = { .out_bits = 0 };
	mummy_ws_conn *c;
	size_t size = 0;

	if (hs && hs->deflate) {
		t.out_bits = (uint8_t)(client ? hs->client_bits : hs->server_bits);
		t.in_bits = (uint8_t)(client ? hs->server_bits : hs->client_bits);
		t.out_keeps = !(client ? hs->client_no_takeover : hs->server_no_takeover);
		t.in_keeps = !(client ? hs->server_no_takeover : hs->client_no_takeover);
		size = t.out_keeps || t.in_keeps ? sizeof t : offsetof(struct mws_tail, own);
	}
	c = calloc(1, sizeof *c + size);
	if (!c || !size)
		return c;
	memcpy(c->tail, &t, offsetof(struct mws_tail, own));
	mws_set(c, MWS_DEFLATE);
	if (size == sizeof t) {
		mws_set(c, MWS_DEDICATED);
		pthread_mutex_init(&c->tail->own.lock, NULL);
	}
	return c;
}

int mummy_ws_conn_new(mummy_ws_conn **out, mummy_ws_endpoint *ep, mummy_ws_io *io,
		      const struct mummy_ws_handshake_reply *hs, void *user)
{
	mummy_ws_conn *c;

	if (hs && (!MUMMY_RESERVED_OK(hs) || !deflate_ok(hs)))
		return -EINVAL;
	c = make(ep->opt.client, hs);
	if (!c)
		return -ENOMEM;
	atomic_init(&c->refs, 1);
	c->ep = mummy_ws_endpoint_ref(ep);
	c->io = mws_io_ref(io);
	c->user = user;
	c->code = 1006;
	c->subprotocol = hs ? place_of(hs->subprotocol, &ep->opt.handshake) : 0;
	*out = c;
	return 0;
}

mummy_ws_conn *mummy_ws_conn_ref(mummy_ws_conn *c)
{
	atomic_fetch_add(&c->refs, 1);
	return c;
}

void mummy_ws_conn_unref(mummy_ws_conn *c)
{
	if (!c || atomic_fetch_sub(&c->refs, 1) != 1)
		return;
	if ((mws_flags(c) & MWS_STARTED) && c->ep->output.release)
		c->ep->output.release(c->out);
	mws_rx_free(c->rx);
	if (mws_flags(c) & MWS_DEDICATED) {
		mws_deflater_free(c->tail->own.out);
		mws_inflater_free(c->tail->own.in);
		pthread_mutex_destroy(&c->tail->own.lock);
	}
	mws_io_unref(c->io);
	mummy_ws_endpoint_unref(c->ep);
	free(c);
}

void *mummy_ws_user(const mummy_ws_conn *c)
{
	return c->user;
}

const char *mummy_ws_subprotocol(const mummy_ws_conn *c)
{
	return c->subprotocol ? c->ep->opt.handshake.subprotocols[c->subprotocol - 1] : NULL;
}

void mummy_ws_conn_start(mummy_ws_conn *c, void *output_ctx)
{
	c->out = output_ctx;
	mummy_ws_conn_ref(c);           /* until eof */
	atomic_fetch_add(&c->ep->opened, 1);
	mws_set(c, MWS_STARTED);
	mws_io_wake(c, MWS_ARM);
	if (!mws_is_inline(c) || mws_io_is_own(c->io))
		mws_event_due(c, 0);
}

void mummy_ws_conn_drained(mummy_ws_conn *c)
{
	mws_clear(c, MWS_HIGH_OUTPUT);
	mws_out_resume(c);
	mws_out_check(c);
}

void mummy_ws_conn_eof(mummy_ws_conn *c)
{
	unsigned before;

	if (!(mws_flags(c) & MWS_STARTED))
		return;
	mws_lock(c);
	before = mws_set(c, MWS_EOF);
	mws_unlock(c);
	if (before & MWS_EOF)
		return;
	mws_wheel_remove(c->io, c);
	mws_io_forget(c->io, c);
	mws_rx_free(c->rx);
	c->rx = NULL;
	mws_hub_leave(c);
	mws_out_drop(c);
	atomic_fetch_add(&c->ep->closed, 1);
	mws_event_due(c, MWS_CLOSED_DUE);
	mummy_ws_conn_unref(c);
}

void mws_conn_cut(mummy_ws_conn *c)
{
	const struct mummy_ws_output *o = &c->ep->output;

	if (mws_set(c, MWS_CUT) & (MWS_CUT | MWS_EOF))
		return;
	if (o->abort)
		o->abort(c->out);
	else if (!(mws_set(c, MWS_OUT_CLOSED) & MWS_OUT_CLOSED))
		o->close(c->out);
}

/* Ms until limit is over, 0 when it is; UINT_MAX: there is none. */
static unsigned left(unsigned limit, uint32_t passed)
{
	return limit == UINT_MAX ? UINT_MAX : passed >= limit ? 0 : limit - passed;
}

static unsigned until_ping(mummy_ws_conn *c, uint32_t silent)
{
	unsigned ms;

	if (mws_flags(c) & MWS_PINGED)
		return c->ep->opt.ping_ms;
	ms = left(c->ep->opt.ping_ms, silent);
	if (ms)
		return ms;
	mws_set(c, MWS_PINGED);
	mummy_ws_ping(c, NULL, 0);
	return c->ep->opt.ping_ms;
}

/* Our Close frame has left, and only the answer to it is missing. A reset, which is what a cut is to who goes
 * on sending, could overtake it. */
static int ends_softly(mummy_ws_conn *c)
{
	const struct mummy_ws_output *o = &c->ep->output;

	if (!(mws_flags(c) & MWS_CLOSE_OUT) || o->pending(c->out)
	    || (mws_set(c, MWS_OUT_CLOSED) & MWS_OUT_CLOSED))
		return 0;
	o->close(c->out);
	return 1;
}

void mws_conn_deadline(mummy_ws_io *io, mummy_ws_conn *c)
{
	unsigned flags = mws_flags(c), ms, ping;
	uint32_t passed;

	if (flags & (MWS_EOF | MWS_CUT))
		return;
	/* It was heard, and there was no memory for the visit that notes when. */
	if ((flags & (MWS_TOUCHED | MWS_LISTED)) == MWS_TOUCHED) {
		flags = mws_clear(c, MWS_TOUCHED | MWS_PINGED) & ~(unsigned)(MWS_TOUCHED | MWS_PINGED);
		if (!(flags & MWS_ENDING))
			c->stamp = (uint32_t)io->now_ms;
	}
	/* Who is not being read is not silent; and the end has its own time. */
	if (flags & MWS_ENDING ? !(mws_set(c, MWS_ARMED) & MWS_ARMED) : (flags & MWS_PAUSED) != 0)
		c->stamp = (uint32_t)io->now_ms;
	passed = (uint32_t)io->now_ms - c->stamp;
	ms = left(flags & MWS_ENDING ? c->ep->opt.close_ms : c->ep->opt.idle_ms, passed);
	if (ms == 0 && ends_softly(c)) {
		c->stamp = (uint32_t)io->now_ms;
		ms = c->ep->opt.close_ms;
	}
	if (ms == 0) {
		mws_conn_cut(c);
		return;
	}
	if (!(flags & MWS_ENDING)) {
		ping = until_ping(c, passed);
		ms = ping < ms ? ping : ms;
	}
	mws_wheel_put(io, c, io->now_ms + ms);
}
