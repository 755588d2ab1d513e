/*
 * mummy/upload.h - resumable uploads without HTTP library (libmummy-upload).
 *
 * The engine speaks TUS 1.0.0 with all its extensions and the IETF draft "Resumable Uploads for HTTP"
 * on base_path, and PATCH or PUT with Content-Range (RFC 9110 section 14.4), plain PUT and
 * multipart/form-data on range_path. It sees a request's head in begin, its body in write, and gives
 * the answer as a reply. Bytes lie in a store, a struct of functions; a directory store comes with it.
 * Which extensions are announced follows from the members of the store that are set. An offset that
 * was acknowledged survives a crash as the store's sync policy promises.
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
	MUMMY_UPLOAD_QUARANTINED = 2             /**< found inconsistent at the start; kept */
};
/** An upload. Strings are borrowed, for as long as the call that hands it over states. */
struct mummy_upload_info {
	char id[64];                             /**< from 128 random bits, safe in URLs and names */
	uint64_t length, offset;                 /**< length may be MUMMY_UPLOAD_UNKNOWN; committed bytes */
	enum mummy_upload_state state;
	int partial;                             /**< a part to be concatenated */
	int64_t created, expires;                /**< seconds since 1970; expires 0: never */
	const char *metadata;                    /**< Upload-Metadata as sent, checked; or NULL */
	const char *name;                        /**< final name in the store, once finished; or NULL */
	const char *reason;                      /**< why quarantined; or NULL */
	const char *private_state;               /**< the engine's own; stores keep it with the rest */
	uintptr_t reserved[4];
};

/* ---- The engine ------------------------------------------------------------------------------- */

/** Runs work on other threads; here the events post_finish, terminated and expired, which run on the
 *  thread that caused them when submit is NULL. wait and wake park a fiber that waits for an upload's
 *  former writer; NULL: the thread blocks. The struct is the same in every library of the suite. */
struct mummy_upload_executor {
	int (*submit)(void *ctx, void (*run)(void *arg), void *arg);
	void *ctx;
	int (*wait)(void *ctx, void *token, int timeout_ms);
	void (*wake)(void *ctx, void *token);
	uintptr_t reserved[2];
};
/** What pre_create may change for one upload; filled from the options before the call. */
struct mummy_upload_grant {
	uint64_t max_bytes, bytes_per_s;
	unsigned expire_s;
	char name[256];                          /**< final name; empty: by the store's policy */
	char text[128];                          /**< line of text for a refusal */
};
/** What happens to uploads. Any may be NULL; info is borrowed until the call returns. */
struct mummy_upload_events {
	/** 0, or the HTTP status (4xx, 5xx) to refuse with. On the thread of begin; may block. */
	int (*pre_create)(void *ctx, const struct mummy_upload_request *req,
			const struct mummy_upload_info *info, struct mummy_upload_grant *grant);
	/** All bytes are there, fd reads them (borrowed; -1: the store cannot). Returns as pre_create; a
	 *  refusal removes the upload. */
	int (*pre_finish)(void *ctx, const struct mummy_upload_info *info, int fd);
	void (*post_finish)(void *ctx, const struct mummy_upload_info *info);  /**< it has its name */
	void (*progress)(void *ctx, const struct mummy_upload_info *info);  /**< every progress_ms */
	void (*terminated)(void *ctx, const struct mummy_upload_info *info);
	void (*expired)(void *ctx, const struct mummy_upload_info *info);
	uintptr_t reserved[4];
};
struct mummy_upload_options {
	const char *base_path;                   /**< of TUS and the draft; NULL: "/files/" */
	const char *range_path;                  /**< of Content-Range uploads; NULL: none */
	struct mummy_upload_executor executor;
	struct mummy_upload_events events;
	/** One line, borrowed, for the operator; level 0 error, 1 warning, 2 info. NULL: no log. */
	void (*log)(void *ctx, int level, const char *line);
	void *ctx;                               /**< for events and log */
	/* limits; 0: none unless it says otherwise */
	uint64_t max_bytes;                      /**< of one upload, Tus-Max-Size; then 413 */
	unsigned max_uploads, max_uploads_per_client;  /**< open ones; then 503, 429 */
	uint64_t bytes_per_s, bytes_per_s_client, bytes_per_s_total;
	unsigned min_rate;                       /**< bytes per second; a slower body is cut off */
	unsigned idle_timeout_ms;                /**< a body without a byte; 0: 60 s */
	unsigned expire_s;                       /**< after the last activity; 0: never */
	int expire_finished;                     /**< 1: finished uploads too */
	unsigned progress_ms;                    /**< 0: 1 s */
	/* the web around it */
	const char *origins;                     /**< CORS: comma-separated, "*" any; NULL: none */
	int credentials;                         /**< CORS: allow credentials */
	int absolute_location;                   /**< 1: Location with scheme and host of the request */
	uintptr_t reserved[8];
};

/** Opens the store's uploads, each consistent or quarantined, and takes the store over (taken; its
 *  release is called by _free, and on error). opt is copied, NULL: defaults. -EINVAL, -ENOMEM, or what
 *  the store gives. */
MUMMY_UPLOAD_API int mummy_upload_new(mummy_upload **out, const struct mummy_upload_store *store,
		const struct mummy_upload_options *opt);
/** After the last transfer ended. */
MUMMY_UPLOAD_API void mummy_upload_free(mummy_upload *u);

/** Removes what has expired and what crashes left behind. The number of uploads removed; *next_s
 *  (may be NULL): seconds until it is worth calling again. May block; call it from a timer. */
MUMMY_UPLOAD_API int mummy_upload_cleanup(mummy_upload *u, unsigned *next_s);
/** Deletes an upload; its writer is cut off. -ENOENT, -EOPNOTSUPP. */
MUMMY_UPLOAD_API int mummy_upload_remove(mummy_upload *u, const char *id);

/** Which uploads to list; zero: all. */
struct mummy_upload_filter {
	const char *id;                          /**< this one only */
	unsigned states;                         /**< bits 1 << enum mummy_upload_state; 0: all */
	int64_t created_after, expires_before;   /**< seconds since 1970; 0: not asked */
	uintptr_t reserved[4];
};
/** Calls each for every upload until it returns other than 0, which is passed on. f may be NULL. */
MUMMY_UPLOAD_API int mummy_upload_list(mummy_upload *u, const struct mummy_upload_filter *f,
		int (*each)(void *ctx, const struct mummy_upload_info *info), void *ctx);

struct mummy_upload_stats {
	uint64_t open, writing, quarantined;                               /**< now */
	uint64_t created, finished, terminated, expired, refused, bytes, takeovers;
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
	const char *peer, *scheme, *host;        /**< of the client; behind proxies the trusted ones */
	/** Cuts this body off: its upload was taken over or deleted. Any thread, not blocking; never once
	 *  mummy_upload_end has begun. NULL: the writer is only refused. */
	void (*cancel)(void *conn);
	/** Sends an informational answer (104) with one field, from write too. NULL: none is sent. */
	int (*inform)(void *conn, int status, const char *name, const char *value);
	void *conn;
	uintptr_t reserved[4];
};

/** 0: *reply is the answer; 1: feed the body to *out, then end it; -ENOMEM. May block. */
MUMMY_UPLOAD_API int mummy_upload_begin(mummy_upload *u, const struct mummy_upload_request *req,
		mummy_upload_reply **reply, mummy_upload_transfer **out);
/** The next n octets of the body, borrowed; consumed whole. 0; 1 a rate limit: feed again after
 *  *delay_ms; <0 read no more and end it with this. May block. */
MUMMY_UPLOAD_API int mummy_upload_write(mummy_upload_transfer *t, const void *p, size_t n,
		unsigned *delay_ms);
/** The same out of a pipe, at most n octets. Octets moved; -EAGAIN after *delay_ms again;
 *  -EOPNOTSUPP: use write (the store cannot, or a checksum needs the octets). */
MUMMY_UPLOAD_API ssize_t mummy_upload_splice(mummy_upload_transfer *t, int pipe_fd, size_t n,
		unsigned *delay_ms);
/** Ends it and frees t. status 0: the body was whole; <0: cut off, what arrived is kept. trailer (may
 *  be NULL) gives a trailer field, or NULL. 0 and the answer, or -ENOMEM. May block. */
MUMMY_UPLOAD_API int mummy_upload_end(mummy_upload_transfer *t, int status,
		const char *(*trailer)(void *ctx, const char *name), void *ctx, mummy_upload_reply **out);

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
MUMMY_UPLOAD_API void mummy_upload_reply_free(mummy_upload_reply *r);

/* ---- Stores ----------------------------------------------------------------------------------- */

enum mummy_upload_sync {
	MUMMY_UPLOAD_SYNC_FINISH = 0,            /**< a finished upload survives a power cut */
	MUMMY_UPLOAD_SYNC_ACK = 1,               /**< and so does every acknowledged offset */
	MUMMY_UPLOAD_SYNC_NONE = 2               /**< what was acknowledged survives the process only */
};
enum mummy_upload_naming {
	MUMMY_UPLOAD_NAME_ID = 0,                /**< finished files are named by their id */
	MUMMY_UPLOAD_NAME_METADATA = 1           /**< by "filename" made safe, numbered when taken */
};
struct mummy_upload_dir_options {
	enum mummy_upload_sync sync;
	enum mummy_upload_naming naming;
	const char *finished;                    /**< folder for finished files, same file system; copied */
	uint64_t quota_bytes, min_free_bytes;    /**< else 507 at creation; 0: none, 64 MiB */
	unsigned mode;                           /**< of files; 0: 0600 */
	uintptr_t reserved[4];
};
/** Fills *out with a store in a folder, which is made if it is missing. Other processes may share it
 *  (OFD locks). -EACCES, -ENOTDIR, -EROFS. */
MUMMY_UPLOAD_API int mummy_upload_dir_store(struct mummy_upload_store *out, const char *directory,
		const struct mummy_upload_dir_options *opt);
/** Fills *out with a store in memory, for tests; also the model for one's own. 0 bytes: 64 MiB. */
MUMMY_UPLOAD_API int mummy_upload_memory_store(struct mummy_upload_store *out, size_t max_bytes);

enum { MUMMY_UPLOAD_WRITE = 1 };             /* open: exclusively, across processes too; else to read */

/** A store. Functions may block, run on any thread, and get h for one writer at a time; 0 or a
 *  negative errno (-ENOSPC and -EDQUOT are answered 507). A member that is NULL is an absent
 *  capability; create, open, close, writev and set_info are needed. */
struct mummy_upload_store {
	int (*create)(void *ctx, const struct mummy_upload_info *info);  /**< -EEXIST */
	/** info's strings live until close. -ENOENT; -EBUSY another process writes it. */
	int (*open)(void *ctx, const char *id, unsigned flags, void **h, struct mummy_upload_info *info);
	void (*close)(void *h);
	/** All n pieces at off, or an error. */
	int (*writev)(void *h, uint64_t off, const struct iovec *iov, int n);
	ssize_t (*splice)(void *h, uint64_t off, int pipe_fd, size_t n);  /**< octets moved */
	int (*reserve)(void *h, uint64_t length);          /**< space for the announced length */
	int (*truncate)(void *h, uint64_t off);            /**< checksums: takes octets back */
	int (*sync)(void *h, uint64_t committed);          /**< makes the octets below it last */
	int (*read)(void *h);                              /**< a new descriptor for reading */
	int (*set_info)(void *h, const struct mummy_upload_info *info);  /**< atomically */
	int (*finish)(void *h, const char *name);          /**< atomically; name NULL: by policy */
	int (*concat)(void *h, const char *const *ids, size_t n);  /**< their octets, in order, into h */
	int (*remove)(void *ctx, const char *id);          /**< termination, expiration */
	/** The next upload after *cursor (NULL at first), -ENOENT at the end; strings live until the next
	 *  call. out NULL: gives the cursor up early. */
	int (*list)(void *ctx, void **cursor, struct mummy_upload_info *out);
	void (*release)(void *ctx);                        /**< the last call */
	void *ctx;
	uintptr_t reserved[4];
};

#ifdef __cplusplus
}
#endif
#endif
