/* rate.h - a token bucket that may be overdrawn: who takes too much waits afterwards. */
#ifndef MUMMY_UPLOAD_RATE_H
#define MUMMY_UPLOAD_RATE_H
#include <stdint.h>

/* Zeroed: empty. It holds what a second brings. */
struct mup_bucket {
	int64_t tokens;
	uint64_t filled_ms;
};

/* Takes n octets at rate octets per second (0: no limit). Milliseconds until the bucket is full enough. */
uint64_t mup_bucket_take(struct mup_bucket *b, uint64_t rate, uint64_t n, uint64_t now_ms);
#endif
