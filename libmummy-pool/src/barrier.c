#include <config.h>
#include "barrier.h"
#if defined HAVE_LINUX_MEMBARRIER_H
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <errno.h>

static int call(int command)
{
	int saved = errno, rc = (int)syscall(SYS_membarrier, command, 0, 0);

	errno = saved;
	return rc;
}

bool mpool_barrier_init(void)
{
	return call(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) == 0
	       && call(MEMBARRIER_CMD_PRIVATE_EXPEDITED) == 0;
}

void mpool_barrier(void)
{
	call(MEMBARRIER_CMD_PRIVATE_EXPEDITED);
}
#else
bool mpool_barrier_init(void)
{
	return false;
}

void mpool_barrier(void)
{
}
#endif
