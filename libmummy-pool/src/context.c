#include <config.h>
#include "context.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if defined MPOOL_ASAN
void __sanitizer_start_switch_fiber(void **fake, const void *low, size_t bytes);
void __sanitizer_finish_switch_fiber(void *fake, const void **old_low, size_t *old_bytes);
void __asan_unpoison_memory_region(void const volatile *p, size_t n);
#endif
#if defined MPOOL_TSAN
void *__tsan_get_current_fiber(void);
void *__tsan_create_fiber(unsigned flags);
void __tsan_destroy_fiber(void *fiber);
void __tsan_switch_to_fiber(void *fiber, unsigned flags);
#endif

/** Just before. For good: what from has is not needed any more. */
static inline void departs(struct mpool_context *from, struct mpool_context *to, int for_good)
{
#if defined MPOOL_ASAN
	__sanitizer_start_switch_fiber(for_good ? NULL : &from->fake, to->low, to->bytes);
#endif
#if defined MPOOL_TSAN
	__tsan_switch_to_fiber(to->tsan, 0);
#endif
	(void)from, (void)to, (void)for_good;
}

/** Just after. */
static inline void arrives(struct mpool_context *at)
{
#if defined MPOOL_ASAN
	__sanitizer_finish_switch_fiber(at->fake, NULL, NULL);
#endif
	(void)at;
}

static void first_arrives(struct mpool_context *at)
{
#if defined MPOOL_ASAN
	/* Nobody else says where the stack of a thread lies. */
	__sanitizer_finish_switch_fiber(NULL, &at->home->low, &at->home->bytes);
#endif
	(void)at;
}

static void start(void *arg)
{
	struct mpool_context *c = arg;

	first_arrives(c);
	c->run(c->arg);
	abort();
}

#if MPOOL_SWAP_ASM
void mpool_swap(void **save, void *load);
void mpool_swap_start(void);

/** What mpool_swap will take from a new stack, in swap.S's order. */
#if defined __x86_64__
struct frame {
	uint32_t mxcsr;
	uint32_t x87_control;
	void *r15, *r14, *r13;
	struct mpool_context *r12;
	void (*rbx)(void *arg);
	void *rbp;
	void (*returns_to)(void);
};

static const struct frame fresh = { .mxcsr = 0x1f80, .x87_control = 0x037f };

static void fill(struct frame *f, struct mpool_context *c)
{
	*f = fresh;
	f->r12 = c;
	f->rbx = start;
	f->returns_to = mpool_swap_start;
}
#else
struct frame {
	void *x29;
	void (*x30)(void);
	void (*x19)(void *arg);
	struct mpool_context *x20;
	void *others[8];
	double d8_to_d15[8];
	uint64_t fpcr, unused;
};

static void fill(struct frame *f, struct mpool_context *c)
{
	memset(f, 0, sizeof *f);
	f->x19 = start;
	f->x20 = c;
	f->x30 = mpool_swap_start;
}
#endif

static void make(struct mpool_context *c, void *low, size_t bytes)
{
	uintptr_t top = ((uintptr_t)low + bytes) & ~(uintptr_t)15;
	struct frame *f = (struct frame *)(top - sizeof *f);

	fill(f, c);
	c->sp = f;
}

static inline void swap(struct mpool_context *from, struct mpool_context *to)
{
	mpool_swap(&from->sp, to->sp);
}

#elif MPOOL_SWAP_UCONTEXT
/* makecontext passes ints. */
static void start_split(unsigned high, unsigned low)
{
	start((void *)(uintptr_t)((uint64_t)high << 32 | low));
}

static void make(struct mpool_context *c, void *low, size_t bytes)
{
	uint64_t at = (uintptr_t)c;

	getcontext(&c->state);
	c->state.uc_stack.ss_sp = low;
	c->state.uc_stack.ss_size = bytes;
	c->state.uc_link = NULL;
	makecontext(&c->state, (void (*)(void))start_split, 2, (unsigned)(at >> 32), (unsigned)at);
}

static inline void swap(struct mpool_context *from, struct mpool_context *to)
{
	swapcontext(&from->state, &to->state);
}

#else
/* mummy_pool_new refuses fibers here. */
static void make(struct mpool_context *c, void *low, size_t bytes)
{
	(void)c, (void)low, (void)bytes;
}

static inline void swap(struct mpool_context *from, struct mpool_context *to)
{
	(void)from, (void)to;
}
#endif

void mpool_context_adopt(struct mpool_context *home)
{
	memset(home, 0, sizeof *home);
#if defined MPOOL_TSAN
	home->tsan = __tsan_get_current_fiber();
#endif
}

void mpool_context_make(struct mpool_context *c, void *low, size_t bytes, struct mpool_context *home,
			void (*run)(void *arg), void *arg)
{
	c->run = run;
	c->arg = arg;
	c->home = home;
#if defined MPOOL_ASAN
	/* Frames that were left for good have poisoned it. */
	__asan_unpoison_memory_region(low, bytes);
	c->low = low;
	c->bytes = bytes;
	c->fake = NULL;
#endif
#if defined MPOOL_TSAN
	c->tsan = __tsan_create_fiber(0);
#endif
	make(c, low, bytes);
}

void mpool_context_switch(struct mpool_context *from, struct mpool_context *to)
{
	departs(from, to, 0);
	swap(from, to);
	arrives(from);
}

void mpool_context_leave(struct mpool_context *from)
{
	departs(from, from->home, 1);
	swap(from, from->home);
	abort();
}

void mpool_context_destroy(struct mpool_context *c)
{
#if defined MPOOL_TSAN
	__tsan_destroy_fiber(c->tsan);
#endif
	(void)c;
}
