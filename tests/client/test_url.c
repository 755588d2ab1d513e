#include <config.h>
#include <errno.h>
#include <stdlib.h>
#include "suite.h"
#include "url.h"

START_TEST(test_endpoint_keeps_logins_apart)
{
	struct endpoint e;

	ck_assert_int_eq(url_endpoint(&e, "https://me:a%40b@example.com:8443/files/?k=v#there"), 0);
	ck_assert_str_eq(e.url, "https://example.com:8443/files/?k=v");
	ck_assert_str_eq(e.login, "me:a@b");
	endpoint_free(&e);
	ck_assert_int_eq(url_endpoint(&e, "http://me@example.com/files/"), 0);
	ck_assert_str_eq(e.url, "http://example.com/files/");
	ck_assert_str_eq(e.login, "me:");
	endpoint_free(&e);
	ck_assert_int_eq(url_endpoint(&e, "http://[::1]:80/"), 0);
	ck_assert_str_eq(e.url, "http://[::1]/");
	ck_assert_ptr_null(e.login);
	endpoint_free(&e);
}
END_TEST

START_TEST(test_endpoint_is_of_the_web)
{
	static const char *const bad[] = { "ftp://a/",        "file:///etc/passwd", "http://",
					   "http://a:99999/", "http://a b/",        "" };
	struct endpoint e;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		ck_assert_int_eq(url_endpoint(&e, bad[i]), -EINVAL);
}
END_TEST

static void leads(const char *endpoint, const char *location, const char *to)
{
	char *out = NULL;

	ck_assert_int_eq(url_resolve(&out, endpoint, location), 0);
	ck_assert_str_eq(out, to);
	free(out);
}

START_TEST(test_locations)
{
	leads("http://a:81/files/", "/files/1", "http://a:81/files/1");
	leads("http://a/files/", "1", "http://a/files/1");
	leads("http://a/files/", "//b/1", "http://b/1");
	leads("http://a/files/", "http://b:82/1?t=k", "http://b:82/1?t=k");
	leads("http://a/files/", "https://b/1", "https://b/1");
	leads("http://a/files/", "http://x:y@b/1", "http://b/1");
}
END_TEST

/* As a server behind a proxy that ends TLS sees itself. */
START_TEST(test_https_is_kept)
{
	char *out = NULL;

	leads("https://a/files/", "http://a/files/1", "https://a/files/1");
	leads("https://a:8443/files/", "http://a/files/1", "https://a:8443/files/1");
	leads("https://a/files/", "http://a:8080/files/1", "https://a/files/1");
	leads("https://a/files/", "https://b/1", "https://b/1");
	ck_assert_int_eq(url_resolve(&out, "https://a/files/", "http://b/1"), -EPERM);
	ck_assert_int_eq(url_resolve(&out, "https://a/files/", "file:///etc/passwd"), -EINVAL);
	ck_assert_int_eq(url_resolve(&out, "https://a/files/", ""), -EINVAL);
	ck_assert_ptr_null(out);
}
END_TEST

START_TEST(test_same_site)
{
	ck_assert(url_same_site("http://a/x", "http://A:80/y?z"));
	ck_assert(url_same_site("https://a:443/x", "https://a/"));
	ck_assert(!url_same_site("http://a/", "https://a/"));
	ck_assert(!url_same_site("http://a/", "http://a:81/"));
	ck_assert(!url_same_site("http://a/", "http://b/"));
	ck_assert(!url_same_site("http://a/", ""));
	ck_assert(!url_same_site("", ""));
}
END_TEST

SUITE_MAIN("url", test_endpoint_keeps_logins_apart, test_endpoint_is_of_the_web, test_locations,
	   test_https_is_kept, test_same_site)
