/* errors.c - the server's own answers. */
#include <config.h>
#include <stdio.h>
#include "internal.h"

/* x is unanswered. The program's page, or a line of text. */
void mhttp_error_answer(mummy_http_exchange *x, int status)
{
	const struct mummy_http_options *opt = &x->loop->server->opt;
	static const struct mummy_http_header nosniff = MUMMY_HTTP_HEADER("X-Content-Type-Options",
									  "nosniff");
	struct mhttp_reply r = { .status = status, .h = &nosniff };
	char text[64];

	if (opt->error_page && !atomic_load(&x->loop->server->dead))
		opt->error_page(opt->ctx, x, status);
	if (atomic_load(&x->state) & MHTTP_CLAIMED)
		return;
	snprintf(text, sizeof text, "%d %s\n", status, mhttp_reason(status));
	r.body = text;
	r.len = strlen(text);
	r.nh = !mhttp_has_added(x, nosniff.name);
	r.type = mhttp_has_added(x, "Content-Type") ? NULL : "text/plain; charset=utf-8";
	mhttp_reply(x, &r);
}

static void log_refusal(struct mhttp_conn *c, int status, const char *why)
{
	char peer[64];

	if (c->loop->server->opt.log)
		mhttp_log(c->loop->server, MUMMY_HTTP_WARNING, "%s: %d: %s",
			  mhttp_peer_text(c, peer, sizeof peer), status, why);
}

/* No handler got it, but the head is known: middleware that does not block sees it, as it sees a 404. */
static void unhandled_answer(mummy_http_exchange *x, int status)
{
	x->route = NULL;
	if (!mhttp_before_refusal(x))
		mhttp_error_answer(x, status);
}

/* A head that could not be read, or did not come. */
static void malformed_answer(struct mhttp_conn *c, int status)
{
	mummy_http_exchange *x = c->loop->inline_x;

	mhttp_exchange_reset(x);
	memset(&x->head, 0, sizeof x->head);
	x->head.minor_version = 1;
	x->conn = c;
	x->malformed = 1;
	x->is_head = 0;
	x->path = "";
	x->path_n = 0;
	x->host = NULL;
	x->host_n = 0;
	x->keep_alive = 0;
	mhttp_error_answer(x, status);
	if (x->is_inline)
		mhttp_exchange_reset(x);
	else
		mummy_http_release(x);
}

/* The rest of the input is not to be trusted: answers and closes. Loop only. */
void mhttp_error_conn(struct mhttp_conn *c, int status, const char *why)
{
	struct mummy_http_loop *l = c->loop;
	mummy_http_exchange *x = c->x;

	log_refusal(c, status, why);
	c->flags |= MHTTP_CLOSE | MHTTP_UNREAD;
	c->flags &= (uint8_t)~(MHTTP_PARTIAL | MHTTP_UNPARSED);
	if (c->io && c->io->in)
		c->io->in->n = 0;
	if (x) {
		mhttp_lease(c, x, 0);
		unhandled_answer(x, status);
		mummy_http_release(x);
		return;
	}
	if (!mhttp_loop_ready(l)) {
		mhttp_conn_close(c, -ENOMEM);
		return;
	}
	l->at = l->end;
	malformed_answer(c, status);
	if (atomic_load(&c->word) & MHTTP_LEASED)
		return;
	mhttp_gather_flush(c);
	if (!mhttp_conn_output(c))
		mhttp_conn_finish(c);
}

/* An exchange of the loop's that is refused: 404, 413 and the like. */
void mhttp_error_exchange(mummy_http_exchange *x, int status, const char *why)
{
	log_refusal(x->conn, status, why);
	mhttp_error_answer(x, status);
}

/* One that had a route, and could not be handed to its handler. Loop only. */
void mhttp_error_unhandled(mummy_http_exchange *x, int status, const char *why)
{
	log_refusal(x->conn, status, why);
	unhandled_answer(x, status);
}
