/*
 * inherit.c - listening sockets that came with the process (socket activation).
 */
#include <config.h>
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "inherit.h"
#include "number.h"

#define FIRST 3                            /* as sd_listen_fds(3) has it */

union sockname {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct sockaddr_un un;
};

/* Where a UNIX socket lies; one without a file is written with an @, as elsewhere. */
static const char *unix_path(const struct sockaddr_un *un, socklen_t len, char path[INHERIT_PATH])
{
	const size_t at = offsetof(struct sockaddr_un, sun_path), n = len > at ? len - at : 0;

	if (n > 0 && un->sun_path[0] == '\0')
		snprintf(path, INHERIT_PATH, "@%.*s", (int)(n - 1), un->sun_path + 1);
	else
		snprintf(path, INHERIT_PATH, "%.*s", (int)n, un->sun_path);
	return path;
}

/* 0; -EINVAL: it does not listen, or to nothing that HTTP comes on. */
static int look_at(int fd, struct address *a, char path[INHERIT_PATH])
{
	socklen_t len = sizeof(union sockname), n = sizeof(int);
	int listens = 0, type = 0;
	union sockname s;

	memset(&s, 0, sizeof s);
	memset(a, 0, sizeof *a);
	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &n) < 0 || !listens
	    || getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &n) < 0 || type != SOCK_STREAM
	    || getsockname(fd, &s.any, &len) < 0)
		return -EINVAL;
	a->fd = fd;
	a->ipv6 = s.any.sa_family == AF_INET6;
	if (s.any.sa_family == AF_UNIX) {
		a->unix_path = unix_path(&s.un, len, path);
		return 0;
	}
	if (s.any.sa_family != AF_INET && !a->ipv6)
		return -EINVAL;
	a->port = ntohs(a->ipv6 ? s.in6.sin6_port : s.in.sin_port);
	return inet_ntop(s.any.sa_family, a->ipv6 ? (void *)&s.in6.sin6_addr : (void *)&s.in.sin_addr,
			 a->host, sizeof a->host)
		       ? 0
		       : -EINVAL;
}

/* The i-th of the names, which have colons between them; empty: it has none. */
static void name_of(size_t i, const char *names, char *out, size_t size)
{
	while (names && i-- > 0)
		names = strchr(names, ':') ? strchr(names, ':') + 1 : NULL;
	snprintf(out, size, "%.*s", names ? (int)strcspn(names, ":") : 0, names ? names : "");
}

static int take(struct inherited *in, size_t n, const char *names, char *why, size_t size)
{
	char name[64];

	for (; in->n < n; in->n++) {
		const int fd = FIRST + (int)in->n;

		if (look_at(fd, &in->at[in->n], in->path[in->n]) == 0) {
			fcntl(fd, F_SETFD, FD_CLOEXEC);
			continue;
		}
		name_of(in->n, names, name, sizeof name);
		snprintf(why, size,
			 "inherited descriptor %d%s%s: it is no listening stream socket; pass such ones, as "
			 "ListenStream= does, without Accept=",
			 fd, *name ? ", " : "", name);
		return -EINVAL;
	}
	return 0;
}

int inherit_sockets(struct inherited *in, char *why, size_t size)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
	uint64_t number = 0, n = 0;
	int rc = 0;

	memset(in, 0, sizeof *in);
	if (pid && fds && number_parse(&number, pid, 1, INT32_MAX) == 0 && number == (uint64_t)getpid()) {
		if (number_parse(&n, fds, 1, INHERIT_MAX) == 0) {
			rc = take(in, (size_t)n, getenv("LISTEN_FDNAMES"), why, size);
		} else {
			snprintf(why, size, "LISTEN_FDS: \"%s\" is not a number from 1 to %d", fds,
				 INHERIT_MAX);
			rc = -EINVAL;
		}
	}
	/* who inherits from us, as hooks do, must not take them for his */
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	return rc;
}
