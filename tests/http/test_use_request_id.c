#include <config.h>
#include "use.h"

static void id_of(struct serve *s, const char *path, const char *fields, char out[80])
{
	struct heard h;
	const char *id;

	use_ask(s, &h, path, fields);
	id = heard_field(&h, "X-Request-Id");
	ck_assert_ptr_nonnull(id);
	snprintf(out, 80, "%.79s", id);
	if (h.status == 200)
		ck_assert_ptr_nonnull(strstr(h.body, out));
	free(h.body);
}

SERVE_TEST(each_request_has_one)
{
	char a[80], b[80];
	struct serve s;

	use_init(&s, poller);
	ck_assert_int_eq(mummy_http_use_request_id(s.router), 0);
	serve_start(&s);
	id_of(&s, "GET /", "", a);
	id_of(&s, "GET /inline", "", b);
	ck_assert_uint_eq(strlen(a), 16);
	ck_assert_str_ne(a, b);
	id_of(&s, "GET /none", "", b);
	ck_assert_uint_eq(strlen(b), 16);
	id_of(&s, "GET /", "X-Request-Id: aZ-0._\r\n", a);
	ck_assert_str_eq(a, "aZ-0._");
	id_of(&s, "GET /", "X-Request-Id: \"quoted\"\r\n", a);
	ck_assert_uint_eq(strlen(a), 16);
	id_of(&s, "GET /", "X-Request-Id: 123456789012345678901234567890123456789012345678901234567890abcde\r\n", a);
	ck_assert_uint_eq(strlen(a), 16);
	serve_stop(&s);
}

SUITE_MAIN("http/use_request_id", each_request_has_one)
