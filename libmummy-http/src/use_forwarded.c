/*
 * use_forwarded.c - middleware: what trusted proxies say about the client (RFC 7239).
 *
 * Each proxy adds to the right end. From there on addresses of our own proxies are skipped; the first that is
 * none of them was seen by a proxy of ours, and what stands left of it is only its word.
 *
 * A proxy that writes one kind of the fields lets the other through as the client sent it. Most write
 * X-Forwarded-For, so that goes first, unless it is said which.
 */
#include <config.h>
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include "authority.h"
#include "internal.h"

struct address { unsigned char raw[16]; };  /* IPv4 mapped into IPv6 */
struct network { struct address a; unsigned bits; };
enum { FORWARDED = 1, X_FORWARDED = 2 };
struct trust { int unix_too; unsigned kinds; size_t n; struct network all[]; };

/* An address has 45 characters at most; with quotes, brackets and a port, or a slash and bits, a few more. */
enum { ADDRESS_ROOM = 48, NODE_ROOM = 64, MAX_HOPS = 32 };

/* What an element of one of the fields says; spans point into the field. */
struct hop { struct mummy_http_span by, proto, host; };

static int parse_address(struct address *a, const char *text)
{
	memset(a, 0, sizeof *a);
	a->raw[10] = a->raw[11] = 0xff;
	if (inet_pton(AF_INET, text, a->raw + 12) == 1)
		return 32;
	return inet_pton(AF_INET6, text, a->raw) == 1 ? 128 : -1;
}

static int is_within(const struct address *a, const struct network *n)
{
	for (unsigned i = 0; i < n->bits; i += 8) {
		unsigned char mask = n->bits - i >= 8 ? 0xff : (unsigned char)(0xff00 >> (n->bits - i));

		if ((a->raw[i / 8] ^ n->a.raw[i / 8]) & mask)
			return 0;
	}
	return 1;
}

static int is_trusted(const struct trust *t, const char *text)
{
	struct address a;

	if (!strcmp(text, "unix"))
		return t->unix_too;
	if (parse_address(&a, text) < 0)
		return 0;
	for (size_t i = 0; i < t->n; i++)
		if (is_within(&a, &t->all[i]))
			return 1;
	return 0;
}

/* "192.0.2.1", "192.0.2.1:80", "[2001:db8::1]:80", "2001:db8::1", in quotes or not; the address goes to out.
 * -EBADMSG: anything else, "unknown" and "_hidden" too. */
static int node_address(struct mummy_http_span s, char out[ADDRESS_ROOM])
{
	char text[NODE_ROOM], *p = text, *end;
	struct address a;
	size_t n;

	if (s.n == 0 || s.n >= sizeof text)
		return -EBADMSG;
	n = mummy_http_unquote(text, s);
	text[n] = 0;
	if (*p == '[') {
		end = strchr(++p, ']');
		if (!end)
			return -EBADMSG;
		*end = 0;
	} else if ((end = strchr(p, ':')) && !strchr(end + 1, ':')) {
		*end = 0;
	}
	if (parse_address(&a, p) < 0)
		return -EBADMSG;
	memmove(out, p, strlen(p) + 1);
	return 0;
}

/* ---- Reading the fields ----------------------------------------------------------------------- */

static int same(struct mummy_http_span s, const char *name)
{
	return mhttp_name_is(s.p, s.n, name, strlen(name));
}

static struct hop read_element(struct mummy_http_span item)
{
	struct hop h = { { NULL, 0 }, { NULL, 0 }, { NULL, 0 } };
	struct mummy_http_field f;

	while (mummy_http_parameter_next(&item, &f) == 1) {
		if (same(f.name, "for"))
			h.by = f.value;
		else if (same(f.name, "proto"))
			h.proto = f.value;
		else if (same(f.name, "host"))
			h.host = f.value;
	}
	return h;
}

/* The last hops, in their order, of all lines of a field. */
static size_t read_hops(const mummy_http_exchange *x, const char *name, int elements, struct hop *out)
{
	struct mummy_http_span rest, item;
	size_t n = 0;

	for (unsigned nth = 0; (rest.p = mummy_http_header_nth(x, name, nth, &rest.n)); nth++)
		while (mummy_http_list_next(&rest, &item) == 1) {
			if (n == MAX_HOPS)
				memmove(out, out + 1, --n * sizeof *out);
			out[n++] = elements ? read_element(item)
					    : (struct hop){ item, { NULL, 0 }, { NULL, 0 } };
		}
	return n;
}

static struct mummy_http_span last_item(const mummy_http_exchange *x, const char *name)
{
	struct mummy_http_span rest, item, last = { NULL, 0 };

	for (unsigned nth = 0; (rest.p = mummy_http_header_nth(x, name, nth, &rest.n)); nth++)
		while (mummy_http_list_next(&rest, &item) == 1)
			last = item;
	return last;
}

static size_t hops_of(const mummy_http_exchange *x, unsigned kinds, struct hop *hops)
{
	size_t n = kinds & X_FORWARDED ? read_hops(x, "X-Forwarded-For", 0, hops) : 0;

	if (n) {
		hops[n - 1].proto = last_item(x, "X-Forwarded-Proto");
		hops[n - 1].host = last_item(x, "X-Forwarded-Host");
	} else if (kinds & FORWARDED) {
		n = read_hops(x, "Forwarded", 1, hops);
	}
	return n;
}

/* ---- Believing them --------------------------------------------------------------------------- */

static void believe_host(mummy_http_exchange *x, struct mummy_http_span host)
{
	struct mhttp_told *told = host.n ? mhttp_told(x) : NULL;
	char *said = told ? malloc(host.n + 1) : NULL;
	size_t n = said ? mummy_http_unquote(said, host) : 0;

	if (!said)
		return;
	said[n] = 0;
	if (!mhttp_authority_ok((struct mummy_http_span){ said, n })) {
		free(said);
		return;
	}
	free(told->host);
	told->host = said;
	x->host = said;
	x->host_n = (uint32_t)n;
}

static int before(mummy_http_exchange *x, void *ctx)
{
	const struct trust *t = ctx;
	struct hop hops[MAX_HOPS];
	char client[ADDRESS_ROOM], next[ADDRESS_ROOM];
	size_t n, i;

	snprintf(client, sizeof client, "%s", mummy_http_peer(x, NULL));
	if (*client && !is_trusted(t, client))
		return 0;                    /* "": for want of memory, it may be a proxy's */
	n = hops_of(x, t->kinds, hops);
	for (i = n; i && is_trusted(t, client); i--) {
		if (node_address(hops[i - 1].by, next) < 0)
			break;
		memcpy(client, next, sizeof client);
		if (same(hops[i - 1].proto, "https") || same(hops[i - 1].proto, "http"))
			x->secure = same(hops[i - 1].proto, "https");
		believe_host(x, hops[i - 1].host);
	}
	if (*client && mhttp_peer_set(x, client) == 0)
		return 0;
	mhttp_error_answer(x, 503);          /* who it is decides what is allowed */
	return 1;
}

/* ---- What is trusted -------------------------------------------------------------------------- */

static int add_network(struct trust *t, struct mummy_http_span item)
{
	struct network *n = &t->all[t->n];
	char text[NODE_ROOM], *slash, *end = text + sizeof text - 1;
	unsigned long bits;
	int most;

	if (same(item, "unix")) {
		t->unix_too = 1;
		return 0;
	}
	if (same(item, "forwarded") || same(item, "x-forwarded")) {
		t->kinds |= same(item, "forwarded") ? FORWARDED : X_FORWARDED;
		return 0;
	}
	if (item.n >= sizeof text)
		return -EINVAL;
	memcpy(text, item.p, item.n);
	text[item.n] = *end = 0;
	slash = strchr(text, '/');
	if (slash)
		*slash++ = 0;
	most = parse_address(&n->a, text);
	if (most < 0 || (slash && (*slash < '0' || *slash > '9')))
		return -EINVAL;
	bits = slash ? strtoul(slash, &end, 10) : (unsigned long)most;
	if (*end || bits > (unsigned long)most)
		return -EINVAL;
	n->bits = (unsigned)bits + (most == 32 ? 96 : 0);
	t->n++;
	return 0;
}

int mummy_http_use_forwarded(mummy_http_router *r, const char *trusted)
{
	struct mummy_http_middleware m = { .before = before, .flags = MUMMY_HTTP_INLINE };
	struct mummy_http_span rest, item;
	struct trust *t;
	size_t most = 1;

	if (!trusted)
		return -EINVAL;
	for (const char *p = trusted; *p; p++)
		most += *p == ',';
	t = calloc(1, sizeof *t + most * sizeof t->all[0]);
	if (!t)
		return -ENOMEM;
	rest = (struct mummy_http_span){ trusted, strlen(trusted) };
	while (mummy_http_list_next(&rest, &item) == 1)
		if (add_network(t, item) < 0) {
			free(t);
			return -EINVAL;
		}
	t->kinds = t->kinds ? t->kinds : FORWARDED | X_FORWARDED;
	m.ctx = t;
	return mhttp_router_use_owned(r, NULL, &m, free);
}
