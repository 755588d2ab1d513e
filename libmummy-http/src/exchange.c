/* exchange.c - the life of an exchange: made, filled from a head, held, let go. */
#include <config.h>
#include <stdlib.h>
#include "internal.h"

/* text: the head's octets; right behind, spare: strings made from it. */
mummy_http_exchange *mhttp_exchange_new(struct mummy_http_loop *l, struct mhttp_room room)
{
	size_t fields = room.fields * sizeof(struct mummy_http_field);
	size_t params = room.params * sizeof(struct mhttp_param);
	mummy_http_exchange *x = malloc(sizeof *x + fields + params + room.text + room.spare);

	if (!x)
		return NULL;
	memset(x, 0, sizeof *x);
	atomic_init(&x->refs, 1);
	x->loop = l;
	x->head.fields = (struct mummy_http_field *)(void *)(x + 1);
	x->params = (struct mhttp_param *)(void *)((char *)(x + 1) + fields);
	x->max_params = (unsigned)room.params;
	x->spare = (char *)(x + 1) + fields + params + room.text;
	x->spare_cap = (uint32_t)room.spare;
	return x;
}

void mhttp_exchange_bind(mummy_http_exchange *x, struct mhttp_conn *c)
{
	x->conn = c;
	mhttp_conn_ref(c);
	mhttp_count(&c->loop->stats.exchanges, 1);
}

static void told_free(mummy_http_exchange *x)
{
	free(x->told->host);
	free(x->told);
	x->told = NULL;
}

struct mhttp_told *mhttp_told(mummy_http_exchange *x)
{
	if (!x->told)
		x->told = calloc(1, sizeof *x->told);
	return x->told;
}

static void body_drop(mummy_http_exchange *x)
{
	if (x->body_owned)
		free(x->body);
	if (x->body_charged)
		mhttp_uncount(&x->loop->server->buffered, x->body_charged);
	x->body = NULL;
	x->body_n = x->body_cap = x->body_charged = 0;
	x->body_owned = 0;
}

static void texts_drop(mummy_http_exchange *x)
{
	free(x->extra.p);
	free(x->trailers.p);
	memset(&x->extra, 0, sizeof x->extra);
	memset(&x->trailers, 0, sizeof x->trailers);
}

static void peer_free(mummy_http_exchange *x, char *p)
{
	if (p < x->spare || p >= x->spare + x->spare_cap)
		free(p);
}

static void peer_drop(mummy_http_exchange *x)
{
	peer_free(x, atomic_load_explicit(&x->peer, memory_order_relaxed));
	atomic_store_explicit(&x->peer, NULL, memory_order_relaxed);
}

/* Makes it as new, but for where its strings go. */
void mhttp_exchange_reset(mummy_http_exchange *x)
{
	if (x->loop->server->middles)
		mhttp_after(x);
	if (x->user_release)
		x->user_release(x->user);
	x->user = NULL;
	x->user_release = NULL;
	if (x->body || x->body_charged)
		body_drop(x);
	if (x->extra.p || x->trailers.p)
		texts_drop(x);
	x->spare_n = 0;
	x->nparams = 0;
	x->malformed = 0;
	x->route = NULL;
	if (x->told)
		told_free(x);
	x->middles = 0;
	x->status = x->error = 0;
	x->sent = x->sink_bytes = 0;
	atomic_store_explicit(&x->state, 0, memory_order_relaxed);
	if (atomic_load_explicit(&x->peer, memory_order_relaxed))
		peer_drop(x);
}

static void recv_unref(struct mhttp_recv *b)
{
	if (b && atomic_fetch_sub(&b->refs, 1) == 1)
		free(b);
}

void mhttp_exchange_free(mummy_http_exchange *x)
{
	struct mhttp_conn *c = x->is_inline ? NULL : x->conn;

	mhttp_exchange_reset(x);
	recv_unref(x->recv);
	free(x->own_fields);
	if (c)
		mhttp_uncount(&c->loop->stats.exchanges, 1);
	free(x);
	if (c)
		mhttp_conn_unref(c);
}

static void move_span(struct mummy_http_span *s, const char *from, size_t n, char *to)
{
	if (s->p && s->p >= from && s->p <= from + n)
		s->p = to + (s->p - from);
}

static int is_within(const struct mummy_http_span *s, const struct mummy_http_span *whole)
{
	return s->p && s->p >= whole->p && s->p <= whole->p + whole->n;
}

/* Copies the head and the fields it was parsed to: n octets at p. The room was measured. */
static void copy_head(mummy_http_exchange *x, struct mummy_http_head *h, const char *p, size_t n)
{
	struct mummy_http_field *fields = x->head.fields;
	char *to = x->spare - n;

	memcpy(to, p, n);
	memcpy(fields, h->fields, h->nfields * sizeof *fields);
	h->fields = fields;
	for (size_t i = 0; i < h->nfields; i++) {
		move_span(&fields[i].name, p, n, to);
		move_span(&fields[i].value, p, n, to);
	}
	move_span(&h->method, p, n, to);
	move_span(&h->target, p, n, to);
	move_span(&h->path, p, n, to);
	move_span(&h->query, p, n, to);
	move_span(&h->authority, p, n, to);
}

/* What fill_path, mhttp_exchange_fill and _params will take; decoding makes nothing longer. */
static size_t spare_room(const struct mummy_http_head *h, const struct mhttp_match *m)
{
	size_t n = 0;

	if (h->query.p)
		n += h->path.n + 1;
	if (is_within(&h->authority, &h->target))
		n += h->authority.n + 1;
	for (unsigned i = 0; i < m->nparams; i++)
		n += m->params[i].value.n + 1;
	return n;
}

mummy_http_exchange *mhttp_exchange_of(struct mummy_http_loop *l, struct mummy_http_head *h,
				       const struct mhttp_match *m, const char *p, size_t n)
{
	const struct mhttp_room room = { h->nfields, m->nparams, n, spare_room(h, m) };
	mummy_http_exchange *x = mhttp_exchange_new(l, room);

	if (x)
		copy_head(x, h, p, n);
	return x;
}

static void end_string(struct mummy_http_span s)
{
	if (s.p)
		((char *)(uintptr_t)s.p)[s.n] = 0;
}

static char *spare_take(mummy_http_exchange *x, size_t n)
{
	char *p = x->spare + x->spare_n;

	if (x->spare_cap - x->spare_n < n)
		return NULL;
	x->spare_n += (uint32_t)n;
	return p;
}

const char *mhttp_peer_note(mummy_http_exchange *x, const char *text)
{
	char *p = x->is_inline ? spare_take(x, MHTTP_PEER_ROOM) : malloc(MHTTP_PEER_ROOM), *none = NULL;

	if (!p)
		return NULL;
	snprintf(p, MHTTP_PEER_ROOM, "%s", text);
	if (atomic_compare_exchange_strong(&x->peer, &none, p))
		return p;
	peer_free(x, p);
	return none;
}

int mhttp_peer_set(mummy_http_exchange *x, const char *text)
{
	char *p = atomic_load(&x->peer);

	if (!p)
		return mhttp_peer_note(x, text) ? 0 : -ENOMEM;
	snprintf(p, MHTTP_PEER_ROOM, "%s", text);
	return 0;
}

static const char *spare_copy(mummy_http_exchange *x, struct mummy_http_span s)
{
	char *p = spare_take(x, s.n + 1);

	if (!p)
		return "";
	memcpy(p, s.p, s.n);
	p[s.n] = 0;
	return p;
}

static void fill_path(mummy_http_exchange *x)
{
	struct mummy_http_head *h = &x->head;

	x->path_n = (uint32_t)h->path.n;
	if (h->path.n == 0) {
		x->path = "/";
		x->path_n = 1;
	} else if (h->query.p) {
		x->path = spare_copy(x, h->path);
	} else {
		x->path = h->path.p;
	}
}

/* Takes over a parsed head, whose octets are the exchange's; ends the strings in place. */
void mhttp_exchange_fill(mummy_http_exchange *x, struct mummy_http_head *h)
{
	if (h != &x->head)
		x->head = *h;
	x->keep_alive = h->keep_alive;
	x->is_head = h->method.n == 4 && !memcmp(h->method.p, "HEAD", 4);
	fill_path(x);
	x->host = NULL;
	x->host_n = (uint32_t)h->authority.n;
	if (h->authority.p)
		x->host = is_within(&h->authority, &h->target) ? spare_copy(x, h->authority) : h->authority.p;
	end_string(h->method);
	end_string(h->target);
	for (const struct mummy_http_field *f = h->fields, *end = f + h->nfields; f < end; f++) {
		*(char *)(uintptr_t)(f->name.p + f->name.n) = 0;
		*(char *)(uintptr_t)(f->value.p + f->value.n) = 0;
	}
}

/* Decodes the parameters, which was seen to be possible. */
void mhttp_exchange_params(mummy_http_exchange *x, const struct mhttp_match *m)
{
	x->nparams = 0;
	for (unsigned i = 0; i < m->nparams && i < x->max_params; i++) {
		char *p = spare_take(x, m->params[i].value.n + 1);
		ssize_t n = p ? mummy_http_percent_decode(p, m->params[i].value, 0) : -EBADMSG;

		if (n < 0)
			return;              /* never: the room was measured */
		p[n] = 0;
		x->params[x->nparams++] = (struct mhttp_param){ m->params[i].name, p, (size_t)n };
	}
}

/* An inline exchange that is kept becomes a leased one, and takes its strings along with the buffer. */
void mhttp_exchange_detach(mummy_http_exchange *x)
{
	struct mhttp_conn *c = x->conn;
	struct mummy_http_loop *l = c->loop;
	struct mummy_http_field *fields = x->head.fields;

	if (!x->is_inline)
		return;
	mhttp_gather_flush(c);
	if (mhttp_io_keep(c, l->at, (size_t)(l->end - l->at)) < 0)
		c->flags |= MHTTP_CLOSE;
	else if (l->at < l->end)
		c->flags |= MHTTP_UNPARSED;
	l->at = l->end;
	x->is_inline = 0;
	if (fields == l->fields) {
		l->fields = NULL;            /* the exchange's from now on */
		x->own_fields = fields;
	}
	x->recv = l->recv;
	l->recv = NULL;
	l->inline_x = NULL;
	mhttp_exchange_bind(x, c);
	mhttp_lease(c, x, l->dry);
}

mummy_http_exchange *mummy_http_hold(mummy_http_exchange *x)
{
	mhttp_exchange_detach(x);
	atomic_fetch_add_explicit(&x->refs, 1, memory_order_relaxed);
	return x;
}

/* A body that ended badly is reason enough for an answer; 0 it did not. */
static int body_status(const mummy_http_exchange *x)
{
	if (!(atomic_load(&x->state) & MHTTP_SINK_DONE))
		return 0;
	switch (x->sink_status) {
	case -EMSGSIZE:
		return 413;
	case -ETIMEDOUT:
		return 408;
	case -EBADMSG:
	case -EPIPE:
		return 400;
	default:
		return 0;
	}
}

/* For who handed out an exchange that nobody answered. */
void mhttp_exchange_forgotten(mummy_http_exchange *x)
{
	int status = body_status(x);

	if (atomic_load(&x->state) & MHTTP_CLAIMED)
		return;
	if (status) {
		mhttp_error_exchange(x, status, "the body was cut off, too slow, too large or malformed");
		return;
	}
	mhttp_log(x->loop->server, MUMMY_HTTP_ERROR, "500: %.*s %.100s was not answered",
		  (int)x->head.method.n, x->head.method.p, x->path);
	mhttp_error_answer(x, 500);
}

void mummy_http_release(mummy_http_exchange *x)
{
	if (atomic_fetch_sub(&x->refs, 1) != 1)
		return;
	if (!(atomic_load(&x->state) & MHTTP_CLAIMED)) {
		atomic_store(&x->refs, 1);
		mhttp_exchange_forgotten(x);
		mummy_http_release(x);
		return;
	}
	mhttp_exchange_free(x);
}

int mummy_http_gone(const mummy_http_exchange *x)
{
	return (atomic_load(&x->conn->word) & MHTTP_GONE) || (atomic_load(&x->state) & MHTTP_ABORTED);
}

void mummy_http_abort(mummy_http_exchange *x)
{
	mhttp_exchange_detach(x);
	atomic_fetch_or(&x->state, MHTTP_ABORTED);
	mhttp_kick(x, MHTTP_KICK_ABORT);
}

void mummy_http_user_set(mummy_http_exchange *x, void *p, void (*release)(void *p))
{
	void *old = x->user;
	void (*old_release)(void *) = x->user_release;

	x->user = p;
	x->user_release = release;
	if (old_release)
		old_release(old);
}

void *mummy_http_user(const mummy_http_exchange *x)
{
	return x->user;
}

int mummy_http_header_add(mummy_http_exchange *x, const char *name, const char *value)
{
	const struct mummy_http_header h = { name, value, 0, 0 };
	size_t room = mhttp_fields_room(&h, 1);

	if (!mhttp_fields_ok(&h, 1))
		return -EINVAL;
	if (atomic_load(&x->state) & MHTTP_CLAIMED)
		return -EALREADY;
	if (mhttp_text_room(&x->extra, room) < 0)
		return -ENOMEM;
	x->extra.n = (size_t)(mhttp_fields_write(x->extra.p + x->extra.n, &h, 1) - x->extra.p);
	return 0;
}

mummy_http_loop *mummy_http_exchange_loop(const mummy_http_exchange *x)
{
	return x->loop;
}
