/* conn.c - a connection on its loop: events, turns, the end. */
#include <config.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include "internal.h"

void mhttp_conn_ref(struct mhttp_conn *c)
{
	atomic_fetch_add_explicit(&c->refs, 1, memory_order_relaxed);
}

void mhttp_conn_unref(struct mhttp_conn *c)
{
	if (atomic_fetch_sub(&c->refs, 1) != 1)
		return;
	mhttp_loop_unref(c->loop);
	free(c);
}

static void conn_flush_leased(struct mhttp_conn *c)
{
	int rc = mhttp_out_flush(c, c->io->out);

	mhttp_segs_finish(mhttp_out_finished(c->io->out));
	if (rc == -EAGAIN)
		return;
	if (rc < 0) {
		mhttp_conn_unqueue(c);
		mhttp_conn_cut(c);
	}
	atomic_fetch_and(&c->word, ~(uint32_t)MHTTP_FLUSHING);
	mhttp_exchange_done(c->x, MHTTP_SENT);
}

void mhttp_conn_leased_event(struct mhttp_conn *c, uint32_t word, unsigned events)
{
	if (word & MHTTP_FLUSHING)
		conn_flush_leased(c);
	if ((word & MHTTP_STREAMING))
		mhttp_stream_event(c);
	if ((word & MHTTP_WAITING) && (events & (MUMMY_POLLER_READ | MUMMY_POLLER_HANGUP)))
		mhttp_sink_event(c);
}

static void conn_ready(struct mummy_poller_watch *w, unsigned events)
{
	struct mhttp_conn *c = MUMMY_CONTAINER_OF(w, struct mhttp_conn, watch);
	uint32_t bits = MHTTP_EVENT | (events & MUMMY_POLLER_HANGUP ? MHTTP_GONE : 0);
	uint32_t word = atomic_fetch_or(&c->word, bits);

	if (!(word & MHTTP_LEASED)) {
		/* what nearly all events are */
		if (c->phase == MHTTP_HEAD && c->loop->edge && !(c->flags & MHTTP_CLOSE)
		    && !mhttp_conn_output(c))
			mhttp_read_heads(c);
		else
			mhttp_conn_turn(c);
		return;
	}
	mhttp_conn_ref(c);
	mhttp_conn_leased_event(c, word, events);
	mhttp_conn_watch(c);
	mhttp_conn_unref(c);
}

struct mhttp_conn *mhttp_conn_new(struct mummy_http_loop *l, int fd, uint16_t listener)
{
	struct mhttp_conn *c = calloc(1, sizeof *c);
	unsigned events = MUMMY_POLLER_READ | (l->edge ? MUMMY_POLLER_WRITE | MUMMY_POLLER_EDGE : 0);

	if (!c)
		return NULL;
	c->watch.ready = conn_ready;
	c->loop = l;
	c->fd = fd;
	c->listener = listener;
	c->phase = MHTTP_HEAD;
	c->polled = MHTTP_POLLED_READ;
	atomic_init(&c->refs, 1);
	atomic_init(&c->since_ms, mhttp_now());
	if (mummy_poller_add(l->poller, fd, events, &c->watch) < 0) {
		free(c);
		return NULL;
	}
	mhttp_loop_ref(l);
	mhttp_wheel_add(l, c);
	mhttp_count(&l->stats.connections, 1);
	mhttp_count(&l->server->connections, 1);
	return c;
}

void mhttp_conn_cut(struct mhttp_conn *c)
{
	if (c->fd >= 0)
		shutdown(c->fd, SHUT_RDWR);
}

void mhttp_io_free(struct mhttp_conn *c)
{
	struct mhttp_io *io = c->io;

	if (!io)
		return;
	c->io = NULL;
	if (c->secured && io->secured->transport->free)
		io->secured->transport->free(io->secured->conn);
	mhttp_kept_free(io->in);
	free(io->body);
	free(io->out);
	free(io);
}

/* By the loop, or when that has ended by who held the lease. */
void mhttp_conn_release_all(struct mhttp_conn *c)
{
	mhttp_conn_unqueue(c);
	if (c->io && c->secured && c->io->secured->transport->shutdown)
		c->io->secured->transport->shutdown(c->io->secured->conn);
	mhttp_io_free(c);
	close(c->fd);
	c->fd = -1;
	mhttp_uncount(&c->loop->stats.connections, 1);
	mhttp_uncount(&c->loop->server->connections, 1);
}

void mhttp_conn_close(struct mhttp_conn *c, int status)
{
	const struct linger reset = { 1, 0 };
	mummy_http_exchange *x = c->x;

	if (c->phase == MHTTP_CLOSED)
		return;
	c->phase = MHTTP_CLOSED;
	c->x = NULL;
	atomic_fetch_or(&c->word, MHTTP_GONE);
	if (c->io && c->io->stream)
		mhttp_stream_cut(c, status);
	mhttp_wheel_remove(c->loop, c);
	mummy_poller_remove(c->loop->poller, c->fd);
	if (status == -ECANCELED)
		setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
	mhttp_conn_release_all(c);
	if (x)
		mhttp_exchange_free(x);      /* its body never came whole: no handler knows it */
	mhttp_conn_unref(c);
}

static void conn_linger_turn(struct mhttp_conn *c)
{
	struct mummy_http_loop *l = c->loop;
	ssize_t n = -EAGAIN;

	if (!mhttp_loop_recv(l)) {
		mhttp_conn_close(c, -ENOMEM);
		return;
	}
	for (int i = 0; i < MHTTP_TURN_READS; i++) {
		n = mhttp_recv(c, l->recv->p, l->recv->size);
		if (n <= 0)
			break;
	}
	if (n > 0)
		mhttp_conn_again(c);
	else if (n != -EAGAIN)
		mhttp_conn_close(c, 0);
}

/* The output is sent and nothing follows. With octets unread, close would reset the connection before the
 * client has read the answer, also one that has ended its side. */
void mhttp_conn_finish(struct mhttp_conn *c)
{
	int unread = (c->flags & MHTTP_UNREAD)
		     || (c->io && (mhttp_io_kept(c->io) || !mhttp_body_over(c->io)));

	if (c->flags & MHTTP_RESET) {
		mhttp_conn_close(c, -ECANCELED);
		return;
	}
	if (!unread) {
		mhttp_conn_close(c, 0);
		return;
	}
	if (!mhttp_is_plain(c) && c->io->secured->transport->shutdown)
		c->io->secured->transport->shutdown(c->io->secured->conn);
	shutdown(c->fd, SHUT_WR);
	c->phase = MHTTP_LINGER;
	c->flags &= (uint8_t)~MHTTP_CLOSE;
	atomic_store_explicit(&c->since_ms, mhttp_now(), memory_order_relaxed);
	mhttp_wheel_move(c->loop, c);
	conn_linger_turn(c);
}

static int conn_flush(struct mhttp_conn *c)
{
	int rc = mhttp_out_flush(c, c->io->out);

	mhttp_segs_finish(mhttp_out_finished(c->io->out));
	if (rc < 0 && rc != -EAGAIN)
		mhttp_conn_close(c, rc);
	return rc;
}

static void conn_handshake(struct mhttp_conn *c)
{
	int rc = c->io->secured->transport->handshake
			 ? c->io->secured->transport->handshake(c->io->secured->conn)
			 : 0;

	if (rc == -EAGAIN)
		return;
	if (rc < 0) {
		mhttp_conn_close(c, rc);
		return;
	}
	c->phase = MHTTP_HEAD;
	atomic_fetch_or(&c->word, MHTTP_EVENT);
	mhttp_read_heads(c);
}

static void conn_turn(struct mhttp_conn *c)
{
	if (mhttp_conn_output(c) && conn_flush(c) < 0)
		return;
	if (c->flags & MHTTP_CLOSE) {
		mhttp_conn_finish(c);
		return;
	}
	switch (c->phase) {
	case MHTTP_HANDSHAKE:
		conn_handshake(c);
		break;
	case MHTTP_HEAD:
		mhttp_read_heads(c);
		break;
	case MHTTP_BODY:
		mhttp_body_turn(c);
		break;
	case MHTTP_DRAIN:
		mhttp_body_drain(c);
		break;
	case MHTTP_LINGER:
		conn_linger_turn(c);
		break;
	}
}

void mhttp_conn_turn(struct mhttp_conn *c)
{
	if (c->loop->edge) {
		conn_turn(c);
		return;
	}
	mhttp_conn_ref(c);
	conn_turn(c);
	mhttp_conn_watch(c);
	mhttp_conn_unref(c);
}

static unsigned conn_wants(const struct mhttp_conn *c)
{
	uint32_t word = atomic_load(&c->word);
	unsigned wants = 0;

	if (word & MHTTP_LEASED) {
		if (word & MHTTP_WAITING)
			wants |= MUMMY_POLLER_READ;
		if ((word & MHTTP_FLUSHING) || ((word & MHTTP_STREAMING) && mhttp_stream_stalled(c)))
			wants |= MUMMY_POLLER_WRITE;
		return wants;
	}
	if (c->phase == MHTTP_BODY && (c->flags & MHTTP_NO_MEMORY))
		return 0;
	if (c->phase == MHTTP_HANDSHAKE && c->io->secured->transport->wants_write
	    && c->io->secured->transport->wants_write(c->io->secured->conn))
		return MUMMY_POLLER_WRITE;
	return mhttp_conn_output(c) ? MUMMY_POLLER_WRITE : MUMMY_POLLER_READ;
}

void mhttp_conn_again(struct mhttp_conn *c)
{
	if (c->loop->edge)
		mummy_poller_modify(c->loop->poller, c->fd,
				    MUMMY_POLLER_READ | MUMMY_POLLER_WRITE | MUMMY_POLLER_EDGE, &c->watch);
}

/* The poll back end reports what lasts, so it is told what matters now. */
void mhttp_conn_watch(struct mhttp_conn *c)
{
	unsigned wants, flags;

	if (c->loop->edge || c->fd < 0)
		return;
	wants = conn_wants(c);
	flags = (wants & MUMMY_POLLER_READ ? MHTTP_POLLED_READ : 0)
		| (wants & MUMMY_POLLER_WRITE ? MHTTP_POLLED_WRITE : 0);
	if (c->polled == flags)
		return;
	c->polled = (uint8_t)flags;
	mummy_poller_modify(c->loop->poller, c->fd, wants, &c->watch);
}
