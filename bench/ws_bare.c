/*
 * ws_bare - what the kernel alone costs an echo: one loop that reads as much as there is, takes the mask off
 * each frame where it lies and sends what came together back in one write. Nothing of the protocol is checked
 * and nobody is told of anything; what the socket does not take at once is waited for.
 *
 * usage: ws_bare [OCTETS]        prints its port; reads so many octets at once, 112 Ki if it isn't told
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum { MOST = 512 };                    /* pieces of a write */

struct conn {
	int fd, open;
	size_t n;
	uint8_t *in;                    /* what came and is no whole frame yet */
};

static size_t size = 112 * 1024;

static void must(int ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(1);
}

static void write_all(int fd, struct iovec *iov, int n)
{
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = (size_t)n };

	while (msg.msg_iovlen) {
		ssize_t sent = sendmsg(fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (sent < 0 && errno == EAGAIN) {
			struct pollfd p = { .fd = fd, .events = POLLOUT };

			poll(&p, 1, -1);
			continue;
		}
		if (sent < 0)
			return;
		while (msg.msg_iovlen && (size_t)sent >= msg.msg_iov->iov_len) {
			sent -= (ssize_t)msg.msg_iov->iov_len;
			msg.msg_iov++;
			msg.msg_iovlen--;
		}
		if (msg.msg_iovlen) {
			msg.msg_iov->iov_base = (char *)msg.msg_iov->iov_base + sent;
			msg.msg_iov->iov_len -= (size_t)sent;
		}
	}
}

static void shake(struct conn *c)
{
	static const char answer[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
				     "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

	if (c->n < 4 || memcmp(c->in + c->n - 4, "\r\n\r\n", 4) != 0)
		return;
	c->n = 0;
	c->open = 1;
	must(send(c->fd, answer, sizeof answer - 1, MSG_NOSIGNAL) > 0, "send");
}

/* The compiler makes the best of it that the processor is known to have. */
static void unmask(uint8_t *p, size_t n, const uint8_t *mask)
{
	uint64_t m, v;
	size_t i = 0;

	memcpy(&m, mask, 4);
	memcpy((uint8_t *)&m + 4, mask, 4);
	for (; n - i >= 8; i += 8) {
		memcpy(&v, p + i, 8);
		v ^= m;
		memcpy(p + i, &v, 8);
	}
	for (; i < n; i++)
		p[i] ^= mask[i & 3];
}

/* The reply's head is shorter by the mask, and is put where that was. */
static void echo(struct conn *c)
{
	struct iovec iov[MOST];
	size_t at = 0;
	int n = 0;

	while (c->n - at >= 14 && n < MOST) {
		uint8_t *p = c->in + at;
		unsigned ext = (p[1] & 127) == 126 ? 2 : (p[1] & 127) == 127 ? 8 : 0;
		size_t len = ext ? 0 : p[1] & 127;
		uint8_t mask[4];

		for (unsigned i = 0; i < ext; i++)
			len = len << 8 | p[2 + i];
		if (c->n - at < 6 + ext + len)
			break;
		memcpy(mask, p + 2 + ext, 4);
		p[1] &= 127;
		memmove(p + 4, p, 2 + ext);
		unmask(p + 6 + ext, len, mask);
		iov[n++] = (struct iovec){ p + 4, 2 + ext + len };
		at += 6 + ext + len;
	}
	if (n)
		write_all(c->fd, iov, n);
	memmove(c->in, c->in + at, c->n - at);
	c->n -= at;
}

/* 0: it is over. */
static int turn(struct conn *c)
{
	ssize_t n;

	if (!c->in)
		c->in = malloc(2 * size);
	must(c->in != NULL, "malloc");
	n = recv(c->fd, c->in + c->n, size, MSG_DONTWAIT);
	if (n < 0 && errno == EAGAIN)
		return 1;
	if (n <= 0)
		return 0;
	c->n += (size_t)n;
	if (c->open)
		echo(c);
	else
		shake(c);
	return 1;
}

static int listen_anywhere(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t len = sizeof at;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	must(fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof at) == 0 && listen(fd, 1024) == 0
	     && getsockname(fd, (struct sockaddr *)&at, &len) == 0, "listen");
	printf("%u\n", ntohs(at.sin_port));
	fflush(stdout);
	return fd;
}

static void add(int ep, int fd)
{
	struct conn *c = calloc(1, sizeof *c);
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = c };
	int one = 1;

	must(c != NULL, "calloc");
	c->fd = fd;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	must(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev) == 0, "epoll_ctl");
}

int main(int argc, char **argv)
{
	int listener = listen_anywhere(), ep = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event ev[64], at = { .events = EPOLLIN };

	if (argc > 1)
		size = (size_t)atol(argv[1]);
	must(ep >= 0 && epoll_ctl(ep, EPOLL_CTL_ADD, listener, &at) == 0, "epoll_ctl");
	for (;;) {
		int n = epoll_wait(ep, ev, 64, -1);

		for (int i = 0; i < n; i++) {
			struct conn *c = ev[i].data.ptr;

			if (!c) {
				add(ep, accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC));
			} else if (!turn(c)) {
				close(c->fd);
				free(c->in);
				free(c);
			}
		}
	}
}
