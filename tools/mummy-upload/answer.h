/*
 * answer.h - what a server answered, as far as it matters here, and what is to be done then.
 */
#ifndef MUMMY_UPLOAD_ANSWER_H
#define MUMMY_UPLOAD_ANSWER_H
#include <stddef.h>
#include <stdint.h>

#define ANSWER_UNKNOWN UINT64_MAX
#define ANSWER_MAX_RETRY_S 86400u

/** Extensions of TUS, as bits. */
enum tus { TUS_CREATION = 1, TUS_DEFER_LENGTH = 2, TUS_CHECKSUM = 4, TUS_CONCATENATION = 8,
	TUS_TERMINATION = 16 };

/** All zero is not an empty one: answer_reset. */
struct answer {
	int status;                /**< 0: none came */
	uint64_t offset, length, max_size;   /**< ANSWER_UNKNOWN: not told */
	uint64_t retry_after_s;    /**< 0: not told; at most ANSWER_MAX_RETRY_S */
	int tus;                   /**< it names a version of TUS */
	unsigned extensions;       /**< enum tus */
	char checksums[128];       /**< Tus-Checksum-Algorithm */
	char location[8192];
	char text[160];            /**< the first line of the body, visible ASCII; kept for errors */
	size_t ntext;
};

void answer_reset(struct answer *a);
/** One line of a head, with or without its end; a status line begins anew (100 Continue comes before). */
void answer_line(struct answer *a, const char *line, size_t n);
/** Some of the body. */
void answer_body(struct answer *a, const char *p, size_t n);
/** 1 when name is in a list like "sha1,sha256". */
int answer_lists(const char *list, const char *name);

/** What was asked. */
enum ask { ASK_OPTIONS, ASK_CREATE, ASK_OFFSET, ASK_SEND, ASK_JOIN, ASK_REMOVE };
/** How the transport went. */
enum transport { TRANSPORT_OK, TRANSPORT_BROKEN, TRANSPORT_HOPELESS };

enum verdict {
	VERDICT_GO,                /**< done, on with the next step */
	VERDICT_AGAIN,             /**< the same again, after a while */
	VERDICT_LOOK,              /**< ask for the offset, after a while, and go on there */
	VERDICT_LOOK_NOW,          /**< the same, at once the first time */
	VERDICT_ANEW,              /**< the upload is gone: make another one */
	VERDICT_FAIL
};
/** why (may be NULL): one line for the user, for all but VERDICT_GO; not written when the transport is not
 *  TRANSPORT_OK, as that knows more. */
enum verdict answer_judge(enum ask ask, enum transport transport, const struct answer *a, char *why,
			  size_t size);
#endif
