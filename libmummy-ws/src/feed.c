/*
 * Octets become frames, frames become messages. A message that lies whole in the caller's buffer is
 * unmasked and given there. What is incomplete is kept in an mws_rx, which exists only that long.
 */
#include <config.h>
#include <stdlib.h>
#include <string.h>
#include "output.h"
#include "simd.h"

enum { FIRST_BUFFER = 4096, ROOM_WORTHWHILE = 16384 };

void mws_rx_free(struct mws_rx *rx)
{
	if (!rx)
		return;
	mws_inflater_free(rx->inflater);
	free(rx->stash);
	free(rx->buf);
	free(rx);
}

static struct mws_rx *rx_of(mummy_ws_conn *c)
{
	if (!c->rx) {
		c->rx = c->io->spare ? c->io->spare : calloc(1, sizeof *c->rx);
		c->io->spare = NULL;
	}
	return c->rx;
}

static void rx_tidy(mummy_ws_conn *c)
{
	struct mws_rx *rx = c->rx;

	if ((!(mws_flags(c) & (MWS_CLOSE_IN | MWS_FAILED))
	     && (rx->in_frame || rx->nhead || rx->op || rx->stash)))
		return;
	c->rx = NULL;
	if (c->io->spare) {
		mws_rx_free(rx);
		return;
	}
	mws_inflater_free(rx->inflater);
	free(rx->stash);
	free(rx->buf);
	memset(rx, 0, sizeof *rx);
	c->io->spare = rx;
}

static int in_pieces(const mummy_ws_conn *c)
{
	return c->ep->ev.message_data != NULL;
}

static int is_control(const struct mummy_ws_frame *f)
{
	return (f->opcode & 8) != 0;
}

/* ---- Frames ----------------------------------------------------------------------------------- */

/* What each function below gives: 0, or the code to fail with. */

static unsigned check_frame(const mummy_ws_conn *c, const struct mummy_ws_frame *f)
{
	int open = c->rx && c->rx->op;
	uint64_t max;

	/* A client masks, a server does not (section 5.1); RSV1 is for compressed messages. */
	if (f->masked == (c->ep->opt.client != 0) || (f->rsv1 && !(mws_flags(c) & MWS_DEFLATE)))
		return 1002;
	if (is_control(f))
		return 0;
	if ((f->opcode == MUMMY_WS_CONTINUATION) != open)
		return 1002;
	max = mws_received_max(c, open ? c->rx->deflated : f->rsv1);
	return f->length > max - (open ? c->rx->total : 0) ? 1009 : 0;
}

static unsigned control(mummy_ws_conn *c, enum mummy_ws_opcode op, const uint8_t *p, size_t n)
{
	if (op == MUMMY_WS_CLOSE)
		return mws_close_received(c, p, n);
	if (op == MUMMY_WS_PING)
		mws_out_pong(c, p, n);
	else if (c->ep->ev.pong && mws_event(c, MWS_EV_PONG, op, p, n, NULL) < 0)
		return 1011;
	return 0;
}

static unsigned whole_message(mummy_ws_conn *c, const struct mummy_ws_frame *f, uint8_t *p, size_t n)
{
	uint32_t state = 0;
	int rc = 0;

	if (f->opcode == MUMMY_WS_TEXT && !f->rsv1)
		rc = f->masked ? mws_utf8_unmask(&state, p, n, f->mask, 0) : mummy_ws_utf8(&state, p, n);
	else if (f->masked)
		mummy_ws_mask(p, n, f->mask, 0);
	if (rc < 0 || state)
		return 1007;
	if (f->rsv1)
		return mws_received_whole(c, f->opcode, p, n);
	c->io->payload = p;
	return mws_event(c, MWS_EV_MESSAGE, f->opcode, p, n, NULL) < 0 ? 1011 : 0;
}

static unsigned begin_frame(mummy_ws_conn *c, const struct mummy_ws_frame *f)
{
	struct mws_rx *rx = rx_of(c);

	if (!rx)
		return 1011;
	rx->nhead = 0;
	rx->f = *f;
	rx->at = 0;
	rx->in_frame = 1;
	if (is_control(f))
		return 0;
	if (!rx->op) {
		rx->op = (uint8_t)f->opcode;
		rx->utf8 = 0;
		rx->total = 0;
		rx->len = 0;
		rx->deflated = f->rsv1;
		rx->inflated = 0;
		if (in_pieces(c) && mws_event(c, MWS_EV_BEGIN, f->opcode, NULL, 0, NULL) < 0)
			return 1011;
	}
	rx->total += f->length;
	return 0;
}

/* Grows as octets come, not as they are announced. */
static int reserve(const mummy_ws_conn *c, size_t n)
{
	struct mws_rx *rx = c->rx;
	uint64_t most = rx->f.fin ? rx->total : mws_received_max(c, rx->deflated);
	size_t size = rx->size ? rx->size : FIRST_BUFFER;
	unsigned char *p;

	if (rx->buf && n <= rx->size - rx->len)
		return 0;
	while (size - rx->len < n)
		size *= 2;
	/* No more than the message will have, which only its last frame tells. */
	if (size > most && most >= rx->len + n)
		size = (size_t)most;
	p = realloc(rx->buf, size);
	if (!p)
		return -ENOMEM;
	rx->buf = p;
	rx->size = size;
	if (size >= MWS_BIG)
		mws_io_grew(c->io);
	return 0;
}

static unsigned piece(mummy_ws_conn *c, uint8_t *p, size_t n)
{
	struct mws_rx *rx = c->rx;

	if (is_control(&rx->f)) {
		memcpy(rx->control + rx->at, p, n);
		return 0;
	}
	if (rx->deflated && in_pieces(c))
		return mws_received_piece(c, p, n, 0);
	if (in_pieces(c))
		return mws_event(c, MWS_EV_DATA, (enum mummy_ws_opcode)rx->op, p, n, NULL) < 0 ? 1011 : 0;
	/* It may have been read to where it belongs. */
	if (!rx->buf || p != rx->buf + rx->len) {
		if (reserve(c, n) < 0)
			return 1011;
		memcpy(rx->buf + rx->len, p, n);
	}
	rx->len += n;
	return 0;
}

static unsigned end_message(mummy_ws_conn *c)
{
	struct mws_rx *rx = c->rx;
	enum mummy_ws_opcode op = (enum mummy_ws_opcode)rx->op;
	unsigned char *buf = rx->buf;
	unsigned bad = 0;
	int rc;

	if (rx->deflated && in_pieces(c))
		bad = mws_received_piece(c, NULL, 0, 1);
	else if (rx->deflated)
		bad = mws_received_whole(c, op, buf, rx->len);
	if (bad)
		return bad;
	if (op == MUMMY_WS_TEXT && rx->utf8)
		return 1007;
	if (rx->deflated && !in_pieces(c)) {
		rx->op = 0;
		rx_tidy(c);
		return 0;
	}
	rx->op = 0;
	rx->buf = NULL;
	rx->size = 0;
	if (in_pieces(c))
		rc = mws_event(c, MWS_EV_END, op, NULL, 0, NULL);
	else
		rc = mws_event(c, MWS_EV_MESSAGE, op, buf ? (const void *)buf : "", rx->len, buf);
	return rc < 0 ? 1011 : 0;
}

static unsigned end_frame(mummy_ws_conn *c)
{
	struct mws_rx *rx = c->rx;

	rx->in_frame = 0;
	if (is_control(&rx->f))
		return control(c, rx->f.opcode, rx->control, (size_t)rx->f.length);
	return rx->f.fin ? end_message(c) : 0;
}

/* ---- Octets ----------------------------------------------------------------------------------- */

/* Unmasks, and checks text, in one pass. */
static unsigned uncover(struct mws_rx *rx, uint8_t *p, size_t n)
{
	int text = !is_control(&rx->f) && rx->op == MUMMY_WS_TEXT && !rx->deflated, rc = 0;

	if (text && rx->f.masked)
		rc = mws_utf8_unmask(&rx->utf8, p, n, rx->f.mask, rx->at);
	else if (text)
		rc = mummy_ws_utf8(&rx->utf8, p, n);
	else if (rx->f.masked)
		mummy_ws_mask(p, n, rx->f.mask, rx->at);
	return rc < 0 ? 1007 : 0;
}

static unsigned payload(mummy_ws_conn *c, uint8_t **p, size_t *n)
{
	struct mws_rx *rx = c->rx;
	uint64_t left = rx->f.length - rx->at;
	size_t take = left < *n ? (size_t)left : *n;
	unsigned bad = 0;

	if (take) {
		bad = uncover(rx, *p, take);
		if (!bad)
			bad = piece(c, *p, take);
	}
	rx->at += take;
	*p += take;
	*n -= take;
	return bad ? bad : rx->at == rx->f.length ? end_frame(c) : 0;
}

/* A header that came in pieces before: octet by octet. Its length, 0 or -EPROTO. */
static int kept_header(struct mws_rx *rx, uint8_t **p, size_t *n, struct mummy_ws_frame *f)
{
	int head = 0;

	while (*n && head == 0) {
		rx->head[rx->nhead++] = *(*p)++;
		--*n;
		head = mummy_ws_frame_parse(rx->head, rx->nhead, f);
	}
	return head;
}

static int header(mummy_ws_conn *c, uint8_t **p, size_t *n, struct mummy_ws_frame *f)
{
	int head;

	if (c->rx && c->rx->nhead)
		return kept_header(c->rx, p, n, f);
	head = mummy_ws_frame_parse(*p, *n, f);
	if (head < 0)
		return head;
	if (head == 0) {
		if (!rx_of(c))
			return -ENOMEM;
		return kept_header(c->rx, p, n, f);
	}
	*p += head;
	*n -= (size_t)head;
	return head;
}

/* The next frame, or what there is of it. */
static unsigned frame(mummy_ws_conn *c, uint8_t **p, size_t *n)
{
	struct mummy_ws_frame f;
	int head = header(c, p, n, &f);
	uint8_t *at = *p;
	unsigned bad;

	if (head <= 0)
		return head == -EPROTO ? 1002 : head ? 1011 : 0;
	if (c->rx)
		c->rx->nhead = 0;
	bad = check_frame(c, &f);
	if (bad)
		return bad;
	if (f.length > *n
	    || (!is_control(&f) && (!f.fin || f.opcode == MUMMY_WS_CONTINUATION || in_pieces(c)))) {
		bad = begin_frame(c, &f);
		return bad ? bad : payload(c, p, n);
	}
	*p += f.length;
	*n -= (size_t)f.length;
	if (!is_control(&f))
		return whole_message(c, &f, at, (size_t)f.length);
	if (f.masked)
		mummy_ws_mask(at, (size_t)f.length, f.mask, 0);
	return control(c, f.opcode, at, (size_t)f.length);
}

/* Small frames, and compressed ones, make much more of the executor's batch than was read. */
static int is_crowded(const mummy_ws_conn *c)
{
	return c->io->batch && mws_event_batch(c->io) > c->ep->opt.max_pending_bytes;
}

/* What follows is not looked at any more. */
static int is_over(const mummy_ws_conn *c)
{
	return (mws_flags(c) & (MWS_CLOSE_IN | MWS_FAILED | MWS_NO_EXECUTOR)) != 0;
}

/* What is left waits until the executor has room. */
static unsigned stash(mummy_ws_conn *c, const uint8_t *p, size_t n)
{
	struct mws_rx *rx = rx_of(c);

	if (rx)
		rx->stash = malloc(n);
	if (!rx || !rx->stash)
		return 1011;
	memcpy(rx->stash, p, n);
	rx->nstash = n;
	mws_set(c, MWS_STASHED);
	return 0;
}

enum { SHORTEST = 6 };                  /* the header of a short frame that is masked */

static unsigned short_message(mummy_ws_conn *c, enum mummy_ws_opcode op, const uint8_t *p, size_t n)
{
	if (!mws_is_inline(c))
		return mws_event(c, MWS_EV_MESSAGE, op, p, n, NULL) < 0 ? 1011 : 0;
	c->io->received++;
	if (c->ep->ev.message)
		c->ep->ev.message(c, c->user, op, p, n);
	return 0;
}

/* What most of what comes is: short frames of a client, each whole and a whole message. Those at the front
 * are taken. 0, or the code to fail with. */
static unsigned read_shorts(mummy_ws_conn *c, uint8_t **from, size_t *left)
{
	const struct mws_simd *simd = c->io->simd;
	uint8_t *p = *from, *end = p + *left;
	unsigned bad = 0;

	while (end - p >= SHORTEST && !bad && !is_crowded(c) && !is_over(c)) {
		enum mummy_ws_opcode op = (enum mummy_ws_opcode)(p[0] ^ 0x80);
		size_t n = p[1] ^ 0x80u;
		uint8_t *mask = p + 2, *at = p + SHORTEST;
		uint32_t state = 0;

		if (n > MWS_SHORT || (size_t)(end - at) < n || (op != MUMMY_WS_BINARY && op != MUMMY_WS_TEXT))
			break;
		p = at + n;
		if (op == MUMMY_WS_BINARY)
			simd->mask(at, n, mask);
		else if (n && (simd->text(&state, at, n, mask) < 0 || state))
			bad = 1007;
		if (!bad)
			bad = short_message(c, op, at, n);
	}
	*from = p;
	*left = (size_t)(end - p);
	return bad;
}

static void read_frames(mummy_ws_conn *c, uint8_t *p, size_t n)
{
	unsigned bad = 0;

	while (n && !bad && !is_crowded(c) && !is_over(c)) {
		if (c->ep->shorts && !c->rx)
			bad = read_shorts(c, &p, &n);
		if (n && !bad && !is_crowded(c) && !is_over(c))
			bad = c->rx && c->rx->in_frame ? payload(c, &p, &n) : frame(c, &p, &n);
	}
	if (n && !bad && is_crowded(c) && !(mws_flags(c) & (MWS_CLOSE_IN | MWS_FAILED)))
		bad = stash(c, p, n);
	if (bad)
		mws_close_fail(c, bad);
}

/* To the octets that wait. */
static int append(mummy_ws_conn *c, const void *data, size_t n)
{
	struct mws_rx *rx = c->rx;
	unsigned char *p = realloc(rx->stash, rx->nstash + n);

	if (!p) {
		mws_close_fail(c, 1011);
		return -EPIPE;
	}
	memcpy(p + rx->nstash, data, n);
	rx->stash = p;
	rx->nstash += n;
	return 1;
}

static inline void count_replies(mummy_ws_conn *c)
{
	mummy_ws_io *io = c->io;

	atomic_fetch_add_explicit(&c->ep->messages_out, io->replied, memory_order_relaxed);
	atomic_fetch_add_explicit(&c->ep->bytes_out, io->replied_bytes, memory_order_relaxed);
	io->replied = io->replied_bytes = 0;
}

static inline void count(mummy_ws_conn *c)
{
	mummy_ws_io *io = c->io;

	if (io->received)
		atomic_fetch_add_explicit(&c->ep->messages_in, io->received, memory_order_relaxed);
	io->received = 0;
	if (io->replied_bytes)
		count_replies(c);
}

static int feed(mummy_ws_conn *c, void *data, size_t len)
{
	mummy_ws_io *io = c->io;
	int pause;

	io->feeding = c;
	io->batch_hint = len;
	/* What was read to where its message belongs goes with that, before the replies. */
	if (!c->rx || !c->rx->buf || data != c->rx->buf + c->rx->len) {
		io->fed = data;
		io->fed_end = io->fed + len;
	}
	read_frames(c, data, len);
	pause = mws_is_inline(c) ? 0 : mws_event_submit(c);
	if (io->gatherer)
		mws_out_flush(c);
	io->feeding = NULL;
	io->fed = io->fed_end = io->payload = NULL;
	count(c);
	if (c->rx)
		rx_tidy(c);
	return mws_flags(c) & (MWS_CLOSE_IN | MWS_FAILED) ? -EPIPE : pause;
}

void mws_feed_go_on(mummy_ws_conn *c)
{
	unsigned char *data = c->rx ? c->rx->stash : NULL;
	int rc = 0;

	if (data && !(mws_flags(c) & (MWS_EOF | MWS_CUT))) {
		c->rx->stash = NULL;
		mws_clear(c, MWS_STASHED);
		rc = feed(c, data, c->rx->nstash);
		free(data);
	}
	if (rc <= 0 && c->ep->output.resume && !(mws_flags(c) & MWS_EOF))
		c->ep->output.resume(c->out);
}

static __attribute__((noinline)) int feed_any(mummy_ws_conn *c, void *data, size_t len)
{
	unsigned flags = mws_flags(c);

	if (!(flags & MWS_STARTED) || (flags & (MWS_EOF | MWS_CUT)))
		return -EPIPE;
	mws_io_here(c->io);
	if (!(flags & MWS_OPENED) && mws_is_inline(c))
		mws_event_due(c, 0);
	mws_io_touch(c->io, c, flags);
	atomic_fetch_add_explicit(&c->ep->bytes_in, len, memory_order_relaxed);
	/* The octets before these were not looked at yet. */
	if (flags & MWS_STASHED)
		return append(c, data, len);
	return feed(c, data, len);
}

/* Its text is none. */
static __attribute__((noinline)) int feed_bad(mummy_ws_conn *c)
{
	c->io->feeding = c;
	mws_close_fail(c, 1007);
	mws_out_flush(c);
	c->io->feeding = NULL;
	count(c);
	return -EPIPE;
}

/* What was read is one short frame: the way of feed_any without what can't be so then. */
int mummy_ws_conn_feed(mummy_ws_conn *c, void *data, size_t len)
{
	const unsigned simple = MWS_STARTED | MWS_OPENED,
		       other = MWS_EOF | MWS_CUT | MWS_STASHED | MWS_ENDING | MWS_PINGED | MWS_TOUCHED;
	mummy_ws_endpoint *ep = c->ep;
	mummy_ws_io *io = c->io;
	uint8_t *p = data;
	size_t n = len - SHORTEST;
	uint32_t op, state = 0;

	if (n > MWS_SHORT || p[1] != (n | 0x80) || c->rx || !c->timer_at || !ep->at_once
	    || (mws_flags(c) & (simple | other)) != simple || !mws_io_is_own(io))
		return feed_any(c, data, len);
	op = p[0] ^ 0x80u;
	if (op != MUMMY_WS_BINARY && op != MUMMY_WS_TEXT)
		return feed_any(c, data, len);
	if (io->clock)
		c->stamp = (uint32_t)*io->clock;
	else
		mws_io_touch(io, c, simple);
	atomic_fetch_add_explicit(&ep->bytes_in, len, memory_order_relaxed);
	if (op == MUMMY_WS_BINARY)
		io->simd->mask(p + SHORTEST, n, p + 2);
	else if (n && (io->simd->text(&state, p + SHORTEST, n, p + 2) < 0 || state))
		return feed_bad(c);
	atomic_fetch_add_explicit(&ep->messages_in, 1, memory_order_relaxed);
	io->feeding = c;
	ep->ev.message(c, c->user, (enum mummy_ws_opcode)op, p + SHORTEST, n);
	if (io->gatherer)
		mws_reply_flush(c);
	io->feeding = NULL;
	if (io->replied_bytes)
		count_replies(c);
	return 0;
}

static __attribute__((noinline)) void *room_for_payload(mummy_ws_conn *c, size_t *n)
{
	struct mws_rx *rx = c->rx;
	uint64_t left;

	if (!rx->in_frame || is_control(&rx->f) || in_pieces(c))
		return NULL;
	left = rx->f.length - rx->at;
	if (left < ROOM_WORTHWHILE)
		return NULL;
	if (rx->size - rx->len < ROOM_WORTHWHILE && reserve(c, ROOM_WORTHWHILE) < 0)
		return NULL;
	*n = left < rx->size - rx->len ? (size_t)left : rx->size - rx->len;
	return rx->buf + rx->len;
}

void *mummy_ws_conn_room(mummy_ws_conn *c, size_t *n)
{
	return c->rx ? room_for_payload(c, n) : NULL;
}
