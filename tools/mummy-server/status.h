/*
 * status.h - /_mummy/stats: the server's figures as JSON.
 */
#ifndef MUMMY_SERVER_STATUS_H
#define MUMMY_SERVER_STATUS_H
#include <mummy/http.h>
#include <mummy/pool.h>
#include <mummy/upload.h>
#include <mummy/ws.h>
#include "chat.h"

/** Where the figures come from; borrowed, for as long as the server. */
struct status {
	const mummy_http_server *server;   /**< set before it runs */
	const mummy_pool *pool;
	const mummy_upload *uploads;
	struct chat *chat;
	const mummy_ws_endpoint *echo;     /**< NULL: /ws/echo is off */
	const char *model;                 /**< as in --model */
	uint64_t started_ms;               /**< monotonic */
};

int status_routes(struct status *s, mummy_http_router *r);
#endif
