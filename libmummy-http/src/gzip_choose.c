#include <config.h>
#include "gzip.h"
#include <mummy/http.h>
#include <string.h>

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static int same(const char *p, const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (lower(p[i]) != text[i])
			return 0;
	return 1;
}

static int is(struct mummy_http_span s, const char *text)
{
	return s.n == strlen(text) && same(s.p, text, s.n);
}

static int begins(struct mummy_http_span s, const char *text)
{
	size_t n = strlen(text);

	return s.n >= n && same(s.p, text, n);
}

static int ends(struct mummy_http_span s, const char *text)
{
	size_t n = strlen(text);

	return s.n >= n && same(s.p + s.n - n, text, n);
}

/* A list has an item whose name, before any parameter, is this. */
static int lists(struct mummy_http_span list, const char *name)
{
	struct mummy_http_span item;
	struct mummy_http_field first;

	while (mummy_http_list_next(&list, &item) == 1)
		if (mummy_http_parameter_next(&item, &first) == 1 && is(first.name, name))
			return 1;
	return 0;
}

int mhttp_gzip_is_wanted(struct mummy_http_span accept)
{
	int gzip, identity;

	if (!accept.p)
		return 0;
	/* "*" speaks for gzip only when neither of its names is there. */
	gzip = mummy_http_quality(accept, lists(accept, "gzip") ? "gzip" : "x-gzip");
	identity = mummy_http_quality(accept, "identity");
	return gzip > 0 && gzip >= identity;
}

static int is_compressible(struct mummy_http_span type)
{
	static const char *const types[] = {
		"application/json", "application/javascript", "application/xml", "application/wasm",
		"application/x-javascript", "application/ecmascript", "application/ndjson",
		"application/x-ndjson", "application/jsonl", "application/graphql", "application/yaml",
		"application/x-yaml", "application/toml", "application/rtf", "application/sql",
		"application/postscript", "application/x-sh", "application/x-tar",
		"application/x-www-form-urlencoded", "application/vnd.ms-fontobject", "font/ttf", "font/otf",
		"image/bmp", "image/x-icon", "image/vnd.microsoft.icon"
	};
	const char *semicolon = type.n ? memchr(type.p, ';', type.n) : NULL;

	if (semicolon)
		type.n = (size_t)(semicolon - type.p);
	while (type.n && (type.p[type.n - 1] == ' ' || type.p[type.n - 1] == '\t'))
		type.n--;
	if (begins(type, "text/") || ends(type, "+json") || ends(type, "+xml") || ends(type, "+yaml"))
		return 1;
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
		if (is(type, types[i]))
			return 1;
	return 0;
}

enum mhttp_gzip_choice mhttp_gzip_choose(const struct mhttp_gzip_question *q)
{
	if (q->status < 200 || q->status == 204 || q->status == 205 || q->content_encoding.p)
		return MHTTP_GZIP_NEVER;
	/* a 304 need not say of what type the content is that it does not send */
	if ((q->content_type.p || q->status != 304) && !is_compressible(q->content_type))
		return MHTTP_GZIP_NEVER;
	if (lists(q->cache_control, "no-transform"))
		return MHTTP_GZIP_NEVER;
	/* These two speak of a 200 that may have been compressed (RFC 9110 sections 15.3.7 and 15.4.5). */
	if (q->status == 206 || q->status == 304)
		return MHTTP_GZIP_VARY;
	if (q->length == 0 || q->length < q->min_bytes)
		return MHTTP_GZIP_NEVER;
	return mhttp_gzip_is_wanted(q->accept_encoding) ? MHTTP_GZIP_YES : MHTTP_GZIP_VARY;
}
