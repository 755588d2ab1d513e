/*
 * slow.h - what a job is called, and which take too long.
 */
#ifndef MPOOL_SLOW_H
#define MPOOL_SLOW_H

/** A copy: when it is told, the task may be gone. */
struct mpool_label {
	void (*run)(void *arg);
	char name[32];
};
#endif
