/*
 * hook-queue.h - events on their way to hooks: each is a file until it is delivered, however often that is
 * tried and the server ends meanwhile. Delivered at least once, in no certain order.
 */
#ifndef MUMMY_SERVER_HOOK_QUEUE_H
#define MUMMY_SERVER_HOOK_QUEUE_H
#include <stddef.h>
#include <stdint.h>
#include "log.h"

struct hook_queue;

/** An event: words of lower case letters, digits and "-"; target is one letter. Borrowed. */
struct hook_event {
	char target;
	const char *event, *id;
};
struct hook_queue_options {
	const char *folder;                /**< made if it is missing; several servers may share it */
	unsigned jobs;                     /**< threads that deliver */
	uint64_t keep_s;                   /**< given up after that time, with a line in the log; 0: never */
	unsigned first_ms, most_ms;        /**< how long it waits to try again: doubled each time */
	unsigned look_ms;                  /**< how often it looks for what other servers put */
	int lasting;                       /**< what was put survives a power cut */
	/** 0: it is delivered. Writes a line to why if not. Any thread, several at once. */
	int (*deliver)(void *ctx, const struct hook_event *e, const char *text, size_t n, char *why,
		       size_t size);
	/** Whether what an event that was not released tells has come to pass; 0: it is dropped. NULL: it
	 *  has. */
	int (*happened)(void *ctx, const struct hook_event *e);
	void *ctx;
	struct log *log;
};

/** o is copied, the folder too. 0, or a negative errno. */
int hook_queue_open(struct hook_queue **out, const struct hook_queue_options *o);
/** Begins to deliver, at first the oldest, due or not; what was put before an earlier end and not released is
 *  released, if it happened. 0, or a negative errno. */
int hook_queue_start(struct hook_queue *q);
/** Keeps an event, once for each target, event and id; it is delivered after _release, or the next _start.
 *  0 and it lasts, or a negative errno. */
int hook_queue_put(struct hook_queue *q, const struct hook_event *e, const char *text, size_t n);
/** 0, or -ENOENT: it was dropped meanwhile, by another server that began. */
int hook_queue_release(struct hook_queue *q, const struct hook_event *e);
/** It will not happen; -ENOENT: it was not kept. */
int hook_queue_drop(struct hook_queue *q, const struct hook_event *e);
/** How many wait, about. */
size_t hook_queue_waiting(struct hook_queue *q);
/** Waits for the deliveries that are under way; the others stay for the next time. NULL is allowed. */
void hook_queue_close(struct hook_queue *q);
#endif
