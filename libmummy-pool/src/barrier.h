/*
 * barrier.h - a full memory barrier on every thread of the process, at the price of a system call:
 * who is about to sleep pays for it, so that who gives work needs no barrier of its own.
 */
#ifndef MPOOL_BARRIER_H
#define MPOOL_BARRIER_H
#include <stdbool.h>

/** False: the system has none, or forbids it. */
bool mpool_barrier_init(void);
/** Once init was true: what other threads stored before is seen by the caller afterwards, or else
 *  they see what the caller stored before. */
void mpool_barrier(void);
#endif
