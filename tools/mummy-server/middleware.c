/*
 * middleware.c - what the command line puts around all routes. The order matters: who the client is comes
 * first, and what is refused for its rate is logged too.
 */
#include <config.h>
#include <string.h>
#include <mummy/upload.h>
#include "middleware.h"

#define BURST_S 5u

/* A preflight is an OPTIONS request, too, whose answers say which versions of TUS there are. */
static int say_version(mummy_http_exchange *x, void *ctx)
{
	(void)ctx;
	if (!strcmp(mummy_http_method(x, NULL), "OPTIONS") && mummy_http_header_get(x, "Origin", NULL)
	    && mummy_http_header_get(x, "Access-Control-Request-Method", NULL)) {
		mummy_http_header_add(x, "Tus-Resumable", "1.0.0");
		mummy_http_header_add(x, "Tus-Version", "1.0.0");
	}
	return 0;
}

static int use_cors(mummy_http_router *r, const struct mummy_http_cors *cors)
{
	static const struct mummy_http_middleware version = { .before = say_version, .flags = MUMMY_HTTP_INLINE };
	static const char *const paths[] = { "/files", "/range" };
	int rc = 0;

	for (size_t i = 0; i < 2 && rc == 0; i++)
		rc = mummy_http_router_use(r, paths[i], &version);
	return rc == 0 ? mummy_http_use_cors(r, "/", cors) : rc;
}

int middleware_use(mummy_http_router *r, const struct options *o, struct log *access)
{
	const struct mummy_http_rate rate = { .requests = (unsigned)o->rate_limit, .seconds = 1,
		.burst = (unsigned)o->rate_limit * BURST_S };
	const struct mummy_http_cors cors = { .origins = o->cors, .methods = MUMMY_UPLOAD_CORS_METHODS,
		.headers = MUMMY_UPLOAD_CORS_HEADERS, .expose = MUMMY_UPLOAD_CORS_EXPOSE ", X-Request-Id" };
	int rc = 0;

	if (o->trusted_proxies)
		rc = mummy_http_use_forwarded(r, o->trusted_proxies);
	if (rc == 0 && o->request_id)
		rc = mummy_http_use_request_id(r);
	if (rc == 0 && o->access_log)
		rc = mummy_http_use_access_log(r, (enum mummy_http_log_format)o->access_format, log_line, access);
	if (rc == 0 && o->rate_limit)
		rc = mummy_http_use_rate_limit(r, "/", &rate);
	if (rc == 0 && o->cors)
		rc = use_cors(r, &cors);
	return rc;
}
