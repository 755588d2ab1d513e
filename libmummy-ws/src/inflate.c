#include <config.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include "inflate.h"
#include "zmem.h"

enum { AT_BOUNDARY = 128, WINDOW = 32768 };

struct mws_inflater {
	z_stream z;
	int any;                        /* octets of this message came */
	int ended;                      /* a block that calls itself the last */
	int at_boundary;                /* between blocks */
};

struct mws_inflater *mws_inflater_new(unsigned bits)
{
	struct mws_inflater *z = calloc(1, sizeof *z);

	if (!z)
		return NULL;
	z->z.zalloc = mws_zalloc;
	z->z.zfree = mws_zfree;
	if (inflateInit2(&z->z, -(int)bits) != Z_OK) {
		free(z);
		return NULL;
	}
	return z;
}

void mws_inflater_free(struct mws_inflater *z)
{
	if (!z)
		return;
	inflateEnd(&z->z);
	free(z);
}

void mws_inflater_reset(struct mws_inflater *z)
{
	inflateReset(&z->z);
	z->any = 0;
	z->ended = 0;
}

/* More blocks may follow the last one (RFC 7692 section 7.2.3.4), and refer to what was before. */
static int go_on(struct mws_inflater *z)
{
	unsigned char *window = malloc(WINDOW);
	uInt n = 0;
	int ok;

	if (!window)
		return -ENOMEM;
	ok = inflateGetDictionary(&z->z, window, &n) == Z_OK && inflateReset(&z->z) == Z_OK
	     && (n == 0 || inflateSetDictionary(&z->z, window, n) == Z_OK);
	free(window);
	z->ended = 0;
	return ok ? 0 : -ENOMEM;
}

/* One call of zlib. 0: all the input that it was given is through; 1: there may be more to come. */
static int step(struct mws_inflater *z, struct mws_sink *to)
{
	size_t room;
	int rc = z->ended ? go_on(z) : 0;

	if (rc == 0 && to->len == to->size)
		rc = to->full(to);
	if (rc < 0)
		return rc;
	room = to->size - to->len > MWS_ZCHUNK ? (size_t)MWS_ZCHUNK : to->size - to->len;
	z->z.next_out = to->buf + to->len;
	z->z.avail_out = (uInt)room;
	rc = inflate(&z->z, Z_SYNC_FLUSH);
	to->len += room - z->z.avail_out;
	if (rc == Z_MEM_ERROR)
		return -ENOMEM;
	if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR)
		return -EILSEQ;
	z->ended = rc == Z_STREAM_END;
	/* A call for nothing does not know. */
	if (rc != Z_BUF_ERROR)
		z->at_boundary = (z->z.data_type & AT_BOUNDARY) != 0;
	return z->z.avail_in || (!z->ended && !z->z.avail_out);
}

static int pour(struct mws_inflater *z, const unsigned char *p, size_t n, struct mws_sink *to)
{
	while (n) {
		size_t take = n > MWS_ZCHUNK ? (size_t)MWS_ZCHUNK : n;
		int rc;

		z->z.next_in = (unsigned char *)(uintptr_t)p;
		z->z.avail_in = (uInt)take;
		do
			rc = step(z, to);
		while (rc == 1);
		if (rc < 0)
			return rc;
		p += take;
		n -= take;
	}
	return 0;
}

int mws_inflate(struct mws_inflater *z, const void *p, size_t n, int last, struct mws_sink *to)
{
	static const unsigned char tail[4] = { 0, 0, 0xff, 0xff };
	int rc = pour(z, p, n, to), any = z->any || n;

	z->any = any && !last;
	/* Nothing at all is an empty message, and after a last block nothing has to follow: both are sent
	 * by others, though a zero octet should stand there. */
	if (rc < 0 || !last || !any || z->ended)
		return rc;
	rc = pour(z, tail, sizeof tail, to);
	return rc == 0 && !z->ended && !z->at_boundary ? -EILSEQ : rc;
}
