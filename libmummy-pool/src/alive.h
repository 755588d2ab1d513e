/*
 * alive.h - tells a process from its fork(2) children without a system call per question: a page
 * that the kernel clears in the child. Where there is none, process ids are compared.
 */
#ifndef MPOOL_ALIVE_H
#define MPOOL_ALIVE_H
#include <stdbool.h>
#include <sys/types.h>

struct mpool_alive {
	volatile char *page;
	pid_t pid;
};

void mpool_alive_init(struct mpool_alive *a);
void mpool_alive_destroy(struct mpool_alive *a);
/** The slow question, for systems without such pages. */
bool mpool_alive_by_pid(const struct mpool_alive *a);

/** False in a child of the process that called init. */
static inline bool mpool_alive(const struct mpool_alive *a)
{
	return a->page ? *a->page != 0 : mpool_alive_by_pid(a);
}
#endif
