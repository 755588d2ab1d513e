#include <config.h>
#include "fiber.h"
#include "mummy-common.h"
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* About as long as a fork takes to appear in a busy divide and conquer; a park and a wake cost many
 * times that. */
#define SPINS 256u

unsigned mpool_affinity_cpus(void)
{
#if defined HAVE_SCHED_GETAFFINITY && defined CPU_ALLOC
	for (int cpus = 1024; cpus <= 1 << 20; cpus *= 4) {
		cpu_set_t *set = CPU_ALLOC(cpus);
		int n = 0;

		if (!set)
			break;
		if (sched_getaffinity(0, CPU_ALLOC_SIZE(cpus), set) == 0)
			n = CPU_COUNT_S(CPU_ALLOC_SIZE(cpus), set);
		CPU_FREE(set);
		if (n > 0)
			return (unsigned)n;
	}
#endif
	long n_online = sysconf(_SC_NPROCESSORS_ONLN);

	return n_online > 0 ? (unsigned)n_online : 1;
}

void mpool_thread_name(char name[MPOOL_NAME_SIZE], const char *prefix, const char *suffix)
{
	size_t room = MPOOL_NAME_SIZE - 2 - strlen(suffix);
	size_t n = strnlen(prefix, room);

	memcpy(name, prefix, n);
	name[n] = '-';
	memcpy(name + n + 1, suffix, strlen(suffix) + 1);
}

static void free_worker(struct mpool_worker *w)
{
	mpool_deque_destroy(&w->forks);
	mpool_deque_destroy(&w->jobs);
	mpool_fibers_free(w);
	free(w);
}

static struct mpool_worker *make_worker(mummy_pool *p, unsigned index)
{
	struct mpool_worker *w = aligned_alloc(_Alignof(struct mpool_worker), sizeof *w);

	if (!w)
		return NULL;
	memset(w, 0, sizeof *w);
	w->pool = p;
	w->index = index;
	w->stamp.pool = p;
	w->random = (index + 1) * 2654435769u;
	/* Without a deque, forks run at once: fibers of one worker would mix up the order of theirs. */
	if ((p->stealing && !p->fibers && mpool_deque_init(&w->forks, MPOOL_FORKS) < 0)
	    || (p->stealing && mpool_deque_init(&w->jobs, MPOOL_JOBS) < 0)
	    || (p->fibers && mpool_fibers_new(w) < 0)) {
		free_worker(w);
		return NULL;
	}
	w->forks.light = w->jobs.light = p->light;
	return w;
}

int mpool_workers_init(mummy_pool *p)
{
	p->workers = calloc(MUMMY_POOL_MAX_THREADS, sizeof(struct mpool_worker *));
	return p->workers ? 0 : -ENOMEM;
}

void mpool_workers_destroy(mummy_pool *p)
{
	for (unsigned i = 0; p->workers && i < p->made; i++)
		free_worker(p->workers[i]);
	free(p->workers);
	p->workers = NULL;
}

static bool has_thread(const struct mpool_worker *w)
{
	return w->state == MPOOL_LIVE || w->state == MPOOL_LEAVING;
}

/** Lock held. A worker without a thread; NULL: no memory. */
static struct mpool_worker *find_place(mummy_pool *p)
{
	unsigned made = atomic_load_explicit(&p->made, memory_order_relaxed);
	struct mpool_worker *w;

	for (; p->first_free < made; p->first_free++)
		if (!has_thread(p->workers[p->first_free]))
			return p->workers[p->first_free];
	w = made < MUMMY_POOL_MAX_THREADS ? make_worker(p, made) : NULL;
	if (w) {
		p->workers[made] = w;
		atomic_store(&p->made, made + 1);
	}
	return w;
}

/** Lock held. With more workers than CPUs, to spin takes the CPU from somebody who works. */
static void count_live(struct mpool_worker *w, int change)
{
	mummy_pool *p = w->pool;
	unsigned range = atomic_load_explicit(&p->range, memory_order_relaxed);

	p->live += (unsigned)change;
	range = range > w->index ? range : w->index + 1;
	while (range > 0 && p->workers[range - 1]->state != MPOOL_LIVE)
		range--;
	atomic_store(&p->range, range);
	atomic_store(&p->spins, p->stealing && p->live > 1 && p->live <= p->cpus ? SPINS : 0);
}

static int launch(struct mpool_worker *w)
{
	char name[MPOOL_NAME_SIZE], number[MPOOL_NAME_SIZE];

	snprintf(number, sizeof number, "%u", w->index);
	mpool_thread_name(name, w->pool->name, number);
	return mummy_thread_start(&w->thread, name, mpool_worker_main, w);
}

int mpool_start_worker(mummy_pool *p, unsigned limit)
{
	struct mpool_worker *w;
	bool join;

	pthread_mutex_lock(&p->lock);
	join = !p->stopping && p->live < (limit < p->max ? limit : p->max);
	w = join ? find_place(p) : NULL;
	if (!w) {
		pthread_mutex_unlock(&p->lock);
		return join ? -ENOMEM : -EAGAIN;
	}
	join = w->state == MPOOL_GONE;
	w->state = MPOOL_LIVE;
	count_live(w, 1);
	p->grown += p->live > p->base;
	pthread_mutex_unlock(&p->lock);
	if (join)
		pthread_join(w->thread, NULL);
	if (launch(w) == 0)
		return 0;
	pthread_mutex_lock(&p->lock);
	w->state = MPOOL_NO_THREAD;
	p->first_free = w->index < p->first_free ? w->index : p->first_free;
	p->grown -= p->live > p->base;
	count_live(w, -1);
	pthread_mutex_unlock(&p->lock);
	return -EAGAIN;
}

void mpool_worker_leaves(struct mpool_worker *w)
{
	w->state = MPOOL_LEAVING;
	count_live(w, -1);
	w->pool->retired++;
}

void mpool_worker_gone(struct mpool_worker *w)
{
	mummy_pool *p = w->pool;

	pthread_mutex_lock(&p->lock);
	w->state = MPOOL_GONE;
	p->first_free = w->index < p->first_free ? w->index : p->first_free;
	pthread_mutex_unlock(&p->lock);
}

void mpool_stop(mummy_pool *p)
{
	unsigned made;

	pthread_mutex_lock(&p->lock);
	p->stopping = true;
	made = p->made;
	pthread_mutex_unlock(&p->lock);
	mpool_monitor_stop(p);
	for (unsigned i = 0; i < made; i++)
		mpool_event_signal(&p->lot, &p->workers[i]->event);
	for (unsigned i = 0; i < made; i++) {
		struct mpool_worker *w = p->workers[i];
		bool join;

		pthread_mutex_lock(&p->lock);
		join = w->state != MPOOL_NO_THREAD;
		pthread_mutex_unlock(&p->lock);
		if (join)
			pthread_join(w->thread, NULL);
	}
}
