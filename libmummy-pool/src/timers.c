#include <config.h>
#include "timers.h"
#include "mummy-common.h"

void mpool_timers_init(struct mpool_timers *s, uint64_t now_ns)
{
	mpool_wheel_init(&s->wheel, now_ns);
	s->due = NULL;
	s->count = 0;
}

void mpool_timers_add(struct mpool_timers *s, struct mpool_timer *t, uint64_t now_ns)
{
	/* An empty wheel stands still. */
	if (s->wheel.count == 0)
		mpool_wheel_expire(&s->wheel, now_ns);
	t->entry.at = NULL;
	t->in = true;
	s->count++;
	mpool_timers_move(s, t, t->due_ns);
}

bool mpool_timers_remove(struct mpool_timers *s, struct mpool_timer *t)
{
	if (!t->in)
		return false;
	mpool_wheel_remove(&s->wheel, &t->entry);
	t->in = false;
	s->count--;
	return true;
}

void mpool_timers_move(struct mpool_timers *s, struct mpool_timer *t, uint64_t due_ns)
{
	mpool_wheel_remove(&s->wheel, &t->entry);
	t->due_ns = due_ns;
	if (due_ns != MPOOL_RESTS)
		mpool_wheel_add(&s->wheel, &t->entry, due_ns);
}

struct mpool_timer *mpool_timers_due(struct mpool_timers *s, uint64_t now_ns)
{
	struct mpool_wheel_entry *e;

	if (!s->due)
		s->due = mpool_wheel_expire(&s->wheel, now_ns);
	e = s->due;
	if (!e)
		return NULL;
	s->due = e->next;
	return MUMMY_CONTAINER_OF(e, struct mpool_timer, entry);
}

uint64_t mpool_timers_next_ns(const struct mpool_timers *s)
{
	return mpool_wheel_next_ns(&s->wheel);
}
