#include <config.h>
#include "ring.h"
#include <errno.h>
#include <stdlib.h>

#define FIRST_CAPACITY 64u

static int grow(struct mpool_ring *r)
{
	size_t capacity = r->capacity ? r->capacity * 2 : FIRST_CAPACITY;
	struct mpool_job *jobs, *old = r->jobs;

	if (capacity > SIZE_MAX / sizeof *jobs || capacity < r->capacity)
		return -ENOMEM;
	jobs = malloc(capacity * sizeof *jobs);
	if (!jobs)
		return -ENOMEM;
	for (size_t i = 0; i < r->count; i++)
		jobs[i] = old[(r->head + i) & (r->capacity - 1)];
	r->jobs = jobs;
	r->head = 0;
	r->capacity = capacity;
	free(old);
	return 0;
}

static int reserve(struct mpool_ring *r)
{
	return r->count + r->promised < r->capacity ? 0 : grow(r);
}

static void put(struct mpool_ring *r, struct mpool_job job)
{
	r->jobs[(r->head + r->count) & (r->capacity - 1)] = job;
	r->count++;
}

int mpool_ring_push(struct mpool_ring *r, struct mpool_job job)
{
	int rc = reserve(r);

	if (rc == 0)
		put(r, job);
	return rc;
}

bool mpool_ring_pop(struct mpool_ring *r, struct mpool_job *out)
{
	if (r->count == 0)
		return false;
	*out = r->jobs[r->head];
	r->head = (r->head + 1) & (r->capacity - 1);
	r->count--;
	return true;
}

int mpool_ring_promise(struct mpool_ring *r)
{
	int rc = reserve(r);

	if (rc == 0)
		r->promised++;
	return rc;
}

void mpool_ring_fulfil(struct mpool_ring *r, struct mpool_job job)
{
	r->promised--;
	put(r, job);
}

void mpool_ring_withdraw(struct mpool_ring *r)
{
	r->promised--;
}

void mpool_ring_destroy(struct mpool_ring *r)
{
	free(r->jobs);
	*r = (struct mpool_ring){ 0 };
}
