/*
 * wheel.c - when each connection must be looked at again.
 *
 * Every connection hangs in the slot of the time at which mhttp_conn_due wants to see it, or in the
 * farthest one. Requests do not touch the wheel: a look that finds that the time has moved on hangs the
 * connection up again. Only what becomes due earlier than it was (a head begins, a body begins) is moved.
 */
#include <config.h>
#include "internal.h"

#define WHEEL_STEP (1u << MHTTP_WHEEL_SHIFT)
#define WHEEL_MAX_MS ((MHTTP_WHEEL_SLOTS - 2) * WHEEL_STEP)

static void link_init(struct mhttp_link *head)
{
	head->next = head->prev = head;
}

static void link_remove(struct mhttp_link *k)
{
	k->prev->next = k->next;
	k->next->prev = k->prev;
}

static struct mhttp_link *wheel_slot(struct mhttp_wheel *w, uint32_t slot)
{
	return &w->slots[slot % MHTTP_WHEEL_SLOTS];
}

static void wheel_arm(struct mummy_http_loop *l, uint32_t at, uint32_t now)
{
	struct mhttp_wheel *w = &l->wheel;
	int32_t delay = mhttp_until(at, now);

	if (w->timer_set && mhttp_until(w->timer_at, at) <= 0)
		return;
	w->timer_set = 1;
	w->timer_at = at;
	mummy_poller_timer_set(l->poller, &w->timer, delay > 0 ? (unsigned)delay : 1);
}

static void wheel_hang(struct mummy_http_loop *l, struct mhttp_conn *c, uint32_t now)
{
	uint32_t due = mhttp_conn_due(c, now), slot;
	struct mhttp_link *head;

	if (due > WHEEL_MAX_MS)
		due = WHEEL_MAX_MS;
	slot = ((now + due) >> MHTTP_WHEEL_SHIFT) + 1;
	head = wheel_slot(&l->wheel, slot);
	c->link.next = head;
	c->link.prev = head->prev;
	head->prev->next = &c->link;
	head->prev = &c->link;
	wheel_arm(l, slot << MHTTP_WHEEL_SHIFT, now);
}

static void wheel_look(struct mummy_http_loop *l, struct mhttp_link *head, uint32_t now)
{
	struct mhttp_link mine;

	if (head->next == head)
		return;
	mine = *head;                        /* what is hung up again meanwhile waits for its turn */
	mine.next->prev = mine.prev->next = &mine;
	link_init(head);
	while (mine.next != &mine) {
		struct mhttp_conn *c = MUMMY_CONTAINER_OF(mine.next, struct mhttp_conn, link);
		int due = mhttp_conn_due(c, now) == 0;

		link_remove(&c->link);
		wheel_hang(l, c, due ? now + WHEEL_STEP : now);
		if (due)
			mhttp_conn_expire(c, now);
	}
}

static void wheel_tick(struct mummy_poller_timer *t)
{
	struct mummy_http_loop *l = MUMMY_CONTAINER_OF(t, struct mummy_http_loop, wheel.timer);
	struct mhttp_wheel *w = &l->wheel;
	uint32_t now = mhttp_now(), last = now & ~(WHEEL_STEP - 1);

	w->timer_set = 0;
	if (mhttp_until(last, w->at) > (int32_t)(MHTTP_WHEEL_SLOTS * WHEEL_STEP))
		w->at = last - MHTTP_WHEEL_SLOTS * WHEEL_STEP;
	while (mhttp_until(last, w->at) > 0) {
		w->at += WHEEL_STEP;
		wheel_look(l, wheel_slot(w, w->at >> MHTTP_WHEEL_SHIFT), now);
	}
	for (uint32_t i = 1; i <= MHTTP_WHEEL_SLOTS; i++) {
		struct mhttp_link *head = wheel_slot(w, (w->at >> MHTTP_WHEEL_SHIFT) + i);

		if (head->next != head) {
			wheel_arm(l, w->at + i * WHEEL_STEP, now);
			return;
		}
	}
}

void mhttp_wheel_init(struct mhttp_wheel *w)
{
	for (int i = 0; i < MHTTP_WHEEL_SLOTS; i++)
		link_init(&w->slots[i]);
	w->at = mhttp_now() & ~(WHEEL_STEP - 1);
	w->timer.run = wheel_tick;
}

void mhttp_wheel_add(struct mummy_http_loop *l, struct mhttp_conn *c)
{
	l->wheel.count++;
	wheel_hang(l, c, mhttp_now());
}

void mhttp_wheel_move(struct mummy_http_loop *l, struct mhttp_conn *c)
{
	link_remove(&c->link);
	wheel_hang(l, c, mhttp_now());
}

void mhttp_wheel_remove(struct mummy_http_loop *l, struct mhttp_conn *c)
{
	link_remove(&c->link);
	l->wheel.count--;
}

void mhttp_wheel_each(struct mummy_http_loop *l, void (*visit)(struct mhttp_conn *c))
{
	for (int i = 0; i < MHTTP_WHEEL_SLOTS; i++) {
		struct mhttp_link *head = &l->wheel.slots[i], mine = *head;

		if (head->next == head)
			continue;
		mine.next->prev = mine.prev->next = &mine;
		link_init(head);
		while (mine.next != &mine) {
			struct mhttp_link *k = mine.next;

			link_remove(k);
			k->next = head;
			k->prev = head->prev;
			head->prev->next = k;
			head->prev = k;
			visit(MUMMY_CONTAINER_OF(k, struct mhttp_conn, link));
		}
	}
}
