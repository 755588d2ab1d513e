/* router.c - the tree of routes: made, grown, let go. */
#include <config.h>
#include "router_tree.h"

enum { ROUTE_FLAGS = MUMMY_HTTP_STREAM | MUMMY_HTTP_INLINE | MUMMY_HTTP_IDENTITY | MUMMY_HTTP_INFLATE };

/* ---- The tree --------------------------------------------------------------------------------- */

/* Orders a raw segment against a decoded literal, octet by octet. A bad escape is after everything. */
static int compare_escaped(struct mummy_http_span raw, const struct mhttp_node *literal)
{
	size_t at = 0, used;

	for (size_t i = 0; i < raw.n; i += used, at++) {
		int c = mhttp_path_octet(raw.p + i, raw.n - i, &used), have;

		if (c < 0 || at == literal->len)
			return 1;
		have = (unsigned char)literal->text[at];
		if (c != have)
			return c - have;
	}
	return at < literal->len ? -1 : 0;
}

/* The same, for what has no escape where it differs. */
static inline int compare(struct mummy_http_span raw, const struct mhttp_node *literal)
{
	size_t n = raw.n < literal->len ? raw.n : literal->len, i = 0;

	while (i < n && raw.p[i] == literal->text[i] && raw.p[i] != '%')
		i++;
	if (i < raw.n && raw.p[i] == '%')
		return compare_escaped(raw, literal);
	if (i < n)
		return (unsigned char)raw.p[i] - (unsigned char)literal->text[i];
	return raw.n < literal->len ? -1 : raw.n > literal->len;
}

/* The literal below n, or NULL; *place is where it is or belongs. */
struct mhttp_node *mhttp_literal_below(const struct mhttp_node *n, struct mummy_http_span raw, size_t *place)
{
	size_t low = 0, high = n->nliterals;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = compare(raw, n->literals[middle]);

		if (order == 0) {
			*place = middle;
			return n->literals[middle];
		}
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	*place = low;
	return NULL;
}

static struct mhttp_node *new_literal(struct mummy_http_span raw)
{
	struct mhttp_node *n = calloc(1, sizeof *n);
	size_t used;

	if (!n)
		return NULL;
	n->text = malloc(raw.n + 1);
	if (!n->text) {
		free(n);
		return NULL;
	}
	for (size_t i = 0; i < raw.n; i += used)
		n->text[n->len++] = (char)mhttp_path_octet(raw.p + i, raw.n - i, &used);
	return n;
}

static struct mhttp_node *grow_literal(struct mhttp_node *n, struct mummy_http_span raw)
{
	size_t place;
	struct mhttp_node *child = mhttp_literal_below(n, raw, &place), **literals;

	if (child)
		return child;
	literals = realloc(n->literals, (n->nliterals + 1) * sizeof(struct mhttp_node *));
	if (!literals)
		return NULL;
	n->literals = literals;
	child = new_literal(raw);
	if (!child)
		return NULL;
	memmove(literals + place + 1, literals + place,
		(n->nliterals++ - place) * sizeof(struct mhttp_node *));
	literals[place] = child;
	return child;
}

static void free_entry(struct mhttp_entry *e)
{
	free(e->method);
	free(e->pattern);
	free(e->names);
	free(e);
}

static void free_entries(struct mhttp_node *n)
{
	struct mhttp_entry *next;

	for (struct mhttp_entry *e = n->entries; e; e = next) {
		next = e->next;
		free_entry(e);
	}
}

/* Below n; no deeper than MHTTP_MAX_SEGMENTS. */
static void free_parts(struct mhttp_node *n)
{
	for (size_t i = 0; i < n->nliterals; i++) {
		free_parts(n->literals[i]);
		free(n->literals[i]);
	}
	free(n->literals);
	if (n->param)
		free_parts(n->param);
	if (n->tail)
		free_parts(n->tail);
	free(n->param);
	free(n->tail);
	free_entries(n);
	free(n->allow);
	free(n->text);
}

/* The node of a checked pattern, made where it is not there; NULL: no memory. */
static struct mhttp_node *grow_pattern(struct mhttp_node *n, const char *pattern)
{
	struct mummy_http_span rest = { pattern + 1, strlen(pattern) - 1 }, s;

	for (s = mhttp_next_segment(&rest); s.p && n; s = mhttp_next_segment(&rest)) {
		enum mhttp_segment kind = mhttp_segment_kind(s);
		struct mhttp_node **place = kind == MHTTP_PARAM ? &n->param : &n->tail;

		if (kind == MHTTP_LITERAL) {
			n = grow_literal(n, s);
			continue;
		}
		if (!*place)
			*place = calloc(1, sizeof **place);
		n = *place;
	}
	return n;
}

/* ---- Methods ---------------------------------------------------------------------------------- */

static int is_standard(struct mummy_http_span method)
{
	static const char *const standard[] = { "GET", "HEAD", "POST", "PUT", "DELETE",
						"CONNECT", "OPTIONS", "TRACE", "PATCH" };

	for (size_t i = 0; i < sizeof standard / sizeof standard[0]; i++)
		if (mhttp_span_is(method, standard[i]))
			return 1;
	return 0;
}

int mhttp_router_knows_method(const mummy_http_router *r, struct mummy_http_span method)
{
	if (is_standard(method))
		return 1;
	for (size_t i = 0; i < r->nmethods; i++)
		if (mhttp_span_is(method, r->methods[i]))
			return 1;
	return 0;
}

static int remember_method(mummy_http_router *r, const char *method)
{
	char **methods;

	if (!method || mhttp_router_knows_method(r, (struct mummy_http_span){ method, strlen(method) }))
		return 0;
	methods = realloc(r->methods, (r->nmethods + 1) * sizeof *methods);
	if (!methods)
		return -ENOMEM;
	r->methods = methods;
	methods[r->nmethods] = strdup(method);
	if (!methods[r->nmethods])
		return -ENOMEM;
	r->nmethods++;
	return 0;
}

static int has_method(const struct mhttp_node *n, const char *method)
{
	return mhttp_entry_for(n, (struct mummy_http_span){ method, strlen(method) }) != NULL;
}

/* Puts a method at out + at, with a comma when it is not the first; out NULL: only counts. */
static size_t put_method(char *out, size_t at, const char *method)
{
	size_t comma = at ? 2 : 0, n = strlen(method);

	if (out) {
		memcpy(out + at, ", ", comma);
		memcpy(out + at + comma, method, n + 1);
	}
	return at + comma + n;
}

/* "GET, HEAD, POST, OPTIONS": what is registered and what the router adds. */
static size_t write_allow(const struct mhttp_node *n, char *out)
{
	size_t at = 0;

	for (const struct mhttp_entry *e = n->entries; e; e = e->next)
		if (e->method)
			at = put_method(out, at, e->method);
	if (has_method(n, "GET") && !has_method(n, "HEAD"))
		at = put_method(out, at, "HEAD");
	return has_method(n, "OPTIONS") ? at : put_method(out, at, "OPTIONS");
}

static int renew_allow(struct mhttp_node *n)
{
	char *allow = malloc(write_allow(n, NULL) + 1);

	if (!allow)
		return -ENOMEM;
	write_allow(n, allow);
	free(n->allow);
	n->allow = allow;
	return 0;
}

/* ---- The router ------------------------------------------------------------------------------- */

int mummy_http_router_new(mummy_http_router **out)
{
	mummy_http_router *r = calloc(1, sizeof *r);

	if (!r)
		return -ENOMEM;
	atomic_init(&r->refs, 1);
	atomic_init(&r->frozen, 0);
	*out = r;
	return 0;
}

mummy_http_router *mummy_http_router_ref(mummy_http_router *r)
{
	atomic_fetch_add_explicit(&r->refs, 1, memory_order_relaxed);
	return r;
}

void mummy_http_router_unref(mummy_http_router *r)
{
	if (!r || atomic_fetch_sub_explicit(&r->refs, 1, memory_order_acq_rel) != 1)
		return;
	free_parts(&r->site.root);
	mhttp_literals_free(r->site.literals);
	for (struct mhttp_site *s = r->site.next, *next; s; s = next) {
		next = s->next;
		free_parts(&s->root);
		mhttp_literals_free(s->literals);
		free(s->host);
		free(s);
	}
	for (struct mhttp_owned *o = r->owned, *next; o; o = next) {
		next = o->next;
		o->release(o->p);
		free(o);
	}
	for (size_t i = 0; i < r->nmethods; i++)
		free(r->methods[i]);
	free(r->methods);
	mhttp_middles_free(&r->middles);
	free(r);
}

int mhttp_router_own(mummy_http_router *r, void (*release)(void *p), void *p)
{
	struct mhttp_owned *o = malloc(sizeof *o);

	if (!o)
		return -ENOMEM;
	o->release = release;
	o->p = p;
	o->next = r->owned;
	r->owned = o;
	return 0;
}

unsigned mhttp_route_segments(const struct mummy_http_route *route)
{
	const struct mhttp_entry *e = MUMMY_CONTAINER_OF(route, struct mhttp_entry, route);
	size_t n = strlen(e->pattern);
	unsigned slashes = 0;

	for (size_t i = 0; i < n; i++)
		slashes += e->pattern[i] == '/';
	return slashes - (n > 1 && !strcmp(e->pattern + n - 2, "/*"));
}

void mhttp_router_freeze(mummy_http_router *r)
{
	atomic_store(&r->frozen, 1);
}

static int check_route(const struct mummy_http_route *route)
{
	const struct mummy_http_executor *x = route->executor;

	if (!route->handler || route->flags & ~(unsigned)ROUTE_FLAGS || !MUMMY_RESERVED_OK(route))
		return -EINVAL;
	return x && (!x->submit || !MUMMY_RESERVED_OK(x)) ? -EINVAL : 0;
}

/* The entry of a checked route without its pattern's names; NULL: no memory. */
static struct mhttp_entry *new_entry(const char *method, const char *pattern,
				     const struct mummy_http_route *route)
{
	struct mhttp_entry *e = calloc(1, sizeof *e);

	if (!e)
		return NULL;
	e->route = *route;
	if (route->executor) {
		e->executor = *route->executor;
		e->route.executor = &e->executor;
	}
	e->method = method ? strdup(method) : NULL;
	e->method_n = method ? strlen(method) : 0;
	e->pattern = strdup(pattern);
	e->names = malloc(strlen(pattern) + 1);
	if ((method && !e->method) || !e->pattern || !e->names) {
		free_entry(e);
		return NULL;
	}
	return e;
}

/* Hangs e at its place. */
static int insert_entry(mummy_http_router *r, struct mhttp_site *site, struct mhttp_entry *e)
{
	struct mhttp_node *n = grow_pattern(&site->root, e->pattern);
	struct mhttp_entry **last;
	int rc;

	if (!n)
		return -ENOMEM;
	if (mhttp_entry_for(n, (struct mummy_http_span){ e->method, e->method_n }))
		return -EEXIST;
	for (last = &n->entries; *last; last = &(*last)->next)
		;
	*last = e;
	r->twins |= e->slash != MUMMY_HTTP_STRICT;
	rc = renew_allow(n);
	if (rc == 0)
		rc = remember_method(r, e->method);
	if (rc < 0)
		*last = NULL;
	return rc;
}

int mhttp_site_add(mummy_http_router *r, struct mhttp_site *site, const char *method, const char *pattern,
		   const struct mummy_http_route *route, enum mummy_http_slash slash)
{
	struct mhttp_entry *e;
	int rc;

	if ((method && !mhttp_is_method(method)) || check_route(route) < 0)
		return -EINVAL;
	e = new_entry(method, pattern, route);
	if (!e)
		return -ENOMEM;
	e->slash = slash;
	rc = mhttp_check_pattern(pattern, e->names);
	if (rc == 0)
		rc = insert_entry(r, site, e);
	if (rc < 0)
		free_entry(e);
	return rc;
}

int mummy_http_router_add(mummy_http_router *r, const char *method, const char *pattern,
			  const struct mummy_http_route *route)
{
	if (atomic_load(&r->frozen))
		return -EBUSY;
	return mhttp_site_add(r, &r->site, method, pattern, route, r->slash);
}

int mummy_http_router_slash(mummy_http_router *r, enum mummy_http_slash policy)
{
	if (policy != MUMMY_HTTP_STRICT && policy != MUMMY_HTTP_REDIRECT && policy != MUMMY_HTTP_SAME)
		return -EINVAL;
	if (atomic_load(&r->frozen))
		return -EBUSY;
	r->slash = policy;
	return 0;
}

const struct mhttp_entry *mhttp_entry_at(const struct mhttp_site *site, const char *pattern,
					 const char *method)
{
	struct mummy_http_span rest = { pattern + 1, strlen(pattern) - 1 }, s;
	const struct mhttp_node *n = &site->root;
	size_t place;

	for (s = mhttp_next_segment(&rest); s.p && n; s = mhttp_next_segment(&rest)) {
		enum mhttp_segment kind = mhttp_segment_kind(s);

		n = kind == MHTTP_LITERAL ? mhttp_literal_below(n, s, &place)
		    : kind == MHTTP_PARAM ? n->param
					  : n->tail;
	}
	return n ? mhttp_entry_for(n, (struct mummy_http_span){ method, method ? strlen(method) : 0 }) : NULL;
}
