/* nice.c - workers that stand back behind the threads which give them work. */
#include <config.h>
#include "worker.h"
#if defined __linux__
#include <sys/resource.h>
#endif

#if defined __linux__
#define NICEST 19

/* To Linux a nice value is a thread's, where POSIX means the process: 0 is the calling thread. */
int mpool_nice_init(mummy_pool *p, unsigned more)
{
	int now = getpriority(PRIO_PROCESS, 0);

	p->niced = more > 0;
	p->nice = now + (int)more < NICEST ? now + (int)more : NICEST;
	return 0;
}

void mpool_nice_enter(const mummy_pool *p)
{
	/* Whatever the thread that started this one had. A value lower than its own it may not take. */
	if (p->niced)
		setpriority(PRIO_PROCESS, 0, p->nice);
}
#else
int mpool_nice_init(mummy_pool *p, unsigned more)
{
	(void)p;
	return more ? -ENOTSUP : 0;
}

void mpool_nice_enter(const mummy_pool *p)
{
	(void)p;
}
#endif
