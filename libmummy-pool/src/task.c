#include <config.h>
#include "fiber.h"
#include "mummy-common.h"
#include <stdlib.h>

enum { PENDING, RUNNING, DONE, CANCELLED };

struct waiter {
	mpool_word *wake;
	struct waiter *next;
};

struct continuation {
	struct mpool_job job;
	struct continuation *next;
};

struct mummy_task {
	atomic_uint refs;
	atomic_int state;
	atomic_bool stop;             /* of a periodic one: not again */
	mummy_pool *pool;
	void *(*run)(void *arg);
	void *arg, *result;
	const char *name;
	struct mpool_timer timer;
	pthread_mutex_t lock;         /* of the two lists, and of the step to DONE */
	struct waiter *waiters;
	struct continuation *thens;   /* first added first */
};

mummy_task *mummy_task_ref(mummy_task *t)
{
	atomic_fetch_add_explicit(&t->refs, 1, memory_order_relaxed);
	return t;
}

void mummy_task_unref(mummy_task *t)
{
	if (!t || atomic_fetch_sub(&t->refs, 1) != 1)
		return;
	/* Only the child of fork(2) drops tasks with continuations left. */
	for (struct continuation *c = t->thens, *next; c; c = next) {
		next = c->next;
		free(c);
	}
	pthread_mutex_destroy(&t->lock);
	free(t);
}

static bool ended(int state)
{
	return state == DONE || state == CANCELLED;
}

static void finish(mummy_task *t, int state)
{
	struct continuation *c, *next;

	pthread_mutex_lock(&t->lock);
	atomic_store(&t->state, state);
	c = t->thens;
	t->thens = NULL;
	/* Under the lock: a waiter that gives up takes it too, before its token goes out of scope. */
	for (struct waiter *w = t->waiters, *after; w; w = after) {
		after = w->next;
		mpool_token_wake(&t->pool->lot, w->wake);
	}
	t->waiters = NULL;
	pthread_mutex_unlock(&t->lock);
	for (; c; c = next) {
		next = c->next;
		mpool_fulfil(t->pool, c->job);
		free(c);
	}
}

/** PENDING: it is now in state, and the caller's to see to; else the state that it is in. */
static int claim(mummy_task *t, int state)
{
	int was = PENDING;

	atomic_compare_exchange_strong(&t->state, &was, state);
	return was;
}

static bool run_if_pending(mummy_task *t)
{
	if (claim(t, RUNNING) != PENDING)
		return false;
	t->result = t->run(t->arg);
	finish(t, DONE);
	return true;
}

/** A periodic one, at rest, does not come again. */
static void end_periodic(mummy_task *t)
{
	mpool_disarm(t->pool, &t->timer);
	if (claim(t, CANCELLED) == PENDING) {
		mpool_count_cancelled(t->pool);
		finish(t, CANCELLED);
	}
	mummy_task_unref(t);
}

static void next_period(mummy_task *t, uint64_t due_ns)
{
	mummy_task_ref(t);
	if (atomic_load(&t->stop) || !mpool_rearm(t->pool, &t->timer, due_ns))
		end_periodic(t);
	/* Who cancelled it just before found it at rest. */
	else if (atomic_load(&t->state) == CANCELLED && mpool_recall(t->pool, &t->timer) == 0)
		mummy_task_unref(t);
	mummy_task_unref(t);
}

static void run_periodic(mummy_task *t)
{
	uint64_t start = mummy_now_ns();

	if (atomic_load(&t->pool->draining) || claim(t, RUNNING) != PENDING) {
		mpool_count(&mpool_current->skipped, 1);
		end_periodic(t);
		return;
	}
	t->run(t->arg);
	atomic_store(&t->state, PENDING);
	next_period(t, start + t->timer.period_ns);
}

static void ticket(void *arg)
{
	mummy_task *t = arg;

	mpool_label(mpool_current, (void (*)(void *))(void (*)(void))t->run, t->name);
	if (t->timer.period_ns > 0) {
		run_periodic(t);
		return;
	}
	if (!run_if_pending(t) && atomic_load(&t->state) == CANCELLED)
		mpool_count(&mpool_current->skipped, 1);
	mummy_task_unref(t);
}

bool mpool_task_forget(struct mpool_job job)
{
	if (job.run != ticket)
		return false;
	mummy_task_unref(job.arg);
	return true;
}

static mummy_task *make_task(mummy_pool *p, void *(*run)(void *arg), void *arg)
{
	mummy_task *t = calloc(1, sizeof *t);

	if (!t)
		return NULL;
	if (pthread_mutex_init(&t->lock, NULL) != 0) {
		free(t);
		return NULL;
	}
	atomic_init(&t->refs, 2); /* the ticket's and the caller's */
	t->pool = p;
	t->run = run;
	t->arg = arg;
	t->timer.job = (struct mpool_job){ ticket, t };
	return t;
}

int mummy_task_submit(mummy_task **out, mummy_pool *p, void *(*run)(void *arg), void *arg,
		      const struct mummy_task_options *opt)
{
	mummy_task *t;
	int rc;

	static const struct mummy_task_options defaults;

	if (!opt)
		opt = &defaults;
	if (!MUMMY_RESERVED_OK(opt) || !mpool_priority_ok(opt->priority))
		return -EINVAL;
	t = make_task(p, run, arg);
	if (!t)
		return -ENOMEM;
	t->name = opt->name;
	t->timer.priority = opt->priority;
	t->timer.period_ns = (uint64_t)opt->period_ms * 1000000u;
	if (opt->delay_ms > 0 || opt->period_ms > 0) {
		t->timer.due_ns = mummy_now_ns() + (uint64_t)opt->delay_ms * 1000000u;
		rc = mpool_enqueue_later(p, &t->timer);
	} else {
		rc = mpool_enqueue_as(p, opt->priority, t->timer.job);
	}
	if (rc < 0)
		mummy_task_unref(t);
	if (rc < 0 || !out)
		mummy_task_unref(t);
	else
		*out = t;
	return rc;
}

int mummy_task_cancel(mummy_task *t)
{
	int was = atomic_load(&t->state);
	bool before;

	if (ended(was))
		return -EALREADY;
	before = atomic_exchange(&t->stop, true);
	was = claim(t, CANCELLED);
	/* A period that came to its end just now has found stop, and ended the task for us. */
	if (was == CANCELLED && t->timer.period_ns > 0 && !before)
		return 0;
	if (was != PENDING)
		return was == RUNNING ? -EBUSY : -EALREADY;
	mpool_count_cancelled(t->pool);
	finish(t, CANCELLED);
	if (mpool_recall(t->pool, &t->timer) == 0)
		mummy_task_unref(t);
	return 0;
}

/** Lock held. */
static void forget_waiter(mummy_task *t, struct waiter *w)
{
	for (struct waiter **at = &t->waiters; *at; at = &(*at)->next) {
		if (*at == w) {
			*at = w->next;
			return;
		}
	}
}

/** False, and t->lock given back, when t has ended. */
static bool begin_wait(mummy_task *t, struct waiter *me)
{
	pthread_mutex_lock(&t->lock);
	if (ended(atomic_load(&t->state))) {
		pthread_mutex_unlock(&t->lock);
		return false;
	}
	me->next = t->waiters;
	t->waiters = me;
	pthread_mutex_unlock(&t->lock);
	return true;
}

static void end_wait(mummy_task *t, struct waiter *me)
{
	pthread_mutex_lock(&t->lock);
	forget_waiter(t, me);
	pthread_mutex_unlock(&t->lock);
}

static void sleep_until(mummy_task *t, uint64_t deadline_ns)
{
	mpool_word token = 0;
	struct waiter me = { &token, NULL };

	if (!begin_wait(t, &me))
		return;
	mpool_block_on(&t->pool->lot, &token, deadline_ns);
	end_wait(t, &me);
}

/** Sleeps on the worker's own event, which a drain signals too: it ends all delays. */
static void sleep_until_due(mummy_task *t, struct mpool_worker *w)
{
	struct waiter me = { &w->event, NULL };

	if (!begin_wait(t, &me))
		return;
	mpool_blocking_begin(w);
	if (!atomic_load(&t->pool->draining))
		mpool_event_wait(&t->pool->lot, &w->event, t->timer.due_ns);
	mpool_blocking_end(w);
	end_wait(t, &me);
}

/** On a worker, without a limit: runs t unless somebody else does. */
static void help(mummy_task *t, struct mpool_worker *w)
{
	bool delayed = t->timer.due_ns > mummy_now_ns() && !atomic_load(&t->pool->draining);

	if (delayed && atomic_load(&t->state) == PENDING)
		sleep_until_due(t, w);
	else if (!run_if_pending(t))
		sleep_until(t, MPOOL_NEVER);
}

static int outcome(mummy_task *t, void **result)
{
	int state = atomic_load(&t->state);

	if (state == CANCELLED)
		return -ECANCELED;
	if (state != DONE)
		return -ETIMEDOUT;
	if (result)
		*result = t->result;
	return 0;
}

int mummy_task_wait(mummy_task *t, int timeout_ms, void **result)
{
	struct mpool_worker *w;

	if (ended(atomic_load(&t->state)) || timeout_ms == 0)
		return outcome(t, result);
	w = timeout_ms < 0 && t->timer.period_ns == 0 && !mpool_on_fiber() ? mpool_current_of(t->pool) : NULL;
	if (!w)
		sleep_until(t, mpool_deadline(timeout_ms));
	while (w && !ended(atomic_load(&t->state)))
		help(t, w);
	return outcome(t, result);
}

int mummy_task_then(mummy_task *t, void (*run)(void *arg), void *arg)
{
	struct continuation *c = malloc(sizeof *c), **at;
	int rc = c ? mpool_promise(t->pool) : -ENOMEM;

	if (rc < 0) {
		free(c);
		return rc;
	}
	*c = (struct continuation){ .job = { run, arg } };
	pthread_mutex_lock(&t->lock);
	if (ended(atomic_load(&t->state))) {
		pthread_mutex_unlock(&t->lock);
		mpool_fulfil(t->pool, c->job);
		free(c);
		return 0;
	}
	for (at = &t->thens; *at; at = &(*at)->next)
		;
	*at = c;
	pthread_mutex_unlock(&t->lock);
	return 0;
}
