/*
 * floor - what the kernel alone costs: one bare thread per connection reads a request, sleeps
 * MS milliseconds and writes a canned answer. No parser, no router, no pool: the rate that
 * servers with blocking handlers are measured against.
 *
 *     floor MS       on a port of 127.0.0.1 that the kernel picks and floor prints; until killed
 */
#include <config.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static const char answer[] = "HTTP/1.1 200 OK\r\n"
			     "Content-Type: text/plain\r\n"
			     "Content-Length: 13\r\n"
			     "\r\n"
			     "Hello, World!";
static struct timespec pause_for;

static void *serve(void *arg)
{
	int fd = (int)(intptr_t)arg;
	char buf[4096];

	while (read(fd, buf, sizeof buf) > 0) {
		nanosleep(&pause_for, NULL);
		if (write(fd, answer, sizeof answer - 1) < 0)
			break;
	}
	close(fd);
	return NULL;
}

static int listen_anywhere(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t len = sizeof at;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) < 0 || listen(fd, 1024) < 0
	    || getsockname(fd, (struct sockaddr *)&at, &len) < 0) {
		perror("floor");
		exit(1);
	}
	printf("%u\n", ntohs(at.sin_port));
	fflush(stdout);
	return fd;
}

int main(int argc, char **argv)
{
	pthread_attr_t attr;
	int listener, fd, one = 1;
	long ms;

	if (argc != 2) {
		fprintf(stderr, "usage: floor MS\n");
		return 2;
	}
	ms = strtol(argv[1], NULL, 10);
	pause_for.tv_sec = ms / 1000;
	pause_for.tv_nsec = ms % 1000 * 1000000;
	signal(SIGPIPE, SIG_IGN);
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, 64 * 1024);
	listener = listen_anywhere();
	while ((fd = accept(listener, NULL, NULL)) >= 0) {
		pthread_t thread;

		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
		if (pthread_create(&thread, &attr, serve, (void *)(intptr_t)fd) != 0)
			close(fd);
	}
	return 1;
}
