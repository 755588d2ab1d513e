/*
 * ring.h - the last octets of a stream, until the server has acknowledged them.
 */
#ifndef MUMMY_UPLOAD_RING_H
#define MUMMY_UPLOAD_RING_H
#include <stddef.h>
#include <stdint.h>

/** Offsets are those of the stream. */
struct ring {
	unsigned char *p;
	size_t room;
	uint64_t from, to;         /**< what is kept: [from, to) */
};

/** 0 or -ENOMEM. */
int ring_init(struct ring *r, size_t room);
void ring_free(struct ring *r);
/** Where the next octets go, in one piece; *n how many; 0: full. */
unsigned char *ring_space(struct ring *r, size_t *n);
void ring_added(struct ring *r, size_t n);
/** Copies up to n octets from offset on. How many, or -ENODATA: they are gone, or not there yet. */
long ring_read(const struct ring *r, uint64_t offset, void *out, size_t n);
/** Forgets what is before offset. */
void ring_release(struct ring *r, uint64_t offset);
#endif
