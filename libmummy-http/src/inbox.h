/*
 * inbox.h - the one door through which other threads reach a loop.
 *
 * A queue that any thread posts to and the loop empties, first in, first out. The loop says when it goes to
 * sleep, and only the first post after that wakes it:
 *
 *     for (;;) {
 *             mummy_poller_turn(p, mhttp_inbox_sleep(in) ? timeout_ms : 0);
 *             mhttp_inbox_run(in);
 *     }
 *
 * It is counted and has a descriptor of its own, so it outlives its loop, and a poster who holds a reference
 * never touches what is gone. Everything accepted is run exactly once, by _run or by _close; after _close
 * posts are refused. Posting a node never allocates and never blocks, and is async-signal-safe.
 */
#ifndef MHTTP_INBOX_H
#define MHTTP_INBOX_H
#include <mummy/poller.h>
#include <stdatomic.h>
#include <stddef.h>
#include "wake.h"

/* The poster's storage, borrowed until run is called; run may free it or post it again. */
struct mhttp_inbox_node {
	struct mhttp_inbox_node *next;
	void (*run)(struct mhttp_inbox_node *n);
};

/*
 * One word is queue and state: NULL (awake, empty), asleep (empty), closed, or the newest node. So a post
 * learns in the same step that queues it whether the loop must be woken, and none falls between "empty" and
 * "asleep".
 */
struct mhttp_inbox {
	_Atomic(struct mhttp_inbox_node *) head;
	atomic_uint refs;
	mummy_poller *poller;
	struct mummy_poller_watch watch;
	struct mhttp_wake wake;
};
extern const struct mhttp_inbox_node mhttp_inbox_marks[2];
#define MHTTP_INBOX_ASLEEP ((struct mhttp_inbox_node *)(uintptr_t)&mhttp_inbox_marks[0])

/* With one reference. Watched by p until closed. -ENOMEM, -EMFILE, -ENFILE. */
int mhttp_inbox_new(struct mhttp_inbox **out, mummy_poller *p);
struct mhttp_inbox *mhttp_inbox_ref(struct mhttp_inbox *in);
/* Any thread; the last one comes after _close. NULL is fine. */
void mhttp_inbox_unref(struct mhttp_inbox *in);

/* Any thread. 0: n->run will be called once; -ESHUTDOWN: never. */
int mhttp_inbox_post(struct mhttp_inbox *in, struct mhttp_inbox_node *n);
/* The same for run(arg), in a node of its own: -ENOMEM too. */
int mhttp_inbox_post_call(struct mhttp_inbox *in, void (*run)(void *arg), void *arg);

/* The loop's thread only. _sleep: 1 when the loop may sleep, from now on a post wakes it; 0 when something is
 * queued. _run: runs what is queued, not what is posted by that; how many. _close: refuses posts
 * and runs what is left; before the poller is freed. */
static inline int mhttp_inbox_sleep(struct mhttp_inbox *in)
{
	struct mhttp_inbox_node *head = NULL;

	if (atomic_compare_exchange_strong_explicit(&in->head, &head, MHTTP_INBOX_ASLEEP,
						    memory_order_acq_rel, memory_order_relaxed))
		return 1;
	return head == MHTTP_INBOX_ASLEEP;
}
int mhttp_inbox_run_all(struct mhttp_inbox *in);
static inline int mhttp_inbox_run(struct mhttp_inbox *in)
{
	struct mhttp_inbox_node *head = atomic_load_explicit(&in->head, memory_order_relaxed);

	/* Mostly the loop was woken by something else. */
	if (!head || (head == MHTTP_INBOX_ASLEEP
		      && atomic_compare_exchange_strong_explicit(&in->head, &head, NULL, memory_order_acq_rel,
								 memory_order_relaxed)))
		return 0;
	return mhttp_inbox_run_all(in);
}
void mhttp_inbox_close(struct mhttp_inbox *in);
#endif
