#include <config.h>
#include "mummy-common.h"
#include "poller_impl.h"
#include "timers.h"
#include "wake.h"
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define NS_PER_MS UINT64_C(1000000)

enum { FAR_MS = 1000 };

struct mummy_poller {
	const struct mhttp_poller_backend *backend;
	void *state;
	struct mummy_poller_watch **watches; /* by descriptor */
	size_t nwatches;
	mhttp_poller_event batch[MHTTP_POLLER_BATCH];
	int next, fetched;                   /* the rest of the batch */
	int turning, woken;
	struct mummy_poller_watch wake_watch;
	struct mhttp_wake wake;
	uint64_t now_ms;                     /* when the last wait was over, or the last look */
	struct mhttp_timers timers;          /* a tick is a millisecond of the same clock */
};

static const struct mhttp_poller_backend *choose(enum mummy_poller_backend which)
{
	switch (which) {
	case MUMMY_POLLER_BEST:
#if defined HAVE_SYS_EPOLL_H
		return &mhttp_poller_epoll;
#elif defined HAVE_KQUEUE
		return &mhttp_poller_kqueue;
#else
		return &mhttp_poller_poll;
#endif
	case MUMMY_POLLER_EPOLL:
#ifdef HAVE_SYS_EPOLL_H
		return &mhttp_poller_epoll;
#else
		return NULL;
#endif
	case MUMMY_POLLER_KQUEUE:
#ifdef HAVE_KQUEUE
		return &mhttp_poller_kqueue;
#else
		return NULL;
#endif
	case MUMMY_POLLER_POLL:
		return &mhttp_poller_poll;
	}
	return NULL;
}

static void be_woken(struct mummy_poller_watch *w, unsigned events)
{
	mummy_poller *p = MUMMY_CONTAINER_OF(w, mummy_poller, wake_watch);

	(void)events;
	mhttp_wake_drain(&p->wake);
	p->woken = 1;
}

static int open_parts(mummy_poller *p)
{
	int rc = p->backend->open(&p->state);

	if (rc < 0)
		return rc;
	rc = mhttp_wake_open(&p->wake);
	if (rc == 0) {
		p->wake_watch.ready = be_woken;
		rc = p->backend->add(p->state, p->wake.read_fd, MUMMY_POLLER_READ, &p->wake_watch);
		if (rc < 0)
			mhttp_wake_close(&p->wake);
	}
	if (rc < 0)
		p->backend->close(p->state);
	return rc;
}

int mummy_poller_new(mummy_poller **out, enum mummy_poller_backend backend)
{
	const struct mhttp_poller_backend *chosen = choose(backend);
	mummy_poller *p;
	int rc;

	if (!chosen)
		return -ENOSYS;
	p = calloc(1, sizeof *p);
	if (!p)
		return -ENOMEM;
	p->backend = chosen;
	rc = open_parts(p);
	if (rc < 0) {
		free(p);
		return rc;
	}
	mhttp_timers_init(&p->timers);
	mhttp_timers_advance(&p->timers, mhttp_poller_look(p));
	*out = p;
	return 0;
}

void mummy_poller_free(mummy_poller *p)
{
	if (!p)
		return;
	p->backend->close(p->state);
	mhttp_wake_close(&p->wake);
	free(p->watches);
	free(p);
}

/* ---- Watches ---------------------------------------------------------------------------------- */

int mhttp_poller_judge(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	return S_ISREG(st.st_mode) || S_ISDIR(st.st_mode) ? -EPERM : 0;
}

static struct mummy_poller_watch *watch_of(const mummy_poller *p, int fd)
{
	return fd >= 0 && (size_t)fd < p->nwatches ? p->watches[fd] : NULL;
}

static int make_room(mummy_poller *p, size_t fd)
{
	size_t n = p->nwatches ? p->nwatches : 32;
	struct mummy_poller_watch **watches;

	if (fd < p->nwatches)
		return 0;
	while (n <= fd)
		n += n < 1024 ? n : n / 2;
	/* What is not used yet is not touched. */
	watches = calloc(n, sizeof(struct mummy_poller_watch *));
	if (!watches)
		return -ENOMEM;
	if (p->nwatches)
		memcpy(watches, p->watches, p->nwatches * sizeof(struct mummy_poller_watch *));
	free(p->watches);
	p->watches = watches;
	p->nwatches = n;
	return 0;
}

int mummy_poller_add(mummy_poller *p, int fd, unsigned events, struct mummy_poller_watch *w)
{
	int rc;

	if (fd < 0)
		return -EBADF;
	if (watch_of(p, fd))
		return -EEXIST;
	rc = p->backend->add(p->state, fd, events, w);
	if (rc < 0)
		return rc;
	rc = make_room(p, (size_t)fd);
	if (rc < 0) {
		p->backend->remove(p->state, fd);
		return rc;
	}
	p->watches[fd] = w;
	return 0;
}

/* What was fetched of w and not yet told is forgotten. */
static void forget(mummy_poller *p, const struct mummy_poller_watch *w)
{
	for (int i = p->next; i < p->fetched; i++)
		if (mhttp_poller_event_watch(&p->batch[i]) == w)
			p->batch[i] = mhttp_poller_event_of(NULL, 0);
}

int mummy_poller_modify(mummy_poller *p, int fd, unsigned events, struct mummy_poller_watch *w)
{
	struct mummy_poller_watch *old = watch_of(p, fd);
	int rc;

	if (!old)
		return -ENOENT;
	rc = p->backend->modify(p->state, fd, events, w);
	if (rc < 0)
		return rc;
	if (old != w || !(events & (MUMMY_POLLER_READ | MUMMY_POLLER_WRITE)))
		forget(p, old);
	p->watches[fd] = w;
	return 0;
}

int mhttp_poller_ask(mummy_poller *p, int fd, unsigned events, struct mummy_poller_watch *w)
{
	return p->backend->modify(p->state, fd, events, w);
}

int mummy_poller_remove(mummy_poller *p, int fd)
{
	struct mummy_poller_watch *w = watch_of(p, fd);

	if (!w)
		return -ENOENT;
	p->backend->remove(p->state, fd);
	p->watches[fd] = NULL;
	forget(p, w);
	return 0;
}

void mhttp_poller_each(mummy_poller *p, void (*ready)(struct mummy_poller_watch *w, unsigned events),
		       void (*visit)(struct mummy_poller_watch *w))
{
	for (size_t fd = 0; fd < p->nwatches; fd++)
		if (p->watches[fd] && p->watches[fd]->ready == ready)
			visit(p->watches[fd]);
}

/* ---- Timers ----------------------------------------------------------------------------------- */

void mummy_poller_timer_set(mummy_poller *p, struct mummy_poller_timer *t, unsigned delay_ms)
{
	uint64_t deadline = 0, now;

	if (delay_ms) {
		now = mummy_now_ns();
		mhttp_timers_advance(&p->timers, now / NS_PER_MS);
		/* Rounded up: never sooner than asked. */
		deadline = (now + NS_PER_MS - 1) / NS_PER_MS + delay_ms;
	}
	mhttp_timers_set(&p->timers, t, deadline);
}

void mummy_poller_timer_cancel(mummy_poller *p, struct mummy_poller_timer *t)
{
	mhttp_timers_cancel(&p->timers, t);
}

int mummy_poller_timeout(const mummy_poller *p)
{
	uint64_t due_ms = mhttp_timers_next(&p->timers), now_ms;

	if (due_ms == UINT64_MAX)
		return -1;
	now_ms = mummy_now_ms();
	if (due_ms <= now_ms)
		return 0;
	return due_ms - now_ms > INT_MAX ? INT_MAX : (int)(due_ms - now_ms);
}

/* ---- Turns ------------------------------------------------------------------------------------ */

const uint64_t *mhttp_poller_clock(const mummy_poller *p)
{
	return &p->now_ms;
}

uint64_t mhttp_poller_look(mummy_poller *p)
{
	return p->now_ms = mummy_now_ms();
}

/* How long from here on. The clock is not looked at while it is long: then the half of what it was when the
 * last wait was over is not too much, as long as the calls since then did not take the other half. */
static inline int wait_until(mummy_poller *p, uint64_t until_ms, int knows)
{
	uint64_t left = until_ms > p->now_ms ? until_ms - p->now_ms : 0;

	if (until_ms == UINT64_MAX)
		return -1;
	if (left >= FAR_MS && !knows)
		left /= 2;
	else if (left && !knows)
		left = until_ms > mhttp_poller_look(p) ? until_ms - p->now_ms : 0;
	return left > INT_MAX ? INT_MAX : (int)left;
}

/* What was fetched. The number of calls but for a wake-up. */
static inline int call_watches(mummy_poller *p, int n)
{
	int calls = n;

	p->fetched = n;
	for (p->next = 0; p->next < n;) {
		const mhttp_poller_event *e = &p->batch[p->next++];
		struct mummy_poller_watch *w = mhttp_poller_event_watch(e);

		if (w)
			w->ready(w, mhttp_poller_event_events(e));
		else
			calls--;
	}
	p->fetched = 0;
	return p->woken ? calls - 1 : calls;
}

static __attribute__((noinline)) int run_timers(mummy_poller *p)
{
	mhttp_timers_advance(&p->timers, p->now_ms);
	return mhttp_timers_run(&p->timers);
}

/* One wait until until_ms, UINT64_MAX: any time, and the calls that are due then. */
static inline __attribute__((always_inline)) int turn_once(mummy_poller *p, uint64_t until_ms, int knows)
{
	uint64_t due_ms = mhttp_timers_next(&p->timers);
	int n, calls;

	n = p->backend->wait(p->state, p->batch, wait_until(p, due_ms < until_ms ? due_ms : until_ms, knows));
	if (n < 0 && errno != EINTR)
		return -errno;
	p->now_ms = mummy_now_ms();
	if (n < 0)
		p->woken = 1;
	calls = n < 0 ? 0 : call_watches(p, n);
	return p->now_ms >= mhttp_timers_next(&p->timers) ? calls + run_timers(p) : calls;
}

/* Half of a long time may be over, or the wheel had a level to move only. */
static __attribute__((noinline)) int wait_on(mummy_poller *p, uint64_t until_ms)
{
	int n = 0;

	while (n == 0 && !p->woken && p->now_ms < until_ms)
		n = turn_once(p, until_ms, 1);
	return n;
}

int mhttp_poller_turn(mummy_poller *p, uint64_t until_ms, int knows)
{
	int n;

	if (p->turning)
		return -EDEADLK;
	p->turning = 1;
	p->woken = 0;
	n = turn_once(p, until_ms, knows);
	if (n == 0)
		n = wait_on(p, until_ms);
	p->turning = 0;
	return n;
}

int mummy_poller_turn(mummy_poller *p, int timeout_ms)
{
	uint64_t until_ms = timeout_ms ? mhttp_poller_look(p) + (unsigned)timeout_ms : 0;

	return mhttp_poller_turn(p, timeout_ms < 0 ? UINT64_MAX : until_ms, 1);
}

void mummy_poller_wake(mummy_poller *p)
{
	mhttp_wake_signal(&p->wake);
}

int mummy_poller_fd(const mummy_poller *p)
{
	return p->backend->fd(p->state);
}
