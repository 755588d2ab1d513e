/* request_get.c - what a handler can ask about its request. */
#include <config.h>
#include <arpa/inet.h>
#include <sched.h>
#include <stdio.h>
#include <sys/socket.h>
#include "internal.h"

static const char *give(const char *p, size_t n, size_t *len)
{
	if (len)
		*len = p ? n : 0;
	return p;
}

const char *mummy_http_method(const mummy_http_exchange *x, size_t *len)
{
	return x->malformed ? give(NULL, 0, len) : give(x->head.method.p, x->head.method.n, len);
}

const char *mummy_http_target(const mummy_http_exchange *x, size_t *len)
{
	return give(x->head.target.p, x->head.target.n, len);
}

const char *mummy_http_path(const mummy_http_exchange *x, size_t *len)
{
	return give(x->path, x->path_n, len);
}

const char *mummy_http_query(const mummy_http_exchange *x, size_t *len)
{
	return give(x->head.query.p, x->head.query.n, len);
}

const char *mummy_http_param(const mummy_http_exchange *x, const char *name, size_t *len)
{
	for (unsigned i = 0; i < x->nparams; i++)
		if (!strcmp(x->params[i].name, name))
			return give(x->params[i].value, x->params[i].n, len);
	return give(NULL, 0, len);
}

const char *mummy_http_header_nth(const mummy_http_exchange *x, const char *name, unsigned nth, size_t *len)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < x->head.nfields; i++) {
		const struct mummy_http_field *f = &x->head.fields[i];

		if (mhttp_name_is(f->name.p, f->name.n, name, n) && nth-- == 0)
			return give(f->value.p, f->value.n, len);
	}
	return give(NULL, 0, len);
}

const char *mummy_http_header_get(const mummy_http_exchange *x, const char *name, size_t *len)
{
	return mummy_http_header_nth(x, name, 0, len);
}

/* The line of that name at or behind the one at index i; NULL: none. */
static const struct mummy_http_field *next_line(const mummy_http_exchange *x, size_t i,
						struct mummy_http_span name)
{
	for (; i < x->head.nfields; i++)
		if (mhttp_name_is(x->head.fields[i].name.p, x->head.fields[i].name.n, name.p, name.n))
			return &x->head.fields[i];
	return NULL;
}

struct mummy_http_span mhttp_slot_once(const mummy_http_exchange *x, enum mummy_http_slot slot)
{
	struct mummy_http_span none = { NULL, 0 };
	size_t at = x->head.slots[slot];
	const struct mummy_http_field *f;

	if (!at)
		return none;
	f = &x->head.fields[at - 1];
	return next_line(x, at, f->name) ? (struct mummy_http_span){ "", 0 } : f->value;
}

struct mummy_http_span mhttp_slot_joined(const mummy_http_exchange *x, enum mummy_http_slot slot,
					 char room[MHTTP_JOINED])
{
	struct mummy_http_span all = { NULL, 0 }, name;
	size_t at = x->head.slots[slot];
	const struct mummy_http_field *f;

	if (!at)
		return all;
	f = &x->head.fields[at - 1];
	name = f->name;
	all = f->value;
	while ((f = next_line(x, (size_t)(f + 1 - x->head.fields), name))) {
		if (all.n + f->value.n + 2 > MHTTP_JOINED)
			return (struct mummy_http_span){ "", 0 };
		memmove(room, all.p, all.n);
		memcpy(room + all.n, ", ", 2);
		memcpy(room + all.n + 2, f->value.p, f->value.n);
		all = (struct mummy_http_span){ room, all.n + f->value.n + 2 };
	}
	return all;
}

int mummy_http_header_at(const mummy_http_exchange *x, size_t i, struct mummy_http_header *out)
{
	const struct mummy_http_field *f;

	if (i >= x->head.nfields)
		return -ENOENT;
	f = &x->head.fields[i];
	*out = (struct mummy_http_header){ f->name.p, f->value.p, f->name.n, f->value.n };
	return 0;
}

const char *mummy_http_trailer_get(const mummy_http_exchange *x, const char *name, size_t *len)
{
	const char *p = x->trailers.p, *end = p + x->trailers.n;
	size_t n = strlen(name);

	while (p < end) {
		const char *value = p + strlen(p) + 1;

		if (mhttp_name_is(p, (size_t)(value - p - 1), name, n))
			return give(value, strlen(value), len);
		p = value + strlen(value) + 1;
	}
	return give(NULL, 0, len);
}

const void *mummy_http_body(const mummy_http_exchange *x, size_t *len)
{
	if (x->route && (x->route->flags & MUMMY_HTTP_STREAM))
		return give(NULL, 0, len);
	return give(x->body ? x->body : "", x->body_n, len);
}

uint64_t mummy_http_body_length(const mummy_http_exchange *x)
{
	if (x->head.framing == MUMMY_HTTP_CHUNKED)
		return MUMMY_HTTP_UNKNOWN;
	return x->head.framing == MUMMY_HTTP_LENGTH ? x->head.content_length : 0;
}

const char *mhttp_peer_text(const struct mhttp_conn *c, char *out, size_t size)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (c->family == AF_INET6 && !memcmp(c->address, mapped, sizeof mapped))
		return inet_ntop(AF_INET, c->address + 12, out, (socklen_t)size);
	if (c->family == AF_INET || c->family == AF_INET6)
		return inet_ntop(c->family, c->address, out, (socklen_t)size);
	snprintf(out, size, "unix");
	return out;
}

const char *mummy_http_peer(const mummy_http_exchange *cx, size_t *len)
{
	mummy_http_exchange *x = (mummy_http_exchange *)(uintptr_t)cx;
	const char *peer = atomic_load(&x->peer);
	char text[MHTTP_PEER_ROOM] = "";

	if (!peer) {
		mhttp_peer_text(x->conn, text, sizeof text);
		peer = mhttp_peer_note(x, text);
	}
	if (!peer)                           /* no memory */
		peer = "";
	return give(peer, strlen(peer), len);
}

const char *mummy_http_scheme(const mummy_http_exchange *x, size_t *len)
{
	if (x->secure)
		return give("https", 5, len);
	return give("http", 4, len);
}

const char *mummy_http_host(const mummy_http_exchange *x, size_t *len)
{
	return give(x->host, x->host_n, len);
}

int mummy_http_minor_version(const mummy_http_exchange *x)
{
	return x->head.minor_version;
}
