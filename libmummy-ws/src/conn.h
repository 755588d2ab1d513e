/*
 * conn.h - the insides of a connection, its endpoint and its I/O thread. Internal.
 *
 * Who touches what: rx belongs to the I/O thread. tx and queue (both in waits) are behind mws_lock, one of a
 * few mutexes of the io, as a mutex of its own would be half of an idle connection; subs behind the hub's
 * lock. No lock is held while anything outside the library is called. flags are atomic.
 *
 * Output has one owner at a time, who set MWS_BUSY: a thread inside writev, or a feed, which gathers
 * the replies. Whoever sends meanwhile leaves a block in tx, and the owner takes it along before it
 * lets go; so no thread waits for another, and blocks keep their order.
 */
#ifndef MUMMY_WS_CONN_H
#define MUMMY_WS_CONN_H
#include <pthread.h>
#include <stdatomic.h>
#include <mummy-common.h>
#include <mummy/ws.h>
#include "block.h"
#include "deflate.h"
#include "inflate.h"

enum {
	MWS_STARTED = 1 << 0,
	MWS_OPENED = 1 << 1,            /* the open event was given */
	MWS_CLOSING = 1 << 2,           /* a Close frame was accepted: nothing more may be sent */
	MWS_CLOSE_OUT = 1 << 3,         /* and it is with the output */
	MWS_CLOSE_IN = 1 << 4,          /* the peer's Close frame came */
	MWS_FAILED = 1 << 5,            /* the peer broke a rule: its input is discarded */
	MWS_EOF = 1 << 6,
	MWS_OUT_CLOSED = 1 << 7,        /* output.close was called */
	MWS_CUT = 1 << 8,               /* output.abort was called */
	MWS_BUSY = 1 << 9,              /* the output has an owner */
	MWS_RUNNING = 1 << 10,          /* the executor has, or will get, a job for the events */
	MWS_RETRY = 1 << 11,            /* the executor refused it: to be tried again */
	MWS_NO_EXECUTOR = 1 << 12,      /* the executor is shut down */
	MWS_PAUSED = 1 << 13,           /* feed returned 1 */
	MWS_HIGH = 1 << 14,             /* a sender was told of the high water */
	MWS_HIGH_OUTPUT = 1 << 15,      /* and it was the output's */
	MWS_DRAIN_DUE = 1 << 16,
	MWS_CLOSE_DUE = 1 << 17,        /* a Close frame follows the events that are queued */
	MWS_CLOSED_DUE = 1 << 18,
	MWS_CLOSED = 1 << 19,           /* the closed event was given */
	MWS_TOUCHED = 1 << 20,          /* octets came since the last turn, and io->touched was full */
	MWS_ARM = 1 << 21,              /* a deadline begins at the next turn */
	MWS_PINGED = 1 << 22,
	MWS_LISTED = 1 << 23,           /* in the io's list of work */
	MWS_PONG_DUE = 1 << 24,         /* tx has a pong that waits for the high water */
	MWS_ARMED = 1 << 25,            /* the deadline of the end has begun */
	MWS_DEFLATE = 1 << 26,          /* permessage-deflate was agreed to: tail is there */
	MWS_DEDICATED = 1 << 27,        /* with references to earlier messages, in one direction at least */
	MWS_STASHED = 1 << 28,          /* rx has octets that were read and wait for the executor */
	MWS_UNSTASH = 1 << 29,          /* they are to be gone on with */
	MWS_FLUSH = 1 << 30,            /* in the io's list of those to be flushed */
	MWS_DUE = MWS_DRAIN_DUE | MWS_CLOSE_DUE | MWS_CLOSED_DUE,
	MWS_ENDING = MWS_CLOSING | MWS_CLOSE_IN | MWS_FAILED
};
#define MWS_WAITING 0x80000000u         /* tx is there */

/** What was agreed to about compression. */
struct mws_tail {
	uint8_t out_bits, in_bits;      /* windows of what is sent and received */
	uint8_t out_keeps, in_keeps;    /* 1: messages refer to earlier ones: */
	struct {                        /* only with MWS_DEDICATED */
		pthread_mutex_t lock;   /* what is compressed is queued in the same order */
		struct mws_deflater *out;
		struct mws_inflater *in; /* I/O thread */
	} own;
};

struct mummy_ws_conn {
	_Atomic unsigned refs;
	_Atomic unsigned flags;
	mummy_ws_endpoint *ep;
	mummy_ws_io *io;
	void *user, *out;
	struct mws_rx *rx;              /* what is incomplete; NULL between messages */
	void *waits;                    /* with MWS_WAITING the tx: what waits for the output; else its queue */
	struct mws_sub *subs;
	struct mummy_ws_conn *timer_next, **timer_at;
	uint32_t stamp;                 /* ms: the last octet, or when the end began */
	uint16_t code;                  /* for closed */
	uint8_t fail;                   /* what the peer is told, less 1000; 0: its own code back */
	uint8_t subprotocol;            /* its place in the options, from 1 */
	struct mws_tail tail[];         /* with MWS_DEFLATE */
};
_Static_assert(sizeof(void *) > 8 || sizeof(struct mummy_ws_conn) <= 88, "an idle connection is 88 octets");

struct mummy_ws_endpoint {
	_Atomic unsigned refs;
	struct mummy_ws_output output;
	struct mummy_ws_events ev;
	struct mummy_ws_options opt;    /* defaults filled in */
	size_t reply_bytes;             /* mummy_ws_send gathers what is pending up to this; 0 for a client, which masks */
	int shorts;                     /* a short frame of the peer's is masked, and may be a whole message, */
	int at_once;                    /* which is given where it is read */
	struct mws_deflate_pool deflaters;
	_Atomic uint64_t pending, opened, closed, messages_in, messages_out, bytes_in, bytes_out, dropped;
};

/* ---- io.c: what an I/O thread has ------------------------------------------------------------- */

enum { MWS_LOCKS = 16, MWS_SLOTS = 512, MWS_SLOT_MS = 64, MWS_GATHER = 64 * 1024,
       MWS_INFLATED = 64 * 1024, MWS_TOUCHES = 128, MWS_SHORT = 125,
       MWS_BIG = 128 * 1024, MWS_CALM_MS = 250, MWS_PIECES = 32 };

struct mws_wheel {
	mummy_ws_conn *slot[MWS_SLOTS];
	uint64_t used[MWS_SLOTS / 64];
	uint64_t tick;                  /* all slots up to this are done */
	uint64_t next;                  /* the tick of the next slot in use, 0: none; where it is known */
	int known;
};

struct mummy_ws_io {
	_Atomic unsigned refs, posting;
	_Atomic int gone;
	_Atomic uintptr_t thread;       /* the I/O thread's id; 0: not known yet */
	int (*post)(void *ctx, void (*run)(void *arg), void *arg);
	void *post_ctx;
	pthread_mutex_t lock[MWS_LOCKS];
	pthread_mutex_t left_lock;      /* for what publishers left: */
	struct mws_delivery *left, **left_tail;
	_Atomic int left_posted;         /* there are some */
	/* the rest belongs to the I/O thread */
	const uint64_t *clock;          /* what it is now, where the loop says that; or NULL */
	uint64_t now_ms;                /* of the last turn */
	uint64_t due_ms;                /* when the next one has something to do */
	const struct mws_simd *simd;
	struct mws_wheel wheel;
	mummy_ws_conn **work;           /* referenced */
	size_t nwork, work_size;
	mummy_ws_conn *touched[MWS_TOUCHES]; /* octets came of them since the last turn; until eof */
	size_t ntouched;
	mummy_ws_conn *feeding;
	mummy_ws_conn *gatherer;        /* feeding, once it replied: owns its output */
	unsigned char *gather;
	int turning;                    /* inside mummy_ws_io_turn */
	int publishing;                 /* what is sent waits for the end of the turn */
	mummy_ws_conn **flush;          /* these; referenced */
	size_t nflush, flush_size;
	unsigned char *inflated;        /* MWS_INFLATED octets: a message that was */
	struct mws_inflater *inflater;
	size_t gathered;
	struct iovec piece[MWS_PIECES]; /* of the replies, in their order; what is gathered from piece_from on follows */
	unsigned npieces;
	size_t piece_from;
	size_t referred;                /* octets of those that lie in what is being fed, and are not copied */
	const unsigned char *fed, *fed_end; /* that */
	const unsigned char *payload;   /* in it, of the message that is given: behind a head that is not needed any more */
	const unsigned char *given, *given_end; /* a message that is given here and has a block of its own */
	int given_sent;                 /* which is referred to as well */
	void *kept[MWS_PIECES];         /* such blocks, until the replies are out */
	unsigned nkept;
	size_t gather_most;             /* for them, so that they are below the high water with what the output has */
	struct mws_rx *spare;
	int grown;                      /* a big message came; 2: since the last turn, by mws_io_grew */
	uint64_t grown_ms;              /* the turn after the last one */
	struct mws_chunk *batch;        /* events of the feed: the last of a ring */
	size_t batch_hint;              /* octets that the feed was given */
	uint64_t received, replied, replied_bytes; /* in the feed: counted for all at its end */
	unsigned batch_due;             /* what follows them */
	uint16_t stop_code;             /* all connections are closed with it; 0: they are not */
};

/** 1 when the caller runs on the I/O thread, as far as it is known. */
static inline int mws_io_is_own(mummy_ws_io *io)
{
	return atomic_load(&io->thread) == mummy_thread_id();
}

/** The caller is the I/O thread. */
static inline void mws_io_here(mummy_ws_io *io)
{
	if (!mws_io_is_own(io))
		atomic_store(&io->thread, mummy_thread_id());
}

/** As the post of mummy_ws_io_new; -ESHUTDOWN after mummy_ws_io_free. */
int mws_io_post(mummy_ws_io *io, void (*run)(void *arg), void *arg);
/** Does what flags ask for at the next turn; any thread. */
void mws_io_wake(mummy_ws_conn *c, unsigned flags);
/** I/O thread: octets came of c, whose flags these are. Without a clock, when that was is known at the next
 *  turn. */
void mws_io_touch(mummy_ws_io *io, mummy_ws_conn *c, unsigned flags);
/** I/O thread: a turn has something to do. */
static inline void mws_io_due(mummy_ws_io *io)
{
	io->due_ms = 0;
}

static inline void mws_io_grew(mummy_ws_io *io)
{
	io->grown = 2;
	mws_io_due(io);
}

/** I/O thread: c has ended. */
void mws_io_forget(mummy_ws_io *io, mummy_ws_conn *c);
mummy_ws_io *mws_io_ref(mummy_ws_io *io);
void mws_io_unref(mummy_ws_io *io);

/** wheel.c: deadlines, MWS_SLOT_MS coarse. I/O thread. */
void mws_wheel_put(mummy_ws_io *io, mummy_ws_conn *c, uint64_t at_ms);
void mws_wheel_remove(mummy_ws_io *io, mummy_ws_conn *c);
/** Calls visit for each connection, all of which are on the wheel until eof; it must not move them. */
void mws_wheel_each(mummy_ws_io *io, void (*visit)(mummy_ws_io *io, mummy_ws_conn *c));
/** Calls due for what is over, off the wheel by then; ms until the next slot, -1: none. */
int mws_wheel_turn(mummy_ws_io *io, void (*due)(mummy_ws_io *io, mummy_ws_conn *c));
/** 1 when a turn now would call nothing, and knows when the next one is to be. */
static inline int mws_wheel_rests(const mummy_ws_io *io)
{
	return io->wheel.known && io->now_ms / MWS_SLOT_MS == io->wheel.tick;
}
/** That; only then. */
static inline int mws_wheel_next(const mummy_ws_io *io)
{
	return io->wheel.next ? (int)(io->wheel.next * MWS_SLOT_MS - io->now_ms) : -1;
}

/* ---- conn.c ----------------------------------------------------------------------------------- */

void mws_lock(mummy_ws_conn *c);
void mws_unlock(mummy_ws_conn *c);

static inline unsigned mws_flags(const mummy_ws_conn *c)
{
	return atomic_load(&((mummy_ws_conn *)(uintptr_t)c)->flags);
}

/** The flags before. */
static inline unsigned mws_set(mummy_ws_conn *c, unsigned flags)
{
	return atomic_fetch_or(&c->flags, flags);
}

static inline unsigned mws_clear(mummy_ws_conn *c, unsigned flags)
{
	return atomic_fetch_and(&c->flags, ~flags);
}

/** Its deadlines: pings, the idle cut, the end of a close handshake. I/O thread. */
void mws_conn_deadline(mummy_ws_io *io, mummy_ws_conn *c);
void mws_conn_cut(mummy_ws_conn *c);

/* ---- output.c: frames on their way out -------------------------------------------------------- */

struct mws_tx {
	struct mws_fifo ready;
	struct mws_fifo held;           /* messages behind one that is open */
	struct mws_block *pong;         /* the last one that the high water keeps back */
	size_t bytes;                   /* of all of them */
	struct mws_chunk *queue;        /* see mws_queue; it is here while there is a tx */
	/* a message in fragments */
	int open;
	enum mummy_ws_opcode op;        /* of its next frame */
	uint32_t utf8;
	int is_text;
	int deflated;
	int full;                       /* ready waits for the output to drain */
	/* an executor's job that gives several events: what its thread sends waits for their end */
	int giving;
	pthread_t giver;
};

/** Under the lock: what waits for the output; NULL when nothing does. */
static inline struct mws_tx *mws_tx_at(const mummy_ws_conn *c)
{
	return mws_flags(c) & MWS_WAITING ? c->waits : NULL;
}

/** Under the lock: events for the executor, the last of a ring, or NULL. */
static inline struct mws_chunk *mws_queue(const mummy_ws_conn *c)
{
	return mws_tx_at(c) ? mws_tx_at(c)->queue : c->waits;
}

static inline void mws_queue_set(mummy_ws_conn *c, struct mws_chunk *last)
{
	if (mws_tx_at(c))
		mws_tx_at(c)->queue = last;
	else
		c->waits = last;
}

/** Under the lock, with tx. */
static inline void mws_tx_count(mummy_ws_conn *c, size_t add, size_t sub)
{
	mws_tx_at(c)->bytes += add - sub;
	atomic_fetch_add(&c->ep->pending, add - sub);
}

/** As mummy_ws_send, but that nothing is checked; the mask is added. A Close sets MWS_CLOSING, or gives
 *  -EALREADY when it was set. Not under the lock. */
int mws_out_send(mummy_ws_conn *c, struct mws_out *o);
/** Its part without the accounting; o->own is taken. *total: what is pending then. */
int mws_out_pass(mummy_ws_conn *c, struct mws_out *o, size_t *total);
/** 0, or the error that o would get if it had no payload. */
int mws_out_judge(mummy_ws_conn *c, const struct mws_out *o);
/** together.c. The caller is about to give several events: what it sends from this thread goes out
 *  together. */
void mws_out_hold(mummy_ws_conn *c);
void mws_out_let_go(mummy_ws_conn *c);
/** I/O thread: what is published meanwhile goes out together. */
void mws_out_turn_begin(mummy_ws_io *io);
void mws_out_list(mummy_ws_conn *c);
void mws_out_turn_end(mummy_ws_io *io);
/** later.c, I/O thread: answers a ping. */
int mws_out_pong(mummy_ws_conn *c, const void *p, size_t n);
/** Its tx, made if need be, NULL without memory; under the lock. */
struct mws_tx *mws_tx(mummy_ws_conn *c);
/** Frees it when nothing waits; under the lock. */
void mws_tx_tidy(mummy_ws_conn *c);
/** Takes up the output if blocks wait and it has no owner. */
void mws_out_resume(mummy_ws_conn *c);
/** reply.c. End of a feed: the replies go out. */
void mws_out_flush(mummy_ws_conn *c);
/** Drops what waits, after MWS_EOF. */
void mws_out_drop(mummy_ws_conn *c);
/** I/O thread: gives drain and the pong if the time has come. 1: not yet. */
int mws_out_check(mummy_ws_conn *c);

/* ---- compress.c: permessage-deflate on the way out ---------------------------------------------- */

/** As mws_out_pass, compressed where that was agreed to and is worth while. */
int mws_compress_pass(mummy_ws_conn *c, struct mws_out *o, size_t *total);
/** 1 when a message of n octets is compressed without references, so that its frame is for all. */
int mws_compress_shares(const mummy_ws_conn *c, size_t n);
/** 1 when c has a compressor of its own. */
int mws_compress_owns(const mummy_ws_conn *c);
/** Held while a message in pieces begins, so that none that was compressed before it comes later. */
void mws_compress_lock(mummy_ws_conn *c);
void mws_compress_unlock(mummy_ws_conn *c);

/* ---- close.c ---------------------------------------------------------------------------------- */

int mws_close_code_ok(unsigned code);
/** Sends a Close frame. As mummy_ws_close, but nothing is checked. */
int mws_close_send(mummy_ws_conn *c, unsigned code, const char *reason, size_t n);
/** Calls output.close once both sides are through. */
void mws_close_maybe(mummy_ws_conn *c);
/** I/O thread: the peer's Close frame came. 0, or the code of what is wrong with it. */
unsigned mws_close_received(mummy_ws_conn *c, const uint8_t *p, size_t n);
/** I/O thread: the peer broke a rule. It is told so after what came before was answered. */
void mws_close_fail(mummy_ws_conn *c, unsigned code);
/** What CLOSE_DUE stands for. */
void mws_close_answer(mummy_ws_conn *c);

/* ---- event.c: events, here or on the executor -------------------------------------------------- */

enum mws_event { MWS_EV_MESSAGE, MWS_EV_BEGIN, MWS_EV_DATA, MWS_EV_END, MWS_EV_PONG };

/** I/O thread, inside feed. block (from malloc) or NULL: p lies in it, and it is taken. 0 or -ENOMEM,
 *  the event lost. */
int mws_event(mummy_ws_conn *c, enum mws_event type, enum mummy_ws_opcode op, const void *p, size_t n,
	      void *block);
/** Gives open, drain, a due Close frame or closed, in this order, after the events before them. */
void mws_event_due(mummy_ws_conn *c, unsigned flags);
/** Octets that the feed has for the executor so far. */
size_t mws_event_batch(const mummy_ws_io *io);
/** End of a feed: what it brought goes to the executor. 1: pause. */
int mws_event_submit(mummy_ws_conn *c);
/** I/O thread: a refused submit is tried again. 1: still refused. */
int mws_event_retry(mummy_ws_conn *c);
/** I/O thread, whose end has come: what the executor still refuses is done here. */
void mws_event_last(mummy_ws_conn *c);

static inline int mws_is_inline(const mummy_ws_conn *c)
{
	return !c->ep->opt.executor.submit;
}

/* ---- feed.c ----------------------------------------------------------------------------------- */

struct mws_rx {
	uint8_t head[14], nhead;        /* of a frame header */
	uint8_t in_frame;
	uint8_t op;                     /* of the message; 0: none is open */
	uint8_t control[125];
	struct mummy_ws_frame f;
	uint64_t at;                    /* in the frame's payload */
	uint64_t total;                 /* of the message, whole frames announced included */
	uint32_t utf8;
	unsigned char *buf;
	size_t len, size;
	uint8_t deflated;               /* the message is compressed */
	uint64_t inflated;              /* of a message in pieces: so far */
	struct mws_inflater *inflater;  /* for a message in pieces, unless the connection has its own */
	unsigned char *stash;           /* read, and not looked at yet */
	size_t nstash;
};

void mws_rx_free(struct mws_rx *rx);
/** I/O thread: goes on with what the executor was too slow for. */
void mws_feed_go_on(mummy_ws_conn *c);

/* ---- received.c: compressed messages ------------------------------------------------------------ */

/** What they give: 0, or the code to fail with. */
unsigned mws_received_whole(mummy_ws_conn *c, enum mummy_ws_opcode op, const uint8_t *p, size_t n);
unsigned mws_received_piece(mummy_ws_conn *c, const uint8_t *p, size_t n, int last);
/** The most octets that a message may have on the wire. */
uint64_t mws_received_max(const mummy_ws_conn *c, int deflated);

/* ---- hub.c ------------------------------------------------------------------------------------ */

/** Ends all subscriptions. */
void mws_hub_leave(mummy_ws_conn *c);
/** publish.c, I/O thread: sends what publishers left, or throws it away. */
void mws_publish_turn(mummy_ws_io *io, int discard);
static inline int mws_publish_waits(mummy_ws_io *io)
{
	return atomic_load(&io->left_posted);
}
#endif
