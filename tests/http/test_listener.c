/* test_listener.c - what the sockets that listen have, and so their connections. */
#include <config.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include "internal.h"
#include "serve.h"

#ifdef TCP_CONGESTION
static void congestion_of(int fd, char out[32])
{
	socklen_t n = 31;

	memset(out, 0, 32);
	ck_assert_int_eq(getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, out, &n), 0);
}

static void system_congestion(char out[32])
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	congestion_of(fd, out);
	close(fd);
}

/* What a server of two loops at the address has, on each of its sockets; or the error. */
static int congestion_at(const char *address, const char *wanted, char out[32])
{
	struct mummy_http_listener at = { .address = address, .congestion = wanted };
	char other[32];
	struct serve s;
	int rc;

	serve_init(&s, 0, 0);
	s.opt.listeners = &at;
	s.opt.nlisteners = 1;
	s.opt.loops = 2;
	rc = mummy_http_server_new(&s.server, s.router, &s.opt);
	if (rc == 0) {
		congestion_of(s.server->listeners[0].fds[0], out);
		congestion_of(s.server->listeners[0].fds[1], other);
		ck_assert_str_eq(out, other);
		ck_assert_ptr_null(s.server->listeners[0].opt.congestion);
		mummy_http_server_free(s.server);
	}
	mummy_http_router_unref(s.router);
	return rc;
}

START_TEST(a_bbr_is_not_for_loopback)
{
	char system[32], got[32];

	system_congestion(system);
	ck_assert_int_eq(congestion_at(NULL, NULL, got), 0);
	ck_assert_str_eq(got, strncmp(system, "bbr", 3) ? system : "reno");
	ck_assert_int_eq(congestion_at("127.1.2.3", NULL, got), 0);
	ck_assert_str_eq(got, strncmp(system, "bbr", 3) ? system : "reno");
	ck_assert_int_eq(congestion_at("0.0.0.0", NULL, got), 0);
	ck_assert_str_eq(got, system);
	if (congestion_at("::1", NULL, got) == 0)
		ck_assert_str_eq(got, strncmp(system, "bbr", 3) ? system : "reno");
}
END_TEST

START_TEST(what_is_asked_for_is_there_or_an_error)
{
	char system[32], got[32];

	system_congestion(system);
	ck_assert_int_eq(congestion_at(NULL, "reno", got), 0);
	ck_assert_str_eq(got, "reno");
	ck_assert_int_eq(congestion_at("0.0.0.0", "reno", got), 0);
	ck_assert_str_eq(got, "reno");
	ck_assert_int_eq(congestion_at(NULL, "", got), 0);
	ck_assert_str_eq(got, system);
	ck_assert_int_eq(congestion_at(NULL, system, got), 0);
	ck_assert_str_eq(got, system);
	/* who may load modules hears that there is none; others may not even ask */
	ck_assert_int_lt(congestion_at(NULL, "no-such-thing", got), 0);
}
END_TEST

SUITE_MAIN("listener", a_bbr_is_not_for_loopback, what_is_asked_for_is_there_or_an_error)
#else
START_TEST(nothing_can_be_asked_for)
{
	struct mummy_http_listener at = { .congestion = "reno" };
	struct serve s;

	serve_init(&s, 0, 0);
	s.opt.listeners = &at;
	s.opt.nlisteners = 1;
	ck_assert_int_eq(mummy_http_server_new(&s.server, s.router, &s.opt), -ENOENT);
	mummy_http_router_unref(s.router);
}
END_TEST

SUITE_MAIN("listener", nothing_can_be_asked_for)
#endif
