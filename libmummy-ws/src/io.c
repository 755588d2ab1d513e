#include <config.h>
#include <sched.h>
#include <stdlib.h>
#include "conn.h"
#include "simd.h"

enum { ROUNDS = 8 };

const void *mummy_ws_io_key(void)
{
	static const char key;

	return &key;
}

int mummy_ws_io_new(mummy_ws_io **out, int (*post)(void *ctx, void (*run)(void *arg), void *arg), void *ctx)
{
	mummy_ws_io *io;

	if (!post)
		return -EINVAL;
	io = calloc(1, sizeof *io);
	if (!io)
		return -ENOMEM;
	atomic_init(&io->refs, 1);
	pthread_mutex_init(&io->left_lock, NULL);
	io->simd = mws_simd();
	io->post = post;
	io->post_ctx = ctx;
	for (size_t i = 0; i < MWS_LOCKS; i++)
		pthread_mutex_init(&io->lock[i], NULL);
	*out = io;
	return 0;
}

mummy_ws_io *mws_io_ref(mummy_ws_io *io)
{
	atomic_fetch_add(&io->refs, 1);
	return io;
}

void mws_io_unref(mummy_ws_io *io)
{
	if (atomic_fetch_sub(&io->refs, 1) != 1)
		return;
	for (size_t i = 0; i < MWS_LOCKS; i++)
		pthread_mutex_destroy(&io->lock[i]);
	pthread_mutex_destroy(&io->left_lock);
	free(io);
}

int mws_io_post(mummy_ws_io *io, void (*run)(void *arg), void *arg)
{
	int rc = -ESHUTDOWN;

	/* Counted, so that io_free outwaits a post that is on its way. */
	atomic_fetch_add(&io->posting, 1);
	if (!atomic_load(&io->gone))
		rc = io->post(io->post_ctx, run, arg);
	atomic_fetch_sub(&io->posting, 1);
	return rc;
}

/* Without memory for the list the visit is left out: its deadlines are looked at by the wheel. */
static void list_work(mummy_ws_io *io, mummy_ws_conn *c)
{
	mws_io_due(io);
	if ((mws_flags(c) & MWS_LISTED) || atomic_load(&io->gone))
		return;
	if (io->nwork == io->work_size) {
		size_t size = io->work_size ? io->work_size * 2 : 64;
		mummy_ws_conn **p = realloc(io->work, size * sizeof *p);

		if (!p)
			return;
		io->work = p;
		io->work_size = size;
	}
	mws_set(c, MWS_LISTED);
	io->work[io->nwork++] = mummy_ws_conn_ref(c);
}

static void woken(void *arg)
{
	mummy_ws_conn *c = arg;

	list_work(c->io, c);
	mummy_ws_conn_unref(c);
}

void mws_io_wake(mummy_ws_conn *c, unsigned flags)
{
	mws_set(c, flags);
	if (mws_io_is_own(c->io))
		list_work(c->io, c);
	else if (mws_io_post(c->io, woken, mummy_ws_conn_ref(c)) < 0)
		mummy_ws_conn_unref(c);
}

void mws_io_forget(mummy_ws_io *io, mummy_ws_conn *c)
{
	size_t kept = 0;

	for (size_t i = 0; i < io->ntouched; i++)
		if (io->touched[i] != c)
			io->touched[kept++] = io->touched[i];
	io->ntouched = kept;
}

static void heard_of(mummy_ws_conn *c, unsigned flags, uint64_t now_ms)
{
	if (flags & MWS_PINGED)
		mws_clear(c, MWS_PINGED);
	if (!(flags & MWS_ENDING))
		c->stamp = (uint32_t)now_ms;
}

static void note(mummy_ws_io *io, mummy_ws_conn *c, unsigned flags)
{
	size_t n = io->ntouched;

	mws_io_due(io);
	if (n && io->touched[n - 1] == c)
		return;
	if (n < MWS_TOUCHES) {
		io->touched[n] = c;
		io->ntouched = n + 1;
	} else if (!(flags & MWS_TOUCHED)) {
		mws_io_wake(c, MWS_TOUCHED);
	}
}

void mws_io_touch(mummy_ws_io *io, mummy_ws_conn *c, unsigned flags)
{
	if (!io->clock) {
		note(io, c, flags);
		return;
	}
	heard_of(c, flags, *io->clock);
	/* There was no memory for the visit that puts it there. */
	if (!c->timer_at)
		mws_io_wake(c, 0);
}

const uint64_t *mummy_ws_io_clock(mummy_ws_io *io, const uint64_t *now_ms)
{
	io->clock = now_ms;
	return &io->due_ms;
}

static inline void touched(mummy_ws_io *io)
{
	for (size_t i = 0, n = io->ntouched; i < n; i++) {
		mummy_ws_conn *c = io->touched[i];

		heard_of(c, mws_flags(c), io->now_ms);
		/* There was no memory for the visit that puts it there. */
		if (!c->timer_at)
			mws_conn_deadline(io, c);
	}
	io->ntouched = 0;
}

static void close_one(mummy_ws_io *io, mummy_ws_conn *c)
{
	if (!(mws_flags(c) & (MWS_ENDING | MWS_EOF)))
		mummy_ws_close(c, io->stop_code, NULL);
}

int mummy_ws_io_close(mummy_ws_io *io, uint16_t code)
{
	if (!mws_close_code_ok(code))
		return -EINVAL;
	mws_io_here(io);
	io->stop_code = code;
	mws_wheel_each(io, close_one);
	return 0;
}

/* What a connection wants of the turn. 1: again at the next one. */
static int visit(mummy_ws_io *io, mummy_ws_conn *c)
{
	unsigned flags = mws_clear(c, MWS_TOUCHED | MWS_ARM | MWS_UNSTASH | MWS_LISTED);
	int again;

	if (!(flags & MWS_OPENED) && mws_is_inline(c))
		mws_event_due(c, 0);
	if (flags & MWS_TOUCHED)
		heard_of(c, flags, io->now_ms);
	if ((flags & MWS_ARM) && !(flags & MWS_ENDING))
		c->stamp = (uint32_t)io->now_ms;
	if (!(flags & MWS_EOF) && ((flags & MWS_ARM) || !c->timer_at)) {
		mws_wheel_remove(io, c);
		mws_conn_deadline(io, c);
	}
	if (io->stop_code)
		close_one(io, c);
	if (flags & MWS_UNSTASH)
		mws_feed_go_on(c);
	again = mws_event_retry(c);
	return mws_out_check(c) || again;
}

/* How many visits came up meanwhile. */
static size_t do_work(mummy_ws_io *io)
{
	size_t n = io->nwork, kept = 0;

	/* Visits append to the list, and may move it. */
	for (size_t i = 0; i < n; i++) {
		mummy_ws_conn *c = io->work[i];

		if (visit(io, c) && !(mws_flags(c) & MWS_LISTED)) {
			mws_set(c, MWS_LISTED);
			io->work[kept++] = c;
		} else {
			mummy_ws_conn_unref(c);
		}
	}
	n = io->nwork - n;
	for (size_t i = 0; i < n; i++)
		io->work[kept + i] = io->work[io->nwork - n + i];
	io->nwork = kept + n;
	return n;
}

static __attribute__((noinline)) int rounds(mummy_ws_io *io)
{
	size_t fresh = 1;
	int due = 0;

	io->turning = 1;
	/* Events may publish, close, and send above the high water: that is not left to the next turn. */
	for (int round = 0; round < ROUNDS && (fresh || mws_publish_waits(io)); round++) {
		mws_publish_turn(io, 0);
		fresh = do_work(io);
		due = mws_wheel_turn(io, mws_conn_deadline);
	}
	io->turning = 0;
	return fresh || mws_publish_waits(io) ? 0 : due;
}

static void drop_buffers(mummy_ws_io *io)
{
	free(io->gather);
	io->gather = NULL;
	mws_rx_free(io->spare);
	io->spare = NULL;
	free(io->inflated);
	io->inflated = NULL;
	mws_inflater_free(io->inflater);
	io->inflater = NULL;
}

/* Once no big message has come for a while, what they took goes back to the system. due: of the rest; gives
 * it, or when that is. */
static int calm_down(mummy_ws_io *io, int due)
{
	uint64_t passed;

	if (!io->grown)
		return due;
	if (io->grown == 2)
		io->grown_ms = io->now_ms;
	io->grown = 1;
	passed = io->now_ms - io->grown_ms;
	if (passed < MWS_CALM_MS)
		return due < 0 || due > (int)(MWS_CALM_MS - passed) ? (int)(MWS_CALM_MS - passed) : due;
	io->grown = 0;
	drop_buffers(io);
	mummy_memory_trim();
	return due;
}

int mummy_ws_io_turn(mummy_ws_io *io, uint64_t now_ms)
{
	int due;

	mws_io_here(io);
	if (!io->now_ms)
		io->wheel.tick = now_ms / MWS_SLOT_MS;
	io->now_ms = now_ms;
	touched(io);
	if (!io->nwork && !mws_publish_waits(io) && mws_wheel_rests(io) && !io->grown)
		due = mws_wheel_next(io);
	else
		due = calm_down(io, rounds(io));
	/* Who waits for his output, or for the executor, is looked at in each turn. */
	io->due_ms = io->nwork ? now_ms : due < 0 ? UINT64_MAX : now_ms + (unsigned)due;
	return due;
}

void mummy_ws_io_free(mummy_ws_io *io)
{
	if (!io)
		return;
	mws_io_here(io);
	atomic_store(&io->gone, 1);
	while (atomic_load(&io->posting))
		sched_yield();
	for (size_t i = 0; i < io->nwork; i++) {
		mws_event_last(io->work[i]);
		mummy_ws_conn_unref(io->work[i]);
	}
	mws_publish_turn(io, 1);
	io->ntouched = 0;
	free(io->work);
	io->work = NULL;
	io->nwork = io->work_size = 0;
	drop_buffers(io);
	free(io->flush);
	io->flush = NULL;
	mws_io_unref(io);
}
