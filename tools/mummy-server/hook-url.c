/*
 * hook-url.c - posts JSON to an address of plain HTTP, and reads the answer: one request on a connection
 * of its own.
 */
#include <config.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>
#include <mummy/http-parser.h>
#include "mummy-common.h"
#include "hook.h"

#define HEAD_BYTES 16384u                  /* of an answer, and the pieces of its content */

/* ---- Where it goes --------------------------------------------------------------------------------- */

struct place {
	char host[256], port[8];
	const char *path;                  /* with the query; borrowed, and no NUL behind it counts */
	size_t path_len;
	struct mummy_http_span authority;
};

static int copy(char *to, size_t size, struct mummy_http_span from)
{
	if (from.n >= size)
		return -EINVAL;
	memcpy(to, from.p, from.n);
	to[from.n] = '\0';
	return 0;
}

static int split(const char *text, struct place *out)
{
	const struct mummy_http_span all = { text, strlen(text) }, http = { "80", 2 };
	struct mummy_http_url url;

	if (mummy_http_url_split(all, &url) < 0 || url.scheme.n != 4
	    || strncasecmp(url.scheme.p, "http", 4) != 0 || !url.host.p || url.host.n == 0 || url.userinfo.p || url.fragment.p)
		return -EINVAL;
	if (url.port.p && url.port.n > 0
	    && (url.port.n > 5 || atoi(url.port.p) > 65535 || atoi(url.port.p) == 0))
		return -EINVAL;
	out->authority.p = url.host.p;
	out->authority.n = (size_t)(url.path.p - url.host.p);
	out->path = url.path.p;
	out->path_len = strlen(url.path.p);
	if (url.host.p[0] == '[') {        /* of an IPv6 address */
		url.host.p++;
		url.host.n -= 2;
	}
	if (copy(out->host, sizeof out->host, url.host) < 0)
		return -EINVAL;
	return copy(out->port, sizeof out->port, url.port.p && url.port.n ? url.port : http);
}

int hook_url_check(const char *url)
{
	struct place place;

	return split(url, &place);
}

/* ---- The connection -------------------------------------------------------------------------------- */

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

static int connect_to(const struct place *p, const struct hook_call *c)
{
	const struct addrinfo want = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV };
	struct addrinfo *list;
	int fd = -EHOSTUNREACH;

	if (getaddrinfo(p->host, p->port, &want, &list) != 0)
		return -EHOSTUNREACH;
	for (const struct addrinfo *a = list; a && fd < 0 && fd != -ETIMEDOUT; a = a->ai_next)
		fd = connect_one(a, c);
	freeaddrinfo(list);
	return fd;
}

/* Who answers early may not read on; the answer counts all the same. */
static int send_all(int fd, const char *p, size_t n, const struct hook_call *c)
{
	while (n > 0) {
		ssize_t k = send(fd, p, n, MSG_NOSIGNAL);

		if (k < 0 && errno == EPIPE)
			return 0;
		if (k < 0 && errno != EAGAIN && errno != EINTR)
			return errno == ECONNRESET ? 0 : -errno;
		if (k < 0 && wait_fd(fd, POLLOUT, c) < 0)
			return -ETIMEDOUT;
		p += k > 0 ? k : 0;
		n -= k > 0 ? (size_t)k : 0;
	}
	return 0;
}

static int ask(int fd, const struct place *p, const struct hook_call *c)
{
	const size_t size = p->path_len + p->authority.n + strlen(c->event) + 256;
	char *head = malloc(size);
	int n, rc = -ENOMEM;

	if (!head)
		return rc;
	n = snprintf(head, size, "POST %s%.*s HTTP/1.1\r\nHost: %.*s\r\nUser-Agent: mummy-server/" PACKAGE_VERSION
		     "\r\nContent-Type: application/json\r\nContent-Length: %zu\r\nMummy-Event: %s\r\n"
		     "Connection: close\r\n\r\n",
		     p->path_len && p->path[0] == '/' ? "" : "/", (int)p->path_len, p->path,
		     (int)p->authority.n, p->authority.p, c->len, c->event);
	rc = send_all(fd, head, (size_t)n, c);
	free(head);
	return rc == 0 ? send_all(fd, c->json, c->len, c) : rc;
}

/* Octets, 0: the end. */
static ssize_t receive(int fd, char *p, size_t n, const struct hook_call *c)
{
	for (;;) {
		ssize_t k = recv(fd, p, n, 0);

		if (k >= 0)
			return k;
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
		if (wait_fd(fd, POLLIN, c) < 0)
			return -ETIMEDOUT;
	}
}

/* ---- The answer ------------------------------------------------------------------------------------ */

struct reading {
	int fd;
	const struct hook_call *c;
	char buf[HEAD_BYTES];
	size_t have;                       /* octets in buf that are not used */
	struct mummy_http_chunked chunked;
	uint64_t left;                     /* of a content with a length */
	struct hook_answer *out;
	size_t got;
};

static int more(struct reading *r)
{
	ssize_t n;

	if (r->have == sizeof r->buf)
		return -EPROTO;
	n = receive(r->fd, r->buf + r->have, sizeof r->buf - r->have, r->c);
	if (n > 0)
		r->have += (size_t)n;
	return n > 0 ? 1 : (int)n;
}

static void drop(struct reading *r, size_t n)
{
	memmove(r->buf, r->buf + n, r->have - n);
	r->have -= n;
}

/* The final head; interim ones are read over. */
static int read_head(struct reading *r, struct mummy_http_head *h)
{
	int n, rc;

	for (;;) {
		n = mummy_http_parse_response(h, r->buf, r->have, "POST");
		if (n < 0)
			return -EPROTO;
		if (n > 0) {
			drop(r, (size_t)n);
			if (h->status >= 200)
				return 0;
			continue;
		}
		rc = more(r);
		if (rc <= 0)
			return rc < 0 ? rc : -EPROTO;
	}
}

/* 1: no more is looked at. */
static int keep(struct reading *r, const char *p, size_t n)
{
	const size_t room = sizeof r->out->text - 1 - r->got;

	memcpy(r->out->text + r->got, p, n < room ? n : room);
	r->got += n < room ? n : room;
	return n >= room;
}

/* What is there of a content: 1 that is all, 0 there is more to come, <0. */
static int take_plain(struct reading *r, const struct mummy_http_head *h)
{
	const size_t n = h->framing == MUMMY_HTTP_LENGTH && r->left < r->have ? (size_t)r->left : r->have;
	const int full = keep(r, r->buf, n);

	drop(r, n);
	r->left -= h->framing == MUMMY_HTTP_LENGTH ? n : 0;
	return full || r->left == 0;
}

static int take_chunks(struct reading *r)
{
	struct mummy_http_body_part part;
	size_t used;
	int what;

	for (;;) {
		what = mummy_http_chunked_next(&r->chunked, r->buf, r->have, &used, &part);
		if (what < 0)
			return -EPROTO;
		if (what == MUMMY_HTTP_DATA && keep(r, part.data.p, part.data.n))
			return 1;
		drop(r, used);
		if (what == MUMMY_HTTP_END || what == MUMMY_HTTP_MORE)
			return what == MUMMY_HTTP_END;
	}
}

static int read_content(struct reading *r, const struct mummy_http_head *h)
{
	int rc;

	r->left = h->framing == MUMMY_HTTP_LENGTH ? h->content_length : 1;
	if (h->framing == MUMMY_HTTP_NO_BODY)
		return 0;
	for (;;) {
		rc = h->framing == MUMMY_HTTP_CHUNKED ? take_chunks(r) : take_plain(r, h);
		if (rc != 0)
			return rc < 0 ? rc : 0;
		rc = more(r);
		if (rc < 0)
			return rc;
		/* a content that was cut off may be the half of a number */
		if (rc == 0)
			return h->framing == MUMMY_HTTP_UNTIL_CLOSE ? 0 : -EPROTO;
	}
}

static int read_answer(int fd, const struct hook_call *c, struct hook_answer *out)
{
	struct mummy_http_field fields[64];
	struct mummy_http_head h = { .fields = fields, .max_fields = 64, .max_head_bytes = HEAD_BYTES };
	struct reading *r = calloc(1, sizeof *r);
	int rc;

	if (!r)
		return -ENOMEM;
	r->fd = fd;
	r->c = c;
	r->out = out;
	rc = read_head(r, &h);
	if (rc == 0)
		rc = read_content(r, &h);
	free(r);
	if (rc == 0 && (h.status < 200 || h.status > 299))
		out->status = h.status;
	return rc < 0 ? rc : h.status >= 300 && h.status < 400 ? -EPROTO : 0;
}

int hook_url(const char *url, const struct hook_call *c, struct hook_answer *out)
{
	struct place place;
	int fd, rc = split(url, &place);

	memset(out, 0, sizeof *out);
	if (rc < 0)
		return rc;
	fd = connect_to(&place, c);
	if (fd < 0)
		return fd;
	rc = ask(fd, &place, c);
	if (rc == 0)
		rc = read_answer(fd, c, out);
	close(fd);
	return rc;
}
