/*
 * engine.h - what the files of the engine share. One mutex guards the engine's tables and every session;
 * it is never held across a callback or a store call. A store call on an upload is made inside its
 * session's gate, which lets one thread in at a time, in order of arrival.
 */
#ifndef MUMMY_UPLOAD_ENGINE_H
#define MUMMY_UPLOAD_ENGINE_H
#include <pthread.h>
#include <time.h>
#include <mummy/upload.h>
#include "base64.h"
#include "checksum.h"
#include "concat.h"
#include "id.h"
#include "private.h"
#include "rate.h"
#include "reply.h"

#define MUP_VERSION "1.0.0"
#define MUP_MOST ((uint64_t)INT64_MAX)   /* as much as a file can have */
#define MUP_REQUEST_SIZE 65              /* of a request's id */
#define MUP_BUCKETS 256                  /* of the tables of sessions and clients */

/* What a request says in "Resumable Uploads for HTTP". */
struct mup_draft {
	int on;                          /* it is one */
	unsigned version;                /* of the draft; 0: not said, or one that is not known here */
	int complete;                    /* 1 the body's end is that of the upload, 0 it is not, -1 not said */
	int appends;                     /* it is not a creation */
	int own;                         /* the refusal is of the content, not of the request */
};

struct mup_waiter {
	uintptr_t token[2];
	struct mup_waiter *next;
	pthread_cond_t cond;
	int granted;
};

/* Whose request is inside a gate; NULL: it is the engine's own. */
struct mup_asker {
	mummy_upload_reply *reply;       /* where the words of a refusal go */
	const char *request_id;
};

/* An upload that some request looks at or writes. */
struct mup_session {
	struct mup_session *next;
	char id[MUP_ID_SIZE];
	unsigned refs;
	int busy;                        /* the gate is taken */
	struct mup_waiter *first, **last;
	/* below: changed inside the gate only */
	struct mup_asker asker;          /* until the gate is left */
	int loaded, writable;            /* h is open; for writing */
	int broken;                      /* h has to be opened again for the true offset */
	int removed, finishing;
	int ended;                       /* who wrote the last octet knew that it was the last one */
	void *h;
	struct mummy_upload_info info;   /* strings live as long as h */
	struct mup_private priv;
	uint64_t acked;                  /* the store has synced so much */
	uint64_t pending;                /* octets behind info.offset that are held */
	int held;                        /* the store holds what is written */
	enum mup_concat concat;
	int counted;                     /* as one of the open uploads */
	uint64_t epoch;
	struct mup_bucket bucket;
	struct mummy_upload_transfer *writer;
};

struct mummy_upload_transfer {
	struct mummy_upload *u;
	struct mup_session *s;
	mummy_upload_reply *reply;       /* prepared; its status is set at the end */
	uint64_t epoch;
	uint64_t start, at;              /* where the first octet belongs, and the next one */
	int error, canceling;
	int created;                     /* of a POST */
	int trailer;                     /* a checksum comes behind the body */
	uint64_t limit;                  /* octets of the body; MUMMY_UPLOAD_UNKNOWN: up to the upload's end */
	uint64_t total;                  /* the upload's length, once the body is verified; or MUMMY_UPLOAD_UNKNOWN */
	int whole;                       /* the body's end is that of the upload */
	int ranged;                      /* not TUS */
	struct mup_draft draft;
	int unknown;                     /* nobody knows of the upload before the answer */
	int (*inform)(void *conn, const mummy_upload_reply *interim);
	uint64_t inform_ms, told;        /* when the last interim answer went, and its offset */
	struct mup_checksum sum;
	void (*cancel)(void *conn);
	const char *(*ask_trailer)(void *conn, const char *name, size_t *len);
	void *conn;
	uint64_t progress_ms;            /* when it was last told */
	char client[MUP_CLIENT_SIZE], request_id[MUP_REQUEST_SIZE];
	unsigned delay_ms;               /* to wait before the next write */
	int late;                        /* it is slower than min_rate */
	uint64_t window_ms, window;      /* when min_rate was last looked at; octets since */
};

struct mup_client {
	struct mup_client *next;
	unsigned open, writing;
	struct mup_bucket bucket;
	char name[MUP_CLIENT_SIZE];
};

struct mummy_upload {
	struct mummy_upload_store store;
	struct mummy_upload_options opt;
	char *base, *origins, *extensions;   /* base ends in a slash */
	char *range_base;                    /* or NULL */
	char algorithms[MUP_CHECKSUM_LIST_SIZE];
	time_t (*clock)(time_t *);
	pthread_mutex_t lock;
	pthread_cond_t idle;             /* an event or a cancel call has returned */
	unsigned pending;                /* events on the executor */
	struct mup_session *sessions[MUP_BUCKETS];
	struct mup_client *clients[MUP_BUCKETS];
	struct mup_bucket bucket;
	struct mup_final *finals;        /* those that wait for their parts */
	struct mummy_upload_stats stats;
};

/* engine.c */
void mup_log(mummy_upload *u, int level, const char *what, const char *id);
/* 1 for those that count as open uploads: a part that has all its octets does not. */
int mup_is_open(const struct mummy_upload_info *info);
/* Seconds since 1970 when it expires, 0: never. With the lock held; alone: as if no final upload waited for
 * it. */
int64_t mup_expires(const mummy_upload *u, const char *id, const struct mummy_upload_info *info,
		    const struct mup_private *priv);
int64_t mup_expires_alone(const mummy_upload *u, const struct mummy_upload_info *info,
			  const struct mup_private *priv);

/* session.c; all with the lock held, which all but _get and _info may give up meanwhile */
struct mup_session *mup_session_get(mummy_upload *u, const char *id);
int mup_session_known(mummy_upload *u, const char *id);
void mup_session_put(mummy_upload *u, struct mup_session *s);
void mup_gate_enter(mummy_upload *u, struct mup_session *s);
void mup_gate_leave(mummy_upload *u, struct mup_session *s);
/* Inside the gate: opens the upload, or opens it again when it has to be. */
int mup_session_load(mummy_upload *u, struct mup_session *s, unsigned flags);
/* Inside the gate: makes the octets that are there last as the policy asks. */
int mup_session_sync(mummy_upload *u, struct mup_session *s);
/* Inside the gate: cuts the writer off; what it wrote and was not verified goes. */
void mup_session_cut(mummy_upload *u, struct mup_session *s);
/* The same by a request of the draft, before it looks at the offset: what one of the draft wrote stays, as
 * its digest cannot be looked at any more. */
void mup_draft_cut(mummy_upload *u, struct mup_session *s);
/* Inside the gate: what was unknown becomes known; nothing else happens. */
int mup_session_set_length(mummy_upload *u, struct mup_session *s, uint64_t length);
/* Inside the gate: from now on octets are held; then they count or go. */
int mup_session_hold(mummy_upload *u, struct mup_session *s);
int mup_session_settle(mummy_upload *u, struct mup_session *s, int keep);
/* Inside the gate: takes it out of the number of open uploads once it is none any more. */
void mup_session_uncount(mummy_upload *u, struct mup_session *s);
/* Inside the gate: the upload goes. */
int mup_session_remove(mummy_upload *u, struct mup_session *s);
/* The same, and the program is told of it before, with info, which outlives the session's own. */
int mup_session_retire(mummy_upload *u, struct mup_session *s, const struct mummy_upload_info *info,
		       int expired);
/* What is known, valid while the gate is held. */
void mup_session_info(const mummy_upload *u, const struct mup_session *s, struct mummy_upload_info *out);

/* finish.c; with the lock held and inside the gate */
int mup_complete(const struct mup_session *s);
/* Finishes an upload whose octets are all there. 0, a negative errno, or the status that pre_finish
 * refused with. *done: what post_finish is to be told, for mup_exit. */
int mup_finish(mummy_upload *u, struct mup_session *s, struct mummy_upload_info **done);
/* Takes lock and gate of an upload and opens it: 0, or a negative errno and nothing is held. */
int mup_enter(mummy_upload *u, const char *id, unsigned flags, struct mup_session **out);
/* Gives gate, reference and lock back; then tells what finished, which may be NULL. */
void mup_exit(mummy_upload *u, struct mup_session *s, struct mummy_upload_info *done);

/* survey.c; without the lock */
int mup_recover(mummy_upload *u);
void mup_flush(mummy_upload *u);

/* clients.c; with the lock held */
int mup_open_add(mummy_upload *u, const char *client, int enforce);
void mup_open_drop(mummy_upload *u, const char *client);
/* A body begins and ends. enforce: -EDQUOT when it is one too many. */
int mup_writing_add(mummy_upload *u, const char *client, int enforce);
void mup_writing_drop(mummy_upload *u, const char *client);
/* The bucket of a client that is writing; NULL: clients are not counted. */
struct mup_bucket *mup_client_bucket(mummy_upload *u, const char *client);
void mup_clients_free(mummy_upload *u);

/* events.c; without the lock */
enum mup_event { MUP_POST_FINISH, MUP_TERMINATED, MUP_EXPIRED };
void mup_event_post(mummy_upload *u, enum mup_event kind, const struct mummy_upload_info *info);
struct mummy_upload_info *mup_info_copy(const struct mummy_upload_info *info);

/* One request while it is decided. */
struct mup_request {
	mummy_upload *u;
	const struct mummy_upload_request *req;
	mummy_upload_reply *reply;
	const char *method;              /* as overridden, borrowed */
	size_t method_len;
	const char *id;                  /* borrowed from the path; NULL: it is the base path */
	const char *base;                /* of the two, as the path has it */
	const char *name;                /* below the range path what is no id; or NULL */
	uint64_t limit, total;           /* as in a transfer */
	int ranged, whole;
	struct mup_draft draft;
	struct mup_checksum sum;         /* what the body has to come to */
	int trailer;                     /* or will be said to, behind it */
};
/* begin.c: gives an error as the answer, text being static; 0 */
int mup_refuse(struct mup_request *r, int status, const char *text);
/* With Upload-Complete: it is the resource that refuses, and an upload is of no use any more. */
int mup_refuse_content(struct mup_request *r, int status, const char *text);
/* The same for a negative errno of the store, or a status that pre_finish refused with. */
int mup_refuse_code(struct mup_request *r, int rc);
/* As mup_enter, for an upload that a client may see; the refusal is given on error. */
int mup_visit(struct mup_request *r, unsigned flags, struct mup_session **out);

/* headers.c: 1, or 0 when there is none; -EINVAL: malformed, or lines that contradict each other */
int mup_header(const struct mup_request *r, const char *name, const char **p, size_t *len);
int mup_header_number(const struct mup_request *r, const char *name, uint64_t *out);
/* 1 when Content-Type is that of TUS. */
int mup_header_is_tus(const struct mup_request *r);
/* Digits alone; MUP_MOST stands for all above it. 1 or -EINVAL. */
int mup_number(const char *p, size_t n, uint64_t *out);

/* final.c: uploads that are made of others. */
struct mup_final {
	struct mup_final *next;
	char id[MUP_ID_SIZE];
	char *concat;
	int64_t active;                  /* the last octet of any part, or its own beginning */
	unsigned expire_s;               /* 0: never */
};
/* With the lock held: what the parts come to. 0 all octets are there, 1 not yet, <0; -ESTALE one has expired
 * by now, which is not asked if that is 0. *length may become MUMMY_UPLOAD_UNKNOWN. */
int mup_final_measure(mummy_upload *u, const char *concat, int64_t now, uint64_t *length);
/* With the lock held. info is of the final upload. */
int mup_final_wait(mummy_upload *u, const char *id, const struct mummy_upload_info *info, unsigned expire_s);
/* With the lock held: a part got octets then. */
void mup_final_touch(mummy_upload *u, const char *part, int64_t then);
/* With the lock held: until when a final upload that waits keeps itself, or its part; 0 none does, INT64_MAX
 * for ever. */
int64_t mup_final_keeps(const mummy_upload *u, const char *id, const char *concat);
void mup_final_forget(mummy_upload *u, const char *id);
/* Without the lock: puts it together when all parts are there; those that wait for a part. */
int mup_final_try(mummy_upload *u, const char *id);
void mup_final_part_done(mummy_upload *u, const char *part);
/* Inside the gate: 0 all octets are there, 1 parts are still missing, <0. */
int mup_final_join(mummy_upload *u, struct mup_session *s);

/* cors.c */
/* 1: the list lets all in. */
int mup_cors_any(const char *list);
void mup_cors(struct mup_request *r);
void mup_cors_preflight(struct mup_request *r);

/* append.c: what a request says of an upload that it continues; lengths may be MUMMY_UPLOAD_UNKNOWN. */
struct mup_append {
	uint64_t offset, len;            /* where the body belongs; its length */
	uint64_t total;                  /* of the upload */
	int asks;                        /* no body: how far is it? */
	int clash;                       /* it says two different totals */
};
int mup_append(struct mup_request *r, const struct mup_append *a, mummy_upload_transfer **out);

/* draft.c, interim.c: finds out whether it is a request of the draft */
void mup_draft_read(struct mup_request *r);
/* The same of one without any sign, by the upload. */
void mup_draft_guess(struct mup_request *r);
/* The length that a creation announces; 1, or 0 and the refusal is given. */
int mup_draft_length(struct mup_request *r, uint64_t *length);
int mup_draft_patch(struct mup_request *r, mummy_upload_transfer **out);
/* Upload-Limit, s NULL: of uploads to come. */
void mup_draft_limits(const struct mup_request *r, const struct mup_session *s);
void mup_draft_state(const struct mup_request *r, const struct mup_session *s);
/* 201, or what acknowledges octets that are not the last ones. */
int mup_draft_status(const struct mup_draft *d, const struct mup_session *s);
/* A refusal about one request is not about the upload. */
void mup_draft_refused(struct mup_request *r, int status);
/* A refusal as application/problem+json (RFC 9457). expected, provided: offsets; 0 */
enum mup_problem { MUP_NO_PROBLEM, MUP_MISMATCH, MUP_LENGTHS, MUP_COMPLETED };
int mup_draft_problem(struct mup_request *r, enum mup_problem what, uint64_t expected, uint64_t provided);
/* 104 with the address of what was created, which is in the answer to come, or with an offset. Without the
 * lock. 0 it was sent. */
int mup_draft_created(mummy_upload_transfer *t);
/* Inside the gate: 1 when it is time to tell the offset. */
int mup_draft_due(mummy_upload_transfer *t);
int mup_draft_progress(mummy_upload_transfer *t, uint64_t offset);
/* Content-Digest (RFC 9530), as Upload-Checksum; and Repr-Digest, for later. */
void mup_draft_digest(struct mup_request *r);
void mup_draft_repr_digest(const struct mup_request *r, char out[MUP_DIGEST_SIZE]);

/* create.c, patch.c, serve.c: 0 the reply is there, 1 *out is to be fed */
int mup_post(struct mup_request *r, mummy_upload_transfer **out);
int mup_patch(struct mup_request *r, mummy_upload_transfer **out);
int mup_post_whole(struct mup_request *r, mummy_upload_transfer **out);
int mup_post_draft(struct mup_request *r, mummy_upload_transfer **out);
void mup_reply_location(struct mup_request *r, const char *id);
/* ranged.c: PUT and PATCH below the range path. */
int mup_put(struct mup_request *r, mummy_upload_transfer **out);
/* Upload-Metadata for a request that has none: by the name in the path, Content-Disposition and Content-Type.
 * A new string, NULL when there is nothing to say; 0, -EINVAL, -ENOMEM. */
int mup_guess_metadata(const struct mup_request *r, char **out);
int mup_head(struct mup_request *r);
int mup_get(struct mup_request *r);
int mup_delete(struct mup_request *r);

/* transfer.c; inside the gate. Makes r's body the writer of s, with the caller's reference and r's reply,
 * and leaves the gate. created: of a POST. 1, or what mup_refuse gives. */
int mup_transfer_new(struct mup_request *r, struct mup_session *s, int created, mummy_upload_transfer **out);
/* verify.c: whether the whole body is what its checksum says. 0 yes, or none was given; -EILSEQ no; -EPROTO:
 * the one that was announced did not come or is malformed; status when that is not 0; another errno. */
int mup_verify(mummy_upload_transfer *t, int status);
/* The same for a request without a body. */
int mup_verify_empty(struct mup_request *r);
/* Reads Upload-Checksum, or that it is to come; 1, or 0 and the refusal is given. */
int mup_header_checksum(struct mup_request *r);
/* The fields of an answer that tell how far it is: Upload-Offset, Upload-Expires, and for clients that know
 * no TUS more. */
void mup_reply_state(const struct mup_request *r, const struct mup_session *s);
void mup_reply_expires(const struct mup_request *r, const struct mup_session *s);
/* How many octets it still takes. */
uint64_t mup_room(const struct mup_session *s);
#endif
