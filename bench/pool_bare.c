/*
 * pool_bare - the same work without a library: what the measurements of pool.c are held against.
 *
 * usage: pool_bare call | record                    fib(32), as a C function; through a struct and a pointer
 *        pool_bare ring PRODUCERS WORKERS           a mutex, a condition variable and a ring
 *        pool_bare sleeps THREADS                   bare threads that share a counter
 */
#include "pool.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

/* ---- fib --------------------------------------------------------------------------------------- */

static __attribute__((noinline)) uint64_t fib(int n)
{
	return n < 2 ? (uint64_t)n : fib(n - 1) + fib(n - 2);
}

struct record {
	int n;
	uint64_t result;
};

/** The shape that a job has: its argument and its result in a struct. */
static __attribute__((noinline)) void fib_record(void *arg)
{
	struct record *f = arg, a, b;

	if (f->n < 2) {
		f->result = (uint64_t)f->n;
		return;
	}
	a.n = f->n - 1;
	b.n = f->n - 2;
	fib_record(&a);
	fib_record(&b);
	f->result = a.result + b.result;
}

static void call(void)
{
	volatile int n = FIB_N;
	uint64_t t0 = now_ns(), result = fib(n);

	report_fib(now_ns() - t0, result);
}

static void call_record(void)
{
	struct record f = { FIB_N, 0 };
	uint64_t t0 = now_ns();

	fib_record(&f);
	report_fib(now_ns() - t0, f.result);
}

/* ---- A ring under a mutex that signals only when somebody waits ------------------------------- */

struct job {
	void (*run)(void *arg);
	void *arg;
};

static struct ring {
	pthread_mutex_t lock;
	pthread_cond_t filled;
	struct job *jobs;
	size_t head, count, capacity;
	unsigned waiting, jobs_each;
	bool over;
} ring = { .lock = PTHREAD_MUTEX_INITIALIZER, .filled = PTHREAD_COND_INITIALIZER };

static void grow(void)
{
	size_t capacity = ring.capacity ? ring.capacity * 2 : 64;
	struct job *jobs = malloc(capacity * sizeof *jobs);

	need(jobs != NULL, "malloc");
	for (size_t i = 0; i < ring.count; i++)
		jobs[i] = ring.jobs[(ring.head + i) & (ring.capacity - 1)];
	free(ring.jobs);
	ring.jobs = jobs;
	ring.head = 0;
	ring.capacity = capacity;
}

static void ring_submit(void (*run)(void *arg), void *arg)
{
	bool wake;

	pthread_mutex_lock(&ring.lock);
	if (ring.count == ring.capacity)
		grow();
	ring.jobs[(ring.head + ring.count++) & (ring.capacity - 1)] = (struct job){ run, arg };
	wake = ring.waiting > 0;
	pthread_mutex_unlock(&ring.lock);
	if (wake)
		pthread_cond_signal(&ring.filled);
}

static void *ring_worker(void *arg)
{
	struct job job;

	(void)arg;
	for (;;) {
		pthread_mutex_lock(&ring.lock);
		while (ring.count == 0 && !ring.over) {
			ring.waiting++;
			pthread_cond_wait(&ring.filled, &ring.lock);
			ring.waiting--;
		}
		if (ring.count == 0) {
			pthread_mutex_unlock(&ring.lock);
			return NULL;
		}
		job = ring.jobs[ring.head];
		ring.head = (ring.head + 1) & (ring.capacity - 1);
		ring.count--;
		pthread_mutex_unlock(&ring.lock);
		job.run(job.arg);
	}
}

static void nothing(void *arg)
{
	(void)arg;
}

static void *ring_produce(void *arg)
{
	(void)arg;
	for (unsigned i = 0; i < ring.jobs_each; i++)
		ring_submit(nothing, NULL);
	return NULL;
}

static void submits(unsigned producers, unsigned workers)
{
	pthread_t t[8], w[64];
	uint64_t t0;

	need(producers <= 8 && workers <= 64, "an argument");
	ring.jobs_each = JOBS / producers;
	for (unsigned i = 0; i < workers; i++)
		need(pthread_create(&w[i], NULL, ring_worker, NULL) == 0, "pthread_create");
	until_parked();
	t0 = now_ns();
	for (unsigned i = 0; i < producers; i++)
		need(pthread_create(&t[i], NULL, ring_produce, NULL) == 0, "pthread_create");
	for (unsigned i = 0; i < producers; i++)
		pthread_join(t[i], NULL);
	pthread_mutex_lock(&ring.lock);
	ring.over = true;
	pthread_cond_broadcast(&ring.filled);
	pthread_mutex_unlock(&ring.lock);
	for (unsigned i = 0; i < workers; i++)
		pthread_join(w[i], NULL);
	report_jobs(now_ns() - t0);
}

/* ---- Sleeping ----------------------------------------------------------------------------------- */

static atomic_int left = SLEEPERS;

static void *sleep_on(void *arg)
{
	(void)arg;
	while (atomic_fetch_sub(&left, 1) > 0)
		nap_us(SLEEP_MS * 1000);
	return NULL;
}

static void sleeps(unsigned threads)
{
	pthread_t *t = calloc(threads, sizeof *t);
	uint64_t t0 = now_ns();

	need(t != NULL, "calloc");
	for (unsigned i = 0; i < threads; i++)
		need(pthread_create(&t[i], NULL, sleep_on, NULL) == 0, "pthread_create");
	for (unsigned i = 0; i < threads; i++)
		pthread_join(t[i], NULL);
	report_ms(now_ns() - t0);
	free(t);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (strcmp(what, "call") == 0)
		call();
	else if (strcmp(what, "record") == 0)
		call_record();
	else if (strcmp(what, "ring") == 0)
		submits(number(argc, argv, 2), number(argc, argv, 3));
	else if (strcmp(what, "sleeps") == 0)
		sleeps(number(argc, argv, 2));
	else
		need(0, "the name of a measurement");
	return 0;
}
