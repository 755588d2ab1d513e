/*
 * foreign.c - pages of other web sites. Browsers ask before such a page may send most requests (CORS), but
 * not before it sends a form: that has to be refused when it comes.
 */
#include <config.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <mummy/http-parser.h>
#include "foreign.h"

static int same(struct mummy_http_span a, struct mummy_http_span b)
{
	return a.n == b.n && strncasecmp(a.p, b.p, a.n) == 0;
}

static struct mummy_http_span port_of(const struct mummy_http_url *u)
{
	if (u->port.n)
		return u->port;
	return u->scheme.n == 5 ? (struct mummy_http_span){ "443", 3 } : (struct mummy_http_span){ "80", 2 };
}

/* What stands between the browser and here may have ended https, so the scheme is not compared. */
static int is_own(struct mummy_http_span origin, const char *host)
{
	struct mummy_http_url theirs, ours;
	char text[512];
	int n;

	if (!host || mummy_http_url_split(origin, &theirs) < 0 || !theirs.host.n || theirs.scheme.n > 5)
		return 0;
	n = snprintf(text, sizeof text, "%.*s://%s", (int)theirs.scheme.n, theirs.scheme.p, host);
	if (n < 0 || (size_t)n >= sizeof text
	    || mummy_http_url_split((struct mummy_http_span){ text, (size_t)n }, &ours) < 0)
		return 0;
	return same(theirs.host, ours.host) && same(port_of(&theirs), port_of(&ours));
}

static int is_listed(struct mummy_http_span origin, const char *origins)
{
	struct mummy_http_span rest = { origins, origins ? strlen(origins) : 0 }, item;

	while (mummy_http_list_next(&rest, &item) == 1)
		if (same(item, origin) || (item.n == 1 && *item.p == '*'))
			return 1;
	return 0;
}

int foreign_page(const mummy_http_exchange *x, const char *origins)
{
	struct mummy_http_span origin;

	origin.p = mummy_http_header_get(x, "Origin", &origin.n);
	if (!origin.p)
		return 0;
	if (mummy_http_header_nth(x, "Origin", 1, NULL))
		return 1;
	return !is_own(origin, mummy_http_host(x, NULL)) && !is_listed(origin, origins);
}
