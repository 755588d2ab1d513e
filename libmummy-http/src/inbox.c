#include <config.h>
#include "inbox.h"
#include "mummy-common.h"
#include <stdlib.h>

const struct mhttp_inbox_node mhttp_inbox_marks[2];
#define ASLEEP MHTTP_INBOX_ASLEEP
#define CLOSED ((struct mhttp_inbox_node *)(uintptr_t)&mhttp_inbox_marks[1])

struct call {
	struct mhttp_inbox_node node;
	void (*run)(void *arg);
	void *arg;
};

static void be_woken(struct mummy_poller_watch *w, unsigned events)
{
	(void)events;
	mhttp_wake_drain(&MUMMY_CONTAINER_OF(w, struct mhttp_inbox, watch)->wake);
}

int mhttp_inbox_new(struct mhttp_inbox **out, mummy_poller *p)
{
	struct mhttp_inbox *in = malloc(sizeof *in);
	int rc;

	if (!in)
		return -ENOMEM;
	atomic_init(&in->head, NULL);
	atomic_init(&in->refs, 1);
	in->poller = p;
	in->watch.ready = be_woken;
	rc = mhttp_wake_open(&in->wake);
	if (rc == 0) {
		rc = mummy_poller_add(p, in->wake.read_fd, MUMMY_POLLER_READ, &in->watch);
		if (rc < 0)
			mhttp_wake_close(&in->wake);
	}
	if (rc < 0) {
		free(in);
		return rc;
	}
	*out = in;
	return 0;
}

struct mhttp_inbox *mhttp_inbox_ref(struct mhttp_inbox *in)
{
	atomic_fetch_add_explicit(&in->refs, 1, memory_order_relaxed);
	return in;
}

void mhttp_inbox_unref(struct mhttp_inbox *in)
{
	if (!in || atomic_fetch_sub_explicit(&in->refs, 1, memory_order_acq_rel) != 1)
		return;
	mhttp_wake_close(&in->wake);
	free(in);
}

int mhttp_inbox_post(struct mhttp_inbox *in, struct mhttp_inbox_node *n)
{
	struct mhttp_inbox_node *head = atomic_load_explicit(&in->head, memory_order_relaxed);

	do {
		if (head == CLOSED)
			return -ESHUTDOWN;
		n->next = head == ASLEEP ? NULL : head;
	} while (!atomic_compare_exchange_weak_explicit(&in->head, &head, n, memory_order_acq_rel,
							memory_order_relaxed));
	/* n may be gone by now; in is not, the caller holds it. */
	if (head == ASLEEP)
		mhttp_wake_signal(&in->wake);
	return 0;
}

static void run_call(struct mhttp_inbox_node *n)
{
	struct call *c = (struct call *)n;
	void (*run)(void *arg) = c->run;
	void *arg = c->arg;

	free(c);
	run(arg);
}

int mhttp_inbox_post_call(struct mhttp_inbox *in, void (*run)(void *arg), void *arg)
{
	struct call *c = malloc(sizeof *c);
	int rc;

	if (!c)
		return -ENOMEM;
	*c = (struct call){ .node.run = run_call, .run = run, .arg = arg };
	rc = mhttp_inbox_post(in, &c->node);
	if (rc < 0)
		free(c);
	return rc;
}

/* The queue is linked from the newest; it runs from the oldest. */
static int run_all(struct mhttp_inbox_node *newest)
{
	struct mhttp_inbox_node *oldest = NULL, *next;
	int n = 0;

	for (; newest; newest = next) {
		next = newest->next;
		newest->next = oldest;
		oldest = newest;
	}
	for (; oldest; oldest = next, n++) {
		next = oldest->next;
		oldest->run(oldest);
	}
	return n;
}

static int take_and_run(struct mhttp_inbox *in, struct mhttp_inbox_node *state)
{
	struct mhttp_inbox_node *taken = atomic_exchange_explicit(&in->head, state, memory_order_acq_rel);

	return taken == ASLEEP || taken == CLOSED ? 0 : run_all(taken);
}

int mhttp_inbox_run_all(struct mhttp_inbox *in)
{
	struct mhttp_inbox_node *head = atomic_load_explicit(&in->head, memory_order_relaxed);

	return head && head != CLOSED ? take_and_run(in, NULL) : 0;
}

void mhttp_inbox_close(struct mhttp_inbox *in)
{
	if (atomic_load_explicit(&in->head, memory_order_relaxed) == CLOSED)
		return;
	mummy_poller_remove(in->poller, in->wake.read_fd);
	take_and_run(in, CLOSED);
}
