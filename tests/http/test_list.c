#include <config.h>
#include "suite.h"
#include "split.h"
#include <errno.h>
#include <mummy/http-parser.h>

/* An exact copy on the heap, so that a sanitizer sees an octet too many. */
static struct mummy_http_span copied(const char *text)
{
	struct mummy_http_span s = {split_copy(text, strlen(text)), strlen(text)};

	return s;
}

static void let_go(struct mummy_http_span s)
{
	free((char *)(uintptr_t)s.p);
}

/* Items as "item|item|"; "!" at the end: malformed. */
static const char *items(const char *text, char *out)
{
	struct mummy_http_span s = copied(text), rest = s, item;
	int rc;

	*out = '\0';
	while ((rc = mummy_http_list_next(&rest, &item)) == 1)
		sprintf(out + strlen(out), "%.*s|", (int)item.n, item.p);
	ck_assert(rc == 0 || rc == -EBADMSG);
	if (rc < 0)
		strcat(out, "!");
	let_go(s);
	return out;
}

START_TEST(lists)
{
	char out[256];

	ck_assert_str_eq(items("", out), "");
	ck_assert_str_eq(items("a", out), "a|");
	ck_assert_str_eq(items("a,b", out), "a|b|");
	ck_assert_str_eq(items(" \ta ,\t b c , ", out), "a|b c|");
	ck_assert_str_eq(items(",, ,a,,b,", out), "a|b|");
	ck_assert_str_eq(items("a;q=\"x,y\",b", out), "a;q=\"x,y\"|b|");
	ck_assert_str_eq(items("\"a\\\",b\",c", out), "\"a\\\",b\"|c|");
	ck_assert_str_eq(items("a\\,b", out), "a\\|b|");
	ck_assert_str_eq(items("a,\"b", out), "a|!");
	ck_assert_str_eq(items("\"a\\\"", out), "!");
	ck_assert_str_eq(items("\"a\\", out), "!");
}
END_TEST

START_TEST(an_absent_value_is_an_empty_list)
{
	struct mummy_http_span rest = {NULL, 0}, item;
	struct mummy_http_field f;

	ck_assert_int_eq(mummy_http_list_next(&rest, &item), 0);
	ck_assert_int_eq(mummy_http_parameter_next(&rest, &f), 0);
	ck_assert_int_eq(mummy_http_quality(rest, "a"), -ENOENT);
}
END_TEST

static const char *parameters(const char *text, char *out)
{
	struct mummy_http_span s = copied(text), rest = s;
	struct mummy_http_field f;
	int rc;

	*out = '\0';
	while ((rc = mummy_http_parameter_next(&rest, &f)) == 1)
		sprintf(out + strlen(out), f.value.p ? "%.*s=%.*s|" : "%.*s|", (int)f.name.n, f.name.p,
			(int)f.value.n, f.value.p ? f.value.p : "");
	ck_assert(rc == 0 || rc == -EBADMSG);
	if (rc < 0)
		strcat(out, "!");
	let_go(s);
	return out;
}

START_TEST(parameters_of_a_value)
{
	char out[256];

	ck_assert_str_eq(parameters("text/html; charset=utf-8", out), "text/html|charset=utf-8|");
	ck_assert_str_eq(parameters("form-data;name=\"a;b=\\\"c\" ; filename=\"\"", out),
			 "form-data|name=\"a;b=\\\"c\"|filename=\"\"|");
	ck_assert_str_eq(parameters(" ; a ;; b = c;d=", out), "a|b=c|d=|");
	ck_assert_str_eq(parameters("a=b=c", out), "a=b=c|");
	ck_assert_str_eq(parameters("a=\"b", out), "!");
	ck_assert_str_eq(parameters("a;=b", out), "a|!");
}
END_TEST

static const char *unquoted(const char *text, char *out)
{
	struct mummy_http_span s = copied(text);
	char *room = split_copy(text, s.n);
	size_t n = mummy_http_unquote(room, s);

	memcpy(out, room, n);
	out[n] = '\0';
	free(room);
	let_go(s);
	return out;
}

START_TEST(quoted_strings)
{
	char out[64];

	ck_assert_str_eq(unquoted("", out), "");
	ck_assert_str_eq(unquoted("token", out), "token");
	ck_assert_str_eq(unquoted("\"\"", out), "");
	ck_assert_str_eq(unquoted("\"a b\"", out), "a b");
	ck_assert_str_eq(unquoted("\"a\\\"b\\\\c\"", out), "a\"b\\c");
	ck_assert_str_eq(unquoted("\"", out), "\"");
	ck_assert_str_eq(unquoted("\"a\\\"", out), "a\\");
}
END_TEST

static int quality(const char *text, const char *token)
{
	struct mummy_http_span s = copied(text);
	int q = mummy_http_quality(s, token);

	let_go(s);
	return q;
}

START_TEST(weights)
{
	static const char text[] = "gzip\0x";
	const struct mummy_http_span zero = {text, sizeof text - 1};
	char *token = split_copy("gzip", 5);

	ck_assert_int_eq(quality("gzip", "gzip"), 1000);
	ck_assert_int_eq(mummy_http_quality(zero, token), -ENOENT);
	free(token);
	ck_assert_int_eq(quality("GZip", "gzIP"), 1000);
	ck_assert_int_eq(quality("deflate, gzip;q=0.5", "gzip"), 500);
	ck_assert_int_eq(quality("gzip;q=0.123", "gzip"), 123);
	ck_assert_int_eq(quality("gzip ; Q=0.1", "gzip"), 100);
	ck_assert_int_eq(quality("gzip;q=0", "gzip"), 0);
	ck_assert_int_eq(quality("gzip;q=0.", "gzip"), 0);
	ck_assert_int_eq(quality("gzip;q=0.000", "gzip"), 0);
	ck_assert_int_eq(quality("gzip;q=1.000", "gzip"), 1000);
	ck_assert_int_eq(quality("*", "gzip"), 1000);
	ck_assert_int_eq(quality("*;q=0.2, gzip;q=0.7", "gzip"), 700);
	ck_assert_int_eq(quality("*;q=0.2, gzip;q=0.7", "br"), 200);
	ck_assert_int_eq(quality("gzip;q=0, *", "gzip"), 0);
	ck_assert_int_eq(quality("", "gzip"), -ENOENT);
	ck_assert_int_eq(quality("x-gzip, gzipx", "gzip"), -ENOENT);
	/* malformed weights do not ask for anything */
	ck_assert_int_eq(quality("gzip;q=", "gzip"), 0);
	ck_assert_int_eq(quality("gzip;q", "gzip"), 0);
	ck_assert_int_eq(quality("gzip;q=2", "gzip"), 0);
	ck_assert_int_eq(quality("gzip;q=-1", "gzip"), 0);
	ck_assert_int_eq(quality("gzip;q=1.001", "gzip"), 0);
	ck_assert_int_eq(quality("gzip;q=0.1234", "gzip"), 0);
	ck_assert_int_eq(quality("gzip;q=.5", "gzip"), 0);
	ck_assert_int_eq(quality("br, \"gzip", "gzip"), -EBADMSG);
}
END_TEST

SUITE_MAIN("http/list", lists, an_absent_value_is_an_empty_list, parameters_of_a_value, quoted_strings,
	   weights)
