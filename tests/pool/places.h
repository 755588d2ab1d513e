/* places.h - looks into a pool: which of its workers have threads. */
#ifndef PLACES_H
#define PLACES_H
#include <sched.h>
#include "worker.h"

static inline unsigned places_taken(mummy_pool *p)
{
	unsigned taken = 0;

	pthread_mutex_lock(&p->lock);
	for (unsigned i = 0; i < p->made; i++)
		taken += p->workers[i]->state == MPOOL_LIVE || p->workers[i]->state == MPOOL_LEAVING;
	pthread_mutex_unlock(&p->lock);
	return taken;
}

/** Until n threads are left; one that leaves keeps its place until it is gone. */
static inline void until_places_taken(mummy_pool *p, unsigned n)
{
	while (places_taken(p) != n)
		sched_yield();
}
#endif
