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

SUITE_MAIN("http/use_cors", origins_that_are_named, any_origin_gets_no_credentials, options_are_checked)
