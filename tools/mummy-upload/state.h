/*
 * state.h - what is remembered of an unfinished upload, and its form as text.
 */
#ifndef MUMMY_UPLOAD_STATE_H
#define MUMMY_UPLOAD_STATE_H
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include "options.h"

/** A stretch of the file that is an upload of its own on the server. */
struct state_part {
	uint64_t from, to;         /**< octets of the file; to is behind the last */
	char *url;                 /**< NULL: not made yet. Owned */
};
struct state {
	uint64_t size, mtime_s, mtime_ns, device, inode;
	unsigned nparts;           /**< 1: the upload itself; more: to be joined */
	struct state_part part[OPTIONS_MAX_PARALLEL];
};

/** A new one: the file in n parts, fewer when they would be shorter than STATE_MIN_PART. */
#define STATE_MIN_PART (UINT64_C(1) << 20)
void state_plan(struct state *s, const struct stat *file, unsigned n);
/** Frees the addresses and zeroes it. */
void state_clear(struct state *s);
/** 1 when it is of the file as it is now. */
int state_fits(const struct state *s, const struct stat *file);

/** As text, n octets; the caller's to free. NULL: out of memory. */
char *state_print(const struct state *s, const char *file, size_t *n);
/** 0; -EBADMSG: not one that was printed, whole; -ENOMEM. s is cleared on error. */
int state_parse(struct state *s, const char *text, size_t n);
#endif
