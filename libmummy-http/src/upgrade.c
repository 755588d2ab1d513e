/* upgrade.c - answers that become streams: their heads; and the input of upgraded connections. */
#include <config.h>
#include "stream.h"

/* Claims x for an answer that is a stream. */
static int claim(mummy_http_exchange *x, const struct mummy_http_header *h, size_t nh)
{
	int rc;

	if (!mhttp_fields_ok(h, nh))
		return -EINVAL;
	mhttp_exchange_detach(x);
	rc = mhttp_claim(x);
	if (rc < 0)
		return rc;
	if (!(atomic_load(&x->state) & MHTTP_ABORTED) && !atomic_load(&x->loop->ended) && mhttp_io(x->conn))
		return 0;
	x->conn->flags |= MHTTP_CLOSE;
	mhttp_exchange_done(x, MHTTP_SENT);
	return -EPIPE;
}

static int fail(mummy_http_exchange *x, mummy_http_stream *st, int rc)
{
	if (st) {
		atomic_store(&st->refs, 1);
		mhttp_stream_drop(st);
	}
	x->conn->flags |= MHTTP_CLOSE;
	mhttp_exchange_done(x, MHTTP_SENT);
	return rc;
}

static enum mhttp_stream_mode mode_of(const struct mhttp_reply *r)
{
	if (r->bodyless)
		return MHTTP_STREAM_NO_BODY;
	return r->chunked ? MHTTP_STREAM_CHUNKED : r->len == MUMMY_HTTP_UNKNOWN ? MHTTP_STREAM_RAW
										: MHTTP_STREAM_LENGTH;
}

static int respond_stream(mummy_http_exchange *x, struct mhttp_reply *r, mummy_http_stream **out)
{
	mummy_http_stream *st;
	int rc = r->status < 200 || r->status > 599 ? -EINVAL : claim(x, r->h, r->nh);

	if (rc < 0)
		return rc;
	st = mhttp_stream_new(x, MHTTP_STREAM_RAW);
	if (!st)
		return fail(x, NULL, -ENOMEM);
	rc = mhttp_reply_head(x, r);
	st->mode = (uint8_t)mode_of(r);
	st->left = r->len;
	if (rc >= 0 && r->gzip && !r->bodyless && mhttp_gzip_begin(x->loop->server->gzip, &st->gzip) < 0)
		rc = -ENOMEM;
	if (rc < 0)
		return fail(x, st, rc == -ENOMEM ? rc : -EPIPE);
	st->x = mummy_http_hold(x);
	mhttp_stream_attach(st, x);
	if (rc > 0 || !x->loop->edge)
		mhttp_stream_post(st);
	*out = st;
	return 0;
}

int mummy_http_respond_stream(mummy_http_exchange *x, int status, const struct mummy_http_header *h,
			      size_t nh, uint64_t length, mummy_http_stream **out)
{
	struct mhttp_reply r = { .status = status, .h = h, .nh = nh, .kind = MHTTP_REPLY_STREAM,
				 .len = length };

	return respond_stream(x, &r, out);
}

int mummy_http_sse(mummy_http_exchange *x, mummy_http_stream **out)
{
	static const struct mummy_http_header h[] = {
		MUMMY_HTTP_HEADER("Content-Type", "text/event-stream"),
		MUMMY_HTTP_HEADER("Cache-Control", "no-store"),
	};
	/* a compressed event would be of no use before the compressor lets it go */
	struct mhttp_reply r = { .status = 200, .h = h, .nh = 2, .kind = MHTTP_REPLY_STREAM,
				 .len = MUMMY_HTTP_UNKNOWN, .identity = 1 };

	return respond_stream(x, &r, out);
}

int mummy_http_upgrade(mummy_http_exchange *x, const struct mummy_http_header *h, size_t nh,
		       mummy_http_stream **out)
{
	struct mhttp_reply r = { .status = 101, .h = h, .nh = nh, .kind = MHTTP_REPLY_STREAM };
	mummy_http_stream *st;
	int rc;

	if (x->head.minor_version == 0)
		return -ENOTSUP;
	if (x->conn->io && !x->is_inline && !x->conn->io->body.complete)
		return -EINVAL;
	rc = claim(x, h, nh);
	if (rc < 0)
		return rc;
	st = mhttp_stream_new(x, MHTTP_STREAM_RAW);
	if (!st)
		return fail(x, NULL, -ENOMEM);
	rc = mhttp_reply_head(x, &r);
	if (rc < 0)
		return fail(x, st, -EPIPE);
	mhttp_stream_attach(st, x);
	*out = st;
	mhttp_exchange_done(x, MHTTP_SENT);
	return 0;
}

/* ---- The input of an upgraded connection, on the loop ------------------------------------------------ */

int mhttp_upgrade_reads(const struct mhttp_conn *c)
{
	const mummy_http_stream *st = c->io->stream;

	return st->began && !(atomic_load(&st->pause) & MHTTP_PAUSED);
}

static void cork(mummy_http_stream *st, int on)
{
	pthread_mutex_lock(&st->lock);
	st->flags = (uint8_t)(on ? st->flags | MHTTP_ST_CORKED : st->flags & ~MHTTP_ST_CORKED);
	pthread_mutex_unlock(&st->lock);
}

/* 1: more may be read. st may be over afterwards. */
static int deliver(mummy_http_stream *st, void *p, size_t n)
{
	int rc = -EPIPE;

	atomic_store(&st->pause, 0);
	cork(st, 1);
	if (st->events->data)
		rc = st->events->data(st->ctx, p, n);
	cork(st, 0);
	mhttp_stream_turn(st);
	if (st->ended)
		return 0;
	if (rc < 0) {
		mhttp_stream_over(st, rc);
		return 0;
	}
	if (rc == 0 || (atomic_fetch_or(&st->pause, MHTTP_PAUSED) & MHTTP_NEXT)) {
		atomic_store(&st->pause, 0);
		return 1;
	}
	return 0;
}

static int deliver_kept(struct mhttp_conn *c, mummy_http_stream *st)
{
	size_t n = c->io->in_n;
	char *p = c->io->in;
	int rc;

	c->io->in = NULL;
	c->io->in_n = c->io->in_cap = 0;
	c->flags &= (uint8_t)~MHTTP_UNPARSED;
	rc = deliver(st, p + c->io->in_at, n);
	free(p);
	return rc;
}

/* 1: more may be there. */
static int receive(struct mhttp_conn *c, mummy_http_stream *st)
{
	struct mhttp_recv *b = mhttp_loop_recv(c->loop);
	size_t room = 0;
	void *p = st->events->room ? st->events->room(st->ctx, &room) : NULL;
	ssize_t n;

	if (!p && b) {
		p = b->p;
		room = b->size;
	}
	n = p ? mhttp_recv(c, p, room) : -ENOMEM;
	if (n == -EAGAIN || (n > 0 && (size_t)n < room && mhttp_is_plain(c)
			     && !(atomic_load(&c->word) & MHTTP_GONE)))
		atomic_fetch_and(&c->word, ~(uint32_t)MHTTP_EVENT);
	if (n == -EAGAIN)
		return 0;
	if (n <= 0) {
		mhttp_stream_over(st, (int)n);
		return 0;
	}
	return deliver(st, p, (size_t)n);
}

void mhttp_upgrade_turn(struct mhttp_conn *c)
{
	mummy_http_stream *st = c->io->stream;
	int reads = 0;

	atomic_fetch_add_explicit(&st->refs, 1, memory_order_relaxed);
	mhttp_conn_ref(c);
	mhttp_stream_turn(st);
	if (!st->ended && mhttp_upgrade_reads(c) && (!c->io->in_n || deliver_kept(c, st)))
		while (!st->ended && mhttp_upgrade_reads(c) && (atomic_load(&c->word) & MHTTP_EVENT)
		       && receive(c, st))
			if (reads++ == MHTTP_TURN_READS) {
				if (!st->ended)
					mhttp_conn_again(c);
				break;
			}
	mhttp_conn_unref(c);
	mhttp_stream_drop(st);
}
