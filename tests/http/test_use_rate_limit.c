#include <config.h>
#include "use.h"

/* So slow that no bucket fills up again while the test runs. */
SERVE_TEST(a_client_has_its_burst_and_no_more)
{
	const struct mummy_http_rate rate = { .requests = 1, .seconds = 100000, .burst = 3 };
	char from[80];
	struct serve s;
	struct heard h;

	use_init(&s, poller);
	ck_assert_int_eq(mummy_http_use_forwarded(s.router, "127.0.0.1"), 0);
	ck_assert_int_eq(mummy_http_use_rate_limit(s.router, "/", &rate), 0);
	serve_start(&s);
	for (int i = 0; i < 3; i++)
		use_expect(&s, i == 1 ? "GET /none" : "GET /", "", i == 1 ? 404 : 200, NULL);
	use_ask(&s, &h, "GET /", "");
	ck_assert_int_eq(h.status, 429);
	ck_assert_int_gt(atoi(heard_field(&h, "Retry-After")), 90000);
	free(h.body);
	use_expect(&s, "GET /inline", "", 429, NULL);
	/* others have their own */
	use_expect(&s, "GET /", "X-Forwarded-For: 192.0.2.1\r\n", 200, NULL);
	/* the addresses of one IPv6 network are one client */
	for (int i = 0; i < 4; i++) {
		snprintf(from, sizeof from, "X-Forwarded-For: 2001:db8:0:1::%d\r\n", i + 1);
		use_expect(&s, "GET /", from, i < 3 ? 200 : 429, NULL);
	}
	use_expect(&s, "GET /", "X-Forwarded-For: 2001:db8:0:2::1\r\n", 200, NULL);
	/* the octets of this address are those of 2001:db8:: */
	for (int i = 0; i < 4; i++)
		use_expect(&s, "GET /", "X-Forwarded-For: 32.1.13.184\r\n", i < 3 ? 200 : 429, NULL);
	use_expect(&s, "GET /", "X-Forwarded-For: 2001:db8::1\r\n", 200, NULL);
	serve_stop(&s);
}

/* A flood of addresses does not let the one go that has used up its requests. */
SERVE_TEST(the_calm_are_forgotten_first)
{
	const struct mummy_http_rate rate = { .requests = 1, .seconds = 100000, .burst = 2, .clients = 1 };
	char from[80];
	struct serve s;

	use_init(&s, poller);
	ck_assert_int_eq(mummy_http_use_forwarded(s.router, "127.0.0.1"), 0);
	ck_assert_int_eq(mummy_http_use_rate_limit(s.router, "/", &rate), 0);
	serve_start(&s);
	for (int i = 0; i < 3; i++)
		use_expect(&s, "GET /", "X-Forwarded-For: 192.0.2.1\r\n", i < 2 ? 200 : 429, NULL);
	for (int i = 0; i < 50; i++) {
		snprintf(from, sizeof from, "X-Forwarded-For: 10.0.0.%d\r\n", i);
		use_expect(&s, "GET /", from, 200, NULL);
	}
	use_expect(&s, "GET /", "X-Forwarded-For: 192.0.2.1\r\n", 429, NULL);
	serve_stop(&s);
}

START_TEST(options_are_checked)
{
	struct mummy_http_rate rate = { .clients = UINT32_MAX };
	mummy_http_router *r;

	ck_assert_int_eq(mummy_http_router_new(&r), 0);
	ck_assert_int_eq(mummy_http_use_rate_limit(r, "/", NULL), 0);
	ck_assert_int_eq(mummy_http_use_rate_limit(r, "/", &rate), -EINVAL);
	rate.clients = 0;
	rate.reserved[0] = 1;
	ck_assert_int_eq(mummy_http_use_rate_limit(r, "/", &rate), -EINVAL);
	/* a burst that takes longer than any clock runs */
	rate = (struct mummy_http_rate){ .requests = 1, .seconds = UINT32_MAX, .burst = UINT32_MAX };
	ck_assert_int_eq(mummy_http_use_rate_limit(r, "/", &rate), -EINVAL);
	mummy_http_router_unref(r);
}
END_TEST

SUITE_MAIN("http/use_rate_limit", a_client_has_its_burst_and_no_more, the_calm_are_forgotten_first,
	   options_are_checked)
