#include <config.h>
#include "worker.h"

/*
 * The state of a forked job, in its first opaque word: 0 offered; the address of the worker that
 * stole it; WAITING is added by the joiner before it sleeps; DONE alone at the end. Who steals and
 * who waits both add their bits, so that they may come in any order.
 */
#define DONE ((uintptr_t)1)
#define WAITING ((uintptr_t)2)
#define FLAGS ((uintptr_t)7)

#define SPINS 512

typedef _Atomic uintptr_t fork_state;

static inline fork_state *state_of(struct mummy_pool_task *t)
{
	return (fork_state *)&t->opaque[0];
}

static struct mpool_worker *thief_of(uintptr_t state)
{
	return (struct mpool_worker *)(state & ~FLAGS);
}

static __attribute__((noinline)) void run_at_once(struct mummy_pool_task *t)
{
	atomic_store_explicit(state_of(t), DONE, memory_order_relaxed);
	t->run(t->arg);
}

/** Who waits for a fork of w's is called first: it takes from nobody else. */
static __attribute__((noinline)) void call_help(struct mpool_worker *w)
{
	struct mpool_worker *helper = atomic_exchange(&w->helper, NULL);

	if (helper)
		mpool_event_signal(&w->pool->lot, &helper->event);
	else
		mpool_wake_one(w->pool);
}

void mummy_pool_fork(struct mummy_pool_task *t, void (*run)(void *arg), void *arg)
{
	struct mpool_worker *w = mpool_current;
	struct mpool_slot *slot = w ? mpool_deque_claim(&w->forks) : NULL;

	t->run = run;
	t->arg = arg;
	atomic_store_explicit(state_of(t), 0, memory_order_relaxed);
	if (__builtin_expect(!slot, 0)) {
		run_at_once(t);
		return;
	}
	atomic_store_explicit(&slot->arg, t, memory_order_relaxed);
	mpool_stock(w);
	mpool_deque_publish(&w->forks);
	if (__builtin_expect(atomic_load(&w->pool->want_wake) || atomic_load(&w->helper) != NULL, 0))
		call_help(w);
}

void mpool_run_stolen(struct mpool_worker *w, struct mpool_worker *victim, void *task)
{
	struct mummy_pool_task *t = task;
	fork_state *state = state_of(t);

	atomic_fetch_or(state, (uintptr_t)w);
	t->run(t->arg);
	/* From here on t may be gone. */
	if (atomic_exchange(state, DONE) & WAITING)
		mpool_event_signal(&victim->pool->lot, &victim->event);
}

/** Sleeps until t is done or its thief has forks to give. */
static void sleep_on(struct mpool_worker *w, fork_state *state)
{
	struct mpool_worker *thief = thief_of(atomic_load(state)), *none = NULL, *me = w;

	if (thief) {
		atomic_compare_exchange_strong(&thief->helper, &none, w);
		mpool_settle(w->pool);
	}
	if (!(atomic_fetch_or(state, WAITING) & DONE)
	    && !(thief && mpool_deque_size(&thief->forks) > 0))
		mpool_event_wait(&w->pool->lot, &w->event, MPOOL_NEVER);
	if (thief)
		atomic_compare_exchange_strong(&thief->helper, &me, NULL);
}

static __attribute__((noinline)) void await_thief(struct mpool_worker *w, struct mummy_pool_task *t)
{
	fork_state *state = state_of(t);
	int spins = 0;

	for (;;) {
		uintptr_t now = atomic_load(state);
		struct mpool_worker *thief = thief_of(now);

		if (now & DONE)
			return;
		if (thief && mpool_steal_from(w, thief, true)) {
			spins = 0;
		} else if (++spins < SPINS) {
			mpool_relax();
		} else {
			sleep_on(w, state);
			spins = 0;
		}
	}
}

void mummy_pool_join(struct mummy_pool_task *t)
{
	struct mpool_worker *w = mpool_current;
	int64_t at;

	if (__builtin_expect(atomic_load_explicit(state_of(t), memory_order_acquire) & DONE, 0))
		return;
	/* In the order that join asks for, the last pushed is t. */
	if (__builtin_expect(mpool_deque_take_back(&w->forks, &at), 1))
		t->run(t->arg);
	else
		await_thief(w, t);
}
