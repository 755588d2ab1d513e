#include <config.h>
#include "mummy-common.h"
#include "router.h"
#include "router_tree.h"
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

static void add(mummy_http_router *r, const char *method, const char *pattern)
{
	struct mummy_http_route route = { .handler = handler };

	ck_assert_msg(mummy_http_router_add(r, method, pattern, &route) == 0, "%s", pattern);
}

static struct mhttp_match find(const mummy_http_router *r, const char *host, const char *method, const char *path)
{
	struct mhttp_match m;

	memset(&m, 0, sizeof m);
	mhttp_router_find_at(r, (struct mummy_http_span){ host, host ? strlen(host) : 0 },
			     (struct mummy_http_span){ method, strlen(method) },
			     (struct mummy_http_span){ path, strlen(path) }, &m);
	return m;
}

static void check_same(const struct mhttp_match *a, const struct mhttp_match *b, const char *method, const char *path)
{
	ck_assert_msg(a->route == b->route && a->status == b->status && a->allow == b->allow &&
			      a->nparams == b->nparams,
		      "%s %s", method, path);
	for (unsigned i = 0; i < a->nparams; i++)
		ck_assert(a->params[i].name == b->params[i].name && a->params[i].value.p == b->params[i].value.p &&
			  a->params[i].value.n == b->params[i].value.n);
}

static const char *const hosts[] = { NULL, "one.example", "one.example:8080", "two.example" };
static const char *const methods[] = { "GET", "HEAD", "POST", "OPTIONS", "PURGE", "GETX", "GE" };
static const char *const parts[] = { "", "a", "b", "ab", "a%2Fb", "%61", "100%25", "100%", "a/b", "*",
				     "{x}", "long-literal-of-some-length", "long-literal-of-some-lengtx", "?" };
enum {
	HOSTS = sizeof hosts / sizeof hosts[0], METHODS = sizeof methods / sizeof methods[0],
	PARTS = sizeof parts / sizeof parts[0], PATHS = PARTS * PARTS * PARTS
};

static const char *path_of(unsigned i)
{
	static char path[128];
	int n = snprintf(path, sizeof path, "/%s", parts[i % PARTS]);

	for (i /= PARTS; i; i /= PARTS)
		n += snprintf(path + n, sizeof path - (size_t)n, "/%s", parts[i % PARTS]);
	return path;
}

/* Each path as the tree alone finds it, and then again. */
static void check_paths(mummy_http_router *r)
{
	struct mhttp_match *want = calloc((size_t)PATHS * METHODS * HOSTS, sizeof *want), *m = want;

	ck_assert_ptr_nonnull(want);
	for (int round = 0; round < 2; round++) {
		m = want;
		for (unsigned h = 0; h < HOSTS; h++)
			for (unsigned k = 0; k < METHODS; k++)
				for (unsigned i = 0; i < PATHS; i++, m++) {
					const char *path = path_of(i);
					struct mhttp_match got = find(r, hosts[h], methods[k], path);

					if (round)
						check_same(m, &got, methods[k], path);
					else
						*m = got;
				}
		mhttp_router_freeze(r);
		ck_assert_int_eq(mhttp_router_index(r), 0);
	}
	free(want);
}

START_TEST(found_as_the_tree_finds_them)
{
	mummy_http_router *r = fresh(), *sub = fresh();

	add(r, "GET", "/");
	add(r, "GET", "/a");
	add(r, "POST", "/a");
	add(r, NULL, "/a/b");
	add(r, "GET", "/a%2Fb");
	add(r, "GET", "/100%25");
	add(r, "GET", "/{x}/b");
	add(r, "GET", "/ab/{x}");
	add(r, "GET", "/b/*");
	add(r, "GET", "/a/");
	add(r, "GET", "/long-literal-of-some-length/a/b");
	add(r, "GET", "/long-literal-of-some-length/long-literal-of-some-lengtx");
	ck_assert_int_eq(mummy_http_router_slash(r, MUMMY_HTTP_REDIRECT), 0);
	add(r, "GET", "/ab/a");
	ck_assert_int_eq(mummy_http_router_slash(r, MUMMY_HTTP_SAME), 0);
	add(r, "PURGE", "/ab/b/");
	add(sub, "GET", "/a");
	add(sub, "GET", "/ab/{y}");
	ck_assert_int_eq(mummy_http_router_mount(r, NULL, "/long-literal-of-some-lengtx", sub), 0);
	ck_assert_int_eq(mummy_http_router_mount(r, "one.example", "/", sub), 0);
	check_paths(r);
	mummy_http_router_unref(sub);
	mummy_http_router_unref(r);
}
END_TEST

START_TEST(paths_of_every_length)
{
	mummy_http_router *r = fresh();
	char path[200] = "/";

	for (size_t n = 1; n < sizeof path - 1; n++) {
		add(r, "GET", path);
		path[n] = (char)('a' + n % 26);
	}
	mhttp_router_freeze(r);
	ck_assert_int_eq(mhttp_router_index(r), 0);
	ck_assert_int_eq(mhttp_router_index(r), 0);
	path[1] = 0;
	for (size_t n = 1; n < sizeof path - 1; n++) {
		struct mummy_http_span s = { path, n };
		const struct mhttp_node *node = mhttp_literal_path(&r->site, s);

		ck_assert_ptr_nonnull(node);
		ck_assert_str_eq(node->entries->pattern, path);
		ck_assert_int_eq(find(r, NULL, "GET", path).status, 0);
		/* any other octet anywhere, and it is another path */
		for (size_t i = 1; i < n; i++) {
			char was = path[i];

			path[i] = '_';
			ck_assert_ptr_null(mhttp_literal_path(&r->site, s));
			path[i] = was;
		}
		path[n] = (char)('a' + n % 26);
		path[n + 1] = 0;
	}
	mummy_http_router_unref(r);
}
END_TEST

START_TEST(nothing_to_index)
{
	mummy_http_router *r = fresh();

	mhttp_router_freeze(r);
	ck_assert_int_eq(mhttp_router_index(r), 0);
	ck_assert_int_eq(find(r, NULL, "GET", "/").status, 404);
	mummy_http_router_unref(r);
	r = fresh();
	add(r, "GET", "/{x}");
	mhttp_router_freeze(r);
	ck_assert_int_eq(mhttp_router_index(r), 0);
	ck_assert_int_eq(find(r, NULL, "GET", "/a").status, 0);
	mummy_http_router_unref(r);
}
END_TEST

SUITE_MAIN("http/router_literal", found_as_the_tree_finds_them, paths_of_every_length, nothing_to_index)
