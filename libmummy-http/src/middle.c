/* middle.c - the chain of middleware: which apply, and when they run. */
#include <config.h>
#include "inflate.h"
#include "internal.h"
#include "router_tree.h"

/* ---- The list --------------------------------------------------------------------------------- */

static void middle_clear(struct mhttp_middle *m)
{
	free(m->host);
	free(m->prefix);
}

void mhttp_middles_free(struct mhttp_middles *list)
{
	for (size_t i = 0; i < list->n; i++)
		middle_clear(&list->all[i]);
	free(list->all);
}

/* Two halves of a prefix, copied. */
static int middle_add(struct mhttp_middles *list, const char *host, const char *a, size_t a_n, const char *b,
		      size_t b_n, const struct mummy_http_middleware *what)
{
	struct mhttp_middle *all = realloc(list->all, (list->n + 1) * sizeof *all), *m;

	if (!all)
		return -ENOMEM;
	list->all = all;
	m = &all[list->n];
	*m = (struct mhttp_middle){ .prefix_n = a_n + b_n, .m = *what };
	m->prefix = malloc(a_n + b_n + 1);
	m->host = host ? strdup(host) : NULL;
	if (!m->prefix || (host && !m->host)) {
		middle_clear(m);
		return -ENOMEM;
	}
	memcpy(m->prefix, a, a_n);
	memcpy(m->prefix + a_n, b, b_n);
	list->n++;
	return 0;
}

int mhttp_middles_mount(struct mhttp_middles *list, const char *host, const char *prefix, size_t prefix_n,
			const struct mhttp_middles *sub)
{
	int rc = 0;

	for (size_t i = 0; i < sub->n && rc == 0; i++)
		rc = middle_add(list, host, prefix, prefix_n, sub->all[i].prefix, sub->all[i].prefix_n,
				&sub->all[i].m);
	return rc;
}

int mummy_http_router_use(mummy_http_router *r, const char *prefix, const struct mummy_http_middleware *m)
{
	size_t n = 0;
	int rc;

	if (atomic_load(&r->frozen))
		return -EBUSY;
	if ((!m->before && !m->after) || m->flags & ~(unsigned)MUMMY_HTTP_INLINE || !MUMMY_RESERVED_OK(m))
		return -EINVAL;
	if (prefix && mhttp_check_prefix(prefix, &n) < 0)
		return -EINVAL;
	rc = middle_add(&r->middles, NULL, prefix ? prefix : "", n, "", 0, m);
	if (rc == 0)
		r->middles.all[r->middles.n - 1].everything = !prefix;
	return rc;
}

int mhttp_middles_any(const mummy_http_router *r)
{
	return r->middles.n != 0;
}

int mhttp_router_use_owned(mummy_http_router *r, const char *prefix, const struct mummy_http_middleware *m,
			   void (*release)(void *ctx))
{
	int rc = mummy_http_router_use(r, prefix, m);

	if (rc == 0) {
		rc = mhttp_router_own(r, release, m->ctx);
		if (rc < 0)
			middle_clear(&r->middles.all[--r->middles.n]);
	}
	if (rc < 0)
		release(m->ctx);
	return rc;
}

/* ---- The chain -------------------------------------------------------------------------------- */

static int host_is(const mummy_http_exchange *x, const char *host)
{
	struct mummy_http_span s = { x->host, x->host_n };
	size_t n = x->host ? mhttp_host_length(s) : 0;

	return mhttp_name_is(s.p, n, host, strlen(host));
}

static int applies(const struct mhttp_middle *m, const mummy_http_exchange *x)
{
	if (x->malformed)
		return m->everything;
	if (m->host && !host_is(x, m->host))
		return 0;
	return mhttp_path_is_below((struct mummy_http_span){ x->path, x->path_n }, m->prefix, m->prefix_n);
}

/* 1: one of them stopped it. */
static int run_before(mummy_http_exchange *x, const struct mhttp_middles *list, unsigned flags)
{
	int rc = 0;

	while (x->middles < list->n && rc == 0) {
		const struct mhttp_middle *m = &list->all[x->middles++];

		if (m->m.before && (m->m.flags & flags) == flags && applies(m, x))
			rc = m->m.before(x, m->m.ctx);
	}
	return rc != 0;
}

int mhttp_before_blocks(const mummy_http_exchange *x)
{
	const struct mhttp_middles *list = &x->loop->server->router->middles;

	for (size_t i = 0; i < list->n; i++) {
		const struct mhttp_middle *m = &list->all[i];

		if (m->m.before && !(m->m.flags & MUMMY_HTTP_INLINE) && applies(m, x))
			return 1;
	}
	return 0;
}

void mhttp_handle(mummy_http_exchange *x)
{
	const struct mhttp_middles *list = &x->loop->server->router->middles;
	int status = 0;

	if (list->n && run_before(x, list, 0))
		return;
	if ((x->route->flags & (MUMMY_HTTP_INFLATE | MUMMY_HTTP_STREAM)) == MUMMY_HTTP_INFLATE)
		status = mhttp_inflate_body(x);
	if (status)
		mhttp_error_exchange(x, status, "the body does not decode, or is too large then");
	else
		x->route->handler(x, x->route->ctx);
}

int mhttp_before_refusal(mummy_http_exchange *x)
{
	return run_before(x, &x->loop->server->router->middles, MUMMY_HTTP_INLINE);
}

void mhttp_after(mummy_http_exchange *x)
{
	struct mummy_http_server *s = x->loop->server;
	const struct mhttp_middles *list = &s->router->middles;

	if (!(atomic_load(&x->state) & MHTTP_CLAIMED) || atomic_load(&s->dead))
		return;
	for (size_t i = list->n; i; i--) {
		const struct mhttp_middle *m = &list->all[i - 1];
		int ran = i <= x->middles && (x->route || (m->m.flags & MUMMY_HTTP_INLINE));

		if (m->m.after && (!m->m.before || ran) && applies(m, x))
			m->m.after(x, m->m.ctx);
	}
}

void mummy_http_result_get(const mummy_http_exchange *x, struct mummy_http_result *out)
{
	*out = (struct mummy_http_result){
		.status = x->status, .error = x->error, .bytes_in = x->body_n + x->sink_bytes,
		.bytes_out = x->sent, .duration_us = x->began_ns ? (mummy_now_ns() - x->began_ns) / 1000 : 0
	};
}
