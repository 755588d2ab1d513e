#include <config.h>
#include "use.h"

static void fields_are(struct serve *s, const char *request, const char *fields, int status, const char *origin,
		       const char *methods)
{
	struct heard h;
	const char *value;

	use_ask(s, &h, request, fields);
	ck_assert_int_eq(h.status, status);
	value = heard_field(&h, "Access-Control-Allow-Origin");
	ck_assert_str_eq(value ? value : "", origin);
	value = heard_field(&h, "Access-Control-Allow-Methods");
	ck_assert_str_eq(value ? value : "", methods);
	free(h.body);
}

#define ORIGIN "Origin: https://a.example\r\n"
#define ASKS "Access-Control-Request-Method: PUT\r\n"

SERVE_TEST(origins_that_are_named)
{
	const struct mummy_http_cors cors = { .origins = "https://a.example, http://b.example:8080", .methods = "PUT",
					      .headers = "X-A", .expose = "X-B", .max_age_s = 60,
					      .credentials = 1 };
	struct serve s;
	struct heard h;

	use_init(&s, poller);
	ck_assert_int_eq(mummy_http_use_cors(s.router, "/", &cors), 0);
	serve_start(&s);
	fields_are(&s, "GET /", "", 200, "", "");
	fields_are(&s, "GET /", ORIGIN, 200, "https://a.example", "");
	fields_are(&s, "GET /none", ORIGIN, 404, "https://a.example", "");
	fields_are(&s, "GET /", "Origin: https://a.example.evil\r\n", 200, "", "");
	fields_are(&s, "OPTIONS /", ORIGIN ASKS, 204, "https://a.example", "PUT");
	fields_are(&s, "OPTIONS /none", ORIGIN ASKS, 204, "https://a.example", "PUT");
	fields_are(&s, "OPTIONS /", "Origin: null\r\n" ASKS, 204, "", "");
	/* not a preflight */
	fields_are(&s, "OPTIONS /", ORIGIN, 204, "https://a.example", "");
	use_ask(&s, &h, "OPTIONS /", ORIGIN ASKS);
	ck_assert_str_eq(heard_field(&h, "Vary"), "Origin");
	ck_assert_str_eq(heard_field(&h, "Access-Control-Allow-Headers"), "X-A");
	ck_assert_str_eq(heard_field(&h, "Access-Control-Max-Age"), "60");
	ck_assert_str_eq(heard_field(&h, "Access-Control-Allow-Credentials"), "true");
	free(h.body);
	use_ask(&s, &h, "GET /inline", ORIGIN);
	ck_assert_str_eq(heard_field(&h, "Access-Control-Expose-Headers"), "X-B");
	free(h.body);
	serve_stop(&s);
}

SERVE_TEST(any_origin_gets_no_credentials)
{
	const struct mummy_http_cors cors = { .origins = "*", .credentials = 1 };
	struct serve s;
	struct heard h;

	use_init(&s, poller);
	ck_assert_int_eq(mummy_http_use_cors(s.router, "/", &cors), 0);
	serve_start(&s);
	use_ask(&s, &h, "OPTIONS /", ORIGIN ASKS);
	ck_assert_str_eq(heard_field(&h, "Access-Control-Allow-Origin"), "*");
	ck_assert_str_eq(heard_field(&h, "Access-Control-Allow-Methods"), "GET, HEAD, POST");
	ck_assert_ptr_null(heard_field(&h, "Access-Control-Allow-Credentials"));
	ck_assert_ptr_null(heard_field(&h, "Vary"));
	free(h.body);
	serve_stop(&s);
}

START_TEST(options_are_checked)
{
	struct mummy_http_cors cors = { .origins = "a\r\nb" };
	mummy_http_router *r;

	ck_assert_int_eq(mummy_http_router_new(&r), 0);
	ck_assert_int_eq(mummy_http_use_cors(r, "/", NULL), -EINVAL);
	ck_assert_int_eq(mummy_http_use_cors(r, "/", &cors), -EINVAL);
	cors.origins = "*";
	ck_assert_int_eq(mummy_http_use_cors(r, "x", &cors), -EINVAL);
	cors.reserved[0] = 1;
	ck_assert_int_eq(mummy_http_use_cors(r, "/", &cors), -EINVAL);
	mummy_http_router_unref(r);
}
END_TEST

/* ---- Errors ------------------------------------------------------------------------------------ */

static void mute(mummy_http_exchange *x, void *ctx)
{
	(void)x, (void)ctx;
}

static void open_site(struct serve *s, int poller)
{
	const struct mummy_http_cors cors = { .origins = "https://a.example", .methods = "PUT", .credentials = 1 };
	const struct mummy_http_route small = { .handler = use_tell, .max_body_bytes = 10 };

	use_init(s, poller);
	serve_route(s, "GET", "/mute", mute, NULL, 0);
	serve_route(s, "GET", "/mute/inline", mute, NULL, MUMMY_HTTP_INLINE);
	serve_route(s, "GET", "/pool/{name}", use_tell, NULL, 0);
	serve_route(s, "GET", "/inline/{name}", use_tell, NULL, MUMMY_HTTP_INLINE);
	serve_route(s, "POST", "/inflate", use_tell, NULL, MUMMY_HTTP_INFLATE);
	serve_route(s, "POST", "/large", use_tell, NULL, 0);
	ck_assert_int_eq(mummy_http_router_add(s->router, "POST", "/small", &small), 0);
	ck_assert_int_eq(mummy_http_use_cors(s->router, "/", &cors), 0);
}

/* The origin is told once that it may read the answer. */
static void error_is_readable(struct serve *s, const char *request, const char *rest, int status)
{
	static const char allow[] = "\r\nAccess-Control-Allow-Origin: https://a.example\r\n";
	char text[4096];
	struct heard h;
	const char *at;
	int fd = dial(s);

	snprintf(text, sizeof text, "%s HTTP/1.1\r\nHost: a\r\n" ORIGIN "%s", request, rest);
	say(fd, text);
	hear_answer(fd, &h, 0);
	close(fd);
	ck_assert_msg(h.status == status, "%s %s: %d instead of %d", request, rest, h.status, status);
	at = strstr(h.head, allow);
	ck_assert_msg(at && !strstr(at + 2, allow), "%s %s: %s", request, rest, h.head);
	ck_assert_str_eq(heard_field(&h, "Access-Control-Allow-Credentials"), "true");
	free(h.body);
}

SERVE_TEST(errors_of_the_server_itself)
{
	static const struct { const char *request, *rest; int status; } all[] = {
		{ "GET /none", "\r\n", 404 },
		{ "DELETE /small", "\r\n", 405 },
		{ "BREW /", "\r\n", 501 },
		{ "GET https://a/", "\r\n", 421 },
		{ "GET /inline/%zz", "\r\n", 400 },
		{ "GET /pool/%zz", "\r\n", 400 },
		{ "GET /pool/%00", "\r\n", 400 },
		{ "GET /mute", "\r\n", 500 },
		{ "GET /mute/inline", "\r\n", 500 },
		{ "POST /small", "Expect: more\r\nContent-Length: 1\r\n\r\nx", 417 },
		{ "POST /small", "Content-Length: 11\r\n\r\n", 413 },
		{ "POST /small", "Transfer-Encoding: chunked\r\n\r\nb\r\n01234567890\r\n", 413 },
		{ "POST /small", "Transfer-Encoding: chunked\r\n\r\nx\r\n", 400 },
		{ "POST /inflate", "Content-Encoding: br\r\nContent-Length: 1\r\n\r\nx", 415 },
		{ "POST /inflate", "Content-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx", 400 },
	};
	struct serve s;

	open_site(&s, poller);
	serve_start(&s);
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		error_is_readable(&s, all[i].request, all[i].rest, all[i].status);
	crew_refuse(&s.crew, 1);
	error_is_readable(&s, "GET /", "\r\n", 503);
	error_is_readable(&s, "POST /large", "Content-Length: 2\r\n\r\nxx", 503);
	serve_stop(&s);
}

/* A body that does not come, and one that finds no room. */
SERVE_TEST(errors_of_bodies_that_wait)
{
	char more[3000] = "Content-Length: 5000\r\n\r\n";
	struct serve s;

	memset(more + strlen(more), 'x', sizeof more - 1 - strlen(more));
	open_site(&s, poller);
	s.opt.head_timeout_ms = 300;
	s.opt.max_buffered_bytes = 1000;
	serve_start(&s);
	error_is_readable(&s, "POST /large", "Content-Length: 5\r\n\r\n", 408);
	error_is_readable(&s, "POST /large", more, 503);
	serve_stop(&s);
}

SUITE_MAIN("http/use_cors", origins_that_are_named, any_origin_gets_no_credentials, options_are_checked,
	   errors_of_the_server_itself, errors_of_bodies_that_wait)
