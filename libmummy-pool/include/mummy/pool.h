/*
 * mummy/pool.h - thread pool, task pool, fibers (libmummy-pool).
 *
 * A pool runs jobs on worker threads. THREADS: a fixed number of threads on one first-in-first-out
 * queue. TASKS: a deque per worker with work stealing; threads are added while jobs block in
 * anything (sleep, read, a database) and retired when idle. FIBERS: as TASKS, and each job has a
 * small stack of its own on which mummy_task_sleep, _wait_fd and the like park it without a thread.
 *
 * Three ways to give work, from the plainest up: submit (run it, nobody waits), fork and join or a
 * group (the caller's storage, no allocation), and mummy_task (a counted handle with a result,
 * delay, period, priority, cancellation).
 *
 * Words: borrowed = the caller keeps it; copied = the callee made its own; taken = the callee owns
 * it from the call on, also when the call fails. Errors are negative errno. In options zero means
 * default and the reserved tail must be zero (-EINVAL). *out is written on success only. Every
 * call is for any thread unless it says otherwise; callbacks run on workers, with no lock held.
 * A pool has no workers in the child of fork(2): there submit gives -ESHUTDOWN and
 * mummy_pool_free only releases memory.
 *
 *     static void job(void *arg) { puts((const char *)arg); }
 *
 *     int main(void)
 *     {
 *             mummy_pool *pool;
 *
 *             if (mummy_pool_new(&pool, NULL) < 0)
 *                     return 1;
 *             mummy_pool_submit(pool, job, "hello from a worker");
 *             mummy_pool_free(pool);
 *             return 0;
 *     }
 */
#ifndef MUMMY_POOL_H
#define MUMMY_POOL_H
#include <stddef.h>
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif
#ifndef MUMMY_POOL_API
#define MUMMY_POOL_API  /* the library's own build sets the visibility here */
#endif

/* ---- Version ------------------------------------------------------------------------------------ */
#define MUMMY_POOL_VERSION_MAJOR 0
#define MUMMY_POOL_VERSION_MINOR 1
#define MUMMY_POOL_VERSION_PATCH 0
#define MUMMY_POOL_VERSION "0.1.0"
/** The version of the library that is linked, as MUMMY_POOL_VERSION is that of this header. Static. */
MUMMY_POOL_API const char *mummy_pool_version(void);

/** A pool of workers. Owned: _new and _free. */
typedef struct mummy_pool mummy_pool;

enum mummy_pool_kind {
	MUMMY_POOL_THREADS = 0,  /**< fixed threads, one queue */
	MUMMY_POOL_TASKS = 1,    /**< work stealing, grows while jobs block */
	MUMMY_POOL_FIBERS = 2    /**< as TASKS, each job on a stack of its own */
};

/** Default size of a fiber's stack in bytes, guard page apart; zlib and GnuTLS run on it. */
#define MUMMY_POOL_STACK_BYTES (256u * 1024u)

struct mummy_pool_options {
	enum mummy_pool_kind kind;
	unsigned threads;        /**< 0: the CPUs of the affinity mask, x 8 for THREADS */
	unsigned max_threads;    /**< growth stops here; 0: 1000. THREADS never grows */
	unsigned idle_ms;        /**< an added thread retires after this long; 0: 10 s */
	size_t max_queued;       /**< jobs waiting; above it submit gives -EAGAIN; 0: no limit */
	size_t stack_bytes;      /**< of a fiber; 0: MUMMY_POOL_STACK_BYTES */
	const char *name;        /**< prefix of the thread names, copied; NULL: "mummy" */
	void (*thread_start)(void *ctx, unsigned index);  /**< first and last on each worker thread; */
	void (*thread_stop)(void *ctx, unsigned index);   /**< either may be NULL */
	/** A job kept its thread for over slow_ms: its function, its name (NULL for all but a named
	 *  mummy_task), and milliseconds. On that thread, after the job; NULL: not watched. */
	void (*slow)(void *ctx, void (*run)(void *arg), const char *name, uint64_t ms);
	unsigned slow_ms;        /**< 0: 1 s */
	void *ctx;               /**< for the three calls above */
	uintptr_t reserved[8];
};

/** Starts a pool. opt is copied; NULL: all defaults. -EINVAL, -ENOMEM, -EAGAIN (no thread). */
MUMMY_POOL_API int mummy_pool_new(mummy_pool **out, const struct mummy_pool_options *opt);

/** Runs run(arg) on a worker, exactly once, when 0 is returned; never otherwise: -EAGAIN full,
 *  -ESHUTDOWN draining, -ENOMEM. pool is a mummy_pool *; it is declared void * so that this
 *  function fits the executor of every library. From a job too. Never blocks. */
MUMMY_POOL_API int mummy_pool_submit(void *pool, void (*run)(void *arg), void *arg);

/** Refuses new work and waits until what was accepted has run, at most timeout_ms (-1: no limit).
 *  Delayed tasks run at once, periodic ones are cancelled; what running jobs submit is refused too.
 *  -ETIMEDOUT: jobs are left, the pool goes on draining; -EDEADLK: on a worker of this pool. */
MUMMY_POOL_API int mummy_pool_drain(mummy_pool *p, int timeout_ms);

/** Drains without limit, joins the threads, frees. Not on a worker of this pool. */
MUMMY_POOL_API void mummy_pool_free(mummy_pool *p);

/* ---- Fork and join: divide and conquer ------------------------------------------------------ */

/** A forked job in the caller's storage, on the stack for example. Left alone until joined. */
struct mummy_pool_task {
	void (*run)(void *arg);
	void *arg;
	uintptr_t opaque[4];
};

/** Offers run(arg) to idle workers. Off a worker, on THREADS, or when the deque is full it runs at
 *  once, on the caller. t stays where it is until joined. */
MUMMY_POOL_API void mummy_pool_fork(struct mummy_pool_task *t, void (*run)(void *arg), void *arg);

/** Waits for t; runs it here if nobody took it. The last forked is joined first, by the job that
 *  forked it, before that job returns. While it waits it only steals from whoever runs t. */
MUMMY_POOL_API void mummy_pool_join(struct mummy_pool_task *t);

/** A set of jobs to wait for together, in the caller's storage. Needs no clean-up. */
struct mummy_pool_group { uintptr_t opaque[6]; };

/** Binds g to a pool, which must outlive it. */
MUMMY_POOL_API void mummy_pool_group_init(struct mummy_pool_group *g, mummy_pool *p);

/** As mummy_pool_submit, counted in g. Also from a job of the group itself. */
MUMMY_POOL_API int mummy_pool_group_submit(struct mummy_pool_group *g,
		void (*run)(void *arg), void *arg);

/** Waits until every job of g has returned; one waiter at a time. On a worker it runs jobs of the
 *  group meanwhile, on a fiber it parks. g may then be used again or go out of scope. */
MUMMY_POOL_API void mummy_pool_group_wait(struct mummy_pool_group *g);

/* ---- Tasks: a result, a time, a priority, cancellation --------------------------------------- */

/** A job with a result (a future). Counted: one reference per _submit and _ref. */
typedef struct mummy_task mummy_task;

enum mummy_pool_priority {
	MUMMY_POOL_LOW = -1, MUMMY_POOL_NORMAL = 0, MUMMY_POOL_HIGH = 1
};

struct mummy_task_options {
	enum mummy_pool_priority priority;  /**< within the pool; LOW is not starved */
	unsigned delay_ms;                  /**< starts no sooner than this from now */
	unsigned period_ms;                 /**< then again, counted from start to start, never twice at
	                                         once, until cancelled; 0: runs once */
	const char *name;                   /**< for slow; borrowed until the task ends */
	uintptr_t reserved[4];
};

/** Runs run(arg) as a task. opt is copied, NULL: defaults. out may be NULL when nobody waits.
 *  Errors as mummy_pool_submit. */
MUMMY_POOL_API int mummy_task_submit(mummy_task **out, mummy_pool *p, void *(*run)(void *arg),
		void *arg, const struct mummy_task_options *opt);

/** Waits until t has ended, at most timeout_ms (0: asks only; -1: no limit). 0 and, if result is
 *  not NULL, what run returned; -ETIMEDOUT; -ECANCELED. A fiber parks; a worker of TASKS counts
 *  as blocked, so that no dead-lock arises when all of them wait. */
MUMMY_POOL_API int mummy_task_wait(mummy_task *t, int timeout_ms, void **result);

/** Keeps t from starting, or a periodic one from starting again. 0: run will not be called (again);
 *  -EBUSY: it runs now and will finish; -EALREADY: it has ended. */
MUMMY_POOL_API int mummy_task_cancel(mummy_task *t);

/** Submits run(arg) to t's pool when t has ended or was cancelled (at once if it has already).
 *  Exactly once when 0 is returned, even while the pool drains. -ENOMEM. */
MUMMY_POOL_API int mummy_task_then(mummy_task *t, void (*run)(void *arg), void *arg);

MUMMY_POOL_API mummy_task *mummy_task_ref(mummy_task *t);
/** Gives a reference back. The task itself goes on. */
MUMMY_POOL_API void mummy_task_unref(mummy_task *t);

/* ---- Inside a job: park, yield, block -------------------------------------------------------
 * On a fiber these park the job and free its worker; anywhere else they block the thread. A fiber
 * continues on the worker that it started on, so thread-locals stay right. */

/** Sleeps for ms milliseconds. */
MUMMY_POOL_API void mummy_task_sleep(unsigned ms);

/** Lets other jobs of this worker run first. */
MUMMY_POOL_API void mummy_task_yield(void);

/** Waits until fd is ready. events and the result are those of poll(2). >0 what is ready,
 *  -ETIMEDOUT after timeout_ms (-1: no limit), -EBADF. */
MUMMY_POOL_API int mummy_task_wait_fd(int fd, short events, int timeout_ms);

/** A bounded queue of pointers between jobs; of capacity 1 it serves as a lock. Owned. */
typedef struct mummy_task_channel mummy_task_channel;

MUMMY_POOL_API int mummy_task_channel_new(mummy_task_channel **out, size_t capacity);
/** 0; -ETIMEDOUT while it is full, after timeout_ms (0: at once; -1: no limit); -EPIPE closed. */
MUMMY_POOL_API int mummy_task_channel_send(mummy_task_channel *c, void *item, int timeout_ms);
/** 0 and *item; -ETIMEDOUT while it is empty; -EPIPE closed and empty. */
MUMMY_POOL_API int mummy_task_channel_receive(mummy_task_channel *c, void **item, int timeout_ms);
/** Wakes everybody. What is inside can still be received. */
MUMMY_POOL_API void mummy_task_channel_close(mummy_task_channel *c);
/** Only when no job uses it any more. Items left inside are the caller's business. */
MUMMY_POOL_API void mummy_task_channel_free(mummy_task_channel *c);

/** Around a call that blocks: the pool replaces this thread at once instead of noticing after two
 *  1 ms ticks. May nest. Nothing happens off a worker, on THREADS or at max_threads. */
MUMMY_POOL_API void mummy_pool_blocking_begin(void);
MUMMY_POOL_API void mummy_pool_blocking_end(void);

/** The wait and wake of an executor. token points to two words of the waiter's that were zero
 *  before wake could know of them; it serves one wait and at most one wake, in either order. wait
 *  returns 0 once woken, or -ETIMEDOUT after timeout_ms (-1: no limit). wake does not touch the
 *  token once wait can return. pool is a mummy_pool *. */
MUMMY_POOL_API int mummy_pool_wait(void *pool, void *token, int timeout_ms);
MUMMY_POOL_API void mummy_pool_wake(void *pool, void *token);

/** 1 when address lies in the guard page of a fiber's stack: a stack overflow. Async-signal-safe,
 *  for the si_addr in the program's own SIGSEGV handler; the library never installs one. */
MUMMY_POOL_API int mummy_task_overflowed(const void *address);

/* ---- To live with ---------------------------------------------------------------------------- */

/** Sets the number of threads (0: as at start). Threads too many retire after their current job. */
MUMMY_POOL_API int mummy_pool_resize(mummy_pool *p, unsigned threads);

struct mummy_pool_stats {
	uint64_t threads, queued, running, blocked, parked;        /**< now; parked: fibers */
	uint64_t submitted, completed, cancelled, refused;         /**< since the start */
	uint64_t steals, parks, grown, retired;                    /**< since the start; of workers */
	uint64_t delay_p50_ns, delay_p99_ns;  /**< from submit to start, over about the last minute */
	uint64_t reserved[8];
};

/** Fills *out; the figures are each right, not all of one instant. */
MUMMY_POOL_API void mummy_pool_stats_get(const mummy_pool *p, struct mummy_pool_stats *out);

#ifdef __cplusplus
}
#endif
#endif
