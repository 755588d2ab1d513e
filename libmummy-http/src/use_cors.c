/* use_cors.c - middleware: cross-origin requests, as the Fetch standard has them. */
#include <config.h>
#include <stdio.h>
#include <stdlib.h>
#include "internal.h"

struct cors {
	int any, credentials;
	char max_age[12];
	char *origins, *methods, *headers, *expose;
};

static void cors_free(void *ctx)
{
	struct cors *c = ctx;

	free(c->origins);
	free(c->methods);
	free(c->headers);
	free(c->expose);
	free(c);
}

/* Origins are compared as they are: browsers spell them in one way. */
static int is_listed(const char *list, const char *origin, size_t n)
{
	struct mummy_http_span rest = { list, strlen(list) }, item;

	while (mummy_http_list_next(&rest, &item) == 1)
		if (item.n == n && !memcmp(item.p, origin, n))
			return 1;
	return 0;
}

static void add(mummy_http_exchange *x, const char *name, const char *value)
{
	if (value && *value)
		mummy_http_header_add(x, name, value);
}

static int before(mummy_http_exchange *x, void *ctx)
{
	const struct cors *c = ctx;
	size_t n;
	const char *origin = mummy_http_header_get(x, "Origin", &n);
	int listed = origin && (c->any || is_listed(c->origins, origin, n));
	int preflight = origin && !strcmp(mummy_http_method(x, NULL), "OPTIONS")
			&& mummy_http_header_get(x, "Access-Control-Request-Method", NULL);

	if (!c->any)
		add(x, "Vary", "Origin");
	if (listed) {
		add(x, "Access-Control-Allow-Origin", c->any ? "*" : origin);
		if (c->credentials)
			add(x, "Access-Control-Allow-Credentials", "true");
	}
	if (listed && !preflight)
		add(x, "Access-Control-Expose-Headers", c->expose);
	if (!preflight)
		return 0;
	if (listed) {
		add(x, "Access-Control-Allow-Methods", c->methods);
		add(x, "Access-Control-Allow-Headers", c->headers);
		add(x, "Access-Control-Max-Age", c->max_age);
	}
	mummy_http_respond(x, 204, NULL, 0, NULL, 0);
	return 1;
}

static int copy(char **to, const char *from, const char *otherwise)
{
	const struct mummy_http_header h = MUMMY_HTTP_HEADER("X", from ? from : otherwise);

	if (!mhttp_fields_ok(&h, 1))
		return -EINVAL;
	*to = strdup(h.value);
	return *to ? 0 : -ENOMEM;
}

static int cors_fill(struct cors *c, const struct mummy_http_cors *opt)
{
	int rc = copy(&c->origins, opt->origins, "");

	if (rc == 0)
		rc = copy(&c->methods, opt->methods, "GET, HEAD, POST");
	if (rc == 0)
		rc = copy(&c->headers, opt->headers, "");
	if (rc == 0)
		rc = copy(&c->expose, opt->expose, "");
	c->any = rc == 0 && !strcmp(c->origins, "*");
	c->credentials = opt->credentials && !c->any;
	snprintf(c->max_age, sizeof c->max_age, "%u", opt->max_age_s ? opt->max_age_s : 5);
	return rc;
}

int mummy_http_use_cors(mummy_http_router *r, const char *prefix, const struct mummy_http_cors *opt)
{
	struct mummy_http_middleware m = { .before = before, .flags = MUMMY_HTTP_INLINE };
	struct cors *c;
	int rc;

	if (!opt || !MUMMY_RESERVED_OK(opt))
		return -EINVAL;
	c = calloc(1, sizeof *c);
	if (!c)
		return -ENOMEM;
	rc = cors_fill(c, opt);
	if (rc < 0) {
		cors_free(c);
		return rc;
	}
	m.ctx = c;
	return mhttp_router_use_owned(r, prefix, &m, cors_free);
}
