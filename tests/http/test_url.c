#include <config.h>
#include "suite.h"
#include "split.h"
#include <errno.h>
#include <mummy/http-parser.h>

static void add(char *out, const char *name, struct mummy_http_span s)
{
	if (s.p)
		sprintf(out + strlen(out), "%s<%.*s>", name, (int)s.n, s.p);
}

static const char *split(const char *text, char *out)
{
	size_t n = strlen(text);
	char *copy = split_copy(text, n);
	struct mummy_http_span s = {copy, n};
	struct mummy_http_url u;
	int rc = mummy_http_url_split(s, &u);

	*out = '\0';
	if (rc == 0) {
		add(out, "s", u.scheme);
		add(out, "u", u.userinfo);
		add(out, "h", u.host);
		add(out, "p", u.port);
		add(out, "/", u.path);
		add(out, "?", u.query);
		add(out, "#", u.fragment);
	} else {
		ck_assert_int_eq(rc, -EBADMSG);
		strcpy(out, "!");
	}
	free(copy);
	return out;
}

START_TEST(parts_of_a_url)
{
	static const struct {
		const char *url, *want;
	} cases[] = {
	    {"http://a/b?c#d", "s<http>h<a>/</b>?<c>#<d>"},
	    {"http://u:p@a:80/b/c;d?e=f/?g#h?/", "s<http>u<u:p>h<a>p<80>/</b/c;d>?<e=f/?g>#<h?/>"},
	    {"http://a,b/c,d?e,f#g,h", "s<http>h<a,b>/</c,d>?<e,f>#<g,h>"},
	    {"http://a", "s<http>h<a>/<>"},
	    {"http://a:", "s<http>h<a>p<>/<>"},
	    {"http://a?b", "s<http>h<a>/<>?<b>"},
	    {"http://a?", "s<http>h<a>/<>?<>"},
	    {"http://a#", "s<http>h<a>/<>#<>"},
	    {"http://[::1]:8080/", "s<http>h<[::1]>p<8080>/</>"},
	    {"http://@a", "s<http>u<>h<a>/<>"},
	    {"file:///a", "s<file>h<>/</a>"},
	    {"mailto:a@b", "s<mailto>/<a@b>"},
	    {"a+b-c.1:", "s<a+b-c.1>/<>"},
	    {"//a/b", "h<a>/</b>"},
	    {"/a:b", "/</a:b>"},
	    {"a/b:c", "/<a/b:c>"},
	    {"./a:b", "/<./a:b>"},
	    {"?a", "/<>?<a>"},
	    {"#a", "/<>#<a>"},
	    {"", "/<>"},
	    {"/%41%zz", "!"},
	    {"/%4", "!"},
	    {"/a b", "!"},
	    {"/a\tb", "!"},
	    {"/\303\244", "!"},
	    {"/<", "!"},
	    {"/a[b]", "!"},
	    {"/\\", "!"},
	    {"/a|b", "!"},
	    {"/a\"", "!"},
	    {"/a^b", "!"},
	    {"/a`b", "!"},
	    {"/{a}", "!"},
	    {"?a[]", "!"},
	    {"#a#b", "!"},
	    {"1a:b", "!"},
	    {":a", "!"},
	    {"a_b:c", "!"},
	    {"http://a:b/", "!"},
	    {"http://a:1:2/", "!"},
	    {"http://[::1/", "!"},
	    {"http://[::1]x/", "!"},
	    {"http://a]/", "!"},
	    {"http://a@b@c/", "!"},
	    {"http://[]/", "!"},
	    {"http://a b/", "!"},
	    {"http://[a%20]/", "!"},
	};
	char out[256];

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		ck_assert_msg(!strcmp(split(cases[i].url, out), cases[i].want), "%s: %s, not %s",
			      cases[i].url, out, cases[i].want);
}
END_TEST

START_TEST(octets_of_zero_are_refused)
{
	static const char *const places[] = {"a\0b", "//a\0b", "/\0?", "?\0", "#\0"};

	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
		struct mummy_http_span s = {places[i], i < 2 ? 3 + 2 * i : i < 3 ? 3 : 2};
		struct mummy_http_url u;

		ck_assert_int_eq(mummy_http_url_split(s, &u), -EBADMSG);
	}
}
END_TEST

SUITE_MAIN("http/url", parts_of_a_url, octets_of_zero_are_refused)
