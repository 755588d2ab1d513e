/*
 * mummy/http.h - HTTP/1.1 server: routes, exchanges, streams (RFC 9110, RFC 9112; libmummy-http).
 *
 * A server runs loops, one thread each. A loop accepts connections and parses requests; each
 * request becomes an exchange and goes to the handler that the router finds. Handlers run on the
 * executor, where they may block; without an executor, or on a route marked MUMMY_HTTP_INLINE, they
 * run on the loop and must not. An exchange is answered once, from any thread, now or later. One
 * exchange at a time is out per connection, so pipelined answers keep their order.
 *
 * Words: borrowed = the caller keeps it, and the callee uses it until the call returns or as stated;
 * copied = the callee made its own; taken = the callee owns it from the call on, also when the call
 * fails. Functions that can fail return a negative errno; *out is written on success only; NULL may
 * be given to _free and _unref. In options zero means default, and the reserved tail must be zero
 * (-EINVAL). "Loop" calls and callbacks belong to the loop's thread. No callback runs with a lock
 * held. Signal dispositions of the process are never changed.
 *
 *     static void hello(mummy_http_exchange *x, void *ctx)
 *     {
 *             (void)ctx;
 *             mummy_http_respond_text(x, 200, "Hello, World!\n");
 *     }
 *     int main(void)
 *     {
 *             struct mummy_http_listener at = { .port = 8080 };
 *             struct mummy_http_options opt = { .listeners = &at, .nlisteners = 1 };
 *             struct mummy_http_route route = { .handler = hello };
 *             mummy_http_router *router;
 *             mummy_http_server *server;
 *
 *             if (mummy_http_router_new(&router) < 0
 *                 || mummy_http_router_add(router, "GET", "/", &route) < 0
 *                 || mummy_http_server_new(&server, router, &opt) < 0)
 *                     return 1;
 *             mummy_http_server_run(server);
 *             mummy_http_server_free(server);
 *             mummy_http_router_unref(router);
 *     }
 */
#ifndef MUMMY_HTTP_H
#define MUMMY_HTTP_H
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>
#ifdef __cplusplus
extern "C" {
#endif
#ifndef MUMMY_HTTP_API
#define MUMMY_HTTP_API  /* the library's own build sets the visibility here */
#endif

/* ---- Version ------------------------------------------------------------------------------------ */
#define MUMMY_HTTP_VERSION_MAJOR 0
#define MUMMY_HTTP_VERSION_MINOR 1
#define MUMMY_HTTP_VERSION_PATCH 0
#define MUMMY_HTTP_VERSION "0.1.0"
/** The version of the library that is linked, as MUMMY_HTTP_VERSION is that of this header. Static. */
MUMMY_HTTP_API const char *mummy_http_version(void);

typedef struct mummy_http_router mummy_http_router;     /**< counted; frozen once served */
typedef struct mummy_http_server mummy_http_server;     /**< owned */
typedef struct mummy_http_exchange mummy_http_exchange; /**< one request and its answer; held */
typedef struct mummy_http_stream mummy_http_stream;     /**< counted; writable from any thread */
typedef struct mummy_http_loop mummy_http_loop;         /**< borrowed from an exchange or stream */
/** A field line. A length of 0 means that the string is NUL-terminated. */
struct mummy_http_header { const char *name, *value; size_t name_len, value_len; };
#define MUMMY_HTTP_HEADER(name, value) { (name), (value), 0, 0 }
#define MUMMY_HTTP_UNKNOWN UINT64_MAX    /**< a length that was not announced, or no limit */

/** Runs work on other threads: mummy_pool_submit, _wait and _wake fit. submit: 0 = run(arg) is called
 *  exactly once; <0 = never (503 is answered). wait and wake park a fiber; NULL: the thread blocks.
 *  A handler on a fiber may park wherever it likes: no lock is held and no thread-local in use while it
 *  runs, and at most 4 KiB of its stack are; but the fiber has to stay on one thread until it returns.
 *  token: two zero words, for one wait and at most one wake, in either order; wait gives 0, or
 *  -ETIMEDOUT after timeout_ms (-1: no limit). */
struct mummy_http_executor {
	int (*submit)(void *ctx, void (*run)(void *arg), void *arg);
	void *ctx;
	int (*wait)(void *ctx, void *token, int timeout_ms);
	void (*wake)(void *ctx, void *token);
	uintptr_t reserved[2];
};

/* ---- Routes ----------------------------------------------------------------------------------- */
/** Serves one request. x is borrowed: valid until the handler returned and the last hold is gone. */
typedef void mummy_http_handler(mummy_http_exchange *x, void *ctx);
enum {                                   /* struct mummy_http_route flags */
	MUMMY_HTTP_STREAM = 1,               /**< call at the end of the head; the body is streamed */
	MUMMY_HTTP_INLINE = 2,               /**< call on the loop: must not block */
	MUMMY_HTTP_IDENTITY = 4,             /**< never compress the answers */
	MUMMY_HTTP_INFLATE = 8               /**< whole bodies with Content-Encoding: gzip reach the handler
	                                          decoded, if they fit max_body_bytes then too (else 413);
	                                          malformed is 400, another coding 415 */
};
struct mummy_http_route {
	mummy_http_handler *handler;
	void *ctx;
	unsigned flags;
	uint64_t max_body_bytes;             /**< 0: the server's; MUMMY_HTTP_UNKNOWN: no limit; above it
	                                          413, before it is read where the length is announced */
	const struct mummy_http_executor *executor;  /**< copied; NULL: the server's */
	/** Asked on the loop, with the route's ctx, of each request that has no body, or whose body is there
	 *  already: 1 the handler will not block, nor what it does with the body, and is called on the loop,
	 *  which saves the way to the executor and back; 0: as the route is otherwise. x is only to be looked
	 *  at. Not asked where a middleware's before may block. NULL: all are 0. */
	int (*quick)(mummy_http_exchange *x, void *ctx);
	uintptr_t reserved[3];
};
/** An empty router with one reference; -ENOMEM. One thread at a time adds to it; once a server has it,
 *  it is frozen and shared. */
MUMMY_HTTP_API int mummy_http_router_new(mummy_http_router **out);
MUMMY_HTTP_API mummy_http_router *mummy_http_router_ref(mummy_http_router *r);
MUMMY_HTTP_API void mummy_http_router_unref(mummy_http_router *r);
/** Adds a route; everything is copied. method: a token, case-sensitive; NULL: any that no other route of the
 *  same place names.
 *
 *  pattern: segments behind slashes, at most 32. A segment is literal, {name} (one segment, not empty; name:
 *  letters, digits, _ and -) or, as the last one, * (the rest, also empty; param "*"); at most 16
 *  parameters, the names different. Literals win over parameters, these over tails, whatever the
 *  order of registration; where the rest then does not fit, the next is tried. The names belong to the
 *  route: another one may call the same place otherwise. "/a" and "/a/" are different (but see
 *  mummy_http_router_slash).
 *
 *  The raw path is split first, then literals are compared octet by octet with escapes decoded once:
 *  /%61 is /a, %2F separates nothing, a malformed escape equals no literal. Dot segments are not removed.
 *
 *  The most specific pattern that fits the path decides, then the method is looked at: GET serves HEAD
 *  where no route names it; OPTIONS is answered with 204 and other methods with 405, both with Allow.
 *  "OPTIONS *", which asks for no resource, is answered with 204 alone (RFC 9110 section 9.3.7). Who expects
 *  other than 100-continue gets 417, and who asks for https on a plain connection 421 (section 7.4).
 *  -EEXIST the same place and method; -EINVAL pattern, method, route; -EBUSY already served; -ENOMEM. */
MUMMY_HTTP_API int mummy_http_router_add(mummy_http_router *r, const char *method,
		const char *pattern, const struct mummy_http_route *route);

/* ---- Server ----------------------------------------------------------------------------------- */
struct mummy_http_transport;             /* see the end: TLS */

/** Where to listen: one of address and port, unix_path, fd. All zero: loopback, any free port. */
struct mummy_http_listener {
	const char *address;                 /**< numeric IPv4 or IPv6; NULL: 127.0.0.1 */
	uint16_t port;                       /**< 0: the kernel picks */
	const char *unix_path;               /**< a socket file; one whose server is gone is replaced; removed
	                                          at the end */
	int fd;                              /**< > 0: a listening socket, taken (activation, restart) */
	/** 1: other processes that set it too may share the port, and connections are spread over
	 *  all; 0: a port in use is -EADDRINUSE, also with several loops. */
	int reuse_port;
	/** Makes the transport of an accepted connection; NULL: plain. Loop. *conn is the first argument of
	 *  its functions. <0: the connection is closed. */
	int (*transport)(void *ctx, int fd, const struct mummy_http_transport **ops, void **conn);
	void *transport_ctx;
	/** Congestion control of its TCP connections, by a name that tcp(7) knows; -ENOENT: the kernel does
	 *  not. "": the system's. NULL: likewise, but "reno" on a loopback address where the system's is a
	 *  bbr: that sends by timers, at the pace of a path through a network, and within one host the timers
	 *  cost several times what the sending does. A socket that was taken keeps what it has. */
	const char *congestion;
	uintptr_t reserved[3];
};

enum mummy_http_level { MUMMY_HTTP_ERROR = 0, MUMMY_HTTP_WARNING = 1, MUMMY_HTTP_INFO = 2 };
struct mummy_http_options {
	const struct mummy_http_listener *listeners; size_t nlisteners;  /**< none: one of zeroes */
	struct mummy_http_executor executor; /**< none: handlers run on the loop */
	unsigned loops;                      /**< 0: 1 */
	int poller;                          /**< enum mummy_poller_backend; 0: the best */
	/* times; UINT_MAX: none */
	unsigned head_timeout_ms;            /**< for a whole head from its first octet, then 408; 0: 10 s */
	unsigned idle_timeout_ms;            /**< between requests, then it is closed; 0: 60 s */
	unsigned drain_timeout_ms;           /**< after stop, then what is in flight is cut; 0: 10 s */
	unsigned min_body_rate;              /**< bytes per second, counted over head_timeout_ms while the
	                                          body is waited for; slower is 408; 0: 256 */
	unsigned min_answer_rate;            /**< bytes per second that the client takes of an answer, a stream
	                                          or after an upgrade, as its side acknowledges them, counted
	                                          over idle_timeout_ms (60 s when that is none) while some
	                                          are queued all along; slower is cut off. A stream with
	                                          nothing to send is not counted. UINT_MAX: anything is
	                                          enough; 0: 256 */
	/* counts and sizes */
	unsigned max_connections;            /**< more get 503; 0: as the descriptor limit allows */
	unsigned max_requests;               /**< per connection; 0: no limit */
	unsigned max_fields;                 /**< then 431; 0: 100 */
	size_t max_line_bytes;               /**< request line, then 414; 0: 8 KiB */
	size_t max_head_bytes;               /**< then 431; 0: 32 KiB */
	uint64_t max_body_bytes;             /**< then 413; 0: 1 MiB */
	size_t max_buffered_bytes;           /**< whole bodies and queued output of all connections:
	                                          above it bodies wait unread for head_timeout_ms, then
	                                          503; who does not take his answer is cut, and writes to
	                                          streams that have some queued are -EAGAIN; 0: 256 MiB */
	size_t chunk_bytes;                  /**< buffer of a streamed body; 0: 256 KiB */
	size_t high_water_bytes;             /**< queued output per connection that asks for a pause */
	size_t hard_limit_bytes;             /**< and that is refused; 0: 256 KiB and 17 MiB */
	size_t gzip_min_bytes;               /**< smaller answers are not compressed; 0: 1 KiB */
	int gzip_level;                      /**< 1 to 9; 0: 1; -1: no gzip */
	/** Answers x for the server's own errors, 404 and 405 too, by respond; what the status needs (Allow)
	 *  is added; unanswered: plain text. On the loop, or for a forgotten answer on the thread that let x
	 *  go: must not block. The method is NULL for a malformed head. */
	void (*error_page)(void *ctx, mummy_http_exchange *x, int status);
	/** One line without newline, borrowed. Any thread; must not block. NULL: no log. */
	void (*log)(void *ctx, enum mummy_http_level level, const char *line);
	/** An answer of that status begins to be sent, an upgrade (101) too: for access logs. Reads x and
	 *  does nothing else with it; the method is NULL for a malformed head. Any thread; must not block.
	 *  NULL: not told. */
	void (*answered)(void *ctx, const mummy_http_exchange *x, int status);
	void *ctx;                           /**< for error_page, log and answered */
	uintptr_t reserved[7];
};

/** Binds and listens. opt is copied, NULL: defaults; the router gets a reference and is frozen.
 *  With several loops each TCP listener has a socket per loop (SO_REUSEPORT), after a bind without that
 *  found the port free; Unix and inherited sockets are shared by the loops.
 *  -EADDRINUSE, -EACCES, -EADDRNOTAVAIL, -EMFILE, -EINVAL, -ENOMEM. */
MUMMY_HTTP_API int mummy_http_server_new(mummy_http_server **out, mummy_http_router *r,
		const struct mummy_http_options *opt);
/** Serves until stopped, then drains and returns 0. The caller's thread is the first loop. */
MUMMY_HTTP_API int mummy_http_server_run(mummy_http_server *s);
/** Accepts nothing new; closes idle connections and finishes what is in flight, at most for
 *  drain_timeout_ms. Upgraded connections are closed when nothing else is left. Any thread;
 *  async-signal-safe. */
MUMMY_HTTP_API void mummy_http_server_stop(mummy_http_server *s);
/** After run returned, or instead of it; never waits. Exchanges and streams that are still held, or whose
 *  handlers still run, are detached: valid until let go, their answers and writes give -EPIPE. Free the
 *  executor's pool after this: that waits for such handlers. */
MUMMY_HTTP_API void mummy_http_server_free(mummy_http_server *s);
/** Port of the i-th listener; 0: none. */
MUMMY_HTTP_API uint16_t mummy_http_server_port(const mummy_http_server *s, size_t i);

/* ---- Reading a request ------------------------------------------------------------------------
 * Getters may be called from any thread that holds x. Strings are borrowed from x and
 * NUL-terminated; *len, when len is not NULL, is the length. NULL: there is none. */
MUMMY_HTTP_API const char *mummy_http_method(const mummy_http_exchange *x, size_t *len);
/** As received; the path without scheme, authority and query; the query alone, NULL when there is no
 *  question mark. All raw. */
MUMMY_HTTP_API const char *mummy_http_target(const mummy_http_exchange *x, size_t *len);
MUMMY_HTTP_API const char *mummy_http_path(const mummy_http_exchange *x, size_t *len);
MUMMY_HTTP_API const char *mummy_http_query(const mummy_http_exchange *x, size_t *len);
/** A parameter of the route's pattern, percent-decoded once. */
MUMMY_HTTP_API const char *mummy_http_param(const mummy_http_exchange *x, const char *name, size_t *len);
/** The first field line of that name, in any case of letters. */
MUMMY_HTTP_API const char *mummy_http_header_get(const mummy_http_exchange *x, const char *name, size_t *len);
/** The whole request body, of length 0 when there is none; NULL on routes with MUMMY_HTTP_STREAM. It may
 *  hold NUL octets and does not end in one. */
MUMMY_HTTP_API const void *mummy_http_body(const mummy_http_exchange *x, size_t *len);
/** Less often: the nth line (from 0) of a name; line i of all, -ENOENT at the end; a trailer, once the
 *  body has ended (RFC 9110 section 6.5). */
MUMMY_HTTP_API const char *mummy_http_header_nth(const mummy_http_exchange *x, const char *name,
		unsigned nth, size_t *len);
MUMMY_HTTP_API int mummy_http_header_at(const mummy_http_exchange *x, size_t i,
		struct mummy_http_header *out);
MUMMY_HTTP_API const char *mummy_http_trailer_get(const mummy_http_exchange *x, const char *name,
		size_t *len);
/** The announced length of the body; MUMMY_HTTP_UNKNOWN when chunked. */
MUMMY_HTTP_API uint64_t mummy_http_body_length(const mummy_http_exchange *x);
/** The client's address ("unix" for a Unix socket); "https" with a transport, else "http"; the authority:
 *  of the target, else the Host field. Or as a trusted proxy says (mummy_http_use_forwarded). The address is
 *  "" where there was no memory for its text: then it is nobody's, and nobody is to be let in by it. */
MUMMY_HTTP_API const char *mummy_http_peer(const mummy_http_exchange *x, size_t *len);
MUMMY_HTTP_API const char *mummy_http_scheme(const mummy_http_exchange *x, size_t *len);
MUMMY_HTTP_API const char *mummy_http_host(const mummy_http_exchange *x, size_t *len);
MUMMY_HTTP_API int mummy_http_minor_version(const mummy_http_exchange *x); /**< of HTTP/1.x */
/** A pointer of the program's; release (may be NULL) is called when x ends, or when it is replaced. */
MUMMY_HTTP_API void mummy_http_user_set(mummy_http_exchange *x, void *p, void (*release)(void *p));
MUMMY_HTTP_API void *mummy_http_user(const mummy_http_exchange *x);

/* ---- Answering --------------------------------------------------------------------------------
 * Any thread, once per exchange; not two at once from different threads. 0; -EALREADY answered before;
 * -EPIPE the client is gone (or memory ran out on the way: the connection is cut); -EINVAL a status
 * outside of 200 to 599, a field name or value with octets that it cannot have, or a framing field
 * (Content-Length, Transfer-Encoding, Keep-Alive): x is still unanswered then. The server adds Date,
 * Content-Length or chunked, and Connection (a Connection field with "close" closes); HEAD, 204, 205
 * and 304 are sent without the body. Text that is long enough is compressed if the client takes gzip, unless
 * Content-Encoding or Cache-Control: no-transform is given (RFC 9110 section 8.4); then Vary is added, to a
 * 304 of text or of a type that it does not say too, and a strong ETag becomes weak. What is not compressed,
 * as it is short, would not shrink or the client takes no gzip, is sent plain also to who says identity;q=0:
 * that serves him better than a 406 (either is right: RFC 9110 sections 12.4.1 and 12.5.3). An answer before
 * the end of the body: the rest is read over if at most 64 KiB are left, else the connection closes after
 * the answer. */
/** h and body are copied as far as they cannot be sent at once. */
MUMMY_HTTP_API int mummy_http_respond(mummy_http_exchange *x, int status,
		const struct mummy_http_header *h, size_t nh, const void *body, size_t len);
/** text/plain; charset=utf-8. */
MUMMY_HTTP_API int mummy_http_respond_text(mummy_http_exchange *x, int status, const char *text);
/** body is taken: done(arg) is called exactly once, on any thread, also on error. */
MUMMY_HTTP_API int mummy_http_respond_taken(mummy_http_exchange *x, int status,
		const struct mummy_http_header *h, size_t nh, const void *body, size_t len,
		void (*done)(void *arg), void *arg);
/** len bytes of a regular file from off, by sendfile. fd is taken: closed when sent, also on error. A
 *  file that turns out shorter cuts the connection. */
MUMMY_HTTP_API int mummy_http_respond_file(mummy_http_exchange *x, int status,
		const struct mummy_http_header *h, size_t nh, int fd, uint64_t off, uint64_t len);
/** Keeps x beyond the handler (the first hold belongs there), to answer later; returns x. The last
 *  release of an unanswered x sends 500, as does a handler that neither answered nor held it; the log says
 *  so. On the loop the first hold takes along the buffer that the request lies in (112 KiB of address
 *  space): where many exchanges wait for long, an executor is cheaper. */
MUMMY_HTTP_API mummy_http_exchange *mummy_http_hold(mummy_http_exchange *x);
MUMMY_HTTP_API void mummy_http_release(mummy_http_exchange *x);
/** 1 when the client hung up or x was aborted. A client that only closed its sending side looks the same, and
 *  an answer still reaches it. The poll back end notices when x is answered. */
MUMMY_HTTP_API int mummy_http_gone(const mummy_http_exchange *x);
/** Cuts the connection of an x that is not finished: with a body that is being read (the sink ends) or an
 *  answer that is streamed. Answering then gives -EPIPE. Any thread. */
MUMMY_HTTP_API void mummy_http_abort(mummy_http_exchange *x);
/** Adds a field to the coming answer; copied. -EALREADY, -EINVAL, -ENOMEM. */
MUMMY_HTTP_API int mummy_http_header_add(mummy_http_exchange *x, const char *name, const char *value);
/** Sends 102 to 199; or 100, which stream_body and whole bodies do by themselves (RFC 9110 section 15.2).
 *  Before the answer, where that would be given. -ENOTSUP: HTTP/1.0; -EALREADY, -EINVAL, -EPIPE. */
MUMMY_HTTP_API int mummy_http_inform(mummy_http_exchange *x, int status,
		const struct mummy_http_header *h, size_t nh);
MUMMY_HTTP_API int mummy_http_continue(mummy_http_exchange *x);

/* ---- Streamed answers, server-sent events, upgrades ------------------------------------------- */
/** Sends the head; the body is written to *out, a new reference. length MUMMY_HTTP_UNKNOWN: chunked, or until
 *  close for HTTP/1.0. To HEAD nothing of what is written is sent. Compressed as a whole answer would be,
 *  each write flushed. Errors as respond, and -ENOMEM. */
MUMMY_HTTP_API int mummy_http_respond_stream(mummy_http_exchange *x, int status,
		const struct mummy_http_header *h, size_t nh, uint64_t length, mummy_http_stream **out);
/** 101 with h, to which Connection: Upgrade is added (RFC 9110 section 7.8); from then on *out carries
 *  raw bytes both ways, and no time-out applies but to output that is not taken. -ENOTSUP: HTTP/1.0; else as
 *  respond_stream. */
MUMMY_HTTP_API int mummy_http_upgrade(mummy_http_exchange *x, const struct mummy_http_header *h,
		size_t nh, mummy_http_stream **out);
/** respond_stream for text/event-stream; each send is one event, and returns as stream_writev; -EINVAL:
 *  a line break in event or id. event, id and data may be NULL. */
MUMMY_HTTP_API int mummy_http_sse(mummy_http_exchange *x, mummy_http_stream **out);
MUMMY_HTTP_API int mummy_http_sse_send(mummy_http_stream *st, const char *event, const char *id,
		const char *data, size_t len);
/** Waits while more than the high water is queued, then writes n bytes, copied. 0; nothing written:
 *  -ETIMEDOUT after timeout_ms (-1: no limit), -EDEADLK it would wait on its loop; else as writev. */
MUMMY_HTTP_API int mummy_http_stream_write(mummy_http_stream *st, const void *p, size_t n, int timeout_ms);
/** Writes all or nothing and never blocks. done NULL: copied; else taken, done(arg) exactly once, on
 *  any thread, also on error. 0; 1 queued above the high water: drain follows; -EAGAIN above the hard
 *  limit, or that of all connections, nothing queued; -EPIPE closed or cut; -EINVAL more than the announced
 *  length. Writes made inside data go out together when it returns. Of several pieces that are taken, the
 *  last is sent without a copy. */
MUMMY_HTTP_API int mummy_http_stream_writev(mummy_http_stream *st, const struct iovec *iov, int n,
		void (*done)(void *arg), void *arg);
MUMMY_HTTP_API size_t mummy_http_stream_pending(const mummy_http_stream *st); /**< bytes queued */
/** Ends it when all is sent: an answer is complete, an upgraded connection closes. Any thread. */
MUMMY_HTTP_API void mummy_http_stream_close(mummy_http_stream *st);
/** Cuts the connection now, so that the client sees an incomplete answer. Any thread. */
MUMMY_HTTP_API void mummy_http_stream_abort(mummy_http_stream *st);
/** The last unref of a stream that was not closed aborts it. */
MUMMY_HTTP_API mummy_http_stream *mummy_http_stream_ref(mummy_http_stream *st);
MUMMY_HTTP_API void mummy_http_stream_unref(mummy_http_stream *st);
/** What happens to a stream; all on its loop, any may be NULL. Must outlive the stream. */
struct mummy_http_stream_events {
	int (*data)(void *ctx, void *p, size_t n);  /**< upgraded: bytes, which may be changed in place.
	                                                 0 more; 1 consumed, pause until resume; <0 abort */
	void *(*room)(void *ctx, size_t *n);  /**< where to receive next, *n bytes; NULL: the loop's buffer,
	                                           which data may use until it returns */
	void (*drain)(void *ctx);             /**< fell below the high water again */
	/** The last call, always: 0, or why it was cut: -EPIPE, -ETIMEDOUT, -ECANCELED aborted, what data
	 *  returned, -ESHUTDOWN the server stops (and if its loop has ended, on the caller's thread). */
	void (*closed)(void *ctx, int status);
	int uncorked;                         /**< 1: writes inside data go out one by one, for who gathers them */
	uintptr_t reserved[4];
};
/** Starts the calls; none comes before, closed always comes. Once. ev and ctx are borrowed until closed. */
MUMMY_HTTP_API void mummy_http_stream_start(mummy_http_stream *st,
		const struct mummy_http_stream_events *ev, void *ctx);
/** After data returned 1: go on. Any thread, also before it returned. */
MUMMY_HTTP_API void mummy_http_stream_resume(mummy_http_stream *st);

/* ---- Streamed request bodies ------------------------------------------------------------------
 * On routes with MUMMY_HTTP_STREAM. A body is read only while the sink runs: TCP is the
 * back-pressure, and slow clients cost no memory and no thread. */
struct mummy_http_sink {                 /* serial, on the route's executor, or where quick has the handler run */
	/** p is borrowed. 0 more; 1 consumed, nothing until body_next; <0 stop, end(<0) follows. */
	int (*data)(void *ctx, const void *p, size_t n);
	/** Instead of data: fetch it with body_read, which never blocks. Returns as data. */
	int (*ready)(void *ctx, mummy_http_exchange *x);
	/** Once, iff stream_body gave 0: 0 complete; -EPIPE cut off, -ETIMEDOUT slower than min_body_rate or idle,
	 *  -EMSGSIZE over a limit, -EBADMSG malformed chunks, -ECANCELED aborted, or what data returned.
	 *  Unless x is answered here or later, these are answered with 400, 408, 413 or 500. */
	void (*end)(void *ctx, int status);
	void *ctx;
	/** Beside data, may be NULL: n octets of the body lie in the pipe fd (1 MiB; borrowed). Reads exactly
	 *  them, by splice into a file, which saves a copy. Returns as data. Comes where that is possible and
	 *  pays: a known length, plain TCP, a client that is fast; else data does. */
	int (*pipe)(void *ctx, int fd, size_t n);
	/** Gather up to so many octets for one call of data, at most 1 MiB, where the body's length is known: saves time
	 *  where each octet is looked at. 0, or less than the server's chunk_bytes: as that says. */
	size_t chunk_bytes;
	/** No octet for so long, while one is waited for: end(-ETIMEDOUT), besides min_body_rate. A pause does not
	 *  count, nor the time that a call takes. 0: none. */
	unsigned idle_ms;
	uintptr_t reserved[1];
};
/** Starts reading, and sends 100 Continue if the client waits for it; sink is copied, and has either data or
 *  ready. Called in the handler, the sink begins when that returns. Hold x until end. The answer may be
 *  given before, within or after; to begin a streamed one first sends a body back while it comes.
 *  -EALREADY, -EPIPE, -EINVAL, -ENOTSUP not such a route. */
MUMMY_HTTP_API int mummy_http_stream_body(mummy_http_exchange *x, const struct mummy_http_sink *sink);
/** Goes on after delay_ms. Any thread, also before data returned 1; once for each 1. */
MUMMY_HTTP_API int mummy_http_body_next(mummy_http_exchange *x, unsigned delay_ms);
/** Inside ready only: >0 bytes; 0 the body is complete; -EAGAIN return and be called again; <0. */
MUMMY_HTTP_API ssize_t mummy_http_body_read(mummy_http_exchange *x, void *buf, size_t n);

/* ---- Routers below routers, slashes ----------------------------------------------------------- */
/** Serves the routes of sub below prefix ("/", or literal segments without a slash at the end: "/api" makes
 *  "/users" of sub "/api/users"), and puts its middleware around them. host: only for that host, in any case
 *  of letters and with any port; NULL: for any. The routes of a host go first; what it has not is looked for
 *  among those of any. sub is referenced and frozen; it has no hosts itself. -EEXIST a route is there
 *  already, nothing was added; -EINVAL; -EBUSY; -ENOMEM. */
MUMMY_HTTP_API int mummy_http_router_mount(mummy_http_router *r, const char *host, const char *prefix,
		mummy_http_router *sub);
/** What "/a" and "/a/" are to each other where only one of them has a route: different; 308 to the one that
 *  has; or the same. Goes for routes that are added afterwards. -EINVAL, -EBUSY. */
enum mummy_http_slash { MUMMY_HTTP_STRICT = 0, MUMMY_HTTP_REDIRECT = 1, MUMMY_HTTP_SAME = 2 };
MUMMY_HTTP_API int mummy_http_router_slash(mummy_http_router *r, enum mummy_http_slash policy);

/* ---- Middleware ------------------------------------------------------------------------------- */
struct mummy_http_middleware {
	/** Where the handler will run, in the order of use, once the body is there unless it is streamed. 0
	 *  go on; 1 stop: it answered x, or holds it to answer later. It may add fields to the coming
	 *  answer. */
	int (*before)(mummy_http_exchange *x, void *ctx);
	/** When x ends, answered: in reverse order, for those whose before was called, and those that have
	 *  none. Reads x and does nothing else with it. Any thread; must not block. */
	void (*after)(mummy_http_exchange *x, void *ctx);
	void *ctx;
	unsigned flags;                      /**< MUMMY_HTTP_INLINE: before does not block, so it is also called
	                                          on the loop for what no handler gets: 404, 405, 417, 421, 501,
	                                          OPTIONS, parameters that cannot be decoded (400), bodies that
	                                          are too large, malformed, too slow or find no room (413, 400,
	                                          431, 408, 503), an executor that takes no more (503) */
	uintptr_t reserved[4];
};
/** Puts m around everything whose path is prefix or lies below it, escapes decoded as for routes; copied.
 *  "/": every request; NULL: also heads that are malformed (after only; the method is NULL then).
 *  -EINVAL, -EBUSY, -ENOMEM. */
MUMMY_HTTP_API int mummy_http_router_use(mummy_http_router *r, const char *prefix,
		const struct mummy_http_middleware *m);
/** How it went, for after. */
struct mummy_http_result {
	int status, error;                   /**< of the answer; 0, or why it was cut */
	uint64_t bytes_in, bytes_out;        /**< of the bodies; out: given to be sent */
	uint64_t duration_us;                /**< since the head was read */
	uintptr_t reserved[4];
};
MUMMY_HTTP_API void mummy_http_result_get(const mummy_http_exchange *x, struct mummy_http_result *out);

/* Ready-made. Strings are copied; prefix and errors as in router_use. Let forwarded come first: the others
 * then see the client that it found. */
enum mummy_http_log_format { MUMMY_HTTP_COMMON = 0, MUMMY_HTTP_COMBINED = 1, MUMMY_HTTP_JSON = 2 };
/** One line per answer, without newline, borrowed; at most 4 KiB, long values are cut. Control octets,
 *  quotes and backslashes are escaped. write is called on any thread and must not block. */
MUMMY_HTTP_API int mummy_http_use_access_log(mummy_http_router *r, enum mummy_http_log_format format,
		void (*write)(void *ctx, const char *line, size_t n), void *ctx);
/** X-Request-Id: the client's if it is 1 to 64 letters, digits, ".", "_", "-", else a new one; also in the
 *  answer. */
MUMMY_HTTP_API int mummy_http_use_request_id(mummy_http_router *r);
/** That of x; NULL: it got none. Borrowed from x. */
MUMMY_HTTP_API const char *mummy_http_request_id(const mummy_http_exchange *x);
/** Lets pass who gives credentials (RFC 9110 section 11, RFC 7617, RFC 6750) that check takes: user and
 *  password, or NULL and a bearer token, borrowed. check: 0 go on; -EPERM 403; else 401, as for none, for
 *  that realm. It runs where the handler does and may block there. */
MUMMY_HTTP_API int mummy_http_use_auth(mummy_http_router *r, const char *prefix, const char *realm,
		int (*check)(void *ctx, mummy_http_exchange *x, const char *user, const char *secret), void *ctx);
struct mummy_http_rate {
	unsigned requests, seconds;          /**< on average, per client; 0: 10 and 1 */
	unsigned burst;                      /**< at once; 0: requests */
	unsigned clients;                    /**< remembered, the least busy forgotten first, 24 B each; 0: 16384 */
	uintptr_t reserved[4];
};
/** 429 with Retry-After for a client's requests above the rate; copied, NULL: defaults. A client is an IPv4
 *  address, or the first 64 bits of an IPv6 address; those of a Unix socket are one. */
MUMMY_HTTP_API int mummy_http_use_rate_limit(mummy_http_router *r, const char *prefix,
		const struct mummy_http_rate *rate);
/** Believes Forwarded (RFC 7239), or X-Forwarded-For, -Proto and -Host, from these addresses and networks
 *  ("10.0.0.0/8, ::1, unix"): mummy_http_peer, _scheme and _host then give what the nearest proxy that is not
 *  one of them saw. A proxy lets through what it does not write itself: say "forwarded" or "x-forwarded" in
 *  the list too, then the other is ignored; else X-Forwarded-For goes first. Without memory for the client's
 *  address the request is answered 503, as what it may do can depend on who asks. */
MUMMY_HTTP_API int mummy_http_use_forwarded(mummy_http_router *r, const char *trusted);
struct mummy_http_cors {                 /**< comma-separated lists, copied; NULL: none */
	const char *origins;                 /**< "*": any, and then without credentials */
	const char *methods, *headers;       /**< that a preflight allows; methods NULL: "GET, HEAD, POST" */
	const char *expose;                  /**< fields that scripts may read */
	unsigned max_age_s;                  /**< 0: 5 (the Fetch standard's) */
	int credentials;
	uintptr_t reserved[4];
};
/** Cross-origin requests (the Fetch standard): preflights are answered, others get the fields, errors of
 *  handlers and of the server too; of an origin that is not named neither. Answers to a head that is
 *  malformed, too large or did not come whole have none, as nobody knows whose it was; nor has what is above
 *  max_connections. Let it come before what may refuse, so that a page can read that. */
MUMMY_HTTP_API int mummy_http_use_cors(mummy_http_router *r, const char *prefix,
		const struct mummy_http_cors *cors);

/* ---- Static files ----------------------------------------------------------------------------- */
enum {
	MUMMY_HTTP_FILES_LIST = 1,           /**< a folder without an index is answered with a page of its names, at
	                                          most 10000 */
	MUMMY_HTTP_FILES_DOT = 2,            /**< serve, and list, names that begin with a dot, too */
	MUMMY_HTTP_FILES_SNIFF = 4           /**< leave out "X-Content-Type-Options: nosniff", for files whose types
	                                          browsers have to guess from the content */
};
struct mummy_http_files {
	const char *root;                    /**< a folder; opened at once and then kept open */
	const char *index;                   /**< the file of a folder, a plain name; NULL: "index.html" */
	const char *cache_control;           /**< sent with every file; NULL: none */
	/** Media type of a file name; NULL, or giving NULL: by the extension. Any thread. Borrowed. */
	const char *(*type)(void *ctx, const char *name);
	void *ctx;
	unsigned flags;
	uintptr_t reserved[4];
};
/** Serves the regular files of a folder below prefix, for GET and HEAD, on the executor. Strings are
 *  copied. Each gets a strong ETag of size, time of change and inode, and Last-Modified; preconditions
 *  are evaluated in the order of RFC 9110 section 13.2.2, and ranges are answered with 206 or 416 (14): one
 *  by itself, at most 16 of together at most 1 MiB as multipart/byteranges; more of them, or more than two
 *  that overlap others, with the whole. Where a client takes gzip, NAME.gz is sent for NAME when it is there
 *  and not older, and NAME has Vary for all clients. Browsers are told to believe the type (nosniff), unless
 *  flags say otherwise. A folder's path without its last slash is redirected (308).
 *
 *  Nothing outside of root is reached: "..", ".", empty segments and encoded slashes are 404, NUL and
 *  malformed escapes 400; symbolic links are followed only where the kernel can keep them inside (openat2).
 *  -EINVAL, -ENOENT, -ENOTDIR, -EACCES, -EMFILE, -ENOMEM; as mummy_http_router_add. */
MUMMY_HTTP_API int mummy_http_router_files(mummy_http_router *r, const char *prefix,
		const struct mummy_http_files *files);

/* ---- Loops: timers, posted work, foreign descriptors ------------------------------------------ */
/** 1: its route's quick said that it is quick, and handler and sink run on the loop. */
MUMMY_HTTP_API int mummy_http_is_quick(const mummy_http_exchange *x);
/** The loop of a connection, fixed for its life; valid as long as x or st is. */
MUMMY_HTTP_API mummy_http_loop *mummy_http_exchange_loop(const mummy_http_exchange *x);
MUMMY_HTTP_API mummy_http_loop *mummy_http_stream_loop(const mummy_http_stream *st);
/** Runs run(arg) on the loop (a mummy_http_loop *), exactly once when 0 is returned; -ESHUTDOWN
 *  after its end, -ENOMEM. Any thread. */
MUMMY_HTTP_API int mummy_http_loop_post(void *loop, void (*run)(void *arg), void *arg);
/** The same after delay_ms, or at the loop's end if that comes first. A millisecond clock. */
MUMMY_HTTP_API int mummy_http_loop_timer(mummy_http_loop *l, unsigned delay_ms,
		void (*run)(void *arg), void *arg);
/** To watch foreign descriptors and cancellable timers; loop only (mummy/poller.h). */
MUMMY_HTTP_API struct mummy_poller *mummy_http_loop_poller(mummy_http_loop *l);
struct mummy_http_hook {
	int (*turn)(void *ctx, uint64_t now_ms);  /**< before the loop sleeps: ms until due, -1 none */
	void (*end)(void *ctx);              /**< the last call; all run on the loop */
	/** Once, when the server begins to stop: say goodbye. Upgraded connections are cut a second later at
	 *  the earliest, or when they end by themselves; at once when no hook sets this. */
	void (*stopping)(void *ctx);
	/** Set before make: the loop's time, when its last wait was over, in ms of the monotonic clock; loop
	 *  only. */
	const uint64_t *now_ms;
	/** NULL: turn is called in each turn of the loop. Else only from the time on that stands there, until
	 *  which the loop may sleep; 0: at once. It is changed on the loop only, by turn and by what runs
	 *  before it. */
	const uint64_t *due_ms;
	uintptr_t reserved[1];
};
/** Keeps one object per loop and key, which every caller gets in *ctx. The first makes it: make fills h
 *  and *ctx; an object that lost a race gets end at once, on its caller. Any thread. -ESHUTDOWN. */
MUMMY_HTTP_API int mummy_http_loop_hook(mummy_http_loop *l, const void *key,
		int (*make)(mummy_http_loop *l, struct mummy_http_hook *h, void **ctx, void *arg),
		void *arg, void **ctx);

/* ---- Server, advanced: someone else's loop, restart, figures, TLS ----------------------------- */
/** Instead of run: wait until fd is readable (-ENOTSUP with poll or several loops) or timeout (ms; -1:
 *  none) is over, then step, which waits at most timeout_ms: 1 go on, 0 drained, <0. One thread. */
MUMMY_HTTP_API int mummy_http_server_fd(const mummy_http_server *s);
MUMMY_HTTP_API int mummy_http_server_timeout(const mummy_http_server *s);
MUMMY_HTTP_API int mummy_http_server_step(mummy_http_server *s, int timeout_ms);
/** Writes at most n listening descriptors, borrowed, to pass on to a new process; returns how many
 *  there are. Pass all of them, so that no queued connection is lost. */
MUMMY_HTTP_API size_t mummy_http_server_descriptors(const mummy_http_server *s, int *out, size_t n);
struct mummy_http_stats {
	uint64_t connections, exchanges, streams, buffered_bytes;        /**< now */
	uint64_t accepted, refused, requests, timeouts, bytes_in, bytes_out;  /**< since the start */
	uint64_t answers[6];                 /**< by class: [2] is 2xx */
	uint64_t reserved[8];
};
MUMMY_HTTP_API void mummy_http_stats_get(const mummy_http_server *s, struct mummy_http_stats *out);
/** A byte transport under the connection. One thread at a time receives and one at a time sends; with a body
 *  and an answer streamed at once these may be two. 0 or more; -EAGAIN wait for the socket (in the
 *  handshake for writing when wants_write gives 1); <0 the connection is cut. */
struct mummy_http_transport {
	ssize_t (*recv)(void *conn, void *p, size_t n);
	ssize_t (*sendv)(void *conn, const struct iovec *iov, int n);
	ssize_t (*sendfile)(void *conn, int fd, uint64_t *off, size_t n);  /**< NULL: read and sendv */
	int (*handshake)(void *conn);        /**< 0 done; NULL: none */
	int (*shutdown)(void *conn);
	int (*wants_write)(void *conn);
	void (*free)(void *conn);            /**< the descriptor stays the server's */
	uintptr_t reserved[4];
};

#ifdef __cplusplus
}
#endif
#endif
