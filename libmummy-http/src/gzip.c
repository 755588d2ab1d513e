#include <config.h>
#include "gzip.h"
#include "mummy-common.h"
#include <limits.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <zlib.h>
#ifdef HAVE_LIBDEFLATE
#include <libdeflate.h>
#endif

enum { GZIP_WINDOW = 15 + 16, MEMORY = 8, PIECE = 1 << 30 };

/* Idle states, at most keep of them. */
struct shelf {
	void **items;
	unsigned n;
};

struct mhttp_gzip {
	atomic_uint refs;
	int level;
	unsigned keep;
	pthread_mutex_t lock;                /* for the shelves */
	struct shelf streams;
#ifdef HAVE_LIBDEFLATE
	struct shelf compressors;
#endif
};

struct mhttp_gzip_stream {
	struct mhttp_gzip *owner;            /* NULL while idle */
	int finished;
	z_stream z;
};

static void *take(struct mhttp_gzip *g, struct shelf *s)
{
	void *item = NULL;

	pthread_mutex_lock(&g->lock);
	if (s->n)
		item = s->items[--s->n];
	pthread_mutex_unlock(&g->lock);
	return item;
}

/* 1 when item is kept. */
static int put(struct mhttp_gzip *g, struct shelf *s, void *item)
{
	int kept;

	pthread_mutex_lock(&g->lock);
	kept = s->n < g->keep;
	if (kept)
		s->items[s->n++] = item;
	pthread_mutex_unlock(&g->lock);
	return kept;
}

static void free_state(struct mhttp_gzip_stream *s)
{
	deflateEnd(&s->z);
	free(s);
}

static void free_parts(struct mhttp_gzip *g)
{
	while (g->streams.n)
		free_state(g->streams.items[--g->streams.n]);
	free(g->streams.items);
#ifdef HAVE_LIBDEFLATE
	while (g->compressors.n)
		libdeflate_free_compressor(g->compressors.items[--g->compressors.n]);
	free(g->compressors.items);
#endif
	free(g);
}

static int make_shelf(struct shelf *s, unsigned keep)
{
	s->items = calloc(keep ? keep : 1, sizeof(void *));
	return s->items ? 0 : -ENOMEM;
}

int mhttp_gzip_new(struct mhttp_gzip **out, int level, unsigned keep)
{
	struct mhttp_gzip *g;
	int rc;

	if (level < 1 || level > 9)
		return -EINVAL;
	g = calloc(1, sizeof *g);
	if (!g)
		return -ENOMEM;
	atomic_init(&g->refs, 1);
	g->level = level;
	g->keep = keep;
	rc = make_shelf(&g->streams, keep);
#ifdef HAVE_LIBDEFLATE
	if (rc == 0)
		rc = make_shelf(&g->compressors, keep);
#endif
	if (rc == 0)
		rc = -pthread_mutex_init(&g->lock, NULL);
	if (rc < 0) {
		free_parts(g);
		return rc;
	}
	*out = g;
	return 0;
}

struct mhttp_gzip *mhttp_gzip_ref(struct mhttp_gzip *g)
{
	atomic_fetch_add_explicit(&g->refs, 1, memory_order_relaxed);
	return g;
}

void mhttp_gzip_unref(struct mhttp_gzip *g)
{
	if (!g || atomic_fetch_sub_explicit(&g->refs, 1, memory_order_acq_rel) != 1)
		return;
	pthread_mutex_destroy(&g->lock);
	free_parts(g);
}

/* ---- In pieces -------------------------------------------------------------------------------- */

static struct mhttp_gzip_stream *new_state(const struct mhttp_gzip *g)
{
	struct mhttp_gzip_stream *s = calloc(1, sizeof *s);

	if (s && deflateInit2(&s->z, g->level, Z_DEFLATED, GZIP_WINDOW, MEMORY, Z_DEFAULT_STRATEGY) != Z_OK) {
		free(s);
		s = NULL;
	}
	return s;
}

int mhttp_gzip_begin(struct mhttp_gzip *g, struct mhttp_gzip_stream **out)
{
	struct mhttp_gzip_stream *s = take(g, &g->streams);

	if (!s)
		s = new_state(g);
	if (!s)
		return -ENOMEM;
	s->owner = mhttp_gzip_ref(g);
	s->finished = 0;
	*out = s;
	return 0;
}

void mhttp_gzip_end(struct mhttp_gzip_stream *s)
{
	struct mhttp_gzip *g = s ? s->owner : NULL;

	if (!s)
		return;
	s->owner = NULL;
	if (deflateReset(&s->z) != Z_OK || !put(g, &g->streams, s))
		free_state(s);
	mhttp_gzip_unref(g);
}

/* The output of one feed, as it grows. */
struct output {
	unsigned char *p;
	size_t n, room;
};

static int grow(struct output *o)
{
	size_t room = o->room + o->room / 2 + 256;
	unsigned char *p = realloc(o->p, room);

	if (!p)
		return -ENOMEM;
	o->p = p;
	o->room = room;
	return 0;
}

/* Deflates what z has as input until no more comes out. */
static int drain(z_stream *z, int flush, struct output *o)
{
	do {
		size_t room;
		int rc = o->room - o->n < 64 ? grow(o) : 0;

		if (rc < 0)
			return rc;
		room = o->room - o->n < PIECE ? o->room - o->n : PIECE;
		z->next_out = o->p + o->n;
		z->avail_out = (uInt)room;
		rc = deflate(z, flush);
		o->n += room - z->avail_out;
		if (rc == Z_STREAM_ERROR)
			return -EINVAL;
		if (rc == Z_STREAM_END)
			return 0;
	} while (z->avail_out == 0);
	return 0;
}

static int deflate_all(z_stream *z, const unsigned char *in, size_t n, int flush, struct output *o)
{
	int rc;

	do {
		size_t piece = n < PIECE ? n : PIECE;

		z->next_in = (z_const Bytef *)(uintptr_t)in;
		z->avail_in = (uInt)piece;
		in += piece;
		n -= piece;
		rc = drain(z, n ? Z_NO_FLUSH : flush, o);
	} while (rc == 0 && n);
	return rc;
}

int mhttp_gzip_feed(struct mhttp_gzip_stream *s, const void *in, size_t n, enum mhttp_gzip_step step,
		    void **out, size_t *out_len)
{
	static const int flush[] = { Z_NO_FLUSH, Z_SYNC_FLUSH, Z_FINISH };
	struct output o = { NULL, 0, 0 };
	int rc;

	if (s->finished)
		return -EINVAL;
	s->finished = step == MHTTP_GZIP_FINISH;
	rc = deflate_all(&s->z, in, n, flush[step], &o);
	if (rc < 0 || o.n == 0) {
		free(o.p);
		o.p = NULL;
	}
	if (rc < 0) {
		s->finished = 1;
		return rc;
	}
	*out = o.p;
	*out_len = o.n;
	return 0;
}

/* ---- Whole bodies ----------------------------------------------------------------------------- */

/* Both: the length written to out, less than room; 0: it does not fit; -ENOMEM. */
#ifdef HAVE_LIBDEFLATE
static ssize_t compress_to(struct mhttp_gzip *g, const void *in, size_t n, void *out, size_t room)
{
	struct libdeflate_compressor *c = take(g, &g->compressors);
	size_t len;

	if (!c)
		c = libdeflate_alloc_compressor(g->level);
	if (!c)
		return -ENOMEM;
	len = libdeflate_gzip_compress(c, in, n, out, room);
	if (!put(g, &g->compressors, c))
		libdeflate_free_compressor(c);
	return (ssize_t)len;
}
#else
static ssize_t compress_to(struct mhttp_gzip *g, const void *in, size_t n, void *out, size_t room)
{
	struct mhttp_gzip_stream *s;
	const unsigned char *from = in;
	size_t len = 0;
	int rc = mhttp_gzip_begin(g, &s);

	if (rc < 0)
		return rc;
	while (rc == Z_OK && len < room) {
		size_t piece = n < PIECE ? n : PIECE, space = room - len < PIECE ? room - len : PIECE;

		s->z.next_in = (z_const Bytef *)(uintptr_t)from;
		s->z.avail_in = (uInt)piece;
		s->z.next_out = (Bytef *)out + len;
		s->z.avail_out = (uInt)space;
		rc = deflate(&s->z, piece == n ? Z_FINISH : Z_NO_FLUSH);
		from += piece - s->z.avail_in;
		n -= piece - s->z.avail_in;
		len += space - s->z.avail_out;
	}
	mhttp_gzip_end(s);
	return rc == Z_STREAM_END ? (ssize_t)len : 0;
}
#endif

int mhttp_gzip_whole(struct mhttp_gzip *g, const void *in, size_t n, void **out, size_t *out_len)
{
	void *buf = malloc(n ? n : 1), *fitted;
	ssize_t len;

	if (!buf)
		return -ENOMEM;
	len = n ? compress_to(g, in, n, buf, n - 1) : 0;
	if (len <= 0) {
		free(buf);
		return len < 0 ? (int)len : 1;
	}
	fitted = realloc(buf, (size_t)len);
	*out = fitted ? fitted : buf;
	*out_len = (size_t)len;
	return 0;
}
