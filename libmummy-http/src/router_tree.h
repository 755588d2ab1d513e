/*
 * router_tree.h - the tree behind a router: shared by what builds, joins and searches it. Private.
 */
#ifndef MHTTP_ROUTER_TREE_H
#define MHTTP_ROUTER_TREE_H
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include "mummy-common.h"
#include "middle.h"
#include "router.h"

/* A route at a node. The names belong to it and not to the place, so that /{id} and /{user}/mail may meet. */
struct mhttp_entry {
	struct mhttp_entry *next;
	char *method;                        /* NULL: any */
	size_t method_n;
	char *pattern;
	char *names;                         /* the parameters' names, each with its NUL */
	enum mummy_http_slash slash;
	struct mummy_http_route route;
	struct mummy_http_executor executor;
};

struct mhttp_node {
	char *text;                          /* a literal, decoded */
	size_t len;
	struct mhttp_node **literals;        /* sorted */
	size_t nliterals;
	struct mhttp_node *param, *tail;
	struct mhttp_entry *entries;         /* in the order they came */
	char *allow;
};

struct mhttp_literals;

/* The routes of one host, or of all: host NULL. */
struct mhttp_site {
	struct mhttp_site *next;
	char *host;                          /* lower case, without port */
	struct mhttp_node root;
	_Atomic(struct mhttp_literals *) literals;  /* once the router is frozen */
};

struct mhttp_owned {
	struct mhttp_owned *next;
	void (*release)(void *p);
	void *p;
};

struct mummy_http_router {
	atomic_uint refs;
	atomic_int frozen;
	struct mhttp_site site;              /* for any host; others hang behind it */
	enum mummy_http_slash slash;         /* of the routes that are added from now on */
	struct mhttp_owned *owned;
	int twins;                           /* some route is found with a slash more or less */
	char **methods;                      /* named by routes and not standard */
	size_t nmethods;
	struct mhttp_middles middles;
};

/* router_pattern.c */
enum mhttp_segment { MHTTP_BAD, MHTTP_LITERAL, MHTTP_PARAM, MHTTP_TAIL };
/* The octet at s, decoded; *used of the n are it. -1: a bad escape. */
int mhttp_path_octet(const char *s, size_t n, size_t *used);
/* Takes the next segment off *rest, which begins behind a slash; its p is NULL when none is left. */
struct mummy_http_span mhttp_next_segment(struct mummy_http_span *rest);
enum mhttp_segment mhttp_segment_kind(struct mummy_http_span s);
/* Checks a pattern; names has room for its length and gets the names of its parameters. */
int mhttp_check_pattern(const char *pattern, char *names);
int mhttp_is_method(const char *s);
/* Are these literal segments what the raw path begins with? n 0: all paths. */
int mhttp_path_is_below(struct mummy_http_span path, const char *prefix, size_t n);
/* A prefix: "/", or literal segments without a slash at the end; its length, 0 for "/", or -EINVAL. */
int mhttp_check_prefix(const char *prefix, size_t *n);
/* Octets of host[:port] that are the host. */
size_t mhttp_host_length(struct mummy_http_span host);
/* router_mount.c: sends the client to the path with a slash more or less */
extern const struct mummy_http_route mhttp_slash_route;
/* router_literal.c: the node of a path that is literal and spelled without escapes; NULL: ask the tree */
const struct mhttp_node *mhttp_literal_path(const struct mhttp_site *site, struct mummy_http_span path);
void mhttp_literals_free(struct mhttp_literals *t);
/* router.c */
struct mhttp_node *mhttp_literal_below(const struct mhttp_node *n, struct mummy_http_span raw, size_t *place);
/* The entry of that pattern and method, as it is spelled or otherwise; NULL. */
const struct mhttp_entry *mhttp_entry_at(const struct mhttp_site *site, const char *pattern,
					 const char *method);
int mhttp_site_add(mummy_http_router *r, struct mhttp_site *site, const char *method, const char *pattern,
		const struct mummy_http_route *route, enum mummy_http_slash slash);
/* Methods are short. */
static inline int mhttp_octets_are(const char *a, const char *b, size_t n)
{
	size_t i = 0;

	while (i < n && a[i] == b[i])
		i++;
	return i == n;
}

/* The entry for a method, p NULL: for any; NULL. */
static inline const struct mhttp_entry *mhttp_entry_for(const struct mhttp_node *n,
							struct mummy_http_span method)
{
	const struct mhttp_entry *e = n->entries;

	if (!method.p) {
		while (e && e->method)
			e = e->next;
		return e;
	}
	while (e && (e->method_n != method.n || !mhttp_octets_are(e->method, method.p, method.n)))
		e = e->next;
	return e;
}

static inline int mhttp_span_is(struct mummy_http_span s, const char *text)
{
	return s.n == strlen(text) && memcmp(s.p, text, s.n) == 0;
}
#endif
