#include <config.h>
#include "timers.h"
#include <errno.h>
#include <stdlib.h>

#define FIRST_CAPACITY 16u

static void put(struct mpool_timers *h, size_t place, struct mpool_timer *t)
{
	h->heap[place] = t;
	t->place = place;
}

static void sift_up(struct mpool_timers *h, size_t place, struct mpool_timer *t)
{
	for (; place > 1 && t->due_ns < h->heap[place / 2]->due_ns; place /= 2)
		put(h, place, h->heap[place / 2]);
	put(h, place, t);
}

static void sift_down(struct mpool_timers *h, size_t place, struct mpool_timer *t)
{
	size_t child;

	for (; (child = place * 2) <= h->count; place = child) {
		if (child < h->count && h->heap[child + 1]->due_ns < h->heap[child]->due_ns)
			child++;
		if (t->due_ns <= h->heap[child]->due_ns)
			break;
		put(h, place, h->heap[child]);
	}
	put(h, place, t);
}

int mpool_timers_add(struct mpool_timers *h, struct mpool_timer *t)
{
	size_t capacity = h->capacity ? h->capacity * 2 : FIRST_CAPACITY;
	struct mpool_timer **heap;

	if (h->count + 1 >= h->capacity) {
		if (capacity > SIZE_MAX / sizeof *heap)
			return -ENOMEM;
		heap = realloc(h->heap, capacity * sizeof *heap);
		if (!heap)
			return -ENOMEM;
		h->heap = heap;
		h->capacity = capacity;
	}
	sift_up(h, ++h->count, t);
	return 0;
}

static void sift(struct mpool_timers *h, size_t place, struct mpool_timer *t)
{
	if (place > 1 && t->due_ns < h->heap[place / 2]->due_ns)
		sift_up(h, place, t);
	else
		sift_down(h, place, t);
}

void mpool_timers_move(struct mpool_timers *h, struct mpool_timer *t, uint64_t due_ns)
{
	t->due_ns = due_ns;
	sift(h, t->place, t);
}

bool mpool_timers_remove(struct mpool_timers *h, struct mpool_timer *t)
{
	size_t place = t->place;
	struct mpool_timer *last;

	if (place == 0)
		return false;
	last = h->heap[h->count--];
	t->place = 0;
	if (last == t)
		return true;
	sift(h, place, last);
	return true;
}

struct mpool_timer *mpool_timers_first(const struct mpool_timers *h)
{
	return h->count ? h->heap[1] : NULL;
}

void mpool_timers_destroy(struct mpool_timers *h)
{
	free(h->heap);
	*h = (struct mpool_timers){ 0 };
}
