/* accept.c - new connections. Loop only. */
#include <config.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include "internal.h"

enum { ACCEPT_BATCH = 64, RETRY_MS = 100, REFUSAL_LINE_MS = 1000 };

static int accept_one(int fd, struct sockaddr_storage *from, socklen_t *len)
{
	int conn;

	do {
		*len = sizeof *from;
#ifdef HAVE_ACCEPT4
		conn = accept4(fd, (struct sockaddr *)from, len, SOCK_NONBLOCK | SOCK_CLOEXEC);
#else
		conn = accept(fd, (struct sockaddr *)from, len);
#endif
	} while (conn < 0 && (errno == EINTR || errno == ECONNABORTED));
#ifndef HAVE_ACCEPT4
	if (conn >= 0) {
		fcntl(conn, F_SETFL, O_NONBLOCK);
		fcntl(conn, F_SETFD, FD_CLOEXEC);
	}
#endif
	return conn < 0 ? -errno : conn;
}

static void note_peer(struct mhttp_conn *c, const struct sockaddr_storage *from)
{
	c->family = (uint8_t)from->ss_family;
	if (from->ss_family == AF_INET) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)from;

		memcpy(c->address, &in->sin_addr, 4);
		c->port = ntohs(in->sin_port);
	} else if (from->ss_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)from;

		memcpy(c->address, &in6->sin6_addr, 16);
		c->port = ntohs(in6->sin6_port);
	}
}

static int start_transport(struct mhttp_conn *c, const struct mummy_http_listener *at)
{
	struct mhttp_io *io = calloc(1, sizeof *io + sizeof io->secured[0]);
	int rc;

	if (!io)
		return -ENOMEM;
	rc = at->transport(at->transport_ctx, c->fd, &io->secured->transport, &io->secured->conn);
	if (rc < 0) {
		free(io);
		return rc;
	}
	c->io = io;
	c->secured = 1;
	c->phase = MHTTP_HANDSHAKE;
	return rc;
}

static void refuse(struct mummy_http_loop *l, int fd)
{
	static const char text[] = "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n"
				   "Content-Length: 0\r\nRetry-After: 1\r\n\r\n";

	if (send(fd, text, sizeof text - 1, MSG_DONTWAIT | MSG_NOSIGNAL) > 0)
		shutdown(fd, SHUT_WR);
	close(fd);
	mhttp_count(&l->stats.refused, 1);
}

/* A flood of clients must not become a flood of lines: one a second, with how many went without. */
static void log_refusal(struct mummy_http_loop *l, const char *why)
{
	uint32_t now = mhttp_now();

	if (l->refusal_logged && mhttp_until(l->refusal_line, now) > 0) {
		l->refusals_untold++;
		return;
	}
	if (l->refusals_untold)
		mhttp_log(l->server, MUMMY_HTTP_WARNING,
			  "a client is refused: %s (%u more since the last line)", why, l->refusals_untold);
	else
		mhttp_log(l->server, MUMMY_HTTP_WARNING, "a client is refused: %s", why);
	l->refusal_logged = 1;
	l->refusals_untold = 0;
	l->refusal_line = now + REFUSAL_LINE_MS;
}

static void welcome(struct mhttp_acceptor *a, int fd, const struct sockaddr_storage *from)
{
	struct mummy_http_loop *l = a->loop;
	struct mummy_http_server *s = l->server;
	const struct mummy_http_listener *at = &s->listeners[a->listener].opt;
	struct mhttp_conn *c;
	int on = 1;

	mhttp_count(&l->stats.accepted, 1);
	if (s->opt.max_connections && atomic_load(&s->connections) >= s->opt.max_connections) {
		log_refusal(l, "503, as many connections as max_connections allows");
		refuse(l, fd);
		return;
	}
	c = mhttp_conn_new(l, fd, a->listener);
	if (!c) {
		close(fd);
		mhttp_count(&l->stats.refused, 1);
		return;
	}
	note_peer(c, from);
	if (from->ss_family != AF_UNIX)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	if (at->transport && start_transport(c, at) < 0)
		mhttp_conn_close(c, -ECONNABORTED);
}

static void retry(struct mummy_poller_timer *t)
{
	struct mhttp_acceptor *a = MUMMY_CONTAINER_OF(t, struct mhttp_acceptor, retry);

	if (a->fd >= 0)
		mummy_poller_modify(a->loop->poller, a->fd, MUMMY_POLLER_READ, &a->watch);
}

/* No descriptor is left. The spare one lets this client be turned away instead of waiting for ever; without
 * it the listener rests for a while, so that the loop does not spin. */
static void out_of_descriptors(struct mhttp_acceptor *a, int error)
{
	struct mummy_http_loop *l = a->loop;
	struct sockaddr_storage from;
	socklen_t len;
	int fd = -1;

	log_refusal(l, strerror(-error));
	if (l->reserve_fd >= 0) {
		close(l->reserve_fd);
		fd = accept_one(a->fd, &from, &len);
		if (fd >= 0)
			refuse(l, fd);
		l->reserve_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	}
	if (fd < 0 || l->reserve_fd < 0) {
		mummy_poller_modify(l->poller, a->fd, 0, &a->watch);
		mummy_poller_timer_set(l->poller, &a->retry, RETRY_MS);
	}
}

static void acceptor_ready(struct mummy_poller_watch *w, unsigned events)
{
	struct mhttp_acceptor *a = MUMMY_CONTAINER_OF(w, struct mhttp_acceptor, watch);
	struct sockaddr_storage from;
	socklen_t len;

	(void)events;
	for (int i = 0; i < ACCEPT_BATCH; i++) {
		int fd = accept_one(a->fd, &from, &len);

		if (fd >= 0) {
			welcome(a, fd, &from);
		} else if (fd == -EMFILE || fd == -ENFILE || fd == -ENOBUFS || fd == -ENOMEM) {
			out_of_descriptors(a, fd);
			return;
		} else {
			return;
		}
	}
}

int mhttp_accept_start(struct mummy_http_loop *l)
{
	struct mummy_http_server *s = l->server;
	size_t mine = 0;

	while (s->loops[mine] != l)
		mine++;
	l->acceptors = calloc(s->nlisteners, sizeof *l->acceptors);
	if (!l->acceptors)
		return -ENOMEM;
	l->reserve_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	for (size_t i = 0; i < s->nlisteners; i++) {
		struct mhttp_listener *at = &s->listeners[i];
		struct mhttp_acceptor *a = &l->acceptors[i];
		int rc;

		a->watch.ready = acceptor_ready;
		a->retry.run = retry;
		a->loop = l;
		a->listener = (uint16_t)i;
		a->fd = at->fds[at->nfds > 1 ? mine : 0];
		rc = mummy_poller_add(l->poller, a->fd, MUMMY_POLLER_READ, &a->watch);
		if (rc < 0)
			return rc;
		l->nacceptors++;
	}
	return 0;
}

/* The queue is served before nobody listens any more: those clients were let in by the kernel. */
void mhttp_accept_stop(struct mummy_http_loop *l)
{
	for (size_t i = 0; i < l->nacceptors; i++) {
		struct mhttp_acceptor *a = &l->acceptors[i];

		if (a->fd < 0)
			continue;
		acceptor_ready(&a->watch, MUMMY_POLLER_READ);
		mummy_poller_timer_cancel(l->poller, &a->retry);
		mummy_poller_remove(l->poller, a->fd);
		a->fd = -1;
	}
	if (l->reserve_fd >= 0)
		close(l->reserve_fd);
	l->reserve_fd = -1;
}
