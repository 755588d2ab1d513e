#include <config.h>
#include "rate.h"

#define MOST ((uint64_t)1 << 40)         /* more a second is no limit, and nothing overflows */

uint64_t mup_bucket_take(struct mup_bucket *b, uint64_t rate, uint64_t n, uint64_t now_ms)
{
	uint64_t past = now_ms - b->filled_ms, filled;

	if (!rate || rate > MOST)
		return 0;
	if (!b->filled_ms)
		past = 0;
	/* a debt of more than an hour is forgiven, as nobody would wait for it */
	filled = past > 3600000 ? rate * 3600 : rate * past / 1000;
	/* what is not even an octet is not lost: the clock goes on from where it was */
	if (filled || !b->filled_ms)
		b->filled_ms = now_ms;
	b->tokens += (int64_t)filled;
	if (b->tokens > (int64_t)rate)
		b->tokens = (int64_t)rate;
	b->tokens -= (int64_t)(n < MOST ? n : MOST);
	if (b->tokens < -(int64_t)(rate * 3600))
		b->tokens = -(int64_t)(rate * 3600);
	return b->tokens >= 0 ? 0 : ((uint64_t)-b->tokens * 1000 + rate - 1) / rate;
}
