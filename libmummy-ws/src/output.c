/*
 * Frames on their way out. admit() says whether a frame may go; then it is gathered (a reply inside a
 * feed), written at once by the thread that sends it, which owns the output meanwhile, or left in tx
 * for the owner that there is. settle() is how an owner lets go.
 */
#include <config.h>
#include <stdlib.h>
#include <string.h>
#include "conn.h"
#include "key.h"

enum { SMALL = 1024 };

struct mws_tx *mws_tx(mummy_ws_conn *c)
{
	if (!c->tx)
		c->tx = calloc(1, sizeof *c->tx);
	return c->tx;
}

static void tx_count(mummy_ws_conn *c, size_t add, size_t sub)
{
	c->tx->bytes += add - sub;
	atomic_fetch_add(&c->ep->pending, add - sub);
}

void mws_tx_tidy(mummy_ws_conn *c)
{
	struct mws_tx *tx = c->tx;

	if (tx && !tx->ready.head && !tx->held.head && !tx->pong && !tx->open) {
		free(tx);
		c->tx = NULL;
	}
}

static int is_replying(mummy_ws_conn *c)
{
	return mws_io_is_own(c->io) && c->io->feeding == c;
}

static size_t waiting(mummy_ws_conn *c)
{
	size_t n;

	mws_lock(c);
	n = c->tx ? c->tx->bytes : 0;
	mws_unlock(c);
	if (is_replying(c) && c->io->gatherer == c)
		n += c->io->gathered;
	return n;
}

size_t mummy_ws_pending(const mummy_ws_conn *conn)
{
	mummy_ws_conn *c = (mummy_ws_conn *)(uintptr_t)conn;

	return mws_flags(c) & MWS_STARTED ? c->ep->output.pending(c->out) + waiting(c) : 0;
}

static unsigned head_size(const struct mummy_ws_frame *f)
{
	return 2u + (f->length > 0xffff ? 8 : f->length > 125 ? 2 : 0) + (f->masked ? 4 : 0);
}

static size_t wire_size(const struct mws_out *o)
{
	return (size_t)o->f.length + 14;
}

/* ---- Owning the output ------------------------------------------------------------------------ */

static int put_block(mummy_ws_conn *c, struct mws_block *b)
{
	struct iovec iov[2] = { { b->head, b->nhead }, { (void *)(uintptr_t)b->data, b->len } };
	int from = b->nhead == 0, to = b->len ? 2 : 1;

	atomic_fetch_add(&b->refs, 1);
	return c->ep->output.writev(c->out, iov + from, to - from, mws_block_unref, b);
}

/* All blocks that wait, for the caller to free outside the lock. */
static struct mws_fifo take_all(mummy_ws_conn *c)
{
	struct mws_fifo all = { NULL, NULL };

	if (!c->tx)
		return all;
	mws_fifo_append(&all, &c->tx->ready);
	mws_fifo_append(&all, &c->tx->held);
	if (c->tx->pong)
		mws_fifo_push(&all, c->tx->pong);
	tx_count(c, 0, c->tx->bytes);
	free(c->tx);
	c->tx = NULL;
	return all;
}

/* The next block that is ready; NULL: the output has no owner any more. */
static struct mws_block *next_block(mummy_ws_conn *c)
{
	struct mws_fifo dropped = { NULL, NULL };
	struct mws_block *b = NULL;

	mws_lock(c);
	if (mws_flags(c) & MWS_EOF)
		dropped = take_all(c);
	else if (c->tx)
		b = mws_fifo_pop(&c->tx->ready);
	if (b) {
		tx_count(c, 0, mws_block_size(b));
	} else {
		mws_clear(c, MWS_BUSY);
		if (mws_flags(c) & MWS_CLOSING)
			mws_set(c, MWS_CLOSE_OUT);
		mws_tx_tidy(c);
	}
	mws_unlock(c);
	mws_fifo_free(&dropped);
	return b;
}

/* The output is full: b, and what is behind it, goes when it has drained. */
static void put_back(mummy_ws_conn *c, struct mws_block *b)
{
	mws_lock(c);
	if (!(mws_flags(c) & MWS_EOF) && mws_tx(c)) {
		mws_fifo_push_front(&c->tx->ready, b);
		tx_count(c, mws_block_size(b), 0);
		b = NULL;
	}
	mws_clear(c, MWS_BUSY);
	mws_unlock(c);
	if (!b)
		return;
	mws_block_unref(b);
	mws_conn_cut(c);
}

/* Lets go of the output, with nothing left behind unless it is full. */
static void settle(mummy_ws_conn *c)
{
	struct mws_block *b;
	int rc;

	while ((b = next_block(c))) {
		rc = put_block(c, b);
		if (rc == -EAGAIN || rc == -ENOMEM) {
			put_back(c, b);
			return;
		}
		mws_block_unref(b);
	}
	mws_close_maybe(c);
}

void mws_out_resume(mummy_ws_conn *c)
{
	int mine;

	mws_lock(c);
	mine = c->tx && c->tx->ready.head && !(mws_flags(c) & (MWS_EOF | MWS_BUSY));
	if (mine)
		mws_set(c, MWS_BUSY);
	mws_unlock(c);
	if (mine)
		settle(c);
}

void mws_out_drop(mummy_ws_conn *c)
{
	struct mws_fifo all = { NULL, NULL };

	mws_lock(c);
	all = take_all(c);
	mws_unlock(c);
	mws_fifo_free(&all);
}

/* ---- Replies inside a feed -------------------------------------------------------------------- */

/* 0, or -EAGAIN: the output is full, and the replies are the first to wait. */
static int write_gathered(mummy_ws_conn *c)
{
	mummy_ws_io *io = c->io;
	struct iovec iov = { io->gather, io->gathered };
	struct mws_block *b;
	int rc;

	if (!io->gathered)
		return 0;
	rc = c->ep->output.writev(c->out, &iov, 1, NULL, NULL);
	if (rc != -EAGAIN && rc != -ENOMEM) {
		if (rc == 1)
			mws_set(c, MWS_HIGH_OUTPUT);
		io->gathered = 0;
		return 0;
	}
	b = mws_block_raw(io->gather, io->gathered);
	io->gathered = 0;
	if (b)
		put_back(c, b);
	else
		mws_conn_cut(c);
	return -EAGAIN;
}

void mws_out_flush(mummy_ws_conn *c)
{
	if (c->io->gatherer != c)
		return;
	c->io->gatherer = NULL;
	if (write_gathered(c) == 0)
		settle(c);
}

static int room_to_gather(mummy_ws_io *io, size_t n)
{
	if (!io->gather)
		io->gather = malloc(MWS_GATHER);
	return io->gather && n <= MWS_GATHER - io->gathered;
}

static void gather(mummy_ws_io *io, const struct mws_out *o)
{
	unsigned char *p = io->gather + io->gathered;
	size_t n = (size_t)o->f.length, head = mummy_ws_frame_header(p, &o->f);

	if (n)
		memcpy(p + head, o->data, n);
	if (o->f.masked)
		mummy_ws_mask(p + head, n, o->f.mask, 0);
	io->gathered += head + n;
}

/* ---- Sending ---------------------------------------------------------------------------------- */

enum place { REFUSED, NEEDS_BLOCK, QUEUED, GATHERED, OWNED };

/* From here on the block has done. */
static struct mws_block *make_block(struct mws_out *o)
{
	struct mws_block *b = mws_block_new(o);

	if (b)
		o->done = NULL;
	return b;
}

static int is_limited(const struct mws_out *o)
{
	return o->kind == MWS_DATA || o->kind == MWS_CONTROL || (o->kind == MWS_FRAGMENT && o->f.length);
}

/* Under the lock. total: what is queued so far. */
static int admit(mummy_ws_conn *c, const struct mws_out *o, size_t total)
{
	unsigned flags = mws_flags(c);

	if (!(flags & MWS_STARTED) || (flags & MWS_EOF))
		return -EPIPE;
	if (flags & MWS_CLOSING)
		return o->kind == MWS_CLOSE ? -EALREADY : -EPIPE;
	if (is_limited(o) && (total > c->ep->opt.hard_limit_bytes
			      || wire_size(o) > c->ep->opt.hard_limit_bytes - total))
		return -EAGAIN;
	return 0;
}

/* Takes the output, or the place of an owner's helper, for o; under the lock. */
static enum place place(mummy_ws_conn *c, const struct mws_out *o, struct mws_block *b)
{
	int waits = c->tx && c->tx->ready.head, busy = (mws_flags(c) & MWS_BUSY) != 0;
	int held = o->kind == MWS_DATA && c->tx && c->tx->open;

	if (!held && is_replying(c) && (c->io->gatherer == c || (!waits && !busy))) {
		mws_set(c, MWS_BUSY | (o->kind == MWS_CLOSE ? MWS_CLOSING : 0));
		c->io->gatherer = c;
		return GATHERED;
	}
	if (!b && (held || busy || waits || o->kind == MWS_CLOSE))
		return NEEDS_BLOCK;
	if (b && !mws_tx(c))
		return REFUSED;
	if (b) {
		mws_fifo_push(held ? &c->tx->held : &c->tx->ready, b);
		tx_count(c, mws_block_size(b), 0);
	}
	if (o->kind == MWS_CLOSE)
		mws_set(c, MWS_CLOSING);
	if (held || busy || waits)
		return QUEUED;
	mws_set(c, MWS_BUSY);
	return OWNED;
}

/* The owner writes o now. */
static int write_now(mummy_ws_conn *c, struct mws_out *o)
{
	unsigned char small[SMALL];
	struct iovec iov[2] = { { small, 0 }, { (void *)(uintptr_t)o->data, (size_t)o->f.length } };
	struct mws_block *b;
	size_t n;
	int rc;

	if (o->frame && !o->f.masked)
		return put_block(c, o->frame);
	if (o->done || o->f.masked) {
		b = make_block(o);
		if (!b)
			return -ENOMEM;
		rc = put_block(c, b);
		mws_block_unref(b);
		return rc;
	}
	n = iov[0].iov_len = mummy_ws_frame_header(small, &o->f);
	if (o->f.length == 0 || o->f.length > SMALL - n)
		return c->ep->output.writev(c->out, iov, o->f.length ? 2 : 1, NULL, NULL);
	memcpy(small + n, o->data, iov[1].iov_len);
	iov[0].iov_len += iov[1].iov_len;
	return c->ep->output.writev(c->out, iov, 1, NULL, NULL);
}

/* A reply behind others that found the output full. */
static int queue_reply(mummy_ws_conn *c, struct mws_out *o)
{
	struct mws_block *b = make_block(o);
	int rc = -ENOMEM;

	if (!b)
		return rc;
	mws_lock(c);
	if (mws_tx(c)) {
		mws_fifo_push(&c->tx->ready, b);
		tx_count(c, mws_block_size(b), 0);
		rc = 0;
	}
	mws_unlock(c);
	if (rc == 0)
		mws_out_resume(c);
	else
		mws_block_unref(b);
	return rc;
}

static int reply(mummy_ws_conn *c, struct mws_out *o)
{
	mummy_ws_io *io = c->io;

	if (!room_to_gather(io, wire_size(o))) {
		if (write_gathered(c) < 0) {
			io->gatherer = NULL;
			return queue_reply(c, o);
		}
		if (!room_to_gather(io, wire_size(o)))
			return write_now(c, o);
	}
	gather(io, o);
	return 0;
}

/* What a Close makes pointless: the open message, and those behind it. */
static void drop_held(mummy_ws_conn *c)
{
	struct mws_fifo held = { NULL, NULL };

	mws_lock(c);
	if (c->tx) {
		c->tx->open = 0;
		for (struct mws_block *b = c->tx->held.head; b; b = b->next)
			tx_count(c, 0, mws_block_size(b));
		mws_fifo_append(&held, &c->tx->held);
		mws_tx_tidy(c);
	}
	mws_unlock(c);
	mws_fifo_free(&held);
}

/* 0, 1 or an error; *total: with o. */
static int pass(mummy_ws_conn *c, struct mws_out *o, size_t *total)
{
	size_t queued = c->ep->output.pending(c->out);
	struct mws_block *b = NULL;
	enum place where;
	int rc;

	if (is_replying(c) && c->io->gatherer == c)
		queued += c->io->gathered;
	do {
		mws_lock(c);
		*total = queued + (c->tx ? c->tx->bytes : 0);
		rc = admit(c, o, *total);
		where = rc < 0 ? REFUSED : place(c, o, b);
		mws_unlock(c);
		*total += wire_size(o);
	} while (where == NEEDS_BLOCK && (b = make_block(o)));
	if (o->kind == MWS_CLOSE && (where == QUEUED || where == OWNED || where == GATHERED))
		drop_held(c);
	if (where == GATHERED)
		rc = reply(c, o);
	else if (where == OWNED && !b)
		rc = write_now(c, o);
	else if (where == NEEDS_BLOCK || (where == REFUSED && rc == 0))
		rc = -ENOMEM;
	if (where == OWNED)
		settle(c);
	if (b && (where == REFUSED || where == GATHERED))
		mws_block_unref(b);
	return rc;
}

static int note_high(mummy_ws_conn *c)
{
	if (!(mws_set(c, MWS_HIGH) & MWS_HIGH))
		mws_io_wake(c, 0);
	return 1;
}

static int overflowed(mummy_ws_conn *c)
{
	if (c->ep->opt.overflow == MUMMY_WS_REFUSE)
		return -EAGAIN;
	atomic_fetch_add(&c->ep->dropped, 1);
	if (c->ep->opt.overflow == MUMMY_WS_DROP)
		return note_high(c);
	mws_close_send(c, 1013, NULL, 0);
	return -EPIPE;
}

int mws_out_send(mummy_ws_conn *c, struct mws_out *o)
{
	size_t total = 0;
	int rc = -EPIPE;

	o->f.masked = c->ep->opt.client != 0;
	if (o->f.masked && mws_random(o->f.mask, sizeof o->f.mask) < 0)
		rc = -EIO;
	else if (mws_flags(c) & MWS_STARTED)
		rc = pass(c, o, &total);
	if (o->done)
		o->done(o->arg);
	o->done = NULL;
	if (rc == -EAGAIN && o->kind == MWS_DATA)
		return overflowed(c);
	if (rc < 0)
		return rc;
	if (o->kind == MWS_DATA || (o->kind == MWS_FRAGMENT && o->f.fin))
		atomic_fetch_add(&c->ep->messages_out, 1);
	atomic_fetch_add(&c->ep->bytes_out, head_size(&o->f) + o->f.length);
	if (rc == 1)
		mws_set(c, MWS_HIGH_OUTPUT);
	if (o->kind == MWS_PONG || o->kind == MWS_CLOSE)
		return 0;
	/* A good part of it may be with the kernel by now. */
	if (total > c->ep->opt.high_water_bytes)
		total = mummy_ws_pending(c);
	return total > c->ep->opt.high_water_bytes || (mws_flags(c) & MWS_HIGH_OUTPUT) ? note_high(c) : 0;
}

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
		struct mws_block *last = c->tx->pong;

		tx_count(c, mws_block_size(b), last ? mws_block_size(last) : 0);
		c->tx->pong = b;
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
	if (c->tx && c->tx->pong) {
		mws_fifo_push(&c->tx->ready, c->tx->pong);
		c->tx->pong = NULL;
	}
	mws_unlock(c);
	mws_out_resume(c);
	if (flags & MWS_HIGH)
		mws_event_due(c, MWS_DRAIN_DUE);
	return 0;
}
