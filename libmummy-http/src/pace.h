/*
 * pace.h - does a client take what is queued for it? Private.
 *
 * What counts is what its side has acknowledged, not what the socket took: a socket may hold megabytes, and
 * takes more only once a third of them is gone. So the octets that lie in the socket are looked at when a
 * window begins and when it ends; those that were pushed meanwhile are added. There is a window while
 * something is queued; it begins at the first look, so that nobody pays for clients that are fast.
 */
#ifndef MHTTP_PACE_H
#define MHTTP_PACE_H
#include <stdint.h>

struct mhttp_pace {
	uint32_t begin;                      /* of the window, ms; 0: none */
	uint32_t level;                      /* octets in the socket then, and pushed since; at most UINT32_MAX */
};

/* The queue was empty, and is not any more. */
static inline void mhttp_pace_reset(struct mhttp_pace *p)
{
	p->begin = 0;
}

static inline void mhttp_pace_pushed(struct mhttp_pace *p, uint64_t n)
{
	p->level = n < UINT32_MAX - p->level ? p->level + (uint32_t)n : UINT32_MAX;
}

/* ms from now until the next look; 0: now. */
uint32_t mhttp_pace_due(const struct mhttp_pace *p, uint32_t window_ms, uint32_t now);
/* That look. 1: less than least octets were taken in the window that is over; else 0, and there is a
 * window. */
int mhttp_pace_look(struct mhttp_pace *p, int fd, uint32_t window_ms, uint64_t least, uint32_t now);
#endif
