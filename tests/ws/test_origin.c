#include <config.h>
#include "suite.h"
#include "origin.h"

static int is(const char *origin, const char *host)
{
	return mws_origin_is_host((struct mws_span){ origin, strlen(origin) }, (struct mws_span){ host, strlen(host) });
}

START_TEST(the_same_host_and_port)
{
	ck_assert(is("http://example.com", "example.com"));
	ck_assert(is("HTTP://Example.Com", "example.COM"));
	ck_assert(is("https://example.com", "example.com"));
	ck_assert(is("http://example.com:80", "example.com"));
	ck_assert(is("http://example.com", "example.com:80"));
	ck_assert(is("https://example.com", "example.com:443"));
	ck_assert(is("http://127.0.0.1:8080", "127.0.0.1:8080"));
	ck_assert(is("http://[::1]:8080", "[::1]:8080"));
}
END_TEST

START_TEST(another)
{
	static const char *const other[] = { "", "null", "http://", "http://example.com.evil", "http://evil.example.com",
					     "http://example.com:8080", "https://example.com:80", "ftp://example.com",
					     "http://example.com/", "example.com", "http:example.com", "http://example.co" };

	for (size_t i = 0; i < sizeof other / sizeof other[0]; i++)
		ck_assert(!is(other[i], "example.com"));
	ck_assert(!is("http://example.com", ""));
	ck_assert(!is("http://", ""));
	ck_assert(!is("http://example.com", "example.com:443"));
}
END_TEST

SUITE_MAIN("ws/origin", the_same_host_and_port, another)
