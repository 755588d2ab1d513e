/*
 * deque.h - the work-stealing deque of D. Chase and Y. Lev ("Dynamic Circular Work-Stealing Deque",
 * SPAA 2005), of fixed capacity: its owner pushes and pops at the bottom, anybody steals at the top.
 *
 * The orderings are those of atomic operations alone, without fences, so that thread sanitizers
 * follow them. After a push the owner looks for sleepers, and a full barrier has to stand between:
 * push ends in an exchange, the cheapest there is on x86, unless the deque is light. Then it ends in a
 * store, and who falls asleep makes the barrier for both (barrier.h). tests/model/deque.pml proves it.
 */
#ifndef MPOOL_DEQUE_H
#define MPOOL_DEQUE_H
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** What a worker runs. */
struct mpool_job {
	void (*run)(void *arg);
	void *arg;
};

struct mpool_slot {
	_Atomic(void (*)(void *)) run;
	_Atomic(void *) arg;
};

struct mpool_deque {
	_Alignas(64) _Atomic int64_t top;    /* thieves */
	_Alignas(64) _Atomic int64_t bottom; /* the owner */
	int64_t limit;                       /* no push at or above; top was seen at limit - capacity */
	int64_t capacity;                    /* a power of two; 0: every push is refused */
	bool light;
	struct mpool_slot *slots;
};

static inline struct mpool_slot *mpool_deque_slot(const struct mpool_deque *d, int64_t i)
{
	return &d->slots[i & (d->capacity - 1)];
}

static inline int64_t mpool_deque_size(struct mpool_deque *d)
{
	int64_t t = atomic_load(&d->top), b = atomic_load(&d->bottom);

	return b > t ? b - t : 0;
}

/** Owner: so many pushes will succeed. */
static inline size_t mpool_deque_room(struct mpool_deque *d)
{
	return (size_t)(d->capacity - mpool_deque_size(d));
}

/** Owner: the slot to be filled and then published, or NULL when it is full. */
static inline struct mpool_slot *mpool_deque_claim(struct mpool_deque *d)
{
	int64_t b = atomic_load_explicit(&d->bottom, memory_order_relaxed);

	if (__builtin_expect(b >= d->limit, 0)) {
		d->limit = atomic_load_explicit(&d->top, memory_order_acquire) + d->capacity;
		if (b >= d->limit)
			return NULL;
	}
	return mpool_deque_slot(d, b);
}

/** Owner: what was claimed is there for thieves. A full barrier unless d is light. */
static inline void mpool_deque_publish(struct mpool_deque *d)
{
	int64_t b = atomic_load_explicit(&d->bottom, memory_order_relaxed) + 1;

	if (__builtin_expect(d->light, 1))
		atomic_store_explicit(&d->bottom, b, memory_order_release);
	else
		atomic_exchange(&d->bottom, b);
}

/** Owner. False when it is full. */
static inline bool mpool_deque_push(struct mpool_deque *d, void (*run)(void *arg), void *arg)
{
	struct mpool_slot *s = mpool_deque_claim(d);

	if (!s)
		return false;
	atomic_store_explicit(&s->run, run, memory_order_relaxed);
	atomic_store_explicit(&s->arg, arg, memory_order_relaxed);
	mpool_deque_publish(d);
	return true;
}

/** Owner: takes the last pushed out, from *at. False when thieves took everything. */
static inline bool mpool_deque_take_back(struct mpool_deque *d, int64_t *at)
{
	int64_t b = atomic_load_explicit(&d->bottom, memory_order_relaxed) - 1;
	bool mine;
	int64_t t;

	*at = b;
	atomic_exchange(&d->bottom, b);
	t = atomic_load(&d->top);
	if (__builtin_expect(t >= b, 0)) {
		/* The last one is contended; none at all has to leave bottom as it was. */
		mine = t == b && atomic_compare_exchange_strong(&d->top, &t, t + 1);
		atomic_store(&d->bottom, b + 1);
		return mine;
	}
	return true;
}

/** Owner: takes back the last pushed. False when thieves took everything. */
static inline bool mpool_deque_pop(struct mpool_deque *d, struct mpool_job *out)
{
	struct mpool_slot *s;
	int64_t at;

	if (!mpool_deque_take_back(d, &at))
		return false;
	s = mpool_deque_slot(d, at);
	out->run = atomic_load_explicit(&s->run, memory_order_relaxed);
	out->arg = atomic_load_explicit(&s->arg, memory_order_relaxed);
	return true;
}

/** Anybody. False when it is empty or another thread was faster. */
static inline bool mpool_deque_steal(struct mpool_deque *d, struct mpool_job *out)
{
	int64_t t = atomic_load(&d->top), b = atomic_load(&d->bottom);
	struct mpool_slot *s;

	if (t >= b)
		return false;
	/* Read first: after the exchange the owner may reuse the slot. */
	s = mpool_deque_slot(d, t);
	out->run = atomic_load_explicit(&s->run, memory_order_relaxed);
	out->arg = atomic_load_explicit(&s->arg, memory_order_relaxed);
	return atomic_compare_exchange_strong(&d->top, &t, t + 1);
}

/** -ENOMEM. capacity is a power of two. */
int mpool_deque_init(struct mpool_deque *d, size_t capacity);
void mpool_deque_destroy(struct mpool_deque *d);
#endif
