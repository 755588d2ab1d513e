/* upgraded_write.c - the output of an upgraded connection: its lock, writes from any thread, the queue. */
#include <config.h>
#include <stdlib.h>
#include <sys/socket.h>
#include "upgraded.h"

enum { SEND_IOV = 16, MOST_IOV = 1024 };

/* ---- The lock ---------------------------------------------------------------------------------- */

/* The state says that somebody waits, so that who lets go of it looks here. The loop has one place to wait
 * for all its connections: that two threads meet at one is rare. */
void mhttp_up_lock_wait(struct mhttp_up *u)
{
	struct mummy_http_loop *l = u->loop;
	int mine = 0;

	pthread_mutex_lock(&l->park_lock);
	while (!mine) {
		uint32_t s = mhttp_up_state(u);

		if (!(s & MHTTP_UP_LOCKED))
			mine = atomic_compare_exchange_strong(&u->state, &s, s | MHTTP_UP_LOCKED);
		else if ((s & MHTTP_UP_AWAITED)
			 || atomic_compare_exchange_strong(&u->state, &s, s | MHTTP_UP_AWAITED))
			pthread_cond_wait(&l->park, &l->park_lock);
	}
	pthread_mutex_unlock(&l->park_lock);
}

void mhttp_up_lock_wake(struct mhttp_up *u)
{
	struct mummy_http_loop *l = u->loop;

	pthread_mutex_lock(&l->park_lock);
	atomic_fetch_and(&u->state, ~(uint32_t)MHTTP_UP_AWAITED);
	pthread_cond_broadcast(&l->park);
	pthread_mutex_unlock(&l->park_lock);
}

/* ---- The queue, with the lock ------------------------------------------------------------------- */

struct mhttp_up_more *mhttp_up_more(struct mhttp_up *u)
{
	struct mhttp_up_more *m = u->more;

	if (!m) {
		m = calloc(1, sizeof *m);
		if (m)
			m->up = u;
		u->more = m;
	}
	return m;
}

void mhttp_up_break(struct mhttp_up *u, int error)
{
	uint32_t code = error < 0 && error > -256 ? (uint32_t)-error : EIO;

	if (!(mhttp_up_state(u) & (MHTTP_UP_BROKEN | MHTTP_UP_ENDED)))
		atomic_fetch_or(&u->state, MHTTP_UP_BROKEN | code << MHTTP_UP_ERRNO);
}

static void append(struct mhttp_up *u, struct mhttp_seg *s)
{
	struct mhttp_up_more *m = u->more;

	s->next = NULL;
	*(m->last ? &m->last->next : &m->first) = s;
	m->last = s;
	m->bytes += s->n;
	if (!(mhttp_up_state(u) & MHTTP_UP_OUT)) {
		mhttp_pace_reset(&m->pace);
		atomic_fetch_or(&u->state, MHTTP_UP_OUT);
	}
}

/* All of iov but the first skip octets. */
static int queue_copy(struct mhttp_up *u, const struct iovec *iov, int n, size_t total, size_t skip)
{
	struct mhttp_seg *s;
	char *p;

	if (total == skip)
		return 0;
	s = mhttp_up_more(u) ? mhttp_seg_new(u->loop->server, total - skip, total - skip) : NULL;
	if (!s)
		return -ENOMEM;
	p = (char *)(s + 1);
	*s = (struct mhttp_seg){ .kind = MHTTP_SEG_COPY, .p = p, .n = total - skip };
	for (int i = 0; i < n; i++) {
		size_t len = iov[i].iov_len, pass = skip < len ? skip : len;

		if (len > pass)
			memcpy(p, (const char *)iov[i].iov_base + pass, len - pass);
		p += len - pass;
		skip -= pass;
	}
	append(u, s);
	return 0;
}

static int queue_taken(struct mhttp_up *u, const struct iovec *iov, size_t skip, void (*done)(void *arg),
		       void *arg)
{
	struct mhttp_seg *s = mhttp_up_more(u) ? mhttp_seg_new(u->loop->server, 0, iov->iov_len - skip)
					       : NULL;

	if (!s)
		return -ENOMEM;
	*s = (struct mhttp_seg){ .kind = MHTTP_SEG_TAKEN, .p = (const char *)iov->iov_base + skip,
				 .n = iov->iov_len - skip, .done = done, .arg = arg };
	append(u, s);
	return 0;
}

/* n octets were sent. What is over by that. */
static struct mhttp_seg *queue_sent(struct mhttp_up *u, uint64_t n)
{
	struct mhttp_up_more *m = u->more;
	struct mhttp_seg *done = NULL, **end = &done;

	m->bytes -= n;
	mhttp_uncount(&u->loop->server->buffered, n);
	mhttp_pace_pushed(&m->pace, n);
	while (m->first && n >= m->first->n) {
		struct mhttp_seg *s = m->first;

		n -= s->n;
		m->first = s->next;
		s->next = NULL;
		*end = s;
		end = &s->next;
	}
	if (m->first) {
		m->first->p += n;
		m->first->n -= n;
	} else {
		m->last = NULL;
		atomic_fetch_and(&u->state, ~(uint32_t)MHTTP_UP_OUT);
	}
	return done;
}

struct mhttp_seg *mhttp_up_drop(struct mhttp_up *u)
{
	return u->more && u->more->first ? queue_sent(u, u->more->bytes) : NULL;
}

/* ---- The socket ---------------------------------------------------------------------------------- */

static ssize_t sent_some(struct mhttp_up *u, ssize_t n)
{
	if (n < 0)
		return errno == EAGAIN || errno == EWOULDBLOCK ? -EAGAIN : -errno;
	mhttp_count(&u->loop->stats.bytes_out, (uint64_t)n);
	return n;
}

static ssize_t send_some(struct mhttp_up *u, const struct iovec *iov, int n)
{
	struct msghdr msg = { .msg_iov = (struct iovec *)(uintptr_t)iov, .msg_iovlen = (size_t)n };
	ssize_t sent;

	if (u->more && u->more->conn)
		return mhttp_sendv(u->more->conn, iov, n, 0);
	do
		sent = sendmsg(u->fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	return sent_some(u, sent);
}

/* Sends until the socket is full. What is over is put in front of *done. 0, -EAGAIN, <0. */
static int send_queue(struct mhttp_up *u, struct mhttp_seg **done)
{
	struct mhttp_up_more *m = u->more;

	while (m && m->first) {
		struct iovec iov[SEND_IOV];
		struct mhttp_seg *over;
		size_t want = 0;
		ssize_t sent;
		int n = 0;

		for (struct mhttp_seg *s = m->first; s && n < SEND_IOV; s = s->next) {
			iov[n++] = (struct iovec){ (void *)(uintptr_t)s->p, (size_t)s->n };
			want += (size_t)s->n;
		}
		sent = send_some(u, iov, n);
		if (sent < 0)
			return (int)sent;
		over = queue_sent(u, (uint64_t)sent);
		while (*done)
			done = &(*done)->next;
		*done = over;
		if ((size_t)sent < want && !m->conn)
			return -EAGAIN;
	}
	return 0;
}

int mhttp_up_flush(struct mhttp_up *u, int *drained)
{
	size_t high = u->loop->server->opt.high_water_bytes;
	struct mhttp_up_waiter *waiters = NULL;
	struct mhttp_seg *over = NULL;
	int rc = 0;
	uint32_t s;

	mhttp_up_lock(u);
	s = mhttp_up_state(u);
	if (!(s & (MHTTP_UP_ENDED | MHTTP_UP_BROKEN | MHTTP_UP_CORKED)) && (s & MHTTP_UP_OUT)) {
		rc = send_queue(u, &over);
		if (rc < 0 && rc != -EAGAIN)
			mhttp_up_break(u, rc);
	}
	s = mhttp_up_state(u);
	/* Before it began nothing can be told: that stays owed. */
	if ((s & MHTTP_UP_HIGH) && (s & MHTTP_UP_BEGAN) && (!u->more || u->more->bytes < high)) {
		*drained = u->events->drain != NULL;
		atomic_fetch_and(&u->state, ~(uint32_t)MHTTP_UP_HIGH);
	}
	if (u->more && u->more->bytes <= high)
		waiters = mhttp_up_waiters_take(u);
	if (s & MHTTP_UP_ENDED)
		rc = 0;
	else if (s & MHTTP_UP_BROKEN)
		rc = -(int)(s >> MHTTP_UP_ERRNO);
	else
		rc = (s & MHTTP_UP_CLOSING) && !(s & MHTTP_UP_OUT);
	mhttp_up_unlock(u);
	mhttp_segs_finish(over);
	mhttp_up_waiters_wake(waiters);
	return rc;
}

/* ---- Writing ------------------------------------------------------------------------------------- */

static size_t total_of(const struct iovec *iov, int n)
{
	size_t total = 0;

	for (int i = 0; i < n; i++)
		total += iov[i].iov_len;
	return total;
}

/* With the lock; skip octets are sent. *taken: done is the queue's to call. */
static int queue(struct mhttp_up *u, const struct iovec *iov, int n, size_t total, size_t skip,
		 void (*done)(void *arg), void *arg, int *taken)
{
	size_t tail = done && n ? iov[n - 1].iov_len : 0, head = total - tail;
	int rc;

	rc = skip < head ? queue_copy(u, iov, n - (tail != 0), head, skip) : 0;
	if (rc < 0 || !tail || skip == total)
		return rc;
	rc = queue_taken(u, iov + n - 1, skip > head ? skip - head : 0, done, arg);
	*taken = rc == 0;
	return rc;
}

static int write_locked(struct mhttp_up *u, const struct iovec *iov, int n, size_t total,
			void (*done)(void *arg), void *arg, int *taken)
{
	const struct mummy_http_options *opt = &u->loop->server->opt;
	ssize_t sent = 0;
	int rc = 0;

	if (mhttp_up_state(u) & (MHTTP_UP_ENDED | MHTTP_UP_CLOSING | MHTTP_UP_BROKEN))
		return -EPIPE;
	if (total > opt->hard_limit_bytes || (u->more && u->more->bytes > opt->hard_limit_bytes - total))
		return -EAGAIN;
	/* What there is for all is spent: it is told when its own is sent. */
	if ((mhttp_up_state(u) & MHTTP_UP_OUT) && !mhttp_out_fits(u->loop->server, total)) {
		atomic_fetch_or(&u->state, MHTTP_UP_HIGH);
		return -EAGAIN;
	}
	if (total && !(mhttp_up_state(u) & (MHTTP_UP_OUT | MHTTP_UP_CORKED))
	    && n <= (u->more && u->more->conn ? SEND_IOV : MOST_IOV))
		sent = send_some(u, iov, n);
	if (sent < 0 && sent != -EAGAIN)
		rc = (int)sent;
	else if (sent < (ssize_t)total)
		rc = queue(u, iov, n, total, sent < 0 ? 0 : (size_t)sent, done, arg, taken);
	if (rc < 0) {
		mhttp_up_break(u, rc);
		return -EPIPE;
	}
	if (!u->more || u->more->bytes <= opt->high_water_bytes)
		return 0;
	atomic_fetch_or(&u->state, MHTTP_UP_HIGH);
	return 1;
}

/* The loop is told when it has something to do: to end what is broken, to watch and to time what stalls. */
static void write_unlock(struct mhttp_up *u, uint32_t before)
{
	uint32_t s = mhttp_up_unlock(u);

	if ((s & MHTTP_UP_BROKEN) || ((s & ~before & MHTTP_UP_OUT) && !(s & MHTTP_UP_CORKED)))
		mhttp_up_post(u);
}

int mhttp_up_writev(struct mhttp_up *u, const struct iovec *iov, int n, void (*done)(void *arg), void *arg)
{
	uint32_t before;
	int rc, taken = 0;

	mhttp_up_lock(u);
	before = mhttp_up_state(u);
	rc = write_locked(u, iov, n, total_of(iov, n), done, arg, &taken);
	write_unlock(u, before);
	if (done && !taken)
		done(arg);
	return rc;
}

/* The rest of a write that began well, or not, with nothing queued. With the lock, which it lets go of. */
static __attribute__((noinline)) int go_on(struct mhttp_up *u, const struct iovec *iov, ssize_t sent)
{
	int rc;

	sent = sent_some(u, sent);
	rc = sent < 0 && sent != -EAGAIN ? (int)sent
					 : queue_copy(u, iov, 1, iov->iov_len, sent < 0 ? 0 : (size_t)sent);
	if (rc < 0) {
		mhttp_up_break(u, rc);
		rc = -EPIPE;
	} else if (u->more && u->more->bytes > u->loop->server->opt.high_water_bytes) {
		atomic_fetch_or(&u->state, MHTTP_UP_HIGH);
		rc = 1;
	}
	write_unlock(u, 0);
	return rc;
}

int mhttp_up_write_one(struct mhttp_up *u, const struct iovec *iov)
{
	const uint32_t busy = MHTTP_UP_ENDED | MHTTP_UP_CLOSING | MHTTP_UP_BROKEN | MHTTP_UP_OUT
			      | MHTTP_UP_CORKED;
	ssize_t sent;

	if (iov->iov_len - 1 >= u->loop->server->opt.hard_limit_bytes)
		return mhttp_up_writev(u, iov, 1, NULL, NULL);
	mhttp_up_lock(u);
	if ((mhttp_up_state(u) & busy) || u->more) {
		mhttp_up_unlock(u);
		return mhttp_up_writev(u, iov, 1, NULL, NULL);
	}
	/* Nothing is queued, and the socket takes all of it: what nearly every write is. */
	do
		sent = send(u->fd, iov->iov_base, iov->iov_len, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	if (sent != (ssize_t)iov->iov_len)
		return go_on(u, iov, sent);
	mhttp_count(&u->loop->stats.bytes_out, (uint64_t)sent);
	mhttp_up_unlock(u);
	return 0;
}

size_t mhttp_up_pending(struct mhttp_up *u)
{
	size_t n;

	mhttp_up_lock(u);
	n = u->more ? (size_t)u->more->bytes : 0;
	mhttp_up_unlock(u);
	return n;
}

void mhttp_up_close(struct mhttp_up *u)
{
	uint32_t s;

	mhttp_up_lock(u);
	s = mhttp_up_state(u);
	if (!(s & (MHTTP_UP_ENDED | MHTTP_UP_CLOSING | MHTTP_UP_BROKEN)))
		atomic_fetch_or(&u->state, MHTTP_UP_CLOSING);
	mhttp_up_unlock(u);
	if (!(s & (MHTTP_UP_ENDED | MHTTP_UP_CLOSING)))
		mhttp_up_post(u);
}

/* ---- Waiting for room ---------------------------------------------------------------------------- */

static const struct mummy_http_executor *executor_of(struct mhttp_up *u)
{
	if (mhttp_up_state(u) & MHTTP_UP_WAITS)
		return &u->loop->server->opt.executor;
	return u->more ? u->more->executor : NULL;
}

static void waiter_unref(struct mhttp_up_waiter *w)
{
	if (atomic_fetch_sub(&w->refs, 1) != 1)
		return;
	pthread_cond_destroy(&w->woken);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

/* With u's lock. Counted for the caller and for who wakes it. */
static struct mhttp_up_waiter *waiter_new(struct mhttp_up *u)
{
	struct mhttp_up_waiter *w = calloc(1, sizeof *w);
	pthread_condattr_t attr;

	if (!w)
		return NULL;
	pthread_mutex_init(&w->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&w->woken, &attr);
	pthread_condattr_destroy(&attr);
	atomic_init(&w->refs, 2);
	w->executor = executor_of(u);
	w->next = u->more->waiters;
	u->more->waiters = w;
	return w;
}

struct mhttp_up_waiter *mhttp_up_waiters_take(struct mhttp_up *u)
{
	struct mhttp_up_waiter *list = u->more ? u->more->waiters : NULL;

	if (list)
		u->more->waiters = NULL;
	return list;
}

void mhttp_up_waiters_wake(struct mhttp_up_waiter *list)
{
	while (list) {
		struct mhttp_up_waiter *next = list->next;

		if (list->executor) {
			list->executor->wake(list->executor->ctx, list->token);
		} else {
			pthread_mutex_lock(&list->lock);
			list->done = 1;
			pthread_cond_signal(&list->woken);
			pthread_mutex_unlock(&list->lock);
		}
		waiter_unref(list);
		list = next;
	}
}

/* It timed out: nobody is to wake it any more, unless that has begun. With u's lock. */
static void waiter_withdraw(struct mhttp_up *u, struct mhttp_up_waiter *w)
{
	struct mhttp_up_waiter **at = u->more ? &u->more->waiters : NULL;

	while (at && *at && *at != w)
		at = &(*at)->next;
	if (at && *at) {
		*at = w->next;
		waiter_unref(w);
	}
	waiter_unref(w);
}

static int wait_until(struct mhttp_up_waiter *w, uint64_t deadline)
{
	struct timespec ts = { (time_t)(deadline / 1000), (long)(deadline % 1000) * 1000000 };
	int rc = 0;

	if (w->executor) {
		uint64_t now = mummy_now_ms();
		int left = deadline == UINT64_MAX ? -1 : deadline > now ? (int)(deadline - now) : 0;

		return w->executor->wait(w->executor->ctx, w->token, left);
	}
	pthread_mutex_lock(&w->lock);
	while (!w->done && rc == 0)
		rc = deadline == UINT64_MAX ? pthread_cond_wait(&w->woken, &w->lock)
					    : pthread_cond_timedwait(&w->woken, &w->lock, &ts);
	rc = w->done ? 0 : -ETIMEDOUT;
	pthread_mutex_unlock(&w->lock);
	return rc;
}

/* With the lock, which is let go meanwhile. */
static int wait_for_room(struct mhttp_up *u, int timeout_ms)
{
	uint64_t deadline = timeout_ms < 0 ? UINT64_MAX : mummy_now_ms() + (unsigned)timeout_ms;
	size_t high = u->loop->server->opt.high_water_bytes;
	int rc = 0;

	while (rc >= 0 && !(mhttp_up_state(u) & (MHTTP_UP_ENDED | MHTTP_UP_BROKEN | MHTTP_UP_CLOSING))
	       && u->more && u->more->bytes > high) {
		struct mhttp_up_waiter *w;

		if (mhttp_loop_is_here(u->loop))
			return -EDEADLK;
		w = waiter_new(u);
		if (!w)
			return -ENOMEM;
		mhttp_up_unlock(u);
		rc = wait_until(w, deadline);
		mhttp_up_lock(u);
		waiter_withdraw(u, w);
	}
	return rc < 0 ? rc : 0;
}

int mhttp_up_write(struct mhttp_up *u, const void *p, size_t n, int timeout_ms)
{
	const struct iovec iov = { (void *)(uintptr_t)p, n };
	int rc, taken = 0;
	uint32_t before;

	mhttp_up_lock(u);
	rc = wait_for_room(u, timeout_ms);
	before = mhttp_up_state(u);
	if (rc == 0)
		rc = write_locked(u, &iov, 1, n, NULL, NULL, &taken);
	write_unlock(u, before);
	return rc > 0 ? 0 : rc;
}
