#include <config.h>
#include "use.h"

SERVE_TEST(the_first_that_is_not_trusted_is_the_client)
{
	static const struct { const char *fields, *seen; } cases[] = {
		{ "", "127.0.0.1 http a -" },
		{ "X-Forwarded-For: 192.0.2.1\r\n", "192.0.2.1 http a -" },
		{ "X-Forwarded-For: 198.51.100.9, 192.0.2.1\r\n", "192.0.2.1 http a -" },
		{ "X-Forwarded-For: 198.51.100.9, 192.0.2.1, 10.1.2.3\r\n", "192.0.2.1 http a -" },
		{ "X-Forwarded-For: 198.51.100.9, 192.0.2.1\r\nX-Forwarded-For: 10.255.0.1, ::1\r\n",
		  "192.0.2.1 http a -" },
		{ "X-Forwarded-For: 10.0.0.1, 10.0.0.2\r\n", "10.0.0.1 http a -" },
		{ "X-Forwarded-For: 192.0.2.1:1234\r\n", "192.0.2.1 http a -" },
		{ "X-Forwarded-For: 2001:db8::7\r\n", "2001:db8::7 http a -" },
		{ "X-Forwarded-For: [2001:db8::7]:99\r\n", "2001:db8::7 http a -" },
		{ "X-Forwarded-For: nonsense\r\n", "127.0.0.1 http a -" },
		{ "X-Forwarded-For: 192.0.2.1, nonsense, 10.0.0.1\r\n", "10.0.0.1 http a -" },
		{ "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: b:81\r\n",
		  "192.0.2.1 https b:81 -" },
		{ "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: ftp\r\nX-Forwarded-Host: b c\r\n",
		  "192.0.2.1 http a -" },
		{ "Forwarded: for=192.0.2.1;proto=https;host=\"c:1\"\r\n", "192.0.2.1 https c:1 -" },
		{ "Forwarded: for=198.51.100.1;host=evil, For=\"[2001:db8::7]:80\";host=d\r\n", "2001:db8::7 http d -" },
		{ "Forwarded: for=unknown\r\n", "127.0.0.1 http a -" },
		/* what the client said to a proxy that writes only the other */
		{ "Forwarded: for=198.51.100.9;host=evil\r\nX-Forwarded-For: 192.0.2.1\r\n", "192.0.2.1 http a -" },
		{ "Forwarded: for=\"_hidden\"\r\n", "127.0.0.1 http a -" },
		{ "Forwarded: for=192.0.2.1, for=\"unclosed\r\n", NULL },
	};
	struct serve s;

	use_init(&s, poller);
	ck_assert_int_eq(mummy_http_use_forwarded(s.router, "127.0.0.0/8, 10.0.0.0/8,::1"), 0);
	serve_start(&s);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		use_expect(&s, "GET /", cases[i].fields, 200, cases[i].seen);
		use_expect(&s, "GET /inline", cases[i].fields, 200, cases[i].seen);
	}
	serve_stop(&s);
}

/* A proxy writes one kind, and lets through what a client said in the other. */
SERVE_TEST(one_kind_of_fields_may_be_believed_alone)
{
	static const char forged[] = "Forwarded: for=192.0.2.1\r\nX-Forwarded-For: 198.51.100.9\r\n";
	struct serve s;

	use_init(&s, poller);
	ck_assert_int_eq(mummy_http_use_forwarded(s.router, "127.0.0.1, forwarded"), 0);
	serve_start(&s);
	use_expect(&s, "GET /", forged, 200, "192.0.2.1 http a -");
	use_expect(&s, "GET /", "X-Forwarded-For: 198.51.100.9\r\n", 200, "127.0.0.1 http a -");
	serve_stop(&s);

	use_init(&s, poller);
	ck_assert_int_eq(mummy_http_use_forwarded(s.router, "X-Forwarded,127.0.0.1"), 0);
	serve_start(&s);
	use_expect(&s, "GET /", forged, 200, "198.51.100.9 http a -");
	use_expect(&s, "GET /", "Forwarded: for=192.0.2.1\r\n", 200, "127.0.0.1 http a -");
	serve_stop(&s);
}

SERVE_TEST(who_is_not_trusted_is_not_believed)
{
	struct serve s;

	use_init(&s, poller);
	ck_assert_int_eq(mummy_http_use_forwarded(s.router, "127.0.0.2, 128.0.0.0/1, unix"), 0);
	serve_start(&s);
	use_expect(&s, "GET /", "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: https\r\n", 200,
		   "127.0.0.1 http a -");
	serve_stop(&s);
}

START_TEST(lists_are_checked)
{
	static const char *const bad[] = { "x", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/8x", "::1/129",
					   "10.0.0", "10.0.0.0/8 ::1" };
	mummy_http_router *r;

	ck_assert_int_eq(mummy_http_router_new(&r), 0);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		ck_assert_int_eq(mummy_http_use_forwarded(r, bad[i]), -EINVAL);
	ck_assert_int_eq(mummy_http_use_forwarded(r, NULL), -EINVAL);
	ck_assert_int_eq(mummy_http_use_forwarded(r, "0.0.0.0/0,::/0"), 0);
	mummy_http_router_unref(r);
}
END_TEST

SUITE_MAIN("http/use_forwarded", the_first_that_is_not_trusted_is_the_client,
	   one_kind_of_fields_may_be_believed_alone, who_is_not_trusted_is_not_believed, lists_are_checked)
