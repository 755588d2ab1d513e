/*
 * wsecho.c - /ws/echo: every message comes back.
 */
#include <config.h>
#include <mummy/adapters/ws-http.h>
#include "wsecho.h"

static void message(mummy_ws_conn *c, void *user, enum mummy_ws_opcode op, const void *data, size_t len)
{
	(void)user;
	mummy_ws_send(c, op, data, len);
}

int wsecho_new(mummy_ws_endpoint **out, const struct mummy_ws_executor *executor,
	       const struct mummy_ws_handshake_options *handshake)
{
	const struct mummy_ws_events events = { .message = message };
	/* a client that sends and does not read is cut off */
	struct mummy_ws_options opt = { .handshake = *handshake, .overflow = MUMMY_WS_DISCONNECT };

	if (executor)
		opt.executor = *executor;
	return mummy_ws_http_endpoint_new(out, &events, &opt);
}

int wsecho_routes(mummy_ws_endpoint *ep, mummy_http_router *r)
{
	const struct mummy_http_route route = { .handler = mummy_ws_http_handler, .ctx = ep,
		.flags = MUMMY_HTTP_INLINE };

	return mummy_http_router_add(r, "GET", "/ws/echo", &route);
}
