#include <config.h>
#include "worker.h"

_Static_assert(sizeof(mpool_word) <= 2 * sizeof(uintptr_t), "a token has two words");

int mummy_pool_wait(void *pool, void *token, int timeout_ms)
{
	mummy_pool *p = pool;

	return mpool_block_on(&p->lot, token, mpool_deadline(timeout_ms));
}

void mummy_pool_wake(void *pool, void *token)
{
	mummy_pool *p = pool;

	mpool_token_wake(&p->lot, token);
}
