/*
 * stream.h - the inside of a stream that is the output of an answer. Upgraded connections: upgraded.h.
 *
 * The lock guards the output and the link to the connection, which the loop alone cuts. Any thread sends
 * under the lock; what the socket does not take is queued and sent by the loop at the next event. Callbacks
 * run on the loop, never with the lock held.
 */
#ifndef MHTTP_STREAM_H
#define MHTTP_STREAM_H
#include "internal.h"

enum mhttp_stream_mode { MHTTP_STREAM_RAW, MHTTP_STREAM_LENGTH, MHTTP_STREAM_CHUNKED, MHTTP_STREAM_NO_BODY };
enum {                                   /* mummy_http_stream.flags, under the lock */
	MHTTP_ST_CLOSING = 1, MHTTP_ST_BROKEN = 2, MHTTP_ST_HIGH = 4
};

struct mhttp_waiter {
	struct mhttp_waiter *next;
	void *token[2];
	int done, refs;                      /* under the stream's lock */
	pthread_cond_t woken;
};

struct mummy_http_stream {
	_Atomic uint32_t kind;               /* 0; see struct mhttp_up */
	_Atomic unsigned refs, users;        /* memory; those who can still write */
	_Atomic uint32_t posted;
	pthread_mutex_t lock;
	struct mhttp_conn *conn;             /* NULL: over */
	struct mummy_http_loop *loop;        /* referenced */
	mummy_http_exchange *x;              /* of an answer: leased until this is over; referenced */
	struct mhttp_out out;
	_Atomic size_t pending;
	uint64_t left;                       /* with LENGTH */
	struct mhttp_gzip_stream *gzip;
	const struct mummy_http_executor *executor;
	struct mhttp_waiter *waiters;
	const struct mummy_http_stream_events *events;  /* set once, under the lock */
	void *ctx;
	struct mhttp_inbox_node node;
	int status;
	uint8_t mode, flags;
	uint8_t began, ended, closed;        /* events may be called; it is over; that was told: under the lock */
};

/* stream.c */
mummy_http_stream *mhttp_stream_new(mummy_http_exchange *x, enum mhttp_stream_mode mode);
void mhttp_stream_attach(mummy_http_stream *st, mummy_http_exchange *x);
void mhttp_stream_post(mummy_http_stream *st);
void mhttp_stream_turn(mummy_http_stream *st);   /* loop: flush, tell, end */
void mhttp_stream_over(mummy_http_stream *st, int status);  /* loop */
void mhttp_stream_drop(mummy_http_stream *st);   /* one of refs */
/* stream_write.c: with the lock */
struct mhttp_waiter *mhttp_waiters_take(mummy_http_stream *st);
/* without */
void mhttp_waiters_wake(mummy_http_stream *st, struct mhttp_waiter *list);
int mhttp_stream_put(mummy_http_stream *st, const struct iovec *iov, int n, struct mhttp_seg *tail);
#endif
