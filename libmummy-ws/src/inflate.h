/* inflate.h - messages of permessage-deflate back to what they were (RFC 7692 section 7.2.2). Internal. */
#ifndef MUMMY_WS_INFLATE_H
#define MUMMY_WS_INFLATE_H
#include <stddef.h>

struct mws_inflater;

/** Where the octets go. full is called when buf has no room and there are, or may be, more; it makes room,
 *  or gives an error. */
struct mws_sink {
	unsigned char *buf;
	size_t len, size;
	int (*full)(struct mws_sink *s);
};

/** bits: the window; 8 to 15. NULL: no memory. */
struct mws_inflater *mws_inflater_new(unsigned bits);
void mws_inflater_free(struct mws_inflater *z);
/** A message begins that refers to nothing before it. */
void mws_inflater_reset(struct mws_inflater *z);
/** A piece of a message; last: its end. 0, -EILSEQ not a compressed message, -ENOMEM, or what full gave. */
int mws_inflate(struct mws_inflater *z, const void *p, size_t n, int last, struct mws_sink *to);
#endif
