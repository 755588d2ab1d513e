/* drain.c - the graceful stop of a loop: what is in flight is finished, then cut. Loop only. */
#include <config.h>
#include "internal.h"

enum { DRAIN_LOOK_MS = 25, GOODBYE_MS = 1000 };

/* The lease may end without a word to the loop, so the look is repeated. */
static void drain_again(struct mummy_poller_timer *t)
{
	(void)t;
}

static void drain_idle(struct mhttp_conn *c)
{
	if (atomic_load(&c->word) & MHTTP_LEASED)
		return;
	if (mhttp_conn_output(c) || (c->flags & (MHTTP_PARTIAL | MHTTP_UNPARSED)))
		return;
	if (c->phase == MHTTP_HEAD || c->phase == MHTTP_HANDSHAKE) {
		/* what was sent before the stop is still served */
		atomic_fetch_or(&c->word, MHTTP_EVENT);
		mhttp_conn_ref(c);
		if (c->phase == MHTTP_HEAD)
			mhttp_read_heads(c);
		if (c->fd >= 0 && !(atomic_load(&c->word) & MHTTP_LEASED) && !mhttp_conn_output(c)
		    && !(c->flags & (MHTTP_PARTIAL | MHTTP_CLOSE))
		    && (c->phase == MHTTP_HEAD || c->phase == MHTTP_HANDSHAKE))
			mhttp_conn_close(c, 0);
		mhttp_conn_unref(c);
	}
}

static void drain_begin(struct mummy_http_loop *l)
{
	unsigned limit = l->server->opt.drain_timeout_ms;

	l->draining = 1;
	l->drain_until = mhttp_now() + (limit > INT32_MAX ? INT32_MAX : limit);
	l->goodbye_until = mhttp_now() + (mhttp_hooks_say_goodbye(l) ? GOODBYE_MS : 0);
	l->drain_timer.run = drain_again;
	mhttp_accept_stop(l);
}

int mhttp_drain(struct mummy_http_loop *l)
{
	if (!l->draining)
		drain_begin(l);
	mhttp_wheel_each(l, drain_idle);
	if (l->wheel.count == 0 && l->ups == l->upgraded && mhttp_until(l->goodbye_until, mhttp_now()) <= 0)
		mhttp_ups_drain(l);
	if (l->wheel.count + l->ups == 0)
		return 1;
	if (mhttp_until(l->drain_until, mhttp_now()) <= 0) {
		mhttp_log(l->server, MUMMY_HTTP_WARNING, "stop: %u connections cut after the drain time-out",
			  (unsigned)(l->wheel.count + l->ups));
		return 1;
	}
	mummy_poller_timer_set(l->poller, &l->drain_timer, DRAIN_LOOK_MS);
	return 0;
}

static void cut_leased(struct mhttp_conn *c)
{
	uint32_t word = atomic_fetch_or(&c->word, MHTTP_EVENT | MHTTP_GONE);

	if (!(word & MHTTP_LEASED)) {
		mhttp_conn_close(c, -ESHUTDOWN);
		return;
	}
	mhttp_conn_cut(c);
	mhttp_conn_ref(c);
	mhttp_conn_leased_event(c, word, MUMMY_POLLER_READ | MUMMY_POLLER_HANGUP);
	mhttp_conn_unref(c);
}

/* Once the inbox is closed, whoever holds a lease closes the descriptor: it is not the loop's any more. */
static void let_go(struct mhttp_conn *c)
{
	if (!(atomic_load(&c->word) & MHTTP_LEASED)) {
		mhttp_conn_close(c, -ESHUTDOWN);
		return;
	}
	mhttp_wheel_remove(c->loop, c);
	mhttp_conn_unref(c);
}

void mhttp_drain_cut(struct mummy_http_loop *l)
{
	mhttp_ups_cut(l);
	mhttp_wheel_each(l, l->closed ? let_go : cut_leased);
}
