/* fibers - an echo server on one port of 127.0.0.1, written straight through: a fiber for each
 * connection, all of them on two threads. The first argument is the port; 0: the kernel picks one.
 * It ends after as many connections as the second argument says. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <mummy/pool.h>

enum { IDLE_MS = 60000 };

/* What the socket does not take at once waits on the fiber, not on the thread. */
static int send_all(int fd, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t sent = send(fd, p, n, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (sent < 0 && (errno != EAGAIN || mummy_task_wait_fd(fd, POLLOUT, IDLE_MS) < 0))
			return -1;
		if (sent > 0) {
			p += sent;
			n -= (size_t)sent;
		}
	}
	return 0;
}

static void echo(void *arg)
{
	int fd = (int)(intptr_t)arg;
	char text[4096];

	while (mummy_task_wait_fd(fd, POLLIN, IDLE_MS) > 0) {
		ssize_t n = recv(fd, text, sizeof text, MSG_DONTWAIT);

		if (n < 0 && errno == EAGAIN)
			continue;
		if (n <= 0 || send_all(fd, text, (size_t)n) < 0)
			break;
	}
	close(fd);
}

static int listen_on(uint16_t port)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(port) };
	socklen_t len = sizeof at;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, len) < 0 || listen(fd, 100) < 0
	    || getsockname(fd, (struct sockaddr *)&at, &len) < 0) {
		perror("fibers");
		exit(1);
	}
	printf("127.0.0.1:%u\n", ntohs(at.sin_port));
	fflush(stdout);
	return fd;
}

int main(int argc, char **argv)
{
	struct mummy_pool_options opt = { .kind = MUMMY_POOL_FIBERS, .threads = 2 };
	int listener = listen_on((uint16_t)(argc > 1 ? atoi(argv[1]) : 0));
	long connections = argc > 2 ? atol(argv[2]) : -1;
	mummy_pool *pool;
	int fd;

	if (mummy_pool_new(&pool, &opt) < 0)
		return 1;
	for (; connections != 0 && (fd = accept(listener, NULL, NULL)) >= 0; connections--)
		if (mummy_pool_submit(pool, echo, (void *)(intptr_t)fd) < 0)
			close(fd);
	mummy_pool_free(pool);
	return 0;
}
