/*
 * fiber.h - the fibers of one worker. A job that has begun stays on its worker: only the inbox is for
 * other threads.
 *
 * The worker's own stack is home: there jobs are taken and begun, and ended fibers are put away. A fiber
 * that parks goes on in the next that is ready, without a way over home, but for every so many times.
 *
 * A parked fiber waits for its timer, for a token, or for both. Who gets the token from the fiber's
 * address to another value, the waker or the timer, makes it ready; so it becomes ready once.
 */
#ifndef MPOOL_FIBER_H
#define MPOOL_FIBER_H
#include "context.h"
#include "park.h"
#include "slow.h"
#include "stack.h"
#include "wheel.h"
#include "worker.h"

struct mpool_fiber {
	struct mpool_stack stack;      /* has to be the first */
	struct mpool_context context;
	struct mpool_worker *worker;
	struct mpool_fiber *next;      /* ready, or in the inbox */
	struct mpool_job job;
	struct mpool_wheel_entry timer;
	mpool_word *token;             /* NULL: none is waited for */
	bool timed_out;
	struct mpool_label label;
	uint64_t since_ns, longest_ns; /* where jobs are watched: it has the thread since, had it for */
};

struct mpool_fibers {
	struct mpool_context home;
	struct mpool_fiber *ready, **ready_end;
	unsigned turns;                /* to go on without home */
	size_t live;                   /* begun and not put away */
	bool closing;                  /* the thread leaves when they have ended */
	bool starved, told;            /* no stack to be had; somebody else was called for the work */
	struct mpool_fiber *spare;     /* for the next job */
	struct mpool_fiber *ended;
	uint64_t settle_ns;            /* when the stacks are looked at */
	struct mpool_wheel wheel;
	struct mpool_stacks stacks;
	_Atomic uint64_t parked;       /* one writer */
	_Alignas(64) _Atomic(struct mpool_fiber *) inbox;
};

/** With its first stacks. -ENOMEM, -EAGAIN: no room in the map table. */
int mpool_fibers_new(struct mpool_worker *w);
void mpool_fibers_free(struct mpool_worker *w);

/** By the worker's thread at its start. */
void mpool_fibers_enter(struct mpool_worker *w);
/** Runs fibers that are ready. False: none was. */
bool mpool_fibers_turn(struct mpool_worker *w);
/** Reserves what a fiber needs. False: jobs have to wait. */
bool mpool_fibers_room(struct mpool_worker *w);
/** Gives the room back. */
void mpool_fibers_no_job(struct mpool_worker *w);
/** After _room: begins a fiber. */
void mpool_fibers_begin(struct mpool_worker *w, struct mpool_job job);
/** With nothing else to do: puts stacks away. True: there may be more to put away. */
bool mpool_fibers_tidy(struct mpool_worker *w);
/** The worker leaves: only its fibers are run from now on, until all have ended. */
void mpool_fibers_finish(struct mpool_worker *w);

/** The worker whose fiber calls; NULL: not on a fiber, or in a child of fork(2). */
struct mpool_worker *mpool_on_fiber(void);
/** As mpool_token_wait, for mpool_on_fiber; token NULL: only time passes. */
int mpool_fiber_wait(struct mpool_worker *w, mpool_word *token, uint64_t deadline_ns);
/** Lets the others that are ready go first. */
void mpool_fiber_yield(struct mpool_worker *w);
/** Makes one ready that was taken from its token. From any thread. */
void mpool_fiber_wake(struct mpool_fiber *f);
#endif
