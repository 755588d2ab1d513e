/*
 * worker.h - the pool and its workers, as the files of this library share them.
 *
 * One lock guards the shared queue, the timers and the list of idle workers. It is never held
 * across a callback. A worker of TASKS looks, in this order, at its own jobs, the shared queue, and
 * the deques of random others; forks are kept apart from jobs, since only the job that forked may
 * take them back in order.
 *
 * No wake-up is missed: who parks first announces itself in want_wake and then looks at all the
 * deques once more, who pushes first pushes and then looks at want_wake. At most one wake is on its
 * way at a time; until it arrives want_wake is 0, and the woken worker looks at everything and wakes
 * the next one if there is more than it takes. To wake is what costs most, by far.
 *
 * While timers are set and a worker idles, one of the idle, the keeper, sleeps no longer than until
 * the first is due.
 */
#ifndef MPOOL_WORKER_H
#define MPOOL_WORKER_H
#include <mummy/pool.h>
#include "alive.h"
#include "deque.h"
#include "park.h"
#include "ring.h"
#include "timers.h"

#define MPOOL_FORKS 1024u /* pool.h promises this number */
#define MPOOL_JOBS 256u

struct mpool_worker {
	struct mpool_deque forks, jobs;
	_Alignas(64) mummy_pool *pool;
	_Atomic(struct mpool_worker *) helper; /* waits for a fork that this worker runs, wants forks */
	unsigned index;
	unsigned tick;
	uint32_t random;
	mpool_word event;
	/* Under the lock of the pool: */
	struct mpool_worker *next_idle;
	bool idle, woken;
	/* Written by this worker alone: */
	_Atomic uint64_t accepted, started, completed, skipped, steals, parks;
	pthread_t thread;
};

/** A thread in mummy_pool_drain. */
struct mpool_drainer {
	mpool_word token;
	struct mpool_drainer *next;
};

struct mummy_pool {
	_Alignas(64) _Atomic bool want_wake;
	_Atomic bool draining;
	bool stealing;             /* TASKS */
	bool local;                /* jobs submitted by jobs stay on their worker */
	size_t max_queued;
	unsigned count;
	unsigned spins;            /* looks around before a worker parks */
	struct mpool_worker *workers;
	struct mpool_alive alive;
	struct mpool_lot lot;
	void (*thread_start)(void *ctx, unsigned index);
	void (*thread_stop)(void *ctx, unsigned index);
	void *ctx;
	_Atomic uint64_t refused;

	_Alignas(64) pthread_mutex_t lock;
	struct mpool_ring ring;
	struct mpool_timers timers;
	struct mpool_worker *idle; /* a stack, the keeper not in it */
	struct mpool_worker *keeper;
	struct mpool_drainer *drainers;
	bool waking, stopping;
	uint64_t accepted, enqueued, cancelled;
	/* Copies for a look without the lock: */
	_Atomic size_t ring_count;
	_Atomic uint64_t next_due_ns;
};

/* Found without a call from a shared library too, which halves the cost of a fork. */
#define MPOOL_TLS __attribute__((tls_model("initial-exec"), visibility("hidden")))
extern _Thread_local struct mpool_worker *mpool_current MPOOL_TLS;

/** The worker of p that this thread is, or NULL. */
static inline struct mpool_worker *mpool_current_of(const mummy_pool *p)
{
	struct mpool_worker *w = mpool_current;

	return w && w->pool == p ? w : NULL;
}

/** For counters with one writer. */
static inline void mpool_count(_Atomic uint64_t *counter, uint64_t n)
{
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + n,
			      memory_order_release);
}

/* worker.c */
void *mpool_worker_main(void *arg);
/** Does something that lies with victim: a fork, else a job. False: nothing there. */
bool mpool_steal_from(struct mpool_worker *w, struct mpool_worker *victim, bool forks_only);

/* idle.c: the lock is held in those marked so */
/** Sleeps until there may be work. False: the pool stops. */
bool mpool_idle(struct mpool_worker *w);
/** 1 when a job may be found somewhere. */
bool mpool_work_visible(mummy_pool *p);
/** Lock held. Chooses who is to be woken, to be signalled when the lock is given back; or NULL. */
struct mpool_worker *mpool_choose_to_wake(mummy_pool *p);
/** Wakes one worker if one is idle and none on its way. */
void mpool_wake_one(mummy_pool *p);
/** Lock held. Moves what is due to the queue. */
void mpool_expire(mummy_pool *p);
/** Lock held. After the first timer changed: somebody idle has to know. */
void mpool_timers_changed(mummy_pool *p);
/** Lock held. Everything accepted has run. */
bool mpool_is_drained(mummy_pool *p);

/* submit.c */
/** Gives a job to p. From a worker of p it may stay there. Errors as mummy_pool_submit. */
int mpool_enqueue(mummy_pool *p, struct mpool_job job);
/** As mpool_enqueue, at timer->due_ns. */
int mpool_enqueue_later(mummy_pool *p, struct mpool_timer *timer);
/** Takes a timer back, lost otherwise is -EALREADY: the job is queued. */
int mpool_recall(mummy_pool *p, struct mpool_timer *timer);
/** Keeps room for a job that will be enqueued whatever happens: -ENOMEM, -ESHUTDOWN. */
int mpool_promise(mummy_pool *p);
void mpool_fulfil(mummy_pool *p, struct mpool_job job);
/** Takes one from the shared queue. */
bool mpool_take_shared(mummy_pool *p, struct mpool_job *out);
void mpool_count_cancelled(mummy_pool *p);

/* fork.c */
void mpool_run_stolen(struct mpool_worker *w, struct mpool_worker *victim, void *task);

/* group.c, task.c: in the child of fork(2) a job that never ran is given back. 1 when it was theirs. */
bool mpool_group_forget(struct mpool_job job);
bool mpool_task_forget(struct mpool_job job);
#endif
