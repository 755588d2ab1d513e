#include <config.h>
#include "suite.h"
#include "pools.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PAIRS 40
#define ROUNDS 50

struct player {
	int fd;
	atomic_int *returns;
};

static int read_octet(int fd)
{
	char c;
	int rc;

	while ((rc = (int)read(fd, &c, 1)) < 0 && errno == EAGAIN)
		ck_assert_int_gt(mummy_task_wait_fd(fd, POLLIN, 60000), 0);
	return rc;
}

static void serve(void *arg)
{
	struct player *me = arg;

	for (int i = 0; i < ROUNDS; i++) {
		ck_assert_int_eq(write(me->fd, "", 1), 1);
		ck_assert_int_eq(read_octet(me->fd), 1);
	}
	shutdown(me->fd, SHUT_WR);
	ck_assert_int_eq(read_octet(me->fd), 0);
	atomic_fetch_add(me->returns, ROUNDS);
}

static void answer(void *arg)
{
	struct player *me = arg;

	while (read_octet(me->fd) == 1)
		ck_assert_int_eq(write(me->fd, "", 1), 1);
	shutdown(me->fd, SHUT_WR);
}

START_TEST(pairs_play)
{
	for (int kind = 0; kind < 3; kind++) {
		mummy_pool *p = pool_of((enum mummy_pool_kind)kind, kind == 0 ? 2 * PAIRS : 2);
		struct player players[2 * PAIRS];
		atomic_int returns = 0;

		for (int i = 0; i < PAIRS; i++) {
			int fds[2];

			ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
			for (int k = 0; k < 2; k++) {
				fcntl(fds[k], F_SETFL, O_NONBLOCK);
				players[2 * i + k] = (struct player){ fds[k], &returns };
				ck_assert_int_eq(mummy_pool_submit(p, k ? serve : answer, &players[2 * i + k]), 0);
			}
		}
		mummy_pool_free(p);
		ck_assert_int_eq(atomic_load(&returns), PAIRS * ROUNDS);
		for (int i = 0; i < 2 * PAIRS; i++)
			close(players[i].fd);
	}
}
END_TEST

struct questions {
	int pipe[2], pair[2];
};

static void ask(void *arg)
{
	struct questions *q = arg;
	int file = open("/dev/null", O_RDONLY);

	ck_assert_int_eq(mummy_task_wait_fd(-1, POLLIN, -1), -EBADF);
	ck_assert_int_eq(mummy_task_wait_fd(1000000, POLLIN, -1), -EBADF);
	ck_assert_int_eq(mummy_task_wait_fd(q->pipe[0], POLLIN, 0), -ETIMEDOUT);
	ck_assert_int_eq(mummy_task_wait_fd(q->pipe[0], POLLIN, 5), -ETIMEDOUT);
	ck_assert_int_eq(mummy_task_wait_fd(q->pipe[1], POLLOUT, -1), POLLOUT);
	ck_assert_int_eq(mummy_task_wait_fd(file, POLLIN, -1), POLLIN);
	ck_assert_int_eq(mummy_task_wait_fd(q->pair[0], POLLIN | POLLOUT, -1), POLLOUT);
	close(file);
	close(q->pair[1]);
	ck_assert_int_ne(mummy_task_wait_fd(q->pair[0], POLLIN, -1) & POLLHUP, 0);
	errno = 7;
	ck_assert_int_eq(mummy_task_wait_fd(q->pipe[0], POLLIN, 1), -ETIMEDOUT);
	ck_assert_int_eq(errno, 7);
}

START_TEST(results_are_those_of_poll)
{
	for (int kind = 0; kind < 4; kind++) {
		mummy_pool *p = pool_of(kind == 3 ? MUMMY_POOL_THREADS : (enum mummy_pool_kind)kind, 1);
		struct questions q;

		ck_assert_int_eq(pipe(q.pipe), 0);
		ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, q.pair), 0);
		if (kind == 3)
			ask(&q);
		else
			ck_assert_int_eq(mummy_pool_submit(p, ask, &q), 0);
		mummy_pool_free(p);
		close(q.pipe[0]);
		close(q.pipe[1]);
		close(q.pair[0]);
	}
}
END_TEST

SUITE_MAIN("pool/wait_fd", pairs_play, results_are_those_of_poll)
