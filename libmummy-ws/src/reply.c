/*
 * The replies to one feed: they are gathered in a buffer of the io, and leave in one write at its end. The
 * first one takes up the output.
 */
#include <config.h>
#include <stdlib.h>
#include <string.h>
#include "output.h"

enum { REFERRED = 4096 };               /* what is shorter is copied */

static void add_piece(mummy_ws_io *io, const void *p, size_t n)
{
	io->piece[io->npieces++] = (struct iovec){ (void *)(uintptr_t)p, n };
}

/* What was gathered since the last piece. */
static void end_piece(mummy_ws_io *io)
{
	if (io->gathered > io->piece_from)
		add_piece(io, io->gather + io->piece_from, io->gathered - io->piece_from);
	io->piece_from = io->gathered;
}

static void none_gathered(mummy_ws_io *io)
{
	io->gathered = io->referred = io->piece_from = 0;
	io->npieces = 0;
	io->given_sent = 0;
	while (io->nkept)
		free(io->kept[--io->nkept]);
}

static struct mws_block *block_of_pieces(const mummy_ws_io *io)
{
	struct mws_block *b = mws_block_room(mws_gathered(io));
	unsigned char *to = b ? b->own : NULL;

	for (unsigned i = 0; b && i < io->npieces; i++) {
		memcpy(to, io->piece[i].iov_base, io->piece[i].iov_len);
		to += io->piece[i].iov_len;
	}
	return b;
}

int mws_reply_not_written(mummy_ws_conn *c, int rc)
{
	mummy_ws_io *io = c->io;
	struct mws_block *b;

	if (rc != -EAGAIN && rc != -ENOMEM) {
		if (rc == 1)
			mws_set(c, MWS_HIGH_OUTPUT);
		none_gathered(io);
		return 0;
	}
	b = io->npieces ? block_of_pieces(io) : mws_block_raw(io->gather, io->gathered);
	none_gathered(io);
	if (b)
		mws_out_put_back(c, &b, 1);
	else
		mws_conn_cut(c);
	return -EAGAIN;
}

int mws_reply_pieces(mummy_ws_conn *c)
{
	mummy_ws_io *io = c->io;
	int rc;

	end_piece(io);
	rc = c->ep->output.writev(c->out, io->piece, (int)io->npieces, NULL, NULL);
	if (rc)
		return mws_reply_not_written(c, rc);
	none_gathered(io);
	return 0;
}

void mws_out_flush(mummy_ws_conn *c)
{
	if (c->io->gatherer == c)
		mws_reply_flush(c);
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
	if (o->f.masked && !o->own)
		mummy_ws_mask(p + head, n, o->f.mask, 0);
	io->gathered += head + n;
}

/* A reply behind others that found the output full. */
static int queue_reply(mummy_ws_conn *c, struct mws_out *o)
{
	struct mws_block *b = mws_out_block(o);
	int rc = -ENOMEM;

	if (!b)
		return rc;
	mws_lock(c);
	if (mws_tx(c)) {
		mws_fifo_push(&mws_tx_at(c)->ready, b);
		mws_tx_count(c, mws_block_size(b), 0);
		rc = 0;
	}
	mws_unlock(c);
	if (rc == 0)
		mws_out_resume(c);
	else
		mws_block_unref(b);
	return rc;
}

void mws_reply_limit(mummy_ws_conn *c, size_t pending)
{
	c->io->gather_most = c->ep->reply_bytes > pending ? c->ep->reply_bytes - pending : 0;
}

/* Those before it go out, and it too when it is too long to be gathered: what the output has of them counts
 * for those that follow. */
static int reply_behind(mummy_ws_conn *c, struct mws_out *o)
{
	mummy_ws_io *io = c->io;
	int rc = 0;

	if (mws_reply_write(c) < 0) {
		io->gatherer = NULL;
		return queue_reply(c, o);
	}
	if (room_to_gather(io, mws_wire_size(o)))
		gather(io, o);
	else
		rc = mws_out_write_now(c, o);
	mws_reply_limit(c, c->ep->output.pending(c->out));
	return rc;
}

int mws_reply(mummy_ws_conn *c, struct mws_out *o)
{
	if (!room_to_gather(c->io, mws_wire_size(o)))
		return reply_behind(c, o);
	gather(c->io, o);
	return 0;
}

/* The output is taken up for replies, if it has no owner. */
static inline int begin_replies(mummy_ws_conn *c, mummy_ws_io *io, unsigned flags)
{
	size_t pending;

	if (io->feeding != c || (flags & MWS_BUSY) || !room_to_gather(io, 0))
		return 0;
	pending = c->ep->output.pending(c->out);
	if (!atomic_compare_exchange_strong(&c->flags, &flags, flags | MWS_BUSY))
		return 0;
	io->gatherer = c;
	io->gather_most = c->ep->reply_bytes;
	if (pending)
		mws_reply_limit(c, pending);
	return 1;
}

static int is_text(const void *p, size_t n)
{
	uint32_t state = 0;

	return mummy_ws_utf8(&state, p, n) == 0 && state == 0;
}

static int is_within(const unsigned char *p, size_t n, const unsigned char *from, const unsigned char *to)
{
	return p >= from && p < to && n <= (size_t)(to - p);
}

/* Does it last until the replies go out? What is given does when it was sent: it is kept then. */
static int lasts(mummy_ws_io *io, const unsigned char *p, size_t n)
{
	if (io->npieces + 3 > MWS_PIECES)
		return 0;
	if (is_within(p, n, io->fed, io->fed_end))
		return 1;
	if (!is_within(p, n, io->given, io->given_end))
		return 0;
	io->given_sent = 1;
	return 1;
}

/* The head goes where the longer one was of the message that is sent back, so that both are one piece; else
 * it is gathered. */
static void refer(mummy_ws_io *io, const struct mummy_ws_frame *f, const unsigned char *p)
{
	unsigned char head[MWS_HEAD_MOST], *to = io->gather + io->gathered;
	size_t n = mummy_ws_frame_header(head, f), len = (size_t)f->length;

	if (p == io->payload && (size_t)(p - io->fed) >= n) {
		io->payload = NULL;
		to = (unsigned char *)(uintptr_t)p - n;
		p = to;
		len += n;
	} else {
		io->gathered += n;
	}
	memcpy(to, head, n);
	end_piece(io);
	add_piece(io, p, len);
	io->referred += len;
}

/* It is not copied when it lies where it lasts. */
static __attribute__((noinline)) int send_long(mummy_ws_conn *c, enum mummy_ws_opcode op, const void *data,
					       size_t len)
{
	const struct mws_out o = { .f = { .opcode = op, .fin = 1, .length = len }, .data = data };
	mummy_ws_io *io = c->io;
	size_t before = mws_gathered(io);

	if (room_to_gather(io, MWS_HEAD_MOST) && lasts(io, data, len))
		refer(io, &o.f, data);
	else if (room_to_gather(io, mws_wire_size(&o)))
		gather(io, &o);
	else
		return mummy_ws_send_taken(c, op, data, len, NULL, NULL);
	io->replied++;
	io->replied_bytes += mws_gathered(io) - before;
	return 0;
}

/* The flags of a connection to which a reply inside a feed has nothing else to be thought of. Only this
 * thread's own sends have an order with it, and of those none waits. */
enum { SIMPLE = MWS_STARTED };
#define OTHER (MWS_WAITING | MWS_CLOSING | MWS_EOF | MWS_HIGH_OUTPUT)

static __attribute__((noinline)) int send_any(mummy_ws_conn *c, enum mummy_ws_opcode op, const void *data,
					      size_t len)
{
	mummy_ws_io *io = c->io;
	unsigned flags = mws_flags(c);
	unsigned char *to;
	size_t head;

	if ((flags & (SIMPLE | OTHER)) != SIMPLE || !mws_io_is_own(io)
	    || (op != MUMMY_WS_BINARY && (op != MUMMY_WS_TEXT || !is_text(data, len)))
	    || ((flags & MWS_DEFLATE) && len >= c->ep->opt.deflate_min_bytes)
	    || (io->gatherer != c && !begin_replies(c, io, flags))
	    || len >= io->gather_most || mws_gathered(io) + len + MWS_HEAD_MOST > io->gather_most)
		return mummy_ws_send_taken(c, op, data, len, NULL, NULL);
	if (len >= REFERRED)
		return send_long(c, op, data, len);
	if (io->gathered > MWS_GATHER - REFERRED - MWS_HEAD_MOST)
		return mummy_ws_send_taken(c, op, data, len, NULL, NULL);
	to = io->gather + io->gathered;
	head = mummy_ws_frame_header(to, &(struct mummy_ws_frame){ .opcode = op, .fin = 1, .length = len });
	io->gathered += head + len;
	io->replied++;
	io->replied_bytes += head + len;
	if (len)
		memcpy(to + head, data, len);
	return 0;
}

/* A short reply: the way of send_any without what can't be so then. */
int mummy_ws_send(mummy_ws_conn *c, enum mummy_ws_opcode op, const void *data, size_t len)
{
	mummy_ws_io *io = c->io;
	unsigned flags = mws_flags(c);
	unsigned char *to;
	size_t total;

	if (len > MWS_SHORT || (flags & (SIMPLE | OTHER | MWS_DEFLATE)) != SIMPLE || !mws_io_is_own(io)
	    || (op != MUMMY_WS_BINARY && (op != MUMMY_WS_TEXT || !is_text(data, len)))
	    || (io->gatherer != c && !begin_replies(c, io, flags)))
		return send_any(c, op, data, len);
	total = mws_gathered(io) + len + MWS_HEAD_MOST;
	if (total > io->gather_most || total > MWS_GATHER)
		return send_any(c, op, data, len);
	to = io->gather + io->gathered;
	to[0] = (uint8_t)(0x80 | (unsigned)op);
	to[1] = (uint8_t)len;
	io->gathered += 2 + len;
	io->replied++;
	io->replied_bytes += 2 + len;
	if (len)
		memcpy(to + 2, data, len);
	return 0;
}
