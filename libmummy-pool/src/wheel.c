#include <config.h>
#include "wheel.h"
#include <string.h>

#define WORD 64u
#define FARTHEST (((uint64_t)1 << (MPOOL_WHEEL_NEAR_BITS + MPOOL_WHEEL_FAR_BITS * MPOOL_WHEEL_LEVELS)) - 1)

static unsigned shift_of(unsigned level)
{
	return MPOOL_WHEEL_NEAR_BITS + MPOOL_WHEEL_FAR_BITS * level;
}

void mpool_wheel_init(struct mpool_wheel *w, uint64_t now_ns)
{
	memset(w, 0, sizeof *w);
	w->now = now_ns >> MPOOL_WHEEL_TICK_BITS;
}

static void link_to(struct mpool_wheel_entry **head, struct mpool_wheel_entry *e)
{
	e->next = *head;
	e->at = head;
	if (e->next)
		e->next->at = &e->next;
	*head = e;
}

/** e->tick is now or later. */
static void put(struct mpool_wheel *w, struct mpool_wheel_entry *e)
{
	uint64_t delta = e->tick - w->now;
	unsigned level = 0, slot;

	if (delta < MPOOL_WHEEL_NEAR) {
		slot = (unsigned)(e->tick % MPOOL_WHEEL_NEAR);
		w->near_used[slot / WORD] |= (uint64_t)1 << slot % WORD;
		link_to(&w->near[slot], e);
		return;
	}
	while (delta >> shift_of(level + 1))
		level++;
	slot = (unsigned)(e->tick >> shift_of(level)) % MPOOL_WHEEL_FAR;
	w->far_used[level] |= (uint64_t)1 << slot;
	link_to(&w->far[level][slot], e);
}

void mpool_wheel_add(struct mpool_wheel *w, struct mpool_wheel_entry *e, uint64_t due_ns)
{
	/* Rounded up, so that nothing leaves early. */
	uint64_t tick = (due_ns >> MPOOL_WHEEL_TICK_BITS) + 1;

	if (tick <= w->now)
		tick = w->now + 1;
	e->tick = tick - w->now > FARTHEST ? w->now + FARTHEST : tick;
	put(w, e);
	w->count++;
}

/** A slot that has become empty may stay marked: it is cleared when its turn comes. */
bool mpool_wheel_remove(struct mpool_wheel *w, struct mpool_wheel_entry *e)
{
	if (!e->at)
		return false;
	*e->at = e->next;
	if (e->next)
		e->next->at = e->at;
	e->at = NULL;
	w->count--;
	return true;
}

/** How many slots after from the next used one is, 1 to 64; 0: none is used. */
static unsigned distance(uint64_t used, unsigned from)
{
	unsigned by = (from + 1) % WORD;

	if (used == 0)
		return 0;
	used = by ? used >> by | used << (WORD - by) : used;
	return (unsigned)__builtin_ctzll(used) + 1;
}

static uint64_t next_near(const struct mpool_wheel *w)
{
	unsigned from = (unsigned)((w->now + 1) % MPOOL_WHEEL_NEAR), word = from / WORD;
	uint64_t used = w->near_used[word] & ~(uint64_t)0 << from % WORD;

	for (unsigned i = 0; i <= MPOOL_WHEEL_NEAR / WORD; i++) {
		if (used) {
			unsigned slot = word * WORD + (unsigned)__builtin_ctzll(used);

			return w->now + 1 + (slot - from) % MPOOL_WHEEL_NEAR;
		}
		word = (word + 1) % (MPOOL_WHEEL_NEAR / WORD);
		used = w->near_used[word];
	}
	return UINT64_MAX;
}

/** The next tick at which a slot is used. */
static uint64_t next_tick(const struct mpool_wheel *w)
{
	uint64_t next = next_near(w);

	for (unsigned level = 0; level < MPOOL_WHEEL_LEVELS; level++) {
		uint64_t at = w->now >> shift_of(level);
		unsigned d = distance(w->far_used[level], (unsigned)(at % MPOOL_WHEEL_FAR));

		if (d && (at + d) << shift_of(level) < next)
			next = (at + d) << shift_of(level);
	}
	return next;
}

uint64_t mpool_wheel_next_ns(const struct mpool_wheel *w)
{
	return w->count ? next_tick(w) << MPOOL_WHEEL_TICK_BITS : UINT64_MAX;
}

/** A slot holds the last added first. */
static struct mpool_wheel_entry *reversed(struct mpool_wheel_entry *e)
{
	struct mpool_wheel_entry *list = NULL, *next;

	for (; e; e = next) {
		next = e->next;
		e->next = list;
		list = e;
	}
	return list;
}

/** The far slots whose time has come are spread over the nearer ones. */
static void spread(struct mpool_wheel *w)
{
	for (unsigned level = MPOOL_WHEEL_LEVELS; level-- > 0;) {
		unsigned slot = (unsigned)(w->now >> shift_of(level)) % MPOOL_WHEEL_FAR;
		struct mpool_wheel_entry *e = w->far[level][slot], *next;

		if (w->now & (((uint64_t)1 << shift_of(level)) - 1))
			continue;
		w->far[level][slot] = NULL;
		w->far_used[level] &= ~((uint64_t)1 << slot);
		for (e = reversed(e); e; e = next) {
			next = e->next;
			put(w, e);
		}
	}
}

/** Appends, the first added first. */
static struct mpool_wheel_entry **take_near(struct mpool_wheel *w, struct mpool_wheel_entry **end)
{
	unsigned slot = (unsigned)(w->now % MPOOL_WHEEL_NEAR);
	struct mpool_wheel_entry *e = w->near[slot], *next, *list = NULL, *last = e;

	if (!e)
		last = NULL;
	w->near[slot] = NULL;
	w->near_used[slot / WORD] &= ~((uint64_t)1 << slot % WORD);
	for (; e; e = next) {
		next = e->next;
		e->next = list;
		e->at = NULL;
		list = e;
		w->count--;
	}
	*end = list;
	return last ? &last->next : end;
}

struct mpool_wheel_entry *mpool_wheel_expire(struct mpool_wheel *w, uint64_t now_ns)
{
	uint64_t until = now_ns >> MPOOL_WHEEL_TICK_BITS, next;
	struct mpool_wheel_entry *list = NULL, **end = &list;

	while (w->count && (next = next_tick(w)) <= until) {
		w->now = next;
		spread(w);
		end = take_near(w, end);
	}
	if (w->now < until)
		w->now = until;
	return list;
}
