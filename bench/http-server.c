/*
 * http-server - what bench/http.sh measures: /hello inline, /work through a pool of 10 threads, /json 16 KiB
 * that is compressed, and the files of a folder.
 *
 *     http-server PORT FOLDER [CONGESTION-CONTROL]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <mummy/http.h>
#include <mummy/pool.h>

enum { JSON_BYTES = 16384, THREADS = 10 };
static char json[JSON_BYTES + 128];

static void hello(mummy_http_exchange *x, void *ctx)
{
	static const struct mummy_http_header h[] = { MUMMY_HTTP_HEADER("Content-Type", "text/plain") };

	(void)ctx;
	mummy_http_respond(x, 200, h, 1, "Hello, World!", 13);
}

static void send_json(mummy_http_exchange *x, void *ctx)
{
	static const struct mummy_http_header h[] = { MUMMY_HTTP_HEADER("Content-Type", "application/json") };

	(void)ctx;
	mummy_http_respond(x, 200, h, 1, json, JSON_BYTES);
}

static void fill_json(void)
{
	size_t n = 0;

	for (unsigned i = 0; n < JSON_BYTES; i++)
		n += (size_t)snprintf(json + n, sizeof json - n,
				      "{\"id\":%u,\"name\":\"item %u\",\"price\":%u.%02u,\"stock\":%u},\n", i,
				      i * 7919u % 10007u, i * 31u % 997u, i * 17u % 100u, i * 101u % 1009u);
}

int main(int argc, char **argv)
{
	struct mummy_http_listener at = { .port = (uint16_t)(argc > 1 ? atoi(argv[1]) : 0),
					  .congestion = argc > 3 ? argv[3] : NULL };
	struct mummy_pool_options pool_options = { .threads = THREADS };
	struct mummy_http_files files = { .root = argc > 2 ? argv[2] : "." };
	struct mummy_http_route route = { .handler = hello, .flags = MUMMY_HTTP_INLINE };
	struct mummy_http_options opt = { .listeners = &at, .nlisteners = 1 };
	mummy_http_router *router;
	mummy_http_server *server;
	mummy_pool *pool;

	fill_json();
	if (argc == 2 && !strcmp(argv[1], "--json"))
		return fwrite(json, 1, JSON_BYTES, stdout) == JSON_BYTES ? 0 : 1;
	if (mummy_pool_new(&pool, &pool_options) < 0 || mummy_http_router_new(&router) < 0)
		return 1;
	opt.executor.submit = mummy_pool_submit;
	opt.executor.ctx = pool;
	if (mummy_http_router_add(router, "GET", "/hello", &route) < 0)
		return 1;
	route.handler = send_json;
	if (mummy_http_router_add(router, "GET", "/json", &route) < 0)
		return 1;
	route.handler = hello;
	route.flags = 0;
	if (mummy_http_router_add(router, "GET", "/work", &route) < 0
	    || mummy_http_router_files(router, "/", &files) < 0
	    || mummy_http_server_new(&server, router, &opt) < 0)
		return 1;
	mummy_http_server_run(server);
	mummy_http_server_free(server);
	mummy_http_router_unref(router);
	mummy_pool_free(pool);
	return 0;
}
