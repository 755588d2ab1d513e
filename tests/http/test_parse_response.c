#include <config.h>
#include "suite.h"
#include "split.h"
#include <errno.h>
#include <mummy/http-parser.h>

static const struct {
	const char *head, *method;
	int rc_ok, status, framing, length, keep_alive;
	const char *reason;
} cases[] = {
    {"HTTP/1.1 200 OK\r\n\r\n", "GET", 1, 200, MUMMY_HTTP_UNTIL_CLOSE, 0, 0, "OK"},
    {"HTTP/1.1 200 \r\n\r\n", "GET", 1, 200, MUMMY_HTTP_UNTIL_CLOSE, 0, 0, ""},
    {"HTTP/1.1 200\r\n\r\n", "GET", 1, 200, MUMMY_HTTP_UNTIL_CLOSE, 0, 0, ""},
    {"HTTP/1.1 404 Not \303\244\tFound\r\nContent-Length: 5\r\n\r\n", "GET", 1, 404, MUMMY_HTTP_LENGTH, 5, 1,
     "Not \303\244\tFound"},
    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "HEAD", 1, 200, MUMMY_HTTP_NO_BODY, 5, 1, "OK"},
    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", NULL, 1, 200, MUMMY_HTTP_LENGTH, 5, 1, "OK"},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "GET", 1, 200, MUMMY_HTTP_CHUNKED, 0, 1, "OK"},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "HEAD", 1, 200, MUMMY_HTTP_NO_BODY, 0, 1, "OK"},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "CONNECT", 1, 200, MUMMY_HTTP_NO_BODY, 0, 1,
     "OK"},
    {"HTTP/1.1 404 No\r\nTransfer-Encoding: chunked\r\n\r\n", "CONNECT", 1, 404, MUMMY_HTTP_CHUNKED, 0, 1,
     "No"},
    {"HTTP/1.1 204 No\r\nConnection: close\r\n\r\n", "GET", 1, 204, MUMMY_HTTP_NO_BODY, 0, 0, "No"},
    {"HTTP/1.1 304 No\r\nContent-Length: 9\r\n\r\n", "GET", 1, 304, MUMMY_HTTP_NO_BODY, 9, 1, "No"},
    {"HTTP/1.1 100 Continue\r\n\r\n", "GET", 1, 100, MUMMY_HTTP_NO_BODY, 0, 1, "Continue"},
    {"HTTP/1.1 101 Up\r\nUpgrade: x\r\n\r\n", "GET", 1, 101, MUMMY_HTTP_NO_BODY, 0, 1, "Up"},
    {"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n", "GET", 1, 200, MUMMY_HTTP_LENGTH, 5, 0, "OK"},
    {"HTTP/1.0 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\n", "GET", 1, 200,
     MUMMY_HTTP_LENGTH, 5, 1, "OK"},
    {"HTTP/1.1 200 OK\r\nHost: a b\r\nHost: c\r\nContent-Length: 0\r\n\r\n", "GET", 1, 200, MUMMY_HTTP_LENGTH,
     0, 1, "OK"},
    {"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "GET", 0, 0, 0, 0, 0, NULL},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", "GET", 0, 0, 0, 0, 0, NULL},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-encoding: chunked\r\n\r\n", "GET", 0, 0, 0, 0,
     0, NULL},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n", "GET", 0, 0, 0, 0, 0,
     NULL},
    {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "GET", 0, 0, 0, 0, 0, NULL},
    {"HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\n\r\n", "GET", 0, 0, 0, 0, 0, NULL},
    {"HTTP/2.0 200 OK\r\n\r\n", "GET", 0, 0, 0, 0, 0, NULL},
    {"HTTP/1.1 020 OK\r\n\r\n", "GET", 0, 0, 0, 0, 0, NULL},
    {"HTTP/1.1 20 OK\r\n\r\n", "GET", 0, 0, 0, 0, 0, NULL},
    {"HTTP/1.1 2000 OK\r\n\r\n", "GET", 0, 0, 0, 0, 0, NULL},
    {"HTTP/1.1  200 OK\r\n\r\n", "GET", 0, 0, 0, 0, 0, NULL},
    {"HTTP/1.1\t200 OK\r\n\r\n", "GET", 0, 0, 0, 0, 0, NULL},
    {"HTTP/1.1 200 OK\n\r\n", "GET", 0, 0, 0, 0, 0, NULL},
    {"HTTP/1.1 200 O\001K\r\n\r\n", "GET", 0, 0, 0, 0, 0, NULL},
    {"\r\nHTTP/1.1 200 OK\r\n\r\n", "GET", 0, 0, 0, 0, 0, NULL},
    {"http/1.1 200 OK\r\n\r\n", "GET", 0, 0, 0, 0, 0, NULL},
    {"ICY 200 OK\r\n\r\n", "GET", 0, 0, 0, 0, 0, NULL},
    {"HTTP/1.1 200 OK\r\nA : b\r\n\r\n", "GET", 0, 0, 0, 0, 0, NULL},
    {"HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", "GET", 0, 0, 0, 0, 0, NULL},
    {"x\r\n", "GET", 0, 0, 0, 0, 0, NULL},
};

static void check_case(size_t i, size_t at, size_t piece)
{
	struct mummy_http_field fields[8];
	struct mummy_http_head h = {.fields = fields, .max_fields = 8};
	size_t n = strlen(cases[i].head), have = at;
	int rc;

	for (;;) {
		char *copy = split_copy(cases[i].head, have);

		rc = mummy_http_parse_response(&h, copy, have, cases[i].method);
		if (rc > 0)
			ck_assert_msg(h.reason.n == strlen(cases[i].reason) &&
				      !memcmp(h.reason.p, cases[i].reason, h.reason.n), "%s", cases[i].head);
		free(copy);
		if (rc != 0 || have == n)
			break;
		have = n - have < piece ? n : have + piece;
	}
	if (!cases[i].rc_ok) {
		ck_assert_msg(rc == -EBADMSG && h.status == 502, "%d: %s", rc, cases[i].head);
		return;
	}
	ck_assert_msg(rc == (int)n, "%d: %s", rc, cases[i].head);
	ck_assert_int_eq(h.status, cases[i].status);
	ck_assert_msg((int)h.framing == cases[i].framing, "framing: %s", cases[i].head);
	ck_assert_uint_eq(h.content_length, (unsigned)cases[i].length);
	ck_assert_msg(h.keep_alive == cases[i].keep_alive, "keep-alive: %s", cases[i].head);
}

START_TEST(responses_are_framed_by_RFC_9112)
{
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		size_t n = strlen(cases[i].head);

		for (size_t at = 0; at <= n; at++)
			check_case(i, at, n);
		check_case(i, 0, 1);
	}
}
END_TEST

START_TEST(limits_hold_while_incomplete)
{
	struct mummy_http_field field;
	struct mummy_http_head h = {
	    .fields = &field, .max_fields = 1, .max_line_bytes = 20, .max_head_bytes = 40};
	const char *line = "HTTP/1.1 200 0123456789",
		   *head = "HTTP/1.1 200 0\r\nA: 0123456789012345678901234567890";

	ck_assert_int_eq(mummy_http_parse_response(&h, line, strlen(line), "GET"), -EMSGSIZE);
	ck_assert_int_eq(h.status, 502);
	ck_assert_int_eq(mummy_http_parse_response(&h, head, strlen(head), "GET"), -EMSGSIZE);
}
END_TEST

SUITE_MAIN("http/parse_response", responses_are_framed_by_RFC_9112, limits_hold_while_incomplete)
