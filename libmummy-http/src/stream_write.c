/* stream_write.c - writing to a stream from any thread, and waiting for room. */
#include <config.h>
#include <stdio.h>
#include <stdlib.h>
#include "upgraded.h"

enum { WRITE_IOV = 12 };

static size_t total_of(const struct iovec *iov, int n)
{
	size_t total = 0;

	for (int i = 0; i < n; i++)
		total += iov[i].iov_len;
	return total;
}

/* With the lock. 0 sent, 1 queued, <0: the stream is broken from now on. */
int mhttp_stream_put(mummy_http_stream *st, const struct iovec *iov, int n, struct mhttp_seg *tail)
{
	int rc = mhttp_out_write(st->conn, &st->out, iov, n, tail);

	atomic_store(&st->pending, (size_t)st->out.bytes);
	if (rc < 0) {
		st->flags |= MHTTP_ST_BROKEN;
		st->status = rc;
	}
	return rc;
}

/* One chunk (RFC 9112 section 7.1) of what iov and tail hold. */
static int put_chunk(mummy_http_stream *st, const struct iovec *iov, int n, struct mhttp_seg *tail)
{
	struct iovec all[WRITE_IOV + 2], crlf = { (void *)(uintptr_t)"\r\n", 2 };
	size_t total = total_of(iov, n) + (tail ? (size_t)tail->n : 0);
	char size[20];
	int rc;

	if (total == 0)
		return 0;
	all[0].iov_base = size;
	all[0].iov_len = (size_t)snprintf(size, sizeof size, "%zx\r\n", total);
	memcpy(all + 1, iov, (size_t)n * sizeof *iov);
	if (!tail) {
		all[n + 1] = crlf;
		return mhttp_stream_put(st, all, n + 2, NULL);
	}
	rc = mhttp_stream_put(st, all, n + 1, tail);
	return rc < 0 ? rc : mhttp_stream_put(st, &crlf, 1, NULL);
}

static int put_body(mummy_http_stream *st, const struct iovec *iov, int n, struct mhttp_seg *tail)
{
	if (st->mode == MHTTP_STREAM_CHUNKED)
		return put_chunk(st, iov, n, tail);
	return mhttp_stream_put(st, iov, n, tail);
}

static int put_gzip(mummy_http_stream *st, const struct iovec *iov, int n, int last)
{
	int rc = 0;

	for (int i = 0; i < n && rc >= 0; i++) {
		enum mhttp_gzip_step step = i < n - 1 ? MHTTP_GZIP_MORE : last ? MHTTP_GZIP_FINISH
									       : MHTTP_GZIP_FLUSH;
		struct iovec coded;
		void *out;

		rc = mhttp_gzip_feed(st->gzip, iov[i].iov_base, iov[i].iov_len, step, &out, &coded.iov_len);
		if (rc < 0) {
			st->flags |= MHTTP_ST_BROKEN;
			st->status = rc;
			return rc;
		}
		coded.iov_base = out;
		if (coded.iov_len)
			rc = put_body(st, &coded, 1, NULL);
		free(out);
	}
	return rc;
}

/* May total octets be written? With the lock. */
static int write_judge(const mummy_http_stream *st, size_t total)
{
	if (!st->conn || (st->flags & (MHTTP_ST_CLOSING | MHTTP_ST_BROKEN)))
		return -EPIPE;
	if (st->mode == MHTTP_STREAM_LENGTH && total > st->left)
		return -EINVAL;
	if (st->mode != MHTTP_STREAM_NO_BODY
	    && (st->out.bytes + total > st->loop->server->opt.hard_limit_bytes
		|| (st->out.first && !mhttp_out_fits(st->loop->server, total))))
		return -EAGAIN;
	return 0;
}

static int write_locked(mummy_http_stream *st, const struct iovec *iov, int n, size_t total,
			struct mhttp_seg *tail)
{
	int rc = write_judge(st, total);

	if (rc < 0)
		return rc;
	if (st->mode == MHTTP_STREAM_NO_BODY || total == 0)
		return 0;
	st->left -= st->mode == MHTTP_STREAM_LENGTH ? total : 0;
	if (st->gzip) {
		const struct iovec last = { (void *)(uintptr_t)(tail ? tail->p : ""), tail ? tail->n : 0 };

		rc = put_gzip(st, iov, n, 0);
		if (rc >= 0 && tail)
			rc = put_gzip(st, &last, 1, 0);
	} else {
		rc = put_body(st, iov, n, tail);
	}
	if (rc < 0)
		return -EPIPE;
	if (st->x)
		st->x->sent += total;
	if (st->out.bytes <= st->loop->server->opt.high_water_bytes)
		return 0;
	st->flags |= MHTTP_ST_HIGH;
	return 1;
}

/* Leaves the lock behind, then tells whoever is to be told. */
static void write_unlock(mummy_http_stream *st)
{
	struct mhttp_seg *finished = mhttp_out_finished(&st->out);
	int post = (st->flags & MHTTP_ST_BROKEN) || (!st->loop->edge && st->out.first);

	pthread_mutex_unlock(&st->lock);
	mhttp_segs_finish(finished);
	if (post)
		mhttp_stream_post(st);
}

/* More pieces than one send takes are joined first. */
static int join_pieces(const struct iovec *iov, int n, size_t total, struct iovec *out)
{
	char *p = malloc(total ? total : 1), *at = p;

	if (!p)
		return -ENOMEM;
	for (int i = 0; i < n; i++) {
		memcpy(at, iov[i].iov_base, iov[i].iov_len);
		at += iov[i].iov_len;
	}
	*out = (struct iovec){ p, total };
	return 0;
}

static __attribute__((noinline)) int answer_writev(mummy_http_stream *st, const struct iovec *iov, int n,
						   void (*done)(void *arg), void *arg)
{
	struct mhttp_seg tail = { .kind = MHTTP_SEG_TAKEN, .done = done, .arg = arg };
	size_t total = total_of(iov, n);
	struct iovec joined = { NULL, 0 };
	int rc = 0;


	if (n > WRITE_IOV) {
		rc = join_pieces(iov, n, total, &joined);
		iov = &joined;
		n = 1;
	}
	if (done && n > 0 && !joined.iov_base) {
		tail.p = iov[n - 1].iov_base;
		tail.n = iov[n - 1].iov_len;
	}
	if (rc == 0) {
		pthread_mutex_lock(&st->lock);
		rc = write_locked(st, iov, tail.n ? n - 1 : n, total, tail.n ? &tail : NULL);
		write_unlock(st);
	}
	free(joined.iov_base);
	if (done && tail.kind != MHTTP_SEG_QUEUED)
		done(arg);
	return rc;
}

int mummy_http_stream_writev(mummy_http_stream *st, const struct iovec *iov, int n, void (*done)(void *arg),
			     void *arg)
{
	/* Asked first, and without a frame of its own: it is what WebSockets write by. */
	if (mhttp_up_is(st))
		return n == 1 && !done ? mhttp_up_write_one((struct mhttp_up *)st, iov)
				       : mhttp_up_writev((struct mhttp_up *)st, iov, n, done, arg);
	return answer_writev(st, iov, n, done, arg);
}

void mummy_http_stream_close(mummy_http_stream *st)
{
	static const char last[] = "0\r\n\r\n";
	const struct iovec end = { (void *)(uintptr_t)last, sizeof last - 1 }, none = { NULL, 0 };

	if (mhttp_up_of(st)) {
		mhttp_up_close(mhttp_up_of(st));
		return;
	}
	pthread_mutex_lock(&st->lock);
	if (!st->conn || (st->flags & (MHTTP_ST_CLOSING | MHTTP_ST_BROKEN))) {
		pthread_mutex_unlock(&st->lock);
		return;
	}
	if (st->gzip)
		put_gzip(st, &none, 1, 1);
	if (st->mode == MHTTP_STREAM_CHUNKED && !(st->flags & MHTTP_ST_BROKEN))
		mhttp_stream_put(st, &end, 1, NULL);
	st->flags |= MHTTP_ST_CLOSING;
	write_unlock(st);
	mhttp_stream_post(st);
}

/* ---- Waiting for room ------------------------------------------------------------------------------ */

struct mhttp_waiter *mhttp_waiters_take(mummy_http_stream *st)
{
	struct mhttp_waiter *list = st->waiters;

	st->waiters = NULL;
	for (struct mhttp_waiter *w = list; w; w = w->next) {
		w->done = 1;
		if (!st->executor)
			pthread_cond_signal(&w->woken);
	}
	return list;
}

/* With the lock. */
static void waiter_unref(struct mhttp_waiter *w)
{
	if (--w->refs)
		return;
	pthread_cond_destroy(&w->woken);
	free(w);
}

void mhttp_waiters_wake(mummy_http_stream *st, struct mhttp_waiter *list)
{
	while (list) {
		struct mhttp_waiter *next = list->next;

		if (st->executor)
			st->executor->wake(st->executor->ctx, list->token);
		pthread_mutex_lock(&st->lock);
		waiter_unref(list);
		pthread_mutex_unlock(&st->lock);
		list = next;
	}
}

static struct mhttp_waiter *waiter_new(mummy_http_stream *st)
{
	struct mhttp_waiter *w = calloc(1, sizeof *w);
	pthread_condattr_t attr;

	if (!w)
		return NULL;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&w->woken, &attr);
	pthread_condattr_destroy(&attr);
	w->refs = 2;
	w->next = st->waiters;
	st->waiters = w;
	return w;
}

/* It timed out: nobody is to wake it any more, unless that has begun. */
static void waiter_withdraw(mummy_http_stream *st, struct mhttp_waiter *w)
{
	struct mhttp_waiter **at = &st->waiters;

	while (*at && *at != w)
		at = &(*at)->next;
	if (*at) {
		*at = w->next;
		w->refs--;
	}
}

static int wait_until(mummy_http_stream *st, struct mhttp_waiter *w, uint64_t deadline)
{
	struct timespec ts = { (time_t)(deadline / 1000), (long)(deadline % 1000) * 1000000 };
	int rc = 0;

	if (st->executor) {
		uint64_t now = mummy_now_ms();
		int left = deadline == UINT64_MAX ? -1 : deadline > now ? (int)(deadline - now) : 0;

		pthread_mutex_unlock(&st->lock);
		rc = st->executor->wait(st->executor->ctx, w->token, left);
		pthread_mutex_lock(&st->lock);
		return rc;
	}
	while (!w->done && rc == 0)
		rc = deadline == UINT64_MAX ? pthread_cond_wait(&w->woken, &st->lock)
					    : pthread_cond_timedwait(&w->woken, &st->lock, &ts);
	return w->done ? 0 : -ETIMEDOUT;
}

/* With the lock, which is let go meanwhile. */
static int wait_for_room(mummy_http_stream *st, int timeout_ms)
{
	uint64_t deadline = timeout_ms < 0 ? UINT64_MAX : mummy_now_ms() + (unsigned)timeout_ms;
	size_t high = st->loop->server->opt.high_water_bytes;

	while (st->conn && !(st->flags & (MHTTP_ST_BROKEN | MHTTP_ST_CLOSING)) && st->out.bytes > high) {
		struct mhttp_waiter *w;
		int rc;

		if (mhttp_loop_is_here(st->loop))
			return -EDEADLK;
		w = waiter_new(st);
		if (!w)
			return -ENOMEM;
		rc = wait_until(st, w, deadline);
		waiter_withdraw(st, w);
		waiter_unref(w);
		if (rc < 0)
			return rc;
	}
	return 0;
}

int mummy_http_stream_write(mummy_http_stream *st, const void *p, size_t n, int timeout_ms)
{
	const struct iovec iov = { (void *)(uintptr_t)p, n };
	int rc;

	if (mhttp_up_of(st))
		return mhttp_up_write(mhttp_up_of(st), p, n, timeout_ms);
	pthread_mutex_lock(&st->lock);
	rc = wait_for_room(st, timeout_ms);
	if (rc == 0)
		rc = write_locked(st, &iov, 1, n, NULL);
	write_unlock(st);
	return rc > 0 ? 0 : rc;
}
