/*
 * ws_server - what bench/ws.sh measures of ours: one loop, events inline.
 *
 * usage: ws_server        prints its port; /echo sends back, /deflate too and compresses, /publish sends to all
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <mummy/adapters/ws-http.h>

static mummy_ws_hub *hub;

/* So that what counts instructions says how many. */
static void leave(int signal)
{
	(void)signal;
	_Exit(0);
}

static void must(int rc, const char *what)
{
	if (rc >= 0)
		return;
	fprintf(stderr, "ws_server: %s: %d\n", what, rc);
	exit(1);
}

static void echo(mummy_ws_conn *c, void *user, enum mummy_ws_opcode op, const void *p, size_t n)
{
	(void)user;
	mummy_ws_send(c, op, p, n);
}

static void join(mummy_ws_conn *c, void *user)
{
	(void)user;
	mummy_ws_subscribe(c, "t", 1);
}

static void publish(mummy_ws_conn *c, void *user, enum mummy_ws_opcode op, const void *p, size_t n)
{
	(void)c, (void)user;
	mummy_ws_publish(hub, "t", 1, op, p, n);
}

static void add(mummy_http_router *r, const char *path, const struct mummy_ws_events *ev, unsigned deflate)
{
	struct mummy_ws_options opt = { .hub = hub, .handshake.deflate = deflate };
	struct mummy_http_route route = { .handler = mummy_ws_http_handler, .flags = MUMMY_HTTP_INLINE };
	mummy_ws_endpoint *ep;

	must(mummy_ws_http_endpoint_new(&ep, ev, &opt), path);
	route.ctx = ep;
	must(mummy_http_router_add(r, "GET", path, &route), path);
}

int main(void)
{
	const struct mummy_ws_events echoes = { .message = echo }, publishes = { .open = join, .message = publish };
	struct mummy_http_listener at = { .port = 0 };
	struct mummy_http_options opt = { .listeners = &at, .nlisteners = 1, .loops = 1 };
	struct rlimit limit;
	mummy_http_server *s;
	mummy_http_router *r;

	signal(SIGTERM, leave);
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	must(mummy_ws_hub_new(&hub, NULL), "hub");
	must(mummy_http_router_new(&r), "router");
	add(r, "/echo", &echoes, 0);
	add(r, "/deflate", &echoes, MUMMY_WS_DEFLATE);
	add(r, "/takeover", &echoes, MUMMY_WS_DEFLATE | MUMMY_WS_DEFLATE_DEDICATED_OUT | MUMMY_WS_DEFLATE_DEDICATED_IN);
	add(r, "/publish", &publishes, 0);
	must(mummy_http_server_new(&s, r, &opt), "server");
	printf("%d\n", mummy_http_server_port(s, 0));
	fflush(stdout);
	must(mummy_http_server_run(s), "run");
	return 0;
}
