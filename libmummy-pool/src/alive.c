#include <config.h>
#include "alive.h"
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

static size_t page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

void mpool_alive_init(struct mpool_alive *a)
{
	a->page = NULL;
	a->pid = getpid();
#if defined MADV_WIPEONFORK && defined MAP_ANONYMOUS
	void *page = mmap(NULL, page_size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		return;
	if (madvise(page, page_size(), MADV_WIPEONFORK) != 0) {
		munmap(page, page_size());
		return;
	}
	a->page = page;
	*a->page = 1;
#endif
}

void mpool_alive_destroy(struct mpool_alive *a)
{
	if (a->page)
		munmap((void *)a->page, page_size());
	a->page = NULL;
}

bool mpool_alive_by_pid(const struct mpool_alive *a)
{
	return a->pid == getpid();
}
