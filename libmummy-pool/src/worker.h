/*
 * worker.h - the pool and its workers, as the files of this library share them.
 *
 * One lock guards the shared queue, the timers and the list of idle workers. It is never held
 * across a callback. A worker of TASKS looks, in this order, at its own jobs, the shared queue, and
 * the deques of random others; forks are kept apart from jobs, since only the job that forked may
 * take them back in order.
 *
 * No wake-up is missed: who parks first announces itself in want_wake and then looks at all the
 * deques once more, who pushes first pushes and then looks at want_wake. Between the two steps each
 * needs a full barrier; where the system lets one thread make it for all, who sets want_wake does.
 * At most one wake is on its way at a time; until it arrives want_wake is 0, and the woken worker looks
 * at everything and wakes the next one if there is more than it takes. To wake is what costs most, by
 * far. A worker that spins stands for a wake on its way. tests/model/park.pml proves all this.
 *
 * When no worker idles, it is the monitor that wants to know: want_wake is set until it is armed. It
 * adds threads where workers block (see monitor.c); they retire when they idle.
 *
 * While timers are set and a worker idles, one of the idle, the keeper, sleeps no longer than until
 * the first is due.
 */
#ifndef MPOOL_WORKER_H
#define MPOOL_WORKER_H
#include <mummy/pool.h>
#include "alive.h"
#include "barrier.h"
#include "delay.h"
#include "deque.h"
#include "park.h"
#include "queue.h"
#include "slow.h"
#include "timers.h"

#define MPOOL_FORKS 1024u /* pool.h promises this number */
#define MPOOL_JOBS 256u
#define MPOOL_BATCH 32u
#define MPOOL_LOCK_TRIES 100
#define MPOOL_NAME_SIZE 16 /* of a thread, with its NUL, as the kernel keeps it */

/* A thread that leaves runs the program's thread_stop; one that is gone is yet to be joined. */
enum mpool_state { MPOOL_NO_THREAD, MPOOL_LIVE, MPOOL_LEAVING, MPOOL_GONE };

struct mpool_fiber;
struct mpool_fibers;
struct mpool_poller;

struct mpool_worker {
	struct mpool_deque forks, jobs;
	_Alignas(64) mummy_pool *pool;
	bool stocked;                 /* pushed to a deque since it was idle */
	_Atomic(struct mpool_worker *) helper; /* waits for a fork that this worker runs, wants forks */
	unsigned index;
	unsigned tick;
	uint32_t random;
	mpool_word event;
	struct mpool_stamp stamp;     /* of its jobs */
	unsigned hints;               /* of blocking_begin, nested */
	struct mpool_label label;     /* of its job, unless that is a fiber */
	struct mpool_fibers *fibers;  /* NULL but in a pool of FIBERS */
	struct mpool_fiber *fiber;    /* which runs */
	/* Written under the lock of the pool: */
	struct mpool_worker *next_idle;
	uint64_t idle_until_ns;
	bool woken;
	_Atomic bool idle, hinted;
	_Atomic int state;
	/* Of the thread, for the monitor: */
	_Atomic int clock, tid;
	/* The monitor's own: */
	uint64_t cpu_ns[2];
	unsigned looks;
	int seen_tid;
	bool still;
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
	_Atomic unsigned shed;     /* threads that are to leave; written under the lock */
	bool stealing;             /* TASKS, FIBERS */
	bool fibers;
	bool local;                /* jobs submitted by jobs stay on their worker */
	bool light;                /* who parks makes the barrier for who pushes */
	unsigned batch;            /* jobs that a worker takes at once from the shared queue */
	uint64_t spin_ns;          /* one worker at a time looks around for so long before it parks */
	size_t max_queued;
	bool growing;              /* threads are added while workers block */
	unsigned cpus, first_base;
	uint64_t idle_ns;
	/* Workers once made stay, with or without a thread, and their figures with them. */
	struct mpool_worker **workers;
	_Atomic unsigned made;
	_Atomic unsigned range;    /* all live ones lie below */
	_Atomic unsigned stocked;  /* workers whose deques may hold something */
	_Atomic unsigned spins;    /* looks around before a worker parks */
	char name[MPOOL_NAME_SIZE];
	struct mpool_alive alive;
	struct mpool_lot lot;
	void (*thread_start)(void *ctx, unsigned index);
	void (*thread_stop)(void *ctx, unsigned index);
	void (*slow)(void *ctx, void (*run)(void *arg), const char *name, uint64_t ms);
	unsigned slow_ms;
	bool niced;
	int nice;                  /* of the workers, if niced */
	void *ctx;
	_Atomic uint64_t refused;
	size_t stack_bytes, max_fibers, max_cached_stacks;
	_Atomic size_t fibers_live;
	_Atomic bool starved;      /* a worker found no room for a stack, and no fiber has ended since */
	_Atomic(struct mpool_poller *) poller;
	_Atomic(mummy_pool *) helpers; /* a pool of threads for mummy_task_block */

	_Alignas(64) pthread_mutex_t lock;
	struct mpool_queue queue;
	struct mpool_timers timers;
	struct mpool_stamp stamp;  /* of the queue */
	struct mpool_delays delays;
	size_t resting;            /* timers whose job waits or runs */
	struct mpool_worker *idle; /* a stack, the keeper not in it */
	struct mpool_worker *keeper;
	struct mpool_drainer *drainers;
	bool waking, stopping;
	uint64_t accepted, enqueued, cancelled;
	unsigned base, live, max;  /* threads without growth; threads; no growth above */
	unsigned first_free;       /* no worker below is without a thread */
	unsigned hinted, blocked;  /* workers that said so; others, when the monitor last looked */
	uint64_t grown, retired;
	/* The monitor: */
	pthread_t monitor;
	mpool_word monitor_event;
	bool watched;              /* it runs */
	bool armed;                /* it looks, or is about to */
	uint64_t monitor_until_ns; /* while not armed */
	/* Copies for a look without the lock: */
	_Atomic size_t queued, urgent;
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

/** The deques are looked at only where somebody has pushed. Before the push. */
static inline void mpool_stock(struct mpool_worker *w)
{
	if (__builtin_expect(!w->stocked, 0)) {
		w->stocked = true;
		atomic_fetch_add(&w->pool->stocked, 1);
	}
}

/** The deques of the calling worker are empty. */
static inline void mpool_unstock(struct mpool_worker *w)
{
	if (!w->stocked)
		return;
	w->stocked = false;
	atomic_fetch_sub(&w->pool->stocked, 1);
}

/** Takes the lock where it is fought for: it is held for some ten nanoseconds, so that to look at it for a
 *  while is far cheaper than to sleep for it. */
static inline void mpool_lock_soon(mummy_pool *p)
{
	for (int i = 0; i < MPOOL_LOCK_TRIES; i++) {
		if (pthread_mutex_trylock(&p->lock) == 0)
			return;
		mpool_relax();
	}
	pthread_mutex_lock(&p->lock);
}

/** Lock held. Copies the lengths of the queue to where they are seen without the lock. */
static inline void mpool_note_queue(mummy_pool *p)
{
	atomic_store_explicit(&p->queued, p->queue.count, memory_order_relaxed);
	atomic_store_explicit(&p->urgent, mpool_queue_urgent(&p->queue), memory_order_relaxed);
}

/* threads.c */
unsigned mpool_affinity_cpus(void);
/** "prefix-suffix"; the suffix is kept whole. */
void mpool_thread_name(char name[MPOOL_NAME_SIZE], const char *prefix, const char *suffix);
int mpool_workers_init(mummy_pool *p);
void mpool_workers_destroy(mummy_pool *p);
/** One more thread, if fewer than limit, and than the pool may have, are live. -EAGAIN, -ENOMEM. */
int mpool_start_worker(mummy_pool *p, unsigned limit);
/** Lock held. The calling worker counts no more. */
void mpool_worker_leaves(struct mpool_worker *w);
/** The last that its thread does with the pool. */
void mpool_worker_gone(struct mpool_worker *w);
/** Ends and joins all threads. */
void mpool_stop(mummy_pool *p);

/* resize.c */
/** Lock held. True: the calling worker, which has no jobs, is too many and ends. */
bool mpool_shed_idle(struct mpool_worker *w);
/** As above, for a worker between two jobs: its own are given to the others. */
bool mpool_shed_busy(struct mpool_worker *w);

/* monitor.c: a thread that looks for blocked workers while work waits and nobody is idle */
/** -EAGAIN. Nothing happens where the pool does not grow. */
int mpool_monitor_start(mummy_pool *p);
void mpool_monitor_stop(mummy_pool *p);
/** Lock held. There is a new first timer and no idle worker to wait for it. */
void mpool_monitor_timers_changed(mummy_pool *p);
/** Starts up to n threads, returns how many. */
unsigned mpool_grow(mummy_pool *p, unsigned n);

/* blocking.c */
/** w may be NULL, and errno stays. The pool gets another thread if work waits that nobody can take. */
void mpool_blocking_begin(struct mpool_worker *w);
void mpool_blocking_end(struct mpool_worker *w);
/** The pool gets another thread if work waits that nobody can take. */
void mpool_grow_if_lacking(mummy_pool *p);
/** As mpool_token_wait; a fiber parks, and a worker counts as blocked meanwhile. */
int mpool_block_on(struct mpool_lot *lot, mpool_word *token, uint64_t deadline_ns);

/* worker.c */
void *mpool_worker_main(void *arg);
/** Does something that lies with victim: a fork, else a job. False: nothing there. */
bool mpool_steal_from(struct mpool_worker *w, struct mpool_worker *victim, bool forks_only);

/* idle.c: the lock is held in those marked so */
/** Sleeps until there may be work. False: the thread is to end. */
bool mpool_idle(struct mpool_worker *w);
/** 1 when a job may be found somewhere. */
bool mpool_work_visible(mummy_pool *p);
/** Lock held. Chooses who is to be woken, an idle worker or else the monitor. Returns the event to be
 *  signalled when the lock is given back, or NULL. */
mpool_word *mpool_choose_to_wake(mummy_pool *p);
/** Lock held. Sets want_wake: after it, look for work once more. */
void mpool_publish(mummy_pool *p);
/** A full barrier between what the caller stored and what it will see of the deques. */
void mpool_settle(mummy_pool *p);
/** Wakes one worker if one is idle and none on its way. */
void mpool_wake_one(mummy_pool *p);
/** Lock held. Moves what is due to the queue. */
void mpool_expire(mummy_pool *p);
/** Lock held. After the first timer changed: somebody idle has to know. */
void mpool_timers_changed(mummy_pool *p);
/** Lock held. Everything accepted has run. */
bool mpool_is_drained(mummy_pool *p);
/** Lock held. Wakes who waits for that, if it is so. */
void mpool_tell_drainers(mummy_pool *p);

/* fiber.c, for pools of any kind */
/** Fibers of w have something to do. */
bool mpool_fibers_ready(struct mpool_worker *w);
/** When they have, by the clock. */
uint64_t mpool_fibers_due_ns(struct mpool_worker *w);
/** Jobs have to wait: w can't begin another fiber. */
bool mpool_fibers_full(struct mpool_worker *w);
/** w is about to leave, and takes no more jobs. */
bool mpool_fibers_closing(struct mpool_worker *w);

/* submit.c */
/** Gives a job to p. From a worker of p it may stay there. Errors as mummy_pool_submit. */
int mpool_enqueue(mummy_pool *p, struct mpool_job job);
/** As mpool_enqueue, but not to stay unless normal. */
int mpool_enqueue_as(mummy_pool *p, enum mummy_pool_priority priority, struct mpool_job job);
/** As mpool_enqueue, at timer->due_ns. */
int mpool_enqueue_later(mummy_pool *p, struct mpool_timer *timer);
/** Takes a timer back, lost otherwise is -EALREADY: the job is queued. */
int mpool_recall(mummy_pool *p, struct mpool_timer *timer);
/** The job of a periodic timer has run: it is due again. False: the pool drains. */
bool mpool_rearm(mummy_pool *p, struct mpool_timer *timer, uint64_t due_ns);
/** The job of a periodic timer will not run again. */
void mpool_disarm(mummy_pool *p, struct mpool_timer *timer);
/** Keeps room for a job that will be enqueued whatever happens: -ENOMEM, -ESHUTDOWN. */
int mpool_promise(mummy_pool *p);
void mpool_fulfil(mummy_pool *p, struct mpool_job job);
/** Takes one from the shared queue; w may get more, which then lie with it. */
bool mpool_take_shared(struct mpool_worker *w, struct mpool_job *out);
void mpool_count_cancelled(mummy_pool *p);

/* nice.c */
/** -ENOTSUP: more than 0 where a thread has no nice value of its own. */
int mpool_nice_init(mummy_pool *p, unsigned more);
/** On each worker, first. */
void mpool_nice_enter(const mummy_pool *p);

/* slow.c */
/** Runs job, and tells the program if that took long. */
void mpool_run_watched(struct mpool_worker *w, struct mpool_job job);
/** From within the job: what it is really called; name may be NULL. */
void mpool_label(struct mpool_worker *w, void (*run)(void *arg), const char *name);

/* fork.c */
void mpool_run_stolen(struct mpool_worker *w, struct mpool_worker *victim, void *task);

/* group.c, task.c: in the child of fork(2) a job that never ran is given back. 1 when it was theirs. */
bool mpool_group_forget(struct mpool_job job);
bool mpool_task_forget(struct mpool_job job);
#endif
