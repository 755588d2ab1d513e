/* request.c - from a parsed head to a handler. Loop only, but for _run_handler and _request_here. */
#include <config.h>
#include <stdlib.h>
#include "internal.h"

enum { HERE_BYTES = 8 * 1024, HERE_FIELDS = 32 };

const struct mummy_http_executor *mhttp_executor(const mummy_http_exchange *x)
{
	const struct mummy_http_executor *e = &x->loop->server->opt.executor;

	if ((x->route->flags & MUMMY_HTTP_INLINE) || x->quick)
		return NULL;
	if (x->route->executor)
		e = x->route->executor;
	return e->submit ? e : NULL;
}

static int wants_executor(const struct mummy_http_server *s, const struct mummy_http_route *r)
{
	return !(r->flags & MUMMY_HTTP_INLINE) && (r->executor ? r->executor->submit
						   : s->opt.executor.submit);
}

static uint64_t max_body(const struct mummy_http_server *s, const struct mummy_http_route *r)
{
	return r->max_body_bytes ? r->max_body_bytes : s->opt.max_body_bytes;
}

void mhttp_run_handler(void *arg)
{
	mummy_http_exchange *x = arg;

	x->handler_thread = pthread_self();
	x->in_handler = 1;
	mhttp_handle(x);
	x->in_handler = 0;
	if (x->sink_after)
		mhttp_sink_run(x);
	mummy_http_release(x);
}

static int keeps_alive(const struct mhttp_conn *c, const struct mummy_http_head *h)
{
	unsigned max = c->loop->server->opt.max_requests;

	return h->keep_alive && (!max || c->requests < max);
}

/* What every exchange gets. */
static inline void request_fill(mummy_http_exchange *x, struct mhttp_conn *c, struct mummy_http_head *h,
			const struct mhttp_match *m)
{
	x->conn = c;
	x->route = m->route;
	x->secure = !mhttp_is_plain(c);
	x->began_ns = c->loop->server->middles ? mummy_now_ns() : 0;
	mhttp_exchange_fill(x, h);
	x->keep_alive = keeps_alive(c, h);
	if (m->status == 0 && m->nparams)
		mhttp_exchange_params(x, m);
}

/* An inline exchange after its handler. 1: the connection is still the loop's. */
static int inline_done(mummy_http_exchange *x)
{
	if (x->is_inline && !(atomic_load(&x->state) & MHTTP_CLAIMED))
		mhttp_exchange_forgotten(x);
	if (!x->is_inline) {
		mummy_http_release(x);
		return 0;
	}
	mhttp_exchange_reset(x);
	return 1;
}

/* After an answer that did not wait for the body. */
static int inline_body_rest(struct mhttp_conn *c)
{
	struct mummy_http_loop *l = c->loop;

	if (!c->io || mhttp_body_over(c->io) || (c->flags & MHTTP_CLOSE))
		return 1;
	c->phase = MHTTP_DRAIN;
	mhttp_gather_flush(c);
	if (mhttp_io_keep(c, l->at, (size_t)(l->end - l->at)) < 0) {
		mhttp_conn_close(c, -ENOMEM);
		return 0;
	}
	l->at = l->end;
	c->flags |= MHTTP_UNPARSED;
	if (!mhttp_conn_output(c))
		mhttp_body_drain(c);
	return 0;
}

static const char *refusal(int status)
{
	switch (status) {
	case 400:
		return "a parameter of the path is malformed";
	case 404:
		return "no such route";
	case 405:
		return "the route has no such method";
	case 413:
		return "the body is too large";
	case 417:
		return "Expect asks for something unknown";
	case 421:
		return "https is asked for on a plain connection";
	case 501:
		return "unknown method";
	default:
		return "refused";
	}
}

/* Answered by the server itself. */
static int request_refuse(struct mhttp_conn *c, struct mummy_http_head *h, struct mhttp_match *m, int status)
{
	mummy_http_exchange *x = c->loop->inline_x;

	m->status = status;
	atomic_store_explicit(&x->refs, 1, memory_order_relaxed);
	request_fill(x, c, h, m);
	x->route = NULL;
	if (h->framing != MUMMY_HTTP_NO_BODY && mhttp_body_start(c, x, MUMMY_HTTP_UNKNOWN) < 0)
		c->flags |= MHTTP_CLOSE | MHTTP_UNREAD;
	if (m->allow)
		mummy_http_header_add(x, "Allow", m->allow);
	if (mhttp_before_refusal(x))
		;
	else if (status == 204)
		mummy_http_respond(x, 204, NULL, 0, NULL, 0);
	else
		mhttp_error_exchange(x, status, refusal(status));
	return inline_done(x) ? inline_body_rest(c) : 0;
}

static int request_inline(struct mhttp_conn *c, struct mummy_http_head *h, struct mhttp_match *m)
{
	struct mummy_http_loop *l = c->loop;
	mummy_http_exchange *x = l->inline_x;

	atomic_store_explicit(&x->refs, 1, memory_order_relaxed);
	request_fill(x, c, h, m);
	if (h->framing == MUMMY_HTTP_LENGTH) {
		x->body = l->at;
		x->body_n = (size_t)h->content_length;
		l->at += x->body_n;
	}
	mhttp_handle(x);
	return inline_done(x);
}

/* 1: the handler of a route with an executor has nothing to wait for, and the route says that it does not
 * block. */
static int is_quick(mummy_http_exchange *x, size_t there)
{
	const struct mummy_http_route *r = x->route;

	if (!r->quick || ((r->flags & MUMMY_HTTP_STREAM) && x->head.framing != MUMMY_HTTP_NO_BODY
			  && (x->head.framing != MUMMY_HTTP_LENGTH || x->head.content_length > there)))
		return 0;
	return !mhttp_before_blocks(x) && r->quick(x, r->ctx);
}

int mummy_http_is_quick(const mummy_http_exchange *x)
{
	return x->quick;
}

/* All is there: off to the handler. Gives 0, since the connection is leased. */
int mhttp_request_ready(struct mhttp_conn *c, mummy_http_exchange *x)
{
	struct mummy_http_loop *l = c->loop;
	const struct mummy_http_executor *e = mhttp_executor(x);
	int lost = mhttp_io_keep(c, l->at, (size_t)(l->end - l->at)) < 0;

	if (e && !lost && is_quick(x, (size_t)(l->end - l->at))) {
		x->quick = 1;
		e = NULL;
	}
	if (lost)
		c->flags |= MHTTP_CLOSE | MHTTP_UNREAD;
	l->at = l->end;
	mhttp_lease(c, x, l->dry);
	if (lost && c->io && !mhttp_body_over(c->io)) {
		/* what is lost is a part of the body that a sink would read */
		mhttp_error_unhandled(x, 503, "out of memory");
		mummy_http_release(x);
	} else if (!e) {
		mhttp_run_handler(x);
	} else if (e->submit(e->ctx, mhttp_run_handler, x) < 0) {
		mhttp_error_unhandled(x, 503, "the executor takes no more work");
		mummy_http_release(x);
	}
	return 0;
}

/* Gathers the body first, unless the route wants it streamed. */
static int request_body(struct mhttp_conn *c, mummy_http_exchange *x)
{
	if (x->head.framing == MUMMY_HTTP_NO_BODY && !(x->route->flags & MUMMY_HTTP_STREAM))
		return mhttp_request_ready(c, x);
	if (mhttp_body_start(c, x, max_body(c->loop->server, x->route)) < 0) {
		mhttp_exchange_free(x);
		mhttp_conn_close(c, -ENOMEM);
		return 0;
	}
	if (x->route->flags & MUMMY_HTTP_STREAM)
		return mhttp_request_ready(c, x);
	c->x = x;
	c->phase = MHTTP_BODY;
	if (c->io->body->complete)
		return mhttp_request_ready(c, x);
	if (c->loop->at < c->loop->end && !mhttp_body_some(c))
		return 0;
	mhttp_wheel_move(c->loop, c);
	if (mhttp_continue(c) < 0)
		mhttp_conn_close(c, -EPIPE);
	else
		mhttp_body_turn(c);
	return 0;
}

static int request_leased(struct mhttp_conn *c, struct mummy_http_head *h, struct mhttp_match *m,
			  const char *head, size_t head_n)
{
	mummy_http_exchange *x = mhttp_exchange_of(c->loop, h, m, head, head_n);

	mhttp_gather_flush(c);
	if (!x || (c->flags & MHTTP_CLOSE)) {
		free(x);
		mhttp_conn_close(c, -ENOMEM);
		return 0;
	}
	mhttp_exchange_bind(x, c);
	request_fill(x, c, h, m);
	return request_body(c, x);
}

/* RFC 9110 section 10.1.1; what HTTP/1.0 says is ignored. */
static int expects_unknown(const struct mummy_http_head *h)
{
	for (size_t i = h->slots[MUMMY_HTTP_SLOT_EXPECT] - 1; i < h->nfields && h->minor_version; i++) {
		const struct mummy_http_field *f = &h->fields[i];

		if (mhttp_name_is(f->name.p, f->name.n, "expect", 6)
		    && !mhttp_name_is(f->value.p, f->value.n, "100-continue", 12))
			return 1;
	}
	return 0;
}

/* RFC 9110 section 7.4: "https" must not be served where nothing is secured. */
static int is_misdirected(const struct mhttp_conn *c, const struct mummy_http_head *h)
{
	return h->target.n > 6 && mhttp_name_is(h->target.p, 6, "https:", 6) && mhttp_is_plain(c);
}

/* Can what stands for the parameters of the pattern be decoded, to strings? */
static int params_decode(const struct mhttp_match *m)
{
	for (unsigned i = 0; i < m->nparams; i++) {
		struct mummy_http_span v = m->params[i].value;
		const char *end = v.p + v.n, *p = v.p;

		while ((p = memchr(p, '%', (size_t)(end - p)))) {
			const struct mummy_http_span octet = { p, end - p < 3 ? (size_t)(end - p) : 3 };
			char c;

			if (mummy_http_percent_decode(&c, octet, 0) < 0 || c == 0)
				return 0;
			p += 3;
		}
	}
	return 1;
}

/* The status to refuse it with; 0 it is for a handler. */
static int request_judge(const struct mhttp_conn *c, const struct mummy_http_head *h, struct mhttp_match *m)
{
	const struct mummy_http_server *s = c->loop->server;

	mhttp_router_find_at(s->router, h->authority, h->method, h->path, m);
	if (m->status)
		return m->status == 405 && !mhttp_router_knows_method(s->router, h->method) ? 501 : m->status;
	if (h->target.p[0] != '/' && is_misdirected(c, h))
		return 421;
	if (m->nparams && !params_decode(m))
		return 400;
	if (h->slots[MUMMY_HTTP_SLOT_EXPECT] && expects_unknown(h))
		return 417;
	if (h->framing == MUMMY_HTTP_LENGTH && h->content_length > max_body(s, m->route))
		return 413;
	return 0;
}

int mhttp_request(struct mhttp_conn *c, struct mummy_http_head *h, size_t head_n)
{
	struct mummy_http_loop *l = c->loop;
	const char *head = l->at;
	struct mhttp_match m;
	int status = request_judge(c, h, &m);

	l->at += head_n;
	c->flags &= (uint8_t)~MHTTP_PARTIAL;
	c->requests++;
	mhttp_count(&l->stats.requests, 1);
	if (status)
		return request_refuse(c, h, &m, status);
	if (!(m.route->flags & MUMMY_HTTP_STREAM) && !wants_executor(l->server, m.route)
	    && (h->framing == MUMMY_HTTP_NO_BODY
		|| (h->framing == MUMMY_HTTP_LENGTH && h->content_length <= (size_t)(l->end - l->at))))
		return request_inline(c, h, &m);
	return request_leased(c, h, &m, head, head_n);
}

/* Any thread that ends the lease: the next exchange, if its head lies there and nothing needs the loop. */
static mummy_http_exchange *next_exchange(struct mhttp_conn *c, size_t *head_n)
{
	struct mummy_http_server *s = c->loop->server;
	const struct mhttp_kept *in = c->io->in;
	struct mummy_http_field fields[HERE_FIELDS];
	struct mummy_http_head h = { .fields = fields, .max_line_bytes = s->opt.max_line_bytes,
				     .max_fields = s->opt.max_fields < HERE_FIELDS
						   ? s->opt.max_fields : HERE_FIELDS,
				     .max_head_bytes = s->opt.max_head_bytes };
	mummy_http_exchange *x;
	struct mhttp_match m;
	int used = mummy_http_parse_request(&h, in->p + in->at, in->n < HERE_BYTES ? in->n : HERE_BYTES);

	if (used <= 0 || h.framing != MUMMY_HTTP_NO_BODY || request_judge(c, &h, &m) != 0
	    || (m.route->flags & MUMMY_HTTP_STREAM) || m.route->quick || !wants_executor(s, m.route))
		return NULL;
	x = mhttp_exchange_of(c->loop, &h, &m, in->p + in->at, (size_t)used);
	if (!x)
		return NULL;
	c->requests++;
	request_fill(x, c, &h, &m);
	*head_n = (size_t)used;
	return x;
}

int mhttp_request_here(mummy_http_exchange *last)
{
	struct mhttp_conn *c = last->conn;
	const struct mummy_http_executor *e;
	mummy_http_exchange *x;
	size_t n = 0;

	if (!c->loop->edge || (c->flags & MHTTP_CLOSE) || mhttp_conn_output(c) || !c->io
	    || !mhttp_io_kept(c->io) || c->io->stream || c->io->up || !mhttp_body_over(c->io)
	    || atomic_load(&c->loop->server->stopping))
		return 0;
	x = next_exchange(c, &n);
	if (!x)
		return 0;
	mhttp_exchange_bind(x, c);
	c->io->in->at += (uint32_t)n;
	c->io->in->n -= (uint32_t)n;
	c->x = x;
	mhttp_count(&c->loop->stats.requests, 1);
	e = mhttp_executor(x);
	if (e->submit(e->ctx, mhttp_run_handler, x) == 0)
		return 1;
	c->x = NULL;                         /* as if nothing had been: the loop will refuse it */
	c->io->in->at -= (uint32_t)n;
	c->io->in->n += (uint32_t)n;
	c->requests--;
	mhttp_uncount(&c->loop->stats.requests, 1);
	mhttp_exchange_free(x);
	return 0;
}
