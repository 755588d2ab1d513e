#include <config.h>
#include "mummy-common.h"
#include "router.h"
#include "suite.h"
#include <string.h>

static void handler(mummy_http_exchange *x, void *ctx)
{
	(void)x;
	(void)ctx;
}

static mummy_http_router *fresh(void)
{
	mummy_http_router *r = NULL;

	ck_assert_int_eq(mummy_http_router_new(&r), 0);
	return r;
}

/* The route's ctx is its name in these tests. */
static int add(mummy_http_router *r, const char *method, const char *pattern, const char *name)
{
	struct mummy_http_route route = { .handler = handler, .ctx = (void *)(uintptr_t)name };

	return mummy_http_router_add(r, method, pattern, &route);
}

static struct mhttp_match find(const mummy_http_router *r, const char *method, const char *path)
{
	struct mhttp_match m;

	memset(&m, 0xa5, sizeof m);
	mhttp_router_find(r, (struct mummy_http_span){ method, strlen(method) },
			  (struct mummy_http_span){ path, strlen(path) }, &m);
	return m;
}

/* "name key=value key=value", or "404", "405 GET, HEAD, OPTIONS". */
static const char *told(const mummy_http_router *r, const char *method, const char *path)
{
	static char text[512];
	struct mhttp_match m = find(r, method, path);
	int n;

	if (m.status) {
		ck_assert_ptr_null(m.route);
		snprintf(text, sizeof text, m.allow ? "%d %s" : "%d", m.status, m.allow);
		return text;
	}
	ck_assert_ptr_nonnull(m.route);
	n = snprintf(text, sizeof text, "%s", (const char *)m.route->ctx);
	for (unsigned i = 0; i < m.nparams; i++)
		n += snprintf(text + n, sizeof text - (size_t)n, " %s=%.*s", m.params[i].name,
			      (int)m.params[i].value.n, m.params[i].value.p);
	return text;
}

#define TOLD(method, path, expected) ck_assert_str_eq(told(r, method, path), expected)

START_TEST(specific_before_general_in_any_order)
{
	static const char *const patterns[] = { "/*", "/a/*", "/a/{x}", "/a/b", "/a/{x}/c", "/a/b/d",
						"/a/{x}/*", "/", "/a/", "/{y}/b/e" };
	enum { N = sizeof patterns / sizeof patterns[0] };

	for (int turn = 0; turn < 2 * N; turn++) {
		mummy_http_router *r = fresh();

		for (int i = 0; i < N; i++) {
			const char *p = patterns[turn < N ? (i + turn) % N : (2 * N - 1 - i + turn) % N];

			ck_assert_int_eq(add(r, "GET", p, p), 0);
		}
		TOLD("GET", "/", "/");
		TOLD("GET", "", "/");
		TOLD("GET", "/a", "/* *=a");
		TOLD("GET", "/a/", "/a/");
		TOLD("GET", "/a/b", "/a/b");
		TOLD("GET", "/a/z", "/a/{x} x=z");
		TOLD("GET", "/a/b/d", "/a/b/d");
		TOLD("GET", "/a/b/c", "/a/{x}/c x=b");
		TOLD("GET", "/a/z/d", "/a/{x}/* x=z *=d");
		TOLD("GET", "/a/b/", "/a/{x}/* x=b *=");
		TOLD("GET", "/a//c", "/a/* *=/c");
		TOLD("GET", "/a/b/e", "/a/{x}/* x=b *=e");
		TOLD("GET", "/q/b/e", "/{y}/b/e y=q");
		TOLD("GET", "/q/b/f", "/* *=q/b/f");
		TOLD("GET", "//", "/* *=/");
		mummy_http_router_unref(r);
	}
}
END_TEST

START_TEST(slashes_are_literal_and_parameters_not_empty)
{
	mummy_http_router *r = fresh();

	ck_assert_int_eq(add(r, "GET", "/a", "a"), 0);
	ck_assert_int_eq(add(r, "GET", "/b/", "b/"), 0);
	ck_assert_int_eq(add(r, "GET", "/c/{x}", "c"), 0);
	ck_assert_int_eq(add(r, "GET", "/d/*", "d"), 0);
	TOLD("GET", "/a", "a");
	TOLD("GET", "/a/", "404");
	TOLD("GET", "/b", "404");
	TOLD("GET", "/b/", "b/");
	TOLD("GET", "/c/", "404");
	TOLD("GET", "/c", "404");
	TOLD("GET", "/d", "404");
	TOLD("GET", "/d/", "d *=");
	TOLD("GET", "/", "404");
	TOLD("OPTIONS", "*", "204");
	TOLD("OPTIONS", "a", "404");
	TOLD("CONNECT", "example.com:443", "404");
	mummy_http_router_unref(r);
}
END_TEST

START_TEST(methods)
{
	mummy_http_router *r = fresh();

	ck_assert_int_eq(add(r, "GET", "/a", "get"), 0);
	ck_assert_int_eq(add(r, "POST", "/a", "post"), 0);
	ck_assert_int_eq(add(r, "HEAD", "/b", "head"), 0);
	ck_assert_int_eq(add(r, "GET", "/b", "get"), 0);
	ck_assert_int_eq(add(r, "OPTIONS", "/b", "options"), 0);
	ck_assert_int_eq(add(r, NULL, "/c", "any"), 0);
	ck_assert_int_eq(add(r, "PUT", "/c", "put"), 0);
	ck_assert_int_eq(add(r, "PURGE", "/d", "purge"), 0);
	TOLD("GET", "/a", "get");
	TOLD("HEAD", "/a", "get");
	TOLD("POST", "/a", "post");
	TOLD("PUT", "/a", "405 GET, POST, HEAD, OPTIONS");
	TOLD("get", "/a", "405 GET, POST, HEAD, OPTIONS");
	TOLD("OPTIONS", "/a", "204 GET, POST, HEAD, OPTIONS");
	TOLD("HEAD", "/b", "head");
	TOLD("OPTIONS", "/b", "options");
	TOLD("DELETE", "/b", "405 HEAD, GET, OPTIONS");
	TOLD("PUT", "/c", "put");
	TOLD("OPTIONS", "/c", "any");
	TOLD("WHATEVER", "/c", "any");
	TOLD("GET", "/d", "405 PURGE, OPTIONS");
	TOLD("PURGE", "/d", "purge");
	TOLD("OPTIONS", "/z", "404");
	mummy_http_router_unref(r);
}
END_TEST

/* The path decides first: a literal place without the method does not fall back to a parameter's. */
START_TEST(the_path_goes_before_the_method)
{
	mummy_http_router *r = fresh();

	ck_assert_int_eq(add(r, "GET", "/users/me", "me"), 0);
	ck_assert_int_eq(add(r, "DELETE", "/users/{id}", "delete"), 0);
	ck_assert_int_eq(add(r, NULL, "/users/me/{x}", "deep"), 0);
	TOLD("DELETE", "/users/me", "405 GET, HEAD, OPTIONS");
	TOLD("DELETE", "/users/7", "delete id=7");
	TOLD("GET", "/users/7", "405 DELETE, OPTIONS");
	mummy_http_router_unref(r);
}
END_TEST

START_TEST(known_methods)
{
	mummy_http_router *r = fresh();
	static const struct { const char *method; int known; } table[] = {
		{ "GET", 1 }, { "PATCH", 1 }, { "CONNECT", 1 }, { "PURGE", 1 }, { "PURG", 0 }, { "get", 0 }, { "", 0 }
	};

	ck_assert_int_eq(add(r, "PURGE", "/d", "purge"), 0);
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
		ck_assert_int_eq(mhttp_router_knows_method(r, (struct mummy_http_span){
			table[i].method, strlen(table[i].method) }), table[i].known);
	mummy_http_router_unref(r);
}
END_TEST

START_TEST(names_belong_to_the_route)
{
	mummy_http_router *r = fresh();

	ck_assert_int_eq(add(r, "GET", "/{id}", "one"), 0);
	ck_assert_int_eq(add(r, "PUT", "/{user}", "two"), 0);
	ck_assert_int_eq(add(r, "GET", "/{user}/mail/{n}", "three"), 0);
	ck_assert_int_eq(add(r, "GET", "/{other}", "again"), -EEXIST);
	TOLD("GET", "/x", "one id=x");
	TOLD("PUT", "/x", "two user=x");
	TOLD("GET", "/x/mail/9", "three user=x n=9");
	mummy_http_router_unref(r);
}
END_TEST

START_TEST(encoded_octets)
{
	mummy_http_router *r = fresh();

	ck_assert_int_eq(add(r, "GET", "/admin", "admin"), 0);
	ck_assert_int_eq(add(r, "GET", "/a%2fb", "slash"), 0);
	ck_assert_int_eq(add(r, "GET", "/a/b", "two"), 0);
	ck_assert_int_eq(add(r, "GET", "/caf\xc3\xa9", "coffee"), 0);
	ck_assert_int_eq(add(r, "GET", "/caf%C3%A9", "coffee"), -EEXIST);
	ck_assert_int_eq(add(r, "GET", "/100%25", "all"), 0);
	ck_assert_int_eq(add(r, "GET", "/p/{x}", "p"), 0);
	ck_assert_int_eq(add(r, "GET", "/%2A", "star"), 0);
	TOLD("GET", "/%61dmin", "admin");
	TOLD("GET", "/%61dmi%6E", "admin");
	TOLD("GET", "/a%2Fb", "slash");
	TOLD("GET", "/a%2fb", "slash");
	TOLD("GET", "/a/b", "two");
	TOLD("GET", "/caf%c3%A9", "coffee");
	TOLD("GET", "/100%25", "all");
	TOLD("GET", "/100%", "404");
	TOLD("GET", "/100%2", "404");
	TOLD("GET", "/100%2g", "404");
	TOLD("GET", "/admin%00", "404");
	TOLD("GET", "/p/a%2Fb", "p x=a%2Fb");
	TOLD("GET", "/*", "star");
	mummy_http_router_unref(r);
}
END_TEST

START_TEST(bad_patterns_and_conflicts)
{
	static const char *const bad[] = { "", "a", "*", "/a/*/b", "/{}", "/{a", "/a}", "/a{b}", "/{a b}", "/{a}/{a}",
					   "/a*", "/a?b", "/a#b", "/a b", "/a\n", "/%", "/%4", "/%zz", "/\x7f",
					   "/{a}x", "/**" };
	mummy_http_router *r = fresh();
	struct mummy_http_executor none = { 0 };
	struct mummy_http_route route = { .handler = handler };
	char deep[3 * 64];
	size_t n = 0;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		ck_assert_int_eq(add(r, "GET", bad[i], "bad"), -EINVAL);
	ck_assert_int_eq(add(r, "", "/a", "bad"), -EINVAL);
	ck_assert_int_eq(add(r, "GE T", "/a", "bad"), -EINVAL);
	ck_assert_int_eq(mummy_http_router_add(r, "GET", "/a", &(struct mummy_http_route){ 0 }), -EINVAL);
	route.executor = &none;
	ck_assert_int_eq(mummy_http_router_add(r, "GET", "/a", &route), -EINVAL);
	route.executor = NULL;
	route.flags = 1u << 20;
	ck_assert_int_eq(mummy_http_router_add(r, "GET", "/a", &route), -EINVAL);
	route.flags = 0;
	route.reserved[2] = 1;
	ck_assert_int_eq(mummy_http_router_add(r, "GET", "/a", &route), -EINVAL);
	for (int i = 0; i <= MHTTP_MAX_SEGMENTS; i++)
		n += (size_t)sprintf(deep + n, "/x");
	ck_assert_int_eq(add(r, "GET", deep, "deep"), -EINVAL);
	deep[n - 2] = '\0';
	ck_assert_int_eq(add(r, "GET", deep, "deep"), 0);
	TOLD("GET", deep, "deep");
	n = 0;
	for (int i = 0; i <= MHTTP_MAX_PARAMS; i++)
		n += (size_t)sprintf(deep + n, "/{p%d}", i);
	ck_assert_int_eq(add(r, "GET", deep, "deep"), -EINVAL);
	TOLD("GET", "/a", "404");
	ck_assert_int_eq(add(r, "GET", "/a", "a"), 0);
	ck_assert_int_eq(add(r, "GET", "/a", "a"), -EEXIST);
	ck_assert_int_eq(add(r, NULL, "/a", "a"), 0);
	ck_assert_int_eq(add(r, NULL, "/a", "a"), -EEXIST);
	mhttp_router_freeze(r);
	ck_assert_int_eq(add(r, "GET", "/b", "b"), -EBUSY);
	mummy_http_router_unref(r);
	mummy_http_router_unref(NULL);
}
END_TEST

static int submit(void *ctx, void (*run)(void *arg), void *arg)
{
	(void)ctx;
	run(arg);
	return 0;
}

START_TEST(the_executor_is_copied)
{
	mummy_http_router *r = fresh();
	struct mummy_http_executor executor = { .submit = submit, .ctx = &executor };
	struct mummy_http_route route = { handler, NULL, MUMMY_HTTP_STREAM, 77, &executor, NULL, { 0 } };
	struct mhttp_match m;

	ck_assert_int_eq(mummy_http_router_add(r, "GET", "/a", &route), 0);
	memset(&executor, 0x5a, sizeof executor);
	memset(&route, 0x5a, sizeof route);
	ck_assert_ptr_eq(mummy_http_router_ref(r), r);
	mummy_http_router_unref(r);
	m = find(r, "GET", "/a");
	ck_assert_int_eq(m.status, 0);
	ck_assert(m.route->executor->submit == submit);
	ck_assert_ptr_eq(m.route->executor->ctx, &executor);
	ck_assert_uint_eq(m.route->max_body_bytes, 77);
	ck_assert_uint_eq(m.route->flags, MUMMY_HTTP_STREAM);
	mummy_http_router_unref(r);
}
END_TEST

START_TEST(a_large_table)
{
	enum { N = 3000 };
	mummy_http_router *r = fresh();
	char (*names)[48] = calloc(N, sizeof *names);
	char path[64], expected[128];

	for (int i = 0; i < N; i++) {
		int at = (i * 1237) % N;

		snprintf(names[at], sizeof names[at], "/api/v%d/thing%d/{id}/part%d", at % 7, at, at % 3);
		ck_assert_int_eq(add(r, "GET", names[at], names[at]), 0);
	}
	for (int i = 0; i < N; i++) {
		snprintf(path, sizeof path, "/api/v%d/thing%d/%d/part%d", i % 7, i, i * 3, i % 3);
		snprintf(expected, sizeof expected, "%s id=%d", names[i], i * 3);
		TOLD("GET", path, expected);
		TOLD("POST", path, "405 GET, HEAD, OPTIONS");
		path[strlen(path) - 1] = '9';
		TOLD("GET", path, "404");
	}
	mummy_http_router_unref(r);
	free(names);
}
END_TEST

/* A tree in which every level offers both ways and only the end says no. */
START_TEST(going_back_is_bounded)
{
	mummy_http_router *r = fresh();
	char pattern[128], path[64 * 1024];
	size_t n;

	for (unsigned bits = 0; bits < 1u << 10; bits++) {
		n = 0;
		for (int i = 0; i < 10; i++)
			n += bits >> i & 1 ? (size_t)sprintf(pattern + n, "/{p%d}", i) : (size_t)sprintf(pattern + n, "/a");
		sprintf(pattern + n, "/end");
		ck_assert_int_eq(add(r, "GET", pattern, "found"), 0);
	}
	for (int i = 0; i < 1000; i++)
		TOLD("GET", "/a/a/a/a/a/a/a/a/a/a/no", "404");
	TOLD("GET", "/a/a/a/a/a/a/a/a/a/a/end", "found");
	TOLD("GET", "/b/a/a/a/a/a/a/a/a/a/end", "found p0=b");
	memset(path, '/', sizeof path - 1);
	path[sizeof path - 1] = '\0';
	TOLD("GET", path, "404");
	mummy_http_router_unref(r);
}
END_TEST

SUITE_MAIN("http/router", specific_before_general_in_any_order, slashes_are_literal_and_parameters_not_empty,
	   methods, the_path_goes_before_the_method, known_methods, names_belong_to_the_route, encoded_octets,
	   bad_patterns_and_conflicts, the_executor_is_copied, a_large_table, going_back_is_bounded)
