/* A job on a worker, and libmummy-pool alone. */
#include <stdio.h>
#include <mummy/pool.h>

static void add(void *sum)
{
	*(int *)sum += 42;
}

int main(void)
{
	mummy_pool *pool;
	int sum = 0, rc = mummy_pool_new(&pool, NULL);

	if (rc < 0 || mummy_pool_submit(pool, add, &sum) < 0)
		return 1;
	mummy_pool_free(pool);          /* after what was submitted has run */
	printf("libmummy-pool %s: %d\n", mummy_pool_version(), sum);
	return sum != 42;
}
