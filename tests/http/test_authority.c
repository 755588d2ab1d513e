#include <config.h>
#include "suite.h"
#include "split.h"
#include "parse.h"

static int is_ok(const char *text)
{
	char *copy = split_copy(text, strlen(text));
	struct mummy_http_span s = {copy, strlen(text)};
	int ok = mhttp_authority_ok(s);

	free(copy);
	return ok;
}

START_TEST(a_host_and_maybe_a_port)
{
	static const char *const good[] = {
	    "a",
	    "a:80",
	    "a:",
	    "a:0",
	    "a:65535",
	    "a:9999",
	    "a:59999",
	    "a:60000",
	    "127.0.0.1:18081",
	    "example.com:65000",
	    "a:00080",
	    "127.0.0.1",
	    "127.0.0.1:1",
	    "[::1]",
	    "[::1]:80",
	    "[::1]:",
	    "[2001:db8::192.0.2.1]",
	    "[v1.a:b!]",
	    "[V9.x]",
	    "a-b_c.d~e",
	    "!$&'()*+;=",
	    "a%2Fb",
	    "%41",
	    "xn--a.example.",
	};
	static const char *const bad[] = {
	    "",        ":",           ":80",
	    "a:b",     "a:80x",       "a:-1",
	    "a:70000", "a:99999", "127.0.0.1:65536", "1:a:5", "abcdefgh:ijkl:8080", "ab/cd:80", "abc\177:80",
	    "a:+1",    "a:65536",     "a:99999999999999999999",
	    "a:80:80", "a b",         "a/",
	    "a?",      "a#",          "a@b",
	    "a\\b",    "a\"",         "a<",
	    "a[",      "a]",          "[",
	    "[]",      "[:",          "[::1",
	    "[::1]a",  "[::1]80",     "[g::]",
	    "[v]",     "[::1%25en0]", "%",
	    "a%",      "a%4",         "a%4g",
	    "a\001",   "a\177",       "\303\244",
	    "[a b]",   "::1",       "a,b",
	    "a,a",     ",",         "a:80,b:80",
	};

	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		ck_assert_msg(is_ok(good[i]), "%s", good[i]);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		ck_assert_msg(!is_ok(bad[i]), "%s", bad[i]);
}
END_TEST

SUITE_MAIN("http/authority", a_host_and_maybe_a_port)
