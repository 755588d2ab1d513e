#include <config.h>
#include "stack.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#if defined HAVE_VALGRIND_VALGRIND_H
#include <valgrind/valgrind.h>
#endif

#define GUARD_BYTES 16384u       /* of more than a page: frames may be larger than one */
#define MIN_BYTES 16384u
#define MAX_BYTES ((size_t)1 << 30)

#if !defined MADV_GUARD_INSTALL && defined __linux__
#define MADV_GUARD_INSTALL 102   /* since 6.13: without it each guard takes two places in the map table */
#endif
#if !defined MAP_NORESERVE
#define MAP_NORESERVE 0
#endif
#if !defined MAP_STACK
#define MAP_STACK 0
#endif

#define ALL (~(uint32_t)0)
_Static_assert(MPOOL_SLAB == 32, "a slab's sets are of 32 bits");

struct mpool_slab {
	struct mpool_slab *next, *before;
	char *base;
	uint32_t cold;           /* neither used nor warm */
	uint32_t guarded;
	unsigned valgrind_id[MPOOL_SLAB];
};

static size_t up_to(size_t n, size_t unit)
{
	return (n + unit - 1) / unit * unit;
}

static size_t page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

size_t mpool_stack_size(size_t bytes)
{
	return bytes > MAX_BYTES ? 0 : up_to(bytes < MIN_BYTES ? MIN_BYTES : bytes, page_size());
}

static size_t slab_bytes(const struct mpool_stacks *s)
{
	return MPOOL_SLAB * (s->guard + s->bytes);
}

static char *low_of(const struct mpool_stacks *s, const struct mpool_slab *slab, unsigned i)
{
	return slab->base + i * (s->guard + s->bytes) + s->guard;
}

static void add_slab(struct mpool_stacks *s, struct mpool_slab *slab)
{
	slab->before = NULL;
	slab->next = s->slabs;
	if (slab->next)
		slab->next->before = slab;
	s->slabs = slab;
}

static void take_slab_out(struct mpool_stacks *s, struct mpool_slab *slab)
{
	if (slab->before)
		slab->before->next = slab->next;
	else
		s->slabs = slab->next;
	if (slab->next)
		slab->next->before = slab->before;
}

/** Where slabs are looked for; those without cold stacks only have to be found again by their stacks. */
static void move_to_end(struct mpool_stacks *s, struct mpool_slab *slab)
{
	struct mpool_slab *last = slab;

	if (!slab->next)
		return;
	while (last->next && last->next->cold)
		last = last->next;
	if (last == slab)
		return;
	take_slab_out(s, slab);
	slab->before = last;
	slab->next = last->next;
	if (slab->next)
		slab->next->before = slab;
	last->next = slab;
}

static int map_slab(struct mpool_stacks *s)
{
	struct mpool_slab *slab = calloc(1, sizeof *slab);

	if (!slab)
		return -ENOMEM;
	slab->base = mmap(NULL, slab_bytes(s), PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
	if (slab->base == MAP_FAILED) {
		free(slab);
		return -EAGAIN;
	}
#if defined MADV_NOHUGEPAGE
	madvise(slab->base, slab_bytes(s), MADV_NOHUGEPAGE);
#endif
	slab->cold = ALL;
	add_slab(s, slab);
	return 0;
}

static void unmap_slab(struct mpool_stacks *s, struct mpool_slab *slab, bool keep_memory)
{
	take_slab_out(s, slab);
#if defined HAVE_VALGRIND_VALGRIND_H
	for (unsigned i = 0; i < MPOOL_SLAB; i++)
		if (slab->guarded >> i & 1)
			VALGRIND_STACK_DEREGISTER(slab->valgrind_id[i]);
#endif
	if (!keep_memory)
		munmap(slab->base, slab_bytes(s));
	free(slab);
}

static int guard(const struct mpool_stacks *s, struct mpool_slab *slab, unsigned i)
{
	char *low = low_of(s, slab, i);

	if (slab->guarded >> i & 1)
		return 0;
#if defined MADV_GUARD_INSTALL
	if (madvise(low - s->guard, s->guard, MADV_GUARD_INSTALL) != 0)
#endif
		if (mprotect(low - s->guard, s->guard, PROT_NONE) != 0)
			return -EAGAIN;
	slab->guarded |= (uint32_t)1 << i;
#if defined HAVE_VALGRIND_VALGRIND_H
	slab->valgrind_id[i] = VALGRIND_STACK_REGISTER(low, low + s->bytes - s->owned);
#endif
	return 0;
}

int mpool_stacks_init(struct mpool_stacks *s, size_t bytes, size_t owned, size_t bound)
{
	int rc;

	memset(s, 0, sizeof *s);
	s->page = page_size();
	s->bytes = bytes;
	s->guard = up_to(GUARD_BYTES, s->page);
	s->owned = up_to(owned, 64);
	s->bound = bound;
	rc = map_slab(s);
	/* So that a worker without a fiber can always begin one. */
	if (rc == 0)
		rc = guard(s, s->slabs, 0);
	if (rc < 0)
		mpool_stacks_destroy(s, NULL);
	return rc;
}

void mpool_stacks_destroy(struct mpool_stacks *s, const void *except)
{
	for (struct mpool_slab *slab = s->slabs, *next; slab; slab = next) {
		const char *p = except;

		next = slab->next;
		unmap_slab(s, slab, p && p >= slab->base && p < slab->base + slab_bytes(s));
	}
	free(s->warm);
	memset(s, 0, sizeof *s);
}

static struct mpool_stack *wake_up(struct mpool_stacks *s, struct mpool_slab *slab)
{
	uint32_t ready = slab->cold & slab->guarded;
	unsigned i = (unsigned)__builtin_ctz(ready ? ready : slab->cold);
	char *low = low_of(s, slab, i);
	struct mpool_stack *stack = (struct mpool_stack *)(void *)(low + s->bytes - s->owned);

	if (guard(s, slab, i) < 0) {
		/* An empty slab must not be the last that is left. */
		if (!slab->guarded)
			unmap_slab(s, slab, false);
		return NULL;
	}
	slab->cold &= ~((uint32_t)1 << i);
	memset(stack, 0, s->owned);
	*stack = (struct mpool_stack){ .low = low, .bytes = s->bytes - s->owned, .slab = slab, .index = i };
	if (!slab->cold)
		move_to_end(s, slab);
	return stack;
}

struct mpool_stack *mpool_stack_get(struct mpool_stacks *s)
{
	if (s->count > 0) {
		struct mpool_stack *stack = s->warm[--s->count];

		s->fewest = s->count < s->fewest ? s->count : s->fewest;
		return stack;
	}
	if (!s->slabs->cold && map_slab(s) < 0)
		return NULL;
	return wake_up(s, s->slabs);
}

static bool make_room(struct mpool_stacks *s)
{
	size_t room = s->room ? s->room * 2 : MPOOL_SLAB;
	struct mpool_stack **warm;

	if (s->count >= s->bound)
		return false;
	if (s->count < s->room)
		return true;
	warm = realloc(s->warm, room * sizeof *warm);
	if (!warm)
		return false;
	s->warm = warm;
	s->room = room;
	return true;
}

static void cool(struct mpool_stacks *s, struct mpool_stack *stack)
{
	struct mpool_slab *slab = stack->slab;
	bool first = !slab->cold;
	unsigned i = stack->index;

	madvise(stack->low, s->bytes, MADV_DONTNEED);
	slab->cold |= (uint32_t)1 << i;
	if (slab->cold == ALL && (slab->next || slab->before)) {
		unmap_slab(s, slab, false);
	} else if (first) {
		take_slab_out(s, slab);
		add_slab(s, slab);
	}
}

void mpool_stack_put(struct mpool_stacks *s, struct mpool_stack *stack)
{
	if (make_room(s))
		s->warm[s->count++] = stack;
	else
		cool(s, stack);
}

bool mpool_stacks_cool(struct mpool_stacks *s, size_t max)
{
	size_t n = s->fewest < max ? s->fewest : max;

	for (size_t i = 0; i < n; i++)
		cool(s, s->warm[i]);
	if (n > 0)
		memmove(s->warm, s->warm + n, (s->count - n) * sizeof(s->warm[0]));
	s->count -= n;
	s->fewest -= n;
	return s->fewest > 0;
}

void mpool_stacks_settle(struct mpool_stacks *s)
{
	s->fewest = s->count;
}

bool mpool_stack_guards(const struct mpool_stacks *s, const struct mpool_stack *stack, const void *address)
{
	uintptr_t at = (uintptr_t)address, low = (uintptr_t)stack->low;

	return at >= low - s->guard && at < low;
}
