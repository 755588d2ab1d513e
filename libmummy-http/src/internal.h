/*
 * internal.h - the structures of the server, and who owns what.
 *
 * A connection has two sides: input (the descriptor's reading end, the unparsed octets, the request body) and
 * output (the writing end and the queue). Each side has one owner at a time, and nobody else touches it:
 *
 *     the loop      between exchanges, while a whole body is gathered, when closing
 *     an exchange   from its dispatch until it is answered and its body is done with: the lease
 *     a stream      the output of a streamed answer, under the stream's lock
 *
 * Only the loop closes a descriptor, and never a leased one. Other threads learn of events by one atomic word
 * per connection, which the loop writes at each event:
 *
 *     LEASED     set by the loop when it hands out an exchange; taken away when that is finished
 *     EVENT      something happened since the input was last read until it was dry
 *     GONE       the peer hung up (its sending side at least); never cleared
 *     WAITING    LEASED, but the sink of a streamed body ran dry: the next event submits it again
 *     FLUSHING   LEASED, but the loop has the output: it sends what is queued as the socket takes it
 *     STREAMING  the output is a stream's: at an event the loop flushes it under the stream's lock
 *
 * The life of a connection (phase):
 *
 *     HANDSHAKE -> HEAD -> BODY -> EXCHANGE -> HEAD ...        a request without a body skips BODY
 *                   |       |        |  \---> DRAIN -> HEAD    answered early: the rest of the body
 *                   |       |        \------> CLOSED           upgraded: upgraded.h goes on
 *                   \-------+----------> LINGER -> CLOSED      errors: the client gets time to read
 *
 * On the inline path the exchange is the loop's own (loop->inline_x): its strings lie in the loop's receive
 * buffer, its answer is gathered in the loop's send buffer, nothing is leased. When an inline handler keeps
 * its exchange (hold, stream, upgrade), it is detached: it takes the receive buffer along, the loop gets
 * new ones, and from then on it is like any other leased exchange.
 *
 * An answer under the lease is sent by the thread that gives it. When both the answer is sent (SENT) and
 * the body's sink is finished (BODY without BODY_DONE is not), that thread ends the lease: it starts the next
 * request if its head lies there already, else it swaps LEASED for nothing; if that fails because of an
 * event, or output is left, or the connection must close, or the poll back end must watch it again, it
 * posts the exchange to the loop's inbox, which takes the connection back.
 *
 * Lifetimes, each counted: exchange -> connection -> loop -> server. A connection that the loop closed, and a
 * loop that ended, stay as memory until the last exchange or stream lets go. When the inbox refuses
 * (the loop has ended) the holder of the lease closes the descriptor itself.
 */
#ifndef MHTTP_INTERNAL_H
#define MHTTP_INTERNAL_H
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <mummy/http.h>
#include <mummy/http-parser.h>
#include <mummy/poller.h>
#include "mummy-common.h"
#include "gzip.h"
#include "inbox.h"
#include "middle.h"
#include "pace.h"
#include "pipes.h"
#include "router.h"
#include "text.h"

enum {
	MHTTP_LEASED = 1, MHTTP_EVENT = 2, MHTTP_GONE = 4, MHTTP_WAITING = 8, MHTTP_FLUSHING = 16,
	MHTTP_STREAMING = 32
};
enum mhttp_phase {
	MHTTP_HANDSHAKE, MHTTP_HEAD, MHTTP_BODY, MHTTP_EXCHANGE, MHTTP_DRAIN, MHTTP_LINGER, MHTTP_CLOSED
};
enum {                                   /* mhttp_conn.flags: belong to the owner of the input */
	MHTTP_UNPARSED = 1,                  /* what is kept has not been looked at since it came */
	MHTTP_PARTIAL = 2,                   /* what is kept begins a head; since_ms is when it began */
	MHTTP_CLOSE = 4,                     /* close when the output is sent */
	MHTTP_NO_MEMORY = 8,                 /* the body waits for max_buffered_bytes */
	MHTTP_UNREAD = 16,                   /* octets were left unread on purpose: linger before closing */
	MHTTP_RESET = 32                     /* with CLOSE: an answer broke off. A plain end would make one that
	                                        goes on until the end of the connection look whole */
};
enum { MHTTP_POLLED_READ = 1, MHTTP_POLLED_WRITE = 2 };  /* mhttp_conn.polled: what poll watches now */

struct mhttp_link { struct mhttp_link *next, *prev; };
struct mhttp_conn;

/* ---- Output (output.c) ------------------------------------------------------------------------- */
enum mhttp_seg_kind { MHTTP_SEG_COPY, MHTTP_SEG_TAKEN, MHTTP_SEG_FILE, MHTTP_SEG_QUEUED };
struct mhttp_seg {
	struct mhttp_seg *next;
	enum mhttp_seg_kind kind;
	int fd;
	const char *p;
	uint64_t n, off;
	void (*done)(void *arg);
	void *arg;
};
struct mhttp_out {
	struct mhttp_seg *first, *last;
	struct mhttp_seg *finished;          /* sent; their owners are to be told, without a lock */
	uint64_t bytes;                      /* without those of files */
	struct mhttp_pace pace;
};

/* ---- Request bodies (body.c) ------------------------------------------------------------------- */
struct mhttp_body {
	enum mummy_http_framing framing;
	int complete;
	uint64_t left, got, max;             /* left: with MUMMY_HTTP_LENGTH */
	uint64_t window_got;                 /* the minimum rate is kept over windows */
	uint32_t window_ms;
	uint8_t expect;                      /* 100 Continue is still to be sent */
	uint8_t stale;                       /* the decoder knows all that is kept, and wants more */
	struct mummy_http_chunked chunked[]; /* one, with MUMMY_HTTP_CHUNKED */
};

/* Input that was read before it could be used: n octets from p + at. */
struct mhttp_kept { uint32_t at, n, cap; char p[]; };

struct mhttp_secured { const struct mummy_http_transport *transport; void *conn; };

/* What a connection has only while it is not idle. */
struct mhttp_io {
	struct mhttp_kept *in;               /* NULL: nothing */
	struct mhttp_body *body;             /* NULL: none */
	struct mhttp_out *out;               /* NULL: nothing was ever queued */
	mummy_http_stream *stream;           /* referenced */
	struct mhttp_up *up;                 /* referenced: what takes over when the lease ends */
	struct mhttp_secured secured[];      /* one, when the connection's secured is set */
};

struct mhttp_conn {
	struct mummy_poller_watch watch;
	struct mummy_http_loop *loop;             /* referenced */
	struct mhttp_link link;              /* in the loop's wheel, from accept to close */
	struct mhttp_io *io;
	mummy_http_exchange *x;              /* BODY, EXCHANGE; not a reference */
	int fd;
	_Atomic uint32_t word;
	_Atomic uint32_t refs;               /* the loop's, and one per exchange and stream */
	_Atomic uint32_t since_ms;           /* last progress, or the start of what has an absolute limit */
	uint32_t requests;
	uint16_t listener;
	uint8_t flags;
	uint8_t polled;                      /* the loop's */
	uint8_t phase, family;
	uint16_t port;
	uint8_t secured;                     /* by a transport; since it was accepted */
	uint8_t address[16];
};
_Static_assert(sizeof(void *) > 8 || sizeof(struct mhttp_conn) <= 96, "an idle connection is 96 bytes");

/* ---- Exchanges ---------------------------------------------------------------------------------- */
enum {                                   /* mummy_http_exchange.state */
	MHTTP_CLAIMED = 1, MHTTP_SENT = 2, MHTTP_SINK = 4, MHTTP_SINK_DONE = 8, MHTTP_ABORTED = 16
};
enum { MHTTP_PAUSED = 1, MHTTP_NEXT = 2 };

struct mhttp_recv { _Atomic unsigned refs; size_t size; char p[]; };
struct mhttp_param { const char *name, *value; size_t n; };
/* What middleware found out about a request. */
struct mhttp_told {
	char id[68];
	char *host;                          /* as a proxy told it */
};

/* struct mummy_http_sink, as far as it is kept. */
struct mhttp_sink {
	int (*data)(void *ctx, const void *p, size_t n);
	int (*ready)(void *ctx, mummy_http_exchange *x);
	void (*end)(void *ctx, int status);
	void *ctx;
	int (*pipe)(void *ctx, int fd, size_t n);
	uint32_t chunk_bytes;                /* at most MHTTP_LARGE_CHUNK */
	uint32_t idle_ms;                    /* 0: none */
};
enum { MHTTP_PEER_ROOM = 48 };

struct mummy_http_exchange {
	_Atomic uint32_t refs, state;
	struct mhttp_conn *conn;             /* pinned, except inline */
	struct mummy_http_loop *loop;
	const struct mummy_http_route *route;     /* NULL in errors before routing */
	struct mummy_http_head head;
	uint8_t malformed, is_inline, is_head, secure;
	uint8_t keep_alive;                  /* as far as the request goes */
	uint8_t body_owned;
	uint8_t in_handler, sink_after;
	struct mhttp_recv *recv;             /* where the head lies, when detached; else before spare */
	struct mummy_http_field *own_fields; /* when detached */
	const char *path, *host;
	uint32_t path_n, host_n;
	char *spare;                         /* room for strings that are not in the head as they are */
	uint32_t spare_n, spare_cap;
	struct mhttp_param *params;
	unsigned nparams, max_params;
	char *body;                          /* whole */
	size_t body_n, body_cap, body_charged;
	struct mhttp_text extra;             /* fields for the coming answer, as lines */
	struct mhttp_text trailers;          /* name NUL value NUL ... */
	void *user;
	void (*user_release)(void *p);
	_Atomic(char *) peer;                /* NULL: nobody asked yet. In spare, else of its own */
	uint64_t began_ns;                   /* when somebody will ask */
	unsigned middles;                    /* of the router's middleware let it pass */
	_Atomic uint32_t kicked;
	int status, error;                   /* of the answer */
	uint64_t sent;                       /* octets of its body */
	struct mhttp_told *told;
	struct mhttp_inbox_node back;        /* the end of the lease */
	struct mhttp_inbox_node kick;        /* abort, flush, sink: see kicked */
	/* streamed bodies (sink.c) */
	struct mhttp_sink sink;
	_Atomic uint32_t pause;
	int sink_status, ready_status;
	uint8_t sink_thin;                   /* little comes at a time: by way of memory */
	uint8_t sink_much;                   /* it came in large pieces so far */
	uint8_t sink_owes;                   /* an event was taken, and the socket not read until it was dry */
	uint8_t sink_deaf;                   /* the loop is not told of what comes until the socket was read dry */
	uint8_t sink_dry;
	uint8_t streaming;                   /* the answer is a stream */
	uint8_t quick;                       /* its route says so: on the loop */
	uint64_t sink_bytes;
	uint64_t idle_at;                    /* sink_bytes, one more, when it was parked with nothing to read */
	uint32_t idle_since;                 /* and the time of that */
	pthread_t handler_thread;
};

/* ---- Loops --------------------------------------------------------------------------------------- */
enum { MHTTP_WHEEL_SLOTS = 256, MHTTP_WHEEL_SHIFT = 5 };  /* 32 ms a slot */
struct mhttp_wheel {
	struct mhttp_link slots[MHTTP_WHEEL_SLOTS];
	uint32_t at;                         /* the slot time that was looked at last */
	uint32_t count;
	struct mummy_poller_timer timer;
	uint32_t timer_at;
	int timer_set;
};

struct mhttp_hook {
	struct mhttp_hook *next;
	const void *key;
	struct mummy_http_hook hook;
	void *ctx;
	/* the loop's */
	uint64_t due_ms;                     /* as its turn told, if it was called */
	int told;                            /* that the server stops */
};

struct mhttp_stats {
	_Atomic uint64_t connections, exchanges, streams, accepted, refused, requests, timeouts, bytes_in,
		bytes_out;
	_Atomic uint64_t answers[6];
};

struct mhttp_acceptor {
	struct mummy_poller_watch watch;
	struct mummy_http_loop *loop;
	int fd;                              /* -1: closed */
	uint16_t listener;
	int shared;                          /* between loops: the server closes it */
	struct mummy_poller_timer retry;
};

/* How answers of 200 begin: status line and date, made when it is asked for in a turn the first time. */
enum { MHTTP_BEGIN_BYTES = 54 };
struct mhttp_begin {
	int fresh;
	int64_t second;                      /* of text */
	char text[MHTTP_BEGIN_BYTES];
};

struct mummy_http_loop {
	_Atomic unsigned refs;
	struct mummy_http_server *server;    /* referenced */
	mummy_poller *poller;
	const uint64_t *clock;               /* the poller's */
	struct mhttp_inbox *inbox;
	pthread_t thread;
	int started, edge;                   /* edge: epoll */
	int pending;                         /* something is queued: do not sleep */
	uint64_t hooks_due_ms;               /* UINT64_MAX: never */
	_Atomic int ended;
	int draining, closed, hooks_closed;
	uint32_t drain_until, goodbye_until;
	struct mummy_poller_timer drain_timer, calm_timer;
	int grown;                           /* calm_timer is set */
	uint32_t grown_ms;
	uint32_t upgraded, ups;              /* upgraded connections: open; with those that linger */
	pthread_mutex_t park_lock;           /* threads that wait for the lock of one of them */
	pthread_cond_t park;
	struct mhttp_acceptor *acceptors;
	size_t nacceptors;
	int reserve_fd;
	int refusal_logged;
	unsigned refusals_untold;
	uint32_t refusal_line;               /* not before then is the next one logged */
	struct mhttp_wheel wheel;
	_Atomic(struct mhttp_hook *) hooks;
	struct mhttp_link timers;            /* of mummy_http_loop_timer */
	struct mhttp_recv *recv;
	char *at, *end;                      /* what is being parsed; at is where the next request begins */
	int dry;                             /* the last read emptied the socket */
	char *gather;                        /* answers of inline handlers, of the connection in hand */
	size_t gather_n, gather_cap;
	const struct mhttp_scanner *scanner; /* for heads */
	struct mummy_http_field *fields;
	mummy_http_exchange *inline_x;
	struct mhttp_begin begin;
	struct mhttp_stats stats;
};

struct mhttp_listener {
	struct mummy_http_listener opt;      /* strings are not kept but unix_path */
	char *unix_path;
	uint64_t unix_dev, unix_ino;
	int *fds;                            /* one per loop, or one for all */
	size_t nfds;
	uint16_t port;
};

struct mhttp_date { _Atomic uint32_t seq; _Atomic uint64_t second, text[4]; };

enum { MHTTP_LARGE_CHUNK = 1024 * 1024 };

struct mummy_http_server {
	_Atomic unsigned refs;
	struct mummy_http_options opt;       /* with the defaults filled in; listeners is not kept */
	mummy_http_router *router;
	struct mhttp_listener *listeners;
	size_t nlisteners;
	struct mummy_http_loop **loops;
	unsigned nloops;
	int middles;                         /* the router has some: asked for by every request */
	_Atomic int stopping, dead;
	_Atomic uint64_t connections, buffered;
	struct mhttp_date date;
	struct mhttp_gzip *gzip;             /* NULL: never */
	pthread_mutex_t hooks_lock;
	struct mhttp_pipes pipes;
	char *_Atomic large_chunk;           /* of MHTTP_LARGE_CHUNK octets, not in use; or NULL */
};

/* server.c */
void mhttp_server_unref(struct mummy_http_server *s);
void mhttp_log(struct mummy_http_server *s, enum mummy_http_level level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
static inline void mhttp_count(_Atomic uint64_t *counter, uint64_t n)
{
	atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}
static inline void mhttp_uncount(_Atomic uint64_t *counter, uint64_t n)
{
	atomic_fetch_sub_explicit(counter, n, memory_order_relaxed);
}
/* listener.c */
int mhttp_listeners_open(struct mummy_http_server *s, const struct mummy_http_options *opt);
void mhttp_listeners_close(struct mummy_http_server *s);
/* accept.c */
int mhttp_accept_start(struct mummy_http_loop *l);
void mhttp_accept_stop(struct mummy_http_loop *l);
/* loop.c */
int mhttp_loop_new(struct mummy_http_loop **out, struct mummy_http_server *s);
void mhttp_loop_ref(struct mummy_http_loop *l);
void mhttp_loop_unref(struct mummy_http_loop *l);
/* 1 go on, 0 drained, <0. The time between two turns may have been somebody else's. */
int mhttp_loop_turn(struct mummy_http_loop *l, int timeout_ms);
int mhttp_loop_run(struct mummy_http_loop *l);  /* turns until it is drained: 0, <0 */
int mhttp_loop_timeout(struct mummy_http_loop *l);
void mhttp_loop_end(struct mummy_http_loop *l);
int mhttp_loop_is_here(const struct mummy_http_loop *l);
size_t mhttp_recv_size(const struct mummy_http_server *s);
struct mhttp_recv *mhttp_loop_recv(struct mummy_http_loop *l);  /* makes it when it was taken; NULL */
/* Much came, or waited to be sent: once nothing has for a while, what it took goes back to the system. */
void mhttp_loop_grown(struct mummy_http_loop *l);
uint32_t mhttp_now(void);                /* milliseconds, coarse, wrapping */
static inline int32_t mhttp_until(uint32_t when, uint32_t now)
{
	return (int32_t)(when - now);
}
/* drain.c */
int mhttp_drain(struct mummy_http_loop *l);  /* 1 all is finished */
void mhttp_drain_cut(struct mummy_http_loop *l);
/* loop_timer.c */
void mhttp_loop_timers_end(struct mummy_http_loop *l);
/* hook.c */
void mhttp_hooks_turn(struct mummy_http_loop *l);  /* of those that are due */
void mhttp_hooks_tell(struct mummy_http_loop *l);  /* that the server stops */
int mhttp_hooks_say_goodbye(struct mummy_http_loop *l);  /* 1 when one of them wants to */
void mhttp_hooks_end(struct mummy_http_loop *l);
/* wheel.c */
void mhttp_wheel_init(struct mhttp_wheel *w);
void mhttp_wheel_add(struct mummy_http_loop *l, struct mhttp_conn *c);
void mhttp_wheel_move(struct mummy_http_loop *l, struct mhttp_conn *c);
void mhttp_wheel_remove(struct mummy_http_loop *l, struct mhttp_conn *c);
void mhttp_wheel_each(struct mummy_http_loop *l, void (*visit)(struct mhttp_conn *c));
/* timeouts.c: ms from now when the connection must be looked at again; and that look */
uint32_t mhttp_conn_due(struct mhttp_conn *c, uint32_t now);
void mhttp_conn_expire(struct mhttp_conn *c, uint32_t now);
/* For who owns the queue of that pace; fd is its socket. _due as _conn_due; _slow: the client takes too
 * little. */
uint32_t mhttp_output_due(const struct mummy_http_server *s, const struct mhttp_pace *p, uint32_t now);
int mhttp_output_slow(const struct mummy_http_server *s, struct mhttp_pace *p, int fd, uint32_t now);

/* conn.c: calls on the loop, but for _lease_end, _ref and _unref */
struct mhttp_conn *mhttp_conn_new(struct mummy_http_loop *l, int fd, uint16_t listener);
void mhttp_conn_turn(struct mhttp_conn *c);
void mhttp_conn_close(struct mhttp_conn *c, int status);
void mhttp_conn_cut(struct mhttp_conn *c);   /* shutdown: the owner sees the end */
void mhttp_conn_ref(struct mhttp_conn *c);
void mhttp_conn_unref(struct mhttp_conn *c);
void mhttp_conn_watch(struct mhttp_conn *c);
/* Others are to have their turn; what is left to read is reported again. */
void mhttp_conn_again(struct mhttp_conn *c);
enum { MHTTP_TURN_READS = 16 };
void mhttp_conn_finish(struct mhttp_conn *c);
void mhttp_conn_release_all(struct mhttp_conn *c);
void mhttp_io_free(struct mhttp_conn *c);
void mhttp_conn_leased_event(struct mhttp_conn *c, uint32_t word, unsigned events);
/* lease.c */
void mhttp_lease(struct mhttp_conn *c, mummy_http_exchange *x, int dry);
void mhttp_lease_end(mummy_http_exchange *x);
void mhttp_exchange_done(mummy_http_exchange *x, uint32_t bit);
int mhttp_kick(mummy_http_exchange *x, uint32_t what);
enum {
	MHTTP_KICK_ABORT = 1, MHTTP_KICK_FLUSH = 2, MHTTP_KICK_SINK = 4, MHTTP_KICK_WATCH = 8,
	MHTTP_KICK_POSTED = 16, MHTTP_KICK_DUE = 32
};
/* io.c: kept input; the owner of the input */
struct mhttp_io *mhttp_io(struct mhttp_conn *c);
void mhttp_io_trim(struct mhttp_conn *c);    /* frees what an idle connection does not need */
int mhttp_io_keep(struct mhttp_conn *c, const char *p, size_t n);
int mhttp_io_unread(struct mhttp_conn *c, const char *p, size_t n);  /* puts it in front of what is kept */
void mhttp_kept_free(struct mhttp_kept *in);  /* NULL is fine */
void mhttp_io_fit(struct mhttp_io *io);      /* gives back the room for kept input that is not used */
static inline size_t mhttp_io_kept(const struct mhttp_io *io)
{
	return io->in ? io->in->n : 0;
}
static inline int mhttp_body_over(const struct mhttp_io *io)
{
	return !io->body || io->body->complete;
}
/* transport.c */
ssize_t mhttp_recv(struct mhttp_conn *c, void *p, size_t n);
ssize_t mhttp_recv_pipe(struct mhttp_conn *c, int pipe, size_t n);  /* plain connections only */
ssize_t mhttp_send(struct mhttp_conn *c, const void *p, size_t n);  /* plain connections only */
ssize_t mhttp_sendv(struct mhttp_conn *c, const struct iovec *iov, int n, int more);
ssize_t mhttp_sendfile(struct mhttp_conn *c, int fd, uint64_t off, size_t n);
static inline int mhttp_is_plain(const struct mhttp_conn *c)
{
	return !c->secured;
}
/* input.c */
void mhttp_read_heads(struct mhttp_conn *c);
int mhttp_loop_refill(struct mummy_http_loop *l);
/* Has the loop everything that it needs to serve a request? */
static inline int mhttp_loop_ready(struct mummy_http_loop *l)
{
	return (l->fields && l->inline_x && l->recv) || mhttp_loop_refill(l);
}
int mhttp_read_some(struct mhttp_conn *c);   /* 1: l->at to l->end; 0: nothing; <0: no more will come */
void mhttp_unkeep(struct mhttp_conn *c);     /* what was kept and not looked at: l->at to l->end */
/* request.c: 1 parsing goes on at l->at; 0 the connection is not the loop's any more, or waits */
int mhttp_request(struct mhttp_conn *c, struct mummy_http_head *h, size_t head_n);
const struct mummy_http_executor *mhttp_executor(const mummy_http_exchange *x);  /* NULL: the loop */
void mhttp_run_handler(void *x);
int mhttp_request_ready(struct mhttp_conn *c, mummy_http_exchange *x);
int mhttp_request_here(mummy_http_exchange *last);
/* errors.c */
void mhttp_error_answer(mummy_http_exchange *x, int status);
void mhttp_error_exchange(mummy_http_exchange *x, int status, const char *why);
void mhttp_error_unhandled(mummy_http_exchange *x, int status, const char *why);
void mhttp_error_conn(struct mhttp_conn *c, int status, const char *why);
/* body.c */
int mhttp_body_start(struct mhttp_conn *c, const mummy_http_exchange *x, uint64_t max);
/* One piece of content out of n octets at p: 1 a piece; 0 none left; <0 bad: -status. x, for trailers, may be
 * NULL. */
int mhttp_body_feed(struct mhttp_body *b, mummy_http_exchange *x, char *p, size_t n, size_t *used,
		struct mummy_http_span *piece);
int mhttp_body_is_short(const struct mhttp_body *b);
int mhttp_body_some(struct mhttp_conn *c);
void mhttp_body_turn(struct mhttp_conn *c);
void mhttp_body_drain(struct mhttp_conn *c);
/* exchange.c */
struct mhttp_room { size_t fields, params, text, spare; };
mummy_http_exchange *mhttp_exchange_new(struct mummy_http_loop *l, struct mhttp_room room);
void mhttp_exchange_bind(mummy_http_exchange *x, struct mhttp_conn *c);
void mhttp_exchange_free(mummy_http_exchange *x);
void mhttp_exchange_reset(mummy_http_exchange *x);
void mhttp_exchange_detach(mummy_http_exchange *x);
void mhttp_exchange_forgotten(mummy_http_exchange *x);
/* One with room for a head that was parsed from n octets at p, which are copied, and for what m says. */
mummy_http_exchange *mhttp_exchange_of(struct mummy_http_loop *l, struct mummy_http_head *h,
		const struct mhttp_match *m, const char *p, size_t n);
void mhttp_exchange_fill(mummy_http_exchange *x, struct mummy_http_head *h);
void mhttp_exchange_params(mummy_http_exchange *x, const struct mhttp_match *m);
/* The text of mummy_http_peer: _note by who asks first, on any thread, gives what all see, NULL: no memory;
 * _set by middleware, before anybody else: 0 or -ENOMEM. */
const char *mhttp_peer_note(mummy_http_exchange *x, const char *text);
int mhttp_peer_set(mummy_http_exchange *x, const char *text);
struct mhttp_told *mhttp_told(mummy_http_exchange *x);  /* made when it is not there yet; NULL */
/* redirect.c: 308 to the path with a slash more, or less, at its end */
void mhttp_redirect(mummy_http_exchange *x);
/* request_get.c. once: a field that can't be repeated; of several lines, which say nothing, it is empty.
 * joined: a list; room is for several lines, and when that is too short it is empty. p NULL: there is
 * none. */
enum { MHTTP_JOINED = 512 };
struct mummy_http_span mhttp_slot_once(const mummy_http_exchange *x, enum mummy_http_slot slot);
struct mummy_http_span mhttp_slot_joined(const mummy_http_exchange *x, enum mummy_http_slot slot,
					 char room[MHTTP_JOINED]);
const char *mhttp_peer_text(const struct mhttp_conn *c, char *out, size_t size);
/* head_out.c */
struct mhttp_line_size { size_t name, value; };
enum { MHTTP_SIZED_LINES = 16 };             /* longer lists are measured again when they are written */
struct mhttp_reply {
	int status;
	const struct mummy_http_header *h;
	size_t nh;
	enum { MHTTP_REPLY_COPY, MHTTP_REPLY_TAKEN, MHTTP_REPLY_FILE, MHTTP_REPLY_STREAM } kind;
	const void *body;
	uint64_t len;                        /* MUMMY_HTTP_UNKNOWN: chunked, or until close */
	void (*done)(void *arg);
	void *arg;
	int fd;
	uint64_t off;
	/* filled in on the way */
	const char *type;                    /* Content-Type, when not in h */
	size_t room;                         /* for the lines of h; 0: not measured */
	struct mhttp_line_size *sizes;       /* of those lines, when that is set */
	uint64_t lengths;                    /* then, those of its names: bit n modulo 64 */
	int close, bodyless, gzip, vary, chunked, identity;
};
int mhttp_fields_ok(const struct mummy_http_header *h, size_t nh);
int mhttp_fields_measure(struct mhttp_reply *r);  /* are they? Fills in room and lengths */
size_t mhttp_head_room(const mummy_http_exchange *x, const struct mhttp_reply *r);
size_t mhttp_head_write(mummy_http_exchange *x, const struct mhttp_reply *r, char *out);
size_t mhttp_fields_room(const struct mummy_http_header *h, size_t nh);
char *mhttp_fields_write(char *p, const struct mummy_http_header *h, size_t nh);
char *mhttp_status_line(char *p, int status);
int mhttp_name_is(const char *name, size_t n, const char *want, size_t want_n);
/* The value of a field of the coming answer; p NULL: it has none. */
struct mummy_http_span mhttp_answer_search(const mummy_http_exchange *x, const struct mhttp_reply *r,
		const char *name, size_t n);
static inline struct mummy_http_span mhttp_answer_field(const mummy_http_exchange *x,
		const struct mhttp_reply *r, const char *name)
{
	size_t n = strlen(name);

	if (x->extra.n == 0 && r->room && !(r->lengths >> n % 64 & 1))
		return (struct mummy_http_span){ NULL, 0 };
	return mhttp_answer_search(x, r, name, n);
}
/* Has middleware added such a field to the coming answer? */
static inline int mhttp_has_added(const mummy_http_exchange *x, const char *name)
{
	const struct mhttp_reply none = { .status = 0 };

	return x->extra.n && mhttp_answer_search(x, &none, name, strlen(name)).p;
}
/* reason.c */
const char *mhttp_reason(int status);
/* date_now.c */
/* Seconds since 1970, on the clock of the Date field. */
int64_t mhttp_clock(void);
void mhttp_date_now(struct mhttp_date *d, char out[30]);
const char *mhttp_begin_renew(struct mummy_http_loop *l);
static inline const char *mhttp_loop_begin(struct mummy_http_loop *l)  /* on the loop */
{
	return l->begin.fresh ? l->begin.text : mhttp_begin_renew(l);
}
/* respond_plain.c: an inline exchange is answered with 200 */
int mhttp_respond_plain(mummy_http_exchange *x, const struct mummy_http_header *h, size_t nh, const void *body,
		size_t len);
/* respond.c */
int mhttp_respond_copy(mummy_http_exchange *x, int status, const struct mummy_http_header *h, size_t nh,
		const void *body, size_t len);
int mhttp_reply(mummy_http_exchange *x, struct mhttp_reply *r);
int mhttp_sink_is_active(const mummy_http_exchange *x);
int mhttp_claim(mummy_http_exchange *x);
void mhttp_reply_drop(struct mhttp_reply *r);
void mhttp_reply_prepare(mummy_http_exchange *x, struct mhttp_reply *r);
int mhttp_reply_head(mummy_http_exchange *x, struct mhttp_reply *r);
int mhttp_send_interim(struct mhttp_conn *c, const void *p, size_t n);  /* 0, 1 queued, <0 broken */
int mhttp_continue(struct mhttp_conn *c);
int mhttp_gather_flush(struct mhttp_conn *c);
/* output.c: the owner of the output. Nothing here calls back but _segs_finish and _seg_done. */
int mhttp_out_copy(struct mhttp_conn *c, struct mhttp_out *o, const struct iovec *iov, int n, size_t skip);
/* Sends or queues iov, copied, then tail, which may be NULL. 0 all sent, 1 queued, <0 broken. A tail whose
 * kind is not MHTTP_SEG_QUEUED afterwards is still the caller's, who calls mhttp_seg_done. */
int mhttp_out_write(struct mhttp_conn *c, struct mhttp_out *o, const struct iovec *iov, int n,
		struct mhttp_seg *tail);
int mhttp_out_fits(const struct mummy_http_server *s, uint64_t n);  /* in max_buffered_bytes */
/* Memory for a segment with n octets behind it, of which count are counted. All connections together are
 * bounded: when that is spent, who does not take his answer is cut. */
struct mhttp_seg *mhttp_seg_new(struct mummy_http_server *s, size_t n, uint64_t count);
int mhttp_out_tail(struct mhttp_conn *c, struct mhttp_out *o, struct mhttp_seg *tail);
int mhttp_out_flush(struct mhttp_conn *c, struct mhttp_out *o);  /* 0 empty, -EAGAIN, <0 broken */
void mhttp_out_clear(struct mhttp_conn *c, struct mhttp_out *o); /* to finished */
struct mhttp_seg *mhttp_out_finished(struct mhttp_out *o);
void mhttp_segs_finish(struct mhttp_seg *list);
void mhttp_seg_done(struct mhttp_seg *seg);
static inline int mhttp_conn_output(const struct mhttp_conn *c)
{
	return c->io && c->io->out && c->io->out->first;
}
void mhttp_conn_unqueue(struct mhttp_conn *c);  /* what is queued will not be sent */
/* sink.c */
void mhttp_sink_event(struct mhttp_conn *c);
void mhttp_sink_run(mummy_http_exchange *x);
void mhttp_sink_resume(mummy_http_exchange *x);
/* stream.c */
void mhttp_stream_event(struct mhttp_conn *c);
void mhttp_stream_cut(struct mhttp_conn *c, int status);
int mhttp_stream_stalled(const struct mhttp_conn *c);
uint32_t mhttp_stream_due(const struct mhttp_conn *c, uint32_t now);  /* INT32_MAX: nothing is queued */
int mhttp_stream_slow(const struct mhttp_conn *c, uint32_t now);
/* upgraded.c, loop: the lease is back, c goes; the loop has ended, and the caller closes c; all of them */
void mhttp_up_take(struct mhttp_conn *c);
void mhttp_up_orphan(struct mhttp_conn *c);
void mhttp_ups_drain(struct mummy_http_loop *l);
void mhttp_ups_cut(struct mummy_http_loop *l);
#endif
