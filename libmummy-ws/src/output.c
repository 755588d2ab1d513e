/*
 * Frames on their way out. admit() says whether a frame may go; then it is gathered (a reply inside a
 * feed), written at once by the thread that sends it, which owns the output meanwhile, or left in tx
 * for the owner that there is. mws_out_settle() is how an owner lets go.
 */
#include <config.h>
#include <stdlib.h>
#include <string.h>
#include "key.h"
#include "output.h"

/* BATCH blocks of at most BATCHED octets leave in one write. */
enum { SMALL = 1024, BATCH = 32, BATCHED = 16 * 1024 };

struct mws_tx *mws_tx(mummy_ws_conn *c)
{
	struct mws_tx *tx = mws_tx_at(c);

	if (tx)
		return tx;
	tx = calloc(1, sizeof *tx);
	if (tx) {
		tx->queue = c->waits;
		c->waits = tx;
		mws_set(c, MWS_WAITING);
	}
	return tx;
}

static void tx_free(mummy_ws_conn *c)
{
	struct mws_tx *tx = mws_tx_at(c);

	mws_clear(c, MWS_WAITING);
	c->waits = tx->queue;
	free(tx);
}

void mws_tx_tidy(mummy_ws_conn *c)
{
	struct mws_tx *tx = mws_tx_at(c);

	if (tx && !tx->ready.head && !tx->held.head && !tx->pong && !tx->open && !tx->giving)
		tx_free(c);
}

static size_t waiting(mummy_ws_conn *c)
{
	size_t n;

	mws_lock(c);
	n = mws_tx_at(c) ? mws_tx_at(c)->bytes : 0;
	mws_unlock(c);
	if (mws_is_replying(c) && c->io->gatherer == c)
		n += mws_gathered(c->io);
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
	struct mws_tx *tx = mws_tx_at(c);

	if (!tx)
		return all;
	mws_fifo_append(&all, &tx->ready);
	mws_fifo_append(&all, &tx->held);
	if (tx->pong)
		mws_fifo_push(&all, tx->pong);
	mws_tx_count(c, 0, tx->bytes);
	tx_free(c);
	return all;
}

/* Pops blocks that go out in one write, one that is big alone. How many. */
static unsigned pop_some(mummy_ws_conn *c, struct mws_block *out[BATCH])
{
	struct mws_fifo *ready = &mws_tx_at(c)->ready;
	size_t total = 0;
	unsigned n = 0;

	while (ready->head && n < BATCH) {
		size_t size = mws_block_size(ready->head);

		if (n && (size > BATCHED || total + size > MWS_GATHER))
			break;
		out[n++] = mws_fifo_pop(ready);
		total += size;
		if (size > BATCHED)
			break;
	}
	mws_tx_count(c, 0, total);
	mws_tx_at(c)->full = 0;
	return n;
}

/* The next blocks that are ready; 0: the output has no owner any more. */
static unsigned next_blocks(mummy_ws_conn *c, struct mws_block *out[BATCH])
{
	struct mws_fifo dropped = { NULL, NULL };
	unsigned n = 0;

	mws_lock(c);
	if (mws_flags(c) & MWS_EOF)
		dropped = take_all(c);
	else if (mws_tx_at(c))
		n = pop_some(c, out);
	if (n == 0) {
		mws_clear(c, MWS_BUSY);
		if (mws_flags(c) & MWS_CLOSING)
			mws_set(c, MWS_CLOSE_OUT);
		mws_tx_tidy(c);
	}
	mws_unlock(c);
	mws_fifo_free(&dropped);
	return n;
}

/* The output is full: these, and what is behind them, go when it has drained. */
void mws_out_put_back(mummy_ws_conn *c, struct mws_block **b, unsigned n)
{
	mws_lock(c);
	if (!(mws_flags(c) & MWS_EOF) && mws_tx(c)) {
		for (; n > 0; n--) {
			mws_fifo_push_front(&mws_tx_at(c)->ready, b[n - 1]);
			mws_tx_count(c, mws_block_size(b[n - 1]), 0);
		}
		mws_tx_at(c)->full = 1;
	}
	mws_clear(c, MWS_BUSY);
	mws_unlock(c);
	if (n == 0)
		return;
	while (n > 0)
		mws_block_unref(b[--n]);
	mws_conn_cut(c);
}

static int put_blocks(mummy_ws_conn *c, struct mws_block **b, unsigned n)
{
	struct iovec iov[2 * BATCH];
	int k = 0;

	if (n == 1)
		return put_block(c, b[0]);
	for (unsigned i = 0; i < n; i++) {
		if (b[i]->nhead)
			iov[k++] = (struct iovec){ b[i]->head, b[i]->nhead };
		if (b[i]->len)
			iov[k++] = (struct iovec){ (void *)(uintptr_t)b[i]->data, b[i]->len };
	}
	return c->ep->output.writev(c->out, iov, k, NULL, NULL);
}

/* Lets go of the output, with nothing left behind unless it is full. */
void mws_out_settle(mummy_ws_conn *c)
{
	struct mws_block *b[BATCH];
	unsigned n;
	int rc;

	while ((n = next_blocks(c, b))) {
		rc = put_blocks(c, b, n);
		if (rc == -EAGAIN || rc == -ENOMEM) {
			mws_out_put_back(c, b, n);
			return;
		}
		if (rc == 1)
			mws_set(c, MWS_HIGH_OUTPUT);
		while (n > 0)
			mws_block_unref(b[--n]);
	}
	mws_close_maybe(c);
}

void mws_out_resume(mummy_ws_conn *c)
{
	int mine;

	mws_lock(c);
	mine = mws_tx_at(c) && mws_tx_at(c)->ready.head && !(mws_flags(c) & MWS_EOF)
	       && !(mws_set(c, MWS_BUSY) & MWS_BUSY);
	mws_unlock(c);
	if (mine)
		mws_out_settle(c);
}

void mws_out_drop(mummy_ws_conn *c)
{
	struct mws_fifo all = { NULL, NULL };

	mws_lock(c);
	all = take_all(c);
	mws_unlock(c);
	mws_fifo_free(&all);
}

/* ---- Sending ---------------------------------------------------------------------------------- */

enum place { REFUSED, NEEDS_BLOCK, QUEUED, GATHERED, OWNED };

/* From here on the block has done. */
struct mws_block *mws_out_block(struct mws_out *o)
{
	struct mws_block *b = o->own;

	o->own = NULL;
	if (b)
		return b;
	b = mws_block_new(o);
	if (b)
		o->done = NULL;
	return b;
}

static int is_limited(const struct mws_out *o)
{
	return o->kind == MWS_DATA || o->kind == MWS_CONTROL || (o->kind == MWS_FRAGMENT && !o->f.fin);
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
			      || mws_wire_size(o) > c->ep->opt.hard_limit_bytes - total))
		return -EAGAIN;
	return 0;
}

static int is_giver(const mummy_ws_conn *c)
{
	const struct mws_tx *tx = mws_tx_at(c);

	return tx && tx->giving && tx->bytes < MWS_GATHER && pthread_equal(tx->giver, pthread_self());
}

static int is_publishing(mummy_ws_conn *c)
{
	return mws_io_is_own(c->io) && c->io->publishing;
}

/* Takes the output, or the place of an owner's helper, for o; under the lock. */
static enum place place(mummy_ws_conn *c, const struct mws_out *o, struct mws_block *b)
{
	int waits = mws_tx_at(c) && mws_tx_at(c)->ready.head, full = waits && mws_tx_at(c)->full;
	int busy = (mws_flags(c) & MWS_BUSY) != 0, replying = mws_is_replying(c);
	int held = o->kind == MWS_DATA && mws_tx_at(c) && mws_tx_at(c)->open;
	int later = o->ordered || is_giver(c) || is_publishing(c);

	if (replying && !held && !waits && !o->ordered && (!busy || c->io->gatherer == c)) {
		/* Only this thread takes it up without the lock. */
		if (!busy || o->kind == MWS_CLOSE)
			mws_set(c, MWS_BUSY | (o->kind == MWS_CLOSE ? MWS_CLOSING : 0));
		c->io->gatherer = c;
		return GATHERED;
	}
	if (!b && (held || busy || waits || later || o->kind == MWS_CLOSE))
		return NEEDS_BLOCK;
	if (b && !mws_tx(c))
		return REFUSED;
	if (b) {
		mws_fifo_push(held ? &mws_tx_at(c)->held : &mws_tx_at(c)->ready, b);
		mws_tx_count(c, mws_block_size(b), 0);
	}
	if (o->kind == MWS_CLOSE)
		mws_set(c, MWS_CLOSING);
	if (held || full || (later && !replying))
		return QUEUED;
	/* A feed takes the output up, and leaves it, without the lock. */
	if (mws_set(c, MWS_BUSY) & MWS_BUSY)
		return b ? QUEUED : NEEDS_BLOCK;
	if (replying)
		c->io->gatherer = c;
	return replying ? QUEUED : OWNED;
}

/* The owner writes o now. */
int mws_out_write_now(mummy_ws_conn *c, struct mws_out *o)
{
	unsigned char small[SMALL];
	struct iovec iov[2] = { { small, 0 }, { (void *)(uintptr_t)o->data, (size_t)o->f.length } };
	struct mws_block *b;
	size_t n;
	int rc;

	if (o->own || (o->frame && !o->f.masked))
		return put_block(c, o->own ? o->own : o->frame);
	if (o->done || o->f.masked) {
		b = mws_out_block(o);
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

/* What a Close makes pointless: the open message, and those behind it. */
static void drop_held(mummy_ws_conn *c)
{
	struct mws_fifo held = { NULL, NULL };

	mws_lock(c);
	if (mws_tx_at(c)) {
		mws_tx_at(c)->open = 0;
		for (struct mws_block *b = mws_tx_at(c)->held.head; b; b = b->next)
			mws_tx_count(c, 0, mws_block_size(b));
		mws_fifo_append(&held, &mws_tx_at(c)->held);
		mws_tx_tidy(c);
	}
	mws_unlock(c);
	mws_fifo_free(&held);
}

static size_t queued_before(mummy_ws_conn *c)
{
	size_t n = c->ep->output.pending(c->out);

	if (mws_is_replying(c) && c->io->gatherer == c)
		n += mws_gathered(c->io);
	return n;
}

int mws_out_judge(mummy_ws_conn *c, const struct mws_out *o)
{
	size_t queued = queued_before(c);
	struct mws_out bare = *o;
	int rc;

	bare.f.length = 0;
	mws_lock(c);
	rc = admit(c, &bare, queued + (mws_tx_at(c) ? mws_tx_at(c)->bytes : 0));
	mws_unlock(c);
	return rc;
}

/* Where o went, b with it; NEEDS_BLOCK: there is no memory for one. */
static enum place find_place(mummy_ws_conn *c, struct mws_out *o, struct mws_block **b, size_t *total,
			     int *rc)
{
	size_t queued = queued_before(c);
	enum place where;

	do {
		mws_lock(c);
		*total = queued + (mws_tx_at(c) ? mws_tx_at(c)->bytes : 0);
		*rc = admit(c, o, *total);
		where = *rc < 0 ? REFUSED : place(c, o, *b);
		mws_unlock(c);
		*total += mws_wire_size(o);
	} while (where == NEEDS_BLOCK && (*b = mws_out_block(o)));
	if (where == GATHERED)
		mws_reply_limit(c, queued - mws_gathered(c->io));
	return where;
}

int mws_out_pass(mummy_ws_conn *c, struct mws_out *o, size_t *total)
{
	struct mws_block *b = NULL;
	int rc;
	enum place where = find_place(c, o, &b, total, &rc);

	if (o->kind == MWS_CLOSE && (where == QUEUED || where == OWNED || where == GATHERED))
		drop_held(c);
	if (where == GATHERED)
		rc = mws_reply(c, o);
	else if (where == OWNED && !b)
		rc = mws_out_write_now(c, o);
	else if (where == NEEDS_BLOCK || (where == REFUSED && rc == 0))
		rc = -ENOMEM;
	if (where == OWNED)
		mws_out_settle(c);
	if (where == QUEUED && is_publishing(c))
		mws_out_list(c);
	if (b && (where == REFUSED || where == GATHERED))
		mws_block_unref(b);
	if (o->own)
		mws_block_unref(o->own);
	o->own = NULL;
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

static void count(mummy_ws_conn *c, unsigned messages, uint64_t bytes)
{
	if (mws_is_replying(c)) {
		c->io->replied += messages;
		c->io->replied_bytes += bytes;
		return;
	}
	if (messages)
		atomic_fetch_add(&c->ep->messages_out, messages);
	atomic_fetch_add(&c->ep->bytes_out, bytes);
}

int mws_out_send(mummy_ws_conn *c, struct mws_out *o)
{
	size_t total = 0;
	int rc = -EPIPE;

	o->f.masked = c->ep->opt.client != 0;
	if (o->f.masked && mws_random(o->f.mask, sizeof o->f.mask) < 0)
		rc = -EIO;
	else if (mws_flags(c) & MWS_STARTED)
		rc = mws_compress_pass(c, o, &total);
	if (o->done)
		o->done(o->arg);
	o->done = NULL;
	if (rc == -EAGAIN && o->kind == MWS_DATA && !o->messages)
		return overflowed(c);
	if (rc < 0)
		return rc;
	if (o->messages)
		count(c, o->messages, o->f.length);
	else
		count(c, o->kind == MWS_DATA || (o->kind == MWS_FRAGMENT && o->f.fin),
		      head_size(&o->f) + o->f.length);
	if (rc == 1)
		mws_set(c, MWS_HIGH_OUTPUT);
	if (o->kind == MWS_PONG || o->kind == MWS_CLOSE)
		return 0;
	/* A good part of it may be with the kernel by now. */
	if (total > c->ep->opt.high_water_bytes)
		total = mummy_ws_pending(c);
	return total > c->ep->opt.high_water_bytes || (mws_flags(c) & MWS_HIGH_OUTPUT) ? note_high(c) : 0;
}
