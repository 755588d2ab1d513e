#include <config.h>
#include "mummy-common.h"
#include "poller_impl.h"
#include "suite.h"
#include <fcntl.h>
#include <limits.h>
#include <mummy/poller.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const enum mummy_poller_backend backends[] = {
#ifdef HAVE_SYS_EPOLL_H
	MUMMY_POLLER_EPOLL,
#endif
#ifdef HAVE_KQUEUE
	MUMMY_POLLER_KQUEUE,
#endif
	MUMMY_POLLER_POLL
};
enum { NBACKENDS = sizeof backends / sizeof backends[0] };

struct end {
	struct mummy_poller_watch watch;
	mummy_poller *p;
	int fd, calls;
	unsigned events;
	struct end *victim;                  /* removed, closed and freed by the call */
};

static void ready(struct mummy_poller_watch *w, unsigned events)
{
	struct end *e = (struct end *)w;

	e->calls++;
	e->events = events;
	if (e->victim) {
		ck_assert_int_eq(mummy_poller_remove(e->p, e->victim->fd), 0);
		close(e->victim->fd);
		free(e->victim);
		e->victim = NULL;
	}
}

static mummy_poller *fresh(int i)
{
	mummy_poller *p = NULL;

	ck_assert_int_eq(mummy_poller_new(&p, backends[i]), 0);
	return p;
}

static void sockets(int fds[2])
{
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
}

static struct end end_of(mummy_poller *p, int fd)
{
	return (struct end){ .watch = { ready }, .p = p, .fd = fd };
}

START_TEST(reading_writing_and_silence)
{
	mummy_poller *p = fresh(_i);
	int fds[2];
	char c;

	sockets(fds);
	struct end e = end_of(p, fds[0]);
	ck_assert_int_eq(mummy_poller_add(p, fds[0], MUMMY_POLLER_READ, &e.watch), 0);
	ck_assert_int_eq(mummy_poller_turn(p, 0), 0);
	ck_assert_int_eq(write(fds[1], "x", 1), 1);
	ck_assert_int_eq(mummy_poller_turn(p, -1), 1);
	ck_assert_uint_eq(e.events, MUMMY_POLLER_READ);
	ck_assert_int_eq(mummy_poller_turn(p, 0), 1);
	ck_assert_int_eq(mummy_poller_modify(p, fds[0], MUMMY_POLLER_READ | MUMMY_POLLER_WRITE, &e.watch), 0);
	ck_assert_int_eq(mummy_poller_turn(p, -1), 1);
	ck_assert_uint_eq(e.events, MUMMY_POLLER_READ | MUMMY_POLLER_WRITE);
	ck_assert_int_eq(mummy_poller_modify(p, fds[0], 0, &e.watch), 0);
	ck_assert_int_eq(mummy_poller_modify(p, fds[0], 0, &e.watch), 0);
	close(fds[1]);
	ck_assert_int_eq(mummy_poller_turn(p, 0), 0);
	ck_assert_int_eq(mummy_poller_modify(p, fds[0], MUMMY_POLLER_READ, &e.watch), 0);
	ck_assert_int_eq(mummy_poller_turn(p, -1), 1);
	ck_assert_uint_eq(e.events, MUMMY_POLLER_READ | MUMMY_POLLER_HANGUP);
	ck_assert_int_eq(read(fds[0], &c, 1), 1);
	ck_assert_int_eq(mummy_poller_remove(p, fds[0]), 0);
	ck_assert_int_eq(mummy_poller_turn(p, 0), 0);
	close(fds[0]);
	mummy_poller_free(p);
}
END_TEST

START_TEST(half_closed_is_told_to_readers_only)
{
	mummy_poller *p = fresh(_i);
	int fds[2];

	sockets(fds);
	struct end e = end_of(p, fds[0]);
	shutdown(fds[1], SHUT_WR);
	ck_assert_int_eq(mummy_poller_add(p, fds[0], MUMMY_POLLER_WRITE, &e.watch), 0);
	ck_assert_int_eq(mummy_poller_turn(p, -1), 1);
	ck_assert_uint_eq(e.events, MUMMY_POLLER_WRITE);
	ck_assert_int_eq(mummy_poller_modify(p, fds[0], MUMMY_POLLER_READ, &e.watch), 0);
	ck_assert_int_eq(mummy_poller_turn(p, -1), 1);
	ck_assert_uint_eq(e.events & MUMMY_POLLER_HANGUP, MUMMY_POLLER_HANGUP);
	mummy_poller_free(p);
	close(fds[0]);
	close(fds[1]);
}
END_TEST

START_TEST(added_in_silence)
{
	mummy_poller *p = fresh(_i);
	int fds[2];

	sockets(fds);
	struct end e = end_of(p, fds[0]);
	close(fds[1]);
	ck_assert_int_eq(mummy_poller_add(p, fds[0], 0, &e.watch), 0);
	ck_assert_int_eq(mummy_poller_add(p, fds[0], 0, &e.watch), -EEXIST);
	ck_assert_int_eq(mummy_poller_turn(p, 0), 0);
	ck_assert_int_eq(mummy_poller_remove(p, fds[0]), 0);
	ck_assert_int_eq(mummy_poller_remove(p, fds[0]), -ENOENT);
	mummy_poller_free(p);
	close(fds[0]);
}
END_TEST

START_TEST(errors)
{
	mummy_poller *p = fresh(_i);
	char name[] = "poller-XXXXXX";
	int file = mkstemp(name), fds[2];

	sockets(fds);
	struct end e = end_of(p, fds[0]);
	ck_assert_int_ge(file, 0);
	unlink(name);
	ck_assert_int_eq(mummy_poller_add(p, -1, MUMMY_POLLER_READ, &e.watch), -EBADF);
	ck_assert_int_eq(mummy_poller_add(p, 1 << 20, MUMMY_POLLER_READ, &e.watch), -EBADF);
	ck_assert_int_eq(mummy_poller_add(p, file, MUMMY_POLLER_READ, &e.watch), -EPERM);
	ck_assert_int_eq(mummy_poller_modify(p, fds[0], MUMMY_POLLER_READ, &e.watch), -ENOENT);
	ck_assert_int_eq(mummy_poller_remove(p, fds[0]), -ENOENT);
	ck_assert_int_eq(mummy_poller_remove(p, -5), -ENOENT);
	ck_assert_int_eq(mummy_poller_add(p, fds[0], MUMMY_POLLER_READ, &e.watch), 0);
	ck_assert_int_eq(mummy_poller_add(p, fds[0], MUMMY_POLLER_READ, &e.watch), -EEXIST);
	ck_assert_int_eq(mummy_poller_new(&p, (enum mummy_poller_backend)77), -ENOSYS);
	mummy_poller_free(p);
	mummy_poller_free(NULL);
	close(file);
	close(fds[0]);
	close(fds[1]);
}
END_TEST

START_TEST(an_edge_is_told_once)
{
	mummy_poller *p = NULL;
	int fds[2];

	if (mummy_poller_new(&p, MUMMY_POLLER_EPOLL) == -ENOSYS)
		return;
	sockets(fds);
	struct end e = end_of(p, fds[0]);
	ck_assert_int_eq(mummy_poller_add(p, fds[0],
		MUMMY_POLLER_READ | MUMMY_POLLER_WRITE | MUMMY_POLLER_EDGE, &e.watch), 0);
	ck_assert_int_eq(mummy_poller_turn(p, -1), 1);
	ck_assert_uint_eq(e.events, MUMMY_POLLER_WRITE);
	ck_assert_int_eq(mummy_poller_turn(p, 0), 0);
	ck_assert_int_eq(write(fds[1], "x", 1), 1);
	ck_assert_int_eq(mummy_poller_turn(p, -1), 1);
	ck_assert_int_eq(mummy_poller_turn(p, 0), 0);
	mummy_poller_free(p);
	close(fds[0]);
	close(fds[1]);
}
END_TEST

/* Whichever of the two is called first removes and frees the other, which was fetched with it. */
START_TEST(what_is_removed_is_not_called)
{
	mummy_poller *p = fresh(_i);
	struct end *e[2];
	int fds[2][2];

	for (int i = 0; i < 2; i++) {
		sockets(fds[i]);
		e[i] = malloc(sizeof *e[i]);
		*e[i] = end_of(p, fds[i][0]);
		ck_assert_int_eq(write(fds[i][1], "x", 1), 1);
		ck_assert_int_eq(mummy_poller_add(p, fds[i][0], MUMMY_POLLER_READ, &e[i]->watch), 0);
	}
	e[0]->victim = e[1];
	e[1]->victim = e[0];
	ck_assert_int_eq(mummy_poller_turn(p, -1), 1);
	ck_assert_int_eq(mummy_poller_turn(p, -1), 1);
	mummy_poller_free(p);
	for (int i = 0; i < 2; i++) {
		close(fds[i][1]);
		if (fcntl(fds[i][0], F_GETFD) >= 0) {
			close(fds[i][0]);
			free(e[i]);
		}
	}
}
END_TEST

START_TEST(more_than_a_batch_starves_none)
{
	enum { N = 400 };
	mummy_poller *p = fresh(_i);
	struct end *e = calloc(N, sizeof *e);
	int fds[2], calls = 0;

	sockets(fds);
	for (int i = 0; i < N; i++) {
		e[i] = end_of(p, dup(fds[0]));
		ck_assert_int_ge(e[i].fd, 0);
		ck_assert_int_eq(mummy_poller_add(p, e[i].fd, MUMMY_POLLER_WRITE, &e[i].watch), 0);
	}
	for (int turns = 0; calls < N; turns++) {
		ck_assert_int_le(turns, 8);
		ck_assert_int_gt(mummy_poller_turn(p, -1), 0);
		calls = 0;
		for (int i = 0; i < N; i++)
			calls += e[i].calls > 0;
	}
	for (int i = 0; i < N; i += 2) {
		ck_assert_int_eq(mummy_poller_remove(p, e[i].fd), 0);
		close(e[i].fd);
		e[i].calls = 0;
	}
	for (int turns = 0; turns < 8; turns++)
		ck_assert_int_gt(mummy_poller_turn(p, -1), 0);
	for (int i = 0; i < N; i++)
		ck_assert(i % 2 ? e[i].calls > 1 : e[i].calls == 0);
	mummy_poller_free(p);
	for (int i = 1; i < N; i += 2)
		close(e[i].fd);
	close(fds[0]);
	close(fds[1]);
	free(e);
}
END_TEST

struct alarm {
	struct mummy_poller_timer timer;
	uint64_t at_ns;
	int runs;
};

static void ring(struct mummy_poller_timer *t)
{
	struct alarm *a = (struct alarm *)t;

	a->runs++;
	a->at_ns = mummy_now_ns();
}

START_TEST(timers_are_never_early)
{
	mummy_poller *p = fresh(_i);
	struct alarm a = { .timer = { .run = ring } }, b = { .timer = { .run = ring } };
	uint64_t begin = mummy_now_ns();

	ck_assert_int_eq(mummy_poller_timeout(p), -1);
	mummy_poller_timer_set(p, &a.timer, 70);
	ck_assert_int_ge(mummy_poller_timeout(p), 0);
	ck_assert_int_le(mummy_poller_timeout(p), 71);
	mummy_poller_timer_set(p, &b.timer, 3);
	mummy_poller_timer_cancel(p, &b.timer);
	ck_assert_int_eq(mummy_poller_turn(p, -1), 1);
	ck_assert_int_eq(a.runs, 1);
	ck_assert_uint_ge(a.at_ns - begin, 70000000u);
	ck_assert_int_eq(b.runs, 0);
	mummy_poller_timer_set(p, &b.timer, 0);
	ck_assert_int_eq(mummy_poller_timeout(p), 0);
	ck_assert_int_eq(mummy_poller_turn(p, -1), 1);
	mummy_poller_timer_set(p, &b.timer, UINT_MAX);
	begin = mummy_now_ns();
	ck_assert_int_eq(mummy_poller_turn(p, 20), 0);
	ck_assert_uint_ge(mummy_now_ns() - begin, 20000000u);
	mummy_poller_timer_cancel(p, &b.timer);
	mummy_poller_free(p);
}
END_TEST

/* Which knows no better time than that of its last wait. */
START_TEST(a_wait_by_an_old_clock_is_not_too_short)
{
	static const unsigned age[] = { 0, 100, 400 }, wait[] = { 1000, 950, 120 };
	mummy_poller *p = fresh(_i);

	for (int i = 0; i < 3; i++) {
		uint64_t until = mhttp_poller_look(p) + wait[i];
		struct alarm a = { .timer = { .run = ring } };

		*(uint64_t *)(uintptr_t)mhttp_poller_clock(p) -= age[i];
		if (i < 2)
			mummy_poller_timer_set(p, &a.timer, wait[i]);
		ck_assert_int_eq(mhttp_poller_turn(p, i < 2 ? UINT64_MAX : until, 0), i < 2);
		ck_assert_uint_ge(mummy_now_ms(), until);
		ck_assert_uint_ge(*mhttp_poller_clock(p), until);
		ck_assert_int_eq(a.runs, i < 2);
	}
	mummy_poller_free(p);
}
END_TEST

START_TEST(twenty_thousand_timers)
{
	enum { N = 20000 };
	mummy_poller *p = fresh(_i);
	struct alarm *a = calloc(N, sizeof *a);
	int n = 0;

	for (int round = 0; round < 20; round++)
		for (int i = 0; i < N; i++) {
			a[i].timer.run = ring;
			mummy_poller_timer_set(p, &a[i].timer, (unsigned)(i % 60) + 1);
		}
	while (n < N) {
		int rc = mummy_poller_turn(p, -1);

		ck_assert_int_ge(rc, 0);
		n += rc;
	}
	for (int i = 0; i < N; i++)
		ck_assert_int_eq(a[i].runs, 1);
	ck_assert_int_eq(mummy_poller_timeout(p), -1);
	free(a);
	mummy_poller_free(p);
}
END_TEST

static void *wake_it(void *arg)
{
	mummy_poller_wake(arg);
	return NULL;
}

START_TEST(woken_from_any_thread)
{
	mummy_poller *p = fresh(_i);
	pthread_t t;

	for (int i = 0; i < 100; i++)
		mummy_poller_wake(p);
	ck_assert_int_eq(mummy_poller_turn(p, -1), 0);
	for (int i = 0; i < 200; i++) {
		ck_assert_int_eq(pthread_create(&t, NULL, wake_it, p), 0);
		ck_assert_int_eq(mummy_poller_turn(p, -1), 0);
		pthread_join(t, NULL);
	}
	mummy_poller_free(p);
}
END_TEST

static void turn_again(struct mummy_poller_watch *w, unsigned events)
{
	struct end *e = (struct end *)w;

	(void)events;
	e->calls = mummy_poller_turn(e->p, 0);
}

START_TEST(a_turn_in_a_turn_is_refused)
{
	mummy_poller *p = fresh(_i);
	int fds[2];

	sockets(fds);
	struct end e = end_of(p, fds[0]);
	e.watch.ready = turn_again;
	ck_assert_int_eq(mummy_poller_add(p, fds[0], MUMMY_POLLER_WRITE, &e.watch), 0);
	ck_assert_int_eq(mummy_poller_turn(p, -1), 1);
	ck_assert_int_eq(e.calls, -EDEADLK);
	mummy_poller_free(p);
	close(fds[0]);
	close(fds[1]);
}
END_TEST

START_TEST(inside_another_loop)
{
	mummy_poller *p = fresh(_i);
	struct pollfd outer = { .fd = mummy_poller_fd(p), .events = POLLIN };

	if (backends[_i] == MUMMY_POLLER_POLL) {
		ck_assert_int_eq(outer.fd, -ENOTSUP);
	} else {
		ck_assert_int_eq(poll(&outer, 1, 0), 0);
		mummy_poller_wake(p);
		ck_assert_int_eq(poll(&outer, 1, -1), 1);
		ck_assert_int_eq(mummy_poller_turn(p, 0), 0);
		ck_assert_int_eq(poll(&outer, 1, 0), 0);
	}
	mummy_poller_free(p);
}
END_TEST

START_TEST(the_environment_does_not_choose)
{
	mummy_poller *p = NULL;

	setenv("MUMMY_POLLER", "poll", 1);
	ck_assert_int_eq(mummy_poller_new(&p, MUMMY_POLLER_BEST), 0);
	ck_assert_int_eq(mummy_poller_fd(p) >= 0, NBACKENDS > 1);
	mummy_poller_free(p);
}
END_TEST

int main(void)
{
	const TTest *const each[] = {
		reading_writing_and_silence, half_closed_is_told_to_readers_only, added_in_silence, errors,
		what_is_removed_is_not_called, more_than_a_batch_starves_none, timers_are_never_early,
		a_wait_by_an_old_clock_is_not_too_short,
		twenty_thousand_timers, woken_from_any_thread, a_turn_in_a_turn_is_refused, inside_another_loop
	};
	Suite *s = suite_create("http/poller");
	TCase *c = tcase_create("back ends");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_set_timeout(c, SUITE_TIMEOUT_S);
	for (size_t i = 0; i < sizeof each / sizeof each[0]; i++)
		tcase_add_loop_test(c, each[i], 0, NBACKENDS);
	tcase_add_test(c, an_edge_is_told_once);
	tcase_add_test(c, the_environment_does_not_choose);
	suite_add_tcase(s, c);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
