/* test_diag_echo.c - /diag/echo and bodies that come to no good end. */
#include <config.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "suite.h"
#include "client.h"

#define HEAD "POST /diag/echo HTTP/1.1\r\nHost: test\r\n"
#define CHUNKED HEAD "Transfer-Encoding: chunked\r\n\r\n"

static void refused(uint16_t port, const char *begin, const char *rest)
{
	struct response r;
	int fd = client_open(port);

	client_send(fd, begin, strlen(begin));
	client_send(fd, rest, strlen(rest));
	shutdown(fd, SHUT_WR);
	client_receive(fd, &r, 0);
	ck_assert_msg(r.status == 400, "%d: %s%s", r.status, begin, rest);
	response_free(&r);
	close(fd);
}

START_TEST(a_short_body_that_fails_is_no_success)
{
	struct server s;

	server_start(&s, "--listen", "127.0.0.1:0", "--diagnostics", NULL);
	refused(s.port, HEAD "Content-Length: 10\r\n\r\n", "");
	refused(s.port, HEAD "Content-Length: 10\r\n\r\nhello", "");
	refused(s.port, CHUNKED "5\r\nhel", "");
	refused(s.port, CHUNKED "5\r\nhello\r\n", "");
	refused(s.port, CHUNKED "5\r\nhello\r\n", "5 \r\nhello\r\n0\r\n\r\n");
	refused(s.port, CHUNKED "5\r\nhello\r\n", "0\r\nno trailer\r\n\r\n");
	ck_assert_int_eq(server_stop(&s), 0);
}
END_TEST

SUITE_MAIN("tools/diag_echo", a_short_body_that_fails_is_no_success)
