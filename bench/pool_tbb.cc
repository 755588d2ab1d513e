/*
 * pool_tbb - oneTBB: fib(32) with a task_group per call, and empty jobs put into an arena.
 *
 * usage: pool_tbb fork THREADS
 *        pool_tbb submit PRODUCERS WORKERS
 */
#include "pool.h"
#include <atomic>
#include <thread>
#include <vector>
#include <tbb/global_control.h>
#include <tbb/task_arena.h>
#include <tbb/task_group.h>

static uint64_t fib(int n)
{
	uint64_t a, b;
	tbb::task_group g;

	if (n < 2)
		return (uint64_t)n;
	g.run([&a, n] { a = fib(n - 1); });
	b = fib(n - 2);
	g.wait();
	return a + b;
}

static void forks(unsigned threads)
{
	tbb::global_control limit(tbb::global_control::max_allowed_parallelism, threads);
	tbb::task_arena arena((int)threads);
	uint64_t result = 0, t0 = 0, ns = 0;

	arena.execute([&] {
		fib(10);
		t0 = now_ns();
		result = fib(FIB_N);
		ns = now_ns() - t0;
	});
	report_fib(ns, result);
}

static void submits(unsigned producers, unsigned workers)
{
	tbb::global_control limit(tbb::global_control::max_allowed_parallelism, workers + 1);
	tbb::task_arena arena((int)workers, 0);
	std::atomic<unsigned> ran{0};
	std::vector<std::thread> threads;
	uint64_t t0;

	arena.initialize();
	until_parked();
	t0 = now_ns();
	for (unsigned i = 0; i < producers; i++)
		threads.emplace_back([&] {
			for (unsigned k = 0; k < JOBS / producers; k++)
				arena.enqueue([&ran] { ran.fetch_add(1, std::memory_order_relaxed); });
		});
	for (auto &t : threads)
		t.join();
	while (ran.load() < JOBS / producers * producers)
		std::this_thread::yield();
	report_jobs(now_ns() - t0);
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "fork") == 0)
		forks(number(argc, argv, 2));
	else
		submits(number(argc, argv, 2), number(argc, argv, 3));
	return 0;
}
