/*
 * pool_omp - fib(32) with a task per call, on OpenMP: GNU's or LLVM's, as it is compiled.
 *
 * usage: pool_omp fork THREADS
 */
#include "pool.h"
#include <omp.h>

static uint64_t fib(int n)
{
	uint64_t a, b;

	if (n < 2)
		return (uint64_t)n;
#pragma omp task shared(a)
	a = fib(n - 1);
	b = fib(n - 2);
#pragma omp taskwait
	return a + b;
}

int main(int argc, char **argv)
{
	uint64_t t0, ns = 0, result = 0;

	omp_set_dynamic(0);
	omp_set_num_threads((int)number(argc, argv, 2));
#pragma omp parallel
	{
#pragma omp barrier
#pragma omp single
		{
			t0 = now_ns();
			result = fib(FIB_N);
			ns = now_ns() - t0;
		}
	}
	report_fib(ns, result);
	return 0;
}
