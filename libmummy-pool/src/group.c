#include <config.h>
#include "fiber.h"
#include "mummy-common.h"
#include <stdlib.h>

/*
 * The jobs of a group wait in a queue of its own, and for each one the pool gets a ticket: whoever
 * draws it runs the next job of the group, or nothing if the waiter was faster. So the waiter finds
 * the jobs of its group wherever the tickets are, and as tickets may outlive the caller's storage,
 * they count references to this part.
 */
struct core {
	pthread_mutex_t lock;
	atomic_uint refs;
	mummy_pool *pool;
	struct mpool_ring jobs;
	size_t pending;         /* accepted and not yet returned */
	mpool_word *waiter;
	bool helps;             /* the waiter is a worker */
};

enum { POOL, CORE };
typedef _Atomic uintptr_t group_word;

static void unref(struct core *c)
{
	if (atomic_fetch_sub(&c->refs, 1) != 1)
		return;
	mpool_ring_destroy(&c->jobs);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

static struct core *make_core(mummy_pool *p)
{
	struct core *c = calloc(1, sizeof *c);

	if (!c)
		return NULL;
	if (pthread_mutex_init(&c->lock, NULL) != 0) {
		free(c);
		return NULL;
	}
	atomic_init(&c->refs, 1);
	c->pool = p;
	return c;
}

static struct core *get_core(struct mummy_pool_group *g)
{
	group_word *word = (group_word *)&g->opaque[CORE];
	uintptr_t seen = atomic_load(word);
	struct core *c;

	if (seen)
		return (struct core *)seen;
	c = make_core((mummy_pool *)g->opaque[POOL]);
	if (!c || atomic_compare_exchange_strong(word, &seen, (uintptr_t)c))
		return c;
	unref(c);
	return (struct core *)seen;
}

/** Lock held. */
static void tell_waiter(struct core *c)
{
	if (c->waiter)
		mpool_token_wake(&c->pool->lot, c->waiter);
	c->waiter = NULL;
}

/** Lock held, given back while the job runs. w, if not NULL, does nothing else in its own job. */
static bool run_next(struct core *c, struct mpool_worker *w)
{
	struct mpool_job job;

	if (!mpool_ring_pop(&c->jobs, &job))
		return false;
	if (w)
		mpool_label(w, job.run, NULL);
	pthread_mutex_unlock(&c->lock);
	job.run(job.arg);
	pthread_mutex_lock(&c->lock);
	if (--c->pending == 0)
		tell_waiter(c);
	return true;
}

static void ticket(void *arg)
{
	struct core *c = arg;

	pthread_mutex_lock(&c->lock);
	run_next(c, mpool_current);
	pthread_mutex_unlock(&c->lock);
	unref(c);
}

bool mpool_group_forget(struct mpool_job job)
{
	if (job.run != ticket)
		return false;
	unref(job.arg);
	return true;
}

void mummy_pool_group_init(struct mummy_pool_group *g, mummy_pool *p)
{
	*g = (struct mummy_pool_group){ 0 };
	g->opaque[POOL] = (uintptr_t)p;
}

/** Lock held. The ticket first: a job without one might never run. */
static int add_job(struct core *c, struct mpool_job job)
{
	int rc = mpool_ring_promise(&c->jobs);

	if (rc < 0)
		return rc;
	atomic_fetch_add(&c->refs, 1);
	rc = mpool_enqueue(c->pool, (struct mpool_job){ ticket, c });
	if (rc < 0) {
		mpool_ring_withdraw(&c->jobs);
		atomic_fetch_sub(&c->refs, 1);
		return rc;
	}
	mpool_ring_fulfil(&c->jobs, job);
	c->pending++;
	if (c->helps)
		tell_waiter(c);
	return 0;
}

int mummy_pool_group_submit(struct mummy_pool_group *g, void (*run)(void *arg), void *arg)
{
	mummy_pool *p = (mummy_pool *)g->opaque[POOL];
	struct core *c;
	int rc;

	if (!mpool_alive(&p->alive))
		return -ESHUTDOWN;
	c = get_core(g);
	if (!c)
		return -ENOMEM;
	pthread_mutex_lock(&c->lock);
	rc = add_job(c, (struct mpool_job){ run, arg });
	pthread_mutex_unlock(&c->lock);
	return rc;
}

/** Lock held, given back while it sleeps. */
static void sleep_once(struct core *c)
{
	mpool_word token = 0;

	c->waiter = &token;
	pthread_mutex_unlock(&c->lock);
	mpool_block_on(&c->pool->lot, &token, MPOOL_NEVER);
	pthread_mutex_lock(&c->lock);
}

void mummy_pool_group_wait(struct mummy_pool_group *g)
{
	group_word *word = (group_word *)&g->opaque[CORE];
	struct core *c = (struct core *)atomic_load(word);

	if (!c)
		return;
	pthread_mutex_lock(&c->lock);
	c->helps = mpool_current_of(c->pool) && !mpool_on_fiber();
	while (c->pending > 0)
		if (!c->helps || !run_next(c, NULL))
			sleep_once(c);
	pthread_mutex_unlock(&c->lock);
	atomic_store(word, 0);
	unref(c);
}
