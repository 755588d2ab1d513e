#include <config.h>
#include "fiber.h"
#include "mummy-common.h"
#include <stdlib.h>
#include <string.h>

/* Then the inbox, the clock and new jobs have their turn. */
#define TURNS 64u
#define SETTLE_NS 1000000000u
#define COOL 64u         /* stacks put away before the worker looks for work again */

static struct mpool_fiber *fiber_of(struct mpool_wheel_entry *timer)
{
	return MUMMY_CONTAINER_OF(timer, struct mpool_fiber, timer);
}

/* ---- Ready ------------------------------------------------------------------------------------- */

static void push_ready(struct mpool_fibers *s, struct mpool_fiber *f)
{
	f->next = NULL;
	*s->ready_end = f;
	s->ready_end = &f->next;
}

static struct mpool_fiber *pop_ready(struct mpool_fibers *s)
{
	struct mpool_fiber *f = s->ready;

	s->ready = f->next;
	if (!s->ready)
		s->ready_end = &s->ready;
	return f;
}

/** On its own thread. */
static void make_ready(struct mpool_fibers *s, struct mpool_fiber *f)
{
	mpool_wheel_remove(&s->wheel, &f->timer);
	mpool_count(&s->parked, (uint64_t)-1);
	push_ready(s, f);
}

void mpool_fiber_wake(struct mpool_fiber *f)
{
	struct mpool_worker *w = f->worker;
	struct mpool_fiber *first;

	if (mpool_current == w) {
		make_ready(w->fibers, f);
		return;
	}
	first = atomic_load_explicit(&w->fibers->inbox, memory_order_relaxed);
	do
		f->next = first;
	while (!atomic_compare_exchange_weak(&w->fibers->inbox, &first, f));
	/* Who finds it empty calls; the fiber, and the worker with it, waits for the caller's lock. */
	if (!first)
		mpool_event_signal(&w->pool->lot, &w->event);
}

static void collect_inbox(struct mpool_fibers *s)
{
	struct mpool_fiber *f, *next, *list = NULL;

	if (!atomic_load_explicit(&s->inbox, memory_order_relaxed))
		return;
	for (f = atomic_exchange(&s->inbox, NULL); f; f = next) {
		next = f->next;
		f->next = list;
		list = f;
	}
	for (f = list; f; f = next) {
		next = f->next;
		make_ready(s, f);
	}
}

static void expire(struct mpool_fibers *s)
{
	struct mpool_wheel_entry *e, *next;

	if (s->wheel.count == 0)
		return;
	for (e = mpool_wheel_expire(&s->wheel, mummy_now_ns()); e; e = next) {
		struct mpool_fiber *f = fiber_of(e);
		uintptr_t waits = (uintptr_t)f;

		next = e->next;
		if (f->token) {
			/* Else it comes by the inbox, now or soon. */
			if (!atomic_compare_exchange_strong(f->token, &waits, MPOOL_TOKEN_IDLE))
				continue;
			f->timed_out = true;
		}
		make_ready(s, f);
	}
}

bool mpool_fibers_ready(struct mpool_worker *w)
{
	struct mpool_fibers *s = w->fibers;

	return s && (s->ready || atomic_load(&s->inbox) || mpool_fibers_due_ns(w) <= mummy_now_ns());
}

uint64_t mpool_fibers_due_ns(struct mpool_worker *w)
{
	struct mpool_fibers *s = w->fibers;
	uint64_t due;

	if (!s)
		return MPOOL_NEVER;
	due = mpool_wheel_next_ns(&s->wheel);
	return s->stacks.count > 0 && s->settle_ns < due ? s->settle_ns : due;
}

/* ---- Switching ----------------------------------------------------------------------------------- */

static void arrive(struct mpool_worker *w, struct mpool_fiber *f)
{
	w->fiber = f;
	if (w->pool->slow)
		f->since_ns = mummy_now_ns();
}

static void depart(struct mpool_worker *w, struct mpool_fiber *f)
{
	uint64_t held;

	if (!w->pool->slow)
		return;
	held = mummy_now_ns() - f->since_ns;
	f->longest_ns = held > f->longest_ns ? held : f->longest_ns;
}

/** What a fiber has said about blocking holds while it runs only. */
static unsigned set_hints_aside(struct mpool_worker *w)
{
	unsigned hints = w->hints;

	if (hints > 0) {
		w->hints = 1;
		mpool_blocking_end(w);
	}
	return hints;
}

static void take_hints_up(struct mpool_worker *w, unsigned hints)
{
	if (hints > 0) {
		mpool_blocking_begin(w);
		w->hints = hints;
	}
}

/** The thread goes to whoever is ready, until this fiber is. */
static void park(struct mpool_worker *w)
{
	struct mpool_fibers *s = w->fibers;
	struct mpool_fiber *me = w->fiber, *next = NULL;
	unsigned hints = set_hints_aside(w);
	int saved = errno;

	depart(w, me);
	if (s->turns > 0 && s->ready && s->ready != me) {
		s->turns--;
		next = pop_ready(s);
		arrive(w, next);
	}
	mpool_context_switch(&me->context, next ? &next->context : &s->home);
	take_hints_up(w, hints);
	errno = saved;
}

static void put_away(struct mpool_worker *w, struct mpool_fiber *f)
{
	struct mpool_fibers *s = w->fibers;

	mpool_context_destroy(&f->context);
	if (s->stacks.count == 0)
		s->settle_ns = mummy_now_ns() + SETTLE_NS;
	mpool_stack_put(&s->stacks, &f->stack);
	s->live--;
	s->starved = s->told = false;
	atomic_fetch_sub(&w->pool->fibers_live, 1);
	if (atomic_load_explicit(&w->pool->starved, memory_order_relaxed))
		atomic_store(&w->pool->starved, false);
}

/** At home. */
static void run(struct mpool_worker *w, struct mpool_fiber *f)
{
	struct mpool_fibers *s = w->fibers;

	s->turns = TURNS;
	arrive(w, f);
	mpool_context_switch(&s->home, &f->context);
	w->fiber = NULL;
	if (s->ended) {
		put_away(w, s->ended);
		s->ended = NULL;
	}
}

bool mpool_fibers_turn(struct mpool_worker *w)
{
	struct mpool_fibers *s = w->fibers;

	collect_inbox(s);
	expire(s);
	if (!s->ready)
		return false;
	run(w, pop_ready(s));
	return true;
}

/* ---- Beginning and ending --------------------------------------------------------------------------- */

static void fiber_main(void *arg)
{
	struct mpool_fiber *f = arg;
	struct mpool_worker *w = f->worker;
	mummy_pool *p = w->pool;

	if (p->slow)
		mpool_label(w, f->job.run, NULL);
	f->job.run(f->job.arg);
	depart(w, f);
	if (p->slow && f->longest_ns / 1000000u >= p->slow_ms)
		p->slow(p->ctx, f->label.run, f->label.name[0] ? f->label.name : NULL,
			f->longest_ns / 1000000u);
	mpool_count(&w->completed, 1);
	w->fibers->ended = f;
	mpool_context_leave(&f->context);
}

void mpool_fibers_begin(struct mpool_worker *w, struct mpool_job job)
{
	struct mpool_fibers *s = w->fibers;
	struct mpool_fiber *f = s->spare;

	s->spare = NULL;
	s->live++;
	f->worker = w;
	f->job = job;
	f->longest_ns = 0;
	f->timer.at = NULL;
	mpool_context_make(&f->context, f->stack.low, f->stack.bytes, &s->home, fiber_main, f);
	run(w, f);
}

static struct mpool_fiber *get_spare(struct mpool_worker *w)
{
	struct mpool_fibers *s = w->fibers;

	if (!s->spare) {
		s->spare = (struct mpool_fiber *)mpool_stack_get(&s->stacks);
		s->starved = !s->spare;
		if (s->starved)
			atomic_store(&w->pool->starved, true);
	}
	return s->spare;
}

bool mpool_fibers_room(struct mpool_worker *w)
{
	mummy_pool *p = w->pool;

	if (atomic_fetch_add(&p->fibers_live, 1) < p->max_fibers) {
		if (get_spare(w))
			return true;
		if (!w->fibers->told) {
			w->fibers->told = true;
			mpool_wake_one(p);
		}
	}
	atomic_fetch_sub(&p->fibers_live, 1);
	return false;
}

void mpool_fibers_no_job(struct mpool_worker *w)
{
	atomic_fetch_sub(&w->pool->fibers_live, 1);
}

bool mpool_fibers_full(struct mpool_worker *w)
{
	return w->fibers && (w->fibers->starved || atomic_load(&w->pool->fibers_live) >= w->pool->max_fibers);
}

bool mpool_fibers_tidy(struct mpool_worker *w)
{
	struct mpool_fibers *s = w->fibers;
	uint64_t now;

	if (s->stacks.count == 0)
		return false;
	now = mummy_now_ns();
	if (now < s->settle_ns)
		return false;
	if (mpool_stacks_cool(&s->stacks, COOL))
		return true;
	mpool_stacks_settle(&s->stacks);
	s->settle_ns = now + SETTLE_NS;
	return false;
}

void mpool_fibers_finish(struct mpool_worker *w)
{
	mummy_pool *p = w->pool;

	w->fibers->closing = true;
	while (w->fibers->live > 0) {
		if (!mpool_fibers_turn(w)) {
			mpool_event_wait(&p->lot, &w->event, mpool_fibers_due_ns(w));
			continue;
		}
		/* One that has ended made room for a job that this worker does not take. */
		if (mpool_work_visible(p))
			mpool_wake_one(p);
	}
	mpool_stacks_settle(&w->fibers->stacks);
	while (mpool_stacks_cool(&w->fibers->stacks, COOL))
		;
	w->fibers->closing = false;
	pthread_mutex_lock(&p->lock);
	mpool_tell_drainers(p);
	pthread_mutex_unlock(&p->lock);
}

bool mpool_fibers_closing(struct mpool_worker *w)
{
	return w->fibers && w->fibers->closing;
}

void mpool_fibers_enter(struct mpool_worker *w)
{
	mpool_context_adopt(&w->fibers->home);
	mpool_wheel_init(&w->fibers->wheel, mummy_now_ns());
}

int mpool_fibers_new(struct mpool_worker *w)
{
	struct mpool_fibers *s = aligned_alloc(_Alignof(struct mpool_fibers), sizeof *s);
	int rc;

	if (!s)
		return -ENOMEM;
	memset(s, 0, sizeof *s);
	s->ready_end = &s->ready;
	rc = mpool_stacks_init(&s->stacks, w->pool->stack_bytes, sizeof(struct mpool_fiber),
			       w->pool->max_cached_stacks);
	if (rc < 0) {
		free(s);
		return rc;
	}
	w->fibers = s;
	return 0;
}

void mpool_fibers_free(struct mpool_worker *w)
{
	if (!w->fibers)
		return;
	/* In the child of a fork(2) on a fiber, the caller stands on one of the stacks. */
	mpool_stacks_destroy(&w->fibers->stacks, __builtin_frame_address(0));
	free(w->fibers);
	w->fibers = NULL;
}

/* ---- On a fiber --------------------------------------------------------------------------------------- */

struct mpool_worker *mpool_on_fiber(void)
{
	struct mpool_worker *w = mpool_current;

	return w && w->fiber && mpool_alive(&w->pool->alive) ? w : NULL;
}

static void set_timer(struct mpool_fibers *s, struct mpool_fiber *f, uint64_t deadline_ns)
{
	f->timed_out = false;
	if (deadline_ns == MPOOL_NEVER)
		return;
	/* An empty wheel stands still. */
	if (s->wheel.count == 0)
		mpool_wheel_expire(&s->wheel, mummy_now_ns());
	mpool_wheel_add(&s->wheel, &f->timer, deadline_ns);
}

int mpool_fiber_wait(struct mpool_worker *w, mpool_word *token, uint64_t deadline_ns)
{
	struct mpool_fibers *s = w->fibers;
	struct mpool_fiber *f = w->fiber;
	uintptr_t seen = MPOOL_TOKEN_IDLE;

	if (token && atomic_load(token) == MPOOL_TOKEN_WOKEN)
		return 0;
	set_timer(s, f, deadline_ns);
	f->token = token;
	if (token && !atomic_compare_exchange_strong(token, &seen, (uintptr_t)f)) {
		mpool_wheel_remove(&s->wheel, &f->timer);
		return 0;
	}
	mpool_count(&s->parked, 1);
	park(w);
	return f->timed_out ? -ETIMEDOUT : 0;
}

void mpool_fiber_yield(struct mpool_worker *w)
{
	push_ready(w->fibers, w->fiber);
	park(w);
}
