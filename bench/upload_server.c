/*
 * upload_server - what bench/upload.sh measures: libmummy-upload in a folder, over libmummy-http and a pool,
 * and nothing else.
 *
 * usage: upload_server PORT-FILE FOLDER none|finish|ack
 */
#include <stdio.h>
#include <string.h>
#include <mummy/adapters/upload-http.h>
#include <mummy/pool.h>

static mummy_upload *open_engine(const char *folder, const char *sync)
{
	const struct mummy_upload_dir_options dir = { .sync = !strcmp(sync, "ack") ? MUMMY_UPLOAD_SYNC_ACK
		: !strcmp(sync, "finish") ? MUMMY_UPLOAD_SYNC_FINISH : MUMMY_UPLOAD_SYNC_NONE };
	struct mummy_upload_store store;
	mummy_upload *u;

	if (mummy_upload_dir_store(&store, folder, &dir) < 0 || mummy_upload_new(&u, &store, NULL) < 0)
		return NULL;
	return u;
}

static int tell_port(const mummy_http_server *server, const char *file)
{
	FILE *f = fopen(file, "w");

	if (!f)
		return -1;
	fprintf(f, "%d\n", mummy_http_server_port(server, 0));
	return fclose(f);
}

int main(int argc, char **argv)
{
	struct mummy_http_listener at = { .port = 0 };
	struct mummy_pool_options pool_options = { .threads = 16, .nice = 5 };
	struct mummy_http_route route = { .handler = mummy_upload_http_handler, .flags = MUMMY_HTTP_STREAM,
		.max_body_bytes = MUMMY_HTTP_UNKNOWN };
	struct mummy_http_options opt = { .listeners = &at, .nlisteners = 1 };
	mummy_http_router *router;
	mummy_http_server *server;
	mummy_upload *u = argc > 3 ? open_engine(argv[2], argv[3]) : NULL;
	mummy_pool *pool;

	route.ctx = u;
	route.quick = mummy_upload_http_quick;
	if (!u || mummy_pool_new(&pool, &pool_options) < 0 || mummy_http_router_new(&router) < 0)
		return 1;
	opt.executor.submit = mummy_pool_submit;
	opt.executor.ctx = pool;
	if (mummy_http_router_add(router, NULL, "/files/" "*", &route) < 0
	    || mummy_http_server_new(&server, router, &opt) < 0 || tell_port(server, argv[1]) < 0)
		return 1;
	mummy_http_server_run(server);
	mummy_http_server_free(server);
	mummy_http_router_unref(router);
	mummy_pool_free(pool);
	mummy_upload_free(u);
	return 0;
}
