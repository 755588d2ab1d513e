/*
 * hook-url.c - posts JSON to an address, and reads the answer: one request on a connection of its own.
 */
#include <config.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <mummy/http-parser.h>
#include "hook.h"
#include "hook-link.h"

#define HEAD_BYTES 16384u                  /* of an answer, and the pieces of its content */

/* ---- Where it goes --------------------------------------------------------------------------------- */

struct place {
	int tls;
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
	const struct mummy_http_span all = { text, strlen(text) }, http = { "80", 2 }, https = { "443", 3 };
	struct mummy_http_url url;

	if (mummy_http_url_split(all, &url) < 0 || url.scheme.n < 4 || url.scheme.n > 5
	    || strncasecmp(url.scheme.p, "https", url.scheme.n) != 0 || !url.host.p || url.host.n == 0
	    || url.userinfo.p || url.fragment.p)
		return -EINVAL;
	out->tls = url.scheme.n == 5;
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
	return copy(out->port, sizeof out->port, url.port.p && url.port.n ? url.port : out->tls ? https : http);
}

int hook_url_check(const char *url)
{
	struct place place;

	return split(url, &place) < 0 ? -EINVAL : place.tls;
}

/* ---- The request ----------------------------------------------------------------------------------- */

static int ask(struct hook_link *l, const struct place *p, const struct hook_call *c)
{
	const size_t size = p->path_len + p->authority.n + strlen(c->event) + 256;
	char *head = malloc(size);
	int n, rc = -ENOMEM;

	if (!head)
		return rc;
	n = snprintf(head, size,
		     "POST %s%.*s HTTP/1.1\r\nHost: %.*s\r\nUser-Agent: mummy-server/" PACKAGE_VERSION
		     "\r\nContent-Type: application/json\r\nContent-Length: %zu\r\nMummy-Event: %s\r\n"
		     "Connection: close\r\n\r\n",
		     p->path_len && p->path[0] == '/' ? "" : "/", (int)p->path_len, p->path,
		     (int)p->authority.n, p->authority.p, c->len, c->event);
	rc = hook_link_send(l, head, (size_t)n);
	free(head);
	return rc == 0 ? hook_link_send(l, c->json, c->len) : rc;
}

/* ---- The answer ------------------------------------------------------------------------------------ */

struct reading {
	struct hook_link *link;
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
	n = hook_link_receive(r->link, r->buf + r->have, sizeof r->buf - r->have);
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

static int read_answer(struct hook_link *l, struct hook_answer *out)
{
	struct mummy_http_field fields[64];
	struct mummy_http_head h = { .fields = fields, .max_fields = 64, .max_head_bytes = HEAD_BYTES };
	struct reading *r = calloc(1, sizeof *r);
	int rc;

	if (!r)
		return -ENOMEM;
	r->link = l;
	r->out = out;
	rc = read_head(r, &h);
	if (rc == 0)
		rc = read_content(r, &h);
	free(r);
	if (rc == 0 && (h.status < 200 || h.status > 299))
		out->status = h.status;
	return rc < 0 ? rc : h.status >= 300 && h.status < 400 ? -EPROTO : 0;
}

int hook_url(const char *url, const struct hook_trust *trust, const struct hook_call *c,
	     struct hook_answer *out)
{
	struct hook_link link;
	struct place place;
	int rc = split(url, &place);

	memset(out, 0, sizeof *out);
	if (rc < 0 || (place.tls && !trust))
		return -EINVAL;
	rc = hook_link_open(&link, place.host, place.port, place.tls ? trust : NULL, c, out->text,
			    sizeof out->text);
	if (rc < 0)
		return rc;
	rc = ask(&link, &place, c);
	if (rc == 0)
		rc = read_answer(&link, out);
	hook_link_close(&link);
	return rc;
}
