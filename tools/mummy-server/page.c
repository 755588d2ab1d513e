/*
 * page.c - /_mummy/: the demo page, which is part of the program.
 */
#include <config.h>
#include <stdio.h>
#include <string.h>
#include <mummy/http-parser.h>
#include "page.h"
#include "say.h"

/* Nothing from elsewhere, nothing inline, nobody frames it. */
#define POLICY "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; " \
	"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/* -1: there is no such field; 0, 1: does it name what is served? */
static int matches(const mummy_http_exchange *x, const char *name, const char *etag, int weak)
{
	struct mummy_http_span list;
	int found = -1;

	for (unsigned i = 0; found < 1 && (list.p = mummy_http_header_nth(x, name, i, &list.n)); i++)
		found = mummy_http_etag_match(list, etag, weak) == 1;
	return found;
}

static void serve(mummy_http_exchange *x, void *ctx)
{
	const struct page_file *f = ctx;
	const struct mummy_http_header h[] = {
		MUMMY_HTTP_HEADER("ETag", f->etag),
		MUMMY_HTTP_HEADER("Cache-Control", "no-cache"),
		MUMMY_HTTP_HEADER("Content-Security-Policy", POLICY),
		MUMMY_HTTP_HEADER("X-Content-Type-Options", "nosniff"),
		MUMMY_HTTP_HEADER("Referrer-Policy", "no-referrer"),
		MUMMY_HTTP_HEADER("Content-Type", f->type),
	};
	const size_t nh = sizeof h / sizeof h[0];

	if (matches(x, "If-Match", f->etag, 0) == 0)
		say_text(x, 412, "The page is another one.\n");
	else if (matches(x, "If-None-Match", f->etag, 1) == 1)
		mummy_http_respond(x, 304, h, nh - 1, NULL, 0);
	else
		mummy_http_respond(x, 200, h, nh, f->data, f->size);
}

static void to_folder(mummy_http_exchange *x, void *ctx)
{
	static const struct mummy_http_header h[] = { MUMMY_HTTP_HEADER("Location", "/_mummy/") };

	(void)ctx;
	mummy_http_respond(x, 308, h, 1, NULL, 0);
}

static int add(mummy_http_router *r, const char *pattern, const struct page_file *f)
{
	const struct mummy_http_route route = { .handler = serve, .ctx = (void *)(uintptr_t)f };

	return mummy_http_router_add(r, "GET", pattern, &route);
}

int page_routes(mummy_http_router *r, int root)
{
	const struct mummy_http_route folder = { .handler = to_folder, .flags = MUMMY_HTTP_INLINE };
	int rc = mummy_http_router_add(r, "GET", "/_mummy", &folder);

	for (size_t i = 0; rc == 0 && i < page_nfiles; i++) {
		char pattern[64];

		snprintf(pattern, sizeof pattern, "/_mummy/%s", page_files[i].name);
		rc = add(r, pattern, &page_files[i]);
		if (rc == 0 && strcmp(page_files[i].name, "index.html") == 0) {
			rc = add(r, "/_mummy/", &page_files[i]);
			if (rc == 0 && root)
				rc = add(r, "/", &page_files[i]);
		}
	}
	return rc;
}
