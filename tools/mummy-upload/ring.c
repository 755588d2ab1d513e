/*
 * ring.c - the last octets of a stream, until the server has acknowledged them.
 */
#include <config.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "ring.h"

int ring_init(struct ring *r, size_t room)
{
	memset(r, 0, sizeof *r);
	r->p = malloc(room);
	r->room = room;
	return r->p ? 0 : -ENOMEM;
}

void ring_free(struct ring *r)
{
	free(r->p);
	memset(r, 0, sizeof *r);
}

unsigned char *ring_space(struct ring *r, size_t *n)
{
	const size_t at = (size_t)(r->to % r->room), free_octets = r->room - (size_t)(r->to - r->from);

	*n = free_octets < r->room - at ? free_octets : r->room - at;
	return r->p + at;
}

void ring_added(struct ring *r, size_t n)
{
	r->to += n;
}

long ring_read(const struct ring *r, uint64_t offset, void *out, size_t n)
{
	const size_t at = (size_t)(offset % r->room);
	size_t first;

	if (offset < r->from || offset > r->to)
		return -ENODATA;
	if (n > r->to - offset)
		n = (size_t)(r->to - offset);
	first = n < r->room - at ? n : r->room - at;
	memcpy(out, r->p + at, first);
	memcpy((unsigned char *)out + first, r->p, n - first);
	return (long)n;
}

void ring_release(struct ring *r, uint64_t offset)
{
	if (offset > r->from && offset <= r->to)
		r->from = offset;
}
