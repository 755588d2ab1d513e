/*
 * sink.c - streamed request bodies.
 *
 * A job on the executor reads under the lease until the socket is dry, then parks: WAITING in the
 * connection's word hands the right to run the sink to the loop, which submits the next job at an event.
 * Parking fails when an event came meanwhile. No buffer and no thread is kept while parked or paused.
 */
#include <config.h>
#include <stdlib.h>
#include "internal.h"
#include "poller_impl.h"

enum { JOB_BYTES = 4 * 1024 * 1024, SMALL_CHUNK = 4096, LITTLE = 512, RETRY_MS = 10 };
enum { PIPE_MIN = 64 * 1024, THIN = 32 * 1024 };

static void sink_job(void *arg)
{
	mhttp_sink_run(arg);
}

/* The executor has no room, but the body has begun: again in a moment. */
static void sink_retry(void *arg)
{
	mummy_http_exchange *x = arg;

	mhttp_sink_resume(x);
	mummy_http_release(x);
}

void mhttp_sink_resume(mummy_http_exchange *x)
{
	const struct mummy_http_executor *e = mhttp_executor(x);

	if (atomic_load(&x->loop->ended)) {
		mhttp_sink_run(x);
		return;
	}
	if (!e) {
		if (mhttp_kick(x, MHTTP_KICK_SINK) < 0)
			mhttp_sink_run(x);
		return;
	}
	if (e->submit(e->ctx, sink_job, x) == 0)
		return;
	atomic_fetch_add(&x->refs, 1);
	if (mummy_http_loop_timer(x->loop, RETRY_MS, sink_retry, x) < 0) {
		mummy_http_release(x);
		mhttp_sink_run(x);
	}
}

void mhttp_sink_event(struct mhttp_conn *c)
{
	if (atomic_fetch_and(&c->word, ~(uint32_t)MHTTP_WAITING) & MHTTP_WAITING)
		mhttp_sink_resume(c->x);
}

/* Receives behind have octets of buf. Of a chunked body no more than the loop can take back: it may end with
 * the first octets, and requests follow. */
static ssize_t sink_receive(mummy_http_exchange *x, char *buf, size_t have, size_t size, uint8_t *dry)
{
	struct mhttp_conn *c = x->conn;
	const struct mhttp_body *b = c->io->body;
	size_t most = mhttp_recv_size(c->loop->server), room = size - have;
	ssize_t n;

	if (b->framing == MUMMY_HTTP_LENGTH)
		most = b->left < SIZE_MAX ? (size_t)b->left : SIZE_MAX;
	else
		most = have < most ? most - have : 0;
	if (room > most)
		room = most;
	if (room == 0)
		return -EMSGSIZE;
	n = mhttp_recv(c, buf + have, room);
	*dry = n > 0 && (size_t)n < room && mhttp_is_plain(c) && !(atomic_load(&c->word) & MHTTP_GONE);
	if (*dry || n == -EAGAIN)
		x->sink_owes = 0;
	return n == 0 ? -EPIPE : n;
}

/* An event that comes from now on is one for octets that are not read yet. */
static void sink_take_event(mummy_http_exchange *x)
{
	if (atomic_fetch_and(&x->conn->word, ~(uint32_t)MHTTP_EVENT) & MHTTP_EVENT)
		x->sink_owes = 1;
}

static size_t sink_kept(struct mhttp_io *io, char *buf, size_t size)
{
	size_t n = mhttp_io_kept(io) < size ? mhttp_io_kept(io) : size;

	if (n)
		memcpy(buf, io->in->p + io->in->at, n);
	return n;
}

/* Decodes have octets of buf in place. Content octets, or -status; *at: how far it went. */
static ssize_t sink_decode(mummy_http_exchange *x, char *buf, size_t have, size_t *at)
{
	struct mummy_http_span piece;
	size_t used = 0, out = 0;
	int rc;

	*at = 0;
	while ((rc = mhttp_body_feed(x->conn->io->body, x, buf + *at, have - *at, &used, &piece)) > 0) {
		memmove(buf + out, piece.p, piece.n);
		out += piece.n;
		*at += used;
	}
	*at += rc == 0 ? used : 0;
	return rc < 0 ? rc : (ssize_t)out;
}

static int error_of(ssize_t status)
{
	return status == -413 || status == -431 ? -EMSGSIZE : status == -503 ? -ENOMEM : -EBADMSG;
}

/* Kept octets first, then the socket: n octets of content at most. 0 the body is complete. */
static ssize_t sink_fill(mummy_http_exchange *x, char *buf, size_t size, uint8_t *dry)
{
	struct mhttp_conn *c = x->conn;
	struct mhttp_io *io = c->io;

	while (!io->body->complete) {
		size_t have = sink_kept(io, buf, size), at, kept = have;
		ssize_t n = 0;

		if (have == 0 || (io->body->stale && have < size)) {
			if (*dry)
				return -EAGAIN;
			n = sink_receive(x, buf, have, size, dry);
			if (n < 0)
				return n;
			have += (size_t)n;
		}
		if (kept) {
			io->in->at += (uint32_t)kept;
			io->in->n -= (uint32_t)kept;
		}
		n = sink_decode(x, buf, have, &at);
		if (n < 0)
			return error_of(n);
		if (at < have && mhttp_io_unread(c, buf + at, have - at) < 0)
			return -ENOMEM;
		io->body->stale = mhttp_io_kept(io) == have - at;
		if (at == 0 && have == size)
			return -ENOBUFS;     /* a line of a chunk or trailer longer than the room for it */
		if (n > 0)
			return n;
	}
	return 0;
}

/* A body that fills a job comes faster than it is taken. All that the loop would do is to wake for each
 * piece, and to take the processor from who works on it. What writing needs stays, as the answer may be on
 * its way. */
static void sink_deafen(mummy_http_exchange *x, int deaf)
{
	struct mhttp_conn *c = x->conn;
	const unsigned events = MUMMY_POLLER_WRITE | MUMMY_POLLER_EDGE | (deaf ? 0 : MUMMY_POLLER_READ);

	if (x->sink_deaf == deaf || !c->loop->edge || !mhttp_is_plain(c))
		return;
	/* what came meanwhile is reported when it is asked for again */
	if (mhttp_poller_ask(c->loop->poller, c->fd, events, &c->watch) == 0)
		x->sink_deaf = (uint8_t)deaf;
}

/* It waits for octets from now on, or as long as it has since the last ones. What the loop has to be told:
 * it looks at a connection every few seconds by itself. */
static uint32_t sink_idles(mummy_http_exchange *x)
{
	const uint64_t before = x->idle_at;

	if (!x->sink.idle_ms || before == x->sink_bytes + 1)
		return 0;
	x->idle_at = x->sink_bytes + 1;
	x->idle_since = mhttp_now();
	return before == 0 && x->sink.idle_ms < MHTTP_WHEEL_SLOTS << MHTTP_WHEEL_SHIFT ? MHTTP_KICK_DUE : 0;
}

/* 1: parked, and x is not ours any more; 0: something came. */
static int sink_park(mummy_http_exchange *x)
{
	struct mhttp_conn *c = x->conn;
	const uint32_t tell = sink_idles(x) | (c->loop->edge ? 0 : MHTTP_KICK_WATCH);
	int parked = 0;
	uint32_t word;

	sink_deafen(x, 0);
	word = atomic_load(&c->word);
	if (tell)
		atomic_fetch_add(&x->refs, 1);
	while (!parked && !(word & MHTTP_EVENT))
		parked = atomic_compare_exchange_weak(&c->word, &word, word | MHTTP_WAITING);
	if (!parked)
		sink_take_event(x);
	if (tell) {
		if (parked)
			mhttp_kick(x, tell);
		mummy_http_release(x);
	}
	return parked;
}

static void sink_finish(mummy_http_exchange *x, int status)
{
	const struct mhttp_sink sink = x->sink;

	sink_deafen(x, 0);
	x->sink_status = status;
	/* nobody is told twice of what lies in the socket: the loop still has to read it */
	if (x->sink_owes)
		atomic_fetch_or(&x->conn->word, MHTTP_EVENT);
	mhttp_exchange_done(x, MHTTP_SINK_DONE);
	if (sink.end)
		sink.end(sink.ctx, status);
	mummy_http_release(x);
}

/* The sink said 1: nothing more until body_next, which may have been called already. */
static int sink_pause(mummy_http_exchange *x)
{
	if (!(atomic_fetch_or(&x->pause, MHTTP_PAUSED) & MHTTP_NEXT))
		return 1;
	atomic_store(&x->pause, 0);
	return 0;
}

/*
 * What a job reads into: as large as is worth a call of data, and not there before it is needed. Of slow
 * clients there are many, and each octet of theirs is a job: it begins with a little room, and goes over to
 * the whole when that is filled.
 */
struct sink_buffer { char *p; size_t size, whole; };

static size_t sink_size(const mummy_http_exchange *x)
{
	const struct mhttp_body *b = x->conn->io->body;
	size_t chunk = x->loop->server->opt.chunk_bytes;

	if (chunk < SMALL_CHUNK)
		chunk = SMALL_CHUNK;
	if (b->framing != MUMMY_HTTP_LENGTH)
		return chunk;
	if (chunk < x->sink.chunk_bytes)
		chunk = x->sink.chunk_bytes;
	return b->left >= chunk ? chunk : b->left ? (size_t)b->left : 1;
}

static int is_large(const mummy_http_exchange *x, size_t whole)
{
	return whole > x->loop->server->opt.chunk_bytes && whole > SMALL_CHUNK;
}

/* A large buffer is kept for the next job: fresh memory of the system costs more than what it saves. */
static char *whole_get(mummy_http_exchange *x, size_t whole)
{
	char *p;

	if (!is_large(x, whole))
		return malloc(whole);
	p = atomic_exchange(&x->loop->server->large_chunk, NULL);
	return p ? p : malloc(MHTTP_LARGE_CHUNK);
}

static int sink_buffer_get(mummy_http_exchange *x, struct sink_buffer *b)
{
	b->size = b->whole = sink_size(x);
	if (b->whole > SMALL_CHUNK && !x->sink_much && mhttp_io_kept(x->conn->io) < LITTLE)
		b->size = LITTLE;
	b->p = b->size < b->whole ? malloc(b->size) : whole_get(x, b->whole);
	return b->p ? 0 : -ENOMEM;
}

static void sink_buffer_drop(mummy_http_exchange *x, struct sink_buffer *b)
{
	char *none = NULL;

	if (!b->p || b->size < b->whole || !is_large(x, b->whole)
	    || !atomic_compare_exchange_strong(&x->loop->server->large_chunk, &none, b->p))
		free(b->p);
	b->p = NULL;
}

/* The whole takes over have octets of the little. -ENOMEM: then that has to do. */
static int sink_buffer_grow(mummy_http_exchange *x, struct sink_buffer *b, size_t have)
{
	char *p = whole_get(x, b->whole);

	if (!p)
		return -ENOMEM;
	memcpy(p, b->p, have);
	free(b->p);
	b->p = p;
	b->size = b->whole;
	return 0;
}

/* Fills it as far as octets are there. As sink_fill. */
static ssize_t sink_gather(mummy_http_exchange *x, struct sink_buffer *b, size_t *have)
{
	ssize_t n = 1;

	while (*have < b->size && (n = sink_fill(x, b->p + *have, b->size - *have, &x->sink_dry)) > 0) {
		*have += (size_t)n;
		if (b->size - *have < SMALL_CHUNK && b->size > 2 * SMALL_CHUNK)
			break;
	}
	return n;
}

/* One call of data with as much as there is: *answer. Returns as sink_fill. */
static ssize_t sink_data(mummy_http_exchange *x, struct sink_buffer *b, int *answer)
{
	size_t have = 0;
	ssize_t n;

	*answer = 0;
	if (!b->p && sink_buffer_get(x, b) < 0)
		return -ENOMEM;
	n = sink_gather(x, b, &have);
	if (b->size < b->whole && (n > 0 || n == -ENOBUFS) && sink_buffer_grow(x, b, have) == 0)
		n = sink_gather(x, b, &have);
	if (n == -ENOBUFS)                   /* with the whole buffer it may fit */
		n = have ? 1 : -EMSGSIZE;
	/* also before a cut: what arrived is the sink's */
	if (have)
		*answer = x->sink.data(x->sink.ctx, b->p, have);
	x->sink_bytes += have;
	if (have + SMALL_CHUNK > b->whole)
		x->sink_thin = 0;
	if (have >= LITTLE)
		x->sink_much = 1;
	return n;
}

/* 1 when what comes next lies in the socket alone and as it is, and there is enough to be worth it. */
static int sink_can_pipe(const mummy_http_exchange *x)
{
	const struct mhttp_io *io = x->conn->io;

	return x->sink.pipe && !x->sink_thin && !mhttp_io_kept(io) && io->body->framing == MUMMY_HTTP_LENGTH
		&& io->body->left >= PIPE_MIN && mhttp_is_plain(x->conn);
}

static void sink_count(mummy_http_exchange *x, size_t n)
{
	struct mhttp_body *b = x->conn->io->body;

	b->left -= n;
	b->got += n;
	b->complete = b->left == 0;
	b->expect = 0;
	x->sink_bytes += n;
	x->sink_thin = n < THIN;
}

/* As sink_data; -ENOTSUP: it has to be done by that. */
static ssize_t sink_pipe(mummy_http_exchange *x, int *answer)
{
	struct mhttp_pipes *pipes = &x->loop->server->pipes;
	const uint64_t left = x->conn->io->body->left;
	int fds[2];
	ssize_t n;

	*answer = 0;
	if (!sink_can_pipe(x))
		return -ENOTSUP;
	if (x->sink_dry)
		return -EAGAIN;
	if (mhttp_pipe_get(pipes, fds) < 0)
		return -ENOTSUP;
	n = mhttp_recv_pipe(x->conn, fds[1], left < MHTTP_PIPE_BYTES ? (size_t)left : MHTTP_PIPE_BYTES);
	if (n > 0) {
		sink_count(x, (size_t)n);
		*answer = x->sink.pipe(x->sink.ctx, fds[0], (size_t)n);
	}
	mhttp_pipe_put(pipes, fds, n <= 0 || *answer >= 0);
	if (n == -EAGAIN)
		x->sink_owes = 0;
	if (n == -EINVAL || n == -ENOSYS) {
		x->sink.pipe = NULL;
		return -ENOTSUP;
	}
	return n == 0 ? -EPIPE : n;
}

static ssize_t sink_ready(mummy_http_exchange *x, int *answer)
{
	x->ready_status = 1;
	*answer = x->sink.ready(x->sink.ctx, x);
	return x->ready_status;
}

/* 0 to go on; 1 the job is over; <0 the body is, with that status; 2 the body is complete. */
static int sink_step(mummy_http_exchange *x, struct sink_buffer *b)
{
	int answer;
	ssize_t n = x->sink.ready ? sink_ready(x, &answer) : sink_pipe(x, &answer);

	if (n == -ENOTSUP && !x->sink.ready)
		n = sink_data(x, b, &answer);

	if (answer < 0)
		return answer;
	if (n < 0 && n != -EAGAIN)
		return (int)n;
	if (answer > 0)
		return 1;                    /* also after the last octet: end waits for body_next */
	if (x->conn->io->body->complete)
		return 2;
	return n == -EAGAIN ? 3 : 0;
}

static int sink_next(mummy_http_exchange *x, struct sink_buffer *b)
{
	if (x->conn->io->body->complete)
		return 2;
	if (atomic_load(&x->state) & MHTTP_ABORTED)
		return -ECANCELED;
	return sink_step(x, b);
}

void mhttp_sink_run(mummy_http_exchange *x)
{
	struct sink_buffer b = { .p = NULL };
	uint64_t begin = x->sink_bytes, limit = begin + JOB_BYTES;
	int rc = x->sink_status;

	x->sink_after = 0;
	x->sink_dry = 0;
	if (atomic_load_explicit(&x->conn->word, memory_order_relaxed) & MHTTP_EVENT)
		sink_take_event(x);
	while (rc == 0) {
		rc = sink_next(x, &b);
		if (rc == 0 && x->sink_bytes >= limit) {
			sink_buffer_drop(x, &b);
			sink_deafen(x, 1);
			mhttp_sink_resume(x);
			return;
		}
		if (rc == 1 || rc == 3)
			mhttp_io_fit(x->conn->io);
		if (rc == 1 && !sink_pause(x)) {
			rc = 0;
		} else if (rc == 3) {
			sink_buffer_drop(x, &b);
			x->sink_much = x->sink_bytes - begin >= LITTLE;
			if (sink_park(x))
				return;
			x->sink_dry = 0;
			begin = x->sink_bytes;
			rc = 0;
		}
	}
	sink_buffer_drop(x, &b);
	if (rc != 1)
		sink_finish(x, rc == 2 ? 0 : rc);
}

int mummy_http_stream_body(mummy_http_exchange *x, const struct mummy_http_sink *sink)
{
	uint32_t state;

	if (!x->route || !(x->route->flags & MUMMY_HTTP_STREAM))
		return -ENOTSUP;
	if (!MUMMY_RESERVED_OK(sink) || !sink->data == !sink->ready || (sink->pipe && !sink->data))
		return -EINVAL;
	state = atomic_load(&x->state);
	if ((state & (MHTTP_SINK | MHTTP_SENT)) || ((state & MHTTP_CLAIMED) && !x->streaming))
		return -EALREADY;
	if (!(state & MHTTP_CLAIMED) && !mhttp_io_kept(x->conn->io) && mhttp_continue(x->conn) < 0)
		return -EPIPE;
	x->sink = (struct mhttp_sink){ sink->data, sink->ready, sink->end, sink->ctx, sink->pipe,
		sink->chunk_bytes < MHTTP_LARGE_CHUNK ? (uint32_t)sink->chunk_bytes : MHTTP_LARGE_CHUNK,
		sink->idle_ms };
	x->idle_at = 0;
	if (atomic_fetch_or(&x->state, MHTTP_SINK) & (MHTTP_SINK | MHTTP_SENT))
		return -EALREADY;
	x->conn->io->body->window_ms = mhttp_now();
	atomic_fetch_add_explicit(&x->refs, 1, memory_order_relaxed);
	if (pthread_equal(x->handler_thread, pthread_self()) && x->in_handler)
		x->sink_after = 1;           /* serial: after the handler, on its thread */
	else
		mhttp_sink_resume(x);
	return 0;
}

static void next_now(mummy_http_exchange *x)
{
	struct mhttp_body *b = x->conn->io->body;

	if (!(atomic_fetch_or(&x->pause, MHTTP_NEXT) & MHTTP_PAUSED))
		return;
	b->window_ms = mhttp_now();          /* the time in between was not the client's */
	b->window_got = b->got;
	atomic_store(&x->pause, 0);
	mhttp_sink_resume(x);
}

static void next_later(void *arg)
{
	mummy_http_exchange *x = arg;

	next_now(x);
	mummy_http_release(x);
}

int mummy_http_body_next(mummy_http_exchange *x, unsigned delay_ms)
{
	if (!(atomic_load(&x->state) & MHTTP_SINK))
		return -EINVAL;
	if (atomic_load(&x->state) & MHTTP_SINK_DONE)
		return -EALREADY;
	if (delay_ms) {
		atomic_fetch_add_explicit(&x->refs, 1, memory_order_relaxed);
		if (mummy_http_loop_timer(x->loop, delay_ms, next_later, x) == 0)
			return 0;
		mummy_http_release(x);
	}
	next_now(x);
	return 0;
}

ssize_t mummy_http_body_read(mummy_http_exchange *x, void *buf, size_t n)
{
	ssize_t got;

	if (n == 0)
		return -EINVAL;
	got = sink_fill(x, buf, n, &x->sink_dry);
	if (got == -ENOBUFS)
		got = -EMSGSIZE;
	if (got < 0)
		x->ready_status = (int)got;
	else
		x->sink_bytes += (size_t)got;
	return got;
}
