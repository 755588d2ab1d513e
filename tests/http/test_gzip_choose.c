#include <config.h>
#include "gzip.h"
#include "suite.h"
#include <mummy/http.h>
#include <string.h>

static struct mummy_http_span span(const char *text)
{
	return (struct mummy_http_span){ text, text ? strlen(text) : 0 };
}

static enum mhttp_gzip_choice ask(const char *accept, const char *type, int status, uint64_t length)
{
	struct mhttp_gzip_question q = { .accept_encoding = span(accept), .content_type = span(type),
					 .status = status, .length = length, .min_bytes = 1024 };

	return mhttp_gzip_choose(&q);
}

START_TEST(what_the_client_accepts)
{
	static const struct { const char *accept; enum mhttp_gzip_choice choice; } table[] = {
		{ NULL, MHTTP_GZIP_VARY }, { "", MHTTP_GZIP_VARY }, { "gzip", MHTTP_GZIP_YES },
		{ "GZip", MHTTP_GZIP_YES }, { "x-gzip", MHTTP_GZIP_YES }, { "deflate, br", MHTTP_GZIP_VARY },
		{ "deflate, gzip;q=1.0, *;q=0.5", MHTTP_GZIP_YES }, { "gzip;q=0", MHTTP_GZIP_VARY },
		{ "gzip;q=0, *", MHTTP_GZIP_VARY }, { "gzip;q=0, x-gzip", MHTTP_GZIP_VARY },
		{ "*", MHTTP_GZIP_YES }, { "*;q=0", MHTTP_GZIP_VARY }, { "x-gzip, *;q=0", MHTTP_GZIP_YES },
		{ "*;q=0, x-gzip;q=0.1", MHTTP_GZIP_YES }, { "gzip;q=0.001", MHTTP_GZIP_YES },
		{ "identity, gzip", MHTTP_GZIP_YES }, { "identity;q=1, gzip;q=0.5", MHTTP_GZIP_VARY },
		{ "identity;q=0.4, gzip;q=0.5", MHTTP_GZIP_YES }, { "identity;q=0, gzip", MHTTP_GZIP_YES },
		{ "identity;q=0", MHTTP_GZIP_VARY }, { "gzip;q=0.5, *", MHTTP_GZIP_VARY },
		{ "gzipped", MHTTP_GZIP_VARY }, { ",,gzip,,", MHTTP_GZIP_YES }, { "\"gzip", MHTTP_GZIP_VARY }
	};

	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
		ck_assert_msg(ask(table[i].accept, "text/plain", 200, 5000) == table[i].choice, "%s",
			      table[i].accept ? table[i].accept : "absent");
}
END_TEST

START_TEST(which_types)
{
	static const char *const yes[] = { "text/html", "Text/HTML; charset=utf-8", "application/json",
		"application/json ; x=y", "application/problem+json", "image/svg+xml", "application/wasm",
		"application/javascript", "application/XML", "text/event-stream", "font/ttf" };
	static const char *const no[] = { "image/png", "application/gzip", "application/octet-stream", "video/mp4",
		"application/jsonp-not", "", "application/zip; a=text/plain", "font/woff2", "tex", "text" };

	for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++)
		ck_assert_msg(ask("gzip", yes[i], 200, 5000) == MHTTP_GZIP_YES, "%s", yes[i]);
	for (size_t i = 0; i < sizeof no / sizeof no[0]; i++)
		ck_assert_msg(ask("gzip", no[i], 200, 5000) == MHTTP_GZIP_NEVER, "%s", no[i]);
	ck_assert_int_eq(ask("gzip", NULL, 200, 5000), MHTTP_GZIP_NEVER);
}
END_TEST

START_TEST(status_and_length)
{
	static const struct { int status; enum mhttp_gzip_choice choice; } table[] = {
		{ 101, MHTTP_GZIP_NEVER }, { 200, MHTTP_GZIP_YES }, { 201, MHTTP_GZIP_YES }, { 204, MHTTP_GZIP_NEVER },
		{ 205, MHTTP_GZIP_NEVER }, { 206, MHTTP_GZIP_VARY }, { 304, MHTTP_GZIP_VARY },
		{ 404, MHTTP_GZIP_YES }, { 500, MHTTP_GZIP_YES }
	};

	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
		ck_assert_int_eq(ask("gzip", "text/plain", table[i].status, 5000), table[i].choice);
	/* a 304 of a type that is not said may be one of a text */
	ck_assert_int_eq(ask("gzip", NULL, 304, 0), MHTTP_GZIP_VARY);
	ck_assert_int_eq(ask("gzip", "image/png", 304, 0), MHTTP_GZIP_NEVER);
	ck_assert_int_eq(ask("gzip", NULL, 206, 5000), MHTTP_GZIP_NEVER);
	ck_assert_int_eq(ask("gzip", "text/plain", 200, 1023), MHTTP_GZIP_NEVER);
	ck_assert_int_eq(ask("gzip", "text/plain", 200, 1024), MHTTP_GZIP_YES);
	ck_assert_int_eq(ask("gzip", "text/plain", 200, 0), MHTTP_GZIP_NEVER);
	ck_assert_int_eq(ask("identity;q=0, gzip", "text/plain", 200, 10), MHTTP_GZIP_NEVER);
	ck_assert_int_eq(ask("gzip", "text/plain", 200, MUMMY_HTTP_UNKNOWN), MHTTP_GZIP_YES);
	ck_assert_int_eq(ask(NULL, "text/plain", 200, MUMMY_HTTP_UNKNOWN), MHTTP_GZIP_VARY);
}
END_TEST

START_TEST(what_the_answer_says)
{
	struct mhttp_gzip_question q = { .accept_encoding = span("gzip"), .content_type = span("text/plain"),
					 .status = 200, .length = 5000 };

	ck_assert_int_eq(mhttp_gzip_choose(&q), MHTTP_GZIP_YES);
	q.cache_control = span("max-age=5, No-Transform");
	ck_assert_int_eq(mhttp_gzip_choose(&q), MHTTP_GZIP_NEVER);
	q.cache_control = span("x=\"no-transform\"");
	ck_assert_int_eq(mhttp_gzip_choose(&q), MHTTP_GZIP_YES);
	q.content_encoding = span("br");
	ck_assert_int_eq(mhttp_gzip_choose(&q), MHTTP_GZIP_NEVER);
}
END_TEST

SUITE_MAIN("http/gzip_choose", what_the_client_accepts, which_types, status_and_length, what_the_answer_says)
