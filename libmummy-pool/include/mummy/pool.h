/*
 * mummy/pool.h - a thread pool, a work-stealing task pool, and fibers (libmummy-pool).
 *
 * A pool runs jobs on worker threads of its own. THREADS: a fixed number of threads on one
 * first-in-first-out queue (but for priorities), for predictable thread counts. TASKS: a deque per
 * worker with work stealing, for jobs that compute and divide; what comes from outside waits in a
 * shared queue, and threads are added while jobs block in anything (sleep, read, a database) and
 * retired when idle. FIBERS: as TASKS, and each job has a stack of its own, on which it parks where
 * it would block, so that a few threads serve thousands of jobs that wait.
 *
 * Three ways to give work, from the plainest up: submit (run it, nobody waits), fork and join or a
 * group (the caller's storage), and mummy_task (a counted handle with a result, a delay,
 * cancellation and continuations).
 *
 * Words: borrowed = the caller keeps it; copied = the callee made its own; taken = the callee owns
 * it from the call on, also when the call fails. Errors are negative errno. In options zero means
 * default and the reserved tail must be zero (-EINVAL). *out is written on success only. Every
 * call is for any thread unless it says otherwise; callbacks run on workers, with no lock held.
 *
 * Threads: the workers block every signal, so that handlers run on the program's own threads. A pool
 * that may grow has one more thread, which sleeps while no work waits. No descriptor is held, but by
 * FIBERS from the first mummy_task_wait_fd that has to wait: three, and one more thread.
 *
 * Growth: while work waits that no idle worker can take, the pool looks every millisecond at the CPU
 * time of its workers. One whose clock has stood still over two such ticks is blocked, and others are
 * added, more at a time the more are blocked, up to max_threads. Workers that compute, or would if
 * they had a CPU, cause no growth. Where the system tells no CPU times of threads, only
 * mummy_pool_blocking_begin and the pool's own waits make it grow.
 *
 * Fibers: a job of a pool of FIBERS begins on a worker, and stays on that thread until it returns, so
 * that its thread-locals and errno are right and locks of pthreads belong to the one who took them;
 * but other jobs have the thread while it is parked, and find its thread-locals there: what must hold
 * across a call that parks is not kept in them, and no lock of pthreads is held across one. These
 * park: mummy_task_sleep, _yield, _wait_fd, _wait, _block, the channels, mummy_pool_group_wait and
 * mummy_pool_wait. A job that blocks in anything else holds its worker: jobs that wait to be begun are
 * taken by other workers, which are added for it within 10 ms (see Growth; the figure blocked counts
 * it), while those that were begun there wait until it goes on. A fiber is begun when a worker comes
 * to it, not when it is submitted. When no stack can be mapped, as with a full map table (Linux:
 * vm.max_map_count), what waits goes on waiting and more is refused with -EAGAIN until one has ended.
 * Below each stack is a guard: who runs into it gets SIGSEGV (see mummy_task_overflowed).
 * In the child of fork(2) these calls block the thread.
 *
 * fork(2): a pool has no workers in the child. There every call that gives work returns -ESHUTDOWN,
 * mummy_pool_drain too, and mummy_pool_free only releases memory (what a job held that was running
 * at the time is lost). A child must not wait for, join, or cancel what was given before the fork.
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

/* ---- Pools -------------------------------------------------------------------------------------- */
/** A pool of workers. Owned: _new and _free. */
typedef struct mummy_pool mummy_pool;

enum mummy_pool_kind {
	MUMMY_POOL_THREADS = 0,  /**< one queue, first in, first out within a priority */
	MUMMY_POOL_TASKS = 1,    /**< work stealing; the order of jobs is not promised */
	MUMMY_POOL_FIBERS = 2    /**< as TASKS, each job on a stack of its own; -ENOTSUP where the
	                              library can't switch stacks */
};

/** The stack of a fiber by default, in octets, of which only what is used takes memory. */
#define MUMMY_POOL_STACK_BYTES (256u * 1024u)

/** More threads than this are refused. */
#define MUMMY_POOL_MAX_THREADS 16384u

struct mummy_pool_options {
	enum mummy_pool_kind kind;
	unsigned threads;        /**< 0: the CPUs of the affinity mask, x 8 for THREADS */
	size_t max_queued;       /**< jobs not yet started, delayed ones included; above it submit gives
	                              -EAGAIN; 0: no limit. With a limit, what TASKS jobs submit also
	                              goes through the shared queue, so that the count is exact */
	unsigned max_threads;    /**< TASKS, FIBERS: growth stops here; 0: 1,000; no more than threads: no growth */
	unsigned idle_ms;        /**< an added thread retires after this long without work; 0: 10,000 */
	const char *name;        /**< prefix of the thread names "name-index", copied; NULL: "mummy" */
	void (*thread_start)(void *ctx, unsigned index);  /**< first and last on each worker thread, */
	void (*thread_stop)(void *ctx, unsigned index);   /**< index from 0 and of one
	                              live thread at a time; either may be NULL */
	/** A job kept its thread for slow_ms or more (a fiber: from one park to the next): its function (of a
	 *  task the one given, in this type only to be compared or printed), its name (NULL for all but a
	 *  named task; 31 octets at most), and milliseconds. On that thread, after the job. Forks are not
	 *  watched. NULL: nothing is */
	void (*slow)(void *ctx, void (*run)(void *arg), const char *name, uint64_t ms);
	unsigned slow_ms;        /**< 0: 1,000 */
	unsigned nice;           /**< added to the nice value that the creator has now, 0 to 19, for the
	                              workers alone: threads that hand work out, such as event loops, then
	                              come first. Linux; elsewhere, but for 0, -ENOTSUP */
	void *ctx;               /**< for the three calls above */
	size_t stack_bytes;      /**< of a fiber; 0: MUMMY_POOL_STACK_BYTES; at least 16 KiB, at most 1 GiB */
	size_t max_fibers;       /**< begun and not returned; above it jobs wait in the queue; 0: 65,536 */
	size_t max_cached_stacks;  /**< kept by each worker for its next fibers, those that it did not
	                              need for a second excepted; 0: 16,384 */
	unsigned spin_us;        /**< before it parks, a worker looks around for so long, one at a time, and
	                              what is submitted meanwhile starts at once: that takes a CPU, so set
	                              it where one is idle and microseconds count; 0: no */
	uintptr_t reserved[5];
};

/** Starts a pool. opt is copied; NULL: all defaults. -EINVAL, -ENOMEM, -EAGAIN (no thread),
 *  -ENOTSUP (nice). */
MUMMY_POOL_API int mummy_pool_new(mummy_pool **out, const struct mummy_pool_options *opt);

/** Runs run(arg) on a worker, exactly once, when 0 is returned; never otherwise: -EAGAIN full,
 *  -ESHUTDOWN draining, -ENOMEM. pool is a mummy_pool *; it is declared void * so that this
 *  function fits the executor of every library. From a job too. Waits for nothing but short locks. */
MUMMY_POOL_API int mummy_pool_submit(void *pool, void (*run)(void *arg), void *arg);

/** Refuses new work and waits until what was accepted has run, at most timeout_ms (-1: no limit).
 *  Delayed tasks run at once, without their delay, periodic ones are cancelled; what running jobs
 *  submit is refused too, while continuations (mummy_task_then) still run. -ETIMEDOUT: jobs are
 *  left, the pool goes on draining and may be drained again; -EDEADLK: on a worker of this pool.
 *  There is no way back. */
MUMMY_POOL_API int mummy_pool_drain(mummy_pool *p, int timeout_ms);

/** Sets the number of threads; 0: as at the start. It is the number of workers that are not blocked
 *  at which growth aims, and may be above max_threads. Threads too many end after their current job.
 *  -EINVAL above MUMMY_POOL_MAX_THREADS; -ESHUTDOWN draining; -EAGAIN, -ENOMEM: the number stays. */
MUMMY_POOL_API int mummy_pool_resize(mummy_pool *p, unsigned threads);

/** Drains without limit, joins the threads, frees. NULL is allowed. Not on a worker of this pool,
 *  and not while another thread uses p. */
MUMMY_POOL_API void mummy_pool_free(mummy_pool *p);

/* ---- Fork and join: divide and conquer ------------------------------------------------------ */

/** A forked job in the caller's storage, on the stack for example. Left alone until joined. */
struct mummy_pool_task {
	void (*run)(void *arg);
	void *arg;
	uintptr_t opaque[4];
};

/** Offers run(arg) to idle workers. Off a worker, on THREADS, on FIBERS (a group divides work there),
 *  or when 1,024 forks of this worker wait to be joined, it runs at once, on the caller. t stays where
 *  it is until joined. */
MUMMY_POOL_API void mummy_pool_fork(struct mummy_pool_task *t, void (*run)(void *arg), void *arg);

/** Waits for t; runs it here if nobody took it. The last forked is joined first, by the job that
 *  forked it, before that job returns. While it waits it only takes forks of whoever runs t. */
MUMMY_POOL_API void mummy_pool_join(struct mummy_pool_task *t);

/** A set of jobs to wait for together, in the caller's storage. Needs no clean-up once waited for. */
struct mummy_pool_group { uintptr_t opaque[6]; };

/** Binds g to a pool, which must outlive it. */
MUMMY_POOL_API void mummy_pool_group_init(struct mummy_pool_group *g, mummy_pool *p);

/** As mummy_pool_submit, counted in g. Before the wait from any threads, during it only from jobs
 *  of the group. What the waiter runs itself keeps its place in the queue, and in the figures, until
 *  a worker comes to it and finds it done. */
MUMMY_POOL_API int mummy_pool_group_submit(struct mummy_pool_group *g,
		void (*run)(void *arg), void *arg);

/** Waits until every job of g has returned; one waiter at a time. A fiber parks. On another worker of
 *  the pool it runs jobs of the group meanwhile, so that groups may nest on a single thread. g may then be
 *  used again or go out of scope. */
MUMMY_POOL_API void mummy_pool_group_wait(struct mummy_pool_group *g);

/* ---- Tasks: a result, a delay, cancellation -------------------------------------------------- */

/** A job with a result (a future). Counted: one reference from _submit and one per _ref. Once it has
 *  ended, _ref, _unref and _wait are right also after the pool is gone. */
typedef struct mummy_task mummy_task;

enum mummy_pool_priority {
	MUMMY_POOL_LOW = -1, MUMMY_POOL_NORMAL = 0, MUMMY_POOL_HIGH = 1
};

struct mummy_task_options {
	enum mummy_pool_priority priority;  /**< of the queue; every few jobs a lower one has its turn,
	                              so that none starves */
	unsigned delay_ms;       /**< starts no sooner than this from now */
	unsigned period_ms;      /**< then again, counted from start to start, never twice at once, until
	                              it is cancelled or the pool drains; 0: runs once */
	const char *name;        /**< for slow; borrowed until the task has ended; NULL: none */
	uintptr_t reserved[6];
};

/** Runs run(arg) as a task. opt is copied, NULL: defaults. out may be NULL when nobody waits.
 *  Errors as mummy_pool_submit, and -EINVAL. */
MUMMY_POOL_API int mummy_task_submit(mummy_task **out, mummy_pool *p, void *(*run)(void *arg),
		void *arg, const struct mummy_task_options *opt);

/** Waits until t has ended, at most timeout_ms (0: asks only; -1: no limit). 0 and, if result is
 *  not NULL, what run returned; -ETIMEDOUT; -ECANCELED, also the end of a periodic one. A fiber of any
 *  pool parks. Otherwise, without a limit, a worker of the same pool runs t itself if nobody has started it
 *  (after its delay; not a periodic one), so that no dead-lock arises when all workers wait for tasks;
 *  otherwise the calling thread blocks, and a worker of TASKS counts as blocked. A task that waits for
 *  itself, or in a circle, never ends. */
MUMMY_POOL_API int mummy_task_wait(mummy_task *t, int timeout_ms, void **result);

/** Keeps t from starting, or a periodic one from starting again. 0: run will not be called (again);
 *  -EBUSY: it runs now and will finish; -EALREADY: it has ended or was cancelled before. */
MUMMY_POOL_API int mummy_task_cancel(mummy_task *t);

/** Submits run(arg) to t's pool when t has ended or was cancelled (at once if it has already).
 *  Exactly once when 0 is returned, even while the pool drains and above max_queued. -ENOMEM,
 *  -ESHUTDOWN in the child of fork(2). The pool must be alive. */
MUMMY_POOL_API int mummy_task_then(mummy_task *t, void (*run)(void *arg), void *arg);

/** One more reference; returns t. */
MUMMY_POOL_API mummy_task *mummy_task_ref(mummy_task *t);
/** Gives a reference back. The task itself goes on. NULL is allowed. */
MUMMY_POOL_API void mummy_task_unref(mummy_task *t);

/* ---- Inside a job: sleep, yield, wait, block --------------------------------------------------
 * On a fiber these park the job, and its worker goes on with others; anywhere else, on a worker of
 * another kind of pool or on any thread, they do the same by blocking the thread (a worker of TASKS
 * counts as blocked). errno stays as it is. */

/** Sleeps for ms milliseconds, no less. */
MUMMY_POOL_API void mummy_task_sleep(unsigned ms);

/** Lets the other jobs that are ready on this worker go first. */
MUMMY_POOL_API void mummy_task_yield(void);

/** Waits until fd is ready for events, those of poll(2). Positive: what is ready, POLLERR and POLLHUP
 *  among it; -ETIMEDOUT after timeout_ms (0: asks only; -1: no limit); -EBADF; -ENOMEM, -ENOSPC, -EMFILE,
 *  -ENFILE, -EAGAIN: it can't be waited for now. Several jobs may wait for one descriptor, but nobody
 *  closes it meanwhile. */
MUMMY_POOL_API int mummy_task_wait_fd(int fd, short events, int timeout_ms);

/** Calls run(arg) once and returns after it: on a fiber, a helper thread calls it while the fiber is
 *  parked, for what can't be made to park (getaddrinfo, a database, fsync). Helpers are added up to
 *  max_threads, and retire when idle; if there can be none, or off a fiber, the calling thread does it. */
MUMMY_POOL_API void mummy_task_block(void (*run)(void *arg), void *arg);

/** A bounded queue of pointers between jobs and threads; with capacity 1 it serves as a lock, and a
 *  receive that waits as a condition. Owned: _new and _free. Not for use in the child of fork(2). */
typedef struct mummy_task_channel mummy_task_channel;

/** -EINVAL capacity 0, -ENOMEM. */
MUMMY_POOL_API int mummy_task_channel_new(mummy_task_channel **out, size_t capacity);
/** 0: item is in, in the order of the calls; -ETIMEDOUT: full for timeout_ms (0: does not wait; -1: no
 *  limit); -EPIPE: closed. item is the caller's unless 0 is returned. */
MUMMY_POOL_API int mummy_task_channel_send(mummy_task_channel *c, void *item, int timeout_ms);
/** 0 and *item; -ETIMEDOUT: empty for timeout_ms (0, -1 as above); -EPIPE: closed and empty. */
MUMMY_POOL_API int mummy_task_channel_receive(mummy_task_channel *c, void **item, int timeout_ms);
/** Nothing more is sent, and everybody who waits is woken. What is inside can still be received. */
MUMMY_POOL_API void mummy_task_channel_close(mummy_task_channel *c);
/** When nobody uses it any more. Items inside are left to the caller. NULL is allowed. */
MUMMY_POOL_API void mummy_task_channel_free(mummy_task_channel *c);

/** 1 when address lies in the guard below the stack of the fiber that runs on this thread: the stack
 *  has overflowed. For the si_addr of a SIGSEGV, in a handler that the program installs; the library
 *  installs none. Async-signal-safe. The handler needs an alternate stack (sigaltstack), and the signal
 *  has to be unblocked, on each worker: thread_start is the place for both. */
MUMMY_POOL_API int mummy_task_overflowed(const void *address);

/* ---- Blocking -------------------------------------------------------------------------------- */

/** Around a call that blocks, in a job: the pool adds a thread at once when work waits for one,
 *  instead of noticing after two ticks. May nest; balanced within the job; errno stays as it is.
 *  Nothing happens off a worker, on THREADS, or at max_threads. */
MUMMY_POOL_API void mummy_pool_blocking_begin(void);
MUMMY_POOL_API void mummy_pool_blocking_end(void);

/* ---- Wait and wake --------------------------------------------------------------------------- */

/** The wait and wake of an executor. token points to two words of the waiter's (uintptr_t[2]) that
 *  were zero before wake could know of them; it serves one wake, in either order, and one thread
 *  waits at a time. wait returns 0 once woken, or -ETIMEDOUT after timeout_ms (-1: no limit), after
 *  which it may be called again; if a wake may still come, the token must live until then. wake does
 *  not touch the token once wait can return; the pool of a fiber that waits lives until wake has
 *  returned. pool is a mummy_pool *. A fiber parks; any other thread blocks, and a worker of TASKS
 *  counts as blocked. */
MUMMY_POOL_API int mummy_pool_wait(void *pool, void *token, int timeout_ms);
MUMMY_POOL_API void mummy_pool_wake(void *pool, void *token);

/* ---- To live with ---------------------------------------------------------------------------- */

struct mummy_pool_stats {
	uint64_t threads;        /**< workers now */
	uint64_t queued;         /**< not yet started now, delayed tasks included */
	uint64_t running;        /**< started and not yet returned now */
	uint64_t submitted;      /**< accepted since the start; forks are not counted, as in all of these */
	uint64_t completed;      /**< returned since the start, a periodic task each time */
	uint64_t cancelled;      /**< tasks kept from starting */
	uint64_t refused;        /**< -EAGAIN, -ESHUTDOWN, -ENOMEM */
	uint64_t steals;         /**< jobs and forks that one worker took from another */
	uint64_t parks;          /**< times that a worker without work went to sleep */
	uint64_t blocked;        /**< workers in mummy_pool_blocking_begin or the pool's own waits now, and
	                              while work waits those found blocked by their CPU time */
	uint64_t grown;          /**< threads added because others blocked */
	uint64_t retired;        /**< threads that have gone because they were idle or too many */
	uint64_t delay_p50_ns;   /**< from submit to start, of a sample of the jobs that were not delayed, */
	uint64_t delay_p99_ns;   /**< over the last half minute to minute; to an eighth; 0: no jobs */
	uint64_t parked;         /**< fibers that wait now; they count as running, too */
	uint64_t reserved[9];
};

/** Fills *out; the figures are each right, not all of one instant. All zero in the child of fork(2). */
MUMMY_POOL_API void mummy_pool_stats_get(const mummy_pool *p, struct mummy_pool_stats *out);

#ifdef __cplusplus
}
#endif
#endif
