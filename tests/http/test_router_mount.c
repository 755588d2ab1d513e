#include <config.h>
#include "serve.h"
#include "router.h"

static void handler(mummy_http_exchange *x, void *ctx)
{
	mummy_http_respond_text(x, 200, ctx);
}

static mummy_http_router *fresh(void)
{
	mummy_http_router *r = NULL;

	ck_assert_int_eq(mummy_http_router_new(&r), 0);
	return r;
}

static int add(mummy_http_router *r, const char *method, const char *pattern, const char *name)
{
	const struct mummy_http_route route = { .handler = handler, .ctx = (void *)(uintptr_t)name };

	return mummy_http_router_add(r, method, pattern, &route);
}

static const char *told(const mummy_http_router *r, const char *host, const char *method, const char *path)
{
	static char text[256];
	struct mhttp_match m;

	mhttp_router_find_at(r, (struct mummy_http_span){ host, host ? strlen(host) : 0 },
			     (struct mummy_http_span){ method, strlen(method) },
			     (struct mummy_http_span){ path, strlen(path) }, &m);
	if (m.status)
		snprintf(text, sizeof text, m.allow ? "%d %s" : "%d", m.status, m.allow);
	else if (m.route->handler != handler)
		snprintf(text, sizeof text, "redirect");
	else if (m.nparams)
		snprintf(text, sizeof text, "%s %s=%.*s", (const char *)m.route->ctx, m.params[0].name,
			 (int)m.params[0].value.n, m.params[0].value.p);
	else
		snprintf(text, sizeof text, "%s", (const char *)m.route->ctx);
	return text;
}
#define TOLD(host, method, path, expected) ck_assert_str_eq(told(r, host, method, path), expected)

START_TEST(routes_of_another_router_lie_below_its_prefix)
{
	mummy_http_router *r = fresh(), *sub = fresh();

	ck_assert_int_eq(add(sub, "GET", "/", "home"), 0);
	ck_assert_int_eq(add(sub, "GET", "/users/{id}", "user"), 0);
	ck_assert_int_eq(add(sub, "BREW", "/pot", "pot"), 0);
	ck_assert_int_eq(add(r, "GET", "/api/users/me", "me"), 0);
	ck_assert_int_eq(add(r, "POST", "/api/users/{x}", "post"), 0);
	ck_assert_int_eq(mummy_http_router_mount(r, NULL, "/api", sub), 0);
	TOLD(NULL, "GET", "/api/", "home");
	TOLD(NULL, "GET", "/api", "404");
	TOLD(NULL, "GET", "/api/users/7", "user id=7");
	TOLD(NULL, "GET", "/api/users/me", "me");
	TOLD(NULL, "DELETE", "/api/users/7", "405 POST, GET, HEAD, OPTIONS");
	TOLD(NULL, "GET", "/users/7", "404");
	ck_assert_int_eq(mhttp_router_knows_method(r, (struct mummy_http_span){ "BREW", 4 }), 1);
	/* frozen by the mount, and kept by it */
	ck_assert_int_eq(add(sub, "GET", "/late", "late"), -EBUSY);
	mummy_http_router_unref(sub);
	TOLD(NULL, "GET", "/api/users/7", "user id=7");
	mummy_http_router_unref(r);
}
END_TEST

START_TEST(a_conflict_adds_nothing)
{
	mummy_http_router *r = fresh(), *sub = fresh();

	ck_assert_int_eq(add(sub, "GET", "/a", "sub a"), 0);
	ck_assert_int_eq(add(sub, "GET", "/{b}/c", "sub c"), 0);
	ck_assert_int_eq(add(r, "GET", "/m/{other}/%63", "c"), 0);
	ck_assert_int_eq(mummy_http_router_mount(r, NULL, "/m", sub), -EEXIST);
	TOLD(NULL, "GET", "/m/a", "404");
	ck_assert_int_eq(mummy_http_router_mount(r, NULL, "m", sub), -EINVAL);
	ck_assert_int_eq(mummy_http_router_mount(r, NULL, "/m/", sub), -EINVAL);
	ck_assert_int_eq(mummy_http_router_mount(r, NULL, "/{m}", sub), -EINVAL);
	ck_assert_int_eq(mummy_http_router_mount(r, "", "/", sub), -EINVAL);
	ck_assert_int_eq(mummy_http_router_mount(r, "a b", "/", sub), -EINVAL);
	ck_assert_int_eq(mummy_http_router_mount(r, NULL, "/", r), -EINVAL);
	/* not frozen by what failed */
	ck_assert_int_eq(add(sub, "GET", "/late", "late"), 0);
	mummy_http_router_unref(sub);
	mummy_http_router_unref(r);
}
END_TEST

START_TEST(the_routes_of_a_host_go_first)
{
	mummy_http_router *r = fresh(), *sub = fresh();

	ck_assert_int_eq(add(sub, "GET", "/", "of host"), 0);
	ck_assert_int_eq(add(r, "GET", "/", "of any"), 0);
	ck_assert_int_eq(add(r, "POST", "/", "post"), 0);
	ck_assert_int_eq(add(r, "GET", "/both", "both"), 0);
	ck_assert_int_eq(mummy_http_router_mount(r, "WWW.example.org", "/", sub), 0);
	TOLD("www.EXAMPLE.org", "GET", "/", "of host");
	TOLD("www.example.org:8080", "GET", "/", "of host");
	TOLD("www.example.org:", "GET", "/", "of host");
	TOLD("example.org", "GET", "/", "of any");
	TOLD("www.example.org.evil", "GET", "/", "of any");
	TOLD("www.example.or", "GET", "/", "of any");
	TOLD(NULL, "GET", "/", "of any");
	TOLD("www.example.org", "GET", "/both", "both");
	TOLD("www.example.org", "POST", "/", "405 GET, HEAD, OPTIONS");
	mummy_http_router_unref(sub);
	sub = fresh();
	ck_assert_int_eq(add(sub, "GET", "/", "v6"), 0);
	ck_assert_int_eq(mummy_http_router_mount(r, "[::1]", "/", sub), 0);
	TOLD("[::1]:80", "GET", "/", "v6");
	TOLD("[::1]", "GET", "/", "v6");
	mummy_http_router_unref(sub);
	mummy_http_router_unref(r);
}
END_TEST

START_TEST(a_slash_more_or_less)
{
	mummy_http_router *r = fresh();

	ck_assert_int_eq(mummy_http_router_slash(r, (enum mummy_http_slash)3), -EINVAL);
	ck_assert_int_eq(add(r, "GET", "/strict", "strict"), 0);
	ck_assert_int_eq(mummy_http_router_slash(r, MUMMY_HTTP_REDIRECT), 0);
	ck_assert_int_eq(add(r, "GET", "/file", "file"), 0);
	ck_assert_int_eq(add(r, "GET", "/folder/", "folder"), 0);
	ck_assert_int_eq(add(r, "GET", "/both", "both"), 0);
	ck_assert_int_eq(add(r, "GET", "/both/", "both/"), 0);
	ck_assert_int_eq(add(r, "GET", "/tail/*", "tail"), 0);
	ck_assert_int_eq(mummy_http_router_slash(r, MUMMY_HTTP_SAME), 0);
	ck_assert_int_eq(add(r, "GET", "/same/{id}", "same"), 0);
	ck_assert_int_eq(add(r, "GET", "/", "root"), 0);
	TOLD(NULL, "GET", "/strict/", "404");
	TOLD(NULL, "GET", "/file/", "redirect");
	TOLD(NULL, "GET", "/file", "file");
	TOLD(NULL, "GET", "/folder", "redirect");
	TOLD(NULL, "GET", "/folder/", "folder");
	TOLD(NULL, "GET", "/folder//", "404");
	TOLD(NULL, "GET", "/both", "both");
	TOLD(NULL, "GET", "/both/", "both/");
	TOLD(NULL, "GET", "/tail", "redirect");
	TOLD(NULL, "GET", "/tail/", "tail *=");
	TOLD(NULL, "GET", "/same/7/", "same id=7");
	TOLD(NULL, "GET", "/same/7", "same id=7");
	TOLD(NULL, "GET", "/same", "404");
	TOLD(NULL, "POST", "/file/", "404");
	TOLD(NULL, "GET", "/", "root");
	TOLD(NULL, "GET", "//", "404");
	mummy_http_router_unref(r);
}
END_TEST

static void moved(struct serve *s, const char *target, const char *to)
{
	struct heard h;
	int fd = dial(s);
	char request[256];

	snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: A.example:1\r\n\r\n", target);
	say(fd, request);
	hear_answer(fd, &h, 0);
	if (to) {
		ck_assert_int_eq(h.status, 308);
		ck_assert_str_eq(heard_field(&h, "Location"), to);
	} else {
		ck_assert_int_eq(h.status, 404);
	}
	free(h.body);
	close(fd);
}

SERVE_TEST(the_redirect_stays_on_the_server)
{
	mummy_http_router *sub = fresh();
	struct serve s;
	int fd;

	serve_init(&s, poller, 2);
	ck_assert_int_eq(mummy_http_router_slash(s.router, MUMMY_HTTP_REDIRECT), 0);
	ck_assert_int_eq(add(s.router, "GET", "/a", "a"), 0);
	ck_assert_int_eq(add(s.router, "GET", "/b/{x}/", "b"), 0);
	ck_assert_int_eq(add(s.router, "GET", "//{x}/", "odd"), 0);
	ck_assert_int_eq(add(sub, "GET", "/hosted", "hosted"), 0);
	ck_assert_int_eq(mummy_http_router_mount(s.router, "a.example", "/", sub), 0);
	mummy_http_router_unref(sub);
	serve_start(&s);
	moved(&s, "/a/", "/a");
	moved(&s, "/a/?x=/y", "/a?x=/y");
	moved(&s, "/b/c%20d", "/b/c%20d/");
	moved(&s, "/b/c?", "/b/c/?");
	/* a browser reads a backslash as a slash, and what is no URI in its own way */
	moved(&s, "/b/\\evil.example?\\", "/b/%5Cevil.example/?%5C");
	moved(&s, "/b/\"<>", "/b/%22%3C%3E/");
	moved(&s, "//evil.example", NULL);
	fd = dial(&s);
	say(fd, "GET /hosted HTTP/1.1\r\nHost: A.example:1\r\n\r\n");
	expect(fd, 200, "hosted");
	say(fd, "GET /hosted HTTP/1.1\r\nHost: b.example\r\n\r\n");
	expect(fd, 404, NULL);
	close(fd);
	serve_stop(&s);
}

SUITE_MAIN("http/router_mount", routes_of_another_router_lie_below_its_prefix, a_conflict_adds_nothing,
	   the_routes_of_a_host_go_first, a_slash_more_or_less, the_redirect_stays_on_the_server)
