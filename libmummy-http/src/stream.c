/* stream.c - streams: made, flushed by the loop, ended, told about. */
#include <config.h>
#include <stdlib.h>
#include "upgraded.h"

mummy_http_stream *mhttp_stream_new(mummy_http_exchange *x, enum mhttp_stream_mode mode)
{
	const struct mummy_http_executor *e = x->route ? mhttp_executor(x) : NULL;
	mummy_http_stream *st = calloc(1, sizeof *st);

	if (!st)
		return NULL;
	atomic_init(&st->refs, 2);           /* the users', the connection's */
	atomic_init(&st->users, 1);
	pthread_mutex_init(&st->lock, NULL);
	st->loop = x->loop;
	st->mode = (uint8_t)mode;
	st->executor = e && e->wait ? e : NULL;
	mhttp_loop_ref(x->loop);
	mhttp_count(&x->loop->stats.streams, 1);
	return st;
}

/* Gives the output of x's connection to st; the lease is the caller's. */
void mhttp_stream_attach(mummy_http_stream *st, mummy_http_exchange *x)
{
	struct mhttp_conn *c = x->conn;

	st->conn = c;
	if (c->io->out) {
		st->out = *c->io->out;
		free(c->io->out);
		c->io->out = NULL;
	}
	atomic_store(&st->pending, (size_t)st->out.bytes);
	c->io->stream = st;
	x->streaming = 1;
	atomic_fetch_or(&c->word, MHTTP_STREAMING);
}

void mhttp_stream_drop(mummy_http_stream *st)
{
	if (atomic_fetch_sub(&st->refs, 1) != 1)
		return;
	mhttp_uncount(&st->loop->stats.streams, 1);
	mhttp_gzip_end(st->gzip);
	pthread_mutex_destroy(&st->lock);
	mhttp_loop_unref(st->loop);
	free(st);
}

mummy_http_stream *mummy_http_stream_ref(mummy_http_stream *st)
{
	struct mhttp_up *u = mhttp_up_of(st);

	atomic_fetch_add_explicit(u ? &u->users : &st->users, 1, memory_order_relaxed);
	return st;
}

/* Who can't write any more can't close either: what is unfinished then stays so, and is cut. */
void mummy_http_stream_unref(mummy_http_stream *st)
{
	int unfinished;

	if (mhttp_up_of(st)) {
		mhttp_up_unref(mhttp_up_of(st));
		return;
	}
	if (!st || atomic_fetch_sub(&st->users, 1) != 1)
		return;
	pthread_mutex_lock(&st->lock);
	unfinished = st->conn && !(st->flags & (MHTTP_ST_CLOSING | MHTTP_ST_BROKEN));
	pthread_mutex_unlock(&st->lock);
	if (unfinished)
		mummy_http_stream_abort(st);
	mhttp_stream_drop(st);
}

mummy_http_loop *mummy_http_stream_loop(const mummy_http_stream *st)
{
	const struct mhttp_up *u = mhttp_up_of(st);

	return u ? u->loop : st->loop;
}

size_t mummy_http_stream_pending(const mummy_http_stream *st)
{
	struct mhttp_up *u = (struct mhttp_up *)(uintptr_t)st;

	if (!mhttp_up_is(st))
		return atomic_load_explicit(&st->pending, memory_order_relaxed);
	return mhttp_up_state(u) & MHTTP_UP_OUT ? mhttp_up_pending(u) : 0;
}

int mhttp_stream_stalled(const struct mhttp_conn *c)
{
	return c->io && c->io->stream && atomic_load(&c->io->stream->pending) > 0;
}

uint32_t mhttp_stream_due(const struct mhttp_conn *c, uint32_t now)
{
	mummy_http_stream *st = c->io ? c->io->stream : NULL;
	uint32_t due = INT32_MAX;

	if (!st)
		return due;
	pthread_mutex_lock(&st->lock);
	if (st->out.first)
		due = mhttp_output_due(c->loop->server, &st->out.pace, now);
	pthread_mutex_unlock(&st->lock);
	return due;
}

int mhttp_stream_slow(const struct mhttp_conn *c, uint32_t now)
{
	mummy_http_stream *st = c->io ? c->io->stream : NULL;
	int slow;

	if (!st)
		return 0;
	pthread_mutex_lock(&st->lock);
	slow = st->out.first && mhttp_output_slow(c->loop->server, &st->out.pace, c->fd, now);
	pthread_mutex_unlock(&st->lock);
	return slow;
}

static void stream_node_run(struct mhttp_inbox_node *n)
{
	mummy_http_stream *st = MUMMY_CONTAINER_OF(n, mummy_http_stream, node);
	struct mhttp_conn *c;

	atomic_store(&st->posted, 0);
	pthread_mutex_lock(&st->lock);
	st->began |= st->events != NULL;
	c = st->conn;
	pthread_mutex_unlock(&st->lock);
	if (c)
		mhttp_conn_ref(c);
	mhttp_stream_turn(st);
	if (c) {
		mhttp_conn_watch(c);
		mhttp_conn_unref(c);
	}
	mhttp_stream_drop(st);
}

/* Has the loop look at st. When the loop has ended there is nobody else left to tell that it is over. */
void mhttp_stream_post(mummy_http_stream *st)
{
	if (atomic_exchange(&st->posted, 1))
		return;
	atomic_fetch_add_explicit(&st->refs, 1, memory_order_relaxed);
	st->node.run = stream_node_run;
	if (mhttp_inbox_post(st->loop->inbox, &st->node) < 0)
		stream_node_run(&st->node);
}

static void stream_tell_closed(mummy_http_stream *st)
{
	int now;

	pthread_mutex_lock(&st->lock);
	now = st->began && st->ended && !st->closed;
	st->closed |= (uint8_t)now;
	pthread_mutex_unlock(&st->lock);
	if (now && st->events->closed)
		st->events->closed(st->ctx, st->status);
}

/* Cuts st from its connection; the output is dropped. The connection, or NULL: it was over. */
static struct mhttp_conn *stream_detach(mummy_http_stream *st, int status)
{
	struct mhttp_waiter *waiters;
	struct mhttp_seg *finished;
	struct mhttp_conn *c;

	pthread_mutex_lock(&st->lock);
	c = st->conn;
	st->conn = NULL;
	if (c) {
		mhttp_out_clear(c, &st->out);
		atomic_store(&st->pending, 0);
		st->status = status;
		st->ended = 1;
	}
	finished = mhttp_out_finished(&st->out);
	waiters = mhttp_waiters_take(st);
	pthread_mutex_unlock(&st->lock);
	mhttp_segs_finish(finished);
	mhttp_waiters_wake(st, waiters);
	if (c)
		c->io->stream = NULL;
	return c;
}

static void answer_over(mummy_http_stream *st, struct mhttp_conn *c, int status)
{
	mummy_http_exchange *x = st->x;

	st->x = NULL;
	x->error = status < 0 ? status : 0;
	if (status < 0 || (st->mode == MHTTP_STREAM_LENGTH && st->left)) {
		c->flags |= MHTTP_CLOSE | MHTTP_RESET;
		if (mhttp_sink_is_active(x))
			mhttp_conn_cut(c);   /* so that it ends */
	}
	atomic_fetch_and(&c->word, ~(uint32_t)MHTTP_STREAMING);
	mhttp_exchange_done(x, MHTTP_SENT);
	mummy_http_release(x);
}

void mhttp_stream_over(mummy_http_stream *st, int status)
{
	struct mhttp_conn *c = stream_detach(st, status);

	if (c && st->x)
		answer_over(st, c, status);
	stream_tell_closed(st);
	if (c)
		mhttp_stream_drop(st);
}

void mhttp_stream_cut(struct mhttp_conn *c, int status)
{
	mummy_http_stream *st = c->io->stream;

	if (stream_detach(st, status)) {
		stream_tell_closed(st);
		mhttp_stream_drop(st);
	}
}

/* Sends what is queued. 0; <0 it is broken; *drained: below the high water again; 1: closing, and
 * all is sent. */
static int stream_flush(mummy_http_stream *st, int *drained)
{
	size_t high = st->loop->server->opt.high_water_bytes;
	struct mhttp_waiter *waiters = NULL;
	struct mhttp_seg *finished;
	int rc = 0;

	pthread_mutex_lock(&st->lock);
	if (!st->conn) {
		pthread_mutex_unlock(&st->lock);
		return 0;
	}
	if (!(st->flags & MHTTP_ST_BROKEN))
		rc = mhttp_out_flush(st->conn, &st->out);
	if (st->flags & MHTTP_ST_BROKEN)
		rc = st->status;
	finished = mhttp_out_finished(&st->out);
	atomic_store(&st->pending, (size_t)st->out.bytes);
	if ((st->flags & MHTTP_ST_HIGH) && st->out.bytes < high) {
		*drained = st->began && st->events->drain;
		st->flags &= (uint8_t)~MHTTP_ST_HIGH;
	}
	if (st->out.bytes <= high)
		waiters = mhttp_waiters_take(st);
	if (rc == -EAGAIN)
		rc = 0;
	else if (rc == 0 && (st->flags & MHTTP_ST_CLOSING) && !st->out.first)
		rc = 1;
	pthread_mutex_unlock(&st->lock);
	mhttp_segs_finish(finished);
	mhttp_waiters_wake(st, waiters);
	return rc;
}

void mhttp_stream_turn(mummy_http_stream *st)
{
	int drained = 0, rc = stream_flush(st, &drained);

	if (rc == 0 && atomic_load(&st->loop->ended))
		rc = -ESHUTDOWN;
	if (drained && rc == 0)
		st->events->drain(st->ctx);
	if (rc)
		mhttp_stream_over(st, rc > 0 ? 0 : rc);
	else
		stream_tell_closed(st);
}

void mhttp_stream_event(struct mhttp_conn *c)
{
	mummy_http_stream *st = c->io->stream;

	atomic_fetch_add_explicit(&st->refs, 1, memory_order_relaxed);
	mhttp_stream_turn(st);
	mhttp_stream_drop(st);
}

void mummy_http_stream_start(mummy_http_stream *st, const struct mummy_http_stream_events *ev, void *ctx)
{
	if (mhttp_up_of(st)) {
		mhttp_up_start(mhttp_up_of(st), ev, ctx);
		return;
	}
	pthread_mutex_lock(&st->lock);
	st->events = ev;
	st->ctx = ctx;
	pthread_mutex_unlock(&st->lock);
	mhttp_stream_post(st);
}

void mummy_http_stream_resume(mummy_http_stream *st)
{
	if (mhttp_up_of(st))
		mhttp_up_resume(mhttp_up_of(st));
}

void mummy_http_stream_abort(mummy_http_stream *st)
{
	if (mhttp_up_of(st)) {
		mhttp_up_abort(mhttp_up_of(st));
		return;
	}
	pthread_mutex_lock(&st->lock);
	if (st->conn && !(st->flags & MHTTP_ST_BROKEN)) {
		st->flags |= MHTTP_ST_BROKEN;
		st->status = -ECANCELED;
	}
	pthread_mutex_unlock(&st->lock);
	mhttp_stream_post(st);
}
