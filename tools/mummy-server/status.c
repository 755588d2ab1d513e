/*
 * status.c - /_mummy/stats: the server's figures as JSON, one object for each library.
 */
#include <config.h>
#include <string.h>
#include "json.h"
#include "mummy-common.h"
#include "say.h"
#include "status.h"

static void begin(struct json *j, const char *name)
{
	json_key(j, name);
	json_raw(j, "{");
}

static void write_http(struct json *j, const struct status *s)
{
	static const char *const classes[] = { NULL, "1xx", "2xx", "3xx", "4xx", "5xx" };
	struct mummy_http_stats h;

	mummy_http_stats_get(s->server, &h);
	begin(j, "http");
	json_member_number(j, "connections", h.connections);
	json_member_number(j, "exchanges", h.exchanges);
	json_member_number(j, "streams", h.streams);
	json_member_number(j, "buffered_bytes", h.buffered_bytes);
	json_member_number(j, "accepted", h.accepted);
	json_member_number(j, "refused", h.refused);
	json_member_number(j, "requests", h.requests);
	json_member_number(j, "timeouts", h.timeouts);
	json_member_number(j, "bytes_in", h.bytes_in);
	json_member_number(j, "bytes_out", h.bytes_out);
	begin(j, "answers");
	for (size_t i = 1; i < sizeof classes / sizeof classes[0]; i++)
		json_member_number(j, classes[i], h.answers[i]);
	json_raw(j, "}}");
}

static void write_pool(struct json *j, const struct status *s)
{
	struct mummy_pool_stats p;

	mummy_pool_stats_get(s->pool, &p);
	begin(j, "pool");
	json_member_string(j, "model", s->model, strlen(s->model));
	json_member_number(j, "threads", p.threads);
	json_member_number(j, "queued", p.queued);
	json_member_number(j, "running", p.running);
	json_member_number(j, "parked", p.parked);
	json_member_number(j, "submitted", p.submitted);
	json_member_number(j, "completed", p.completed);
	json_member_number(j, "refused", p.refused);
	json_raw(j, "}");
}

static void write_ws(struct json *j, const struct status *s)
{
	struct mummy_ws_stats chat, echo;

	memset(&echo, 0, sizeof echo);
	chat_stats(s->chat, &chat);
	if (s->echo)
		mummy_ws_stats_get(s->echo, &echo);
	begin(j, "ws");
	json_member_number(j, "connections", chat.connections + echo.connections);
	json_member_number(j, "chatting", chat.connections);
	json_member_number(j, "opened", chat.opened + echo.opened);
	json_member_number(j, "messages_in", chat.messages_in + echo.messages_in);
	json_member_number(j, "messages_out", chat.messages_out + echo.messages_out);
	json_member_number(j, "bytes_in", chat.bytes_in + echo.bytes_in);
	json_member_number(j, "bytes_out", chat.bytes_out + echo.bytes_out);
	json_member_number(j, "dropped", chat.dropped + echo.dropped);
	json_raw(j, "}");
}

static void write_uploads(struct json *j, const struct status *s)
{
	struct mummy_upload_stats u;

	mummy_upload_stats_get(s->uploads, &u);
	begin(j, "uploads");
	json_member_number(j, "open", u.open);
	json_member_number(j, "writing", u.writing);
	json_member_number(j, "quarantined", u.quarantined);
	json_member_number(j, "created", u.created);
	json_member_number(j, "finished", u.finished);
	json_member_number(j, "terminated", u.terminated);
	json_member_number(j, "expired", u.expired);
	json_member_number(j, "refused", u.refused);
	json_member_number(j, "bytes", u.bytes);
	json_member_number(j, "takeovers", u.takeovers);
	json_raw(j, "}");
}

static void stats(mummy_http_exchange *x, void *ctx)
{
	static const struct mummy_http_header h[] = { MUMMY_HTTP_HEADER("Content-Type", "application/json"),
		MUMMY_HTTP_HEADER("Cache-Control", "no-store") };
	const struct status *s = ctx;
	struct json j = { 0 };

	json_raw(&j, "{");
	json_member_string(&j, "version", PACKAGE_VERSION, strlen(PACKAGE_VERSION));
	json_member_number(&j, "uptime_ms", mummy_now_ms() - s->started_ms);
	write_http(&j, s);
	write_pool(&j, s);
	write_ws(&j, s);
	write_uploads(&j, s);
	json_raw(&j, "}\n");
	if (j.failed)
		say_text(x, 503, "out of memory\n");
	else
		mummy_http_respond(x, 200, h, 2, j.text, j.len);
	json_free(&j);
}

int status_routes(struct status *s, mummy_http_router *r)
{
	const struct mummy_http_route route = { .handler = stats, .ctx = s, .flags = MUMMY_HTTP_INLINE };

	return mummy_http_router_add(r, "GET", "/_mummy/stats", &route);
}
