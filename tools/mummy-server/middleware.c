/*
 * middleware.c - what the command line puts around all routes. The order matters: who the client is comes
 * first, what is refused for its rate is logged too, and pages can read that it was.
 */
#include <config.h>
#include <string.h>
#include "foreign.h"
#include "form.h"
#include "middleware.h"
#include "say.h"

#define BURST_S 5u
#define PREFLIGHT_S 86400u /* that browsers may remember what they were allowed; most do for less */

static const char *const upload_paths[] = { "/files", "/range" };

static const char *no_field(void *ctx, const char *name, unsigned nth, size_t *len)
{
	(void)ctx, (void)name, (void)nth, (void)len;
	return NULL;
}

/* A preflight is an OPTIONS request, too, whose answer says what uploads there are. */
static int discover(mummy_http_exchange *x, void *uploads)
{
	const struct mummy_upload_request req = { .method = "OPTIONS", .path = mummy_http_path(x, NULL),
						  .header = no_field };
	const char *name, *value;
	mummy_upload_transfer *none;
	mummy_upload_reply *reply;

	if (strcmp(mummy_http_method(x, NULL), "OPTIONS") != 0 || !mummy_http_header_get(x, "Origin", NULL)
	    || !mummy_http_header_get(x, "Access-Control-Request-Method", NULL)
	    || mummy_upload_begin(uploads, &req, &reply, &none) != 0)
		return 0;
	for (size_t i = 0; mummy_upload_reply_header(reply, i, &name, &value) == 0; i++)
		mummy_http_header_add(x, name, value);
	mummy_upload_reply_free(reply);
	return 0;
}

/* Errors of the server itself get the fields as well, which the engine could not give them. */
static int use_cors(mummy_http_router *r, const struct options *o, mummy_upload *uploads)
{
	const struct mummy_http_middleware tells = { .before = discover,
						     .ctx = uploads,
						     .flags = MUMMY_HTTP_INLINE };
	const struct mummy_http_cors cors = { .origins = o->cors ? o->cors : o->origins,
		.methods = MUMMY_UPLOAD_CORS_METHODS, .headers = MUMMY_UPLOAD_CORS_HEADERS,
		.expose = MUMMY_UPLOAD_CORS_EXPOSE ", X-Request-Id", .max_age_s = PREFLIGHT_S,
		.credentials = o->cors_credentials };
	int rc = 0;

	for (size_t i = 0; i < 2 && rc == 0; i++) {
		rc = mummy_http_router_use(r, upload_paths[i], &tells);
		if (rc == 0 && !o->cors)
			rc = mummy_http_use_cors(r, upload_paths[i], &cors);
	}
	return rc == 0 && o->cors ? mummy_http_use_cors(r, "/", &cors) : rc;
}

/* For a form no browser asks whether a page of another site may send it. */
static int keep_out(mummy_http_exchange *x, void *ctx)
{
	const struct options *o = ctx;

	if (strcmp(mummy_http_method(x, NULL), "POST") != 0 || !form_is(x)
	    || !foreign_page(x, o->cors ? o->cors : o->origins))
		return 0;
	say_text(x, 403, "pages of that origin may not upload\n");
	return 1;
}

int middleware_use(mummy_http_router *r, const struct options *o, struct log *access, mummy_upload *uploads)
{
	const struct mummy_http_rate rate = { .requests = (unsigned)o->rate_limit, .seconds = 1,
		.burst = (unsigned)o->rate_limit * BURST_S };
	const struct mummy_http_middleware own = { .before = keep_out, .ctx = (void *)(uintptr_t)o };
	int rc = 0;

	if (o->trusted_proxies)
		rc = mummy_http_use_forwarded(r, o->trusted_proxies);
	if (rc == 0 && o->request_id)
		rc = mummy_http_use_request_id(r);
	if (rc == 0 && o->access_log)
		rc = mummy_http_use_access_log(r, (enum mummy_http_log_format)o->access_format, log_line,
					       access);
	if (rc == 0 && (o->cors || o->origins))
		rc = use_cors(r, o, uploads);
	if (rc == 0 && o->rate_limit)
		rc = mummy_http_use_rate_limit(r, "/", &rate);
	return rc == 0 ? mummy_http_router_use(r, "/range", &own) : rc;
}
