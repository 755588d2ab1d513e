/*
 * wsecho.h - /ws/echo: every message comes back.
 */
#ifndef MUMMY_SERVER_WSECHO_H
#define MUMMY_SERVER_WSECHO_H
#include <mummy/http.h>
#include <mummy/ws.h>

/** executor NULL: answers on the loop. The endpoint is the caller's, to _unref after the server. */
int wsecho_new(mummy_ws_endpoint **out, const struct mummy_ws_executor *executor,
	       const struct mummy_ws_handshake_options *handshake);
int wsecho_routes(mummy_ws_endpoint *ep, mummy_http_router *r);
#endif
