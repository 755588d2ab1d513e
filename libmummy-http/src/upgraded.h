/*
 * upgraded.h - a connection after its upgrade: octets both ways. Private.
 *
 * It replaces the struct mhttp_conn, which goes with the request: while it is idle this is all there is of
 * it. To users it is a mummy_http_stream, from whose other kind MHTTP_UP tells it.
 *
 * One word has its state, and a lock too, which guards the output, events and ctx. Any thread writes under
 * the lock; what the socket does not take is queued and sent by the loop. Only the loop reads, ends it and
 * closes the descriptor, which nobody else touches once ENDED is set. Callbacks run on the loop, without the
 * lock.
 */
#ifndef MHTTP_UPGRADED_H
#define MHTTP_UPGRADED_H
#include "stream.h"

enum {                                   /* mhttp_up.state */
	MHTTP_UP = 1,                        /* always; a struct mummy_http_stream has 0 there */
	MHTTP_UP_LOCKED = 1 << 1,
	MHTTP_UP_AWAITED = 1 << 2,           /* somebody waits for the lock */
	MHTTP_UP_POSTED = 1 << 3,            /* node is in the inbox */
	MHTTP_UP_PAUSED = 1 << 4,
	MHTTP_UP_NEXT = 1 << 5,              /* resumed before the pause began */
	MHTTP_UP_EVENT = 1 << 6,             /* as those of mhttp_conn.word */
	MHTTP_UP_GONE = 1 << 7,
	MHTTP_UP_BACK = 1 << 8,              /* the loop has the descriptor: the request is over */
	MHTTP_UP_STARTED = 1 << 9,           /* events is set */
	MHTTP_UP_BEGAN = 1 << 10,            /* and may be called */
	MHTTP_UP_CLOSING = 1 << 11,
	MHTTP_UP_BROKEN = 1 << 12,
	MHTTP_UP_HIGH = 1 << 13,             /* drain is owed */
	MHTTP_UP_CORKED = 1 << 14,
	MHTTP_UP_ENDED = 1 << 15,
	MHTTP_UP_TOLD = 1 << 16,             /* closed was called */
	MHTTP_UP_OUT = 1 << 17,              /* octets are queued */
	MHTTP_UP_READS = 1 << 18,            /* what poll watches now */
	MHTTP_UP_WRITES = 1 << 19,
	MHTTP_UP_LINGERS = 1 << 20,
	MHTTP_UP_WAITS = 1 << 21,            /* blocking writes park by the server's executor */
	MHTTP_UP_GATHERS = 1 << 22,          /* data is there, and gathers what it sends: events->uncorked */
	MHTTP_UP_ERRNO = 24                  /* from this bit: why it is broken, or has ended */
};

struct mhttp_up_waiter {
	struct mhttp_up_waiter *next;
	void *token[2];
	const struct mummy_http_executor *executor; /* NULL: the thread waits */
	_Atomic unsigned refs;
	pthread_mutex_t lock;
	pthread_cond_t woken;
	int done;                            /* under its lock */
};

/* What one has only while it is not idle. */
struct mhttp_up_more {
	struct mhttp_up *up;
	struct mhttp_seg *first, *last;      /* queued */
	uint64_t bytes;
	struct mhttp_pace pace;
	struct mhttp_up_waiter *waiters;
	const struct mummy_http_executor *executor; /* of a route of its own: blocking writes park by it */
	/* the loop's */
	struct mhttp_kept *in;               /* came with the request */
	struct mhttp_conn *conn;             /* with a transport: has it, and the descriptor */
	struct mummy_poller_timer timer;     /* stalled, or lingering */
	int timed;
};

struct mhttp_up {
	_Atomic uint32_t state;
	_Atomic uint32_t refs, users;        /* memory; those who can still write */
	int fd;
	struct mummy_poller_watch watch;
	struct mummy_http_loop *loop;        /* referenced */
	const struct mummy_http_stream_events *events;
	void *ctx;
	struct mhttp_inbox_node node;
	_Atomic(struct mhttp_up_more *) more; /* NULL: it is idle; made under the lock, freed by the loop under it */
};
_Static_assert(sizeof(void *) > 8 || sizeof(struct mhttp_up) <= 72,
	       "an idle upgraded connection is 72 bytes");

static inline int mhttp_up_is(const mummy_http_stream *st)
{
	return atomic_load_explicit(&((mummy_http_stream *)(uintptr_t)st)->kind, memory_order_relaxed)
	       & MHTTP_UP;
}

/* NULL: st is an answer's, or NULL. */
static inline struct mhttp_up *mhttp_up_of(const mummy_http_stream *st)
{
	return st && mhttp_up_is(st) ? (struct mhttp_up *)(uintptr_t)st : NULL;
}

static inline uint32_t mhttp_up_state(struct mhttp_up *u)
{
	return atomic_load(&u->state);
}

static inline int mhttp_up_reads(uint32_t state)
{
	return (state & (MHTTP_UP_BEGAN | MHTTP_UP_PAUSED | MHTTP_UP_ENDED)) == MHTTP_UP_BEGAN;
}

/* Loop: it is being read, all that came was looked at, nothing waits to be sent, and its user gathers what it
 * sends. */
static inline int mhttp_up_is_plain(struct mhttp_up *u)
{
	const uint32_t any = MHTTP_UP_LOCKED | MHTTP_UP_AWAITED | MHTTP_UP_POSTED | MHTTP_UP_WAITS;

	const uint32_t plain = MHTTP_UP | MHTTP_UP_BACK | MHTTP_UP_STARTED | MHTTP_UP_BEGAN | MHTTP_UP_READS
			       | MHTTP_UP_GATHERS;

	return (mhttp_up_state(u) & ~any) == plain && !u->more;
}

/* upgraded_write.c */
void mhttp_up_lock_wait(struct mhttp_up *u);
void mhttp_up_lock_wake(struct mhttp_up *u);
static inline void mhttp_up_lock(struct mhttp_up *u)
{
	if (atomic_fetch_or_explicit(&u->state, MHTTP_UP_LOCKED, memory_order_acquire) & MHTTP_UP_LOCKED)
		mhttp_up_lock_wait(u);
}

/* The state. */
static inline uint32_t mhttp_up_unlock(struct mhttp_up *u)
{
	uint32_t s = atomic_fetch_sub(&u->state, MHTTP_UP_LOCKED) - MHTTP_UP_LOCKED;

	if (s & MHTTP_UP_AWAITED)
		mhttp_up_lock_wake(u);
	return s;
}
/* With the lock: made if need be; NULL without memory. */
struct mhttp_up_more *mhttp_up_more(struct mhttp_up *u);
void mhttp_up_break(struct mhttp_up *u, int error);  /* with the lock */
struct mhttp_up_waiter *mhttp_up_waiters_take(struct mhttp_up *u);  /* with the lock */
void mhttp_up_waiters_wake(struct mhttp_up_waiter *list);
struct mhttp_seg *mhttp_up_drop(struct mhttp_up *u);  /* with the lock: what was queued */
/* Loop: sends what is queued. 0; 1 all is sent, and it closes; <0 broken. */
int mhttp_up_flush(struct mhttp_up *u, int *drained);
int mhttp_up_write_one(struct mhttp_up *u, const struct iovec *iov);  /* copied */
int mhttp_up_writev(struct mhttp_up *u, const struct iovec *iov, int n, void (*done)(void *arg), void *arg);
int mhttp_up_write(struct mhttp_up *u, const void *p, size_t n, int timeout_ms);
size_t mhttp_up_pending(struct mhttp_up *u);
void mhttp_up_close(struct mhttp_up *u);

/* upgraded_read.c, loop */
void mhttp_up_again(struct mhttp_up *u);             /* the poller reports what is there, as if it had just come */
ssize_t mhttp_up_receive(struct mhttp_up *u, void *p, size_t n);
void mhttp_up_output_turn(struct mhttp_up *u);       /* the output, as far as it needs the loop */
void mhttp_up_turn(struct mhttp_up *u);
void mhttp_up_quick_turn(struct mhttp_up *u);        /* of one that is plain, at an event */

/* upgraded.c */
struct mhttp_up *mhttp_up_new(mummy_http_exchange *x);
void mhttp_up_attach(struct mhttp_up *u, mummy_http_exchange *x);  /* under the lease: takes its output */
void mhttp_up_drop_ref(struct mhttp_up *u);
void mhttp_up_unref(struct mhttp_up *u);             /* one of users */
void mhttp_up_post(struct mhttp_up *u);
void mhttp_up_start(struct mhttp_up *u, const struct mummy_http_stream_events *ev, void *ctx);
void mhttp_up_resume(struct mhttp_up *u);
void mhttp_up_abort(struct mhttp_up *u);
/* loop */
void mhttp_up_over(struct mhttp_up *u, int status);
void mhttp_up_time(struct mhttp_up *u, unsigned ms);
/* Looks again when it is time, while something is queued. 0: the peer takes too little. */
int mhttp_up_watch_pace(struct mhttp_up *u); /* when it stalls, or lingers; with more */
void mhttp_up_settle(struct mhttp_up *u);            /* after a turn, for which u was referenced */
#endif
