/*
 * hook-link.c - the connection to a receiver of hooks: TCP, alone or with TLS (GnuTLS).
 */
#include <config.h>
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include "hook-link.h"

/* ---- Whom to believe ------------------------------------------------------------------------------- */

struct hook_trust { gnutls_certificate_credentials_t credentials; };

int hook_trust_open(struct hook_trust **out, const char *file)
{
	struct hook_trust *t = calloc(1, sizeof *t);
	int n;

	if (!t || gnutls_certificate_allocate_credentials(&t->credentials) < 0) {
		free(t);
		return -ENOMEM;
	}
	n = file ? gnutls_certificate_set_x509_trust_file(t->credentials, file, GNUTLS_X509_FMT_PEM)
		: gnutls_certificate_set_x509_system_trust(t->credentials);
	if (n > 0) {
		*out = t;
		return 0;
	}
	hook_trust_free(t);
	return n == GNUTLS_E_MEMORY_ERROR ? -ENOMEM : -ENOENT;
}

void hook_trust_free(struct hook_trust *t)
{
	if (t)
		gnutls_certificate_free_credentials(t->credentials);
	free(t);
}

/* ---- TCP ------------------------------------------------------------------------------------------- */

/* 0: it can be read or written, or is broken, which the next call tells; -ETIMEDOUT. */
static int wait_fd(int fd, short events, const struct hook_call *c)
{
	struct pollfd p = { fd, events, 0 };
	int ms;

	while ((ms = hook_slice(c)) > 0)
		if (poll(&p, 1, ms) > 0)
			return 0;
	return -ETIMEDOUT;
}

static int connect_one(const struct addrinfo *a, const struct hook_call *c)
{
	int fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, a->ai_protocol);
	int rc = 0, error = 0;
	socklen_t n = sizeof error;

	if (fd < 0)
		return -errno;
	if (connect(fd, a->ai_addr, a->ai_addrlen) < 0)
		rc = errno == EINPROGRESS ? wait_fd(fd, POLLOUT, c) : -errno;
	if (rc == 0 && getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &n) == 0)
		rc = -error;
	if (rc == 0)
		return fd;
	close(fd);
	return rc;
}

static int connect_to(const char *host, const char *port, const struct hook_call *c)
{
	const struct addrinfo want = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV };
	struct addrinfo *list;
	int fd = -EHOSTUNREACH;

	if (getaddrinfo(host, port, &want, &list) != 0)
		return -EHOSTUNREACH;
	for (const struct addrinfo *a = list; a && fd < 0 && fd != -ETIMEDOUT; a = a->ai_next)
		fd = connect_one(a, c);
	freeaddrinfo(list);
	return fd;
}

/* ---- TLS ------------------------------------------------------------------------------------------- */

/* After a call that failed, with TLS with rc. 0: call it again; or a negative errno. */
static int again(struct hook_link *l, ssize_t rc, short events)
{
	if (!l->tls)
		return errno == EAGAIN || errno == EINTR ? wait_fd(l->fd, events, l->c) : -errno;
	if (rc == GNUTLS_E_AGAIN)
		return wait_fd(l->fd, gnutls_record_get_direction(l->tls) ? POLLOUT : POLLIN, l->c);
	if (rc == GNUTLS_E_PUSH_ERROR || rc == GNUTLS_E_PULL_ERROR)
		return -ECONNRESET;
	if (gnutls_error_is_fatal((int)rc))
		return -EPROTO;
	return hook_slice(l->c) > 0 ? 0 : -ETIMEDOUT;
}

/* Of a handshake that failed with rc. */
static int explain(gnutls_session_t tls, int rc, char *why, size_t size)
{
	gnutls_datum_t text;

	if (rc != GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR) {
		snprintf(why, size, "TLS: %s", gnutls_strerror(rc));
		return -ECONNABORTED;
	}
	if (gnutls_certificate_verification_status_print(gnutls_session_get_verify_cert_status(tls), GNUTLS_CRT_X509,
							 &text, 0) == 0) {
		snprintf(why, size, "%s", (const char *)text.data);
		gnutls_free(text.data);
	}
	return -EACCES;
}

static int is_name(const char *host)
{
	unsigned char raw[sizeof(struct in6_addr)];

	return inet_pton(AF_INET, host, raw) != 1 && inet_pton(AF_INET6, host, raw) != 1;
}

static int begin_tls(struct hook_link *l, const char *host, const struct hook_trust *trust, char *why, size_t size)
{
	gnutls_session_t tls;
	int rc;

	if (gnutls_init(&tls, GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL) < 0)
		return -ENOMEM;
	l->tls = tls;
	if (gnutls_set_default_priority(tls) < 0
	    || gnutls_credentials_set(tls, GNUTLS_CRD_CERTIFICATE, trust->credentials) < 0
	    || (is_name(host) && gnutls_server_name_set(tls, GNUTLS_NAME_DNS, host, strlen(host)) < 0))
		return -ENOMEM;
	gnutls_session_set_verify_cert(tls, host, 0);
	gnutls_transport_set_int(tls, l->fd);
	while ((rc = gnutls_handshake(tls)) < 0) {
		if (gnutls_error_is_fatal(rc))
			return explain(tls, rc, why, size);
		rc = again(l, rc, 0);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* ---- Both ------------------------------------------------------------------------------------------ */

int hook_link_open(struct hook_link *l, const char *host, const char *port, const struct hook_trust *trust,
		   const struct hook_call *c, char *why, size_t size)
{
	int rc;

	why[0] = '\0';
	l->c = c;
	l->tls = NULL;
	l->fd = connect_to(host, port, c);
	if (l->fd < 0 || !trust)
		return l->fd < 0 ? l->fd : 0;
	rc = begin_tls(l, host, trust, why, size);
	if (rc < 0)
		hook_link_close(l);
	return rc;
}

static ssize_t send_some(struct hook_link *l, const char *p, size_t n)
{
	ssize_t k = l->tls ? gnutls_record_send(l->tls, p, n) : send(l->fd, p, n, MSG_NOSIGNAL);

	return k >= 0 ? k : again(l, k, POLLOUT);
}

int hook_link_send(struct hook_link *l, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t k = send_some(l, p, n);

		if (k == -EPIPE || k == -ECONNRESET)
			return 0;
		if (k < 0)
			return (int)k;
		p += k;
		n -= (size_t)k;
	}
	return 0;
}

ssize_t hook_link_receive(struct hook_link *l, char *p, size_t n)
{
	for (;;) {
		ssize_t k = l->tls ? gnutls_record_recv(l->tls, p, n) : recv(l->fd, p, n, 0);
		int rc = k >= 0 ? 0 : again(l, k, POLLIN);

		if (k >= 0 || rc < 0)
			return k >= 0 ? k : rc;
	}
}

void hook_link_close(struct hook_link *l)
{
	if (l->tls) {
		gnutls_bye(l->tls, GNUTLS_SHUT_WR);
		gnutls_deinit(l->tls);
	}
	close(l->fd);
}
