/* loop_timer.c - calls after a delay, set from any thread. */
#include <config.h>
#include <stdlib.h>
#include "internal.h"

struct loop_timer {
	struct mhttp_inbox_node node;
	struct mhttp_link link;
	struct mummy_poller_timer timer;
	struct mummy_http_loop *loop;
	uint64_t at_ms;
	void (*run)(void *arg);
	void *arg;
};

static void timer_run(struct mummy_poller_timer *p)
{
	struct loop_timer *t = MUMMY_CONTAINER_OF(p, struct loop_timer, timer);

	t->link.prev->next = t->link.next;
	t->link.next->prev = t->link.prev;
	t->run(t->arg);
	free(t);
}

static void timer_arrived(struct mhttp_inbox_node *n)
{
	struct loop_timer *t = MUMMY_CONTAINER_OF(n, struct loop_timer, node);
	struct mummy_http_loop *l = t->loop;
	uint64_t now = mummy_now_ms();

	t->link.next = &l->timers;
	t->link.prev = l->timers.prev;
	t->link.prev->next = l->timers.prev = &t->link;
	if (atomic_load(&l->ended))
		timer_run(&t->timer);
	else
		mummy_poller_timer_set(l->poller, &t->timer, t->at_ms > now ? (unsigned)(t->at_ms - now) : 0);
}

int mummy_http_loop_timer(mummy_http_loop *l, unsigned delay_ms, void (*run)(void *arg), void *arg)
{
	struct loop_timer *t = calloc(1, sizeof *t);
	int rc;

	if (!t)
		return -ENOMEM;
	t->node.run = timer_arrived;
	t->timer.run = timer_run;
	t->loop = l;
	t->at_ms = mummy_now_ms() + delay_ms;
	t->run = run;
	t->arg = arg;
	rc = mhttp_inbox_post(l->inbox, &t->node);
	if (rc < 0)
		free(t);
	return rc;
}

void mhttp_loop_timers_end(struct mummy_http_loop *l)
{
	while (l->timers.next != &l->timers) {
		struct loop_timer *t = MUMMY_CONTAINER_OF(l->timers.next, struct loop_timer, link);

		mummy_poller_timer_cancel(l->poller, &t->timer);
		timer_run(&t->timer);
	}
}
