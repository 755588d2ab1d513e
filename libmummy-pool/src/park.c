#include <config.h>
#include "fiber.h"
#include "mummy-common.h"
#if MPOOL_FUTEX
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

#define IDLE ((uintptr_t)MPOOL_TOKEN_IDLE)
#define WAITING ((uintptr_t)MPOOL_TOKEN_WAITING)
#define WOKEN ((uintptr_t)MPOOL_TOKEN_WOKEN)

uint64_t mpool_deadline(int timeout_ms)
{
	if (timeout_ms < 0)
		return MPOOL_NEVER;
	return mummy_now_ns() + (uint64_t)timeout_ms * 1000000u;
}

static struct timespec to_timespec(uint64_t ns)
{
	struct timespec ts = { .tv_sec = (time_t)(ns / 1000000000u), .tv_nsec = (long)(ns % 1000000000u) };

	return ts;
}

#if MPOOL_FUTEX
/* On 32-bit systems the call has to match the width of time_t. */
#if defined SYS_futex_time64 && (!defined SYS_futex || (defined _TIME_BITS && _TIME_BITS == 64))
#define FUTEX_CALL SYS_futex_time64
#else
#define FUTEX_CALL SYS_futex
#endif

int mpool_lot_init(struct mpool_lot *lot)
{
	lot->none = 0;
	return 0;
}

void mpool_lot_destroy(struct mpool_lot *lot)
{
	(void)lot;
}

/** The low half of a word is what the kernel looks at. */
static void *futex_of(mpool_word *word)
{
	char *p = (char *)word;

#if defined WORDS_BIGENDIAN
	p += sizeof *word - 4;
#endif
	return p;
}

/** Sleeps while *word is value; may return early. */
static int sleep_on(struct mpool_lot *lot, mpool_word *word, uintptr_t value, uint64_t deadline_ns)
{
	struct timespec ts = to_timespec(deadline_ns);
	int saved = errno, rc = 0;

	(void)lot;
	if (syscall(FUTEX_CALL, futex_of(word), FUTEX_WAIT_BITSET_PRIVATE, (uint32_t)value,
		    deadline_ns == MPOOL_NEVER ? NULL : &ts, NULL, FUTEX_BITSET_MATCH_ANY) < 0
	    && errno == ETIMEDOUT)
		rc = -ETIMEDOUT;
	errno = saved;
	return rc;
}

static void wake_on(struct mpool_lot *lot, mpool_word *word)
{
	int saved = errno;

	(void)lot;
	syscall(FUTEX_CALL, futex_of(word), FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
	errno = saved;
}

#else
#define BUCKETS (sizeof ((struct mpool_lot *)0)->buckets / sizeof ((struct mpool_lot *)0)->buckets[0])

/* Where condition variables only know the wall clock, a step of it makes a timed wait early or late;
 * an early one is caught by the caller's own look at the clock. */
#if defined HAVE_PTHREAD_CONDATTR_SETCLOCK
static int cond_init(pthread_cond_t *cond)
{
	pthread_condattr_t attr;
	int rc = pthread_condattr_init(&attr);

	if (rc == 0) {
		pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
		rc = pthread_cond_init(cond, &attr);
		pthread_condattr_destroy(&attr);
	}
	return rc;
}

static struct timespec cond_deadline(uint64_t deadline_ns)
{
	return to_timespec(deadline_ns);
}
#else
static int cond_init(pthread_cond_t *cond)
{
	return pthread_cond_init(cond, NULL);
}

static struct timespec cond_deadline(uint64_t deadline_ns)
{
	uint64_t now = mummy_now_ns();
	struct timespec wall;

	clock_gettime(CLOCK_REALTIME, &wall);
	return to_timespec((uint64_t)wall.tv_sec * 1000000000u + (uint64_t)wall.tv_nsec
			   + (deadline_ns > now ? deadline_ns - now : 0));
}
#endif

int mpool_lot_init(struct mpool_lot *lot)
{
	size_t i;

	for (i = 0; i < BUCKETS; i++) {
		if (pthread_mutex_init(&lot->buckets[i].lock, NULL) != 0)
			break;
		if (cond_init(&lot->buckets[i].changed) != 0) {
			pthread_mutex_destroy(&lot->buckets[i].lock);
			break;
		}
	}
	if (i == BUCKETS)
		return 0;
	while (i-- > 0) {
		pthread_cond_destroy(&lot->buckets[i].changed);
		pthread_mutex_destroy(&lot->buckets[i].lock);
	}
	return -ENOMEM;
}

void mpool_lot_destroy(struct mpool_lot *lot)
{
	for (size_t i = 0; i < BUCKETS; i++) {
		pthread_cond_destroy(&lot->buckets[i].changed);
		pthread_mutex_destroy(&lot->buckets[i].lock);
	}
}

static size_t bucket_of(const mpool_word *word)
{
	uintptr_t a = (uintptr_t)word >> 4;

	return (a ^ a >> 6) % BUCKETS;
}

static int sleep_on(struct mpool_lot *lot, mpool_word *word, uintptr_t value, uint64_t deadline_ns)
{
	size_t b = bucket_of(word);
	struct timespec ts;
	int rc = 0;

	pthread_mutex_lock(&lot->buckets[b].lock);
	if (atomic_load(word) == value) {
		if (deadline_ns == MPOOL_NEVER) {
			pthread_cond_wait(&lot->buckets[b].changed, &lot->buckets[b].lock);
		} else {
			ts = cond_deadline(deadline_ns);
			rc = -pthread_cond_timedwait(&lot->buckets[b].changed, &lot->buckets[b].lock, &ts);
		}
	}
	pthread_mutex_unlock(&lot->buckets[b].lock);
	return rc == -ETIMEDOUT && mummy_now_ns() >= deadline_ns ? rc : 0;
}

static void wake_on(struct mpool_lot *lot, mpool_word *word)
{
	size_t b = bucket_of(word);

	pthread_mutex_lock(&lot->buckets[b].lock);
	pthread_cond_broadcast(&lot->buckets[b].changed);
	pthread_mutex_unlock(&lot->buckets[b].lock);
}
#endif

int mpool_token_wait(struct mpool_lot *lot, mpool_word *token, uint64_t deadline_ns)
{
	uintptr_t seen = IDLE;

	if (!atomic_compare_exchange_strong(token, &seen, WAITING))
		return 0;
	while (atomic_load(token) == WAITING) {
		if (sleep_on(lot, token, WAITING, deadline_ns) == 0)
			continue;
		seen = WAITING;
		if (atomic_compare_exchange_strong(token, &seen, IDLE))
			return -ETIMEDOUT;
	}
	return 0;
}

void mpool_token_wake(struct mpool_lot *lot, mpool_word *token)
{
	uintptr_t before = atomic_exchange(token, WOKEN);

	/* The system call only uses the address: the waiter may be gone by then. */
	if (before == WAITING)
		wake_on(lot, token);
	else if (before > WOKEN)
		mpool_fiber_wake((struct mpool_fiber *)before);
}

int mpool_event_wait(struct mpool_lot *lot, mpool_word *event, uint64_t deadline_ns)
{
	int rc = mpool_token_wait(lot, event, deadline_ns);

	if (rc == 0)
		atomic_exchange(event, IDLE);
	return rc;
}
