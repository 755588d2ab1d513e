/*
 * pool - one measurement of libmummy-pool, as bench/pool.sh runs them in turn with those of others.
 *
 * usage: pool fork THREADS                          ns for each call of fib(32) that divides
 *        pool threads|tasks PRODUCERS WORKERS       empty jobs submitted from outside, M/s
 *        pool sleeps MAX_THREADS                    10,000 jobs that sleep 10 ms, ms
 *        pool watch CLIENTS                         so many such jobs at a time: CPU of the thread that
 *                                                   looks for blocked workers, %
 */
#include "pool.h"
#include <dirent.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <mummy/pool.h>

struct fib {
	int n;
	uint64_t result;
};

static void fib(void *arg)
{
	struct fib *f = arg, a, b;
	struct mummy_pool_task t;

	if (f->n < 2) {
		f->result = (uint64_t)f->n;
		return;
	}
	a.n = f->n - 1;
	b.n = f->n - 2;
	mummy_pool_fork(&t, fib, &a);
	fib(&b);
	mummy_pool_join(&t);
	f->result = a.result + b.result;
}

static mummy_pool *pool_of(enum mummy_pool_kind kind, unsigned threads, unsigned max_threads)
{
	struct mummy_pool_options opt = { .kind = kind, .threads = threads, .max_threads = max_threads };
	mummy_pool *p = NULL;

	need(mummy_pool_new(&p, &opt) == 0, "mummy_pool_new");
	return p;
}

static void forks(unsigned threads)
{
	mummy_pool *p = pool_of(MUMMY_POOL_TASKS, threads, 0);
	struct fib f = { FIB_N, 0 };
	struct mummy_pool_group g;
	uint64_t t0;

	mummy_pool_group_init(&g, p);
	t0 = now_ns();
	need(mummy_pool_group_submit(&g, fib, &f) == 0, "mummy_pool_group_submit");
	mummy_pool_group_wait(&g);
	report_fib(now_ns() - t0, f.result);
	mummy_pool_free(p);
}

struct feed {
	mummy_pool *pool;
	unsigned jobs;
};

static void nothing(void *arg)
{
	(void)arg;
}

static void *produce(void *arg)
{
	struct feed *feed = arg;

	for (unsigned i = 0; i < feed->jobs; i++)
		need(mummy_pool_submit(feed->pool, nothing, NULL) == 0, "mummy_pool_submit");
	return NULL;
}

static void submits(enum mummy_pool_kind kind, unsigned producers, unsigned workers)
{
	struct feed feed = { pool_of(kind, workers, 0), JOBS / producers };
	pthread_t t[8];
	uint64_t t0;

	need(producers <= 8, "an argument");
	until_parked();
	t0 = now_ns();
	for (unsigned i = 0; i < producers; i++)
		need(pthread_create(&t[i], NULL, produce, &feed) == 0, "pthread_create");
	for (unsigned i = 0; i < producers; i++)
		pthread_join(t[i], NULL);
	mummy_pool_drain(feed.pool, -1);
	report_jobs(now_ns() - t0);
	mummy_pool_free(feed.pool);
}

static void sleep_job(void *arg)
{
	(void)arg;
	nap_us(SLEEP_MS * 1000);
}

static void sleeps(unsigned max_threads)
{
	mummy_pool *p = pool_of(MUMMY_POOL_TASKS, 2, max_threads);
	uint64_t t0;

	until_parked();
	t0 = now_ns();
	for (int i = 0; i < SLEEPERS; i++)
		need(mummy_pool_submit(p, sleep_job, NULL) == 0, "mummy_pool_submit");
	mummy_pool_drain(p, -1);
	report_ms(now_ns() - t0);
	mummy_pool_free(p);
}

static sem_t served;

static void serve(void *arg)
{
	sleep_job(arg);
	sem_post(&served);
}

/** The CPU time of the thread that looks for blocked workers, which is called mummy-watch. */
static uint64_t watch_cpu_ns(void)
{
	DIR *dir = opendir("/proc/self/task");
	struct dirent *e;
	uint64_t ns = 0;

	need(dir != NULL, "opendir");
	while ((e = readdir(dir))) {
		char path[300], name[32] = "";
		unsigned long long n = 0;
		FILE *f;

		snprintf(path, sizeof path, "/proc/self/task/%s/comm", e->d_name);
		if (!(f = fopen(path, "r")))
			continue;
		if (!fgets(name, sizeof name, f))
			name[0] = '\0';
		fclose(f);
		snprintf(path, sizeof path, "/proc/self/task/%s/schedstat", e->d_name);
		if (strcmp(name, "mummy-watch\n") != 0 || !(f = fopen(path, "r")))
			continue;
		if (fscanf(f, "%llu", &n) == 1)
			ns = n;
		fclose(f);
	}
	closedir(dir);
	return ns;
}

/** As a server for clients that ask again at once: percent of a CPU, once the threads are there. */
static void watch(unsigned clients)
{
	mummy_pool *p = pool_of(MUMMY_POOL_TASKS, 2, 0);
	uint64_t start = now_ns(), begun = 0, cpu = 0;

	sem_init(&served, 0, clients);
	while (now_ns() < start + 3000000000u) {
		sem_wait(&served);
		need(mummy_pool_submit(p, serve, NULL) == 0, "mummy_pool_submit");
		if (!begun && now_ns() > start + 1000000000u) {
			begun = now_ns();
			cpu = watch_cpu_ns();
		}
	}
	printf("%.3f\n", (double)(watch_cpu_ns() - cpu) * 100 / (double)(now_ns() - begun));
	mummy_pool_free(p);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (strcmp(what, "fork") == 0)
		forks(number(argc, argv, 2));
	else if (strcmp(what, "threads") == 0)
		submits(MUMMY_POOL_THREADS, number(argc, argv, 2), number(argc, argv, 3));
	else if (strcmp(what, "tasks") == 0)
		submits(MUMMY_POOL_TASKS, number(argc, argv, 2), number(argc, argv, 3));
	else if (strcmp(what, "sleeps") == 0)
		sleeps(number(argc, argv, 2));
	else if (strcmp(what, "watch") == 0)
		watch(number(argc, argv, 2));
	else
		need(0, "the name of a measurement");
	return 0;
}
