/* listener.c - listening sockets: TCP, Unix, inherited. */
#include <config.h>
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "internal.h"

enum { BACKLOG = 4096 };

union address {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct sockaddr_un un;
	struct sockaddr_storage storage;
};

static int open_socket(int family)
{
	int fd;

#ifdef SOCK_CLOEXEC
	fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
#else
	fd = socket(family, SOCK_STREAM, 0);
	if (fd >= 0) {
		fcntl(fd, F_SETFD, FD_CLOEXEC);
		fcntl(fd, F_SETFL, O_NONBLOCK);
	}
#endif
	return fd < 0 ? -errno : fd;
}

static int tcp_address(const struct mummy_http_listener *opt, union address *a, socklen_t *len)
{
	const char *text = opt->address ? opt->address : "127.0.0.1";

	memset(a, 0, sizeof *a);
	if (inet_pton(AF_INET, text, &a->in.sin_addr) == 1) {
		a->in.sin_family = AF_INET;
		a->in.sin_port = htons(opt->port);
		*len = sizeof a->in;
		return 0;
	}
	if (inet_pton(AF_INET6, text, &a->in6.sin6_addr) == 1) {
		a->in6.sin6_family = AF_INET6;
		a->in6.sin6_port = htons(opt->port);
		*len = sizeof a->in6;
		return 0;
	}
	return -EINVAL;
}

static uint16_t bound_port(int fd)
{
	union address a;
	socklen_t len = sizeof a;

	if (getsockname(fd, &a.any, &len) < 0)
		return 0;
	return a.any.sa_family == AF_INET ? ntohs(a.in.sin_port) : a.any.sa_family == AF_INET6
		? ntohs(a.in6.sin6_port) : 0;
}

/* A bound socket, or <0. */
static int tcp_bind(const union address *a, socklen_t len, int share)
{
	int fd = open_socket(a->any.sa_family), on = 1;

	if (fd < 0)
		return fd;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (a->any.sa_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
	if ((share && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) < 0)
	    || bind(fd, &a->any, len) < 0) {
		int rc = -errno;

		close(fd);
		return rc;
	}
	return fd;
}

static int add_listening(struct mhttp_listener *at, int fd)
{
	if (listen(fd, BACKLOG) < 0) {
		int rc = -errno;

		close(fd);
		return rc;
	}
	at->fds[at->nfds++] = fd;
	return 0;
}

static int is_loopback(const union address *a)
{
	if (a->any.sa_family == AF_INET6)
		return IN6_IS_ADDR_LOOPBACK(&a->in6.sin6_addr);
	return a->any.sa_family == AF_INET && ntohl(a->in.sin_addr.s_addr) >> 24 == 127;
}

/* Connections have what the socket that listens had: once they stand, it is too late to do without the timers
 * of a bbr. reno is what every process may ask for. */
static int set_congestion(const char *wanted, const union address *a, int fd)
{
#ifdef TCP_CONGESTION
	char system[32] = "";
	socklen_t n = sizeof system - 1;

	if (wanted && *wanted)
		return setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, wanted, (socklen_t)strlen(wanted)) < 0
			       ? -errno
			       : 0;
	if (!wanted && is_loopback(a) && getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, system, &n) == 0
	    && strncmp(system, "bbr", 3) == 0)
		setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "reno", 4);
	return 0;
#else
	(void)a, (void)fd;
	return wanted && *wanted ? -ENOENT : 0;
#endif
}

static void set_port(union address *a, uint16_t port)
{
	if (a->any.sa_family == AF_INET)
		a->in.sin_port = htons(port);
	else
		a->in6.sin6_port = htons(port);
}

/* SO_REUSEPORT would let a second server bind to a port in use, so a socket without it goes ahead and finds
 * out; it listens, since only that excludes others that come at the same time. */
static int probe(union address *a, socklen_t len)
{
	int fd = tcp_bind(a, len, 0);

	if (fd < 0)
		return fd;
	if (listen(fd, 1) < 0) {
		int rc = -errno;

		close(fd);
		return rc;
	}
	set_port(a, bound_port(fd));
	close(fd);
	return 0;
}

static int open_tcp(struct mhttp_listener *at, unsigned nloops)
{
	int share = nloops > 1 || at->opt.reuse_port, rc;
	union address a;
	socklen_t len;

	rc = tcp_address(&at->opt, &a, &len);
	if (rc == 0 && nloops > 1 && !at->opt.reuse_port)
		rc = probe(&a, len);
	for (unsigned i = 0; rc == 0 && i < nloops; i++) {
		int fd = tcp_bind(&a, len, share);

		if (fd < 0)
			return fd;
		rc = set_congestion(at->opt.congestion, &a, fd);
		if (rc < 0) {
			close(fd);
			return rc;
		}
		rc = add_listening(at, fd);
		if (rc == 0 && i == 0) {
			at->port = bound_port(fd);
			set_port(&a, at->port);
		}
	}
	return rc;
}

/* A socket file whose server is gone may be replaced; one that answers may not. */
static int remove_stale(const union address *a, socklen_t len)
{
	int fd = open_socket(AF_UNIX), rc;

	if (fd < 0)
		return fd;
	rc = connect(fd, &a->any, len) < 0 && errno == ECONNREFUSED ? 0 : -EADDRINUSE;
	close(fd);
	if (rc == 0 && unlink(a->un.sun_path) < 0)
		rc = -errno;
	return rc;
}

static int open_unix(struct mhttp_listener *at)
{
	union address a;
	socklen_t len = sizeof a.un;
	struct stat st;
	int fd, rc;

	memset(&a, 0, sizeof a);
	a.un.sun_family = AF_UNIX;
	if (strlen(at->unix_path) >= sizeof a.un.sun_path)
		return -ENAMETOOLONG;
	memcpy(a.un.sun_path, at->unix_path, strlen(at->unix_path));
	fd = open_socket(AF_UNIX);
	if (fd < 0)
		return fd;
	rc = bind(fd, &a.any, len) < 0 ? -errno : 0;
	if (rc == -EADDRINUSE && (rc = remove_stale(&a, len)) == 0)
		rc = bind(fd, &a.any, len) < 0 ? -errno : 0;
	if (rc < 0) {
		close(fd);
		return rc;
	}
	if (stat(at->unix_path, &st) == 0) {
		at->unix_dev = (uint64_t)st.st_dev;
		at->unix_ino = (uint64_t)st.st_ino;
	}
	return add_listening(at, fd);
}

static int open_inherited(struct mhttp_listener *at)
{
	int fd = at->opt.fd, on = 0, flags = fcntl(fd, F_GETFL);
	socklen_t len = sizeof on;

	if (flags < 0)
		return -errno;
	at->fds[at->nfds++] = fd;
	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &len) < 0)
		return -errno;
	if (!on)
		return -EINVAL;
	fcntl(fd, F_SETFL, flags | O_NONBLOCK);
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	at->port = bound_port(fd);
	return 0;
}

static int open_listener(struct mhttp_listener *at, unsigned nloops)
{
	at->fds = calloc(nloops, sizeof *at->fds);
	if (!at->fds) {
		if (at->opt.fd > 0)
			close(at->opt.fd);
		return -ENOMEM;
	}
	if (at->opt.fd > 0)
		return open_inherited(at);
	if (!at->opt.unix_path)
		return open_tcp(at, nloops);
	at->unix_path = strdup(at->opt.unix_path);
	return at->unix_path ? open_unix(at) : -ENOMEM;
}

int mhttp_listeners_open(struct mummy_http_server *s, const struct mummy_http_options *opt)
{
	static const struct mummy_http_listener loopback;
	const struct mummy_http_listener *from = opt->nlisteners ? opt->listeners : &loopback;
	size_t n = opt->nlisteners ? opt->nlisteners : 1;
	int rc = 0;

	if (n > UINT16_MAX)
		return -EINVAL;
	s->listeners = calloc(n, sizeof *s->listeners);
	if (!s->listeners)
		return -ENOMEM;
	for (s->nlisteners = 0; s->nlisteners < n && rc == 0; s->nlisteners++) {
		struct mhttp_listener *at = &s->listeners[s->nlisteners];

		at->opt = from[s->nlisteners];
		rc = MUMMY_RESERVED_OK(&at->opt) ? open_listener(at, s->nloops) : -EINVAL;
		at->opt.address = at->opt.unix_path = at->opt.congestion = NULL;
	}
	/* taken is taken, also when this failed half-way */
	for (size_t i = s->nlisteners; i < n; i++)
		if (from[i].fd > 0)
			close(from[i].fd);
	return rc;
}

static void unlink_own(const struct mhttp_listener *at)
{
	struct stat st;

	if (at->unix_ino && stat(at->unix_path, &st) == 0 && (uint64_t)st.st_dev == at->unix_dev
	    && (uint64_t)st.st_ino == at->unix_ino)
		unlink(at->unix_path);
}

void mhttp_listeners_close(struct mummy_http_server *s)
{
	for (size_t i = 0; i < s->nlisteners; i++) {
		struct mhttp_listener *at = &s->listeners[i];

		unlink_own(at);
		for (size_t k = 0; k < at->nfds; k++)
			close(at->fds[k]);
		at->nfds = 0;
		free(at->fds);
		free(at->unix_path);
	}
	free(s->listeners);
	s->listeners = NULL;
	s->nlisteners = 0;
}
