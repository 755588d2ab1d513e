/*
 * address.c - where to listen, as the user writes it.
 */
#include <config.h>
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "address.h"
#include "number.h"

static int parse_unix(struct address *a, const char *path)
{
	struct sockaddr_un un;

	if (*path == '\0' || strlen(path) >= sizeof un.sun_path)
		return -EINVAL;
	a->unix_path = path;
	return 0;
}

int address_parse(struct address *a, const char *text)
{
	const char *colon = strrchr(text, ':'), *host = text;
	unsigned char raw[sizeof(struct in6_addr)];
	uint64_t port;
	size_t n;

	memset(a, 0, sizeof *a);
	if (strncmp(text, "unix:", 5) == 0)
		return parse_unix(a, text + 5);
	if (!colon || number_parse(&port, colon + 1, 0, UINT16_MAX) < 0)
		return -EINVAL;
	n = (size_t)(colon - text);
	if (n >= 2 && text[0] == '[' && colon[-1] == ']') {
		a->ipv6 = 1;
		host++;
		n -= 2;
	}
	if (n == 0 || n >= sizeof a->host)
		return -EINVAL;
	memcpy(a->host, host, n);
	a->port = (uint16_t)port;
	return inet_pton(a->ipv6 ? AF_INET6 : AF_INET, a->host, raw) == 1 ? 0 : -EINVAL;
}

int address_is_open(const struct address *a)
{
	struct in_addr v4;
	struct in6_addr v6;

	if (a->unix_path)
		return 0;
	if (!a->ipv6)
		return inet_pton(AF_INET, a->host, &v4) != 1 || ntohl(v4.s_addr) >> 24 != 127;
	if (inet_pton(AF_INET6, a->host, &v6) != 1)
		return 1;
	/* 127.0.0.1 in the form of IPv6 (RFC 4291 section 2.5.5.2) too */
	return !IN6_IS_ADDR_LOOPBACK(&v6) && !(IN6_IS_ADDR_V4MAPPED(&v6) && v6.s6_addr[12] == 127);
}

void address_url(const struct address *a, uint16_t port, char *out, size_t size)
{
	if (a->unix_path)
		snprintf(out, size, "unix:%s", a->unix_path);
	else
		snprintf(out, size, a->ipv6 ? "http://[%s]:%u/" : "http://%s:%u/", a->host, (unsigned)port);
}

static socklen_t to_sockaddr(const struct address *a, struct sockaddr_storage *out)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)out;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;

	memset(out, 0, sizeof *out);
	if (a->ipv6) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(a->port);
		inet_pton(AF_INET6, a->host, &v6->sin6_addr);
		return sizeof *v6;
	}
	v4->sin_family = AF_INET;
	v4->sin_port = htons(a->port);
	inet_pton(AF_INET, a->host, &v4->sin_addr);
	return sizeof *v4;
}

int address_probe(const struct address *a, int reuse_port)
{
	struct sockaddr_storage addr;
	int fd, on = 1, rc = 0;
	socklen_t len;

	if (a->unix_path || a->fd > 0)
		return 0;
	len = to_sockaddr(a, &addr);
	fd = socket(addr.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (a->ipv6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
	if (reuse_port)
		setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
	/* With SO_REUSEADDR only listen finds another listener on the port. */
	if (bind(fd, (const struct sockaddr *)&addr, len) < 0 || listen(fd, 1) < 0)
		rc = -errno;
	close(fd);
	return rc;
}
