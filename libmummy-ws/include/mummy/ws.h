/*
 * mummy/ws.h - WebSocket (RFC 6455) with permessage-deflate (RFC 7692), without I/O (libmummy-ws).
 *
 * What connections have in common (events, limits, executor, topics, how to write) is an endpoint.
 * A connection is fed the bytes that its I/O thread reads and writes through the endpoint's output
 * functions; it may be sent to and closed from any thread. Each I/O thread has one mummy_ws_io, which
 * gathers writes and keeps pings and deadlines. A hub carries topics over all of them. Events of a
 * connection are serial, on the executor; without one, on the I/O thread. The library masks and
 * unmasks, puts fragments together, checks UTF-8, answers pings and carries out the close handshake.
 *
 * With libmummy-http, mummy/adapters/ws-http.h does all the joining. This is a whole endpoint:
 *
 *     static void message(mummy_ws_conn *c, void *user, enum mummy_ws_opcode op,
 *                         const void *data, size_t len)
 *     {
 *             (void)user;
 *             mummy_ws_send(c, op, data, len);
 *     }
 *     struct mummy_ws_events events = { .message = message };
 *     struct mummy_http_route route = { .handler = mummy_ws_http_handler };
 *
 *     mummy_ws_http_endpoint_new(&endpoint, &events, NULL);
 *     route.ctx = endpoint;
 *     mummy_http_router_add(router, "GET", "/ws", &route);
 *
 * Words: borrowed = the caller keeps it, used until the call returns or as stated; copied = the callee
 * made its own; taken = the callee owns it from the call on, also when the call fails. Errors are
 * negative errno. In options zero means default and the reserved tail must be zero (-EINVAL). *out is
 * written on success only. NULL may be given to _free and _unref. Calls are for any thread unless they
 * say "I/O thread"; none blocks. No callback runs with a lock held.
 */
#ifndef MUMMY_WS_H
#define MUMMY_WS_H
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>
#ifdef __cplusplus
extern "C" {
#endif
#ifndef MUMMY_WS_API
#define MUMMY_WS_API  /* the library's own build sets the visibility here */
#endif

/* ---- Version ------------------------------------------------------------------------------------ */
#define MUMMY_WS_VERSION_MAJOR 0
#define MUMMY_WS_VERSION_MINOR 1
#define MUMMY_WS_VERSION_PATCH 0
#define MUMMY_WS_VERSION "0.1.0"
/** The version of the library that is linked, as MUMMY_WS_VERSION is that of this header. Static. */
MUMMY_WS_API const char *mummy_ws_version(void);

typedef struct mummy_ws_endpoint mummy_ws_endpoint; /**< counted; immutable */
typedef struct mummy_ws_conn mummy_ws_conn;         /**< counted */
typedef struct mummy_ws_io mummy_ws_io;             /**< owned; one per I/O thread */
typedef struct mummy_ws_hub mummy_ws_hub;           /**< counted; topics */

/** Opcodes (RFC 6455 section 5.2). Messages are TEXT or BINARY. */
enum mummy_ws_opcode {
	MUMMY_WS_CONTINUATION = 0, MUMMY_WS_TEXT = 1, MUMMY_WS_BINARY = 2,
	MUMMY_WS_CLOSE = 8, MUMMY_WS_PING = 9, MUMMY_WS_PONG = 10
};

/** Runs work on other threads. submit: 0 = run(arg) is called exactly once; <0 = never: input pauses,
 *  and it is tried again at the next turns; after -ESHUTDOWN the connection is closed with 1001, its
 *  messages are dropped, and open and closed run on the I/O thread. wait and wake are not used by this
 *  library; the struct is the same in every library of the suite. */
struct mummy_ws_executor {
	int (*submit)(void *ctx, void (*run)(void *arg), void *arg);
	void *ctx;
	int (*wait)(void *ctx, void *token, int timeout_ms);
	void (*wake)(void *ctx, void *token);
	uintptr_t reserved[2];
};

/* ---- Events and sending ----------------------------------------------------------------------- */

/** Serial per connection; any may be NULL. user is what conn_new was given. c and data are borrowed
 *  until the call returns (mummy_ws_conn_ref keeps c). On the I/O thread they must not block. What the
 *  events of one read send to c goes out together after the last of them; on the executor also after
 *  any that ends more than 1 ms later than what it sent before. mummy_ws_flush lets it out sooner. */
struct mummy_ws_events {
	/** The first call. */
	void (*open)(mummy_ws_conn *c, void *user);
	/** A whole message of at most max_message_bytes; TEXT is valid UTF-8. */
	void (*message)(mummy_ws_conn *c, void *user, enum mummy_ws_opcode op, const void *data, size_t len);
	/** The last call, always. code is the peer's; 1005: its Close had none; 1006: there was no Close. */
	void (*closed)(mummy_ws_conn *c, void *user, uint16_t code);
	/* When message_data is set, messages come in pieces as they arrive, and message is not called. A
	 * piece of TEXT may end within a character. A message that breaks off has no end. */
	void (*message_begin)(mummy_ws_conn *c, void *user, enum mummy_ws_opcode op);
	void (*message_data)(mummy_ws_conn *c, void *user, const void *data, size_t len);
	void (*message_end)(mummy_ws_conn *c, void *user);
	/** An answer to a ping (pings are answered by the library), or one that nobody asked for. */
	void (*pong)(mummy_ws_conn *c, void *user, const void *data, size_t len);
	/** What is pending fell to the high water again, after a send gave 1 or a publish passed it. */
	void (*drain)(mummy_ws_conn *c, void *user);
	uintptr_t reserved[4];
};

/** Sends a message; copied. 0; 1 sent or queued, but more is pending than the high water: wait for
 *  drain. Else nothing is queued: -EAGAIN with it the hard limit would be passed (see enum
 *  mummy_ws_overflow), -EPIPE closing, gone or not started, -EILSEQ TEXT that is not UTF-8, -EINVAL
 *  another opcode, -ENOMEM, -EIO a client without random numbers. Messages of one thread keep their
 *  order. Data of length 0 may be NULL. */
MUMMY_WS_API int mummy_ws_send(mummy_ws_conn *c, enum mummy_ws_opcode op, const void *data, size_t len);
/** The same without a copy: data is taken, done(arg) is called exactly once, on any thread, also on
 *  error. done may send. NULL: as mummy_ws_send. (A client has to copy, to mask it.) */
MUMMY_WS_API int mummy_ws_send_taken(mummy_ws_conn *c, enum mummy_ws_opcode op, const void *data, size_t len,
		void (*done)(void *arg), void *arg);

/** One message in pieces, each a fragment, copied; by one thread at a time. They return what
 *  mummy_ws_send does, and whatever the policy -EAGAIN above the hard limit: the piece may be sent
 *  again. begin: -EBUSY one is open; data, end: -EINVAL none is, -EILSEQ the text is not UTF-8 or, at
 *  the end, within a character. Until end other messages to c wait, counted as pending; control
 *  frames pass. A close ends the open message, unfinished, and drops those that wait behind it. */
MUMMY_WS_API int mummy_ws_message_begin(mummy_ws_conn *c, enum mummy_ws_opcode op);
MUMMY_WS_API int mummy_ws_message_data(mummy_ws_conn *c, const void *data, size_t len);
MUMMY_WS_API int mummy_ws_message_end(mummy_ws_conn *c);

/** Sends a ping with up to 125 bytes, copied. -EINVAL more; else as mummy_ws_send. */
MUMMY_WS_API int mummy_ws_ping(mummy_ws_conn *c, const void *data, size_t len);
/** Starts the close handshake after what is queued (RFC 6455 section 7); closed follows when the peer
 *  has answered and the stream has ended, or close_ms is over. What the peer sends until then is
 *  still given. code: 1000 to 1003, 1007 to 1014, 3000 to 4999, or 0: none; reason: up to 123 bytes of
 *  UTF-8, copied; NULL: none. -EALREADY closing; -EPIPE gone; -EINVAL another code or reason. */
MUMMY_WS_API int mummy_ws_close(mummy_ws_conn *c, uint16_t code, const char *reason);

/** Lets out at once what the events of c have sent so far: for one that goes on to block, or that takes
 *  long. Elsewhere there is nothing to do. 0; -EPIPE not started, or gone. */
MUMMY_WS_API int mummy_ws_flush(mummy_ws_conn *c);
/** Bytes queued for c, not yet with the kernel. */
MUMMY_WS_API size_t mummy_ws_pending(const mummy_ws_conn *c);
/** What conn_new was given. */
MUMMY_WS_API void *mummy_ws_user(const mummy_ws_conn *c);
/** What the handshake agreed to, a string that lives as long as c; NULL: none. */
MUMMY_WS_API const char *mummy_ws_subprotocol(const mummy_ws_conn *c);
/** A connection may be kept after closed: sends then give -EPIPE. */
MUMMY_WS_API mummy_ws_conn *mummy_ws_conn_ref(mummy_ws_conn *c);
MUMMY_WS_API void mummy_ws_conn_unref(mummy_ws_conn *c);

/* ---- Topics ----------------------------------------------------------------------------------- */

struct mummy_ws_hub_options {
	/** Sees every publish that gave 0, on its thread, to pass it on to other processes. Borrowed. */
	void (*forward)(void *ctx, const char *topic, size_t n, enum mummy_ws_opcode op,
			const void *data, size_t len);
	void *ctx;                          /**< for forward */
	size_t max_pending_bytes;           /**< published, waiting for I/O threads; 0: 64 MiB */
	uintptr_t reserved[4];
};
/** opt is copied; NULL: defaults. The hub is put into the options of endpoints, which reference it.
 *  -EINVAL, -ENOMEM, -EIO no random numbers. */
MUMMY_WS_API int mummy_ws_hub_new(mummy_ws_hub **out, const struct mummy_ws_hub_options *opt);
MUMMY_WS_API mummy_ws_hub *mummy_ws_hub_ref(mummy_ws_hub *h);
MUMMY_WS_API void mummy_ws_hub_unref(mummy_ws_hub *h);

/** topic: n bytes of any value, copied. From then on c gets what is published; a subscription ends with
 *  the connection. -EALREADY, -EPIPE gone or not started, -ENOMEM, -ENOTSUP the endpoint has no hub. */
MUMMY_WS_API int mummy_ws_subscribe(mummy_ws_conn *c, const char *topic, size_t n);
/** What is published from then on is not sent to c. -ENOENT, -ENOTSUP. */
MUMMY_WS_API int mummy_ws_unsubscribe(mummy_ws_conn *c, const char *topic, size_t n);
/** Sends to every subscriber, from its I/O thread; copied, framed once, and compressed once for all who
 *  agreed to the same window without references to earlier messages. All messages of a hub have one
 *  order everywhere. A subscriber that is over its hard limit is treated by its endpoint's policy.
 *  0, also when nobody subscribes; -EAGAIN too much waits for I/O threads, nobody gets it; -EILSEQ TEXT
 *  that is not UTF-8; -EINVAL another opcode; -ENOMEM. */
MUMMY_WS_API int mummy_ws_publish(mummy_ws_hub *h, const char *topic, size_t n,
		enum mummy_ws_opcode op, const void *data, size_t len);
/** As publish, for what came from another process: not forwarded. */
MUMMY_WS_API int mummy_ws_hub_deliver(mummy_ws_hub *h, const char *topic, size_t n,
		enum mummy_ws_opcode op, const void *data, size_t len);

/* ---- Endpoints -------------------------------------------------------------------------------- */

/** Flags of mummy_ws_handshake_options deflate: permessage-deflate (RFC 7692) is negotiated. By itself
 *  MUMMY_WS_DEFLATE keeps nothing for a connection between its messages: compressors and decompressors
 *  are shared. The others let a side refer back to earlier messages, for a better ratio, where the peer
 *  agrees, and cost memory for each connection once it is used. */
enum {
	MUMMY_WS_DEFLATE = 1,
	MUMMY_WS_DEFLATE_DEDICATED_OUT = 2, /**< a compressor: up to 260 KiB */
	MUMMY_WS_DEFLATE_DEDICATED_IN = 4   /**< a decompressor: up to 43 KiB */
};
/** What is agreed to in the handshake. */
struct mummy_ws_handshake_options {
	/** Those that are spoken, the preferred first; tokens (RFC 9110 section 5.6.2). A server picks the
	 *  first that the client offers as well; a client offers all. Borrowed for the call, copied by
	 *  mummy_ws_endpoint_new, which takes up to 255. */
	const char *const *subprotocols;
	size_t nsubprotocols;
	/** 0: a page of that origin may connect; else it is answered 403. origin has n octets and is
	 *  borrowed; NULL: none was sent. Runs where mummy_ws_handshake is called. NULL: any may, but see
	 *  same_origin. */
	int (*origin)(void *ctx, const char *origin, size_t n);
	void *ctx;                          /**< for origin */
	unsigned deflate;                   /**< flags above; 0: no compression */
	/** The largest windows, as powers of two from 8 to 15, of what the server and of what the client
	 *  sends; 0: 15. The peer may ask for smaller ones. */
	unsigned server_bits, client_bits;
	/** 1: pages of the host and port that the request is for may connect whatever the origin function
	 *  says, and so may who sends no Origin; others are asked for there, and without it get 403. */
	unsigned same_origin;
	uintptr_t reserved[6];
};
/** What happens to a message that would pass the hard limit. */
enum mummy_ws_overflow {
	MUMMY_WS_REFUSE = 0,                /**< send gives -EAGAIN; a publish drops it, counted */
	MUMMY_WS_DROP = 1,                  /**< dropped, counted; send gives 1 */
	MUMMY_WS_DISCONNECT = 2             /**< dropped, counted, closed with 1013; send gives -EPIPE */
};
struct mummy_ws_options {
	struct mummy_ws_handshake_options handshake;
	struct mummy_ws_executor executor;  /**< none: events run on the I/O thread */
	mummy_ws_hub *hub;                  /**< referenced; NULL: no topics */
	enum mummy_ws_overflow overflow;
	int client;                         /**< 1: this is the client's side, which masks */
	size_t max_message_bytes;           /**< received, all fragments, and inflated; above it 1009;
	                                         0: 16 MiB */
	/** Received, waiting for the executor: above it feed gives 1. 0: 256 KiB. Together with what is just
	 *  being given a connection holds at most twice that, a read and a message. */
	size_t max_pending_bytes;
	size_t high_water_bytes;            /**< pending output: above it send gives 1; 0: 256 KiB */
	size_t hard_limit_bytes;            /**< that is never passed; 0: 17 MiB, so that the largest
	                                         message fits with its frame header */
	/* times in ms, 64 ms coarse, never early; UINT_MAX: none */
	unsigned ping_ms;                   /**< silence before a ping; 0: 30 s */
	unsigned idle_ms;                   /**< silence before the stream is cut; 0: 75 s */
	unsigned close_ms;                  /**< for the close handshake; then the output is closed, and cut as
	                                         long again later, or at once while some of it waits;
	                                         0: 5 s */
	unsigned deflate_level;             /**< of zlib, 1 to 9; 0: 1 */
	size_t deflate_min_bytes;           /**< messages with less are sent as they are; 0: 64. SIZE_MAX:
	                                         all, those in pieces too, which else are compressed */
	uintptr_t reserved[7];
};

/** How connections write; ctx is what conn_start was given. Called on any thread, one writev of a
 *  connection at a time; must not block, nor call back but for done. */
struct mummy_ws_output {
	/** All or nothing. done NULL: copied; else taken, done(arg) exactly once, on any thread, also on
	 *  error. 0; 1 queued above the output's own high water; -EAGAIN nothing queued: in both cases
	 *  mummy_ws_conn_drained has to follow; -EPIPE. */
	int (*writev)(void *ctx, const struct iovec *iov, int n, void (*done)(void *arg), void *arg);
	size_t (*pending)(void *ctx);       /**< bytes queued */
	void (*resume)(void *ctx);          /**< feed gave 1, or is about to: give more; may be NULL */
	void (*close)(void *ctx);           /**< flush, then close; what still comes may be thrown away */
	void (*release)(void *ctx);         /**< the last use of ctx; may be NULL */
	void (*abort)(void *ctx);           /**< cut it now; NULL: close */
	uintptr_t reserved[3];
};

/** All structs are copied; opt NULL: defaults. -EINVAL, -ENOMEM. */
MUMMY_WS_API int mummy_ws_endpoint_new(mummy_ws_endpoint **out, const struct mummy_ws_output *output,
		const struct mummy_ws_events *ev, const struct mummy_ws_options *opt);
MUMMY_WS_API mummy_ws_endpoint *mummy_ws_endpoint_ref(mummy_ws_endpoint *ep);
MUMMY_WS_API void mummy_ws_endpoint_unref(mummy_ws_endpoint *ep);
/** Its handshake options, borrowed. */
MUMMY_WS_API const struct mummy_ws_handshake_options *mummy_ws_endpoint_handshake(
		const mummy_ws_endpoint *ep);

/** Of all connections of an endpoint. */
struct mummy_ws_stats {
	uint64_t connections;               /**< now */
	uint64_t pending_bytes;             /**< now: events for the executor, frames that wait here */
	uint64_t opened, closed;
	uint64_t messages_in, messages_out; /**< whole ones */
	uint64_t bytes_in, bytes_out;       /**< of frames, headers included */
	uint64_t dropped;                   /**< messages, by the overflow policy */
	uint64_t reserved[8];
};
MUMMY_WS_API void mummy_ws_stats_get(const mummy_ws_endpoint *ep, struct mummy_ws_stats *out);

/* ---- Handshake (RFC 6455 section 4) ----------------------------------------------------------- */

/** A message head as the caller has it, of a request or of a response. */
struct mummy_ws_handshake_request {
	const char *method;                 /**< "GET"; not used of a response */
	int minor_version;                  /**< of HTTP/1.x; not used of a response */
	/** Gives the value of the nth line (from 0) of a field, whose name is compared in any case, and
	 *  its length in *len; NULL: there are no more. Borrowed until the end of the call that asks. */
	const char *(*header)(void *ctx, const char *name, unsigned nth, size_t *len);
	void *ctx;                          /**< for header */
	uintptr_t reserved[2];
};
#define MUMMY_WS_HANDSHAKE_HEADERS 6
/** The answer. Its strings live in it, in the options and in static memory: do not copy it about. */
struct mummy_ws_handshake_reply {
	int status;                         /**< 101, or 400, 403, 405, 426 */
	size_t nheaders;                    /**< what to answer with: so many fields */
	struct { const char *name, *value; } headers[MUMMY_WS_HANDSHAKE_HEADERS];
	const char *subprotocol;            /**< what was agreed to, a string of the options; NULL: none */
	unsigned deflate;                   /**< 1: permessage-deflate was agreed to, with */
	unsigned server_bits, client_bits;  /**< windows, 8 to 15, */
	unsigned server_no_takeover, client_no_takeover; /**< and 1: without references to earlier messages */
	char text[320];                     /**< private */
	/** With a status that refuses: one line about what is wrong, static and with nothing of the request
	 *  in it, which is to be the body; a Content-Type is among the headers. NULL: not refused. */
	const char *reason;
	uintptr_t reserved[4];
};
/** Judges a request for a WebSocket (section 4.2). opt NULL: defaults. 0 and *out, whose status is
 *  101; 405 when the method is neither GET nor HEAD, which is never a handshake; 426 for another version
 *  than 13; 403 by the origin function or same_origin; 400 for whatever else is missing, doubled or
 *  malformed; its reason says what it was. permessage-deflate is accepted as the options allow, other
 *  extensions are declined. An error: -EINVAL a reserved tail that is not zero or an option out of its
 *  range, -ENOMEM, -EIO no SHA-1. */
MUMMY_WS_API int mummy_ws_handshake(const struct mummy_ws_handshake_request *req,
		const struct mummy_ws_handshake_options *opt, struct mummy_ws_handshake_reply *out);

/** A client's side (section 4.1): writes the request head for host (as in a Host field) and target
 *  (path and query), NUL-terminated, into buf, and a fresh random key. opt NULL: defaults. The head's
 *  length without the NUL; -ENOSPC, -ENOMEM, -EIO no random numbers, -EINVAL host or target are empty
 *  or have white space or controls in them, a subprotocol is not a token, or an option is out of range. */
MUMMY_WS_API int mummy_ws_client_request(char *buf, size_t size, const char *host, const char *target,
		const struct mummy_ws_handshake_options *opt, char key[25]);
/** Checks the response to it, whose status is given apart; opt and key as they were in the request.
 *  0 and *out as for mummy_ws_conn_new; -EPROTO not a valid answer; -EINVAL, -ENOMEM, -EIO. */
MUMMY_WS_API int mummy_ws_client_check(int status, const struct mummy_ws_handshake_request *response,
		const struct mummy_ws_handshake_options *opt, const char key[25],
		struct mummy_ws_handshake_reply *out);

/* ---- Driving connections from an own loop ------------------------------------------------------ */

/** post runs run(arg) on the I/O thread, before a turn, exactly once when it gives 0. It is called on any
 *  thread, wakes the I/O thread, and refuses (<0) only without memory or at the end; ctx must last
 *  until mummy_ws_io_free. -EINVAL, -ENOMEM. */
MUMMY_WS_API int mummy_ws_io_new(mummy_ws_io **out,
		int (*post)(void *ctx, void (*run)(void *arg), void *arg), void *ctx);
/** I/O thread, each time before it sleeps: sends what was published, pings, keeps deadlines, gives
 *  drain. Some 250 ms after the last of the messages above 128 KiB it frees its buffers, and has malloc give
 *  back what is free. Milliseconds until it is due again; -1: none. now_ms is monotonic. */
MUMMY_WS_API int mummy_ws_io_turn(mummy_ws_io *io, uint64_t now_ms);
/** For a loop that has the time at hand, before the first connection: at now_ms, borrowed until
 *  mummy_ws_io_free, stands what the time was when the loop last woke up, by the clock of the turns. The
 *  address where io keeps the time from which on turns have something to do, 0: at once; before it they
 *  may be left out. Both are for the I/O thread. */
MUMMY_WS_API const uint64_t *mummy_ws_io_clock(mummy_ws_io *io, const uint64_t *now_ms);
/** I/O thread: closes all its connections as mummy_ws_close does, and those that come later; for the end
 *  of a program, with code 1001 (RFC 6455 section 7.4.1). -EINVAL a code that must not be sent. */
MUMMY_WS_API int mummy_ws_io_close(mummy_ws_io *io, uint16_t code);
/** I/O thread, after eof on its connections, which may still be referenced. post is not called
 *  afterwards. */
MUMMY_WS_API void mummy_ws_io_free(mummy_ws_io *io);
/** One address, the same in the whole program: the key under which a loop keeps its mummy_ws_io. */
MUMMY_WS_API const void *mummy_ws_io_key(void);

/** A connection, which stays on io's thread; one reference, the caller's. hs: as negotiated, copied;
 *  NULL: no subprotocol, no compression. The handshake itself is sent by the caller. -EINVAL, -ENOMEM. */
MUMMY_WS_API int mummy_ws_conn_new(mummy_ws_conn **out, mummy_ws_endpoint *ep, mummy_ws_io *io,
		const struct mummy_ws_handshake_reply *hs, void *user);
/** Gives it its output, taken until release, and opens it: open follows. Once, any thread, before
 *  the first feed; from then on eof is owed, and closed always comes. */
MUMMY_WS_API void mummy_ws_conn_start(mummy_ws_conn *c, void *output_ctx);
/** I/O thread: len bytes that were read; consumed whole, changed in place. 0; 1 give no more until
 *  resume; <0 nothing more is wanted, as the peer has closed or broken a rule: what still comes may be
 *  thrown away until the stream ends. */
MUMMY_WS_API int mummy_ws_conn_feed(mummy_ws_conn *c, void *data, size_t len);
/** I/O thread: where to read the next bytes of a big message to, at most *n; valid until the next feed,
 *  which then gets that very pointer. NULL: use an own buffer, *n is not written. */
MUMMY_WS_API void *mummy_ws_conn_room(mummy_ws_conn *c, size_t *n);
/** I/O thread: the output fell below its high water again. */
MUMMY_WS_API void mummy_ws_conn_drained(mummy_ws_conn *c);
/** I/O thread: the byte stream ended, in whatever way; c is still referenced. Leads to closed. */
MUMMY_WS_API void mummy_ws_conn_eof(mummy_ws_conn *c);

/* ---- Bare framing (RFC 6455 section 5) --------------------------------------------------------- */

struct mummy_ws_frame {
	enum mummy_ws_opcode opcode;
	uint8_t fin;                        /**< 1: the last, or only, frame of its message */
	uint8_t rsv1;                       /**< an extension's bit (permessage-deflate: a compressed message,
	                                         on its first frame); without one, refuse it */
	uint8_t masked;                     /**< what a client sends is, what a server sends is not */
	uint8_t mask[4];                    /**< when masked */
	uint64_t length;                    /**< of the payload, below 2^63 */
};
/** Parses the frame header that begins at p. Its length (2 to 14) and *out; 0: more than n octets are
 *  needed; -EPROTO, as soon as the octets tell: a reserved opcode; RSV2 or RSV3, or RSV1 on a control
 *  or continuation frame; a control frame that is a fragment or longer than 125; a length that is not
 *  in its shortest form or has its highest bit set. */
MUMMY_WS_API int mummy_ws_frame_parse(const void *p, size_t n, struct mummy_ws_frame *out);
/** Writes the frame header that f describes, which must be valid; its length. */
MUMMY_WS_API size_t mummy_ws_frame_header(uint8_t out[14], const struct mummy_ws_frame *f);
/** Masks or unmasks n octets in place (section 5.3); offset: where p lies in the payload. */
MUMMY_WS_API void mummy_ws_mask(void *p, size_t n, const uint8_t mask[4], uint64_t offset);
/** Checks UTF-8 (RFC 3629) that comes in pieces. *state is 0 at first, and 0 again wherever the text
 *  may end. 0, or -EILSEQ at the piece that has the first wrong octet, and ever after. */
MUMMY_WS_API int mummy_ws_utf8(uint32_t *state, const void *p, size_t n);

#ifdef __cplusplus
}
#endif
#endif
