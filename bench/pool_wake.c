/*
 * pool_wake - from submit to start on an idle worker, and the same of a bare thread: in turn within one
 * process, as where the threads lie and what the machine does between makes more of a difference than they
 * do.
 *
 * usage: pool_wake parked      a worker that sleeps; a thread on a futex
 *        pool_wake spinning    one that looks around; a thread that looks at a word
 * Prints both p50 in microseconds and their ratio.
 */
#include "pool.h"
#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <mummy/pool.h>

enum { TURNS = 40, WAKES = 100, UNCOUNTED = 5 };

static bool parked;
static _Atomic uint64_t started_ns;

/* ---- The pool ----------------------------------------------------------------------------------- */

static mummy_pool *pool;

static void note_start(void *arg)
{
	(void)arg;
	atomic_store(&started_ns, now_ns());
}

static void pool_begin(void)
{
	struct mummy_pool_options opt = { .kind = MUMMY_POOL_TASKS, .threads = 1,
		.spin_us = parked ? 0 : 1000 };

	need(mummy_pool_new(&pool, &opt) == 0, "mummy_pool_new");
}

static void pool_wake(void)
{
	need(mummy_pool_submit(pool, note_start, NULL) == 0, "mummy_pool_submit");
}

static void pool_end(void)
{
	mummy_pool_free(pool);
}

/* ---- A bare thread ------------------------------------------------------------------------------ */

enum { ASLEEP, WOKEN, OVER };
static _Atomic uint32_t word;
static pthread_t thread;

static void *bare(void *arg)
{
	uint32_t seen;

	(void)arg;
	do {
		while ((seen = atomic_load(&word)) == ASLEEP)
			if (parked)
				syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, ASLEEP, NULL, NULL, 0);
		atomic_store(&word, ASLEEP);
		atomic_store(&started_ns, now_ns());
	} while (seen != OVER);
	return NULL;
}

static void bare_tell(uint32_t what)
{
	atomic_store(&word, what);
	if (parked)
		syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void bare_begin(void)
{
	need(pthread_create(&thread, NULL, bare, NULL) == 0, "pthread_create");
}

static void bare_wake(void)
{
	bare_tell(WOKEN);
}

static void bare_end(void)
{
	bare_tell(OVER);
	pthread_join(thread, NULL);
}

/* ---- In turn ------------------------------------------------------------------------------------ */

struct rival {
	void (*begin)(void), (*wake)(void), (*end)(void);
	uint64_t ns[TURNS * WAKES];
};

static uint64_t one_wake(const struct rival *r)
{
	uint64_t from, to;

	if (parked)
		until_parked();
	else
		a_microsecond();
	atomic_store(&started_ns, 0);
	from = now_ns();
	r->wake();
	while ((to = atomic_load(&started_ns)) == 0)
		;
	return to - from;
}

static void turn(struct rival *r, unsigned n)
{
	for (int i = 0; i < UNCOUNTED; i++)
		one_wake(r);
	for (unsigned i = 0; i < WAKES; i++)
		r->ns[n * WAKES + i] = one_wake(r);
}

/* Who sleeps is in nobody's way. */
static void measure_parked(struct rival *a, struct rival *b)
{
	a->begin();
	b->begin();
	for (unsigned i = 0; i < TURNS; i++) {
		turn(a, i);
		turn(b, i);
	}
	a->end();
	b->end();
}

static void turn_alone(struct rival *r, unsigned n)
{
	r->begin();
	turn(r, n);
	r->end();
}

static int ascending(const void *a, const void *b)
{
	return (*(const uint64_t *)a > *(const uint64_t *)b) - (*(const uint64_t *)a < *(const uint64_t *)b);
}

static double p50_us(struct rival *r)
{
	qsort(r->ns, TURNS * WAKES, sizeof *r->ns, ascending);
	return (double)r->ns[TURNS * WAKES / 2] / 1e3;
}

int main(int argc, char **argv)
{
	static struct rival ours = { .begin = pool_begin, .wake = pool_wake, .end = pool_end };
	static struct rival theirs = { .begin = bare_begin, .wake = bare_wake, .end = bare_end };
	const char *how = argc > 1 ? argv[1] : "";

	parked = strcmp(how, "parked") == 0;
	need(parked || strcmp(how, "spinning") == 0, "\"parked\" or \"spinning\"");
	if (parked)
		measure_parked(&ours, &theirs);
	for (unsigned i = 0; !parked && i < TURNS; i++) {
		turn_alone(&ours, i);
		turn_alone(&theirs, i);
	}
	printf("%.3f %.3f %.3f\n", p50_us(&ours), p50_us(&theirs), p50_us(&ours) / p50_us(&theirs));
	return 0;
}
