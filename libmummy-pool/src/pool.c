#include <config.h>
#include "worker.h"
#include "mummy-common.h"
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define THREADS_PER_CPU 8u
/* About as long as a fork takes to appear in a busy divide and conquer; a park and a wake cost many
 * times that. */
#define SPINS 256u
#define NAME_SIZE 16 /* with its NUL, as the kernel keeps it */

static unsigned affinity_cpus(void)
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

static unsigned thread_count(const struct mummy_pool_options *opt)
{
	unsigned n = opt->threads;

	if (n == 0)
		n = affinity_cpus() * (opt->kind == MUMMY_POOL_THREADS ? THREADS_PER_CPU : 1);
	return n <= MUMMY_POOL_MAX_THREADS || opt->threads ? n : MUMMY_POOL_MAX_THREADS;
}

static int check_options(const struct mummy_pool_options *opt)
{
	if (opt->kind != MUMMY_POOL_THREADS && opt->kind != MUMMY_POOL_TASKS)
		return -EINVAL;
	if (opt->threads > MUMMY_POOL_MAX_THREADS || !MUMMY_RESERVED_OK(opt))
		return -EINVAL;
	return 0;
}

static int init_workers(mummy_pool *p)
{
	int rc = 0;

	p->workers = aligned_alloc(_Alignof(struct mpool_worker), p->count * sizeof *p->workers);
	if (!p->workers)
		return -ENOMEM;
	memset(p->workers, 0, p->count * sizeof *p->workers);
	for (unsigned i = 0; i < p->count; i++) {
		struct mpool_worker *w = &p->workers[i];

		w->pool = p;
		w->index = i;
		w->random = (i + 1) * 2654435769u;
		if (p->stealing && rc == 0)
			rc = mpool_deque_init(&w->forks, MPOOL_FORKS);
		if (p->stealing && rc == 0)
			rc = mpool_deque_init(&w->jobs, MPOOL_JOBS);
	}
	return rc;
}

static void release(mummy_pool *p)
{
	for (unsigned i = 0; p->workers && i < p->count; i++) {
		mpool_deque_destroy(&p->workers[i].forks);
		mpool_deque_destroy(&p->workers[i].jobs);
	}
	free(p->workers);
	mpool_ring_destroy(&p->ring);
	mpool_timers_destroy(&p->timers);
	mpool_alive_destroy(&p->alive);
	free(p);
}

static void destroy(mummy_pool *p)
{
	pthread_mutex_destroy(&p->lock);
	mpool_lot_destroy(&p->lot);
	release(p);
}

static int init(mummy_pool *p, const struct mummy_pool_options *opt)
{
	int rc;

	p->stealing = opt->kind == MUMMY_POOL_TASKS;
	p->local = p->stealing && opt->max_queued == 0;
	p->max_queued = opt->max_queued;
	p->count = thread_count(opt);
	/* With more workers than CPUs, to spin takes the CPU from somebody who works. */
	p->spins = p->stealing && p->count > 1 && p->count <= affinity_cpus() ? SPINS : 0;
	p->thread_start = opt->thread_start;
	p->thread_stop = opt->thread_stop;
	p->ctx = opt->ctx;
	p->next_due_ns = MPOOL_NEVER;
	mpool_alive_init(&p->alive);
	rc = init_workers(p);
	if (rc == 0)
		rc = mpool_lot_init(&p->lot);
	if (rc == 0 && pthread_mutex_init(&p->lock, NULL) != 0) {
		mpool_lot_destroy(&p->lot);
		rc = -ENOMEM;
	}
	if (rc < 0)
		release(p);
	return rc;
}

/** Joins the first n threads. */
static void stop(mummy_pool *p, unsigned n)
{
	pthread_mutex_lock(&p->lock);
	p->stopping = true;
	pthread_mutex_unlock(&p->lock);
	for (unsigned i = 0; i < n; i++)
		mpool_event_signal(&p->lot, &p->workers[i].event);
	for (unsigned i = 0; i < n; i++)
		pthread_join(p->workers[i].thread, NULL);
}

/** The index is kept whole, the prefix as far as there is room. */
static void thread_name(char name[NAME_SIZE], const char *prefix, unsigned index)
{
	char number[NAME_SIZE];
	size_t digits = (size_t)snprintf(number, sizeof number, "-%u", index);
	size_t room = NAME_SIZE - 1 - digits;
	size_t n = strnlen(prefix ? prefix : "mummy", room);

	memcpy(name, prefix ? prefix : "mummy", n);
	memcpy(name + n, number, digits + 1);
}

static int start(mummy_pool *p, const char *prefix)
{
	char name[NAME_SIZE];

	for (unsigned i = 0; i < p->count; i++) {
		thread_name(name, prefix, i);
		if (mummy_thread_start(&p->workers[i].thread, name, mpool_worker_main, &p->workers[i]) < 0) {
			stop(p, i);
			return -EAGAIN;
		}
	}
	return 0;
}

int mummy_pool_new(mummy_pool **out, const struct mummy_pool_options *opt)
{
	static const struct mummy_pool_options defaults;
	mummy_pool *p;
	int rc;

	if (!opt)
		opt = &defaults;
	rc = check_options(opt);
	if (rc < 0)
		return rc;
	p = aligned_alloc(_Alignof(mummy_pool), sizeof *p);
	if (!p)
		return -ENOMEM;
	memset(p, 0, sizeof *p);
	rc = init(p, opt);
	if (rc < 0)
		return rc;
	rc = start(p, opt->name);
	if (rc < 0) {
		destroy(p);
		return rc;
	}
	*out = p;
	return 0;
}

/** Lock held. All workers look up: some may sleep until a delay is over. */
static void begin_drain(mummy_pool *p)
{
	if (atomic_exchange(&p->draining, true))
		return;
	mpool_expire(p);
	for (unsigned i = 0; i < p->count; i++)
		mpool_event_signal(&p->lot, &p->workers[i].event);
}

/** Lock held. */
static void forget_drainer(mummy_pool *p, struct mpool_drainer *d)
{
	for (struct mpool_drainer **at = &p->drainers; *at; at = &(*at)->next) {
		if (*at == d) {
			*at = d->next;
			return;
		}
	}
}

int mummy_pool_drain(mummy_pool *p, int timeout_ms)
{
	uint64_t deadline = mpool_deadline(timeout_ms);
	struct mpool_drainer me = { 0 };
	int rc = 0;

	if (!mpool_alive(&p->alive))
		return -ESHUTDOWN;
	if (mpool_current_of(p))
		return -EDEADLK;
	pthread_mutex_lock(&p->lock);
	begin_drain(p);
	if (!mpool_is_drained(p)) {
		me.next = p->drainers;
		p->drainers = &me;
		pthread_mutex_unlock(&p->lock);
		mpool_token_wait(&p->lot, &me.token, deadline);
		pthread_mutex_lock(&p->lock);
		forget_drainer(p, &me);
		rc = mpool_is_drained(p) ? 0 : -ETIMEDOUT;
	}
	pthread_mutex_unlock(&p->lock);
	return rc;
}

static void forget(struct mpool_job job)
{
	if (!mpool_task_forget(job))
		mpool_group_forget(job);
}

/** In the child of fork(2) the lock may be held for ever, and nobody else is here. */
static void free_in_child(mummy_pool *p)
{
	struct mpool_timer *timer;
	struct mpool_job job;

	while (mpool_ring_pop(&p->ring, &job))
		forget(job);
	while ((timer = mpool_timers_first(&p->timers))) {
		job = timer->job;
		mpool_timers_remove(&p->timers, timer);
		forget(job);
	}
	for (unsigned i = 0; p->stealing && i < p->count; i++)
		while (mpool_deque_steal(&p->workers[i].jobs, &job))
			forget(job);
	if (mpool_current_of(p))
		mpool_current = NULL;
	release(p);
}

void mummy_pool_free(mummy_pool *p)
{
	if (!p)
		return;
	if (!mpool_alive(&p->alive)) {
		free_in_child(p);
		return;
	}
	mummy_pool_drain(p, -1);
	stop(p, p->count);
	destroy(p);
}
