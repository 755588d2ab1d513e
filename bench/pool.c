/*
 * pool - what a fork and a submit cost: fib(32) with a fork per call against the sequential call,
 * and empty jobs submitted from outside. Every figure is the median of the rounds.
 *
 * usage: pool [ROUNDS]
 */
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <pthread.h>
#include <time.h>
#include <mummy/pool.h>

enum { N = 32, MAX_ROUNDS = 99, JOBS = 1000000 };

struct fib {
	int n;
	uint64_t result;
};

struct feed {
	mummy_pool *pool;
	unsigned jobs;
};

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static int ascending(const void *a, const void *b)
{
	return (*(const double *)a > *(const double *)b) - (*(const double *)a < *(const double *)b);
}

static double median(double *v, int n)
{
	qsort(v, (size_t)n, sizeof *v, ascending);
	return v[n / 2];
}

/** The sequential call: the same work in the same shape, without the fork. */
static __attribute__((noinline)) void call_each(void *arg)
{
	struct fib *f = arg, a, b;

	if (f->n < 2) {
		f->result = (uint64_t)f->n;
		return;
	}
	a.n = f->n - 1;
	b.n = f->n - 2;
	call_each(&a);
	call_each(&b);
	f->result = a.result + b.result;
}

static void fork_each(void *arg)
{
	struct fib *f = arg, a, b;
	struct mummy_pool_task t;

	if (f->n < 2) {
		f->result = (uint64_t)f->n;
		return;
	}
	a.n = f->n - 1;
	b.n = f->n - 2;
	mummy_pool_fork(&t, fork_each, &a);
	fork_each(&b);
	mummy_pool_join(&t);
	f->result = a.result + b.result;
}

static mummy_pool *pool_of(enum mummy_pool_kind kind, unsigned threads)
{
	struct mummy_pool_options opt = { .kind = kind, .threads = threads };
	mummy_pool *p;

	if (mummy_pool_new(&p, &opt) < 0)
		exit(1);
	return p;
}

static double time_call(void)
{
	struct fib f = { N, 0 };
	double t0 = now();

	call_each(&f);
	t0 = now() - t0;
	if (f.result != 2178309)
		exit(1);
	return t0;
}

static double time_forks(unsigned threads)
{
	mummy_pool *p = pool_of(MUMMY_POOL_TASKS, threads);
	struct fib f = { N, 0 };
	struct mummy_pool_group g;
	double t0;

	mummy_pool_group_init(&g, p);
	t0 = now();
	if (mummy_pool_group_submit(&g, fork_each, &f) < 0)
		exit(1);
	mummy_pool_group_wait(&g);
	t0 = now() - t0;
	mummy_pool_free(p);
	if (f.result != 2178309)
		exit(1);
	return t0;
}

static void nothing(void *arg)
{
	(void)arg;
}

static void *produce(void *arg)
{
	struct feed *feed = arg;

	for (unsigned i = 0; i < feed->jobs; i++)
		if (mummy_pool_submit(feed->pool, nothing, NULL) < 0)
			exit(1);
	return NULL;
}

static double time_submits(enum mummy_pool_kind kind, unsigned producers, unsigned workers)
{
	struct feed feed = { pool_of(kind, workers), JOBS / producers };
	pthread_t t[8];
	double t0 = now();

	for (unsigned i = 0; i < producers; i++)
		if (pthread_create(&t[i], NULL, produce, &feed) != 0)
			exit(1);
	for (unsigned i = 0; i < producers; i++)
		pthread_join(t[i], NULL);
	mummy_pool_drain(feed.pool, -1);
	t0 = now() - t0;
	mummy_pool_free(feed.pool);
	return t0;
}

static void bench_forks(int rounds)
{
	/* Calls of fib(n) that fork: fib(n + 1) - 1. */
	const double spawns = 3524577;
	double seq[MAX_ROUNDS], one[MAX_ROUNDS], two[MAX_ROUNDS], s;

	for (int i = 0; i < rounds; i++) {
		seq[i] = time_call();
		one[i] = time_forks(1);
		two[i] = time_forks(2);
	}
	s = median(seq, rounds);
	printf("%-24s %10s %10s\n", "fib(32)", "ns/spawn", "x call");
	printf("%-24s %10.2f %10.2f\n", "call", s / spawns * 1e9, 1.0);
	printf("%-24s %10.2f %10.2f\n", "fork/join, 1 thread", median(one, rounds) / spawns * 1e9,
	       median(one, rounds) / s);
	printf("%-24s %10.2f %10.2f\n", "fork/join, 2 threads", median(two, rounds) / spawns * 1e9,
	       median(two, rounds) / s);
}

static void bench_submits(int rounds)
{
	static const char *const kinds[] = { "threads", "tasks" };
	double v[MAX_ROUNDS];

	printf("\n%-10s %10s %10s %10s\n", "submit", "producers", "workers", "M/s");
	for (int kind = 0; kind < 2; kind++)
		for (unsigned producers = 1; producers <= 2; producers++)
			for (unsigned workers = 2; workers <= 4; workers += 2) {
				for (int i = 0; i < rounds; i++)
					v[i] = time_submits((enum mummy_pool_kind)kind, producers, workers);
				printf("%-10s %10u %10u %10.2f\n", kinds[kind], producers, workers,
				       JOBS / median(v, rounds) / 1e6);
			}
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 5;

	if (rounds < 1 || rounds > MAX_ROUNDS) {
		fprintf(stderr, "usage: pool [ROUNDS]    (1 to %d)\n", MAX_ROUNDS);
		return 2;
	}
	bench_forks(rounds);
	bench_submits(rounds);
	return 0;
}
