/*
 * ws_idle - opens WebSockets and keeps them, answering pings, until its input ends.
 *
 * usage: ws_idle PORT PATH CONNECTIONS SOURCE
 *
 * SOURCE is the address they come from, with ports from 10000 on: to let the kernel look for a free one takes
 * the longer the more are taken. Prints "warm" when 500 are open and goes on when it gets a line; prints
 * "open" once all are. For each further line it sends a message on every 16th and prints how many came back
 * as they were sent, how many connections were lost and how many pings came.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { EVERY = 16, WARM = 500, FIRST_PORT = 10000, SMALL = 125, LIMIT_MS = 20000 };

static struct sockaddr_in to = { .sin_family = AF_INET }, from = { .sin_family = AF_INET };
static const char *path;
static int *fds;
static unsigned nfds, lost, pings, echoed;
static int epfd;

static void must(int ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "ws_idle: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int open_one(void)
{
	char text[512];
	int one = 1, n, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	from.sin_port = htons((uint16_t)(FIRST_PORT + nfds));
	n = snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
		     "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", path);
	if (bind(fd, (struct sockaddr *)&from, sizeof from) < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) < 0
	    || send(fd, text, (size_t)n, MSG_NOSIGNAL) != n)
		return -1;
	n = (int)recv(fd, text, sizeof text - 1, 0);
	text[n > 0 ? n : 0] = '\0';
	if (n < 4 || strncmp(text, "HTTP/1.1 101", 12) != 0 || memcmp(text + n - 4, "\r\n\r\n", 4) != 0)
		return -1;
	fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

static void open_all(unsigned n)
{
	for (; nfds < n; nfds++) {
		struct epoll_event ev = { .events = EPOLLIN, .data.u32 = nfds };

		fds[nfds] = open_one();
		must(fds[nfds] >= 0, "a connection");
		must(epoll_ctl(epfd, EPOLL_CTL_ADD, fds[nfds], &ev) == 0, "epoll_ctl");
	}
}

/* Small, and masked with zeros: it stays as it is. */
static int frame(int fd, unsigned char first, const void *p, size_t n)
{
	unsigned char f[6 + SMALL] = { first, (unsigned char)(0x80 | n) };

	memcpy(f + 6, p, n);
	return send(fd, f, 6 + n, MSG_NOSIGNAL) == (ssize_t)(6 + n) ? 0 : -1;
}

/* What came, which is small: whole frames. */
static int take(unsigned i)
{
	unsigned char in[1024], *p = in;
	ssize_t n = recv(fds[i], in, sizeof in, 0);

	if (n <= 0)
		return n < 0 && errno == EAGAIN ? 0 : -1;
	for (; n >= 2 && p[1] <= SMALL && n >= 2 + p[1]; n -= 2 + p[1], p += 2 + p[1]) {
		if (p[0] == 0x89) {
			pings++;
			if (frame(fds[i], 0x8a, p + 2, p[1]) < 0)
				return -1;
		} else if (p[0] == 0x82 && p[1] == sizeof i && memcmp(p + 2, &i, sizeof i) == 0) {
			echoed++;
		} else {
			return -1;
		}
	}
	return n == 0 ? 0 : -1;
}

static void lose(unsigned i)
{
	close(fds[i]);
	fds[i] = -1;
	lost++;
}

static void ask(void)
{
	unsigned asked = 0;

	for (unsigned i = 0; i < nfds; i += EVERY)
		if (fds[i] >= 0 && frame(fds[i], 0x82, &i, sizeof i) == 0)
			asked++;
	fprintf(stderr, "ws_idle: asked %u\n", asked);
}

/* Until the input ends. */
static void keep(void)
{
	struct epoll_event ev[256], input = { .events = EPOLLIN, .data.u32 = UINT32_MAX };
	int64_t until = 0;
	int n = 0;
	char line[100];

	must(epoll_ctl(epfd, EPOLL_CTL_ADD, 0, &input) == 0, "epoll_ctl");
	for (;;) {
		for (int i = 0; i < n; i++) {
			unsigned which = ev[i].data.u32;

			if (which != UINT32_MAX) {
				if (take(which) < 0)
					lose(which);
			} else if (read(0, line, sizeof line) > 0) {
				echoed = 0;
				until = now_ms() + LIMIT_MS;
				ask();
			} else {
				return;
			}
		}
		if (until && (echoed == (nfds + EVERY - 1) / EVERY || now_ms() > until)) {
			printf("%u %u %u\n", echoed, lost, pings);
			fflush(stdout);
			until = 0;
		}
		n = epoll_wait(epfd, ev, 256, until ? 100 : -1);
	}
}

int main(int argc, char **argv)
{
	struct rlimit limit;
	unsigned n;
	char one;

	must(argc == 5, "usage: ws_idle PORT PATH CONNECTIONS SOURCE");
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	to.sin_port = htons((uint16_t)atoi(argv[1]));
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	path = argv[2];
	n = (unsigned)atoi(argv[3]);
	must(inet_pton(AF_INET, argv[4], &from.sin_addr) == 1, "the address");
	fds = malloc(n * sizeof *fds);
	epfd = epoll_create1(EPOLL_CLOEXEC);
	must(fds && epfd >= 0, "memory");
	open_all(n < WARM ? n : WARM);
	puts("warm");
	fflush(stdout);
	must(read(0, &one, 1) == 1 && one == '\n', "a line");
	open_all(n);
	puts("open");
	fflush(stdout);
	keep();
	return 0;
}
