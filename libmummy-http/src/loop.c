/* loop.c - one thread's turn: the inbox, the hooks, then the poller. */
#include <config.h>
#include <stdlib.h>
#include <unistd.h>
#include "internal.h"
#include "scanner.h"
#include "poller_impl.h"

/* RECV_BYTES: several large messages at once, still with the second cache and below what malloc maps. Twice
 * that is no better: the two ends wait for each other then, instead of working at the same time. */
enum { RECV_BYTES = 112 * 1024, GATHER_BYTES = 64 * 1024, CALM_MS = 500 };

uint32_t mhttp_now(void)
{
	struct timespec ts;

#ifdef CLOCK_MONOTONIC_COARSE
	clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
#else
	clock_gettime(CLOCK_MONOTONIC, &ts);
#endif
	return (uint32_t)((uint64_t)ts.tv_sec * 1000u + (uint64_t)ts.tv_nsec / 1000000u);
}

void mhttp_loop_ref(struct mummy_http_loop *l)
{
	atomic_fetch_add_explicit(&l->refs, 1, memory_order_relaxed);
}

void mhttp_loop_unref(struct mummy_http_loop *l)
{
	struct mummy_http_server *s = l->server;

	if (atomic_fetch_sub(&l->refs, 1) != 1)
		return;
	mhttp_inbox_unref(l->inbox);
	mummy_poller_free(l->poller);
	if (l->inline_x)
		mhttp_exchange_free(l->inline_x);
	free(l->recv);
	free(l->gather);
	free(l->fields);
	free(l->acceptors);
	pthread_cond_destroy(&l->park);
	pthread_mutex_destroy(&l->park_lock);
	free(l);
	mhttp_server_unref(s);
}

/* The most that a loop reads at once, and so the most that a connection may keep of what came. */
size_t mhttp_recv_size(const struct mummy_http_server *s)
{
	size_t head = s->opt.max_head_bytes + s->opt.max_line_bytes;

	return head > RECV_BYTES / 2 ? 2 * head : RECV_BYTES;
}

struct mhttp_recv *mhttp_loop_recv(struct mummy_http_loop *l)
{
	size_t size;

	if (l->recv)
		return l->recv;
	size = mhttp_recv_size(l->server);
	l->recv = malloc(sizeof *l->recv + size);
	if (l->recv) {
		atomic_init(&l->recv->refs, 1);
		l->recv->size = size;
	}
	return l->recv;
}

static void calm_down(struct mummy_poller_timer *t)
{
	struct mummy_http_loop *l = MUMMY_CONTAINER_OF(t, struct mummy_http_loop, calm_timer);
	int32_t left = mhttp_until(l->grown_ms + CALM_MS, mhttp_now());

	if (left > 0) {
		mummy_poller_timer_set(l->poller, t, (unsigned)left);
		return;
	}
	l->grown = 0;
	/* Between two events nothing is in it that is still needed, unless it is shared. */
	if (l->recv && atomic_load(&l->recv->refs) == 1) {
		free(l->recv);
		l->recv = NULL;
	}
	mummy_memory_trim();
}

void mhttp_loop_grown(struct mummy_http_loop *l)
{
	l->grown_ms = mhttp_now();
	if (l->grown)
		return;
	l->grown = 1;
	l->calm_timer.run = calm_down;
	mummy_poller_timer_set(l->poller, &l->calm_timer, CALM_MS);
}

static int loop_open(struct mummy_http_loop *l)
{
	const struct mummy_http_options *opt = &l->server->opt;
	int rc = mummy_poller_new(&l->poller, (enum mummy_poller_backend)opt->poller);

	if (rc < 0 || (rc = mhttp_inbox_new(&l->inbox, l->poller)) < 0)
		return rc;
	l->edge = mummy_poller_fd(l->poller) >= 0;
	l->clock = mhttp_poller_clock(l->poller);
	l->fields = malloc(opt->max_fields * sizeof *l->fields);
	l->gather_cap = GATHER_BYTES;
	l->gather = malloc(l->gather_cap);
	return l->fields && l->gather ? 0 : -ENOMEM;
}

int mhttp_loop_new(struct mummy_http_loop **out, struct mummy_http_server *s)
{
	struct mummy_http_loop *l = calloc(1, sizeof *l);
	int rc;

	if (!l)
		return -ENOMEM;
	atomic_init(&l->refs, 1);
	pthread_mutex_init(&l->park_lock, NULL);
	pthread_cond_init(&l->park, NULL);
	l->server = s;
	l->scanner = mhttp_scanner();
	l->reserve_fd = -1;
	l->pending = 1;
	l->hooks_due_ms = UINT64_MAX;
	l->timers.next = l->timers.prev = &l->timers;
	atomic_fetch_add(&s->refs, 1);
	mhttp_wheel_init(&l->wheel);
	rc = loop_open(l);
	if (rc < 0) {
		mhttp_loop_unref(l);
		return rc;
	}
	*out = l;
	return 0;
}

int mhttp_loop_is_here(const struct mummy_http_loop *l)
{
	return l->started && pthread_equal(l->thread, pthread_self());
}

int mhttp_loop_timeout(struct mummy_http_loop *l)
{
	int timers = mummy_poller_timeout(l->poller);
	uint64_t now, hooks;

	if (l->pending)
		return 0;
	if (l->hooks_due_ms == UINT64_MAX)
		return timers;
	now = mummy_now_ms();
	hooks = l->hooks_due_ms > now ? l->hooks_due_ms - now : 0;
	if (timers >= 0 && (unsigned)timers <= hooks)
		return timers;
	return hooks > INT_MAX ? INT_MAX : (int)hooks;
}

/* Turns the hooks whose time has come, and knows when the next one's does. */
static inline void turn_hooks(struct mummy_http_loop *l)
{
	const struct mhttp_hook *h = atomic_load_explicit(&l->hooks, memory_order_acquire);
	uint64_t now = *l->clock, next = UINT64_MAX;

	for (; h; h = h->next) {
		uint64_t due = h->hook.due_ms ? *h->hook.due_ms : 0;

		if (due <= now) {
			mhttp_hooks_turn(l);
			return;
		}
		if (due < next)
			next = due;
	}
	l->hooks_due_ms = next;
}

static __attribute__((noinline)) int begin(struct mummy_http_loop *l)
{
	l->thread = pthread_self();
	l->started = 1;
	return mhttp_accept_start(l);
}

/* What was posted during the sleep runs before the sleep of the next turn, and between two turns posts wake
 * the poller: so a turn fits in someone else's loop. until_ms and knows: as of mhttp_poller_turn. */
static inline int turn(struct mummy_http_loop *l, uint64_t until_ms, int knows)
{
	int rc;

	if (l->hooks_due_ms < until_ms)
		until_ms = l->hooks_due_ms;
	l->begin.fresh = 0;
	rc = mhttp_poller_turn(l->poller, l->pending ? 0 : until_ms, knows);
	if (rc < 0 && rc != -EINTR)
		return rc;
	mhttp_inbox_run(l->inbox);
	if (atomic_load(&l->server->stopping)) {
		if (mhttp_drain(l)) {
			mhttp_loop_end(l);
			return 0;
		}
		mhttp_hooks_tell(l);
	}
	turn_hooks(l);
	l->pending = mhttp_inbox_sleep(l->inbox) ? 0 : 1;
	return 1;
}

int mhttp_loop_turn(struct mummy_http_loop *l, int timeout_ms)
{
	int rc = l->started ? 0 : begin(l);
	uint64_t until_ms = 0;

	if (timeout_ms && !l->pending)
		until_ms = mhttp_poller_look(l->poller) + (unsigned)timeout_ms;
	return rc < 0 ? rc : turn(l, timeout_ms < 0 ? UINT64_MAX : until_ms, 1);
}

int mhttp_loop_run(struct mummy_http_loop *l)
{
	int rc = l->started ? 0 : begin(l);

	if (rc == 0)
		do
			rc = turn(l, UINT64_MAX, 0);
		while (rc > 0);
	return rc;
}

void mhttp_loop_end(struct mummy_http_loop *l)
{
	if (atomic_exchange(&l->ended, 1))
		return;
	mhttp_accept_stop(l);
	mhttp_drain_cut(l);
	mhttp_loop_timers_end(l);
	mhttp_inbox_close(l->inbox);
	l->closed = 1;
	mhttp_drain_cut(l);                  /* what came back with the last posts; leased ones are let go */
	mhttp_hooks_end(l);
	mummy_poller_timer_cancel(l->poller, &l->wheel.timer);
	mummy_poller_timer_cancel(l->poller, &l->drain_timer);
	mummy_poller_timer_cancel(l->poller, &l->calm_timer);
}

int mummy_http_loop_post(void *loop, void (*run)(void *arg), void *arg)
{
	struct mummy_http_loop *l = loop;

	return mhttp_inbox_post_call(l->inbox, run, arg);
}

struct mummy_poller *mummy_http_loop_poller(mummy_http_loop *l)
{
	return l->poller;
}
