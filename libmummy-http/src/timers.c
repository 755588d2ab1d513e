#include <config.h>
#include "timers.h"
#include "mummy-common.h"

/*
 * Lists are circular; a link is two words, next and previous, that hold addresses of links. A timer's words:
 * the link, then the low and the high 32 bits of the deadline (a word may have only 32).
 */
enum { NEXT, PREV, LOW, HIGH, DIGIT_BITS = 6 };
/* The wheel's horizon: 139 years of milliseconds. */
#define LAST_TICK ((UINT64_C(1) << DIGIT_BITS * MHTTP_TIMERS_LEVELS) - 1)

static uintptr_t *link_at(uintptr_t address)
{
	return (uintptr_t *)address;
}

static void list_init(uintptr_t *head)
{
	head[NEXT] = head[PREV] = (uintptr_t)head;
}

static int list_is_empty(const uintptr_t *head)
{
	return head[NEXT] == (uintptr_t)head;
}

static void list_append(uintptr_t *head, uintptr_t *link)
{
	link[NEXT] = (uintptr_t)head;
	link[PREV] = head[PREV];
	link_at(head[PREV])[NEXT] = (uintptr_t)link;
	head[PREV] = (uintptr_t)link;
}

static void list_unlink(uintptr_t *link)
{
	link_at(link[NEXT])[PREV] = link[PREV];
	link_at(link[PREV])[NEXT] = link[NEXT];
	link[NEXT] = link[PREV] = 0;
}

/* Moves all of from to the empty list to. */
static void list_move(uintptr_t *to, uintptr_t *from)
{
	list_init(to);
	if (list_is_empty(from))
		return;
	to[NEXT] = from[NEXT];
	to[PREV] = from[PREV];
	link_at(to[NEXT])[PREV] = link_at(to[PREV])[NEXT] = (uintptr_t)to;
	list_init(from);
}

static uint64_t deadline_of(const uintptr_t *link)
{
	return (uint64_t)link[HIGH] << 32 | (uint32_t)link[LOW];
}

static int highest_bit(uint64_t v)
{
#ifdef __GNUC__
	return 63 - __builtin_clzll(v);
#else
	int bit = 0;

	for (int step = 32; step > 0; step /= 2)
		if (v >> step) {
			v >>= step;
			bit += step;
		}
	return bit;
#endif
}

static int lowest_bit(uint64_t v)
{
	return highest_bit(v & (~v + 1));
}

/* The first slot that is not empty, and the tick at which it begins. Lower levels are always sooner. */
static uint64_t first_slot(const struct mhttp_timers *w, int *level, int *slot)
{
	for (*level = 0; *level < MHTTP_TIMERS_LEVELS; ++*level)
		if (w->used[*level]) {
			int shift = *level * DIGIT_BITS;

			*slot = lowest_bit(w->used[*level]);
			return (w->clock >> shift >> DIGIT_BITS << DIGIT_BITS | (unsigned)*slot) << shift;
		}
	return UINT64_MAX;
}

static void look_ahead(struct mhttp_timers *w)
{
	int level, slot;

	w->first = list_is_empty(w->due) ? first_slot(w, &level, &slot) : w->clock;
}

static void insert(struct mhttp_timers *w, uintptr_t *link)
{
	uint64_t deadline = deadline_of(link);
	unsigned level, slot;

	if (deadline <= w->clock) {
		list_append(w->due, link);
		return;
	}
	level = (unsigned)highest_bit(deadline ^ w->clock) / DIGIT_BITS;
	slot = deadline >> level * DIGIT_BITS & (MHTTP_TIMERS_SLOTS - 1);
	list_append(w->slots[level][slot], link);
	w->used[level] |= UINT64_C(1) << slot;
}

void mhttp_timers_init(struct mhttp_timers *w)
{
	w->clock = 0;
	w->first = UINT64_MAX;
	for (int level = 0; level < MHTTP_TIMERS_LEVELS; level++) {
		w->used[level] = 0;
		for (int slot = 0; slot < MHTTP_TIMERS_SLOTS; slot++)
			list_init(w->slots[level][slot]);
	}
	list_init(w->due);
	list_init(w->running);
}

void mhttp_timers_set(struct mhttp_timers *w, struct mummy_poller_timer *t, uint64_t deadline)
{
	mhttp_timers_cancel(w, t);
	if (deadline > LAST_TICK)
		deadline = LAST_TICK;
	t->opaque[LOW] = (uint32_t)deadline;
	t->opaque[HIGH] = (uintptr_t)(deadline >> 32);
	insert(w, t->opaque);
	look_ahead(w);
}

void mhttp_timers_cancel(struct mhttp_timers *w, struct mummy_poller_timer *t)
{
	uintptr_t head = t->opaque[NEXT], first = (uintptr_t)w->slots;

	if (!head)
		return;
	list_unlink(t->opaque);
	if (!list_is_empty(link_at(head)))
		return;
	if (head >= first && head < first + sizeof w->slots) {
		size_t i = (head - first) / sizeof w->slots[0][0];

		w->used[i / MHTTP_TIMERS_SLOTS] &= ~(UINT64_C(1) << i % MHTTP_TIMERS_SLOTS);
	}
	look_ahead(w);
}

void mhttp_timers_move(struct mhttp_timers *w, uint64_t now)
{
	uintptr_t moved[2];
	int level, slot = 0;
	uint64_t at;

	while ((at = first_slot(w, &level, &slot)) <= now) {
		w->clock = at;
		w->used[level] &= ~(UINT64_C(1) << slot);
		list_move(moved, w->slots[level][slot]);
		while (!list_is_empty(moved)) {
			uintptr_t *link = link_at(moved[NEXT]);

			list_unlink(link);
			insert(w, link);
		}
	}
	if (now > w->clock)
		w->clock = now;
	look_ahead(w);
}

int mhttp_timers_run(struct mhttp_timers *w)
{
	int n = 0;

	if (list_is_empty(w->due))
		return 0;
	list_move(w->running, w->due);
	look_ahead(w);
	while (!list_is_empty(w->running)) {
		uintptr_t *link = link_at(w->running[NEXT]);
		struct mummy_poller_timer *t =
			MUMMY_CONTAINER_OF(link, struct mummy_poller_timer, opaque);

		list_unlink(link);
		t->run(t);
		n++;
	}
	return n;
}
