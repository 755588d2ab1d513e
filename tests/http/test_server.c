#include <config.h>
#include "serve.h"

/* Keep-alive, order, splits, the getters: what every program relies on. */

static void hello(mummy_http_exchange *x, void *ctx)
{
	(void)ctx;
	mummy_http_respond_text(x, 200, "Hello, World!\n");
}

static void echo_body(mummy_http_exchange *x, void *ctx)
{
	size_t n;
	const void *p = mummy_http_body(x, &n);

	(void)ctx;
	mummy_http_respond(x, 200, NULL, 0, p, n);
}

static void echo_param(mummy_http_exchange *x, void *ctx)
{
	(void)ctx;
	mummy_http_respond_text(x, 200, mummy_http_param(x, "id", NULL));
}

static void tell(mummy_http_exchange *x, void *ctx)
{
	char text[512];
	const char *query = mummy_http_query(x, NULL), *agent = mummy_http_header_get(x, "user-agent", NULL);
	size_t n = 77;

	(void)ctx;
	ck_assert_ptr_null(mummy_http_header_get(x, "nothing", &n));
	ck_assert_uint_eq(n, 0);
	snprintf(text, sizeof text, "%s|%s|%s|%s|%s|%s|%s|%s|%d", mummy_http_method(x, NULL),
		 mummy_http_target(x, NULL), mummy_http_path(x, NULL), query ? query : "-", agent ? agent
			 : "-",
		 mummy_http_host(x, NULL), mummy_http_peer(x, NULL), mummy_http_scheme(x, NULL),
		 mummy_http_minor_version(x));
	mummy_http_respond_text(x, 200, text);
}

static void routes(struct serve *s)
{
	serve_route(s, "GET", "/", hello, NULL, 0);
	serve_route(s, "GET", "/inline", hello, NULL, MUMMY_HTTP_INLINE);
	serve_route(s, "POST", "/echo", echo_body, NULL, 0);
	serve_route(s, "POST", "/echo-inline", echo_body, NULL, MUMMY_HTTP_INLINE);
	serve_route(s, "GET", "/id/{id}", echo_param, NULL, 0);
	serve_route(s, "GET", "/id-inline/{id}", echo_param, NULL, MUMMY_HTTP_INLINE);
	serve_route(s, "GET", "/tell", tell, NULL, 0);
	serve_route(s, "GET", "/tell-inline", tell, NULL, MUMMY_HTTP_INLINE);
}

SERVE_TEST(a_connection_is_kept_for_many_requests)
{
	static const char *const paths[] = { "/", "/inline" };
	struct serve s;

	serve_init(&s, poller, 2);
	routes(&s);
	serve_start(&s);
	for (size_t k = 0; k < 2; k++) {
		int fd = dial(&s);

		for (int i = 0; i < 50; i++) {
			char text[64];

			snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", paths[k]);
			say(fd, text);
			expect(fd, 200, "Hello, World!\n");
		}
		close(fd);
	}
	serve_stop(&s);
}

SERVE_TEST(pipelined_answers_keep_their_order)
{
	enum { N = 200 };
	struct serve s;
	char *all = malloc(N * 64), *p = all;
	int fd;

	serve_init(&s, poller, 4);
	routes(&s);
	serve_start(&s);
	fd = dial(&s);
	for (int i = 0; i < N; i++)
		p += sprintf(p, "GET /%s/n%d HTTP/1.1\r\nHost: a\r\n\r\n", i % 3 == 2 ? "id-inline" : "id",
			     i);
	say(fd, all);
	for (int i = 0; i < N; i++) {
		char want[16];

		snprintf(want, sizeof want, "n%d", i);
		expect(fd, 200, want);
	}
	close(fd);
	free(all);
	serve_stop(&s);
}

SERVE_TEST(requests_may_come_octet_by_octet)
{
	static const char *const texts[] = {
		"GET /tell HTTP/1.1\r\nHost: a\r\n\r\n",
		"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
		"POST /echo-inline HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
		"3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\nA: b\r\n\r\n",
		"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
	};
	struct serve s;
	int fd, on = 1;

	serve_init(&s, poller, 2);
	routes(&s);
	serve_start(&s);
	fd = dial(&s);
	setsockopt(fd, IPPROTO_TCP, 1 /* TCP_NODELAY */, &on, sizeof on);
	for (size_t k = 0; k < sizeof texts / sizeof texts[0]; k++) {
		for (const char *p = texts[k]; *p; p++)
			say_n(fd, p, 1);
		expect(fd, 200, k ? "hello" : "GET|/tell|/tell|-|-|a|127.0.0.1|http|1");
	}
	close(fd);
	serve_stop(&s);
}

SERVE_TEST(a_handler_sees_the_request)
{
	static const char *const paths[] = { "/tell", "/tell-inline" };
	struct serve s;
	int fd;

	serve_init(&s, poller, 2);
	routes(&s);
	serve_start(&s);
	fd = dial(&s);
	for (size_t k = 0; k < 2; k++) {
		char text[256], want[256];

		snprintf(text, sizeof text, "GET %s?a=b&c HTTP/1.1\r\nHost: h:8\r\nUser-Agent:  me \r\n\r\n",
			 paths[k]);
		snprintf(want, sizeof want, "GET|%s?a=b&c|%s|a=b&c|me|h:8|127.0.0.1|http|1", paths[k],
			 paths[k]);
		say(fd, text);
		expect(fd, 200, want);
		snprintf(text, sizeof text, "GET http://z%s?q HTTP/1.1\r\nHost: z\r\n\r\n", paths[k]);
		snprintf(want, sizeof want, "GET|http://z%s?q|%s|q|-|z|127.0.0.1|http|1", paths[k], paths[k]);
		say(fd, text);
		expect(fd, 200, want);
	}
	say(fd,
	    "GET /id/a%20b%2Fc HTTP/1.1\r\nHost: a\r\n\r\nGET /id-inline/%41 HTTP/1.1\r\nHost: a\r\n\r\n");
	expect(fd, 200, "a b/c");
	expect(fd, 200, "A");
	close(fd);
	serve_stop(&s);
}

SERVE_TEST(bodies_come_whole)
{
	static const char *const paths[] = { "/echo", "/echo-inline" };
	enum { SIZE = 600 * 1000 };
	char *body = malloc(SIZE + 1), text[128];
	struct serve s;
	int fd;

	for (int i = 0; i < SIZE; i++)
		body[i] = (char)('a' + i % 26);
	body[SIZE] = 0;
	serve_init(&s, poller, 2);
	routes(&s);
	serve_start(&s);
	fd = dial(&s);
	for (size_t k = 0; k < 2; k++) {
		snprintf(text, sizeof text, "POST %s HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n",
			 paths[k], SIZE);
		say(fd, text);
		say(fd, body);
		expect(fd, 200, body);
		snprintf(text, sizeof text, "POST %s HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
			 paths[k]);
		say(fd, text);
		expect(fd, 200, "");
	}
	close(fd);
	free(body);
	serve_stop(&s);
}

SERVE_TEST(http_1_0_and_connection_close_end_the_connection)
{
	struct heard h;
	struct serve s;
	int fd;

	serve_init(&s, poller, 2);
	routes(&s);
	serve_start(&s);
	for (int k = 0; k < 2; k++) {
		fd = dial(&s);
		say(fd, k ? "GET / HTTP/1.0\r\n\r\n"
		    : "GET /inline HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
		hear_answer(fd, &h, 0);
		ck_assert_str_eq(heard_field(&h, "Connection"), "close");
		free(h.body);
		expect_end(fd);
		close(fd);
	}
	fd = dial(&s);
	say(fd, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET / HTTP/1.0\r\n\r\n");
	hear_answer(fd, &h, 0);
	ck_assert_str_eq(heard_field(&h, "Connection"), "keep-alive");
	free(h.body);
	expect(fd, 200, NULL);
	expect_end(fd);
	close(fd);
	serve_stop(&s);
}

SERVE_TEST(a_half_closed_client_is_answered)
{
	struct serve s;
	int fd;

	serve_init(&s, poller, 2);
	routes(&s);
	serve_start(&s);
	for (int k = 0; k < 2; k++) {
		fd = dial(&s);
		say(fd, k ? "GET / HTTP/1.1\r\nHost: a\r\n\r\n" : "GET /inline HTTP/1.1\r\nHost: a\r\n\r\n");
		shutdown(fd, SHUT_WR);
		expect(fd, 200, "Hello, World!\n");
		expect_end(fd);
		close(fd);
	}
	serve_stop(&s);
}

SERVE_TEST(several_loops_share_a_port_and_servers_do_not)
{
	struct serve s, other;
	struct mummy_http_listener at = { 0 };

	serve_init(&s, poller, 2);
	routes(&s);
	s.opt.loops = 3;
	serve_start(&s);
	for (int i = 0; i < 20; i++) {
		int fd = dial(&s);

		say(fd, "GET /id/x HTTP/1.1\r\nHost: a\r\n\r\n");
		expect(fd, 200, "x");
		close(fd);
	}
	serve_init(&other, poller, 0);
	at.port = mummy_http_server_port(s.server, 0);
	other.opt.listeners = &at;
	other.opt.nlisteners = 1;
	for (other.opt.loops = 1; other.opt.loops < 3; other.opt.loops++)
		ck_assert_int_eq(mummy_http_server_new(&other.server, other.router, &other.opt), -EADDRINUSE);
	mummy_http_router_unref(other.router);
	serve_stop(&s);
}

static void note_answer(void *ctx, const mummy_http_exchange *x, int status)
{
	const char *method = mummy_http_method(x, NULL);
	char line[128];

	snprintf(line, sizeof line, "<%s %s %d>", method ? method : "-", mummy_http_target(x, NULL), status);
	serve_log(ctx, MUMMY_HTTP_INFO, line);
}

SERVE_TEST(every_answer_is_told)
{
	struct serve s;
	int fd;

	serve_init(&s, poller, 2);
	routes(&s);
	s.opt.answered = note_answer;
	serve_start(&s);
	fd = dial(&s);
	say(fd, "GET /tell?x HTTP/1.1\r\nHost: a\r\n\r\n");
	expect(fd, 200, NULL);
	say(fd, "GET /inline HTTP/1.1\r\nHost: a\r\n\r\nPOST /none HTTP/1.1\r\nHost: a\r\n\r\n");
	expect(fd, 200, "Hello, World!\n");
	expect(fd, 404, NULL);
	say(fd, "nonsense\r\n\r\n");
	expect(fd, 400, NULL);
	close(fd);
	serve_join(&s);
	ck_assert(serve_logged(&s, "<GET /tell?x 200>"));
	ck_assert(serve_logged(&s, "<GET /inline 200>"));
	ck_assert(serve_logged(&s, "<POST /none 404>"));
	ck_assert(serve_logged(&s, " 400>"));
	serve_free(&s);
}

SUITE_MAIN("http/server", a_connection_is_kept_for_many_requests, pipelined_answers_keep_their_order,
	   requests_may_come_octet_by_octet, a_handler_sees_the_request, bodies_come_whole,
	   http_1_0_and_connection_close_end_the_connection, a_half_closed_client_is_answered,
	   several_loops_share_a_port_and_servers_do_not, every_answer_is_told)
