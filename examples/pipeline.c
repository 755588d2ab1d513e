/* pipeline <FILE - a checksum of each block of the input: blocks are read and printed in order, and worked
 * on by all processors in between; no more than DEPTH are held at a time. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <mummy/pool.h>

enum { DEPTH = 32, BLOCK = 4096 };

struct block {
	mummy_task *task;
	size_t length;
	uint64_t sum;
	unsigned char octets[BLOCK];
};

/* The second stage, on the workers. FNV-1a. */
static void *work(void *arg)
{
	struct block *b = arg;

	b->sum = UINT64_C(14695981039346656037);
	for (size_t i = 0; i < b->length; i++)
		b->sum = (b->sum ^ b->octets[i]) * UINT64_C(1099511628211);
	return b;
}

/* The third stage: waits for the block, whichever ended before. */
static void finish(struct block *b, size_t n)
{
	mummy_task_wait(b->task, -1, NULL);
	mummy_task_unref(b->task);
	printf("%10zu %5zu %016llx\n", n * BLOCK, b->length, (unsigned long long)b->sum);
}

/* The first stage reads while others work; where it gets too far ahead, it finishes the oldest. */
static int run(mummy_pool *pool, FILE *in, struct block *blocks)
{
	size_t begun = 0, done = 0;
	int rc = 0;

	while (rc == 0) {
		struct block *b = &blocks[begun % DEPTH];

		if (begun - done == DEPTH)
			finish(b, done++);
		b->length = fread(b->octets, 1, BLOCK, in);
		if (b->length == 0)
			break;
		rc = mummy_task_submit(&b->task, pool, work, b, NULL);
		if (rc == 0)
			begun++;
	}
	for (; done < begun; done++)
		finish(&blocks[done % DEPTH], done);
	return rc;
}

int main(void)
{
	struct mummy_pool_options opt = { .kind = MUMMY_POOL_TASKS };
	struct block *blocks = calloc(DEPTH, sizeof *blocks);
	mummy_pool *pool = NULL;
	int rc = blocks ? mummy_pool_new(&pool, &opt) : -1;

	if (rc == 0)
		rc = run(pool, stdin, blocks);
	mummy_pool_free(pool);
	free(blocks);
	if (rc == 0 && !ferror(stdin))
		return 0;
	fputs("pipeline: the input, or the pool, fails\n", stderr);
	return 1;
}
