/*
 * swap.h - which way to switch stacks; for C and assembly.
 */
#ifndef MPOOL_SWAP_H
#define MPOOL_SWAP_H
#if defined __ELF__ && !defined USE_UCONTEXT \
	&& ((defined __x86_64__ && defined __LP64__) || (defined __aarch64__ && defined __LP64__))
#define MPOOL_SWAP_ASM 1
#define MPOOL_SWAP_UCONTEXT 0
#elif defined HAVE_MAKECONTEXT
#define MPOOL_SWAP_ASM 0
#define MPOOL_SWAP_UCONTEXT 1
#else
#define MPOOL_SWAP_ASM 0
#define MPOOL_SWAP_UCONTEXT 0
#endif
#endif
