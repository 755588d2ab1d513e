/* pool.h - what the programs of the pool benchmark share: the work, the clock, and how they report. */
#ifndef BENCH_POOL_H
#define BENCH_POOL_H
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	FIB_N = 32,
	FIB_RESULT = 2178309,
	FIB_CALLS = 3524577,    /* that divide: fib(N + 1) - 1 */
	JOBS = 1000000,         /* of one submit measurement, all producers together */
	SLEEPERS = 10000,
	SLEEP_MS = 10
};

static inline uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static inline void need(int ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "bench: %s failed\n", what);
	exit(1);
}

/** Of argument i, at least 1. */
static inline unsigned number(int argc, char **argv, int i)
{
	int n = i < argc ? atoi(argv[i]) : 0;

	need(n > 0 && n < 100000, "an argument");
	return (unsigned)n;
}

static inline void report_fib(uint64_t ns, uint64_t result)
{
	need(result == FIB_RESULT, "fib");
	printf("%.3f\n", (double)ns / FIB_CALLS);
}

/** Millions a second. */
static inline void report_jobs(uint64_t ns)
{
	printf("%.4f\n", JOBS * 1e3 / (double)ns);
}

static inline void report_ms(uint64_t ns)
{
	printf("%.2f\n", (double)ns / 1e6);
}

static inline void nap_us(long us)
{
	struct timespec ts = { .tv_nsec = us * 1000 };

	nanosleep(&ts, NULL);
}

/** Long enough for a thread to park, and the same for every rival. */
static inline void until_parked(void)
{
	nap_us(300);
}

/** Short enough for a thread to go on spinning. */
static inline void a_microsecond(void)
{
	for (uint64_t until = now_ns() + 1000; now_ns() < until;)
		;
}
#endif
