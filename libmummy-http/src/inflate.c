/* inflate.c - whole request bodies in gzip, decoded for the handler within the limits of bodies. */
#include <config.h>
#include <stdlib.h>
#include <zlib.h>
#include "internal.h"
#include "inflate.h"

enum { GZIP_WRAPPER = 16, FIRST_ROOM = 4096 };

/* Makes room for more of the decoded body, up to max. 0, 413 or 503. */
static int grow(mummy_http_exchange *x, char **out, size_t *cap, uint64_t max)
{
	struct mummy_http_server *s = x->loop->server;
	size_t more = *cap ? *cap * 2 : FIRST_ROOM;
	char *p;

	if (*cap >= max)
		return 413;
	if (more > max)
		more = (size_t)max;
	mhttp_count(&s->buffered, more - *cap);
	x->body_charged += more - *cap;
	if (atomic_load(&s->buffered) > s->opt.max_buffered_bytes)
		return 503;
	p = realloc(*out, more);
	if (!p)
		return 503;
	*out = p;
	*cap = more;
	return 0;
}

/* One member after the other (RFC 1952 section 2.2). 0, or the status to answer. */
static int decode(mummy_http_exchange *x, z_stream *z, char **out, size_t *n, uint64_t max)
{
	size_t cap = 0;

	for (;;) {
		int rc, status;

		/* an octet more than is allowed tells a body that ends there from one that goes on */
		if (*n == cap && (status = grow(x, out, &cap, max + 1)))
			return status;
		z->next_out = (Bytef *)*out + *n;
		z->avail_out = cap - *n > UINT_MAX ? UINT_MAX : (uInt)(cap - *n);
		rc = inflate(z, Z_NO_FLUSH);
		*n = (size_t)((char *)z->next_out - *out);
		if (*n > max)
			return 413;
		if (rc == Z_STREAM_END && z->avail_in == 0)
			return 0;
		if (rc == Z_STREAM_END)
			rc = inflateReset(z);
		else if (rc == Z_OK && z->avail_in == 0 && z->avail_out)
			return 400;
		if (rc == Z_MEM_ERROR)
			return 503;
		if (rc != Z_OK && !(rc == Z_BUF_ERROR && z->avail_out == 0))
			return 400;
	}
}

static int decode_body(mummy_http_exchange *x, uint64_t max)
{
	z_stream z = { .next_in = (Bytef *)(uintptr_t)x->body, .avail_in = (uInt)x->body_n };
	char *out = NULL;
	size_t n = 0;
	int status;

	if (x->body_n > UINT_MAX)
		return 413;
	if (inflateInit2(&z, MAX_WBITS + GZIP_WRAPPER) != Z_OK)
		return 503;
	status = decode(x, &z, &out, &n, max);
	inflateEnd(&z);
	if (status) {
		free(out);
		return status;
	}
	if (x->body_owned)
		free(x->body);
	x->body = out;
	x->body_n = n;
	x->body_owned = 1;
	return 0;
}

int mhttp_inflate_body(mummy_http_exchange *x)
{
	unsigned slot = x->head.slots[MUMMY_HTTP_SLOT_CONTENT_ENCODING];
	const char *coding = slot ? x->head.fields[slot - 1].value.p : NULL;
	uint64_t max = x->route->max_body_bytes ? x->route->max_body_bytes
						: x->loop->server->opt.max_body_bytes;

	if (!coding || !*coding || !strcasecmp(coding, "identity"))
		return 0;
	if (mummy_http_header_nth(x, "Content-Encoding", 1, NULL)
	    || (strcasecmp(coding, "gzip") && strcasecmp(coding, "x-gzip")))
		return 415;
	if (max >= SIZE_MAX - 1)
		max = x->loop->server->opt.max_buffered_bytes;
	return x->body_n ? decode_body(x, max) : 0;
}
