/* zmem.h - the memory of zlib's streams comes from the same functions as all other. Internal. */
#ifndef MUMMY_WS_ZMEM_H
#define MUMMY_WS_ZMEM_H
#include <stdlib.h>
#include <zlib.h>

static inline voidpf mws_zalloc(voidpf ctx, uInt n, uInt size)
{
	(void)ctx;
	return calloc(n, size);
}

static inline void mws_zfree(voidpf ctx, voidpf p)
{
	(void)ctx;
	free(p);
}

/** zlib counts input in 32 bits. */
enum { MWS_ZCHUNK = 1 << 30 };
#endif
