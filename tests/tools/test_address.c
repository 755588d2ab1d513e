#include <config.h>
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "suite.h"
#include "address.h"

START_TEST(test_forms)
{
	struct address a;
	char url[128];

	ck_assert_int_eq(address_parse(&a, "127.0.0.1:8080"), 0);
	ck_assert_str_eq(a.host, "127.0.0.1");
	ck_assert_uint_eq(a.port, 8080);
	address_url(&a, 4711, url, sizeof url);
	ck_assert_str_eq(url, "http://127.0.0.1:4711/");
	ck_assert_int_eq(address_parse(&a, "[::1]:0"), 0);
	ck_assert_str_eq(a.host, "::1");
	ck_assert(a.ipv6);
	address_url(&a, 80, url, sizeof url);
	ck_assert_str_eq(url, "http://[::1]:80/");
	ck_assert_int_eq(address_parse(&a, "unix:/run/x:y.sock"), 0);
	ck_assert_str_eq(a.unix_path, "/run/x:y.sock");
	address_url(&a, 0, url, sizeof url);
	ck_assert_str_eq(url, "unix:/run/x:y.sock");
}
END_TEST

START_TEST(test_refused)
{
	static const char *const bad[] = { "", ":", "8080", ":8080", "127.0.0.1", "127.0.0.1:",
		"127.0.0.1:x", "127.0.0.1:65536", "127.0.0.1:-1", "::1:8080", "[::1]", "[::1]8080",
		"[127.0.0.1]:80", "[]:80",
		"localhost:80", "127.0.0.1.5:80", "unix:", "[::1:80", "::1]:80" };
	char path[300], host[300];
	struct address a;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		ck_assert_msg(address_parse(&a, bad[i]) == -EINVAL, "%s", bad[i]);
	memset(path, 'p', sizeof path - 1);
	memcpy(path, "unix:", 5);
	path[sizeof path - 1] = '\0';
	ck_assert_int_eq(address_parse(&a, path), -EINVAL);
	memset(host, '1', sizeof host - 1);
	memcpy(host + sizeof host - 4, ":80", 4);
	ck_assert_int_eq(address_parse(&a, host), -EINVAL);
}
END_TEST

/* A listener, as a server makes one; its port goes to *port. */
static int listener(int share, uint16_t *port)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
	socklen_t len = sizeof at;

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), 0);
	if (share)
		ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on), 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, len), 0);
	ck_assert_int_eq(listen(fd, 1), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	*port = ntohs(at.sin_port);
	return fd;
}

START_TEST(test_probe_finds_a_port_in_use)
{
	struct address a;
	int fd;

	ck_assert_int_eq(address_parse(&a, "127.0.0.1:0"), 0);
	ck_assert_int_eq(address_probe(&a, 0), 0);
	fd = listener(0, &a.port);
	ck_assert_int_eq(address_probe(&a, 0), -EADDRINUSE);
	ck_assert_int_eq(address_probe(&a, 1), -EADDRINUSE);
	close(fd);
	ck_assert_int_eq(address_probe(&a, 0), 0);
	ck_assert_int_eq(address_parse(&a, "192.0.2.1:0"), 0);
	ck_assert_int_eq(address_probe(&a, 0), -EADDRNOTAVAIL);
}
END_TEST

START_TEST(test_shared_port)
{
	struct address a;
	int fd;

	ck_assert_int_eq(address_parse(&a, "127.0.0.1:0"), 0);
	fd = listener(1, &a.port);
	ck_assert_int_eq(address_probe(&a, 1), 0);
	ck_assert_int_eq(address_probe(&a, 0), -EADDRINUSE);
	close(fd);
}
END_TEST

START_TEST(test_who_can_reach_it)
{
	static const struct { const char *text; int open; } v[] = {
		{ "127.0.0.1:80", 0 }, { "127.1.2.3:80", 0 }, { "[::1]:80", 0 }, { "unix:/x", 0 },
		{ "[::ffff:127.0.0.1]:80", 0 }, { "0.0.0.0:80", 1 }, { "[::]:80", 1 }, { "192.0.2.1:80", 1 },
		{ "[::ffff:192.0.2.1]:80", 1 }, { "[2001:db8::1]:80", 1 }, { "128.0.0.1:80", 1 },
	};
	struct address a;

	for (size_t i = 0; i < sizeof v / sizeof v[0]; i++) {
		ck_assert_int_eq(address_parse(&a, v[i].text), 0);
		ck_assert_msg(address_is_open(&a) == v[i].open, "%s", v[i].text);
	}
}
END_TEST

SUITE_MAIN("address", test_forms, test_refused, test_probe_finds_a_port_in_use, test_shared_port, test_who_can_reach_it)
