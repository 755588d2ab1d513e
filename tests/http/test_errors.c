#include <config.h>
#include "serve.h"

/* Every limit has its status, is logged, and can be read by the client before the connection closes. */

static void hello(mummy_http_exchange *x, void *ctx)
{
	(void)ctx;
	mummy_http_respond_text(x, 200, "ok");
}

static void silent(mummy_http_exchange *x, void *ctx)
{
	(void)x;
	(void)ctx;
}

static void routes(struct serve *s)
{
	const struct mummy_http_route small = { .handler = hello, .max_body_bytes = 10 };

	serve_route(s, "GET", "/", hello, NULL, 0);
	serve_route(s, "POST", "/", hello, NULL, 0);
	serve_route(s, "GET", "/inline", hello, NULL, MUMMY_HTTP_INLINE);
	serve_route(s, "GET", "/silent", silent, NULL, 0);
	serve_route(s, "GET", "/silent-inline", silent, NULL, MUMMY_HTTP_INLINE);
	serve_route(s, "GET", "/p/{x}", hello, NULL, 0);
	serve_route(s, "GET", "/pi/{x}", hello, NULL, MUMMY_HTTP_INLINE);
	ck_assert_int_eq(mummy_http_router_add(s->router, "POST", "/small", &small), 0);
}

static void refused(struct serve *s, const char *text, int status, int ends)
{
	char line[16];
	int fd = dial(s);

	say(fd, text);
	expect(fd, status, NULL);
	if (ends)
		expect_end(fd);
	close(fd);
	snprintf(line, sizeof line, "%d: ", status);
	ck_assert_msg(serve_logged(s, line), "%d is not logged", status);
}

SERVE_TEST(bad_requests_get_their_status)
{
	struct serve s;

	serve_init(&s, poller, 2);
	routes(&s);
	serve_start(&s);
	refused(&s, "GARBAGE\r\n\r\n", 400, 1);
	refused(&s, "GET / HTTP/1.1\r\n\r\n", 400, 1);
	refused(&s, "GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505, 1);
	refused(&s, "TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", 501, 1);
	refused(&s, "BREW / HTTP/1.1\r\nHost: a\r\n\r\n", 501, 0);
	refused(&s, "GET /none HTTP/1.1\r\nHost: a\r\n\r\n", 404, 0);
	refused(&s, "GET /p/%zz HTTP/1.1\r\nHost: a\r\n\r\n", 400, 0);
	refused(&s, "GET /pi/%00 HTTP/1.1\r\nHost: a\r\n\r\n", 400, 0);
	refused(&s, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", 400, 1);
	refused(&s, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n",
		400, 1);
	serve_stop(&s);
}

SERVE_TEST(limits_of_heads_and_bodies)
{
	char *big = malloc(70000);
	struct serve s;
	int n;

	serve_init(&s, poller, 2);
	routes(&s);
	s.opt.max_fields = 10;
	serve_start(&s);
	n = sprintf(big, "GET /");
	memset(big + n, 'a', 9000);
	strcpy(big + n + 9000, " HTTP/1.1\r\nHost: a\r\n\r\n");
	refused(&s, big, 414, 1);
	n = sprintf(big, "GET / HTTP/1.1\r\nHost: a\r\nX: ");
	memset(big + n, 'a', 40000);
	strcpy(big + n + 40000, "\r\n\r\n");
	refused(&s, big, 431, 1);
	n = sprintf(big, "GET / HTTP/1.1\r\nHost: a\r\n");
	for (int i = 0; i < 12; i++)
		n += sprintf(big + n, "X: y\r\n");
	strcpy(big + n, "\r\n");
	refused(&s, big, 431, 1);
	refused(&s, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\nabc", 413, 1);
	refused(&s, "POST /small HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n12345678901", 413, 0);
	refused(&s, "POST /small HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
		    "8\r\n12345678\r\n8\r\n12345678\r\n0\r\n\r\n", 413, 1);
	free(big);
	serve_stop(&s);
}

SERVE_TEST(after_a_refusal_with_a_short_body_the_connection_goes_on)
{
	struct serve s;
	int fd;

	serve_init(&s, poller, 2);
	routes(&s);
	serve_start(&s);
	fd = dial(&s);
	say(fd, "POST /none HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n");
	expect(fd, 404, "404 Not Found\n");
	say(fd, "12345GET / HTTP/1.1\r\nHost: a\r\n\r\n");
	expect(fd, 200, "ok");
	close(fd);
	serve_stop(&s);
}

SERVE_TEST(the_router_answers_options_and_405)
{
	struct heard h;
	struct serve s;
	int fd;

	serve_init(&s, poller, 2);
	routes(&s);
	serve_start(&s);
	fd = dial(&s);
	say(fd, "DELETE / HTTP/1.1\r\nHost: a\r\n\r\nOPTIONS / HTTP/1.1\r\nHost: a\r\n\r\n");
	hear_answer(fd, &h, 0);
	ck_assert_int_eq(h.status, 405);
	ck_assert_ptr_nonnull(strstr(heard_field(&h, "Allow"), "POST"));
	ck_assert_str_eq(heard_field(&h, "X-Content-Type-Options"), "nosniff");
	ck_assert_str_eq(heard_field(&h, "Content-Type"), "text/plain; charset=utf-8");
	free(h.body);
	hear_answer(fd, &h, 0);
	ck_assert_int_eq(h.status, 204);
	ck_assert_ptr_null(heard_field(&h, "Content-Length"));
	ck_assert_ptr_nonnull(strstr(heard_field(&h, "Allow"), "POST"));
	free(h.body);
	say(fd, "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n");
	hear_answer(fd, &h, 0);
	ck_assert_int_eq(h.status, 204);
	ck_assert_ptr_null(heard_field(&h, "Allow"));
	free(h.body);
	close(fd);
	serve_stop(&s);
}

SERVE_TEST(a_head_or_body_that_does_not_come_is_408)
{
	struct mummy_http_stats stats;
	struct serve s;
	int fd;

	serve_init(&s, poller, 2);
	routes(&s);
	s.opt.head_timeout_ms = 150;
	s.opt.idle_timeout_ms = 400;
	s.opt.min_body_rate = 1000;
	serve_start(&s);
	fd = dial(&s);
	say(fd, "GET / HT");
	expect(fd, 408, NULL);
	expect_end(fd);
	close(fd);
	fd = dial(&s);
	say(fd, "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET");
	expect(fd, 200, "ok");
	expect(fd, 408, NULL);
	expect_end(fd);
	close(fd);
	fd = dial(&s);
	say(fd, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\nabc");
	expect(fd, 408, NULL);
	expect_end(fd);
	close(fd);
	fd = dial(&s);
	say(fd, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
	expect(fd, 200, "ok");
	expect_end(fd);              /* idle: no 408 */
	close(fd);
	mummy_http_stats_get(s.server, &stats);
	ck_assert_uint_ge(stats.timeouts, 3);
	serve_stop(&s);
}

SERVE_TEST(a_forgotten_answer_is_500_and_logged)
{
	struct serve s;

	serve_init(&s, poller, 2);
	routes(&s);
	serve_start(&s);
	refused(&s, "GET /silent HTTP/1.1\r\nHost: a\r\n\r\n", 500, 0);
	refused(&s, "GET /silent-inline HTTP/1.1\r\nHost: a\r\n\r\n", 500, 0);
	ck_assert(serve_logged(&s, "/silent was not answered"));
	serve_stop(&s);
}

SERVE_TEST(an_executor_that_refuses_is_503)
{
	struct serve s;
	int fd;

	serve_init(&s, poller, 1);
	routes(&s);
	serve_start(&s);
	fd = dial(&s);
	crew_refuse(&s.crew, 1);
	say(fd, "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /inline HTTP/1.1\r\nHost: a\r\n\r\n");
	expect(fd, 503, NULL);
	expect(fd, 200, "ok");
	crew_refuse(&s.crew, 0);
	say(fd, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
	expect(fd, 200, "ok");
	close(fd);
	serve_stop(&s);
}

static void page(void *ctx, mummy_http_exchange *x, int status)
{
	const char *method = mummy_http_method(x, NULL);
	char text[64];

	(void)ctx;
	if (status == 500)
		return;              /* left to the server */
	snprintf(text, sizeof text, "page %d %s", status, method ? method : "none");
	mummy_http_respond_text(x, status, text);
}

SERVE_TEST(the_program_may_bring_its_own_pages)
{
	struct serve s;
	int fd;

	serve_init(&s, poller, 2);
	routes(&s);
	s.opt.error_page = page;
	serve_start(&s);
	fd = dial(&s);
	say(fd, "GET /none HTTP/1.1\r\nHost: a\r\n\r\n");
	expect(fd, 404, "page 404 GET");
	say(fd, "GET /silent HTTP/1.1\r\nHost: a\r\n\r\n");
	expect(fd, 500, "500 Internal Server Error\n");
	say(fd, "POST /small HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n12345678901");
	expect(fd, 413, "page 413 POST");
	say(fd, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n;");
	expect(fd, 400, "page 400 POST");
	expect_end(fd);
	close(fd);
	fd = dial(&s);
	say(fd, "x\r\n\r\n");
	expect(fd, 400, "page 400 none");
	expect_end(fd);
	close(fd);
	serve_stop(&s);
}

SERVE_TEST(too_many_connections_are_turned_away)
{
	struct serve s;
	struct mummy_http_stats stats;
	int a, b;

	serve_init(&s, poller, 0);
	routes(&s);
	s.opt.max_connections = 1;
	serve_start(&s);
	a = dial(&s);
	say(a, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
	expect(a, 200, "ok");
	b = dial(&s);
	expect(b, 503, "");
	expect_end(b);
	close(b);
	say(a, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
	expect(a, 200, "ok");
	mummy_http_stats_get(s.server, &stats);
	ck_assert_uint_eq(stats.refused, 1);
	ck_assert_uint_eq(stats.requests, 2);
	ck_assert_uint_eq(stats.answers[2], 2);
	close(a);
	serve_stop(&s);
}

SERVE_TEST(bodies_wait_for_memory_then_503)
{
	struct serve s;
	char body[9000];
	int fd;

	memset(body, 'x', sizeof body);
	serve_init(&s, poller, 2);
	routes(&s);
	s.opt.max_buffered_bytes = 6000;
	s.opt.head_timeout_ms = 200;
	serve_start(&s);
	fd = dial(&s);
	say(fd, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9000\r\n\r\n");
	say_n(fd, body, sizeof body);
	expect(fd, 503, NULL);
	expect_end(fd);
	close(fd);
	fd = dial(&s);
	say(fd, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\n");
	say_n(fd, body, 5000);
	expect(fd, 200, "ok");
	close(fd);
	serve_stop(&s);
}

SUITE_MAIN("http/errors", bad_requests_get_their_status, limits_of_heads_and_bodies,
	   after_a_refusal_with_a_short_body_the_connection_goes_on, the_router_answers_options_and_405,
	   a_head_or_body_that_does_not_come_is_408, a_forgotten_answer_is_500_and_logged,
	   an_executor_that_refuses_is_503, the_program_may_bring_its_own_pages,
	   too_many_connections_are_turned_away, bodies_wait_for_memory_then_503)
