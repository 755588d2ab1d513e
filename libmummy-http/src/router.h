/*
 * router.h - finds the route of a request (the inside of mummy_http_router_*).
 *
 * A tree with a level per path segment: below a node hang its literals, sorted, one parameter and one tail.
 * The search tries them in this order and goes back when it gets stuck, so the order of registration says
 * nothing; it visits each node at most once and allocates nothing. The most specific pattern that fits the
 * path decides; only then the method is looked at.
 */
#ifndef MHTTP_ROUTER_H
#define MHTTP_ROUTER_H
#include <mummy/http-parser.h>
#include <mummy/http.h>

enum { MHTTP_MAX_SEGMENTS = 32, MHTTP_MAX_PARAMS = 16 };

struct mhttp_match {
	const struct mummy_http_route *route;  /* the router's copy, with status 0; else NULL */
	/* 0 found; 404; 405; 204: an OPTIONS request that the router answers. */
	int status;
	const char *allow;                   /* for 204 and 405: the Allow value, the router's; else NULL */
	unsigned nparams;
	/* The name is the router's, the value raw and borrowed from the path. A tail's name is "*". */
	struct mhttp_match_param {
		const char *name;
		struct mummy_http_span value;
	} params[MHTTP_MAX_PARAMS];
};

/* Keeps p, which a route's ctx may be, as long as the router; then release(p). -ENOMEM: not kept. */
int mhttp_router_own(mummy_http_router *r, void (*release)(void *p), void *p);
/* Slashes in front of what a route's tail stands for; route is the router's, or all. */
unsigned mhttp_route_segments(const struct mummy_http_route *route);
/* From now on routes cannot be added, and any thread may search. */
void mhttp_router_freeze(mummy_http_router *r);
/* Finds paths without parameters sooner from now on; r is frozen. 0 or -ENOMEM. */
int mhttp_router_index(mummy_http_router *r);
/* path is raw and without the query; empty is the same as "/" (an absolute-form without a path). */
void mhttp_router_find(const mummy_http_router *r, struct mummy_http_span method,
		struct mummy_http_span path, struct mhttp_match *out);
/* The same for a host (with or without port; p NULL: none is named), whose own routes go first. */
void mhttp_router_find_at(const mummy_http_router *r, struct mummy_http_span host,
			  struct mummy_http_span method, struct mummy_http_span path,
			  struct mhttp_match *out);
/* 1 when the method is a standard one (RFC 9110 section 9, RFC 5789) or some route names it: where find
 * says 405 and this 0, the answer is 501. */
int mhttp_router_knows_method(const mummy_http_router *r, struct mummy_http_span method);
#endif
