/*
 * context.h - switches between stacks. The assembly in swap.S where there is some for the machine, ucontext
 * elsewhere; the sanitizers are told of every switch.
 *
 * A context runs on the thread that it was started on, and never returns: its last switch is _leave.
 */
#ifndef MPOOL_CONTEXT_H
#define MPOOL_CONTEXT_H
#include <stddef.h>
#include "swap.h"
#if MPOOL_SWAP_UCONTEXT
#include <ucontext.h>
#endif

#if defined __SANITIZE_ADDRESS__
#define MPOOL_ASAN 1
#elif defined __has_feature
#if __has_feature(address_sanitizer)
#define MPOOL_ASAN 1
#endif
#endif
#if defined __SANITIZE_THREAD__
#define MPOOL_TSAN 1
#elif defined __has_feature
#if __has_feature(thread_sanitizer)
#define MPOOL_TSAN 1
#endif
#endif

struct mpool_context {
#if MPOOL_SWAP_UCONTEXT
	ucontext_t state;
#else
	void *sp;
#endif
#if defined MPOOL_ASAN
	const void *low;
	size_t bytes;
	void *fake;
#endif
#if defined MPOOL_TSAN
	void *tsan;
#endif
	void (*run)(void *arg);
	void *arg;
	struct mpool_context *home;
};

/** Whether the machine can do it at all. */
#define MPOOL_CONTEXTS (MPOOL_SWAP_ASM || MPOOL_SWAP_UCONTEXT)

/** The context of the calling thread, for the first switch away from it. */
void mpool_context_adopt(struct mpool_context *home);
/** Makes c, so that the first switch to it, which is from home, calls run(arg) on the stack of so many bytes
 *  from low. */
void mpool_context_make(struct mpool_context *c, void *low, size_t bytes, struct mpool_context *home,
			void (*run)(void *arg), void *arg);
/** Saves the calling context in from, and goes on in to. */
void mpool_context_switch(struct mpool_context *from, struct mpool_context *to);
/** As _switch to home, for good: from can be destroyed then. */
void mpool_context_leave(struct mpool_context *from) __attribute__((noreturn));
void mpool_context_destroy(struct mpool_context *c);
#endif
