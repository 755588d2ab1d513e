/*
 * wspolicy.c - what the command line says about WebSockets: who may connect, and compression.
 */
#include <config.h>
#include <errno.h>
#include <string.h>
#include <strings.h>
#include "wspolicy.h"

/* One that the command line names; what is not sent, or is the server's own, does not come here. */
static int is_listed(void *ctx, const char *origin, size_t n)
{
	const struct options *o = ctx;

	for (size_t i = 0; origin && i < o->norigins; i++)
		if (strlen(o->origin[i]) == n && strncasecmp(o->origin[i], origin, n) == 0)
			return 0;
	return -EACCES;
}

void wspolicy_set(struct mummy_ws_handshake_options *to, const struct options *o)
{
	static const unsigned deflate[] = { MUMMY_WS_DEFLATE, 0,
		MUMMY_WS_DEFLATE | MUMMY_WS_DEFLATE_DEDICATED_OUT | MUMMY_WS_DEFLATE_DEDICATED_IN };

	to->deflate = deflate[o->ws_deflate];
	if (o->any_origin)
		return;
	to->same_origin = 1;
	to->origin = is_listed;
	to->ctx = (void *)(uintptr_t)o;
}
