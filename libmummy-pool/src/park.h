/*
 * park.h - a thread sleeps until another one wakes it: futexes, or mutexes and condition variables.
 *
 * A token is one word that starts at zero and is good for one wake. An event is a token
 * that its one waiter uses again and again; it remembers one signal, and a waiter must expect
 * signals that were meant for an earlier wait. Where a fiber waits for a token, its address is
 * the value (see fiber.h).
 */
#ifndef MPOOL_PARK_H
#define MPOOL_PARK_H
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#if defined HAVE_LINUX_FUTEX_H
#define MPOOL_FUTEX 1
#else
#define MPOOL_FUTEX 0
#endif

#define MPOOL_NEVER UINT64_MAX

/* Token words lie in storage that the program declared as other types. */
typedef _Atomic uintptr_t __attribute__((may_alias)) mpool_word;

enum { MPOOL_TOKEN_IDLE = 0, MPOOL_TOKEN_WAITING = 1, MPOOL_TOKEN_WOKEN = 2 };

/** What a portable sleeper sleeps on; one per pool, so that nothing is global. */
struct mpool_lot {
#if MPOOL_FUTEX
	char none;
#else
	struct {
		pthread_mutex_t lock;
		pthread_cond_t changed;
	} buckets[16];
#endif
};

int mpool_lot_init(struct mpool_lot *lot);
void mpool_lot_destroy(struct mpool_lot *lot);

/** Waits until the token is woken: 0, or -ETIMEDOUT at deadline_ns (monotonic; MPOOL_NEVER). */
int mpool_token_wait(struct mpool_lot *lot, mpool_word *token, uint64_t deadline_ns);
/** Does not read or write *token once the waiter can return. */
void mpool_token_wake(struct mpool_lot *lot, mpool_word *token);

/** As above; takes the signal back, so that the event can be waited for again. */
int mpool_event_wait(struct mpool_lot *lot, mpool_word *event, uint64_t deadline_ns);
#define mpool_event_signal mpool_token_wake

/** The monotonic time timeout_ms from now; negative: MPOOL_NEVER. */
uint64_t mpool_deadline(int timeout_ms);

static inline void mpool_relax(void)
{
#if defined __x86_64__ || defined __i386__
	__builtin_ia32_pause();
#elif defined __aarch64__
	__asm__ volatile("isb");
#endif
}
#endif
