/* respond.c - answers: the one claim, the choice of framing, the way out. */
#include <config.h>
#include <stdlib.h>
#include <unistd.h>
#include "internal.h"

void mhttp_reply_drop(struct mhttp_reply *r)
{
	if (r->kind == MHTTP_REPLY_TAKEN && r->done)
		r->done(r->arg);
	else if (r->kind == MHTTP_REPLY_FILE)
		close(r->fd);
	r->kind = MHTTP_REPLY_COPY;
}

int mhttp_claim(mummy_http_exchange *x)
{
	return atomic_fetch_or(&x->state, MHTTP_CLAIMED) & MHTTP_CLAIMED ? -EALREADY : 0;
}

int mhttp_sink_is_active(const mummy_http_exchange *x)
{
	uint32_t state = atomic_load(&x->state);

	return (state & MHTTP_SINK) && !(state & MHTTP_SINK_DONE);
}

/* An answer before the end of the body: a short rest is read over, else the connection closes. */
static int body_forces_close(const mummy_http_exchange *x)
{
	const struct mhttp_io *io = x->conn->io;

	if (mhttp_sink_is_active(x) || !io || mhttp_body_over(io))
		return 0;
	return !mhttp_body_is_short(io->body);
}

static int has_close(struct mummy_http_span connection)
{
	struct mummy_http_span item;

	while (connection.n && mummy_http_list_next(&connection, &item) == 1)
		if (mhttp_name_is(item.p, item.n, "close", 5))
			return 1;
	return 0;
}

static void reply_connection(mummy_http_exchange *x, struct mhttp_reply *r)
{
	struct mhttp_conn *c = x->conn;

	if (r->status == 101)
		return;
	/* a streamed answer may begin before the sink of the body does */
	if (r->kind != MHTTP_REPLY_STREAM && body_forces_close(x)) {
		c->flags |= MHTTP_UNREAD;
		r->close = 1;
	}
	if (!x->keep_alive || (c->flags & MHTTP_CLOSE)
	    || atomic_load_explicit(&c->loop->server->stopping, memory_order_relaxed)
	    || has_close(mhttp_answer_field(x, r, "connection")))
		r->close = 1;
	if (r->len == MUMMY_HTTP_UNKNOWN && !r->bodyless) {
		r->chunked = x->head.minor_version > 0;
		r->close |= !r->chunked;
	}
	if (r->close)
		c->flags |= MHTTP_CLOSE;
}

static void reply_compress(mummy_http_exchange *x, struct mhttp_reply *r)
{
	void *out;
	size_t n;

	if (x->is_head) {
		r->gzip = 1;
		return;
	}
	if (r->kind == MHTTP_REPLY_STREAM) {
		r->gzip = 1;
		r->len = MUMMY_HTTP_UNKNOWN;
		return;
	}
	if (mhttp_gzip_whole(x->loop->server->gzip, r->body, (size_t)r->len, &out, &n) != 0)
		return;
	mhttp_reply_drop(r);
	r->gzip = 1;
	r->kind = MHTTP_REPLY_TAKEN;
	r->body = out;
	r->len = n;
	r->done = free;
	r->arg = out;
}

static int never_coded(const mummy_http_exchange *x, const struct mhttp_reply *r)
{
	return !x->loop->server->gzip || x->malformed || r->identity || r->kind == MHTTP_REPLY_FILE
		|| (x->route && (x->route->flags & MUMMY_HTTP_IDENTITY));
}

static void reply_coding(mummy_http_exchange *x, struct mhttp_reply *r)
{
	const struct mummy_http_server *s = x->loop->server;
	struct mhttp_gzip_question q;
	char room[MHTTP_JOINED];

	if ((r->status != 304 && (r->len < s->opt.gzip_min_bytes || (r->bodyless && !x->is_head)))
	    || never_coded(x, r))
		return;
	q.accept_encoding = mhttp_slot_joined(x, MUMMY_HTTP_SLOT_ACCEPT_ENCODING, room);
	q.content_type = mhttp_answer_field(x, r, "content-type");
	if (r->type)
		q.content_type = (struct mummy_http_span){ r->type, strlen(r->type) };
	q.content_encoding = mhttp_answer_field(x, r, "content-encoding");
	q.cache_control = mhttp_answer_field(x, r, "cache-control");
	q.status = r->status;
	q.length = r->len;
	q.min_bytes = s->opt.gzip_min_bytes;
	switch (mhttp_gzip_choose(&q)) {
	case MHTTP_GZIP_YES:
		reply_compress(x, r);
		r->vary = 1;
		break;
	case MHTTP_GZIP_VARY:
		r->vary = 1;
		break;
	case MHTTP_GZIP_NEVER:
		break;
	}
}

/* What there is of a body is sent as tail, or, when it is copied, as the second piece. */
static int reply_tail(struct mhttp_reply *r, struct mhttp_seg *tail)
{
	if (r->bodyless || r->kind == MHTTP_REPLY_COPY || r->kind == MHTTP_REPLY_STREAM || r->len == 0)
		return 0;
	*tail = (struct mhttp_seg){ .n = r->len };
	if (r->kind == MHTTP_REPLY_FILE) {
		tail->kind = MHTTP_SEG_FILE;
		tail->fd = r->fd;
		tail->off = r->off;
	} else {
		tail->kind = MHTTP_SEG_TAKEN;
		tail->p = r->body;
		tail->done = r->done;
		tail->arg = r->arg;
	}
	return 1;
}

/* The connection's queue is what o has, but for what is finished. */
static int queue_take(struct mhttp_conn *c, struct mhttp_out *o)
{
	struct mhttp_io *io = mhttp_io(c);

	if (io && !io->out)
		io->out = malloc(sizeof *io->out);
	if (!io || !io->out)
		return -ENOMEM;
	*io->out = (struct mhttp_out){ .first = o->first, .last = o->last, .bytes = o->bytes };
	return 0;
}

/* Sends head and body; a connection without a queue gets one if something is left. */
static int reply_send(struct mhttp_conn *c, struct mhttp_reply *r, const void *head, size_t head_n,
		      size_t copied)
{
	struct mhttp_out local = { 0 }, *o = c->io && c->io->out ? c->io->out : &local;
	struct iovec iov[2] = { { (void *)(uintptr_t)head, head_n }, { (void *)(uintptr_t)r->body, 0 } };
	struct mhttp_seg tail;
	int has_tail = reply_tail(r, &tail), rc;

	if (r->kind == MHTTP_REPLY_COPY && !r->bodyless)
		iov[1].iov_len = (size_t)r->len - copied;
	rc = mhttp_out_write(c, o, iov, iov[1].iov_len ? 2 : 1, has_tail ? &tail : NULL);
	if (has_tail && tail.kind == MHTTP_SEG_QUEUED)
		r->kind = MHTTP_REPLY_COPY;
	mhttp_reply_drop(r);
	if (local.first && queue_take(c, &local) < 0) {
		mhttp_out_clear(c, &local);
		rc = -ENOMEM;
	}
	mhttp_segs_finish(mhttp_out_finished(o));
	if (rc < 0) {
		c->flags |= MHTTP_CLOSE | MHTTP_RESET;
		mhttp_conn_unqueue(c);
	}
	return rc;
}

enum { SCRATCH = 1024 };                 /* the heads of nearly all answers, and short ones whole */

static int reply_leased(mummy_http_exchange *x, struct mhttp_reply *r)
{
	struct mhttp_conn *c = x->conn;
	size_t room = mhttp_head_room(x, r), n, copied = 0;
	char scratch[SCRATCH], *head = room <= sizeof scratch ? scratch : malloc(room);
	int rc;

	if (!head) {
		c->flags |= MHTTP_CLOSE;
		mhttp_reply_drop(r);
		return -ENOMEM;
	}
	n = mhttp_head_write(x, r, head);
	if (r->kind == MHTTP_REPLY_COPY && !r->bodyless && head == scratch
	    && n + r->len <= sizeof scratch) {
		if (r->len)
			memcpy(head + n, r->body, (size_t)r->len);
		copied = (size_t)r->len;
		n += copied;
	}
	rc = reply_send(c, r, head, n, copied);
	if (head != scratch)
		free(head);
	return rc;
}

int mhttp_send_interim(struct mhttp_conn *c, const void *p, size_t n)
{
	struct mhttp_reply nothing = { .kind = MHTTP_REPLY_COPY, .bodyless = 1 };

	return reply_send(c, &nothing, p, n, 0);
}

/* By the owner of the input and of the output, when the client waits for it. */
int mhttp_continue(struct mhttp_conn *c)
{
	static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";

	if (!c->io->body->expect)
		return 0;
	c->io->body->expect = 0;
	return mhttp_send_interim(c, text, sizeof text - 1);
}

/* Sends what is gathered; on failure the connection is marked to be closed. */
int mhttp_gather_flush(struct mhttp_conn *c)
{
	struct mummy_http_loop *l = c->loop;
	size_t n = l->gather_n;
	struct iovec all = { l->gather, n };
	ssize_t sent = 0;

	l->gather_n = 0;
	if (n == 0)
		return 0;
	/* nearly always the socket takes it; if not, the rest is queued, or the error met again */
	if (!c->io)
		sent = mhttp_send(c, l->gather, n);
	else if (!mhttp_conn_output(c))
		sent = mhttp_sendv(c, &all, 1, 0);
	if (sent == (ssize_t)n)
		return 0;
	if (sent < 0)
		sent = 0;
	return mhttp_send_interim(c, l->gather + sent, n - (size_t)sent);
}

static int gather_room(struct mhttp_conn *c, size_t room)
{
	struct mummy_http_loop *l = c->loop;
	char *bigger;
	int rc = 0;

	if (l->gather_cap - l->gather_n >= room)
		return 0;
	rc = mhttp_gather_flush(c);
	if (rc < 0 || l->gather_cap >= room)
		return rc < 0 ? rc : 0;
	bigger = realloc(l->gather, room);
	if (!bigger) {
		c->flags |= MHTTP_CLOSE;
		return -ENOMEM;
	}
	l->gather = bigger;
	l->gather_cap = room;
	return 0;
}

static int reply_inline(mummy_http_exchange *x, struct mhttp_reply *r)
{
	struct mhttp_conn *c = x->conn;
	struct mummy_http_loop *l = c->loop;
	int rc = gather_room(c, mhttp_head_room(x, r));
	size_t n;

	if (rc < 0) {
		mhttp_reply_drop(r);
		return rc;
	}
	l->gather_n += mhttp_head_write(x, r, l->gather + l->gather_n);
	if (r->bodyless || r->len == 0) {
		mhttp_reply_drop(r);
		return 0;
	}
	if (r->kind == MHTTP_REPLY_COPY && r->len <= l->gather_cap - l->gather_n) {
		memcpy(l->gather + l->gather_n, r->body, (size_t)r->len);
		l->gather_n += (size_t)r->len;
		return 0;
	}
	n = l->gather_n;
	l->gather_n = 0;
	return reply_send(c, r, l->gather, n, 0);
}

/* After the answer went out, or failed to. */
static int reply_finish(mummy_http_exchange *x, int rc)
{
	x->error = rc < 0 ? -EPIPE : 0;
	if (x->is_inline) {
		atomic_fetch_or_explicit(&x->state, MHTTP_SENT, memory_order_relaxed);
	} else if (rc == 1 && mhttp_sink_is_active(x)) {
		atomic_fetch_or(&x->conn->word, MHTTP_FLUSHING);
		mhttp_kick(x, MHTTP_KICK_FLUSH);
	} else {
		mhttp_exchange_done(x, MHTTP_SENT);
	}
	return rc < 0 ? -EPIPE : 0;
}

/* Answers that have no content whatever they were given (RFC 9110 section 15). */
static int has_no_content(struct mhttp_reply *r)
{
	if (r->status == 205)                /* but a length, which is 0 */
		r->len = 0;
	return r->status < 200 || r->status == 204 || r->status == 205 || r->status == 304;
}

/* Decides what the head says. */
void mhttp_reply_prepare(mummy_http_exchange *x, struct mhttp_reply *r)
{
	struct mummy_http_server *s = x->loop->server;

	mhttp_count(&x->loop->stats.answers[r->status / 100], 1);
	if (s->opt.answered && !atomic_load(&s->dead))
		s->opt.answered(s->opt.ctx, x, r->status);
	r->bodyless = x->is_head;
	if (r->status != 200 && has_no_content(r))
		r->bodyless = 1;
	reply_coding(x, r);
	reply_connection(x, r);
	x->status = r->status;
	if (r->kind != MHTTP_REPLY_STREAM && !r->bodyless)
		x->sent = r->len;
}

/* The head of a streamed answer or of an upgrade; the exchange is leased and claimed. */
int mhttp_reply_head(mummy_http_exchange *x, struct mhttp_reply *r)
{
	mhttp_reply_prepare(x, r);
	return reply_leased(x, r);
}

int mhttp_reply(mummy_http_exchange *x, struct mhttp_reply *r)
{
	struct mhttp_line_size sizes[MHTTP_SIZED_LINES];
	int rc;

	r->sizes = r->nh <= MHTTP_SIZED_LINES ? sizes : NULL;
	if (r->status < 200 || r->status > 599 || !mhttp_fields_measure(r)) {
		mhttp_reply_drop(r);
		return -EINVAL;
	}
	rc = mhttp_claim(x);
	if (rc < 0) {
		mhttp_reply_drop(r);
		return rc;
	}
	if (atomic_load(&x->state) & MHTTP_ABORTED) {
		mhttp_reply_drop(r);
		x->conn->flags |= MHTTP_CLOSE;
		return reply_finish(x, -EPIPE);
	}
	mhttp_reply_prepare(x, r);
	return reply_finish(x, x->is_inline ? reply_inline(x, r) : reply_leased(x, r));
}

int mhttp_respond_copy(mummy_http_exchange *x, int status, const struct mummy_http_header *h, size_t nh,
		       const void *body, size_t len)
{
	struct mhttp_reply r = { .status = status, .h = h, .nh = nh, .body = body, .len = len };

	return mhttp_reply(x, &r);
}

int mummy_http_respond(mummy_http_exchange *x, int status, const struct mummy_http_header *h, size_t nh,
		       const void *body, size_t len)
{
	if (status == 200 && x->is_inline)
		return mhttp_respond_plain(x, h, nh, body, len);
	return mhttp_respond_copy(x, status, h, nh, body, len);
}

int mummy_http_respond_text(mummy_http_exchange *x, int status, const char *text)
{
	struct mhttp_reply r = { .status = status, .body = text, .len = strlen(text) };

	if (!mhttp_answer_field(x, &r, "content-type").p)
		r.type = "text/plain; charset=utf-8";
	return mhttp_reply(x, &r);
}

int mummy_http_respond_taken(mummy_http_exchange *x, int status, const struct mummy_http_header *h, size_t nh,
			     const void *body, size_t len, void (*done)(void *arg), void *arg)
{
	struct mhttp_reply r = { .status = status, .h = h, .nh = nh, .kind = MHTTP_REPLY_TAKEN, .body = body,
				 .len = len, .done = done, .arg = arg };

	return mhttp_reply(x, &r);
}

int mummy_http_respond_file(mummy_http_exchange *x, int status, const struct mummy_http_header *h, size_t nh,
			    int fd, uint64_t off, uint64_t len)
{
	struct mhttp_reply r = { .status = status, .h = h, .nh = nh, .kind = MHTTP_REPLY_FILE, .fd = fd,
				 .off = off, .len = len };

	return mhttp_reply(x, &r);
}
