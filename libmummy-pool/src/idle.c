#include <config.h>
#include "worker.h"
#include "mummy-common.h"

/** Where no worker has pushed since it was idle there is nothing to be seen: stocked was raised by an
 *  atomic operation before the push, which comes before the look at want_wake. */
void mpool_settle(mummy_pool *p)
{
	if (p->light && atomic_load(&p->stocked) > 0)
		mpool_barrier();
}

/** Lock held. An exchange, for the barrier between the announcement and the look that follows. */
void mpool_publish(mummy_pool *p)
{
	bool unwatched = p->growing && !p->armed;
	bool want = !p->waking && (p->idle || p->keeper || unwatched);

	if (!atomic_exchange(&p->want_wake, want) && want)
		mpool_settle(p);
}

static bool deques_visible(mummy_pool *p)
{
	unsigned range;

	if (atomic_load(&p->stocked) == 0)
		return false;
	range = atomic_load(&p->range);
	for (unsigned i = 0; i < range; i++)
		if (mpool_deque_size(&p->workers[i]->forks) > 0 || mpool_deque_size(&p->workers[i]->jobs) > 0)
			return true;
	return false;
}

bool mpool_work_visible(mummy_pool *p)
{
	return atomic_load(&p->queued) > 0 || deques_visible(p);
}

static struct mpool_worker *pop_idle(mummy_pool *p)
{
	struct mpool_worker *w = p->idle;

	if (w)
		p->idle = w->next_idle;
	return w;
}

mpool_word *mpool_choose_to_wake(mummy_pool *p)
{
	struct mpool_worker *w;

	if (p->waking)
		return NULL;
	w = pop_idle(p);
	if (!w && p->keeper) {
		w = p->keeper;
		p->keeper = NULL;
		mpool_monitor_timers_changed(p);
	}
	if (!w && (!p->growing || p->armed))
		return NULL;
	if (w) {
		w->idle = false;
		w->woken = p->waking = true;
	} else {
		p->armed = true;
	}
	mpool_publish(p);
	return w ? &w->event : &p->monitor_event;
}

void mpool_wake_one(mummy_pool *p)
{
	mpool_word *event;

	if (!mpool_alive(&p->alive))
		return;
	pthread_mutex_lock(&p->lock);
	event = mpool_choose_to_wake(p);
	pthread_mutex_unlock(&p->lock);
	if (event)
		mpool_event_signal(&p->lot, event);
}

static void note_next_due(mummy_pool *p)
{
	atomic_store(&p->next_due_ns, mpool_timers_next_ns(&p->timers));
}

/** One that comes again keeps its place, and needs room for the next time: without, it skips a beat. */
static void expire_one(mummy_pool *p, struct mpool_timer *timer)
{
	if (timer->period_ns == 0 || p->draining) {
		mpool_timers_remove(&p->timers, timer);
	} else if (mpool_queue_promise(&p->queue, timer->priority) == 0) {
		mpool_timers_move(&p->timers, timer, MPOOL_RESTS);
		p->resting++;
	} else {
		mpool_timers_move(&p->timers, timer, timer->due_ns + timer->period_ns);
		return;
	}
	/* The job may free the timer as soon as the lock is given back. */
	mpool_queue_fulfil(&p->queue, timer->priority, timer->job);
	p->enqueued++;
}

void mpool_expire(mummy_pool *p)
{
	struct mpool_timer *timer;
	uint64_t now;

	if (p->timers.count == p->resting)
		return;
	now = p->draining ? MPOOL_RESTS - 1 : mummy_now_ns();
	while ((timer = mpool_timers_due(&p->timers, now)))
		expire_one(p, timer);
	mpool_note_queue(p);
	note_next_due(p);
}

void mpool_timers_changed(mummy_pool *p)
{
	note_next_due(p);
	if (p->timers.count == p->resting)
		return;
	if (!p->keeper)
		p->keeper = pop_idle(p);
	if (p->keeper)
		mpool_event_signal(&p->lot, &p->keeper->event);
	else
		mpool_monitor_timers_changed(p);
}

static void enter(mummy_pool *p, struct mpool_worker *w)
{
	if (!w->idle) {
		w->idle = true;
		w->idle_until_ns = p->growing && p->live > p->base ? mummy_now_ns() + p->idle_ns
								   : MPOOL_NEVER;
		if (p->timers.count > p->resting && !p->keeper) {
			p->keeper = w;
		} else {
			w->next_idle = p->idle;
			p->idle = w;
		}
	}
	mpool_publish(p);
}

static void leave(mummy_pool *p, struct mpool_worker *w)
{
	struct mpool_worker **at;

	if (w->woken) {
		w->woken = p->waking = false;
	} else if (w->idle && p->keeper == w) {
		p->keeper = NULL;
		mpool_timers_changed(p);
	} else if (w->idle) {
		for (at = &p->idle; *at != w; at = &(*at)->next_idle)
			;
		*at = w->next_idle;
	}
	w->idle = false;
	mpool_publish(p);
}

bool mpool_is_drained(mummy_pool *p)
{
	uint64_t completed = 0, enqueued = 0;

	unsigned made = atomic_load(&p->made);

	/* First what has ended, then what began: then equal sums were equal at one instant. */
	for (unsigned i = 0; i < made; i++)
		completed += atomic_load_explicit(&p->workers[i]->completed, memory_order_acquire);
	for (unsigned i = 0; i < made; i++)
		enqueued += atomic_load_explicit(&p->workers[i]->accepted, memory_order_acquire);
	return enqueued + p->enqueued == completed && p->queue.promised == 0;
}

void mpool_tell_drainers(mummy_pool *p)
{
	struct mpool_drainer *d, *next;

	if (!p->drainers || !mpool_is_drained(p))
		return;
	for (d = p->drainers; d; d = next) {
		next = d->next;
		mpool_token_wake(&p->lot, &d->token);
	}
	p->drainers = NULL;
}

/** Lock held, given back while asleep. */
static void sleep_once(mummy_pool *p, struct mpool_worker *w)
{
	uint64_t until = p->keeper == w ? mpool_timers_next_ns(&p->timers) : w->idle_until_ns;
	uint64_t due = mpool_fibers_due_ns(w);

	mpool_tell_drainers(p);
	pthread_mutex_unlock(&p->lock);
	mpool_count(&w->parks, 1);
	mpool_event_wait(&p->lot, &w->event, due < until ? due : until);
	pthread_mutex_lock(&p->lock);
}

static bool spin(mummy_pool *p)
{
	unsigned spins = atomic_load_explicit(&p->spins, memory_order_relaxed);

	for (unsigned i = 0; i < spins; i++) {
		if (mpool_work_visible(p))
			return true;
		mpool_relax();
	}
	return false;
}

/** Lock held. An added thread, idle for long enough. Who keeps the time stays. */
static bool is_spare(mummy_pool *p, struct mpool_worker *w)
{
	if (!w->idle || p->keeper == w || w->idle_until_ns == MPOOL_NEVER
	    || mummy_now_ns() < w->idle_until_ns)
		return false;
	w->idle_until_ns = MPOOL_NEVER;
	return p->live > p->base;
}

/** Lock held. */
static bool has_to_end(mummy_pool *p, struct mpool_worker *w)
{
	if (p->stopping)
		return true;
	/* With jobs it leaves between two of them, where they are handed over. */
	if (mpool_deque_size(&w->jobs) > 0)
		return false;
	if (mpool_shed_idle(w))
		return true;
	if (!is_spare(p, w))
		return false;
	mpool_worker_leaves(w);
	return true;
}

/** Lock held, given back meanwhile. As if it had been woken: until it gives up nobody else is. */
static void spin_for_all(mummy_pool *p, struct mpool_worker *w)
{
	uint64_t until, due, now;

	w->woken = p->waking = true;
	mpool_publish(p);
	mpool_tell_drainers(p);
	pthread_mutex_unlock(&p->lock);
	until = mummy_now_ns() + p->spin_ns;
	due = mpool_fibers_due_ns(w);
	until = due < until ? due : until;
	while (!mpool_work_visible(p) && !mpool_fibers_ready(w) && (now = mummy_now_ns()) < until
	       && now < atomic_load(&p->next_due_ns))
		mpool_relax();
	mpool_lock_soon(p);
	w->woken = p->waking = false;
}

bool mpool_idle(struct mpool_worker *w)
{
	mummy_pool *p = w->pool;
	bool go_on = true;

	if (!mpool_fibers_full(w) && spin(p))
		return true;
	/* Who may begin no fiber leaves its jobs to be stolen. */
	if (mpool_deque_size(&w->jobs) == 0)
		mpool_unstock(w);
	pthread_mutex_lock(&p->lock);
	if (p->spin_ns > 0 && !p->waking && !p->stopping && p->queue.count == 0)
		spin_for_all(p, w);
	for (;;) {
		mpool_expire(p);
		if (w->woken || (p->queue.count > 0 && !mpool_fibers_full(w)) || mpool_fibers_ready(w))
			break;
		if (has_to_end(p, w)) {
			go_on = false;
			break;
		}
		enter(p, w);
		if (deques_visible(p) && !mpool_fibers_full(w))
			break;
		if (p->keeper == w && p->timers.count == p->resting)
			leave(p, w);
		else
			sleep_once(p, w);
	}
	leave(p, w);
	pthread_mutex_unlock(&p->lock);
	return go_on;
}
