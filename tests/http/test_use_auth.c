#include <config.h>
#include "use.h"

static int check(void *ctx, mummy_http_exchange *x, const char *user, const char *secret)
{
	(void)x;
	ck_assert_ptr_null(ctx);
	if (user && !strcmp(user, "Aladdin") && !strcmp(secret, "open sesame"))
		return 0;
	if (user && !strcmp(user, "") && !strcmp(secret, ":"))
		return 0;
	if (!user && !strcmp(secret, "token.1-~+/="))
		return 0;
	return user && !strcmp(user, "banned") ? -EPERM : -EACCES;
}

SERVE_TEST(credentials_are_asked_for_and_judged)
{
	struct serve s;
	struct heard h;

	use_init(&s, poller);
	ck_assert_int_eq(mummy_http_use_auth(s.router, "/", "a \"realm\"", check, NULL), 0);
	serve_start(&s);
	use_ask(&s, &h, "GET /", "");
	ck_assert_int_eq(h.status, 401);
	ck_assert_str_eq(heard_field(&h, "WWW-Authenticate"), "Basic realm=\"a \\\"realm\\\"\", charset=\"UTF-8\"");
	ck_assert_ptr_nonnull(strstr(h.head, "WWW-Authenticate: Bearer realm=\"a \\\"realm\\\"\"\r\n"));
	free(h.body);
	use_expect(&s, "GET /", "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n", 200, NULL);
	use_expect(&s, "GET /inline", "authorization: basic  QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n", 200, NULL);
	use_expect(&s, "GET /", "Authorization: Basic Ojo=\r\n", 200, NULL);
	use_expect(&s, "GET /", "Authorization: Bearer token.1-~+/=\r\n", 200, NULL);
	use_expect(&s, "GET /", "Authorization: Basic YmFubmVkOng=\r\n", 403, NULL);
	use_expect(&s, "GET /", "Authorization: Bearer other\r\n", 401, NULL);
	use_expect(&s, "GET /", "Authorization: Bearer\r\n", 401, NULL);
	use_expect(&s, "GET /", "Authorization: Basic\r\n", 401, NULL);
	use_expect(&s, "GET /", "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=\r\n", 401, NULL);
	use_expect(&s, "GET /", "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=\r\n", 401, NULL);
	use_expect(&s, "GET /", "Authorization: Basic =WxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n", 401, NULL);
	use_expect(&s, "GET /", "Authorization: Basic QWxhZGRpbg==\r\n", 401, NULL);
	/* "Aladdin:open sesame\0" */
	use_expect(&s, "GET /", "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQA=\r\n", 401, NULL);
	use_expect(&s, "GET /", "Authorization: Digest QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n", 401, NULL);
	use_expect(&s, "GET /",
		   "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\nAuthorization: Bearer x\r\n", 401, NULL);
	/* what has no route is not asked about */
	use_expect(&s, "GET /none", "", 404, NULL);
	serve_stop(&s);
}

START_TEST(options_are_checked)
{
	mummy_http_router *r;

	ck_assert_int_eq(mummy_http_router_new(&r), 0);
	ck_assert_int_eq(mummy_http_use_auth(r, "/", "a\nb", check, NULL), -EINVAL);
	ck_assert_int_eq(mummy_http_use_auth(r, "/", NULL, check, NULL), -EINVAL);
	ck_assert_int_eq(mummy_http_use_auth(r, "/", "a", NULL, NULL), -EINVAL);
	ck_assert_int_eq(mummy_http_use_auth(r, "a", "a", check, NULL), -EINVAL);
	mummy_http_router_unref(r);
}
END_TEST

SUITE_MAIN("http/use_auth", credentials_are_asked_for_and_judged, options_are_checked)
