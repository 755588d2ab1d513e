/*
 * wheel.h - a hierarchical timer wheel (G. Varghese, A. Lauck, "Hashed and Hierarchical Timing Wheels",
 * SOSP 1987) of ticks of 65.536 us: adding and removing take constant time, and what is due leaves in
 * batches. No locking of its own.
 */
#ifndef MPOOL_WHEEL_H
#define MPOOL_WHEEL_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MPOOL_WHEEL_TICK_BITS 16u      /* nanoseconds to ticks */
#define MPOOL_WHEEL_NEAR_BITS 8u
#define MPOOL_WHEEL_FAR_BITS 6u
#define MPOOL_WHEEL_NEAR (1u << MPOOL_WHEEL_NEAR_BITS)
#define MPOOL_WHEEL_FAR (1u << MPOOL_WHEEL_FAR_BITS)
#define MPOOL_WHEEL_LEVELS 5u          /* of far slots; together 208 days */

struct mpool_wheel_entry {
	struct mpool_wheel_entry *next, **at;  /* at is NULL: not in a wheel */
	uint64_t tick;
};

struct mpool_wheel {
	uint64_t now;                  /* ticks; what was due until then has left */
	size_t count;
	uint64_t near_used[MPOOL_WHEEL_NEAR / 64], far_used[MPOOL_WHEEL_LEVELS];
	struct mpool_wheel_entry *near[MPOOL_WHEEL_NEAR], *far[MPOOL_WHEEL_LEVELS][MPOOL_WHEEL_FAR];
};

void mpool_wheel_init(struct mpool_wheel *w, uint64_t now_ns);
/** e is borrowed until it leaves; not before due_ns, and within a tick after it. More than 208 days: then. */
void mpool_wheel_add(struct mpool_wheel *w, struct mpool_wheel_entry *e, uint64_t due_ns);
/** False when it was not in. */
bool mpool_wheel_remove(struct mpool_wheel *w, struct mpool_wheel_entry *e);
/** Takes out what is due, linked by next, the earliest first; NULL: nothing. */
struct mpool_wheel_entry *mpool_wheel_expire(struct mpool_wheel *w, uint64_t now_ns);
/** When _expire is to be called next: not after the first is due; UINT64_MAX when empty. */
uint64_t mpool_wheel_next_ns(const struct mpool_wheel *w);
#endif
