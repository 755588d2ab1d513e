#include <config.h>
#include "census.h"
#include "worker.h"
#include "mummy-common.h"
#include <limits.h>

/*
 * The monitor's thread sleeps until somebody gives work and no worker is idle: that one finds it not
 * armed. Then it looks once a tick, until for some ticks nothing has waited. Where all workers are
 * busy nobody keeps the time either, so that it wakes for the timers, a little late.
 */
#define TICK_NS 1000000u
#define LONG_TICK_NS (16 * TICK_NS)     /* where nothing can be done */
#define QUIET_TICKS 16u
#define CALM_TICKS 4u                   /* without a lack of workers: no look at their clocks, which costs */
#define GRACE_NS TICK_NS                /* the keeper comes first */

struct monitor {
	uint64_t seen_ns[2], again_ns;
	unsigned tick, quiet, calm;
};

static uint64_t count_waiting(mummy_pool *p)
{
	uint64_t n = atomic_load(&p->queued);
	unsigned range = atomic_load(&p->range);

	for (unsigned i = 0; i < range; i++)
		n += (uint64_t)(mpool_deque_size(&p->workers[i]->jobs)
				+ mpool_deque_size(&p->workers[i]->forks));
	return n;
}

unsigned mpool_grow(mummy_pool *p, unsigned n)
{
	unsigned started = 0;

	while (started < n && mpool_start_worker(p, UINT_MAX) == 0)
		started++;
	return started;
}

/** Lock held. Whoever is idle, else this thread is armed. */
static void wake(mummy_pool *p)
{
	mpool_word *event = mpool_choose_to_wake(p);

	if (event && event != &p->monitor_event)
		mpool_event_signal(&p->lot, event);
}

/** Lock held. */
static void keep_time(mummy_pool *p)
{
	mpool_expire(p);
	if (p->queue.count > 0)
		wake(p);
}

/** How many threads to add. The base is what may change meanwhile. */
static unsigned judge(mummy_pool *p, const struct mpool_census *c)
{
	unsigned n = 0;

	pthread_mutex_lock(&p->lock);
	if (!p->idle && !p->keeper)
		n = mpool_census_growth(c, p->base, p->live, p->max, count_waiting(p));
	p->blocked = c->blocked > p->hinted ? c->blocked - p->hinted : 0;
	pthread_mutex_unlock(&p->lock);
	return n;
}

static void look(mummy_pool *p, struct monitor *m)
{
	uint64_t now = mummy_now_ns(), before = m->seen_ns[m->tick % 2];
	struct mpool_census c;
	unsigned n;

	mpool_census_take(&c, p, m->tick, now - before);
	m->seen_ns[m->tick % 2] = now;
	m->tick++;
	n = judge(p, &c);
	if (n == 0)
		return;
	mpool_census_confirm(&c, p);
	n = judge(p, &c);
	/* No memory or no thread will not change within a tick. */
	if (mpool_grow(p, n) < n)
		m->again_ns = now + 100 * (uint64_t)TICK_NS;
}

/** What was measured before has nothing to do with what waits now. */
static void begin(mummy_pool *p, struct monitor *m)
{
	m->seen_ns[0] = m->seen_ns[1] = mummy_now_ns() - TICK_NS;
	m->quiet = m->calm = 0;
	for (unsigned i = 0; i < p->made; i++)
		p->workers[i]->looks = 0;
}

/** Lock held. Looks are for when work waits that no idle worker is there to take. True: one is due. */
static bool is_look_due(mummy_pool *p, struct monitor *m)
{
	bool lacks = !p->idle && !p->keeper && mpool_work_visible(p);

	if (lacks && m->calm >= CALM_TICKS)
		begin(p, m);
	m->calm = lacks ? 0 : m->calm + 1;
	if (m->calm >= CALM_TICKS)
		p->blocked = 0;
	return m->calm < CALM_TICKS;
}

/** Lock held, given back meanwhile. Returns when nothing has waited for a while. */
static void watch(mummy_pool *p, struct monitor *m)
{
	for (begin(p, m); m->quiet < QUIET_TICKS && !p->stopping;) {
		uint64_t now = mummy_now_ns();
		uint64_t wait = p->live < p->max && now >= m->again_ns ? TICK_NS : LONG_TICK_NS;

		bool due;

		keep_time(p);
		due = wait == TICK_NS && is_look_due(p, m);
		pthread_mutex_unlock(&p->lock);
		if (due)
			look(p, m);
		mpool_event_wait(&p->lot, &p->monitor_event, now + wait);
		m->quiet = mpool_work_visible(p) ? 0 : m->quiet + (unsigned)(wait / TICK_NS);
		pthread_mutex_lock(&p->lock);
	}
}

/** Lock held. What came while armed has woken nobody. */
static void disarm(mummy_pool *p)
{
	p->armed = false;
	p->blocked = 0;
	mpool_publish(p);
	if (mpool_work_visible(p))
		wake(p);
}

static uint64_t next_wake(mummy_pool *p)
{
	uint64_t due = atomic_load(&p->next_due_ns);

	return due < MPOOL_NEVER - GRACE_NS ? due + GRACE_NS : MPOOL_NEVER;
}

static void *monitor_main(void *arg)
{
	mummy_pool *p = arg;
	struct monitor m = { 0 };

	pthread_mutex_lock(&p->lock);
	while (!p->stopping) {
		if (p->armed) {
			watch(p, &m);
			disarm(p);
			continue;
		}
		p->monitor_until_ns = next_wake(p);
		pthread_mutex_unlock(&p->lock);
		mpool_event_wait(&p->lot, &p->monitor_event, p->monitor_until_ns);
		pthread_mutex_lock(&p->lock);
		keep_time(p);
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

void mpool_monitor_timers_changed(mummy_pool *p)
{
	if (p->growing && !p->armed && p->timers.count > p->resting && p->monitor_until_ns > next_wake(p))
		mpool_event_signal(&p->lot, &p->monitor_event);
}

int mpool_monitor_start(mummy_pool *p)
{
	char name[MPOOL_NAME_SIZE];
	int rc = 0;

	if (!p->growing)
		return 0;
	mpool_thread_name(name, p->name, "watch");
	rc = mummy_thread_start(&p->monitor, name, monitor_main, p);
	p->watched = rc == 0;
	return rc < 0 ? -EAGAIN : 0;
}

void mpool_monitor_stop(mummy_pool *p)
{
	if (!p->watched)
		return;
	mpool_event_signal(&p->lot, &p->monitor_event);
	pthread_join(p->monitor, NULL);
}
