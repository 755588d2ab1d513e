/*
 * A message that refers to nothing before it can be compressed by any compressor: those are shared.
 * A small one takes a compressor with small tables, as starting anew means to clear them.
 */
#include <config.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "deflate.h"
#include "zmem.h"

enum { SMALL_MESSAGE = 8192, SMALL_BITS = 13, SMALL_MEM = 5, MEM = 8, TAIL = 4, SLACK = 64 };

struct mws_deflater {
	struct mws_deflater *next;
	unsigned bits, level;
	int mem;
	z_stream z;
};

/* ---- Compressors ------------------------------------------------------------------------------ */

/* zlib has no raw window of 256 octets; with 512 it refers back 250 at most, so that it serves for both. */
static int zlib_bits(unsigned bits)
{
	return bits < 9 ? 9 : (int)bits;
}

static struct mws_deflater *make(unsigned bits, unsigned level, int mem)
{
	struct mws_deflater *d = calloc(1, sizeof *d);

	if (!d)
		return NULL;
	d->bits = bits;
	d->level = level;
	d->mem = mem;
	d->z.zalloc = mws_zalloc;
	d->z.zfree = mws_zfree;
	if (deflateInit2(&d->z, (int)level, Z_DEFLATED, -zlib_bits(bits), mem, Z_DEFAULT_STRATEGY) != Z_OK) {
		free(d);
		return NULL;
	}
	return d;
}

struct mws_deflater *mws_deflater_new(unsigned bits, unsigned level)
{
	return make(bits, level, MEM);
}

void mws_deflater_free(struct mws_deflater *d)
{
	if (!d)
		return;
	deflateEnd(&d->z);
	free(d);
}

void mws_deflater_reset(struct mws_deflater *d)
{
	deflateReset(&d->z);
}

void mws_deflate_pool_init(struct mws_deflate_pool *p)
{
	pthread_mutex_init(&p->lock, NULL);
	p->idle = NULL;
}

void mws_deflate_pool_free(struct mws_deflate_pool *p)
{
	struct mws_deflater *d;

	while ((d = p->idle)) {
		p->idle = d->next;
		mws_deflater_free(d);
	}
	pthread_mutex_destroy(&p->lock);
}

static int is_kind(const struct mws_deflater *d, unsigned bits, unsigned level, int mem)
{
	return d->bits == bits && d->level == level && d->mem == mem;
}

static struct mws_deflater *borrow(struct mws_deflate_pool *p, unsigned bits, unsigned level, int mem)
{
	struct mws_deflater **at, *d;

	pthread_mutex_lock(&p->lock);
	for (at = &p->idle; *at && !is_kind(*at, bits, level, mem); at = &(*at)->next)
		;
	d = *at;
	if (d)
		*at = d->next;
	pthread_mutex_unlock(&p->lock);
	if (!d)
		return make(bits, level, mem);
	deflateReset(&d->z);
	return d;
}

static void give_back(struct mws_deflate_pool *p, struct mws_deflater *d)
{
	unsigned same = 0;

	pthread_mutex_lock(&p->lock);
	for (const struct mws_deflater *i = p->idle; i; i = i->next)
		same += is_kind(i, d->bits, d->level, d->mem) != 0;
	if (same < MWS_DEFLATE_IDLE) {
		d->next = p->idle;
		p->idle = d;
		d = NULL;
	}
	pthread_mutex_unlock(&p->lock);
	mws_deflater_free(d);
}

/* ---- Messages --------------------------------------------------------------------------------- */

/* What is compressed, up to an octet's end: with 00 00 FF FF behind it. 0; 1: room ran out, and there is
 * more. */
static int run(z_stream *z, const unsigned char **p, size_t *n)
{
	for (;;) {
		size_t take = *n > MWS_ZCHUNK ? (size_t)MWS_ZCHUNK : *n;

		z->next_in = (unsigned char *)(uintptr_t)*p;
		z->avail_in = (uInt)take;
		deflate(z, take == *n ? Z_SYNC_FLUSH : Z_NO_FLUSH);
		take -= z->avail_in;
		*p += take;
		*n -= take;
		if (z->avail_out == 0)
			return 1;
		if (*n == 0)
			return 0;
	}
}

/* The frame ends before those four octets, but that of a fragment which is followed by others. */
static struct mws_block *finish(struct mws_block *b, size_t len, const struct mws_out *o)
{
	struct mws_out with = *o;
	struct mws_block *fitting;

	/* Two flushes in a row give nothing the second time: an empty block then. */
	if (len < TAIL) {
		memcpy(b->own, "\0\0\0\xff\xff", TAIL + 1);
		len = TAIL + 1;
	}
	if (o->f.fin || o->kind != MWS_FRAGMENT)
		len -= TAIL;
	with.f.length = len;
	with.f.rsv1 = o->f.opcode != MUMMY_WS_CONTINUATION;
	b->len = len;
	fitting = len + len / 4 + SLACK < (size_t)o->f.length ? realloc(b, sizeof *b + len) : b;
	if (fitting)
		b = fitting;
	b->data = b->own;
	mws_block_head(b, &with.f);
	return b;
}

int mws_deflate_once(struct mws_deflate_pool *p, unsigned bits, unsigned level, const struct mws_out *o,
		     struct mws_block **out)
{
	int small = o->f.length <= SMALL_MESSAGE, whole = o->kind != MWS_FRAGMENT;
	const unsigned char *in = o->data;
	size_t n = (size_t)o->f.length, room = whole ? n : n + n / 8 + SLACK;
	struct mws_block *b = mws_block_room(room);
	struct mws_deflater *d;
	int more;

	*out = NULL;
	if (!b)
		return -ENOMEM;
	d = borrow(p, small && bits > SMALL_BITS ? SMALL_BITS : bits, level, small ? SMALL_MEM : MEM);
	if (!d) {
		mws_block_unref(b);
		return -ENOMEM;
	}
	d->z.next_out = b->own;
	d->z.avail_out = (uInt)(room > MWS_ZCHUNK ? (size_t)MWS_ZCHUNK : room);
	more = run(&d->z, &in, &n);
	if (more)
		mws_block_unref(b);
	else
		*out = finish(b, (size_t)(d->z.next_out - b->own), o);
	give_back(p, d);
	return 0;
}

struct mws_block *mws_deflater_frame(struct mws_deflater *d, const struct mws_out *o)
{
	const unsigned char *in = o->data;
	size_t n = (size_t)o->f.length, size = n / 4 + SLACK, len = 0;
	struct mws_block *b = mws_block_room(size), *bigger;

	while (b) {
		size_t room = size - len > MWS_ZCHUNK ? (size_t)MWS_ZCHUNK : size - len;

		d->z.next_out = b->own + len;
		d->z.avail_out = (uInt)room;
		if (!run(&d->z, &in, &n))
			return finish(b, (size_t)(d->z.next_out - b->own), o);
		len += room;
		if (len < size)
			continue;
		size += size / 2 + SLACK;
		bigger = realloc(b, sizeof *b + size);
		if (!bigger)
			mws_block_unref(b);
		b = bigger;
	}
	return NULL;
}
