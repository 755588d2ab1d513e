/*
 * Octets become frames, frames become messages. A message that lies whole in the caller's buffer is
 * unmasked and given there. What is incomplete is kept in an mws_rx, which exists only that long.
 */
#include <config.h>
#include <stdlib.h>
#include <string.h>
#include "conn.h"

enum { FIRST_BUFFER = 4096, ROOM_WORTHWHILE = 16384 };

void mws_rx_free(struct mws_rx *rx)
{
	if (rx)
		free(rx->buf);
	free(rx);
}

static struct mws_rx *rx_of(mummy_ws_conn *c)
{
	if (!c->rx) {
		c->rx = c->io->spare ? c->io->spare : malloc(sizeof *c->rx);
		c->io->spare = NULL;
		if (c->rx)
			memset(c->rx, 0, sizeof *c->rx);
	}
	return c->rx;
}

static void rx_tidy(mummy_ws_conn *c)
{
	struct mws_rx *rx = c->rx;

	if (!rx || (!(mws_flags(c) & (MWS_CLOSE_IN | MWS_FAILED)) && (rx->in_frame || rx->nhead || rx->op)))
		return;
	c->rx = NULL;
	free(rx->buf);
	if (c->io->spare)
		free(rx);
	else
		(c->io->spare = rx)->buf = NULL;
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
	uint64_t max = c->ep->opt.max_message_bytes;
	int open = c->rx && c->rx->op;

	/* A client masks, a server does not (section 5.1); no extension uses RSV1. */
	if (f->masked == (c->ep->opt.client != 0) || f->rsv1)
		return 1002;
	if (is_control(f))
		return 0;
	if ((f->opcode == MUMMY_WS_CONTINUATION) != open)
		return 1002;
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

static unsigned whole_message(mummy_ws_conn *c, const struct mummy_ws_frame *f, const uint8_t *p, size_t n)
{
	uint32_t state = 0;

	if (f->opcode == MUMMY_WS_TEXT && (mummy_ws_utf8(&state, p, n) < 0 || state))
		return 1007;
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
	uint64_t most = rx->f.fin ? rx->total : c->ep->opt.max_message_bytes;
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
	return 0;
}

static unsigned piece(mummy_ws_conn *c, uint8_t *p, size_t n)
{
	struct mws_rx *rx = c->rx;

	if (is_control(&rx->f)) {
		memcpy(rx->control + rx->at, p, n);
		return 0;
	}
	if (rx->op == MUMMY_WS_TEXT && mummy_ws_utf8(&rx->utf8, p, n) < 0)
		return 1007;
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
	int rc;

	if (op == MUMMY_WS_TEXT && rx->utf8)
		return 1007;
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

static unsigned payload(mummy_ws_conn *c, uint8_t **p, size_t *n)
{
	struct mws_rx *rx = c->rx;
	uint64_t left = rx->f.length - rx->at;
	size_t take = left < *n ? (size_t)left : *n;
	unsigned bad = 0;

	if (take) {
		if (rx->f.masked)
			mummy_ws_mask(*p, take, rx->f.mask, rx->at);
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
	if (f.length > *n || (!is_control(&f) && (!f.fin || f.opcode == MUMMY_WS_CONTINUATION || in_pieces(c)))) {
		bad = begin_frame(c, &f);
		return bad ? bad : payload(c, p, n);
	}
	*p += f.length;
	*n -= (size_t)f.length;
	if (f.masked)
		mummy_ws_mask(at, (size_t)f.length, f.mask, 0);
	if (is_control(&f))
		return control(c, f.opcode, at, (size_t)f.length);
	return whole_message(c, &f, at, (size_t)f.length);
}

static void read_frames(mummy_ws_conn *c, uint8_t *p, size_t n)
{
	unsigned bad = 0;

	while (n && !bad && !(mws_flags(c) & (MWS_CLOSE_IN | MWS_FAILED | MWS_NO_EXECUTOR)))
		bad = c->rx && c->rx->in_frame ? payload(c, &p, &n) : frame(c, &p, &n);
	if (bad)
		mws_close_fail(c, bad);
}

int mummy_ws_conn_feed(mummy_ws_conn *c, void *data, size_t len)
{
	mummy_ws_io *io = c->io;
	unsigned flags = mws_flags(c);
	int pause;

	if (!(flags & MWS_STARTED) || (flags & (MWS_EOF | MWS_CUT)))
		return -EPIPE;
	mws_io_here(io);
	if (!(flags & MWS_OPENED) && mws_is_inline(c))
		mws_event_due(c, 0);
	if (!(flags & MWS_TOUCHED))
		mws_io_wake(c, MWS_TOUCHED);
	atomic_fetch_add(&c->ep->bytes_in, len);
	io->feeding = c;
	io->batch_hint = len;
	read_frames(c, data, len);
	pause = mws_event_submit(c);
	mws_out_flush(c);
	io->feeding = NULL;
	rx_tidy(c);
	return mws_flags(c) & (MWS_CLOSE_IN | MWS_FAILED) ? -EPIPE : pause;
}

void *mummy_ws_conn_room(mummy_ws_conn *c, size_t *n)
{
	struct mws_rx *rx = c->rx;
	uint64_t left;

	if (!rx || !rx->in_frame || is_control(&rx->f) || in_pieces(c))
		return NULL;
	left = rx->f.length - rx->at;
	if (left < ROOM_WORTHWHILE)
		return NULL;
	if (rx->size - rx->len < ROOM_WORTHWHILE && reserve(c, ROOM_WORTHWHILE) < 0)
		return NULL;
	*n = left < rx->size - rx->len ? (size_t)left : rx->size - rx->len;
	return rx->buf + rx->len;
}
