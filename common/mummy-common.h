/*
 * mummy-common.h - what every library needs and none exports: option tails, clock, threads.
 * Header only, static: nothing here has a symbol, so the four static libraries never collide.
 */
#ifndef MUMMY_COMMON_H
#define MUMMY_COMMON_H
#include <errno.h>
#ifdef HAVE_MALLOC_TRIM
#include <malloc.h>
#endif
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define MUMMY_CONTAINER_OF(ptr, type, member) ((type *)(void *)((char *)(ptr) - offsetof(type, member)))

/** 1 when the n words of a reserved tail are zero. */
static inline int mummy_tail_is_zero(const uintptr_t *tail, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (tail[i] != 0)
			return 0;
	return 1;
}
#define MUMMY_RESERVED_OK(opt) \
	mummy_tail_is_zero((opt)->reserved, sizeof (opt)->reserved / sizeof (opt)->reserved[0])

static inline uint64_t mummy_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static inline uint64_t mummy_now_ms(void)
{
	return mummy_now_ns() / 1000000u;
}

/** Who runs: not 0, and nobody else's meanwhile. As pthread_self, but without a call where the compiler
 *  can. */
static inline uintptr_t mummy_thread_id(void)
{
#ifdef __has_builtin
#if __has_builtin(__builtin_thread_pointer) && (defined __x86_64__ || defined __aarch64__)
	return (uintptr_t)__builtin_thread_pointer();
#define MUMMY_HAS_THREAD_POINTER
#endif
#endif
#ifndef MUMMY_HAS_THREAD_POINTER
	return (uintptr_t)pthread_self();
#endif
}

/** After a burst: malloc gives what is free back to the system, as far as it can. */
static inline void mummy_memory_trim(void)
{
#ifdef HAVE_MALLOC_TRIM
	malloc_trim(0);
#endif
}

/** The whole pages within the n octets at p go back to the system: what lies in them is lost, the memory
 *  itself stays the caller's. */
static inline void mummy_memory_forget(void *p, size_t n)
{
#ifdef MADV_DONTNEED
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), begin = ((uintptr_t)p + page - 1) / page * page;
	uintptr_t end = ((uintptr_t)p + n) / page * page;

	if (begin < end)
		(void)madvise((void *)begin, end - begin, MADV_DONTNEED);
#else
	(void)p;
	(void)n;
#endif
}

/** pthread_create with every signal blocked in the new thread, so that the program's own threads
 *  get them. name (at most 15 octets are kept) may be NULL. 0 or a negative errno. */
static inline int mummy_thread_start(pthread_t *out, const char *name, void *(*run)(void *arg), void *arg)
{
	sigset_t all, old;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = pthread_create(out, NULL, run, arg);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
#ifdef HAVE_PTHREAD_SETNAME_NP
	if (rc == 0 && name) {
		char text[16];

		snprintf(text, sizeof text, "%s", name);
		pthread_setname_np(*out, text);
	}
#else
	(void)name;
#endif
	return -rc;
}
#endif
