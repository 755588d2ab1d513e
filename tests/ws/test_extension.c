#include <config.h>
#include <errno.h>
#include <stdio.h>
#include "suite.h"
#include "head.h"
#include "extension.h"

#define NAME "Sec-WebSocket-Extensions"

/* The words as text: "name{param=value;param}". */
static int read_all(struct head h, char *out, size_t size)
{
	struct mummy_ws_handshake_request req = head_request(&h);
	struct mws_ext x = { .req = &req };
	size_t n = 0;
	int w;

	out[0] = '\0';
	while ((w = mws_ext_next(&x)) > 0) {
		n += (size_t)snprintf(out + n, size - n, "%s%.*s", w == MWS_EXT_NAME ? " " : ";", (int)x.name.len, x.name.at);
		if (x.has_value)
			n += (size_t)snprintf(out + n, size - n, "=%.*s", (int)(x.nvalue < 8 ? x.nvalue : 8), x.value);
	}
	return w;
}

START_TEST(lists_with_parameters_over_several_lines)
{
	char out[500];

	ck_assert_int_eq(read_all((struct head){ { { NAME, " ,a ; b=1;c = \"2\" , ,d" }, { "x-other", "no" },
						   { NAME, "" }, { NAME, "e;f=\"\\g,h\"" } } }, out, sizeof out), -EPROTO);
	ck_assert_str_eq(out, " a;b=1;c=2 d e");
	ck_assert_int_eq(read_all((struct head){ { { NAME, " ,a ; b=1;c = \"2\" , ,d" }, { "x-other", "no" },
						   { NAME, "" }, { NAME, "e;f=\"\\g\"\t, h" } } }, out, sizeof out), 0);
	ck_assert_str_eq(out, " a;b=1;c=2 d e;f=g h");
	ck_assert_int_eq(read_all((struct head){ { { "x-other", "no" } } }, out, sizeof out), 0);
	ck_assert_str_eq(out, "");
	ck_assert_int_eq(read_all((struct head){ { { NAME, "a;b=0123456789" } } }, out, sizeof out), 0);
	ck_assert_str_eq(out, " a;b=01234567");
}
END_TEST

START_TEST(what_is_malformed_is_an_error)
{
	static const char *const bad[] = { ";", "a;", "a;;b", "a b", "a;b=", "a;b=\"", "a;b=\"\"", "a;b=\"x", "a;b=\"x y\"",
					   "a;b=\"\\", "=", "a=b", "a;=b", "a;b=c d", "a;b=\"c\"d", "\"a\"", "a,b;/" };
	char out[500];

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		ck_assert_int_eq(read_all((struct head){ { { NAME, bad[i] } } }, out, sizeof out), -EPROTO);
}
END_TEST

SUITE_MAIN("ws/extension", lists_with_parameters_over_several_lines, what_is_malformed_is_an_error)
