/*
 * backoff.c - how long to wait before something is tried again.
 */
#include <config.h>
#include "backoff.h"

uint64_t backoff_ms(uint64_t first_ms, uint64_t attempt, uint64_t retry_after_s, uint64_t chance)
{
	uint64_t ms = first_ms, least = retry_after_s * 1000;

	while (--attempt > 0 && ms < BACKOFF_MAX_MS)
		ms *= 2;
	if (ms > BACKOFF_MAX_MS)
		ms = BACKOFF_MAX_MS;
	ms = ms / 2 + chance % (ms - ms / 2 + 1);
	return ms > least ? ms : least;
}
