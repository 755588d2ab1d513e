/*
 * backoff.h - how long to wait before something is tried again.
 */
#ifndef MUMMY_UPLOAD_BACKOFF_H
#define MUMMY_UPLOAD_BACKOFF_H
#include <stdint.h>

#define BACKOFF_MAX_MS 60000u

/** Before the attempt with that number (from 1): first_ms, doubled each time up to BACKOFF_MAX_MS, of that
 *  half for sure and half by chance, so that many clients do not come back together; at least what the server
 *  asked for. */
uint64_t backoff_ms(uint64_t first_ms, uint64_t attempt, uint64_t retry_after_s, uint64_t chance);
#endif
