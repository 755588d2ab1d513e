/*
 * stack.h - stacks for fibers: mapped in slabs, each with a guard below it, and kept by their worker for
 * the next one. No locking of its own.
 *
 * The highest part of a stack is for its owner, who finds it zeroed when the stack is fresh; its first
 * member is the struct mpool_stack. So a parked fiber that needs little has one page of memory.
 */
#ifndef MPOOL_STACK_H
#define MPOOL_STACK_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MPOOL_SLAB 32u           /* stacks mapped at once */

struct mpool_slab;

struct mpool_stack {
	char *low;               /* above the guard */
	size_t bytes;            /* from low, the owner's part not counted */
	struct mpool_slab *slab;
	unsigned index;
};

struct mpool_stacks {
	size_t page, bytes, guard, owned;
	struct mpool_slab *slabs;     /* those with cold stacks first; at least one */
	/* Warm stacks keep their memory: a stack of them, and the fewest there have been of late. */
	struct mpool_stack **warm;
	size_t count, room, bound, fewest;
};

/** The size of a stack when the program asks for so many bytes: whole pages. 0: too many. */
size_t mpool_stack_size(size_t bytes);
/** bytes from mpool_stack_size; of each the highest owned ones are the owner's; at most bound stay warm.
 *  -ENOMEM, -EAGAIN: no room in the map table. */
int mpool_stacks_init(struct mpool_stacks *s, size_t bytes, size_t owned, size_t bound);
/** except: a stack that the caller runs on, which stays; may be NULL. */
void mpool_stacks_destroy(struct mpool_stacks *s, const void *except);
/** NULL: the map table is full, or no memory. */
struct mpool_stack *mpool_stack_get(struct mpool_stacks *s);
void mpool_stack_put(struct mpool_stacks *s, struct mpool_stack *stack);
/** Gives memory back of at most max of the stacks that were not needed since _settle. False: none is left. */
bool mpool_stacks_cool(struct mpool_stacks *s, size_t max);
/** What is warm now may be cooled unless it is needed until the next call. */
void mpool_stacks_settle(struct mpool_stacks *s);
/** Whether address lies in the guard of the stack. */
bool mpool_stack_guards(const struct mpool_stacks *s, const struct mpool_stack *stack, const void *address);
#endif
