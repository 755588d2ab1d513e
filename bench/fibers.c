/*
 * fibers - what fibers cost: a switch against swapcontext, 10,000 tasks that each sleep 10 ms on one
 * thread against as many threads, and the memory of a parked one. Medians of the rounds, rivals
 * alternated.
 *
 * usage: fibers [ROUNDS]
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>
#include <mummy/pool.h>

enum { MAX_ROUNDS = 99, SWITCHES = 2000000, SLEEPERS = 10000, NAP_MS = 10, STACK = 65536 };

static atomic_int awake, soon;

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static double cpu(void)
{
	struct rusage use;

	getrusage(RUSAGE_SELF, &use);
	return (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec)
	       + (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6;
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

static void die(const char *what)
{
	fprintf(stderr, "fibers: %s failed\n", what);
	exit(1);
}

static mummy_pool *one_thread(void)
{
	struct mummy_pool_options opt = { .kind = MUMMY_POOL_FIBERS, .threads = 1, .max_threads = 1 };
	mummy_pool *p;

	if (mummy_pool_new(&p, &opt) < 0)
		die("mummy_pool_new");
	return p;
}

/* ---- Switches --------------------------------------------------------------------------------------- */

static void yield_often(void *arg)
{
	(void)arg;
	for (int i = 0; i < SWITCHES / 2; i++)
		mummy_task_yield();
}

/** Two fibers take turns: seconds for a switch from one to the other, by the public function. */
static double time_yield(mummy_pool *p)
{
	struct mummy_pool_group g;
	double t0 = now();

	mummy_pool_group_init(&g, p);
	for (int i = 0; i < 2; i++)
		if (mummy_pool_group_submit(&g, yield_often, NULL) < 0)
			die("submit");
	mummy_pool_group_wait(&g);
	return (now() - t0) / SWITCHES;
}

static ucontext_t here, there;

static void swap_back(void)
{
	for (;;)
		swapcontext(&there, &here);
}

static double time_swapcontext(void)
{
	static char stack[STACK];
	double t0;

	getcontext(&there);
	there.uc_stack.ss_sp = stack;
	there.uc_stack.ss_size = sizeof stack;
	makecontext(&there, swap_back, 0);
	t0 = now();
	for (int i = 0; i < SWITCHES / 20; i++)
		swapcontext(&here, &there);
	return (now() - t0) / (SWITCHES / 10);
}

/* ---- Sleepers ----------------------------------------------------------------------------------------- */

static void nap(void *arg)
{
	double t0 = now();

	(void)arg;
	mummy_task_sleep(NAP_MS);
	if (now() - t0 < NAP_MS / 1e3)
		atomic_fetch_add(&soon, 1);
	atomic_fetch_add(&awake, 1);
}

static void *nap_thread(void *arg)
{
	nap(arg);
	return NULL;
}

static void sleep_on_fibers(mummy_pool *p)
{
	for (int i = 0; i < SLEEPERS; i++)
		if (mummy_pool_submit(p, nap, NULL) < 0)
			die("submit");
	while (atomic_load(&awake) < SLEEPERS)
		usleep(100);
}

static void sleep_on_threads(void)
{
	static pthread_t threads[SLEEPERS];
	pthread_attr_t attr;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK);
	for (int i = 0; i < SLEEPERS; i++)
		if (pthread_create(&threads[i], &attr, nap_thread, NULL) != 0)
			die("pthread_create");
	for (int i = 0; i < SLEEPERS; i++)
		pthread_join(threads[i], NULL);
	pthread_attr_destroy(&attr);
}

/** p NULL: threads. Seconds from the first start to the last end, and of CPU time. */
static void time_sleepers(mummy_pool *p, double *span, double *used)
{
	double t0 = now(), c0 = cpu();

	atomic_store(&awake, 0);
	if (p)
		sleep_on_fibers(p);
	else
		sleep_on_threads();
	*span = now() - t0;
	*used = (cpu() - c0) / SLEEPERS;
	if (atomic_load(&awake) != SLEEPERS || atomic_load(&soon) != 0)
		die("sleeping long enough");
}

/* ---- Memory ------------------------------------------------------------------------------------------ */

/** Octets that are resident, and those of the page tables. */
static double resident(void)
{
	char line[128];
	long kb = 0, n;
	FILE *f = fopen("/proc/self/status", "r");

	while (f && fgets(line, sizeof line, f))
		if (sscanf(line, "VmRSS: %ld", &n) == 1 || sscanf(line, "VmPTE: %ld", &n) == 1)
			kb += n;
	if (f)
		fclose(f);
	return (double)kb * 1024;
}

static void wait_long(void *arg)
{
	void *item;

	mummy_task_channel_receive(arg, &item, -1);
}

static double memory_of_one(void)
{
	mummy_pool *p = one_thread();
	mummy_task_channel *c;
	struct mummy_pool_stats stats;
	double before = resident(), each;

	if (mummy_task_channel_new(&c, 1) < 0)
		die("mummy_task_channel_new");
	for (int i = 0; i < SLEEPERS; i++)
		if (mummy_pool_submit(p, wait_long, c) < 0)
			die("submit");
	do {
		usleep(1000);
		mummy_pool_stats_get(p, &stats);
	} while (stats.parked < SLEEPERS);
	each = (resident() - before) / SLEEPERS;
	mummy_task_channel_close(c);
	mummy_pool_free(p);
	mummy_task_channel_free(c);
	return each;
}

struct figures {
	double yield[MAX_ROUNDS], swap[MAX_ROUNDS], span[MAX_ROUNDS], used[MAX_ROUNDS];
	double thread_span[MAX_ROUNDS], thread_used[MAX_ROUNDS];
};

static void report(struct figures *f, int n, double first, double each)
{
	double yield = median(f->yield, n), swap = median(f->swap, n), span = median(f->span, n);
	double used = median(f->used, n), thread_used = median(f->thread_used, n);

	printf("| | fibers | rival | ratio | bar |\n|---|---|---|---|---|\n");
	printf("| a switch, ns (mummy_task_yield; swapcontext) | %.1f (%.1f to %.1f) | %.0f (%.0f to %.0f) | %.3f | 0.06 |\n",
	       yield * 1e9, f->yield[0] * 1e9, f->yield[n - 1] * 1e9, swap * 1e9, f->swap[0] * 1e9,
	       f->swap[n - 1] * 1e9, yield / swap);
	printf("| 10,000 x 10 ms on one thread, ms (10,000 threads) | %.1f (%.1f to %.1f; the first %.1f) | %.1f | %.2f x 10 ms | 2.5 |\n",
	       span * 1e3, f->span[0] * 1e3, f->span[n - 1] * 1e3, first * 1e3, median(f->thread_span, n) * 1e3,
	       span / (NAP_MS / 1e3));
	printf("| CPU for one of them, us | %.2f | %.1f | %.3f | 0.04 |\n", used * 1e6, thread_used * 1e6,
	       used / thread_used);
	printf("| memory of a parked one with its page tables, KiB | %.2f | | | 6 |\n", each / 1024);
}

int main(int argc, char **argv)
{
	static struct figures f;
	int n = argc > 1 ? atoi(argv[1]) : 7;
	double first, unused, each = memory_of_one();
	mummy_pool *p = one_thread();

	if (n < 1 || n > MAX_ROUNDS)
		die("reading ROUNDS");
	time_sleepers(p, &first, &unused);
	for (int i = 0; i < n; i++) {
		f.yield[i] = time_yield(p);
		f.swap[i] = time_swapcontext();
		time_sleepers(p, &f.span[i], &f.used[i]);
		time_sleepers(NULL, &f.thread_span[i], &f.thread_used[i]);
	}
	mummy_pool_free(p);
	report(&f, n, first, each);
	return 0;
}
