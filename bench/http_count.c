/*
 * http_count - what bench/http.sh counts instructions of: 64 connections, on each one request after the
 * other.
 *
 *     http_count PORT PATH FIELDS ROUNDS
 *
 * FIELDS is "least" (Host alone) or "browser" (16 of them). A round is a request on every connection, and its
 * answer.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include "load.h"

enum { CONNECTIONS = 64, ANSWER_BYTES = 65536 };

static const char browser[] = "Connection: keep-alive\r\n"
	"Cache-Control: max-age=0\r\n"
	"sec-ch-ua: \"Chromium\";v=\"124\", \"Not-A.Brand\";v=\"99\"\r\n"
	"sec-ch-ua-mobile: ?0\r\n"
	"sec-ch-ua-platform: \"Linux\"\r\n"
	"DNT: 1\r\n"
	"Upgrade-Insecure-Requests: 1\r\n"
	"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 "
	"Safari/537.36\r\n"
	"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8\r\n"
	"Sec-Fetch-Site: none\r\n"
	"Sec-Fetch-Mode: navigate\r\n"
	"Sec-Fetch-User: ?1\r\n"
	"Sec-Fetch-Dest: document\r\n"
	"Accept-Encoding: gzip, deflate, br, zstd\r\n"
	"Accept-Language: de-DE,de;q=0.9,en-US;q=0.8,en;q=0.7\r\n";

static int connect_to(uint16_t port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	must(fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof a) == 0, "connect");
	return fd;
}

/* The first answer's length is that of all. */
static size_t first_answer(int fd, char *room)
{
	size_t have = 0, whole = 0;

	while (!whole || have < whole) {
		ssize_t n = recv(fd, room + have, ANSWER_BYTES - 1 - have, 0);
		const char *end, *length;

		must(n > 0, "recv");
		have += (size_t)n;
		room[have] = 0;
		end = strstr(room, "\r\n\r\n");
		length = strcasestr(room, "\r\ncontent-length:");
		if (end)
			must(length && length < end, "an answer without Content-Length");
		if (end)
			whole = (size_t)(end + 4 - room) + strtoul(length + 17, NULL, 10);
	}
	must(strncmp(room, "HTTP/1.1 200 ", 13) == 0 && have == whole, "an answer other than 200");
	return whole;
}

static void await_answer(int fd, char *room, size_t want)
{
	size_t have = 0;

	while (have < want) {
		ssize_t n = recv(fd, room, want - have, 0);

		must(n > 0, "recv");
		have += (size_t)n;
	}
}

int main(int argc, char **argv)
{
	static char room[ANSWER_BYTES];
	int fds[CONNECTIONS], n;
	char head[2048];
	size_t answer;

	must(argc == 5, "usage: http_count PORT PATH FIELDS ROUNDS");
	n = snprintf(head, sizeof head, "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%s\r\n%s\r\n", argv[2], argv[1],
		     strcmp(argv[3], "browser") ? "" : browser);
	for (int i = 0; i < CONNECTIONS; i++)
		fds[i] = connect_to((uint16_t)atoi(argv[1]));
	must(send(fds[0], head, (size_t)n, 0) == n, "send");
	answer = first_answer(fds[0], room);
	for (long round = atol(argv[4]); round > 0; round--) {
		for (int i = 0; i < CONNECTIONS; i++)
			must(send(fds[i], head, (size_t)n, 0) == n, "send");
		for (int i = 0; i < CONNECTIONS; i++)
			await_answer(fds[i], room, answer);
	}
	return 0;
}
