/*
 * url.c - addresses: of the server, and those it gives.
 */
#include <config.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <curl/curl.h>
#include "url.h"

static int is_web(const char *scheme)
{
	return scheme && (!strcmp(scheme, "http") || !strcmp(scheme, "https"));
}

/* A part of an address, to be freed with curl_free; NULL: it has none. */
static char *part(CURLU *u, CURLUPart what, unsigned flags)
{
	char *text = NULL;

	return curl_url_get(u, what, &text, flags) == CURLUE_OK ? text : NULL;
}

/* A copy that free takes. */
static char *whole(CURLU *u)
{
	char *text = part(u, CURLUPART_URL, CURLU_NO_DEFAULT_PORT), *copy = text ? strdup(text) : NULL;

	curl_free(text);
	return copy;
}

/* ---- The endpoint ---------------------------------------------------------------------------------- */

static char *take_login(CURLU *u)
{
	char *user = part(u, CURLUPART_USER, CURLU_URLDECODE),
	     *password = part(u, CURLUPART_PASSWORD, CURLU_URLDECODE);
	size_t size = (user ? strlen(user) : 0) + (password ? strlen(password) : 0) + 2;
	char *login = user ? malloc(size) : NULL;

	if (login)
		snprintf(login, size, "%s:%s", user, password ? password : "");
	curl_free(user);
	curl_free(password);
	curl_url_set(u, CURLUPART_USER, NULL, 0);
	curl_url_set(u, CURLUPART_PASSWORD, NULL, 0);
	curl_url_set(u, CURLUPART_OPTIONS, NULL, 0);
	curl_url_set(u, CURLUPART_FRAGMENT, NULL, 0);
	return login;
}

int url_endpoint(struct endpoint *e, const char *text)
{
	CURLU *u = curl_url();
	char *scheme;
	int rc = 0;

	memset(e, 0, sizeof *e);
	if (!u)
		return -ENOMEM;
	if (curl_url_set(u, CURLUPART_URL, text, 0) != CURLUE_OK)
		rc = -EINVAL;
	scheme = rc == 0 ? part(u, CURLUPART_SCHEME, 0) : NULL;
	if (rc == 0 && !is_web(scheme))
		rc = -EINVAL;
	curl_free(scheme);
	if (rc == 0) {
		e->login = take_login(u);
		e->url = whole(u);
		rc = e->url ? 0 : -ENOMEM;
	}
	curl_url_cleanup(u);
	if (rc < 0)
		endpoint_free(e);
	return rc;
}

void endpoint_free(struct endpoint *e)
{
	free(e->url);
	if (e->login)
		memset(e->login, 0, strlen(e->login));
	free(e->login);
	memset(e, 0, sizeof *e);
}

/* ---- What the server gives ------------------------------------------------------------------------- */

struct site {
	char *scheme, *host, *port;
};

static void site_of(struct site *s, CURLU *u)
{
	s->scheme = part(u, CURLUPART_SCHEME, 0);
	s->host = part(u, CURLUPART_HOST, 0);
	s->port = part(u, CURLUPART_PORT, CURLU_DEFAULT_PORT);
}

static void site_free(struct site *s)
{
	curl_free(s->scheme);
	curl_free(s->host);
	curl_free(s->port);
}

static int same(const char *a, const char *b)
{
	return a && b && strcasecmp(a, b) == 0;
}

/* u is where a relative or absolute Location leads, from is where it was got. */
static int judge(CURLU *u, const struct site *from)
{
	struct site to;
	int rc = 0;

	site_of(&to, u);
	if (!is_web(to.scheme))
		rc = -EINVAL;
	else if (same(from->scheme, "https") && !same(to.scheme, "https")) {
		if (!same(from->host, to.host))
			rc = -EPERM;
		else if (curl_url_set(u, CURLUPART_SCHEME, "https", 0) != CURLUE_OK
			 || curl_url_set(u, CURLUPART_PORT, from->port, 0) != CURLUE_OK)
			rc = -ENOMEM;
	}
	site_free(&to);
	return rc;
}

int url_resolve(char **out, const char *endpoint, const char *location)
{
	CURLU *u = curl_url();
	struct site from = { NULL, NULL, NULL };
	int rc = -EINVAL;
	char *login;

	if (!u)
		return -ENOMEM;
	if (curl_url_set(u, CURLUPART_URL, endpoint, 0) == CURLUE_OK) {
		site_of(&from, u);
		if (*location && curl_url_set(u, CURLUPART_URL, location, 0) == CURLUE_OK)
			rc = judge(u, &from);
		site_free(&from);
	}
	if (rc == 0) {
		login = take_login(u);       /* nobody but the user says who logs in */
		free(login);
		*out = whole(u);
		rc = *out ? 0 : -ENOMEM;
	}
	curl_url_cleanup(u);
	return rc;
}

static int site_parse(struct site *s, const char *text)
{
	CURLU *u = curl_url();

	memset(s, 0, sizeof *s);
	if (u && curl_url_set(u, CURLUPART_URL, text, 0) == CURLUE_OK)
		site_of(s, u);
	curl_url_cleanup(u);
	return s->host != NULL;
}

int url_same_site(const char *a, const char *b)
{
	struct site x, y;
	int ok = site_parse(&x, a) & site_parse(&y, b);

	ok = ok && same(x.scheme, y.scheme) && same(x.host, y.host) && same(x.port, y.port);
	site_free(&x);
	site_free(&y);
	return ok;
}
