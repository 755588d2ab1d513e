/*
 * Events run on the I/O thread, or on the executor. For the executor a feed copies its events into
 * chunks, which go into the connection's queue with one submit. A job gives what it finds, then asks
 * for another if more came. What needs no octets (open, drain, a Close frame to send, closed) is a flag, so
 * that it cannot be lost for want of memory.
 */
#include <config.h>
#include <stdlib.h>
#include <string.h>
#include "conn.h"

struct mws_chunk {
	struct mws_chunk *next;         /* a ring; the last one's is the first */
	size_t total;                   /* in the last one: of the ring */
	unsigned events;                /* likewise */
	size_t used, size;
	unsigned char data[];
};

struct record {
	void *block;                    /* from malloc, has the payload; NULL: it follows */
	const void *p;
	size_t n;
	uint8_t type, op;
};

/* ---- Giving them ------------------------------------------------------------------------------ */

static void give(mummy_ws_conn *c, const struct record *r, const void *p)
{
	const struct mummy_ws_events *ev = &c->ep->ev;

	switch ((enum mws_event)r->type) {
	case MWS_EV_MESSAGE:
		if (ev->message)
			ev->message(c, c->user, (enum mummy_ws_opcode)r->op, p, r->n);
		break;
	case MWS_EV_BEGIN:
		if (ev->message_begin)
			ev->message_begin(c, c->user, (enum mummy_ws_opcode)r->op);
		break;
	case MWS_EV_DATA:
		ev->message_data(c, c->user, p, r->n);
		break;
	case MWS_EV_END:
		if (ev->message_end)
			ev->message_end(c, c->user);
		break;
	case MWS_EV_PONG:
		if (ev->pong)
			ev->pong(c, c->user, p, r->n);
		break;
	}
}

static void give_open(mummy_ws_conn *c)
{
	if (!(mws_set(c, MWS_OPENED) & MWS_OPENED) && c->ep->ev.open)
		c->ep->ev.open(c, c->user);
}

static void give_due(mummy_ws_conn *c, unsigned due)
{
	give_open(c);
	if ((due & MWS_DRAIN_DUE) && c->ep->ev.drain && !(mws_flags(c) & MWS_EOF))
		c->ep->ev.drain(c, c->user);
	if (due & MWS_CLOSE_DUE)
		mws_close_answer(c);
	if ((due & MWS_CLOSED_DUE) && !(mws_set(c, MWS_CLOSED) & MWS_CLOSED) && c->ep->ev.closed)
		c->ep->ev.closed(c, c->user, c->code);
}

static size_t aligned(size_t n)
{
	return (n + _Alignof(struct record) - 1) & ~(_Alignof(struct record) - 1);
}

/* What one event after the other sends is gathered, but not for longer than this. */
#define HOLD_NS UINT64_C(1000000)

static void let_out(mummy_ws_conn *c, uint64_t *since)
{
	uint64_t now;

	if (!*since)
		return;
	now = mummy_now_ns();
	if (now - *since < HOLD_NS)
		return;
	*since = now;
	mws_out_resume(c);
}

static void give_chunk(mummy_ws_conn *c, const struct mws_chunk *k, int discard, uint64_t *since)
{
	for (size_t at = 0; at < k->used;) {
		struct record r;
		const unsigned char *own = k->data + at + sizeof r;

		memcpy(&r, k->data + at, sizeof r);
		if (!discard)
			give(c, &r, r.block ? r.p : own);
		at += sizeof r + (r.block ? 0 : aligned(r.n));
		free(r.block);
		let_out(c, since);
	}
}

/* last: of a ring, freed. */
static void give_ring(mummy_ws_conn *c, struct mws_chunk *last, int discard)
{
	struct mws_chunk *k = last->next, *next;
	uint64_t since = last->events > 1 && !discard ? mummy_now_ns() : 0;

	if (since)
		mws_out_hold(c);
	atomic_fetch_sub(&c->ep->pending, last->total);
	last->next = NULL;
	for (; k; k = next) {
		next = k->next;
		give_chunk(c, k, discard, &since);
		free(k);
	}
	if (since)
		mws_out_let_go(c);
}

/* ---- The job ---------------------------------------------------------------------------------- */

/* What there is to give. 0: nothing, and the job is over. */
static int take(mummy_ws_conn *c, struct mws_chunk **last, unsigned *due)
{
	unsigned paused;

	mws_lock(c);
	*last = mws_queue(c);
	mws_queue_set(c, NULL);
	*due = *last ? 0 : mws_clear(c, MWS_DUE) & MWS_DUE;
	if (!*last && !*due)
		mws_clear(c, MWS_RUNNING);
	paused = mws_clear(c, MWS_PAUSED) & MWS_PAUSED;
	mws_unlock(c);
	if (paused && (mws_flags(c) & MWS_STASHED))
		mws_io_wake(c, MWS_UNSTASH);
	else if (paused && c->ep->output.resume && !(mws_flags(c) & MWS_EOF))
		c->ep->output.resume(c->out);
	return *last || *due;
}

static void give_all(mummy_ws_conn *c, int discard)
{
	struct mws_chunk *last;
	unsigned due;

	give_open(c);
	while (take(c, &last, &due)) {
		if (last)
			give_ring(c, last, discard);
		else
			give_due(c, due);
	}
}

static int is_over(mummy_ws_conn *c)
{
	int over;

	mws_lock(c);
	over = !mws_queue(c) && !(mws_flags(c) & MWS_DUE);
	if (over)
		mws_clear(c, MWS_RUNNING);
	mws_unlock(c);
	return over;
}

static void run(void *arg)
{
	const struct mummy_ws_executor *x;
	mummy_ws_conn *c = arg;
	struct mws_chunk *last;
	unsigned due;

	x = &c->ep->opt.executor;
	give_open(c);
	while (take(c, &last, &due)) {
		if (last)
			give_ring(c, last, 0);
		else
			give_due(c, due);
		if (is_over(c))
			break;
		/* Others wait for this thread as well. */
		if (x->submit(x->ctx, run, c) == 0)
			return;
	}
	mummy_ws_conn_unref(c);
}

/* With MWS_RUNNING set by the caller. */
static int submit(mummy_ws_conn *c)
{
	const struct mummy_ws_executor *x = &c->ep->opt.executor;
	int rc = x->submit(x->ctx, run, mummy_ws_conn_ref(c));

	if (rc >= 0)
		return 0;
	mummy_ws_conn_unref(c);
	mws_io_wake(c, MWS_RETRY | (rc == -ESHUTDOWN ? MWS_NO_EXECUTOR : 0));
	return rc;
}

/* The executor is gone: open and closed come here, messages no more. */
static void give_up(mummy_ws_conn *c)
{
	mws_clear(c, MWS_RETRY);
	mws_close_send(c, 1001, NULL, 0);
	give_all(c, 1);
}

int mws_event_retry(mummy_ws_conn *c)
{
	unsigned flags = mws_flags(c);

	if (!(flags & MWS_RETRY))
		return 0;
	if (!(flags & MWS_NO_EXECUTOR)) {
		mws_clear(c, MWS_RETRY);
		if (submit(c) == 0)
			return 0;
		flags = mws_flags(c);
	}
	if (!(flags & MWS_NO_EXECUTOR))
		return 1;
	give_up(c);
	return 0;
}

void mws_event_last(mummy_ws_conn *c)
{
	if (mws_flags(c) & MWS_RETRY)
		give_up(c);
}

/* ---- Where they come from --------------------------------------------------------------------- */

static void ring_append(struct mws_chunk **last, struct mws_chunk *k, size_t total)
{
	if (*last) {
		k->next = (*last)->next;
		(*last)->next = k;
	} else {
		k->next = k;
	}
	k->total = total + (*last ? (*last)->total : 0);
	k->events = *last ? (*last)->events : 0;
	*last = k;
}

static struct mws_chunk *chunk_with_room(mummy_ws_io *io, size_t need)
{
	struct mws_chunk *k = io->batch;
	size_t size = io->batch_hint + 2 * sizeof(struct record);

	if (k && k->size - k->used >= need)
		return k;
	if (k)
		size = 4096;
	if (size < need)
		size = need;
	k = malloc(sizeof *k + size);
	if (!k)
		return NULL;
	k->used = 0;
	k->size = size;
	ring_append(&io->batch, k, sizeof *k + size);
	return k;
}

static void record(struct mws_chunk *k, const struct record *r)
{
	memcpy(k->data + k->used, r, sizeof *r);
	k->used += sizeof *r;
	k->events++;
	if (r->block) {
		k->total += r->n;
	} else {
		if (r->n)
			memcpy(k->data + k->used, r->p, r->n);
		k->used += aligned(r->n);
	}
}

/* What replies refer to stays until they are out. */
static void give_block(mummy_ws_conn *c, const struct record *r)
{
	mummy_ws_io *io = c->io;

	io->given = r->p;
	io->given_end = io->given + r->n;
	give(c, r, r->p);
	io->given = io->given_end = NULL;
	if (io->given_sent)
		io->kept[io->nkept++] = r->block;
	else
		free(r->block);
	io->given_sent = 0;
}

int mws_event(mummy_ws_conn *c, enum mws_event type, enum mummy_ws_opcode op, const void *p, size_t n,
	      void *block)
{
	struct record r = { block, p, n, (uint8_t)type, (uint8_t)op };
	struct mws_chunk *k;

	if (type == MWS_EV_MESSAGE || type == MWS_EV_END)
		c->io->received++;
	if (mws_is_inline(c)) {
		if (block)
			give_block(c, &r);
		else
			give(c, &r, p);
		return 0;
	}
	k = mws_flags(c) & MWS_NO_EXECUTOR ? NULL
					   : chunk_with_room(c->io, sizeof r + (block ? 0 : aligned(n)));
	if (k)
		record(k, &r);
	else
		free(block);
	return k ? 0 : -ENOMEM;
}

static void kick(mummy_ws_conn *c, struct mws_chunk *batch, unsigned due, int *pause)
{
	int start;

	mws_lock(c);
	if (batch) {
		struct mws_chunk *first = batch->next, *last = mws_queue(c);

		if (last) {
			batch->next = last->next;
			last->next = first;
			batch->total += last->total;
			batch->events += last->events;
		}
		mws_queue_set(c, batch);
		*pause = batch->total > c->ep->opt.max_pending_bytes;
		if (*pause)
			mws_set(c, MWS_PAUSED);
	}
	mws_set(c, due);
	start = !(mws_set(c, MWS_RUNNING) & MWS_RUNNING);
	mws_unlock(c);
	if (start)
		submit(c);
}

size_t mws_event_batch(const mummy_ws_io *io)
{
	return io->batch ? io->batch->total : 0;
}

int mws_event_submit(mummy_ws_conn *c)
{
	struct mws_chunk *batch = c->io->batch;
	unsigned due = c->io->batch_due;
	int pause = 0;

	c->io->batch = NULL;
	c->io->batch_due = 0;
	if (batch)
		atomic_fetch_add(&c->ep->pending, batch->total);
	if (batch || due)
		kick(c, batch, due, &pause);
	if (mws_flags(c) & MWS_RETRY) {
		mws_set(c, MWS_PAUSED);
		pause = 1;
	}
	return pause;
}

void mws_event_due(mummy_ws_conn *c, unsigned due)
{
	if (mws_is_inline(c))
		give_due(c, due);
	else if (mws_io_is_own(c->io) && c->io->feeding == c)
		c->io->batch_due |= due;
	else
		kick(c, NULL, due, NULL);
}
