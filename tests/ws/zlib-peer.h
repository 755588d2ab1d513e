/*
 * zlib-peer.h - the other side of permessage-deflate, made with plain zlib: compresses as asked, and
 * inflates octet by octet, so that a reference beyond the window is seen.
 */
#ifndef MUMMY_TEST_WS_ZLIB_PEER_H
#define MUMMY_TEST_WS_ZLIB_PEER_H
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

struct peer {
	z_stream out, in;
};

static inline void peer_init(struct peer *p, int out_bits, int in_bits)
{
	memset(p, 0, sizeof *p);
	if (deflateInit2(&p->out, 6, Z_DEFLATED, -out_bits, 8, Z_DEFAULT_STRATEGY) != Z_OK
	    || inflateInit2(&p->in, -in_bits) != Z_OK)
		abort();
}

static inline void peer_free(struct peer *p)
{
	deflateEnd(&p->out);
	inflateEnd(&p->in);
}

/** The payload of a message; its length. */
static inline size_t peer_deflate(struct peer *p, const void *data, size_t n, uint8_t *out, size_t size)
{
	p->out.next_in = (unsigned char *)(uintptr_t)data;
	p->out.avail_in = (uInt)n;
	p->out.next_out = out;
	p->out.avail_out = (uInt)size;
	deflate(&p->out, Z_SYNC_FLUSH);
	if (p->out.avail_in || !p->out.avail_out)
		abort();
	n = size - p->out.avail_out;
	return n > 4 ? n - 4 : 0;
}

/** What a message was, or (size_t)-1. keep: it may refer to earlier ones. */
static inline size_t peer_inflate(struct peer *p, const uint8_t *data, size_t n, uint8_t *out, size_t size, int keep)
{
	uint8_t *in = malloc(n + 4);
	size_t len = 0;
	int rc = Z_OK, boundary = 0;

	if (!keep)
		inflateReset(&p->in);
	if (n)
		memcpy(in, data, n);
	memcpy(in + n, "\0\0\xff\xff", 4);
	p->in.next_in = in;
	p->in.avail_in = (uInt)n + 4;
	while (len < size && (p->in.avail_in || rc == Z_OK)) {
		p->in.next_out = out + len;
		p->in.avail_out = 1;
		rc = inflate(&p->in, Z_SYNC_FLUSH);
		len += 1 - p->in.avail_out;
		if (rc != Z_OK)
			break;
		boundary = p->in.data_type & 128;
	}
	free(in);
	return p->in.avail_in == 0 && (rc == Z_OK || rc == Z_BUF_ERROR) && boundary ? len : (size_t)-1;
}

/** Text that compresses, each of its lines another. */
static inline void peer_text(uint8_t *p, size_t n, unsigned seed)
{
	static const char *const words[] = { "alpha ", "beta ", "gamma ", "delta ", "epsilon ", "zeta ", "{\"id\":",
					     "\"name\", ", "true}, ", "0.125 ", "\xce\xba\xe1\xbd\xb9" };
	size_t at = 0;

	while (at < n) {
		const char *w;

		seed = seed * 1103515245u + 12345u;
		w = words[(seed >> 16) % 11];
		if (n - at < 16)
			w = "x";
		for (; *w && at < n; w++)
			p[at++] = (uint8_t)*w;
	}
}

/** Octets that do not. */
static inline void peer_noise(uint8_t *p, size_t n, uint64_t seed)
{
	for (size_t i = 0; i < n; i++) {
		seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
		p[i] = (uint8_t)(seed >> 32);
	}
}
#endif
