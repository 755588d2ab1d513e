/*
 * mummy/upload.h - resumable uploads without HTTP library (libmummy-upload).
 *
 * The engine speaks TUS 1.0.0 (https://tus.io/protocols/resumable-upload) on base_path: the core
 * protocol with creation, creation-with-upload, creation-defer-length, expiration, checksum (sha1,
 * sha256, sha512, md5), checksum-trailer, termination, concatenation and concatenation-unfinished. It
 * sees a request's head in begin, its body in write, and gives the answer as a reply. Bytes lie in a
 * store, a struct of functions; a directory store and a store in memory come with it. Which extensions
 * are announced follows from the members of the store that are set. An offset that was acknowledged
 * survives a crash as the store's sync policy promises.
 *
 * Upload-Concat may name the parts of a final upload by their paths or by absolute URLs, as Location gave
 * them or a proxy made of it. Only the end of the path counts, the id: scheme, host and what the path begins
 * with are not looked at, and the parts are always uploads of the same engine.
 *
 * On range_path the same uploads are served for clients that know no TUS (RFC 9110 section 14.5): POST
 * creates as TUS does; PUT and PATCH with Content-Range write the next octets ("bytes 0-99/1000"), or ask how
 * many there are ("bytes * /1000", without the space); a range that does not begin at the offset is answered
 * with 409 and Upload-Offset. PUT without Content-Range is a whole content, also below a name instead of an
 * id: that creates an upload with that filename. Answers have Upload-Offset and Upload-Complete.
 *
 * On both paths it speaks "Resumable Uploads for HTTP" (draft-ietf-httpbis-resumable-upload, interop versions
 * 3 to 8) with requests that have no Tus-Resumable: POST, and PUT below a name, with Upload-Complete create
 * (version 3: Upload-Incomplete) and announce the address with 104 (Upload Resumption Supported) where the
 * caller has inform; PATCH of application/partial-upload appends; HEAD tells the offset and ends what is
 * being written; DELETE cancels. Upload-Limit has max-size and max-age; Content-Digest (RFC 9530) with
 * sha-256 or sha-512 is verified, 400, as is Repr-Digest of a creation once all is there, where the store can
 * read, and then the upload is removed; Content-Disposition and Content-Type become "filename" and "filetype"
 * of the metadata. An upload that it began is whole when a request says so, or when another protocol has
 * written the last octet; HEAD and DELETE of one need no version. What is begun one way can go on the other.
 *
 * An upload has one writer at a time: a newer PATCH cuts the older one off, which cannot write any
 * more. Engine calls may block in the store, so they belong on worker threads.
 *
 * With libmummy-http, mummy/adapters/upload-http.h does all the joining. This is a whole TUS endpoint:
 *
 *     struct mummy_upload_options opt = { .base_path = "/files/" };
 *     struct mummy_upload_store store;
 *
 *     mummy_upload_dir_store(&store, "uploads", NULL);
 *     mummy_upload_new(&uploads, &store, &opt);
 *     struct mummy_http_route route = { .handler = mummy_upload_http_handler, .ctx = uploads,
 *             .flags = MUMMY_HTTP_STREAM, .max_body_bytes = MUMMY_HTTP_UNKNOWN };
 *     mummy_http_router_add(router, NULL, "/files/" "*", &route);
 *
 * Words: borrowed = the caller keeps it, used until the call returns or as stated; copied = the callee
 * made its own; taken = the callee owns it from the call on, also when the call fails. Errors are
 * negative errno. In options zero means default and the reserved tail must be zero (-EINVAL). *out is
 * written on success only. The engine is for any thread; a transfer is for one at a time. No callback
 * runs with a lock held.
 */
#ifndef MUMMY_UPLOAD_H
#define MUMMY_UPLOAD_H
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>
#ifdef __cplusplus
extern "C" {
#endif
#ifndef MUMMY_UPLOAD_API
#define MUMMY_UPLOAD_API  /* the library's own build sets the visibility here */
#endif

/* ---- Version ------------------------------------------------------------------------------------ */
#define MUMMY_UPLOAD_VERSION_MAJOR 0
#define MUMMY_UPLOAD_VERSION_MINOR 1
#define MUMMY_UPLOAD_VERSION_PATCH 0
#define MUMMY_UPLOAD_VERSION "0.1.0"
/** The version of the library that is linked, as MUMMY_UPLOAD_VERSION is that of this header. Static. */
MUMMY_UPLOAD_API const char *mummy_upload_version(void);

typedef struct mummy_upload mummy_upload;                   /**< the engine; owned */
typedef struct mummy_upload_transfer mummy_upload_transfer; /**< one request body; ended by _end */
typedef struct mummy_upload_reply mummy_upload_reply;       /**< an answer; owned by the caller */
struct mummy_upload_store;
struct mummy_upload_request;

#define MUMMY_UPLOAD_UNKNOWN UINT64_MAX  /**< a length that was not announced */

enum mummy_upload_state {
	MUMMY_UPLOAD_OPEN = 0, MUMMY_UPLOAD_FINISHED = 1,
	MUMMY_UPLOAD_QUARANTINED = 2             /**< found inconsistent; kept, but not served */
};
/** An upload. Strings are borrowed, for as long as the call that hands it over states. */
struct mummy_upload_info {
	char id[64];                             /**< from 128 random bits, safe in URLs and names */
	uint64_t length, offset;                 /**< length may be MUMMY_UPLOAD_UNKNOWN; committed bytes */
	enum mummy_upload_state state;
	int64_t created, modified;               /**< seconds since 1970; modified: the last octet */
	int64_t expires;                         /**< seconds since 1970; 0: never. The engine's, not kept */
	const char *metadata;                    /**< Upload-Metadata as sent, checked; or NULL */
	const char *name;                        /**< final name in the store, once finished; or NULL */
	const char *reason;                      /**< why quarantined; or NULL */
	const char *private_state;               /**< the engine's own; stores keep it with the rest */
	const char *concat;                      /**< Upload-Concat as sent, checked: "partial", a part of
	                                              another, or "final;" and its parts, by their addresses;
	                                              or NULL */
	const char *client;                      /**< peer of the creation; or NULL. The engine's, not kept */
	const char *request_id;                  /**< in events: of the request that caused it; or NULL */
	uintptr_t reserved[1];
};

/* ---- The engine ------------------------------------------------------------------------------- */

/** Runs work on other threads; here the events post_finish, terminated and expired, which run on the
 *  thread that caused them when submit is NULL or refuses. wait and wake park a fiber that waits for
 *  an upload's running store call; NULL: the thread blocks. token: two zero words, for one wait and at
 *  most one wake, in either order; wait gives 0. The struct is the same in every library of the
 *  suite. */
struct mummy_upload_executor {
	int (*submit)(void *ctx, void (*run)(void *arg), void *arg);
	void *ctx;
	int (*wait)(void *ctx, void *token, int timeout_ms);
	void (*wake)(void *ctx, void *token);
	uintptr_t reserved[2];
};
#define MUMMY_UPLOAD_TEXT 128                /**< octets for a line of text, its NUL included */
/** What pre_create may change for one upload; filled from the options before the call. */
struct mummy_upload_grant {
	uint64_t max_bytes;                      /**< 0: no limit */
	unsigned expire_s;                       /**< 0: never */
	char name[256];                          /**< final name, made safe; empty: by the store's policy */
	char text[MUMMY_UPLOAD_TEXT];            /**< line of text for a refusal */
	uint64_t rate;                           /**< octets per second, 0: no limit. When it is changed the upload
	                                              keeps it; else rate_per_upload goes, whatever that is later */
};
/** What happens to uploads. Any may be NULL; info is borrowed until the call returns. All may block,
 *  and may call mummy_upload_list and _stats_get; post_finish, terminated and expired may call
 *  everything but _free. There is no answering later: pre_create holds up mummy_upload_begin, and
 *  pre_finish the call that brought the last octet, mostly mummy_upload_end, with the thread or fiber
 *  that runs it, and nothing else: other requests for the same upload are served meanwhile. So the
 *  engine needs as many workers as such calls may wait at once, and who asks somebody far away sets a
 *  time-out. */
struct mummy_upload_events {
	/** 0, or the HTTP status (4xx, 5xx) to refuse with. On the thread of begin. */
	int (*pre_create)(void *ctx, const struct mummy_upload_request *req,
			const struct mummy_upload_info *info, struct mummy_upload_grant *grant);
	/** All bytes are there, fd reads them (borrowed; -1: the store cannot). Returns as pre_create, with
	 *  the line of text for a refusal in text, which is empty before; a refusal removes the upload. <0:
	 *  it cannot be said now; answered 503, the upload stays and the next request for it asks again.
	 *  Comes again when finishing failed or the process died in it. */
	int (*pre_finish)(void *ctx, const struct mummy_upload_info *info, int fd,
			char text[MUMMY_UPLOAD_TEXT]);
	/** It has its name. Comes again after a power cut in the very moment, and never when the process
	 *  died in it: who must not miss one looks at the list at the start. */
	void (*post_finish)(void *ctx, const struct mummy_upload_info *info);
	/** After a write, at most every progress_ms for each request. */
	void (*progress)(void *ctx, const struct mummy_upload_info *info);
	void (*terminated)(void *ctx, const struct mummy_upload_info *info);   /**< by DELETE or _remove */
	void (*expired)(void *ctx, const struct mummy_upload_info *info);
	/** It is about to be removed, and terminated (expired 0) or expired follow, unless the store fails.
	 *  Who must not miss these though the process may die in between notes it now, and looks at the next
	 *  start whether the upload is gone. On the thread that removes it, which other requests for it wait
	 *  for. */
	void (*removing)(void *ctx, const struct mummy_upload_info *info, int expired);
	uintptr_t reserved[3];
};
/** What pages of other origins need (CORS, the Fetch standard): the lists that the engine sends when origins
 *  is set, for those who leave it NULL and answer preflights themselves. */
#define MUMMY_UPLOAD_CORS_METHODS "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
#define MUMMY_UPLOAD_CORS_HEADERS \
	"Authorization, Content-Digest, Content-Disposition, Content-Range, Content-Type, Repr-Digest, Tus-Resumable, " \
	"Upload-Checksum, Upload-Complete, Upload-Concat, Upload-Defer-Length, Upload-Draft-Interop-Version, " \
	"Upload-Incomplete, Upload-Length, Upload-Metadata, Upload-Offset, X-HTTP-Method-Override, X-Request-ID, " \
	"X-Requested-With"
#define MUMMY_UPLOAD_CORS_EXPOSE \
	"Location, Tus-Checksum-Algorithm, Tus-Extension, Tus-Max-Size, Tus-Resumable, Tus-Version, " \
	"Upload-Complete, Upload-Concat, Upload-Defer-Length, Upload-Expires, Upload-Incomplete, Upload-Length, " \
	"Upload-Limit, Upload-Metadata, Upload-Offset"

struct mummy_upload_options {
	const char *base_path;                   /**< begins with '/'; NULL: "/files/" */
	struct mummy_upload_executor executor;
	struct mummy_upload_events events;
	/** One line, borrowed, for the operator; level 0 error, 1 warning, 2 info. NULL: no log. */
	void (*log)(void *ctx, int level, const char *line);
	void *ctx;                               /**< for events and log */
	/* limits; 0: none unless it says otherwise */
	uint64_t max_bytes;                      /**< of one upload, Tus-Max-Size; then 413 */
	unsigned max_uploads, max_uploads_per_client;  /**< open ones (by peer); then 503, 429 */
	size_t max_metadata_bytes;               /**< of Upload-Metadata, then 431; 0: 4 KiB, at most 32 */
	unsigned expire_s;                       /**< after the last octet; 0: never. A final upload that waits
	                                              for its parts keeps them, and they it: all expire together,
	                                              after the last octet of any. One cannot be made of a part
	                                              that has expired (400) */
	int expire_finished;                     /**< 1: finished uploads too */
	unsigned progress_ms;                    /**< 0: 1 s */
	/* the web around it */
	const char *origins;                     /**< CORS: comma-separated, "*" any; NULL: none */
	int credentials;                         /**< 1: CORS: allow credentials; with "*" -EINVAL, as every
	                                              page could act as its visitor then */
	int absolute_location;                   /**< 1: Location with scheme and host of the request */
	unsigned max_parts;                      /**< of a final upload, then 413; 0: 256 */
	const char *range_path;                  /**< Content-Range uploads are served there; as base_path,
	                                              NULL: they are not */
	/* octets per second; 0: no limit. Above them mummy_upload_delay tells how long to wait. */
	uint64_t rate_per_upload, rate_per_client, rate;
	uint64_t min_rate;                       /**< of a body, over 10 s without the waits above; then 408 */
	unsigned max_transfers_per_client;       /**< bodies at once, by peer; then 429; 0: no limit */
	unsigned idle_timeout_ms;                /**< a body that is waited for and brings no octet, then 408: see
	                                              mummy_upload_idle; 0: 30 s; UINT_MAX: none */
	uintptr_t reserved[1];
};

/** Opens the store's uploads, each consistent or quarantined, and takes the store over (taken; its
 *  release is called by _free, and on error). Uploads whose bytes were all there are finished, so
 *  events may come before it returns. opt is copied, NULL: defaults. -EINVAL, -ENOMEM, or what the
 *  store gives. */
MUMMY_UPLOAD_API int mummy_upload_new(mummy_upload **out, const struct mummy_upload_store *store,
		const struct mummy_upload_options *opt);
/** After the last transfer ended. Waits for the events that run on the executor; records how far the
 *  open uploads have come, so that a restart of the machine goes on from there. NULL is allowed. */
MUMMY_UPLOAD_API void mummy_upload_free(mummy_upload *u);

/** Removes what has expired, but nothing that is being written, and finishes what could not be
 *  finished before. The number of uploads removed, or <0 as the store gives; *next_s (may be NULL):
 *  seconds until it is worth calling again, UINT_MAX: nothing expires. Call it from a timer. */
MUMMY_UPLOAD_API int mummy_upload_cleanup(mummy_upload *u, unsigned *next_s);
/** Deletes an upload, a quarantined one too; its writer is cut off. -ENOENT, -EOPNOTSUPP, or what the
 *  store gives. */
MUMMY_UPLOAD_API int mummy_upload_remove(mummy_upload *u, const char *id);

/** Which uploads to list; zero: all. */
struct mummy_upload_filter {
	const char *id;                          /**< this one only */
	unsigned states;                         /**< bits 1 << enum mummy_upload_state; 0: all */
	int64_t created_after, expires_before;   /**< seconds since 1970; 0: not asked */
	uintptr_t reserved[4];
};
/** Calls each for every upload until it returns other than 0, which is passed on. Else 0, -EINVAL,
 *  -ENOMEM, -EOPNOTSUPP. f may be NULL. Uploads that come or go meanwhile may be missed. */
MUMMY_UPLOAD_API int mummy_upload_list(mummy_upload *u, const struct mummy_upload_filter *f,
		int (*each)(void *ctx, const struct mummy_upload_info *info), void *ctx);

struct mummy_upload_stats {
	uint64_t open, writing, quarantined;     /**< now; quarantined: found by _new */
	uint64_t created, finished, terminated, expired;  /**< uploads since _new */
	uint64_t refused;                        /**< answers of 4xx and 5xx */
	uint64_t bytes, takeovers;               /**< octets stored; writers cut off by a newer one */
	uint64_t reserved[8];
};
MUMMY_UPLOAD_API void mummy_upload_stats_get(const mummy_upload *u, struct mummy_upload_stats *out);

/* ---- One request ------------------------------------------------------------------------------ */

/** A request's head as the caller has it; borrowed for the call, conn until mummy_upload_end. */
struct mummy_upload_request {
	const char *method, *path;               /**< raw path, without query */
	/** The nth line (from 0) of a name, NULL when there is none; *len its length. */
	const char *(*header)(void *ctx, const char *name, unsigned nth, size_t *len);
	void *ctx;
	uint64_t body_length;                    /**< MUMMY_UPLOAD_UNKNOWN: not announced */
	const char *peer, *scheme, *host;        /**< of the client; behind proxies the trusted ones; peer
	                                              without its port. Each may be NULL */
	/** Cuts this body off: its upload was taken over or deleted. Any thread, not blocking, must not
	 *  call the engine; never once mummy_upload_end has begun. NULL: the writer is only refused. */
	void (*cancel)(void *conn);
	void *conn;
	/** The first trailer field of a name, asked for within mummy_upload_end; *len its length; NULL when
	 *  there is none. NULL: the caller has no trailers. */
	const char *(*trailer)(void *conn, const char *name, size_t *len);
	const char *request_id;                  /**< for events; at most 64 octets are kept. May be NULL */
	/** Sends an interim answer (104), which has a status and fields only; borrowed for the call. Within
	 *  mummy_upload_begin and mummy_upload_write. 0; <0 it cannot be sent. NULL: none is. */
	int (*inform)(void *conn, const mummy_upload_reply *interim);
	uintptr_t reserved[1];
};

/** 0: *reply is the answer, and no body is wanted; 1: feed the body to *out, then end it; -ENOMEM,
 *  -EINVAL (a reserved tail). May block. */
MUMMY_UPLOAD_API int mummy_upload_begin(mummy_upload *u, const struct mummy_upload_request *req,
		mummy_upload_reply **reply, mummy_upload_transfer **out);
/** 1: nothing of this request, if its body is there, waits: neither begin, nor write, nor end. It creates or
 *  begins an upload of 64 KiB at most, nobody else is at it, the store has MUMMY_UPLOAD_STORE_QUICK, and the
 *  program's events are not in the way: pre_create, pre_finish and progress are NULL, and post_finish is or
 *  has an executor; of a creation without a body pre_create alone counts. Then it may be served where other
 *  requests would wait meanwhile, as on an event loop. 0: it may block. Only the head is looked at. */
MUMMY_UPLOAD_API int mummy_upload_quick(mummy_upload *u, const struct mummy_upload_request *req);
/** The next n octets of the body, borrowed; stored whole or not at all. 0; <0 read no more and end it
 *  with this. Nothing is gathered: each call is one write to the store, so large pieces (256 KiB)
 *  cost least. May block. */
MUMMY_UPLOAD_API int mummy_upload_write(mummy_upload_transfer *t, const void *p, size_t n);
/** The same with the next n octets of a pipe, which has them (borrowed; after an error it may still have
 *  some of them). They are never copied to memory where the store can do without. -EOPNOTSUPP where
 *  mummy_upload_can_splice gives 0: the store cannot, or they have to be seen for a checksum. */
MUMMY_UPLOAD_API int mummy_upload_splice(mummy_upload_transfer *t, int pipe, size_t n);
MUMMY_UPLOAD_API int mummy_upload_can_splice(const mummy_upload_transfer *t);
/** Milliseconds to wait before the next write, so that the rates are kept; 0: none. As the last write left
 *  it. Who does not wait only makes the next wait longer. */
MUMMY_UPLOAD_API unsigned mummy_upload_delay(const mummy_upload_transfer *t);
/** Milliseconds to wait for the next octets of a body, before it is ended with -ETIMEDOUT; 0: any time. For who
 *  waits, as the engine cannot tell a client that sends nothing from a caller that does not read: what
 *  mummy_upload_delay asks for, and the time that calls of the engine take, do not count. */
MUMMY_UPLOAD_API unsigned mummy_upload_idle(const mummy_upload *u);
/** Ends it and frees t. status 0: the body was whole; <0: cut off (-ETIMEDOUT: it came too slowly),
 *  what arrived is kept. 0 and the answer, or -ENOMEM. May block. */
MUMMY_UPLOAD_API int mummy_upload_end(mummy_upload_transfer *t, int status, mummy_upload_reply **out);

#define MUMMY_UPLOAD_REPLY_HEADERS 24        /**< at most so many */
MUMMY_UPLOAD_API int mummy_upload_reply_status(const mummy_upload_reply *r);
/** The i-th field, borrowed from r; -ENOENT at the end. */
MUMMY_UPLOAD_API int mummy_upload_reply_header(const mummy_upload_reply *r, size_t i,
		const char **name, const char **value);
/** The body, borrowed from r; NULL: none. */
MUMMY_UPLOAD_API const char *mummy_upload_reply_body(const mummy_upload_reply *r, size_t *len);
/** 0: the body is *len octets of *fd from *off; fd is the caller's from now on, once. -ENOENT: no. */
MUMMY_UPLOAD_API int mummy_upload_reply_file(mummy_upload_reply *r, int *fd, uint64_t *off,
		uint64_t *len);
/** NULL is allowed. */
MUMMY_UPLOAD_API void mummy_upload_reply_free(mummy_upload_reply *r);

/** Writes the digest of all that fd reads from its beginning, in hexadecimal, for pre_finish and the like;
 *  algorithm as in Upload-Checksum. fd is borrowed, its position stays. Blocks. -ENOTSUP, -ENOMEM, or what
 *  reading gives. */
MUMMY_UPLOAD_API int mummy_upload_digest(int fd, const char *algorithm, char out[129]);

/** A pair of Upload-Metadata: the key is borrowed from there, not ended by NUL; the value lies where the
 *  caller wanted it. */
struct mummy_upload_pair { const char *key; size_t key_len, value_len; };
/** Takes the first pair off *rest, which is the metadata of an info at first (NULL: there is none), and
 *  decodes its value, any octets, into size octets at value; as many as the metadata has are enough. 1, or 0
 *  at the end; -EINVAL malformed, -ENOSPC longer than size (this pair is left out), -ENOMEM. */
MUMMY_UPLOAD_API int mummy_upload_metadata_next(const char **rest, struct mummy_upload_pair *out, void *value,
		size_t size);

/* ---- Stores ----------------------------------------------------------------------------------- */

/** What survives. Under every policy what was acknowledged survives the end of the process, also by
 *  SIGKILL. */
enum mummy_upload_sync {
	MUMMY_UPLOAD_SYNC_ACK = 0,               /**< every acknowledged offset survives a power cut */
	MUMMY_UPLOAD_SYNC_FINISH = 1,            /**< a finished upload survives it; an open one is set back
	                                              to what is surely there */
	MUMMY_UPLOAD_SYNC_NONE = 2               /**< nothing is promised for a power cut */
};
enum mummy_upload_naming {
	MUMMY_UPLOAD_NAME_ID = 0,                /**< finished files are named by their id */
	MUMMY_UPLOAD_NAME_METADATA = 1           /**< by "filename" (or "name") of the metadata made safe,
	                                              numbered when taken; by the id when there is none */
};
struct mummy_upload_dir_options {
	enum mummy_upload_sync sync;
	enum mummy_upload_naming naming;
	const char *finished;                    /**< folder for finished files, same file system, made if
	                                              missing; copied; NULL: the same folder */
	uint64_t quota_bytes, min_free_bytes;    /**< else 507 at creation; 0: none, 64 MiB */
	unsigned mode;                           /**< of files, whatever the umask; 0: 0600 */
	uintptr_t reserved[4];
};
/** Fills *out with a store in a folder, which is made (0700) if it is missing. Unfinished uploads lie
 *  there under names with a leading dot, ".ID.part" and ".ID.info"; what is created under SYNC_NONE has its
 *  record in ".records" instead (up to 64 MiB long, mostly holes) if it has room there, and every policy
 *  reads both. Finished ones get their name, which never has one and never replaces a file. A finished file
 *  may be taken away by anyone. Engines, also of other processes and machines, may share a folder whose file
 *  system has locks (OFD locks where there are such, else flock): an upload that one of them writes is -EBUSY
 *  for the others, which is answered 423. Each counts quota and open uploads by itself, and the quota again
 *  when it seems used up. The length that an upload announces, from 1 MiB on, is reserved where the file
 *  system can. -EACCES, -ENOTDIR, -EROFS, -EXDEV: finished is on another file system; -EINVAL, -ENOMEM. */
MUMMY_UPLOAD_API int mummy_upload_dir_store(struct mummy_upload_store *out, const char *directory,
		const struct mummy_upload_dir_options *opt);
/** Fills *out with a store in memory, for tests; also the model for one's own. It cannot read, so
 *  finished uploads are not served. 0 bytes: 64 MiB. -ENOMEM. */
MUMMY_UPLOAD_API int mummy_upload_memory_store(struct mummy_upload_store *out, size_t max_bytes);

enum { MUMMY_UPLOAD_WRITE = 1 };             /* open: to write; else to look at it and to read */
enum { MUMMY_UPLOAD_STORE_QUICK = 1 };       /* store: with small uploads no call waits for a disk, unless the system
                                                makes all who write wait */

/** A store. Functions may block, run on any thread, must not call the engine, and get each h and id
 *  from one thread at a time, except list, which runs beside everything. 0 or a negative errno (-ENOSPC
 *  and -EDQUOT are answered 507). A member that is NULL is an absent capability; create, open, close,
 *  writev and finish are needed. */
struct mummy_upload_store {
	/** A new upload with no octets; info is borrowed. -EEXIST. */
	int (*create)(void *ctx, const struct mummy_upload_info *info);
	/** Fills *info; its strings live until close. Its offset is one that sync or a look from outside
	 *  may acknowledge. -ENOENT; -EBADMSG it is quarantined; -EBUSY another process writes it. */
	int (*open)(void *ctx, const char *id, unsigned flags, void **h, struct mummy_upload_info *info);
	void (*close)(void *h);
	/** All n pieces at off, or an error; then h is closed and opened again for the offset. */
	int (*writev)(void *h, uint64_t off, const struct iovec *iov, int n);
	/** Makes the octets below committed last, as far as the policy asks. After an error as writev. */
	int (*sync)(void *h, uint64_t committed);
	/** The same whatever the policy asks, before an engine ends in peace. */
	int (*flush)(void *h, uint64_t committed);
	int (*read)(void *h);                              /**< a new descriptor for reading; or -ENOENT */
	/** Sets a length that was unknown. Atomically; NULL: no creation-defer-length. */
	int (*set_length)(void *h, uint64_t length);
	/** All octets are there: makes them last and gives the upload its name, atomically. name NULL: by
	 *  policy. Then fills in state and name of *info, which live until close. */
	int (*finish)(void *h, const char *name, struct mummy_upload_info *info);
	int (*remove)(void *ctx, const char *id);          /**< -ENOENT. NULL: no termination, expiration */
	/** The next upload after *cursor (NULL at first), -ENOENT at the end; strings live until the next
	 *  call. out NULL: gives the cursor up early. */
	int (*list)(void *ctx, void **cursor, struct mummy_upload_info *out);
	void (*release)(void *ctx);                        /**< the last call */
	void *ctx;
	/** What is written from now on does not count, also not after a crash, until settle says how far
	 *  it does: the octets below off are kept, those above it go. NULL, either: no checksums. */
	int (*hold)(void *h);
	int (*settle)(void *h, uint64_t off);
	/** Copies n octets of another open upload, at its from_off, to off. NULL: no concatenation. */
	int (*append)(void *h, uint64_t off, void *from, uint64_t from_off, uint64_t n);
	/** As writev, the next n octets of a pipe, which has them; it is read by n or the call fails. */
	int (*splice)(void *h, uint64_t off, int pipe, size_t n);
	unsigned flags;                                    /**< MUMMY_UPLOAD_STORE_QUICK */
	uintptr_t reserved[1];
};

#ifdef __cplusplus
}
#endif
#endif
