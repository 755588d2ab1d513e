#include <config.h>
#include "router.h"
#include "mummy-common.h"
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { ROUTE_FLAGS = MUMMY_HTTP_STREAM | MUMMY_HTTP_INLINE | MUMMY_HTTP_IDENTITY };

/* A route at a node. The names belong to it and not to the place, so that /{id} and /{user}/mail may meet. */
struct entry {
	struct entry *next;
	char *method;                        /* NULL: any */
	char *names;                         /* the parameters' names, each with its NUL */
	struct mummy_http_route route;
	struct mummy_http_executor executor;
};

struct node {
	char *text;                          /* a literal, decoded */
	size_t len;
	struct node **literals;              /* sorted */
	size_t nliterals;
	struct node *param, *tail;
	struct entry *entries;               /* in the order they came */
	char *allow;
};

struct owned {
	struct owned *next;
	void (*release)(void *p);
	void *p;
};

struct mummy_http_router {
	atomic_uint refs;
	atomic_int frozen;
	struct node root;
	struct owned *owned;
	char **methods;                      /* named by routes and not standard */
	size_t nmethods;
};

/* ---- Characters ------------------------------------------------------------------------------- */

static int is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static int is_token(const char *s)
{
	if (!*s)
		return 0;
	for (; *s; s++)
		if (!is_alnum(*s) && !strchr("!#$%&'*+-.^_`|~", *s))
			return 0;
	return 1;
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The octet at s, decoded; *used of the n are it. -1: a bad escape. */
static int octet(const char *s, size_t n, size_t *used)
{
	int high, low;

	*used = 1;
	if (*s != '%')
		return (unsigned char)*s;
	if (n < 3 || (high = hex(s[1])) < 0 || (low = hex(s[2])) < 0)
		return -1;
	*used = 3;
	return high * 16 + low;
}

static int span_is(struct mummy_http_span s, const char *text)
{
	return s.n == strlen(text) && memcmp(s.p, text, s.n) == 0;
}

/* ---- The tree --------------------------------------------------------------------------------- */

/* Orders a raw segment against a decoded literal, octet by octet. A bad escape is after everything. */
static int compare(struct mummy_http_span raw, const struct node *literal)
{
	size_t at = 0, used;

	for (size_t i = 0; i < raw.n; i += used, at++) {
		int c = octet(raw.p + i, raw.n - i, &used), have;

		if (c < 0 || at == literal->len)
			return 1;
		have = (unsigned char)literal->text[at];
		if (c != have)
			return c - have;
	}
	return at < literal->len ? -1 : 0;
}

/* The literal below n, or NULL; *place is where it is or belongs. */
static struct node *literal_below(const struct node *n, struct mummy_http_span raw, size_t *place)
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

static struct node *new_literal(struct mummy_http_span raw)
{
	struct node *n = calloc(1, sizeof *n);
	size_t used;

	if (!n)
		return NULL;
	n->text = malloc(raw.n + 1);
	if (!n->text) {
		free(n);
		return NULL;
	}
	for (size_t i = 0; i < raw.n; i += used)
		n->text[n->len++] = (char)octet(raw.p + i, raw.n - i, &used);
	return n;
}

static struct node *grow_literal(struct node *n, struct mummy_http_span raw)
{
	size_t place;
	struct node *child = literal_below(n, raw, &place), **literals;

	if (child)
		return child;
	literals = realloc(n->literals, (n->nliterals + 1) * sizeof(struct node *));
	if (!literals)
		return NULL;
	n->literals = literals;
	child = new_literal(raw);
	if (!child)
		return NULL;
	memmove(literals + place + 1, literals + place, (n->nliterals++ - place) * sizeof(struct node *));
	literals[place] = child;
	return child;
}

static void free_entry(struct entry *e)
{
	free(e->method);
	free(e->names);
	free(e);
}

static void free_entries(struct node *n)
{
	struct entry *next;

	for (struct entry *e = n->entries; e; e = next) {
		next = e->next;
		free_entry(e);
	}
}

/* Below n; no deeper than MHTTP_MAX_SEGMENTS. */
static void free_parts(struct node *n)
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

/* ---- Patterns --------------------------------------------------------------------------------- */

/* Takes the next segment off *rest, which begins behind a slash; its p is NULL when none is left. */
static struct mummy_http_span next_segment(struct mummy_http_span *rest)
{
	struct mummy_http_span s = *rest;
	const char *slash = s.n ? memchr(s.p, '/', s.n) : NULL;

	if (slash) {
		s.n = (size_t)(slash - s.p);
		rest->p = slash + 1;
		rest->n -= s.n + 1;
	} else {
		*rest = (struct mummy_http_span){ NULL, 0 };
	}
	return s;
}

enum kind { BAD, LITERAL, PARAM, TAIL };

static enum kind kind_of(struct mummy_http_span s)
{
	size_t used;

	if (span_is(s, "*"))
		return TAIL;
	if (s.n >= 3 && s.p[0] == '{' && s.p[s.n - 1] == '}') {
		for (size_t i = 1; i < s.n - 1; i++)
			if (!is_alnum(s.p[i]) && s.p[i] != '_' && s.p[i] != '-')
				return BAD;
		return PARAM;
	}
	for (size_t i = 0; i < s.n; i += used)
		if (octet(s.p + i, s.n - i, &used) < 0 || (unsigned char)s.p[i] <= ' ' || s.p[i] == 0x7f ||
		    strchr("*{}?#", s.p[i]))
			return BAD;
	return LITERAL;
}

/* Appends a name with its NUL to names at *len, unless it is there. */
static int add_name(char *names, size_t *len, const char *name, size_t n)
{
	for (size_t i = 0; i < *len; i += strlen(names + i) + 1)
		if (strlen(names + i) == n && memcmp(names + i, name, n) == 0)
			return -EINVAL;
	memcpy(names + *len, name, n);
	names[*len + n] = '\0';
	*len += n + 1;
	return 0;
}

/* Checks a pattern; names has room for its length and gets the names of its parameters. */
static int check_pattern(const char *pattern, char *names)
{
	struct mummy_http_span rest = { pattern + 1, strlen(pattern) - (*pattern == '/') }, s;
	size_t segments = 0, params = 0, len = 0;
	int rc = 0;

	if (*pattern != '/')
		return -EINVAL;
	for (s = next_segment(&rest); s.p && rc == 0; s = next_segment(&rest)) {
		enum kind kind = kind_of(s);

		if (kind == BAD || ++segments > MHTTP_MAX_SEGMENTS || (kind == TAIL && rest.p))
			return -EINVAL;
		if (kind != LITERAL && ++params > MHTTP_MAX_PARAMS)
			return -EINVAL;
		if (kind == PARAM)
			rc = add_name(names, &len, s.p + 1, s.n - 2);
		else if (kind == TAIL)
			rc = add_name(names, &len, "*", 1);
	}
	return rc;
}

/* The node of a checked pattern, made where it is not there; NULL: no memory. */
static struct node *grow_pattern(struct node *n, const char *pattern)
{
	struct mummy_http_span rest = { pattern + 1, strlen(pattern) - 1 }, s;

	for (s = next_segment(&rest); s.p && n; s = next_segment(&rest)) {
		enum kind kind = kind_of(s);
		struct node **place = kind == PARAM ? &n->param : &n->tail;

		if (kind == LITERAL) {
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
		if (span_is(method, standard[i]))
			return 1;
	return 0;
}

int mhttp_router_knows_method(const mummy_http_router *r, struct mummy_http_span method)
{
	if (is_standard(method))
		return 1;
	for (size_t i = 0; i < r->nmethods; i++)
		if (span_is(method, r->methods[i]))
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

static const struct entry *entry_for(const struct node *n, struct mummy_http_span method)
{
	for (const struct entry *e = n->entries; e; e = e->next)
		if (method.p ? e->method && span_is(method, e->method) : !e->method)
			return e;
	return NULL;
}

static int has_method(const struct node *n, const char *method)
{
	return entry_for(n, (struct mummy_http_span){ method, strlen(method) }) != NULL;
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
static size_t write_allow(const struct node *n, char *out)
{
	size_t at = 0;

	for (const struct entry *e = n->entries; e; e = e->next)
		if (e->method)
			at = put_method(out, at, e->method);
	if (has_method(n, "GET") && !has_method(n, "HEAD"))
		at = put_method(out, at, "HEAD");
	return has_method(n, "OPTIONS") ? at : put_method(out, at, "OPTIONS");
}

static int renew_allow(struct node *n)
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
	free_parts(&r->root);
	for (struct owned *o = r->owned, *next; o; o = next) {
		next = o->next;
		o->release(o->p);
		free(o);
	}
	for (size_t i = 0; i < r->nmethods; i++)
		free(r->methods[i]);
	free(r->methods);
	free(r);
}

int mhttp_router_own(mummy_http_router *r, void (*release)(void *p), void *p)
{
	struct owned *o = malloc(sizeof *o);

	if (!o)
		return -ENOMEM;
	o->release = release;
	o->p = p;
	o->next = r->owned;
	r->owned = o;
	return 0;
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

/* The entry of a checked route; names is taken when that works. */
static struct entry *new_entry(const char *method, char *names, const struct mummy_http_route *route)
{
	struct entry *e = calloc(1, sizeof *e);

	if (!e)
		return NULL;
	e->route = *route;
	if (route->executor) {
		e->executor = *route->executor;
		e->route.executor = &e->executor;
	}
	if (method) {
		e->method = strdup(method);
		if (!e->method) {
			free(e);
			return NULL;
		}
	}
	e->names = names;
	return e;
}

/* Hangs e at its place, or frees it. */
static int insert_entry(mummy_http_router *r, const char *pattern, struct entry *e)
{
	struct node *n = grow_pattern(&r->root, pattern);
	struct entry **last;
	int rc = -ENOMEM;

	if (n && entry_for(n, (struct mummy_http_span){ e->method, e->method ? strlen(e->method) : 0 })) {
		rc = -EEXIST;
	} else if (n) {
		for (last = &n->entries; *last; last = &(*last)->next)
			;
		*last = e;
		rc = renew_allow(n);
		if (rc == 0)
			rc = remember_method(r, e->method);
		if (rc < 0)
			*last = NULL;
	}
	if (rc < 0)
		free_entry(e);
	return rc;
}

int mummy_http_router_add(mummy_http_router *r, const char *method, const char *pattern,
			  const struct mummy_http_route *route)
{
	struct entry *e;
	char *names;
	int rc;

	if (atomic_load(&r->frozen))
		return -EBUSY;
	if ((method && !is_token(method)) || check_route(route) < 0)
		return -EINVAL;
	names = malloc(strlen(pattern) + 1);
	if (!names)
		return -ENOMEM;
	rc = check_pattern(pattern, names);
	e = rc == 0 ? new_entry(method, names, route) : NULL;
	if (!e) {
		free(names);
		return rc < 0 ? rc : -ENOMEM;
	}
	return insert_entry(r, pattern, e);
}

/* ---- The search ------------------------------------------------------------------------------- */

/* The node below n that fits rest, which begins behind a slash. It goes back from where it gets stuck, so
 * the values noted by then are dropped. */
static const struct node *descend(const struct node *n, struct mummy_http_span rest, struct mhttp_match *m)
{
	struct mummy_http_span behind = rest, s = next_segment(&behind);
	const struct node *child, *found = NULL;
	unsigned nparams = m->nparams;
	size_t place;

	if (!s.p)
		return n->entries ? n : NULL;
	child = literal_below(n, s, &place);
	if (child)
		found = descend(child, behind, m);
	if (!found && n->param && s.n) {
		m->params[m->nparams++].value = s;
		found = descend(n->param, behind, m);
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
static const struct entry *choose(const struct node *n, struct mummy_http_span method)
{
	const struct entry *e = entry_for(n, method);

	if (!e && span_is(method, "HEAD"))
		e = entry_for(n, (struct mummy_http_span){ "GET", 3 });
	return e ? e : entry_for(n, (struct mummy_http_span){ NULL, 0 });
}

static void take_entry(struct mhttp_match *m, const struct entry *e)
{
	const char *name = e->names;

	m->route = &e->route;
	m->status = 0;
	for (unsigned i = 0; i < m->nparams; i++, name += strlen(name) + 1)
		m->params[i].name = name;
}

void mhttp_router_find(const mummy_http_router *r, struct mummy_http_span method, struct mummy_http_span path,
		       struct mhttp_match *out)
{
	const struct node *n;
	const struct entry *e;

	out->route = NULL;
	out->allow = NULL;
	out->status = 404;
	out->nparams = 0;
	if (path.n == 0)
		path = (struct mummy_http_span){ "/", 1 };
	if (*path.p != '/') {
		/* the server as a whole is asked (RFC 9110 section 9.3.7): it is there */
		if (path.n == 1 && *path.p == '*' && span_is(method, "OPTIONS"))
			out->status = 204;
		return;
	}
	n = descend(&r->root, (struct mummy_http_span){ path.p + 1, path.n - 1 }, out);
	if (!n)
		return;
	e = choose(n, method);
	if (e) {
		take_entry(out, e);
		return;
	}
	out->nparams = 0;
	out->allow = n->allow;
	out->status = span_is(method, "OPTIONS") ? 204 : 405;
}
