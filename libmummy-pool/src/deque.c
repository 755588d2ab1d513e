#include <config.h>
#include "deque.h"
#include <errno.h>
#include <stdlib.h>

int mpool_deque_init(struct mpool_deque *d, size_t capacity)
{
	d->slots = calloc(capacity, sizeof *d->slots);
	if (!d->slots)
		return -ENOMEM;
	d->capacity = (int64_t)capacity;
	d->limit = d->capacity;
	return 0;
}

void mpool_deque_destroy(struct mpool_deque *d)
{
	free(d->slots);
	d->slots = NULL;
	d->capacity = d->limit = 0;
}
