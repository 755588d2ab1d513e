#include <config.h>
#include "suite.h"
#include "wake.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>

static int readable(const struct mhttp_wake *w)
{
	struct pollfd p = { .fd = w->read_fd, .events = POLLIN };

	return poll(&p, 1, 0);
}

START_TEST(many_signals_one_drain)
{
	struct mhttp_wake w;

	ck_assert_int_eq(mhttp_wake_open(&w), 0);
	ck_assert_int_eq(readable(&w), 0);
	errno = EDOM;
	for (int i = 0; i < 100000; i++)
		mhttp_wake_signal(&w);
	ck_assert_int_eq(errno, EDOM);
	ck_assert_int_eq(readable(&w), 1);
	mhttp_wake_drain(&w);
	ck_assert_int_eq(readable(&w), 0);
	mhttp_wake_signal(&w);
	ck_assert_int_eq(readable(&w), 1);
	mhttp_wake_drain(&w);
	mhttp_wake_drain(&w);
	ck_assert(fcntl(w.read_fd, F_GETFD) & FD_CLOEXEC);
	ck_assert(fcntl(w.write_fd, F_GETFD) & FD_CLOEXEC);
	mhttp_wake_close(&w);
}
END_TEST

enum { ROUNDS = 20000 };
struct pair {
	struct mhttp_wake there, back;
	int plain;                           /* ordered by the wakes alone */
};

static void await(struct mhttp_wake *w)
{
	struct pollfd p = { .fd = w->read_fd, .events = POLLIN };

	while (poll(&p, 1, -1) < 0)
		ck_assert_int_eq(errno, EINTR);
	mhttp_wake_drain(w);
}

static void *answer(void *arg)
{
	struct pair *p = arg;

	for (int i = 0; i < ROUNDS; i++) {
		await(&p->there);
		p->plain++;
		mhttp_wake_signal(&p->back);
	}
	return NULL;
}

START_TEST(no_signal_is_lost_and_memory_is_ordered)
{
	struct pair p = { .plain = 0 };
	pthread_t t;

	ck_assert_int_eq(mhttp_wake_open(&p.there), 0);
	ck_assert_int_eq(mhttp_wake_open(&p.back), 0);
	ck_assert_int_eq(pthread_create(&t, NULL, answer, &p), 0);
	for (int i = 0; i < ROUNDS; i++) {
		ck_assert_int_eq(p.plain, i);
		mhttp_wake_signal(&p.there);
		await(&p.back);
	}
	pthread_join(t, NULL);
	ck_assert_int_eq(p.plain, ROUNDS);
	mhttp_wake_close(&p.there);
	mhttp_wake_close(&p.back);
}
END_TEST

SUITE_MAIN("http/wake", many_signals_one_drain, no_signal_is_lost_and_memory_is_ordered)
