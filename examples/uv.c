/* uv [PORT] - a program on libuv's loop that also serves WebSocket: on one descriptor, without a thread more. Who
 * connects to /ws gets the time each second, from a timer of libuv's, and back what it sends. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>
#include <mummy/adapters/ws-http.h>

static mummy_ws_hub *hub;
static mummy_http_server *server;
static uv_prepare_t before;     /* runs before libuv waits */
static uv_poll_t readable;      /* the server's descriptor */
static uv_timer_t due, second;  /* due: when the server wants to run though nothing came */

static void step(void)
{
	if (mummy_http_server_step(server, 0) <= 0)
		uv_stop(uv_default_loop());
}

static void on_readable(uv_poll_t *p, int status, int events) { (void)p, (void)status, (void)events, step(); }
static void on_due(uv_timer_t *t) { (void)t, step(); }
static void on_prepare(uv_prepare_t *p)
{
	int ms = mummy_http_server_timeout(server);

	(void)p;
	if (ms >= 0)
		uv_timer_start(&due, on_due, (uint64_t)ms, 0);
	else
		uv_timer_stop(&due);
}

static void on_second(uv_timer_t *t)
{
	char text[32];
	int n = snprintf(text, sizeof text, "%llu ms", (unsigned long long)uv_now(t->loop));

	mummy_ws_publish(hub, "time", 4, MUMMY_WS_TEXT, text, (size_t)n);
}

static void opened(mummy_ws_conn *c, void *user) { (void)user, mummy_ws_subscribe(c, "time", 4); }
static void message(mummy_ws_conn *c, void *user, enum mummy_ws_opcode op, const void *data, size_t len)
{
	(void)user;
	mummy_ws_send(c, op, data, len);
}

int main(int argc, char **argv)
{
	struct mummy_http_listener at = { .port = (uint16_t)(argc > 1 ? atoi(argv[1]) : 8080) };
	struct mummy_http_options opt = { .listeners = &at, .nlisteners = 1 };
	struct mummy_ws_events events = { .open = opened, .message = message };
	struct mummy_ws_options ws = { 0 };
	struct mummy_http_route route = { .handler = mummy_ws_http_handler };
	mummy_ws_endpoint *endpoint;
	mummy_http_router *router;
	uv_loop_t *loop = uv_default_loop();

	if (mummy_ws_hub_new(&hub, NULL) < 0
	    || (ws.hub = hub, mummy_ws_http_endpoint_new(&endpoint, &events, &ws)) < 0
	    || (route.ctx = endpoint, mummy_http_router_new(&router)) < 0
	    || mummy_http_router_add(router, "GET", "/ws", &route) < 0
	    || mummy_http_server_new(&server, router, &opt) < 0)
		return fputs("uv: cannot start\n", stderr), 1;
	printf("ws://127.0.0.1:%u/ws\n", (unsigned)mummy_http_server_port(server, 0));
	fflush(stdout);
	uv_poll_init(loop, &readable, mummy_http_server_fd(server));
	uv_poll_start(&readable, UV_READABLE, on_readable);
	uv_timer_init(loop, &due);
	uv_prepare_init(loop, &before);
	uv_prepare_start(&before, on_prepare);
	uv_timer_init(loop, &second);
	uv_timer_start(&second, on_second, 1000, 1000);
	return uv_run(loop, UV_RUN_DEFAULT);
}
