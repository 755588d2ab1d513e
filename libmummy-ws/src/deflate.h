/* deflate.h - compressing messages for permessage-deflate (RFC 7692 section 7.2.1). Internal. */
#ifndef MUMMY_WS_DEFLATE_H
#define MUMMY_WS_DEFLATE_H
#include <pthread.h>
#include "block.h"

enum { MWS_LEVEL = 1, MWS_DEFLATE_IDLE = 4 };

struct mws_deflater;

/** Compressors that nobody uses just now; any thread. At most MWS_DEFLATE_IDLE of a kind are kept. */
struct mws_deflate_pool {
	pthread_mutex_t lock;
	struct mws_deflater *idle;
};

void mws_deflate_pool_init(struct mws_deflate_pool *p);
void mws_deflate_pool_free(struct mws_deflate_pool *p);

/** A frame of o's payload, compressed without reference to anything before. bits: the window; 8 to 15.
 *  *out NULL: it would not be shorter. 0 or -ENOMEM. */
int mws_deflate_once(struct mws_deflate_pool *p, unsigned bits, unsigned level, const struct mws_out *o,
		     struct mws_block **out);

/** A compressor of one connection; NULL: no memory. */
struct mws_deflater *mws_deflater_new(unsigned bits, unsigned level);
void mws_deflater_free(struct mws_deflater *d);
/** A frame of o's payload, which may refer to what was compressed before. NULL: no memory. When it is
 *  not sent, or there is none, the compressor must be reset. */
struct mws_block *mws_deflater_frame(struct mws_deflater *d, const struct mws_out *o);
void mws_deflater_reset(struct mws_deflater *d);
#endif
