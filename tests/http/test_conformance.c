/*
 * Black box, over loopback: every head of heads.h, whole and octet by octet, and what RFC 9110 and RFC 9112
 * ask of the answers, case by case.
 */
#include <config.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include "serve.h"
#include <mummy/http-parser.h>
#include "heads.h"

static void tell(mummy_http_exchange *x, void *ctx)
{
	size_t n;
	const void *body = mummy_http_body(x, &n);
	char text[64];
	int len = snprintf(text, sizeof text, "%.20s ", mummy_http_method(x, NULL));

	(void)ctx;
	memcpy(text + len, body, n < 32 ? n : 32);
	mummy_http_respond(x, 200, NULL, 0, text, (size_t)len + (n < 32 ? n : 32));
}

static void fixed(mummy_http_exchange *x, void *ctx)
{
	const int *status = ctx;

	mummy_http_respond(x, *status, NULL, 0, "content", 7);
}

static void streams(mummy_http_exchange *x, void *ctx)
{
	const int *status = ctx;
	mummy_http_stream *st;

	if (mummy_http_respond_stream(x, status ? *status : 200, NULL, 0, MUMMY_HTTP_UNKNOWN, &st) < 0)
		return;
	mummy_http_stream_write(st, "streamed", 8, -1);
	mummy_http_stream_close(st);
	mummy_http_stream_unref(st);
}

static void big(mummy_http_exchange *x, void *ctx)
{
	char text[2000];

	(void)ctx;
	memset(text, ' ', sizeof text);
	memcpy(text + sizeof text - 4, "big", 4);
	mummy_http_respond_text(x, 200, text);
}

/* ---- Heads ------------------------------------------------------------------------------------ */

static void send_head(int fd, const char *p, size_t n, int octet_by_octet)
{
	/* whoever refuses early may have closed before the rest is sent */
	for (size_t i = 0; i < n; i += octet_by_octet ? 1 : n)
		if (send(fd, p + i, octet_by_octet ? 1 : n, MSG_NOSIGNAL) < 0)
			return;
}

static void heads_server(struct serve *s, int poller)
{
	serve_init(s, poller, 0);
	serve_route(s, NULL, "/*", tell, NULL, 0);
	serve_route(s, NULL, "//a//b", tell, NULL, 0);
	s->opt.max_fields = HEADS_FIELDS;
	s->opt.max_line_bytes = HEADS_LINE;
	s->opt.max_head_bytes = HEADS_HEAD;
	serve_start(s);
}

SERVE_TEST(heads_that_are_refused)
{
	struct serve s;

	heads_server(&s, poller);
	for (size_t i = 0; i < 2 * (sizeof refused / sizeof refused[0]); i++) {
		const struct split_text *head = &refused[i / 2].head;
		struct heard h;
		int fd = dial(&s);

		send_head(fd, head->p, head->n, i % 2);
		hear_answer(fd, &h, 0);
		ck_assert_msg(h.status == refused[i / 2].status, "case %zu: %d instead of %d: %s", i / 2, h.status,
			      refused[i / 2].status, head->p);
		ck_assert_str_eq(heard_field(&h, "Connection"), "close");
		free(h.body);
		shutdown(fd, SHUT_WR);
		expect_end(fd);
		close(fd);
	}
	serve_stop(&s);
}

/* What is not the head's fault: a parameter with NUL, and a scheme that this connection does not have. */
static int status_of(const struct accepted *want)
{
	if (strstr(want->path, "%00"))
		return 400;
	if (strstr(want->head, "HTTPS://"))
		return 421;
	return strcmp(want->path, "*") ? 200 : 204;
}

static void accept_one(struct serve *s, const struct accepted *want, int octet_by_octet)
{
	static const char zeroes[16];
	struct heard h;
	int fd = dial(s), closes;

	send_head(fd, want->head, strlen(want->head), octet_by_octet);
	if (want->expect) {
		hear_head(fd, &h);
		ck_assert_int_eq(h.status, 100);
	}
	if (want->framing == MUMMY_HTTP_LENGTH)
		send_head(fd, zeroes, (size_t)want->length, octet_by_octet && want->length);
	else if (want->framing == MUMMY_HTTP_CHUNKED)
		send_head(fd, "1;a=b\r\nx\r\n0\r\nA: b\r\n\r\n", 21, octet_by_octet);
	hear_answer(fd, &h, 0);
	ck_assert_msg(h.status == status_of(want), "%d: %s", h.status, want->head);
	closes = heard_field(&h, "Connection") && !strcmp(heard_field(&h, "Connection"), "close");
	ck_assert_msg(closes == !want->keep_alive, "keep-alive: %s", want->head);
	free(h.body);
	if (want->keep_alive) {
		say(fd, "GET / HTTP/1.1\r\n" H "Connection: close\r\n\r\n");
		expect(fd, 200, "GET ");
	}
	expect_end(fd);
	close(fd);
}

SERVE_TEST(heads_that_are_accepted)
{
	struct serve s;

	heads_server(&s, poller);
	for (size_t i = 0; i < sizeof accepted / sizeof accepted[0]; i++) {
		accept_one(&s, &accepted[i], 0);
		accept_one(&s, &accepted[i], 1);
	}
	serve_stop(&s);
}

/* ---- Answers ---------------------------------------------------------------------------------- */

#define END "Connection: close\r\n\r\n"
#define CHUNKS RQ("POST /tell") "Transfer-Encoding: chunked\r\n\r\n"
#define HIDDEN "GET /none HTTP/1.1\r\nHost: a\r\n\r\n"
#define HIDING "Content-Length: 31\r\n\r\n" HIDDEN
#define RQ(line) line " HTTP/1.1\r\n" H
#define DATE "Sat, 01 Jan 2022 00:00:00 GMT"
#define EARLIER "Fri, 31 Dec 2021 23:59:59 GMT"

/* What the octets of the answers hold, and what not; NULL: nothing is asked. body: how they end. */
static const struct { const char *request, *status, *has, *lacks, *body; } answers[] = {
	/* methods: RFC 9110 section 9 */
	{ RQ("GET /tell") END, "200", "\r\nContent-Length: 4\r\n", NULL, "\r\n\r\nGET " },
	{ RQ("HEAD /tell") END, "200", "\r\nContent-Length: 5\r\n", NULL, "\r\n\r\n" },
	{ RQ("HEAD /none") END, "404", "\r\nContent-Length: 14\r\n", NULL, "\r\n\r\n" },
	{ RQ("POST /tell") "Content-Length: 3\r\n" END "abc", "200", NULL, NULL, "POST abc" },
	{ RQ("PUT /tell") END, "405", "\r\nAllow: GET, POST, HEAD, OPTIONS\r\n", NULL, NULL },
	{ RQ("DELETE /tell") END, "405", "\r\nAllow: ", NULL, NULL },
	{ RQ("OPTIONS /tell") END, "204", "\r\nAllow: GET, POST, HEAD, OPTIONS\r\n", "Content-Length", "\r\n\r\n" },
	{ RQ("OPTIONS *") END, "204", NULL, "Content-Length", "\r\n\r\n" },
	{ RQ("OPTIONS /none") END, "404", NULL, NULL, NULL },
	{ RQ("BREW /tell") END, "501", NULL, NULL, NULL },
	{ RQ("get /tell") END, "501", NULL, NULL, NULL },
	{ RQ("GET /none") END, "404", NULL, "Allow", NULL },
	{ RQ("PATCH /tell") END, "405", "\r\nAllow: GET, POST, HEAD, OPTIONS\r\n", NULL, NULL },
	{ RQ("PUT /none") END, "404", NULL, "Allow", NULL },
	{ RQ("TRACE /tell") "\r\n" RQ("GET /tell") END, "501", "\r\nConnection: close\r\n", "HTTP/1.1 200", NULL },
	{ RQ("CONNECT a:80") "\r\n" RQ("GET /tell") END, "501", "\r\nConnection: close\r\n", "HTTP/1.1 200", NULL },
	{ RQ("HEAD /tell") "\r\n" RQ("GET /tell") END, "200", "\r\n\r\nHTTP/1.1 200", "HEAD", "GET " },
	/* targets: RFC 9112 section 3.2 */
	{ RQ("GET /p/%0d%0aX:%20y") END, "200", NULL, "\r\nX: y", "GET " },
	{ RQ("GET /p/..;") END, "200", NULL, NULL, "GET " },
	{ RQ("GET /p/../tell") END, "404", NULL, NULL, NULL },
	{ RQ("GET /p//tell") END, "404", NULL, NULL, NULL },
	{ RQ("GET /p\\tell") END, "404", NULL, NULL, NULL },
	{ RQ("GET /<script>alert(1)</script>") END, "404", "\r\nContent-Type: text/plain", "script", NULL },
	{ RQ("GET //other/tell") END, "404", NULL, "Location", NULL },
	{ RQ("GET http://other/tell") END, "200", NULL, NULL, "GET " },
	{ RQ("GET https://a/tell") END, "421", NULL, NULL, NULL },
	{ RQ("GET HTTPS://a/tell") "\r\n" RQ("GET /tell") END, "421", "HTTP/1.1 200", NULL, "GET " },
	{ RQ("GET http://other:81/tell?x") END, "200", NULL, NULL, "GET " },
	{ RQ("GET /tell?a=b?c") END, "200", NULL, NULL, "GET " },
	{ RQ("GET /%74ell") END, "200", NULL, NULL, "GET " },
	{ RQ("GET /tell%2F") END, "404", NULL, NULL, NULL },
	{ RQ("GET /../tell") END, "404", NULL, NULL, NULL },
	{ RQ("GET /p/%zz") END, "400", NULL, NULL, NULL },
	{ RQ("GET /p/%00") END, "400", NULL, NULL, NULL },
	/* versions and persistence: RFC 9112 sections 2.3 and 9.3 */
	{ "GET /tell HTTP/1.0\r\n\r\n", "200", "\r\nConnection: close\r\n", NULL, "GET " },
	{ "GET /tell HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /tell HTTP/1.0\r\n\r\n", "200",
	  "\r\nConnection: keep-alive\r\n", NULL, "GET " },
	{ "GET /stream HTTP/1.0\r\n\r\n", "200", "\r\nConnection: close\r\n", "Transfer-Encoding", "\r\n\r\nstreamed" },
	{ RQ("GET /tell") "\r\n" RQ("GET /none") "\r\n" RQ("HEAD /tell") END, "200",
	  "\r\n\r\nGET HTTP/1.1 404 ", NULL,
	  "\r\n\r\n" },
	{ RQ("GET /tell") END RQ("GET /none") END, "200", NULL, "404", "GET " },
	{ RQ("GET /tell") "\r\nBAD\r\n\r\n", "200", "GET HTTP/1.1 400 ", NULL, NULL },
	{ RQ("POST /tell") "Content-Length: 3\r\n\r\nabc" RQ("GET /tell") END, "200", "POST abcHTTP/1.1 200",
	  NULL, "GET " },
	{ RQ("POST /tell") "Content-Length: 3\r\n\r\nabc\r\n" RQ("GET /tell") END, "200",
	  "POST abcHTTP/1.1 200", NULL, "GET " },
	/* bodies: RFC 9112 sections 6 and 7 */
	{ RQ("POST /tell") "Transfer-Encoding: chunked\r\n" END "3\r\nabc\r\n0\r\n\r\n", "200", NULL, NULL,
	  "POST abc" },
	{ RQ("POST /tell") "Transfer-Encoding: chunked\r\n" END "1\r\na\r\n002\r\nbc\r\n00\r\n\r\n", "200",
	  NULL, NULL, "POST abc" },
	{ RQ("POST /tell") "Transfer-Encoding: Chunked\r\n" END "3;x=\"y;z\"\r\nabc\r\n0;q\r\nT: 1\r\n\r\n",
	  "200", NULL, NULL,
	  "POST abc" },
	{ CHUNKS "3\r\nabc\r\n0\r\n\r\n" RQ("GET /tell") END, "200",
	  "POST abcHTTP/1.1 200", NULL, "GET " },
	{ CHUNKS "x\r\n", "400", "\r\nConnection: close\r\n", NULL, NULL },
	{ CHUNKS "-1\r\n", "400", NULL, NULL, NULL },
	{ CHUNKS "0x1\r\na\r\n", "400", NULL, NULL, NULL },
	{ CHUNKS "1 \r\na\r\n0\r\n\r\n", "400", NULL, NULL, NULL },
	{ CHUNKS " 1\r\na\r\n", "400", NULL, NULL, NULL },
	{ CHUNKS "1\na\r\n", "400", NULL, NULL, NULL },
	{ CHUNKS "1\r\nab\r\n", "400", NULL, NULL, NULL },
	{ CHUNKS "1\r\na\n0\r\n\r\n", "400", NULL, NULL, NULL },
	{ CHUNKS "1\r\naX\n0\r\n\r\n", "400", NULL, NULL, NULL },
	{ CHUNKS "1;\nGET /none\r\na\r\n", "400", NULL, NULL, NULL },
	{ CHUNKS "8000000000000000\r\n", "400", NULL, NULL, NULL },
	{ CHUNKS "0\r\nbad trailer\r\n\r\n", "400", NULL, NULL, NULL },
	{ CHUNKS "0\r\nA: b\r\n c\r\n\r\n", "400", NULL, NULL, NULL },
	{ RQ("POST /tell") "Transfer-Encoding: chunked\r\n" END "1 ;\ta = \"b;\\\"\" ; c\r\na\r\n0\r\n\r\n",
	  "200", NULL, NULL,
	  "POST a" },
	{ CHUNKS "1;\r\na\r\n0\r\n\r\n", "400", NULL, NULL, NULL },
	{ CHUNKS "1;a[\r\na\r\n0\r\n\r\n", "400", NULL, NULL, NULL },
	{ CHUNKS "1;a=\r\na\r\n0\r\n\r\n", "400", NULL, NULL, NULL },
	{ CHUNKS "1;a=\"\r\na\r\n0\r\n\r\n", "400", NULL, NULL, NULL },
	{ CHUNKS "1;a\rb\r\na\r\n0\r\n\r\n", "400", NULL, NULL, NULL },
	{ CHUNKS "0;\r\n\r\n", "400", NULL, NULL, NULL },
	{ CHUNKS "+0\r\n\r\n" RQ("GET /none") END, "400", NULL, "404", NULL },
	{ CHUNKS "1_0\r\na\r\n", "400", NULL, NULL, NULL },
	{ CHUNKS "1\r\na\r\n0\r\n\n", "400", NULL, NULL, NULL },
	/* a body is no request, whoever was to read it, and trailers don't frame anything */
	{ RQ("GET /tell") HIDING RQ("GET /tell") END, "200", "GET GET /none", "404", "GET " },
	{ RQ("HEAD /tell") HIDING RQ("GET /tell") END, "200", NULL, "404", "GET " },
	{ RQ("OPTIONS *") HIDING RQ("GET /tell") END, "204", NULL, "404", "GET " },
	{ RQ("BREW /tell") HIDING RQ("GET /tell") END, "501", NULL, "404", "GET " },
	{ RQ("PUT /tell") HIDING RQ("GET /tell") END, "405", NULL, "404", "GET " },
	{ RQ("POST /tell") "Expect: x\r\nContent-Length: 31\r\n\r\n" HIDDEN RQ("GET /tell") END, "417", NULL,
	  "404", "GET " },
	{ RQ("POST /tell") "Content-Length: 0\r\n\r\nX" RQ("GET /tell") END, "200", "POST HTTP/1.1 501", NULL,
	  NULL },
	{ RQ("POST /tell") "Content-Length: 4\r\nContent-Length: 31\r\n\r\n" HIDDEN, "400", NULL, "404", NULL },
	{ RQ("POST /tell") "Content-Length: +31\r\n\r\n" HIDDEN, "400", NULL, "404", NULL },
	{ RQ("POST /tell") "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" HIDDEN, "400",
	  NULL, "404", NULL },
	{ RQ("POST /tell") "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" HIDDEN, "400",
	  NULL, "404", NULL },
	{ RQ("POST /tell") "Transfer-Encoding: chunked \r\nContent-Length: 5\r\n\r\n0\r\n\r\n" HIDDEN, "400",
	  NULL, "404", NULL },
	{ RQ("POST /tell") "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" HIDDEN, "400", NULL, "404", NULL },
	{ RQ("POST /tell") "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n" HIDDEN, "400", NULL,
	  "404", NULL },
	{ "POST /tell HTTP/1.0\r\n" H "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" HIDDEN, "400", NULL, "404", NULL },
	{ CHUNKS "1\r\na\r\n0\r\nContent-Length: 99\r\n\r\n" RQ("GET /tell") END,
	  "200", "POST aHTTP/1.1 200", NULL, "GET " },
	{ CHUNKS "1\r\na\r\n0\r\nTransfer-Encoding: x\r\nHost: b\r\n\r\n" RQ("GET /tell")
	  END, "200", "POST aHTTP/1.1 200", NULL, "GET " },
	{ RQ("POST /tell") "Transfer_Encoding: chunked\r\nContent-Length: 1\r\n" END "a", "200", NULL, NULL,
	  "POST a" },
	{ RQ("POST /tell") "Connection: close, Content-Length\r\nContent-Length: 1\r\n\r\na", "200", NULL,
	  NULL, "POST a" },
	{ RQ("POST /small") "Content-Length: 11\r\n" END "hello world", "413", NULL, NULL, NULL },
	{ RQ("POST /small") "Transfer-Encoding: chunked\r\n\r\nb\r\nhello world\r\n0\r\n\r\n", "413", NULL,
	  NULL, NULL },
	{ RQ("POST /small") "Content-Length: 10\r\n" END "0123456789", "200", NULL, NULL, "POST 0123456789" },
	{ RQ("GET /tell") "Content-Length: 2\r\n" END "xy", "200", NULL, NULL, "GET xy" },
	/* expectations: RFC 9110 section 10.1.1 */
	{ RQ("POST /tell") "Expect: 100-continue\r\nContent-Length: 1\r\n" END "x", "", "200 OK", NULL, "POST x" },
	{ RQ("GET /tell") "Expect: 100-continue\r\n" END, "200", NULL, "100 Continue", "GET " },
	{ RQ("POST /none") "Expect: 100-continue\r\nContent-Length: 1\r\n" END, "404", NULL, "100 Continue", NULL },
	{ RQ("POST /small") "Expect: 100-continue\r\nContent-Length: 11\r\n" END, "413", NULL, "100 Continue",
	  NULL },
	{ RQ("POST /tell") "Expect: nothing\r\nContent-Length: 1\r\n" END "x", "417", NULL, "100 Continue", NULL },
	{ RQ("POST /tell") "Expect: 100-continue, x=y\r\nContent-Length: 1\r\n" END "x", "417", NULL, NULL, NULL },
	{ RQ("POST /tell") "Expect: 100-continue\r\nExpect: x\r\nContent-Length: 1\r\n" END, "417", NULL,
	  "100 Continue", NULL },
	{ RQ("GET /tell") "Expect: x\r\n\r\n" RQ("GET /tell") END, "417", "HTTP/1.1 200", NULL, "GET " },
	{ "POST /tell HTTP/1.0\r\nExpect: x\r\nContent-Length: 1\r\n\r\nx", "200", NULL, NULL, "POST x" },
	{ "POST /tell HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx", "200", NULL, "100 Continue", "POST x" },
	/* what answers carry: RFC 9110 sections 6.6.1, 8.6, 15.3.5, 15.4.5 */
	{ RQ("GET /tell") END, "200", "\r\nDate: ", NULL, NULL },
	{ RQ("GET /none") END, "404", "\r\nDate: ", NULL, NULL },
	{ RQ("GET /204") END, "204", NULL, "Content-Length", "\r\n\r\n" },
	{ RQ("GET /205") "\r\n" RQ("GET /tell") END, "205", "\r\nContent-Length: 0\r\n", "content", "GET " },
	{ RQ("HEAD /205") END, "205", "\r\nContent-Length: 0\r\n", NULL, "\r\n\r\n" },
	{ RQ("GET /205/stream") "\r\n" RQ("GET /tell") END, "205", "\r\nContent-Length: 0\r\n", "streamed",
	  "GET " },
	{ RQ("GET /304") END, "304", "\r\nVary: Accept-Encoding\r\n", "content", "\r\n\r\n" },
	{ RQ("GET /stream") END, "200", "\r\nTransfer-Encoding: chunked\r\n", "Content-Length",
	  "\r\n8\r\nstreamed\r\n0\r\n\r\n" },
	{ RQ("HEAD /stream") END, "200", NULL, "streamed", "\r\n\r\n" },
	/* upgrades that nobody serves: RFC 9110 section 7.8 */
	{ RQ("GET /tell") "Upgrade: h2c\r\nHTTP2-Settings: AA\r\nConnection: Upgrade, HTTP2-Settings, close\r\n\r\n",
	  "200", NULL, "101", "GET " },
	/* conditions: RFC 9110 section 13 */
	{ RQ("GET /f/a.txt") END, "200", "\r\nLast-Modified: " DATE "\r\n", NULL, "0123456789" },
	{ RQ("GET /f/a.txt") "If-None-Match: *\r\n" END, "304", "\r\nETag: \"", "Vary", "\r\n\r\n" },
	{ RQ("GET /f/a.txt") "If-None-Match: \"x\", W/\"y\"\r\n" END, "200", NULL, NULL, "0123456789" },
	{ RQ("GET /f/a.txt") "If-Match: *\r\n" END, "200", NULL, NULL, "0123456789" },
	{ RQ("GET /f/a.txt") "If-Match: \"x\"\r\n" END, "412", NULL, NULL, NULL },
	{ RQ("GET /f/a.txt") "If-Modified-Since: " DATE "\r\n" END, "304", NULL, NULL, "\r\n\r\n" },
	{ RQ("GET /f/a.txt") "If-Modified-Since: " EARLIER "\r\n" END, "200", NULL, NULL, "0123456789" },
	{ RQ("GET /f/a.txt") "If-Modified-Since: Saturday, 01-Jan-22 00:00:00 GMT\r\n" END, "304", NULL, NULL,
	  NULL },
	{ RQ("GET /f/a.txt") "If-Modified-Since: Sat Jan  1 00:00:00 2022\r\n" END, "304", NULL, NULL, NULL },
	{ RQ("GET /f/a.txt") "If-Modified-Since: yesterday\r\n" END, "200", NULL, NULL, NULL },
	{ RQ("GET /f/a.txt") "If-Modified-Since: " DATE "\r\nIf-None-Match: \"x\"\r\n" END, "200", NULL, NULL,
	  NULL },
	{ RQ("GET /f/a.txt") "If-Unmodified-Since: " EARLIER "\r\n" END, "412", NULL, NULL, NULL },
	{ RQ("GET /f/a.txt") "If-Unmodified-Since: " DATE "\r\n" END, "200", NULL, NULL, NULL },
	{ RQ("GET /f/a.txt") "If-Unmodified-Since: " EARLIER "\r\nIf-Match: *\r\n" END, "200", NULL, NULL, NULL },
	/* of a field that can't be repeated, two lines say nothing (section 13.1.3) */
	{ RQ("GET /f/a.txt") "If-Modified-Since: " DATE "\r\nIf-Modified-Since: " DATE "\r\n" END, "200",
	  NULL, NULL,
	  "0123456789" },
	{ RQ("GET /f/a.txt") "If-Unmodified-Since: " EARLIER "\r\nIf-Unmodified-Since: " EARLIER "\r\n" END, "200",
	  NULL, NULL, "0123456789" },
	{ RQ("GET /f/a.txt") "If-None-Match: \"x\"\r\nIf-None-Match: *\r\n" END, "304", NULL, NULL, "\r\n\r\n" },
	/* ranges: RFC 9110 section 14 */
	{ RQ("GET /f/a.txt") "Range: bytes=0-3\r\nRange: bytes=5-6\r\n" END, "200", NULL, "Content-Range",
	  "0123456789" },
	{ RQ("GET /f/a.txt") "Range: bytes=0-3\r\nIf-Range: " DATE "\r\nIf-Range: " DATE "\r\n" END, "200", NULL,
	  "Content-Range", "0123456789" },
	{ RQ("GET /f/a.txt") "Range: bytes=0-3\r\n" END, "206", "\r\nContent-Range: bytes 0-3/10\r\n", NULL,
	  "\r\n\r\n0123" },
	{ RQ("GET /f/a.txt") "Range: bytes=7-\r\n" END, "206", "\r\nContent-Range: bytes 7-9/10\r\n", NULL,
	  "\r\n\r\n789" },
	{ RQ("GET /f/a.txt") "Range: bytes=-2\r\n" END, "206", "\r\nContent-Range: bytes 8-9/10\r\n", NULL,
	  "\r\n\r\n89" },
	{ RQ("GET /f/a.txt") "Range: bytes=-99\r\n" END, "206", "\r\nContent-Range: bytes 0-9/10\r\n", NULL,
	  "0123456789" },
	{ RQ("GET /f/a.txt") "Range: bytes=9-99\r\n" END, "206", "\r\nContent-Range: bytes 9-9/10\r\n", NULL,
	  "\r\n\r\n9" },
	{ RQ("GET /f/a.txt") "Range: bytes=0-0,-1\r\n" END, "206",
	  "\r\nContent-Type: multipart/byteranges; boundary=",
	  NULL, "--\r\n" },
	{ RQ("GET /f/a.txt") "Range: bytes=0-,0-,0-,0-\r\n" END, "200", NULL, "Content-Range", "0123456789" },
	{ RQ("GET /f/a.txt") "Range: bytes=10-\r\n" END, "416", "\r\nContent-Range: bytes */10\r\n", NULL, NULL },
	{ RQ("GET /f/a.txt") "Range: bytes=-0\r\n" END, NULL, NULL, "Content-Range: bytes 0-", NULL },
	{ RQ("GET /f/a.txt") "Range: bytes=3-2\r\n" END, "200", NULL, "Content-Range", "0123456789" },
	{ RQ("GET /f/a.txt") "Range: lines=0-3\r\n" END, "200", NULL, "Content-Range", "0123456789" },
	{ RQ("GET /f/a.txt") "Range: bytes=x\r\n" END, "200", NULL, "Content-Range", "0123456789" },
	{ RQ("GET /f/a.txt") "Range: bytes=99999999999999999999-\r\n" END, "416",
	  "\r\nContent-Range: bytes */10\r\n", NULL,
	  NULL },
	{ RQ("GET /f/a.txt") "Range: bytes=7-99999999999999999999\r\n" END, "206", NULL, NULL, "\r\n\r\n789" },
	{ RQ("GET /f/a.txt") "Range: bytes=-99999999999999999999\r\n" END, "206", NULL, NULL,
	  "\r\n\r\n0123456789" },
	{ RQ("GET /f/a.txt") "Range: bytes=0-1, 99-\r\n" END, "206", "\r\nContent-Range: bytes 0-1/10\r\n", NULL,
	  "\r\n\r\n01" },
	{ RQ("GET /f/a.txt") "Range: bytes=99-,98-\r\n" END, "416", NULL, NULL, NULL },
	{ RQ("GET /f/a.txt") "Range: BYTES=0-1\r\n" END, "206", NULL, NULL, "\r\n\r\n01" },
	{ RQ("GET /f/a.txt") "Range: bytes=,0-1,\r\n" END, "206", NULL, NULL, "\r\n\r\n01" },
	{ RQ("GET /f/a.txt") "Range: bytes=0 -1\r\n" END, "200", NULL, "Content-Range", "0123456789" },
	{ RQ("GET /f/a.txt") "Range: bytes=+0-1\r\n" END, "200", NULL, "Content-Range", "0123456789" },
	{ RQ("GET /f/a.txt") "Range: bytes=0x0-1\r\n" END, "200", NULL, "Content-Range", "0123456789" },
	{ RQ("GET /f/a.txt") "Range: bytes=--1\r\n" END, "200", NULL, "Content-Range", "0123456789" },
	{ RQ("GET /f/a.txt") "Range: bytes=0-0,2-2,4-4,6-6,8-8,0-0,2-2,4-4\r\n" END, "200", NULL, "Content-Range",
	  "0123456789" },
	{ RQ("GET /f/a.txt") "Range: bytes=99-\r\nIf-Range: \"x\"\r\n" END, "200", NULL, "Content-Range",
	  "0123456789" },
	{ RQ("GET /f/a.txt") "Range: bytes=0-1\r\nIf-Range: W/\"x\"\r\n" END, "200", NULL, "Content-Range",
	  "0123456789" },
	{ RQ("GET /f/a.txt") "Range: bytes=0-1\r\nIf-Match: \"x\"\r\n" END, "412", NULL, "Content-Range", NULL },
	{ RQ("POST /tell") "Range: bytes=0-1\r\nContent-Length: 3\r\n" END "abc", "200", NULL,
	  "Content-Range", "POST abc" },
	{ RQ("HEAD /f/a.txt") "Range: bytes=0-3\r\n" END, "200", NULL, "Content-Range", "\r\n\r\n" },
	{ RQ("GET /f/a.txt") "Range: bytes=0-3\r\nIf-Range: \"x\"\r\n" END, "200", NULL, "Content-Range",
	  "0123456789" },
	{ RQ("GET /f/a.txt") "Range: bytes=0-3\r\nIf-Range: " DATE "\r\n" END, "206", NULL, NULL, "\r\n\r\n0123" },
	{ RQ("GET /f/a.txt") "Range: bytes=0-3\r\nIf-Range: " EARLIER "\r\n" END, "200", NULL, NULL, "0123456789" },
	{ RQ("GET /f/a.txt") "Range: bytes=0-3\r\nIf-None-Match: *\r\n" END, "304", NULL, NULL, "\r\n\r\n" },
	/* files */
	{ RQ("GET /f/") END, "404", NULL, NULL, NULL },
	{ RQ("GET /f") END, "308", "\r\nLocation: /f/\r\n", NULL, NULL },
	{ RQ("GET /f/../f/a.txt") END, "404", NULL, NULL, NULL },
	{ RQ("GET /f/%2e%2e/f/a.txt") END, "404", NULL, NULL, NULL },
	{ RQ("GET /f/a%2Etxt") END, "200", NULL, NULL, "0123456789" },
	{ RQ("GET /f/.%2fa.txt") END, "404", NULL, NULL, NULL },
	{ RQ("GET /f/a.txt%00") END, "400", NULL, NULL, NULL },
	{ RQ("POST /f/a.txt") END, "405", "\r\nAllow: GET, HEAD, OPTIONS\r\n", NULL, NULL },
	/* content codings: RFC 9110 section 12.5.3 */
	{ RQ("GET /tell") "Accept-Encoding: gzip;q=0\r\n" END, "200", NULL, "Content-Encoding", "GET " },
	{ RQ("GET /big") "Accept-Encoding: br\r\nAccept-Encoding: gzip\r\n" END, "200",
	  "Content-Encoding: gzip\r\n",
	  NULL, NULL },
	{ RQ("GET /big") "Accept-Encoding: *\r\nAccept-Encoding: gzip;q=0\r\n" END, "200",
	  "\r\nVary: Accept-Encoding\r\n", "Content-Encoding", "big" },
	{ RQ("GET /f/p.txt") "Accept-Encoding: *\r\nAccept-Encoding: gzip;q=0\r\n" END, "200", NULL,
	  "Content-Encoding", "plain" },
	{ RQ("GET /f/p.txt") "Accept-Encoding: br\r\nAccept-Encoding: gzip\r\n" END, "200",
	  "Content-Encoding: gzip\r\n", NULL, "packed" },
	{ RQ("GET /f/p.txt") END, "200", "\r\nVary: Accept-Encoding\r\n", "Content-Encoding", "plain" },
	{ RQ("GET /f/p.txt") "If-None-Match: *\r\n" END, "304", "\r\nVary: Accept-Encoding\r\n", NULL, NULL },
	{ RQ("GET /f/p.txt") "Accept-Encoding: X-GZIP\r\n" END, "200", "\r\nContent-Encoding: gzip\r\n", NULL,
	  "packed" },
	{ RQ("GET /f/p.txt") "Accept-Encoding: gzip;q=0.001\r\n" END, "200", "\r\nContent-Encoding: gzip\r\n",
	  NULL, "packed" },
	{ RQ("GET /f/p.txt") "Accept-Encoding: gzip;q=1.5\r\n" END, "200", NULL, "Content-Encoding", "plain" },
	{ RQ("GET /f/p.txt") "Accept-Encoding: gzip;q=\r\n" END, "200", NULL, "Content-Encoding", "plain" },
	{ RQ("GET /f/p.txt") "Accept-Encoding: identity;q=0\r\n" END, "200", NULL, "Content-Encoding", "plain" },
	{ RQ("GET /f/a.txt") "Accept-Encoding: gzip\r\n" END, "200", NULL, "Vary", "0123456789" },
	{ RQ("GET /tell") "Accept-Encoding: \r\n" END, "200", NULL, "Content-Encoding", "GET " },
};

static void ask_all(struct serve *s, int octet_by_octet)
{
	for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
		const char *request = answers[i].request;
		char got[8192];
		int fd = dial(s);
		size_t n;

		send_head(fd, request, strlen(request), octet_by_octet);
		n = hear_n(fd, got, sizeof got - 1);
		close(fd);
		if (answers[i].status && *answers[i].status)
			ck_assert_msg(!strncmp(got, "HTTP/1.1 ", 9) && !strncmp(got + 9, answers[i].status, 3),
				      "not %s: %s\n%s", answers[i].status, request, got);
		if (answers[i].has)
			ck_assert_msg(strstr(got, answers[i].has) != NULL, "lacks %s: %s\n%s", answers[i].has, request,
				      got);
		if (answers[i].lacks)
			ck_assert_msg(strstr(got, answers[i].lacks) == NULL, "has %s: %s\n%s", answers[i].lacks, request,
				      got);
		if (answers[i].body)
			ck_assert_msg(n >= strlen(answers[i].body)
				      && !strcmp(got + n - strlen(answers[i].body), answers[i].body),
				      "does not end in %s: %s\n%s", answers[i].body, request, got);
	}
}

static const char *const names[] = { "a.txt", "p.txt", "p.txt.gz" };

static void make_folder(char *folder)
{
	static const char *const contents[] = { "0123456789", "plain", "packed" };
	const struct timespec when[2] = { { 1640995200, 0 }, { 1640995200, 0 } };

	ck_assert_ptr_nonnull(mkdtemp(folder));
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		char path[64];
		int fd;

		snprintf(path, sizeof path, "%s/%s", folder, names[i]);
		fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
		ck_assert_int_ge(fd, 0);
		ck_assert_int_eq(write(fd, contents[i], strlen(contents[i])), (ssize_t)strlen(contents[i]));
		ck_assert_int_eq(futimens(fd, when), 0);
		close(fd);
	}
}

static void remove_folder(const char *folder)
{
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		char path[64];

		snprintf(path, sizeof path, "%s/%s", folder, names[i]);
		unlink(path);
	}
	rmdir(folder);
}

SERVE_TEST(what_answers_are)
{
	static int no_content = 204, reset = 205, not_modified = 304;
	char folder[] = "/tmp/mummy-test-XXXXXX";
	const struct mummy_http_files files = { .root = folder };
	const struct mummy_http_route small = { .handler = tell, .max_body_bytes = 10 };
	struct serve s;

	make_folder(folder);
	for (int workers = 0; workers < 3; workers += 2) {
		serve_init(&s, poller, workers);
		serve_route(&s, "GET", "/tell", tell, NULL, 0);
		serve_route(&s, "POST", "/tell", tell, NULL, 0);
		serve_route(&s, "GET", "/p/{x}", tell, NULL, 0);
		serve_route(&s, "GET", "/stream", streams, NULL, 0);
		serve_route(&s, "GET", "/big", big, NULL, 0);
		serve_route(&s, "GET", "/204", fixed, &no_content, 0);
		serve_route(&s, "GET", "/205", fixed, &reset, 0);
		serve_route(&s, "GET", "/205/stream", streams, &reset, 0);
		serve_route(&s, "GET", "/304", fixed, &not_modified, 0);
		ck_assert_int_eq(mummy_http_router_add(s.router, "POST", "/small", &small), 0);
		ck_assert_int_eq(mummy_http_router_files(s.router, "/f", &files), 0);
		serve_start(&s);
		ask_all(&s, 0);
		ask_all(&s, 1);
		serve_stop(&s);
	}
	remove_folder(folder);
}

static int64_t seconds_of(const struct heard *h, const char *name)
{
	const char *text = heard_field(h, name);
	int64_t at = 0;

	ck_assert_ptr_nonnull(text);
	ck_assert_int_eq(mummy_http_date_parse((struct mummy_http_span){ text, strlen(text) }, &at), 0);
	return at;
}

static void ask_tomorrow(struct serve *s, const char *field, int64_t date, int status, struct heard *h)
{
	char text[160], when[30];
	int fd = dial(s);

	ck_assert_int_eq(mummy_http_date_format(when, date), 0);
	snprintf(text, sizeof text, RQ("GET /f/a.txt") "%s: %s\r\n" END, field, when);
	say(fd, text);
	hear_answer(fd, h, 0);
	ck_assert_int_eq(h->status, status);
	free(h->body);
	close(fd);
}

/* RFC 9110 section 8.8.2.1: nothing was changed after the Date of the answer that says so. */
SERVE_TEST(a_file_of_tomorrow_was_changed_now)
{
	char folder[] = "/tmp/mummy-test-XXXXXX", path[64];
	const struct mummy_http_files files = { .root = folder };
	const struct timespec when[2] = { { time(NULL) + 86400, 0 }, { time(NULL) + 86400, 0 } };
	struct serve s;
	struct heard h;
	int64_t date;

	make_folder(folder);
	snprintf(path, sizeof path, "%s/a.txt", folder);
	ck_assert_int_eq(utimensat(AT_FDCWD, path, when, 0), 0);
	serve_init(&s, poller, 0);
	ck_assert_int_eq(mummy_http_router_files(s.router, "/f", &files), 0);
	serve_start(&s);
	ask_tomorrow(&s, "X", 0, 200, &h);
	date = seconds_of(&h, "Date");
	ck_assert_int_le(seconds_of(&h, "Last-Modified"), date);
	ck_assert_int_ge(seconds_of(&h, "Last-Modified"), date - 1);
	ask_tomorrow(&s, "If-Modified-Since", date - 60, 200, &h);
	ask_tomorrow(&s, "If-Unmodified-Since", date - 60, 412, &h);
	serve_stop(&s);
	remove_folder(folder);
}

/* Their number is part of the promise. */
START_TEST(there_are_enough_of_them)
{
	ck_assert_uint_ge(sizeof refused / sizeof refused[0] + sizeof accepted / sizeof accepted[0]
				  + sizeof answers / sizeof answers[0],
			  400);
}
END_TEST

SUITE_MAIN("http/conformance", heads_that_are_refused, heads_that_are_accepted, what_answers_are,
	   a_file_of_tomorrow_was_changed_now, there_are_enough_of_them)
