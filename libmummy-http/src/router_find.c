/* router_find.c - the search for the route of a request. */
#include <config.h>
#include "router_tree.h"

/* The node below n that fits rest, which begins behind a slash. It goes back from where it gets stuck, so
 * the values noted by then are dropped. slash: as if another slash ended the path. */
static const struct mhttp_node *descend(const struct mhttp_node *n, struct mummy_http_span rest, int slash,
					struct mhttp_match *m)
{
	struct mummy_http_span behind = rest, s = mhttp_next_segment(&behind);
	const struct mhttp_node *child, *found = NULL;
	unsigned nparams = m->nparams;
	size_t place;

	if (!s.p)
		return n->entries ? n : NULL;
	if (!behind.p && slash) {            /* an empty segment more */
		behind = (struct mummy_http_span){ "", 0 };
		slash = 0;
	}
	child = mhttp_literal_below(n, s, &place);
	if (child && behind.p)
		found = descend(child, behind, slash, m);
	else if (child && child->entries)
		found = child;
	if (!found && n->param && s.n) {
		m->params[m->nparams++].value = s;
		found = descend(n->param, behind, slash, m);
		if (!found)
			m->nparams = nparams;
	}
	if (!found && n->tail && n->tail->entries) {
		m->params[m->nparams++].value = rest;
		found = n->tail;
	}
	return found;
}

/* HEAD is served by GET, and every method by a route for any; a route that names the method goes first. */
static const struct mhttp_entry *choose(const struct mhttp_node *n, struct mummy_http_span method)
{
	const struct mhttp_entry *e = mhttp_entry_for(n, method);

	if (e)
		return e;
	if (mhttp_span_is(method, "HEAD"))
		e = mhttp_entry_for(n, (struct mummy_http_span){ "GET", 3 });
	return e ? e : mhttp_entry_for(n, (struct mummy_http_span){ NULL, 0 });
}

static void take_entry(struct mhttp_match *m, const struct mhttp_entry *e)
{
	const char *name = e->names;

	m->route = &e->route;
	m->status = 0;
	for (unsigned i = 0; i < m->nparams; i++, name += strlen(name) + 1)
		m->params[i].name = name;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* The routes of a host, the port left out; NULL: it has none of its own. */
static const struct mhttp_site *site_of(const mummy_http_router *r, struct mummy_http_span host)
{
	size_t n = mhttp_host_length(host);

	for (const struct mhttp_site *s = r->site.next; s; s = s->next) {
		size_t i = 0;

		while (i < n && s->host[i] && lower(host.p[i]) == s->host[i])
			i++;
		if (i == n && !s->host[i])
			return s;
	}
	return NULL;
}

/* Under the policies that let a path with a slash at its end and without stand for each other. */
static const struct mhttp_entry *find_twin(const struct mhttp_site *site, struct mummy_http_span method,
					   struct mummy_http_span rest, struct mhttp_match *out)
{
	int has_slash = rest.n && rest.p[rest.n - 1] == '/';
	const struct mhttp_node *n;
	const struct mhttp_entry *e;

	out->nparams = 0;
	rest.n -= (size_t)has_slash;
	if (rest.n == 0 || rest.p[rest.n - 1] == '/')
		return NULL;
	n = descend(&site->root, rest, !has_slash, out);
	e = n ? choose(n, method) : NULL;
	if (!e || e->slash == MUMMY_HTTP_STRICT)
		return NULL;
	return e;
}

static void find_in(const struct mhttp_site *site, int twins, struct mummy_http_span method,
		    struct mummy_http_span path, struct mhttp_match *out)
{
	struct mummy_http_span rest = { path.p + 1, path.n - 1 };
	const struct mhttp_node *n;
	const struct mhttp_entry *e;

	out->nparams = 0;
	n = mhttp_literal_path(site, path);
	if (!n)
		n = descend(&site->root, rest, 0, out);
	e = n ? choose(n, method) : NULL;
	if (!n && twins)
		e = find_twin(site, method, rest, out);
	if (e) {
		take_entry(out, e);
		if (!n && e->slash == MUMMY_HTTP_REDIRECT) {
			out->nparams = 0;
			out->route = &mhttp_slash_route;
		}
		return;
	}
	out->nparams = 0;
	if (n) {
		out->allow = n->allow;
		out->status = mhttp_span_is(method, "OPTIONS") ? 204 : 405;
	}
}

static __attribute__((noinline)) void find_any(const mummy_http_router *r, struct mummy_http_span host,
					      struct mummy_http_span method, struct mummy_http_span path,
					      struct mhttp_match *out)
{
	const struct mhttp_site *site = r->site.next && host.p ? site_of(r, host) : NULL;

	out->route = NULL;
	out->allow = NULL;
	out->status = 404;
	out->nparams = 0;
	if (path.n == 0)
		path = (struct mummy_http_span){ "/", 1 };
	if (*path.p != '/') {
		/* the server as a whole is asked (RFC 9110 section 9.3.7): it is there */
		if (path.n == 1 && *path.p == '*' && mhttp_span_is(method, "OPTIONS"))
			out->status = 204;
		return;
	}
	if (site)
		find_in(site, r->twins, method, path, out);
	if (out->status == 404)
		find_in(&r->site, r->twins, method, path, out);
}

void mhttp_router_find_at(const mummy_http_router *r, struct mummy_http_span host,
			  struct mummy_http_span method, struct mummy_http_span path, struct mhttp_match *out)
{
	/* what most requests are for */
	const struct mhttp_node *n = r->site.next ? NULL : mhttp_literal_path(&r->site, path);
	const struct mhttp_entry *e = n ? mhttp_entry_for(n, method) : NULL;

	if (!e) {
		find_any(r, host, method, path, out);
		return;
	}
	out->route = &e->route;
	out->allow = NULL;
	out->status = 0;
	out->nparams = 0;
}

void mhttp_router_find(const mummy_http_router *r, struct mummy_http_span method, struct mummy_http_span path,
		       struct mhttp_match *out)
{
	mhttp_router_find_at(r, (struct mummy_http_span){ NULL, 0 }, method, path, out);
}
