/* redis [PORT [SOCKET]] - counters in a Redis server, by hiredis: POST /NAME counts one more (INCR), GET
 * /NAME says how many (GET). The handler blocks until the server answers, on a worker thread. SOCKET:
 * where it listens, by default port 6379 of this machine. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <hiredis/hiredis.h>
#include <mummy/http.h>
#include <mummy/pool.h>

#define IDLE 10

/* A connection is for one thread at a time; those that nobody uses are kept. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static redisContext *idle[IDLE];
static int nidle;
static const char *path;

static redisContext *take(void)
{
	const struct timeval patience = { .tv_sec = 5 };
	redisContext *c = NULL;

	pthread_mutex_lock(&lock);
	if (nidle > 0)
		c = idle[--nidle];
	pthread_mutex_unlock(&lock);
	if (c)
		return c;
	c = path ? redisConnectUnixWithTimeout(path, patience)
		: redisConnectWithTimeout("127.0.0.1", 6379, patience);
	if (c && !c->err)
		redisSetTimeout(c, patience);
	return c;
}

static void give_back(redisContext *c)
{
	pthread_mutex_lock(&lock);
	if (c && !c->err && nidle < IDLE) {
		idle[nidle++] = c;
		c = NULL;
	}
	pthread_mutex_unlock(&lock);
	redisFree(c);
}

static void count(mummy_http_exchange *x, void *command)
{
	redisContext *c = take();
	redisReply *r = NULL;
	char text[32];
	size_t n;
	const char *name = mummy_http_param(x, "name", &n);

	if (c && !c->err)
		r = redisCommand(c, "%s %b", (const char *)command, name, n);
	if (!r) {
		mummy_http_respond_text(x, 502, "The Redis server does not answer.\n");
	} else if (r->type == REDIS_REPLY_NIL) {
		mummy_http_respond_text(x, 404, "Nobody has counted that.\n");
	} else if (r->type == REDIS_REPLY_ERROR) {
		mummy_http_respond_text(x, 409, "That is no counter.\n");
	} else {
		snprintf(text, sizeof text, "%lld\n", r->str ? strtoll(r->str, NULL, 10) : r->integer);
		mummy_http_respond_text(x, 200, text);
	}
	freeReplyObject(r);
	give_back(c);
}

int main(int argc, char **argv)
{
	struct mummy_http_listener at = { .port = (uint16_t)(argc > 1 ? atoi(argv[1]) : 8080) };
	struct mummy_http_options opt = { .listeners = &at, .nlisteners = 1 };
	struct mummy_http_route get = { .handler = count, .ctx = "GET" };
	struct mummy_http_route post = { .handler = count, .ctx = "INCR" };
	mummy_http_router *router;
	mummy_http_server *server;
	mummy_pool *pool;

	path = argc > 2 ? argv[2] : NULL;
	opt.executor.submit = mummy_pool_submit;
	if (mummy_pool_new(&pool, NULL) < 0 || mummy_http_router_new(&router) < 0
	    || mummy_http_router_add(router, "GET", "/{name}", &get) < 0
	    || mummy_http_router_add(router, "POST", "/{name}", &post) < 0
	    || (opt.executor.ctx = pool, mummy_http_server_new(&server, router, &opt)) < 0)
		return fputs("redis: cannot start\n", stderr), 1;
	printf("http://127.0.0.1:%u/\n", (unsigned)mummy_http_server_port(server, 0));
	fflush(stdout);
	return mummy_http_server_run(server) < 0;
}
