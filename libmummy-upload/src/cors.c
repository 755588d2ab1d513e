#include <config.h>
#include <string.h>
#include <strings.h>
#include "engine.h"

/* With len 0 only that lets all in. */
static int listed(const char *list, const char *origin, size_t len)
{
	while (*list) {
		size_t n = strcspn(list, ", \t");

		if ((n == 1 && *list == '*') || (n == len && !strncasecmp(list, origin, n)))
			return 1;
		list += n;
		list += strspn(list, ", \t");
	}
	return 0;
}

int mup_cors_any(const char *list)
{
	return listed(list + strspn(list, ", \t"), "", 0);
}

static int allowed(const struct mup_request *r, const char **origin, size_t *len)
{
	const char *list = r->u->origins;

	return list && mup_header(r, "Origin", origin, len) == 1 && *len > 0 && *len < 512
		&& listed(list + strspn(list, ", \t"), *origin, *len);
}

void mup_cors(struct mup_request *r)
{
	const int credentials = r->u->opt.credentials;
	const int any = r->u->origins && !strcmp(r->u->origins, "*");
	const char *origin;
	size_t len;

	if (r->u->origins && !any)
		mup_reply_add(r->reply, "Vary", "Origin");
	if (!allowed(r, &origin, &len))
		return;
	if (any)
		mup_reply_add(r->reply, "Access-Control-Allow-Origin", "*");
	else
		mup_reply_addf(r->reply, "Access-Control-Allow-Origin", "%.*s", (int)len, origin);
	if (credentials)
		mup_reply_add(r->reply, "Access-Control-Allow-Credentials", "true");
	mup_reply_add(r->reply, "Access-Control-Expose-Headers", MUMMY_UPLOAD_CORS_EXPOSE);
}

void mup_cors_preflight(struct mup_request *r)
{
	const char *p;
	size_t len;

	if (!allowed(r, &p, &len) || mup_header(r, "Access-Control-Request-Method", &p, &len) != 1)
		return;
	mup_reply_add(r->reply, "Access-Control-Allow-Methods", MUMMY_UPLOAD_CORS_METHODS);
	mup_reply_add(r->reply, "Access-Control-Allow-Headers", MUMMY_UPLOAD_CORS_HEADERS);
	mup_reply_add(r->reply, "Access-Control-Max-Age", "86400");
}
