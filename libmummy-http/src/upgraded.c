/* upgraded.c - upgraded connections on their loop: taken over from the request, read, ended. */
#include <config.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include "poller_impl.h"
#include "upgraded.h"

enum { LINGER_MS = 2000 };

/* ---- Made, counted ------------------------------------------------------------------------------- */

struct mhttp_up *mhttp_up_new(mummy_http_exchange *x)
{
	const struct mummy_http_executor *e = x->route ? mhttp_executor(x) : NULL;
	struct mhttp_up *u = calloc(1, sizeof *u);

	if (!u)
		return NULL;
	atomic_init(&u->state, MHTTP_UP);
	atomic_init(&u->refs, 2);            /* the users', the connection's */
	atomic_init(&u->users, 1);
	u->fd = -1;
	u->loop = x->loop;
	if (e && e->wait && e == &x->loop->server->opt.executor) {
		atomic_fetch_or(&u->state, MHTTP_UP_WAITS);
	} else if (e && e->wait) {
		if (!mhttp_up_more(u)) {
			free(u);
			return NULL;
		}
		u->more->executor = e;
	}
	mhttp_loop_ref(x->loop);
	mhttp_count(&x->loop->stats.streams, 1);
	return u;
}

static void more_free(struct mhttp_up *u)
{
	struct mhttp_up_more *m = u->more;

	if (!m)
		return;
	mhttp_kept_free(m->in);
	free(m);
	u->more = NULL;
}

void mhttp_up_drop_ref(struct mhttp_up *u)
{
	if (atomic_fetch_sub(&u->refs, 1) != 1)
		return;
	mhttp_uncount(&u->loop->stats.streams, 1);
	more_free(u);
	mhttp_loop_unref(u->loop);
	free(u);
}

/* Who can't write any more can't close either: what is unfinished then is cut. */
void mhttp_up_unref(struct mhttp_up *u)
{
	if (atomic_fetch_sub(&u->users, 1) != 1)
		return;
	if (!(mhttp_up_state(u) & (MHTTP_UP_ENDED | MHTTP_UP_CLOSING | MHTTP_UP_BROKEN)))
		mhttp_up_abort(u);
	mhttp_up_drop_ref(u);
}

void mhttp_up_attach(struct mhttp_up *u, mummy_http_exchange *x)
{
	struct mhttp_conn *c = x->conn;
	struct mhttp_out *o = c->io->out;

	u->fd = c->fd;
	c->io->up = u;
	if (!mhttp_conn_output(c) && mhttp_is_plain(c))
		return;
	/* There is an end of the head, or a transport to send it through. */
	if (!mhttp_up_more(u)) {
		mhttp_conn_unqueue(c);
		mhttp_up_break(u, -ENOMEM);
		return;
	}
	u->more->conn = mhttp_is_plain(c) ? NULL : c;
	if (!mhttp_conn_output(c))
		return;
	u->more->first = o->first;
	u->more->last = o->last;
	u->more->bytes = o->bytes;
	mhttp_pace_reset(&u->more->pace);
	atomic_fetch_or(&u->state, MHTTP_UP_OUT);
	memset(o, 0, sizeof *o);
}

/* ---- Ended --------------------------------------------------------------------------------------- */

/* Once: when it may be told and is over. */
static void tell_closed(struct mhttp_up *u, int status)
{
	uint32_t s = mhttp_up_state(u);

	if ((s & (MHTTP_UP_BEGAN | MHTTP_UP_ENDED | MHTTP_UP_TOLD)) != (MHTTP_UP_BEGAN | MHTTP_UP_ENDED)
	    || (atomic_fetch_or(&u->state, MHTTP_UP_TOLD) & MHTTP_UP_TOLD))
		return;
	if (u->events->closed)
		u->events->closed(u->ctx, status);
}

static void timer_stop(struct mhttp_up *u)
{
	if (!u->more || !u->more->timed)
		return;
	u->more->timed = 0;
	mummy_poller_timer_cancel(u->loop->poller, &u->more->timer);
}

static void close_now(struct mhttp_up *u, int status)
{
	const struct linger reset = { 1, 0 };
	struct mhttp_conn *c = u->more ? u->more->conn : NULL;
	struct mummy_http_loop *l = u->loop;

	if (u->fd < 0)
		return;
	timer_stop(u);
	mummy_poller_remove(l->poller, u->fd);
	/* nor does the kernel keep what the peer did not take */
	if (status == -ECANCELED || status == -ETIMEDOUT)
		setsockopt(u->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
	l->ups--;
	if (!(mhttp_up_state(u) & MHTTP_UP_LINGERS))
		l->upgraded--;
	if (c) {
		u->more->conn = NULL;
		mhttp_conn_release_all(c);
		mhttp_conn_unref(c);
	} else {
		close(u->fd);
		mhttp_uncount(&l->stats.connections, 1);
		mhttp_uncount(&l->server->connections, 1);
	}
	u->fd = -1;
	mhttp_up_drop_ref(u);
}

static void linger_turn(struct mhttp_up *u)
{
	struct mhttp_recv *b = mhttp_loop_recv(u->loop);
	ssize_t n = b ? 1 : -ENOMEM;

	for (int i = 0; n > 0 && i < MHTTP_TURN_READS; i++)
		n = mhttp_up_receive(u, b->p, b->size);
	if (n > 0)
		mhttp_up_again(u);
	else if (n != -EAGAIN)
		close_now(u, 0);
}

static void due(struct mummy_poller_timer *t);

int mhttp_up_watch_pace(struct mhttp_up *u)
{
	const struct mummy_http_server *s = u->loop->server;
	uint32_t now = mhttp_now(), left = INT32_MAX;
	int slow = 0;

	mhttp_up_lock(u);
	if (mhttp_up_state(u) & MHTTP_UP_OUT) {
		if (mhttp_output_due(s, &u->more->pace, now) == 0)
			slow = mhttp_output_slow(s, &u->more->pace, u->fd, now);
		left = mhttp_output_due(s, &u->more->pace, now);
	}
	mhttp_up_unlock(u);
	if (slow)
		return 0;
	if (left < INT32_MAX)
		mhttp_up_time(u, left ? left : 1);
	return 1;
}

void mhttp_up_time(struct mhttp_up *u, unsigned ms)
{
	u->more->timed = 1;
	u->more->timer.run = due;
	mummy_poller_timer_set(u->loop->poller, &u->more->timer, ms);
}

/* What the peer still has on its way must not reset the connection before it has read the last octets. */
static void linger(struct mhttp_up *u)
{
	struct mhttp_conn *c;

	mhttp_up_lock(u);
	mhttp_up_more(u);
	mhttp_up_unlock(u);
	if (!u->more) {
		close_now(u, 0);
		return;
	}
	timer_stop(u);
	c = u->more->conn;
	if (c && c->io->secured->transport->shutdown)
		c->io->secured->transport->shutdown(c->io->secured->conn);
	shutdown(u->fd, SHUT_WR);
	atomic_fetch_or(&u->state, MHTTP_UP_LINGERS);
	u->loop->upgraded--;
	mhttp_up_time(u, LINGER_MS);
	linger_turn(u);
}

/* The loop has the descriptor, and it is over. */
static void end_connection(struct mhttp_up *u, int status)
{
	if (status < 0)
		close_now(u, status);
	else
		linger(u);
}

void mhttp_up_over(struct mhttp_up *u, int status)
{
	struct mhttp_up_waiter *waiters;
	struct mhttp_seg *over;
	uint32_t before;

	atomic_fetch_add_explicit(&u->refs, 1, memory_order_relaxed);
	mhttp_up_lock(u);
	if (status)
		mhttp_up_break(u, status);
	before = atomic_fetch_or(&u->state, MHTTP_UP_ENDED);
	over = mhttp_up_drop(u);
	waiters = mhttp_up_waiters_take(u);
	mhttp_up_unlock(u);
	mhttp_segs_finish(over);
	mhttp_up_waiters_wake(waiters);
	if (!(before & MHTTP_UP_ENDED)) {
		if (before & MHTTP_UP_BACK)
			end_connection(u, status);
		tell_closed(u, status);
	}
	mhttp_up_drop_ref(u);
}

/* ---- Turns --------------------------------------------------------------------------------------- */

/* What an idle one does not need. */
static void tidy(struct mhttp_up *u)
{
	struct mhttp_up_more *m = u->more;

	if (!m)
		return;
	mhttp_up_lock(u);
	if (!m->first && m->timed && !(mhttp_up_state(u) & MHTTP_UP_LINGERS))
		timer_stop(u);
	if (!m->first && !m->waiters && !m->in && !m->conn && !m->executor && !m->timed)
		more_free(u);
	mhttp_up_unlock(u);
}

/* The poll back end reports what lasts, so it is told what matters now. */
static void watch(struct mhttp_up *u)
{
	uint32_t s = mhttp_up_state(u), is = 0;

	if (u->loop->edge || u->fd < 0 || !(s & MHTTP_UP_BACK))
		return;
	if ((s & MHTTP_UP_LINGERS) || mhttp_up_reads(s))
		is |= MHTTP_UP_READS;
	if (s & MHTTP_UP_OUT)
		is |= MHTTP_UP_WRITES;
	if ((s & (MHTTP_UP_READS | MHTTP_UP_WRITES)) == is)
		return;
	atomic_fetch_xor(&u->state, (s & (MHTTP_UP_READS | MHTTP_UP_WRITES)) ^ is);
	mummy_poller_modify(u->loop->poller, u->fd, (is & MHTTP_UP_READS ? MUMMY_POLLER_READ : 0)
			    | (is & MHTTP_UP_WRITES ? MUMMY_POLLER_WRITE : 0), &u->watch);
}

void mhttp_up_settle(struct mhttp_up *u)
{
	tidy(u);
	watch(u);
	mhttp_up_drop_ref(u);
}

static __attribute__((noinline)) void ready_any(struct mhttp_up *u, unsigned events)
{
	atomic_fetch_or(&u->state, MHTTP_UP_EVENT | (events & MUMMY_POLLER_HANGUP ? MHTTP_UP_GONE : 0));
	atomic_fetch_add_explicit(&u->refs, 1, memory_order_relaxed);
	if (mhttp_up_state(u) & MHTTP_UP_LINGERS)
		linger_turn(u);
	else
		mhttp_up_turn(u);
	mhttp_up_settle(u);
}

static void ready(struct mummy_poller_watch *w, unsigned events)
{
	struct mhttp_up *u = MUMMY_CONTAINER_OF(w, struct mhttp_up, watch);

	if (!(events & MUMMY_POLLER_HANGUP) && mhttp_up_is_plain(u))
		mhttp_up_quick_turn(u);
	else
		ready_any(u, events);
}

/* Stalled for too long, or lingered long enough. */
static void due(struct mummy_poller_timer *t)
{
	struct mhttp_up_more *m = MUMMY_CONTAINER_OF(t, struct mhttp_up_more, timer);
	struct mhttp_up *u = m->up;

	m->timed = 0;
	if (mhttp_up_state(u) & MHTTP_UP_LINGERS) {
		close_now(u, 0);
	} else if (!mhttp_up_watch_pace(u)) {
		mhttp_count(&u->loop->stats.timeouts, 1);
		mhttp_up_over(u, -ETIMEDOUT);
	}
}

static void node_run(struct mhttp_inbox_node *n)
{
	struct mhttp_up *u = MUMMY_CONTAINER_OF(n, struct mhttp_up, node);
	uint32_t s = atomic_fetch_and(&u->state, ~(uint32_t)MHTTP_UP_POSTED);

	if (s & MHTTP_UP_STARTED)
		s = atomic_fetch_or(&u->state, MHTTP_UP_BEGAN);
	if (s & MHTTP_UP_ENDED) {
		tell_closed(u, -(int)(s >> MHTTP_UP_ERRNO));
	} else {
		if (atomic_load(&u->loop->ended))
			mhttp_up_over(u, -ESHUTDOWN);
		else if (s & MHTTP_UP_BACK)
			mhttp_up_turn(u);
		else
			mhttp_up_output_turn(u);
	}
	if (!atomic_load(&u->loop->ended)) {
		tidy(u);
		watch(u);
	}
	mhttp_up_drop_ref(u);
}

/* Has the loop look at u. When that has ended there is nobody else left to tell that it is over. */
void mhttp_up_post(struct mhttp_up *u)
{
	if (atomic_fetch_or(&u->state, MHTTP_UP_POSTED) & MHTTP_UP_POSTED)
		return;
	atomic_fetch_add_explicit(&u->refs, 1, memory_order_relaxed);
	u->node.run = node_run;
	if (mhttp_inbox_post(u->loop->inbox, &u->node) < 0)
		node_run(&u->node);
}

/* ---- Between request and upgrade ------------------------------------------------------------------ */

/* The request gives the descriptor, and what came after it, away. */
static void hand_over(struct mhttp_conn *c, struct mhttp_up *u)
{
	if (mhttp_io_kept(c->io)) {
		mhttp_up_lock(u);
		if (mhttp_up_more(u)) {
			u->more->in = c->io->in;
			c->io->in = NULL;
		} else {
			mhttp_up_break(u, -ENOMEM);
		}
		mhttp_up_unlock(u);
	}
	c->io->up = NULL;
	c->phase = MHTTP_CLOSED;
	c->x = NULL;
	mhttp_wheel_remove(c->loop, c);
	if (u->more && u->more->conn)
		return;                      /* its reference goes along */
	c->fd = -1;
	mhttp_io_free(c);
	mhttp_conn_unref(c);
}

void mhttp_up_take(struct mhttp_conn *c)
{
	struct mhttp_up *u = c->io->up;
	struct mummy_http_loop *l = u->loop;
	unsigned events = MUMMY_POLLER_READ | (l->edge ? MUMMY_POLLER_WRITE | MUMMY_POLLER_EDGE : 0);
	uint32_t gone = atomic_load(&c->word) & MHTTP_GONE ? MHTTP_UP_GONE : 0, s;
	int rc;

	u->watch.ready = ready;
	rc = mummy_poller_modify(l->poller, u->fd, events, &u->watch);
	hand_over(c, u);
	l->ups++;
	l->upgraded++;
	s = atomic_fetch_or(&u->state, MHTTP_UP_BACK | MHTTP_UP_EVENT | MHTTP_UP_READS | gone);
	atomic_fetch_add_explicit(&u->refs, 1, memory_order_relaxed);
	if (s & MHTTP_UP_ENDED)
		end_connection(u, -(int)(s >> MHTTP_UP_ERRNO));
	else if (rc < 0 || atomic_load(&l->ended))
		mhttp_up_over(u, rc < 0 ? rc : -ESHUTDOWN);
	else
		mhttp_up_turn(u);
	mhttp_up_settle(u);
}

/* The loop has ended: the holder of the lease, who closes the descriptor, lets go of it. */
void mhttp_up_orphan(struct mhttp_conn *c)
{
	struct mhttp_up *u = c->io->up;

	c->io->up = NULL;
	mhttp_up_over(u, -ESHUTDOWN);
	if (u->more)
		u->more->conn = NULL;
	mhttp_up_drop_ref(u);
}

/* ---- All of a loop -------------------------------------------------------------------------------- */

static void drain_one(struct mummy_poller_watch *w)
{
	struct mhttp_up *u = MUMMY_CONTAINER_OF(w, struct mhttp_up, watch);

	if (!(mhttp_up_state(u) & (MHTTP_UP_OUT | MHTTP_UP_LINGERS)))
		mhttp_up_over(u, -ESHUTDOWN);
}

static void cut_one(struct mummy_poller_watch *w)
{
	struct mhttp_up *u = MUMMY_CONTAINER_OF(w, struct mhttp_up, watch);

	if (mhttp_up_state(u) & MHTTP_UP_ENDED)
		close_now(u, -ESHUTDOWN);
	else
		mhttp_up_over(u, -ESHUTDOWN);
}

void mhttp_ups_drain(struct mummy_http_loop *l)
{
	if (l->ups)
		mhttp_poller_each(l->poller, ready, drain_one);
}

void mhttp_ups_cut(struct mummy_http_loop *l)
{
	if (l->ups)
		mhttp_poller_each(l->poller, ready, cut_one);
}

/* ---- For its users --------------------------------------------------------------------------------- */

void mhttp_up_start(struct mhttp_up *u, const struct mummy_http_stream_events *ev, void *ctx)
{
	u->events = ev;
	u->ctx = ctx;
	atomic_fetch_or(&u->state, MHTTP_UP_STARTED | (ev->uncorked && ev->data ? MHTTP_UP_GATHERS : 0));
	mhttp_up_post(u);
}

void mhttp_up_resume(struct mhttp_up *u)
{
	uint32_t before = atomic_fetch_or(&u->state, MHTTP_UP_NEXT);

	if (!(before & MHTTP_UP_PAUSED))
		return;
	atomic_fetch_and(&u->state, ~(uint32_t)(MHTTP_UP_PAUSED | MHTTP_UP_NEXT));
	mhttp_up_post(u);
}

void mhttp_up_abort(struct mhttp_up *u)
{
	mhttp_up_lock(u);
	mhttp_up_break(u, -ECANCELED);
	mhttp_up_unlock(u);
	mhttp_up_post(u);
}
