/*
 * source.h - where the octets come from: a file, or a stream that can be read only once.
 */
#ifndef MUMMY_UPLOAD_SOURCE_H
#define MUMMY_UPLOAD_SOURCE_H
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include "ring.h"

#define SOURCE_UNKNOWN UINT64_MAX
#define SOURCE_WAIT_MS 1000u  /* so long a stream's octets wait for more of them, to be sent together */

struct source {
	int fd, owned;
	struct stat st;            /**< of a file, when it was opened */
	uint64_t base;             /**< where in the file the content begins */
	uint64_t length;           /**< SOURCE_UNKNOWN: a stream that has not ended */
	int stream;
	struct ring ring;
	uint64_t waits_since_ms;   /**< the oldest octet that came after the last that was offered; 0: none */
};
#define SOURCE_NONE { .fd = -1 }

/** 0; -EISDIR, -EINVAL: not a regular file; or a negative errno. */
int source_file(struct source *s, const char *path);
/** What fd reads, borrowed: a regular file as one, else a stream, of which buffer octets are kept. */
int source_stream(struct source *s, int fd, size_t buffer);
/** The same, written to a file without name in folder first, to its end. -EINTR: a signal came. */
int source_spool(struct source *s, int fd, const char *folder);
void source_close(struct source *s);

/** The descriptor to wait for before source_fill; -1: nothing is wanted now. */
int source_wants(const struct source *s);
/** Reads what is there, once. 0 or a negative errno. */
int source_fill(struct source *s, uint64_t now_ms);
/** How many octets from offset on, which is at most to, should be sent together now, at most most; 0: wait,
 *  for a stream at most *wait_ms. */
uint64_t source_ready(const struct source *s, uint64_t offset, uint64_t to, uint64_t most, uint64_t now_ms,
		      uint64_t *wait_ms);
/** 1 when a stream has as much as can be kept, and goes on. */
int source_full(const struct source *s);
/** How many were read; 0: the file has become shorter; or a negative errno: -ENODATA, a stream has no more
 *  what is before. */
long source_read(const struct source *s, uint64_t offset, void *out, size_t n);
/** What is before offset is not needed any more; what is before sent is under way. */
void source_release(struct source *s, uint64_t offset);
void source_sent(struct source *s, uint64_t sent);
/** 1 when a file is as it was when it was opened; a stream always. */
int source_unchanged(const struct source *s);
#endif
