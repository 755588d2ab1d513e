/* mummy-server without a free descriptor: what it costs, whom it still serves, and that it passes. */
#include <config.h>
#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "suite.h"
#include "client.h"

enum { LIMIT = 64, TRIES = 20, PAUSE_MS = 20 };

static const char request[] = "GET /ws/echo HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
	"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/* A WebSocket, or -1: it was turned away. */
static int try_open(uint16_t port)
{
	char answer[1000];
	int fd = client_open(port);
	size_t n = 0;
	ssize_t got = 1;

	/* Who is turned away may find the other end closed by now. */
	if (send(fd, request, sizeof request - 1, MSG_NOSIGNAL) < 0)
		got = 0;
	while (got > 0 && (n < 4 || memcmp(answer + n - 4, "\r\n\r\n", 4) != 0)) {
		got = recv(fd, answer + n, 1, 0);
		n += got > 0;
		ck_assert_uint_lt(n, sizeof answer);
	}
	if (got > 0 && memcmp(answer, "HTTP/1.1 101", 12) == 0)
		return fd;
	close(fd);
	return -1;
}

static double cpu_ms(pid_t pid)
{
	struct timespec t;
	clockid_t clock;

	ck_assert_int_eq(clock_getcpuclockid(pid, &clock), 0);
	ck_assert_int_eq(clock_gettime(clock, &t), 0);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* Percent of one CPU, while clients go on coming. */
static double cost_of_being_full(const struct server *s)
{
	double cpu = cpu_ms(s->pid), at = now_ms();

	for (int i = 0; i < TRIES; i++) {
		const struct timespec pause = { 0, PAUSE_MS * 1000000 };

		ck_assert_int_eq(try_open(s->port), -1);
		nanosleep(&pause, NULL);
	}
	return 100 * (cpu_ms(s->pid) - cpu) / (now_ms() - at);
}

START_TEST(it_turns_clients_away_at_no_cost_and_recovers)
{
	const struct rlimit limit = { LIMIT, LIMIT };
	char text[20];
	struct server s;
	int old[LIMIT], n = 0, fd;

	server_start(&s, "--listen", "127.0.0.1:0", "--diagnostics", NULL);
	ck_assert_int_eq(prlimit(s.pid, RLIMIT_NOFILE, &limit, NULL), 0);
	while ((fd = try_open(s.port)) >= 0) {
		ck_assert_int_lt(n, LIMIT);
		old[n++] = fd;
	}
	ck_assert_int_gt(n, LIMIT / 4);
	ck_assert(cost_of_being_full(&s) < 5);
	for (int i = 0; i < n; i++) {
		ws_send_text(old[i], "still here");
		ws_receive_text(old[i], text, sizeof text);
		ck_assert_str_eq(text, "still here");
	}
	close(old[--n]);
	/* That is seen in its own time. */
	while ((fd = try_open(s.port)) < 0)
		usleep(1000);
	ws_send_text(fd, "new");
	ws_receive_text(fd, text, sizeof text);
	ck_assert_str_eq(text, "new");
	close(fd);
	while (n > 0)
		close(old[--n]);
	ck_assert_int_eq(server_stop(&s), 0);
}
END_TEST

SUITE_MAIN("tools/descriptors", it_turns_clients_away_at_no_cost_and_recovers)
