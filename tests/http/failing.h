/*
 * failing.h - allocations that fail when a test wants it, and a count of those that are still there. The
 * program is linked with --wrap for each of them.
 */
#ifndef FAILING_H
#define FAILING_H
#include <limits.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <zlib.h>
#include "crew.h"

static atomic_long calls, first = -1, step, balance;
static _Thread_local int spared;         /* of what this thread makes, nothing fails */

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *old, size_t n);
char *__real_strdup(const char *s);
void __real_free(void *p);
int __real_deflateInit2_(z_stream *z, int level, int method, int bits, int memory, int strategy,
			 const char *version, int size);
int __real_inflateInit2_(z_stream *z, int bits, const char *version, int size);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *old, size_t n);
char *__wrap_strdup(const char *s);
void __wrap_free(void *p);
int __wrap_deflateInit2_(z_stream *z, int level, int method, int bits, int memory, int strategy,
			 const char *version, int size);
int __wrap_inflateInit2_(z_stream *z, int bits, const char *version, int size);

static inline int fails(void)
{
	long n;

	if (spared)
		return 0;
	n = atomic_fetch_add(&calls, 1) - atomic_load(&first);
	return atomic_load(&first) >= 0 && n >= 0 && n % atomic_load(&step) == 0;
}

static inline void *counted(void *p)
{
	atomic_fetch_add(&balance, p != NULL);
	return p;
}

void *__wrap_malloc(size_t n)
{
	return fails() ? NULL : counted(__real_malloc(n));
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : counted(__real_calloc(n, size));
}

void *__wrap_realloc(void *old, size_t n)
{
	if (fails())
		return NULL;
	return old ? __real_realloc(old, n) : counted(__real_realloc(old, n));
}

char *__wrap_strdup(const char *s)
{
	return fails() ? NULL : counted(__real_strdup(s));
}

void __wrap_free(void *p)
{
	atomic_fetch_sub(&balance, p != NULL);
	__real_free(p);
}

int __wrap_deflateInit2_(z_stream *z, int level, int method, int bits, int memory, int strategy,
			 const char *version, int size)
{
	return fails() ? Z_MEM_ERROR
		       : __real_deflateInit2_(z, level, method, bits, memory, strategy, version, size);
}

int __wrap_inflateInit2_(z_stream *z, int bits, const char *version, int size)
{
	return fails() ? Z_MEM_ERROR : __real_inflateInit2_(z, bits, version, size);
}

/* From: -1: none. each: of so many one. */
static inline void fail_from(long from, long each)
{
	atomic_store(&calls, 0);
	atomic_store(&step, each);
	atomic_store(&first, from);
}

/* An executor whose own allocations are spared. */
static inline int submit(void *crew, void (*run)(void *arg), void *arg)
{
	int rc;

	spared++;                            /* the crew is the test's */
	rc = crew_submit(crew, run, arg);
	spared--;
	return rc;
}
#endif
