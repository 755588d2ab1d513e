/*
 * middleware.c - what the command line puts around all routes. The order matters: who the client is comes
 * first, and what is refused for its rate is logged too.
 */
#include <config.h>
#include <mummy/upload.h>
#include "middleware.h"

#define BURST_S 5u

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
		rc = mummy_http_use_cors(r, "/", &cors);
	return rc;
}
