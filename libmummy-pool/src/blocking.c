#include <config.h>
#include "fiber.h"
#include "mummy-common.h"

/** Lock held. Nobody is there who could take what waits. */
static bool lacks_worker(mummy_pool *p)
{
	return !p->stopping && !p->idle && !p->keeper && !p->waking && p->live < p->max
	       && p->live - p->hinted < p->base;
}

void mpool_grow_if_lacking(mummy_pool *p)
{
	bool lacks;

	pthread_mutex_lock(&p->lock);
	lacks = lacks_worker(p);
	pthread_mutex_unlock(&p->lock);
	if (lacks && mpool_work_visible(p))
		mpool_grow(p, 1);
}

void mpool_blocking_begin(struct mpool_worker *w)
{
	mummy_pool *p;
	int saved = errno;

	if (!w || w->hints++ > 0)
		return;
	p = w->pool;
	if (!p->growing || !mpool_alive(&p->alive))
		return;
	pthread_mutex_lock(&p->lock);
	w->hinted = true;
	p->hinted++;
	pthread_mutex_unlock(&p->lock);
	mpool_grow_if_lacking(p);
	errno = saved;
}

void mpool_blocking_end(struct mpool_worker *w)
{
	mummy_pool *p;

	if (!w || w->hints == 0 || --w->hints > 0)
		return;
	p = w->pool;
	if (!p->growing || !mpool_alive(&p->alive))
		return;
	pthread_mutex_lock(&p->lock);
	w->hinted = false;
	p->hinted--;
	pthread_mutex_unlock(&p->lock);
}

int mpool_block_on(struct mpool_lot *lot, mpool_word *token, uint64_t deadline_ns)
{
	struct mpool_worker *w = mpool_on_fiber();
	int rc;

	if (w)
		return mpool_fiber_wait(w, token, deadline_ns);
	w = atomic_load(token) == 0 ? mpool_current : NULL;
	mpool_blocking_begin(w);
	rc = mpool_token_wait(lot, token, deadline_ns);
	mpool_blocking_end(w);
	return rc;
}

void mummy_pool_blocking_begin(void)
{
	mpool_blocking_begin(mpool_current);
}

void mummy_pool_blocking_end(void)
{
	mpool_blocking_end(mpool_current);
}
