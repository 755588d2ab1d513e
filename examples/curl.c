/* curl [PORT [URL]] - a handler that asks another HTTP service with libcurl and simply waits for what it
 * says: it runs on a worker thread. URL is by default /time of this very server, which its loop answers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <curl/curl.h>
#include <mummy/http.h>
#include <mummy/pool.h>

#define MAX_ANSWER (1u << 20)

struct text { char *p; size_t n; };

static char url[256];

static size_t take(char *p, size_t size, size_t n, void *ctx)
{
	struct text *t = ctx;
	char *grown = t->n + n <= MAX_ANSWER ? realloc(t->p, t->n + n + 1) : NULL;

	if (!grown)
		return 0;                            /* libcurl gives it up */
	memcpy(grown + t->n, p, size * n);     /* size is 1 */
	t->p = grown;
	t->n += n;
	return n;
}

static void front(mummy_http_exchange *x, void *ctx)
{
	const struct mummy_http_header type = MUMMY_HTTP_HEADER("Content-Type", "text/plain; charset=utf-8");
	CURL *c = curl_easy_init();
	struct text t = { NULL, 0 };
	long status = 0;
	CURLcode rc = CURLE_OUT_OF_MEMORY;

	(void)ctx;
	if (c) {
		curl_easy_setopt(c, CURLOPT_URL, url);
		curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
		curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);     /* there are threads */
		curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, 5000L);
		curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take);
		curl_easy_setopt(c, CURLOPT_WRITEDATA, &t);
		rc = curl_easy_perform(c);
		curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
		curl_easy_cleanup(c);
	}
	if (rc == CURLE_OK && status == 200)
		mummy_http_respond(x, 200, &type, 1, t.p, t.n);
	else if (rc == CURLE_OPERATION_TIMEDOUT)
		mummy_http_respond_text(x, 504, "The other service takes too long.\n");
	else
		mummy_http_respond_text(x, 502, "The other service does not answer as it should.\n");
	free(t.p);
}

static void tell_time(mummy_http_exchange *x, void *ctx)
{
	char text[64];

	(void)ctx;
	snprintf(text, sizeof text, "%lld seconds since 1970\n", (long long)time(NULL));
	mummy_http_respond_text(x, 200, text);
}

int main(int argc, char **argv)
{
	struct mummy_http_listener at = { .port = (uint16_t)(argc > 1 ? atoi(argv[1]) : 8080) };
	struct mummy_http_options opt = { .listeners = &at, .nlisteners = 1 };
	struct mummy_http_route blocks = { .handler = front };
	struct mummy_http_route at_once = { .handler = tell_time, .flags = MUMMY_HTTP_INLINE };
	mummy_http_router *router;
	mummy_http_server *server;
	mummy_pool *pool;
	unsigned port;

	opt.executor.submit = mummy_pool_submit;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0 || mummy_pool_new(&pool, NULL) < 0
	    || mummy_http_router_new(&router) < 0 || mummy_http_router_add(router, "GET", "/", &blocks) < 0
	    || mummy_http_router_add(router, "GET", "/time", &at_once) < 0
	    || (opt.executor.ctx = pool, mummy_http_server_new(&server, router, &opt)) < 0)
		return fputs("curl: cannot start\n", stderr), 1;
	port = mummy_http_server_port(server, 0);
	snprintf(url, sizeof url, "http://127.0.0.1:%u/time", port);
	if (argc > 2)
		snprintf(url, sizeof url, "%s", argv[2]);
	printf("http://127.0.0.1:%u/\n", port);
	fflush(stdout);
	return mummy_http_server_run(server) < 0;
}
