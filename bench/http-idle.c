/*
 * http-idle - opens connections, gets one answer on each, says so, and keeps them until its input ends.
 *
 *     http-idle PORT N PATH
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static int open_one(int port, const char *path)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	char text[512];
	int fd = socket(AF_INET, SOCK_STREAM, 0), n;

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof a) < 0)
		return -1;
	n = snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", path);
	if (send(fd, text, (size_t)n, 0) != n)
		return -1;
	return recv(fd, text, sizeof text, 0) > 0 ? 0 : -1;
}

int main(int argc, char **argv)
{
	struct rlimit limit;
	int n = argc > 2 ? atoi(argv[2]) : 0;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	for (int i = 0; i < n; i++)
		if (open_one(atoi(argv[1]), argv[3]) < 0) {
			perror("http-idle");
			return 1;
		}
	puts("open");
	fflush(stdout);
	return getchar() == EOF ? 0 : 0;
}
