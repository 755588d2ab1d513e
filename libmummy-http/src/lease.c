/* lease.c - handing a connection out to an exchange, and getting it back. */
#include <config.h>
#include "internal.h"

/* dry: nothing is known to be left in the socket. */
void mhttp_lease(struct mhttp_conn *c, mummy_http_exchange *x, int dry)
{
	uint32_t gone = atomic_load(&c->word) & MHTTP_GONE;

	c->x = x;
	c->phase = MHTTP_EXCHANGE;
	atomic_store(&c->word, MHTTP_LEASED | gone | (dry && !gone ? 0 : MHTTP_EVENT));
	mhttp_conn_watch(c);
}

/* Who was given up is not waited for again. */
static int is_worth_draining(const struct mhttp_conn *c, mummy_http_exchange *x)
{
	const int gave_up = (atomic_load(&x->state) & MHTTP_SINK) && x->sink_status == -ETIMEDOUT;

	return !gave_up && mhttp_body_is_short(c->io->body);
}

/* On the loop: takes the connection back. */
static void lease_back(struct mhttp_inbox_node *n)
{
	mummy_http_exchange *x = MUMMY_CONTAINER_OF(n, mummy_http_exchange, back);
	struct mhttp_conn *c = x->conn;
	uint32_t keep = MHTTP_EVENT | MHTTP_GONE;

	if (c->io && c->io->up) {
		mhttp_up_take(c);
		mummy_http_release(x);
		return;
	}
	atomic_fetch_and(&c->word, keep);
	c->phase = MHTTP_HEAD;
	if (c->io && !mhttp_body_over(c->io)) {
		c->phase = MHTTP_DRAIN;
		if (!is_worth_draining(c, x))
			c->flags |= MHTTP_CLOSE | MHTTP_UNREAD;
	}
	if (c->io && mhttp_io_kept(c->io))
		c->flags |= MHTTP_UNPARSED;
	atomic_store_explicit(&c->since_ms, mhttp_now(), memory_order_relaxed);
	mhttp_conn_ref(c);
	mummy_http_release(x);
	if (atomic_load(&c->loop->ended))
		mhttp_conn_close(c, -ESHUTDOWN);
	else
		mhttp_conn_turn(c);
	mhttp_conn_unref(c);
}

/* The loop has ended: nobody else will close this. */
static void lease_orphan(struct mhttp_conn *c)
{
	c->phase = MHTTP_CLOSED;
	if (c->io && c->io->stream)
		mhttp_stream_cut(c, -ESHUTDOWN);
	if (c->io && c->io->up)
		mhttp_up_orphan(c);
	mhttp_conn_release_all(c);
}

static void lease_post(mummy_http_exchange *x)
{
	x->back.run = lease_back;
	atomic_fetch_add_explicit(&x->refs, 1, memory_order_relaxed);
	if (mhttp_inbox_post(x->loop->inbox, &x->back) == 0)
		return;
	lease_orphan(x->conn);
	mummy_http_release(x);
}

/* May the connection become idle without the loop's help? */
static int lease_is_plain(const mummy_http_exchange *x)
{
	const struct mhttp_conn *c = x->conn;
	struct mummy_http_loop *l = c->loop;

	return l->edge && !(c->flags & MHTTP_CLOSE) && !mhttp_conn_output(c)
	       && !(c->io && (mhttp_io_kept(c->io) || c->io->stream || c->io->up || !mhttp_body_over(c->io)))
	       && !atomic_load_explicit(&l->server->stopping, memory_order_relaxed);
}

void mhttp_lease_end(mummy_http_exchange *x)
{
	struct mhttp_conn *c = x->conn;
	uint32_t leased = MHTTP_LEASED;

	c->x = NULL;
	if (lease_is_plain(x)) {
		mhttp_io_trim(c);
		c->phase = MHTTP_HEAD;
		atomic_store_explicit(&c->since_ms, mhttp_now(), memory_order_relaxed);
		if (atomic_compare_exchange_strong(&c->word, &leased, 0))
			return;
	} else if (mhttp_request_here(x)) {
		return;
	}
	lease_post(x);
}

void mhttp_exchange_done(mummy_http_exchange *x, uint32_t bit)
{
	uint32_t state = atomic_fetch_or(&x->state, bit) | bit;

	if ((state & MHTTP_SENT) && (!(state & MHTTP_SINK) || (state & MHTTP_SINK_DONE)))
		mhttp_lease_end(x);
}

static int exchange_is_done(const mummy_http_exchange *x)
{
	uint32_t state = atomic_load(&x->state);

	return (state & MHTTP_SENT) && (!(state & MHTTP_SINK) || (state & MHTTP_SINK_DONE));
}

static void kick_run(struct mhttp_inbox_node *n)
{
	mummy_http_exchange *x = MUMMY_CONTAINER_OF(n, mummy_http_exchange, kick);
	struct mhttp_conn *c = x->conn;
	uint32_t what = atomic_exchange(&x->kicked, 0);

	if ((what & MHTTP_KICK_ABORT) && !exchange_is_done(x))
		mhttp_conn_cut(c);
	if (c->fd >= 0 && (what & MHTTP_KICK_FLUSH))
		mhttp_conn_leased_event(c, atomic_load(&c->word) & (MHTTP_FLUSHING | MHTTP_STREAMING),
					MUMMY_POLLER_WRITE);
	if (what & MHTTP_KICK_SINK)
		mhttp_sink_run(x);
	if ((what & MHTTP_KICK_DUE) && c->x == x && c->fd >= 0 && !c->loop->closed)
		mhttp_wheel_move(c->loop, c);
	mhttp_conn_watch(c);
	mummy_http_release(x);
}

/* Has the loop look at a leased exchange. 0 or -ESHUTDOWN. */
int mhttp_kick(mummy_http_exchange *x, uint32_t what)
{
	int rc;

	if (atomic_fetch_or(&x->kicked, what | MHTTP_KICK_POSTED) & MHTTP_KICK_POSTED)
		return 0;
	x->kick.run = kick_run;
	atomic_fetch_add_explicit(&x->refs, 1, memory_order_relaxed);
	rc = mhttp_inbox_post(x->loop->inbox, &x->kick);
	if (rc < 0) {
		atomic_store(&x->kicked, 0);
		mummy_http_release(x);
	}
	return rc;
}
