#include <config.h>
#include "fiber.h"
#include "poller.h"
#include "mummy-common.h"
#include <limits.h>
#include <poll.h>

static int ms_until(uint64_t deadline_ns)
{
	uint64_t now, ms;

	if (deadline_ns == MPOOL_NEVER)
		return -1;
	now = mummy_now_ns();
	ms = deadline_ns > now ? (deadline_ns - now + 999999u) / 1000000u : 0;
	return ms < INT_MAX ? (int)ms : INT_MAX;
}

static int wait_thread(int fd, short events, uint64_t deadline_ns)
{
	struct pollfd p = { .fd = fd, .events = events };
	int rc;

	do
		rc = poll(&p, 1, deadline_ns == 0 ? 0 : ms_until(deadline_ns));
	while (rc < 0 && errno == EINTR);
	if (rc < 0)
		return -errno;
	if (p.revents & POLLNVAL)
		return -EBADF;
	return rc == 0 ? -ETIMEDOUT : p.revents;
}

static int get_poller(mummy_pool *p, struct mpool_poller **out)
{
	struct mpool_poller *fresh;
	int rc;

	*out = atomic_load(&p->poller);
	if (*out)
		return 0;
	rc = mpool_poller_new(&fresh, p->name, &p->lot, true);
	if (rc < 0)
		return rc;
	if (atomic_compare_exchange_strong(&p->poller, out, fresh))
		*out = fresh;
	else
		mpool_poller_free(fresh, true);
	return 0;
}

/** 0: it has been ready; -ETIMEDOUT. */
static int wait_once(struct mpool_worker *w, struct mpool_poller *poller, int fd, short events,
		     uint64_t deadline_ns)
{
	struct mpool_fd_wait me = { .fd = fd, .events = events };
	int rc = mpool_poller_add(poller, &me);

	if (rc < 0)
		return rc;
	rc = mpool_fiber_wait(w, &me.token, deadline_ns);
	mpool_poller_remove(poller, &me);
	return rc < 0 || me.ready ? rc : -ENOMEM;
}

static int wait_fiber(struct mpool_worker *w, int fd, short events, uint64_t deadline_ns)
{
	struct mpool_poller *poller;
	int rc = get_poller(w->pool, &poller), waited = 0;

	/* What the poller has seen may have been taken by somebody else since. */
	while (rc == 0 || (rc == -ETIMEDOUT && waited == 0)) {
		waited = wait_once(w, poller, fd, events, deadline_ns);
		if (waited < 0 && waited != -ETIMEDOUT)
			return waited;
		rc = wait_thread(fd, events, 0);
	}
	return rc;
}

int mummy_task_wait_fd(int fd, short events, int timeout_ms)
{
	uint64_t deadline = mpool_deadline(timeout_ms);
	struct mpool_worker *w = mpool_on_fiber();
	int saved = errno, rc;

	if (fd < 0)
		return -EBADF;
	rc = wait_thread(fd, events, 0);
	if (rc == -ETIMEDOUT && timeout_ms != 0 && w) {
		rc = wait_fiber(w, fd, events, deadline);
	} else if (rc == -ETIMEDOUT && timeout_ms != 0) {
		mpool_blocking_begin(mpool_current);
		rc = wait_thread(fd, events, deadline);
		mpool_blocking_end(mpool_current);
	}
	errno = saved;
	return rc;
}
