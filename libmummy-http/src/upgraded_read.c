/* upgraded_read.c - what an upgraded connection does at an event: its output as far as it waits, then octets
 * are read and given to its user. Loop only. */
#include <config.h>
#include <stdlib.h>
#include <sys/socket.h>
#include "upgraded.h"

void mhttp_up_again(struct mhttp_up *u)
{
	if (u->loop->edge)
		mummy_poller_modify(u->loop->poller, u->fd,
				    MUMMY_POLLER_READ | MUMMY_POLLER_WRITE | MUMMY_POLLER_EDGE, &u->watch);
}

static inline ssize_t receive_plain(struct mhttp_up *u, void *p, size_t n)
{
	ssize_t got;

	do
		got = recv(u->fd, p, n, MSG_DONTWAIT);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return errno == EAGAIN || errno == EWOULDBLOCK ? -EAGAIN : -errno;
	mhttp_count(&u->loop->stats.bytes_in, (uint64_t)got);
	return got;
}

ssize_t mhttp_up_receive(struct mhttp_up *u, void *p, size_t n)
{
	return u->more && u->more->conn ? mhttp_recv(u->more->conn, p, n) : receive_plain(u, p, n);
}

/* The output, as far as it needs the loop. */
void mhttp_up_output_turn(struct mhttp_up *u)
{
	int drained = 0, rc;

	if (!(mhttp_up_state(u) & (MHTTP_UP_OUT | MHTTP_UP_BROKEN | MHTTP_UP_CLOSING | MHTTP_UP_HIGH)))
		return;
	rc = mhttp_up_flush(u, &drained);
	if (drained && rc == 0)
		u->events->drain(u->ctx);
	if (rc) {
		mhttp_up_over(u, rc > 0 ? 0 : rc);
		return;
	}
	if ((mhttp_up_state(u) & (MHTTP_UP_OUT | MHTTP_UP_BACK | MHTTP_UP_ENDED))
		    == (MHTTP_UP_OUT | MHTTP_UP_BACK)
	    && !u->more->timed && !mhttp_up_watch_pace(u))
		mhttp_up_time(u, 1);         /* not from within its user's call */
}

/* rc: what data returned. 1: more may be read. It may be over afterwards. */
static int delivered(struct mhttp_up *u, int rc)
{
	mhttp_up_output_turn(u);
	if (mhttp_up_state(u) & MHTTP_UP_ENDED)
		return 0;
	if (rc < 0) {
		mhttp_up_over(u, rc);
		return 0;
	}
	if (rc == 0)
		return 1;
	if (!(atomic_fetch_or(&u->state, MHTTP_UP_PAUSED) & MHTTP_UP_NEXT))
		return 0;
	atomic_fetch_and(&u->state, ~(uint32_t)(MHTTP_UP_PAUSED | MHTTP_UP_NEXT));
	return 1;
}

static int deliver(struct mhttp_up *u, void *p, size_t n)
{
	int rc = -EPIPE, corks = !u->events->uncorked;

	if (corks)
		atomic_fetch_or(&u->state, MHTTP_UP_CORKED);
	if (mhttp_up_state(u) & MHTTP_UP_NEXT)
		atomic_fetch_and(&u->state, ~(uint32_t)MHTTP_UP_NEXT);
	if (u->events->data)
		rc = u->events->data(u->ctx, p, n);
	if (corks)
		atomic_fetch_and(&u->state, ~(uint32_t)MHTTP_UP_CORKED);
	return delivered(u, rc);
}

static int deliver_kept(struct mhttp_up *u)
{
	struct mhttp_kept *in = u->more->in;
	int rc;

	u->more->in = NULL;
	rc = deliver(u, in->p + in->at, in->n);
	mhttp_kept_free(in);
	return rc;
}

/* Where the user wants what comes next, else the loop's buffer; NULL: no memory. *n: the most that there is
 * room for. */
static inline void *room_for(struct mhttp_up *u, size_t *n)
{
	void *p = u->events->room ? u->events->room(u->ctx, n) : NULL;
	struct mhttp_recv *b;

	if (p)
		return p;
	b = u->loop->recv ? u->loop->recv : mhttp_loop_recv(u->loop);
	*n = b ? b->size : 0;
	return b ? b->p : NULL;
}

/* 1: more may be there. */
static int receive(struct mhttp_up *u)
{
	size_t room = 0;
	void *p = room_for(u, &room);
	ssize_t n = p ? mhttp_up_receive(u, p, room) : -ENOMEM;

	if (n > 0 && (size_t)n == room)
		mhttp_loop_grown(u->loop);
	if (n == -EAGAIN || (n > 0 && (size_t)n < room && !(u->more && u->more->conn)
			     && !(mhttp_up_state(u) & MHTTP_UP_GONE)))
		atomic_fetch_and(&u->state, ~(uint32_t)MHTTP_UP_EVENT);
	if (n == -EAGAIN)
		return 0;
	if (n <= 0) {
		mhttp_up_over(u, (int)n);
		return 0;
	}
	return deliver(u, p, (size_t)n);
}

void mhttp_up_turn(struct mhttp_up *u)
{
	int n = 0;

	mhttp_up_output_turn(u);
	if (mhttp_up_reads(mhttp_up_state(u)) && (!u->more || !u->more->in || deliver_kept(u)))
		while (mhttp_up_reads(mhttp_up_state(u)) && (mhttp_up_state(u) & MHTTP_UP_EVENT)
		       && receive(u))
			if (n++ == MHTTP_TURN_READS) {
				if (!(mhttp_up_state(u) & MHTTP_UP_ENDED))
					mhttp_up_again(u);
				break;
			}
}

/* Its user's call brought up something else, or the end came. */
static __attribute__((noinline)) void quick_turn_ends(struct mhttp_up *u, ssize_t n, size_t room, int rc)
{
	atomic_fetch_add_explicit(&u->refs, 1, memory_order_relaxed);
	if (n <= 0) {
		mhttp_up_over(u, (int)n);
	} else {
		if ((size_t)n == room) {
			mhttp_loop_grown(u->loop);
			atomic_fetch_or(&u->state, MHTTP_UP_EVENT);
		}
		if (delivered(u, rc))
			mhttp_up_turn(u);
	}
	mhttp_up_settle(u);
}

void mhttp_up_quick_turn(struct mhttp_up *u)
{
	size_t room = 0;
	void *p = room_for(u, &room);
	ssize_t n = p ? receive_plain(u, p, room) : -ENOMEM;
	int rc = n > 0 ? u->events->data(u->ctx, p, (size_t)n) : 0;

	if (n != -EAGAIN && (n <= 0 || (size_t)n == room || rc != 0 || !mhttp_up_is_plain(u)))
		quick_turn_ends(u, n, room, rc);
}
