/*
 * middle.h - the chain of middleware around handlers. Private.
 *
 * A router has one list, in the order of use. Which of them a request meets is decided by its host and
 * path each time it is asked, so an exchange keeps nothing but how many let it pass.
 */
#ifndef MHTTP_MIDDLE_H
#define MHTTP_MIDDLE_H
#include <mummy/http-parser.h>
#include <mummy/http.h>

struct mhttp_middle {
	char *host;                          /* NULL: any */
	char *prefix;
	size_t prefix_n;                     /* 0: every path */
	int everything;                      /* malformed heads too */
	struct mummy_http_middleware m;
};
struct mhttp_middles { struct mhttp_middle *all; size_t n; };

void mhttp_middles_free(struct mhttp_middles *list);
/* Those of a router that is mounted, below its prefix; host NULL: any. 0 or -ENOMEM. */
int mhttp_middles_mount(struct mhttp_middles *list, const char *host, const char *prefix, size_t prefix_n,
		const struct mhttp_middles *sub);
/* As mummy_http_router_use; m->ctx is taken: release(ctx) at the router's end, or now when this fails. */
int mhttp_router_use_owned(mummy_http_router *r, const char *prefix, const struct mummy_http_middleware *m,
		void (*release)(void *ctx));
int mhttp_middles_any(const mummy_http_router *r);
/* Runs what comes before the handler, then that. */
void mhttp_handle(mummy_http_exchange *x);
/* The same for a request that has none and is refused, on the loop: 1 it is answered, or held. */
int mhttp_before_refusal(mummy_http_exchange *x);
/* 1: one of those that x meets may. */
int mhttp_before_blocks(const mummy_http_exchange *x);
/* At the end of an exchange. */
void mhttp_after(mummy_http_exchange *x);
#endif
