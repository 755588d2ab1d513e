#include <config.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include "pipes.h"
#include "suite.h"

START_TEST(an_empty_pipe_is_used_again)
{
	struct mhttp_pipes p = { .lock = PTHREAD_MUTEX_INITIALIZER };
	int a[2], b[2], c[2];

	if (mhttp_pipe_get(&p, a) == -ENOTSUP) {
		ck_assert_int_eq(mhttp_pipe_get(&p, b), -ENOTSUP);
		return;
	}
#ifdef F_GETPIPE_SZ
	ck_assert_int_ge(fcntl(a[0], F_GETPIPE_SZ), MHTTP_PIPE_BYTES);
#endif
	ck_assert(fcntl(a[0], F_GETFD) & FD_CLOEXEC);
	ck_assert_int_eq(mhttp_pipe_get(&p, b), 0);
	mhttp_pipe_put(&p, a, 1);
	ck_assert_int_eq(mhttp_pipe_get(&p, c), 0);
	ck_assert_int_eq(c[0], a[0]);
	ck_assert_int_eq(c[1], a[1]);
	/* one with octets of a body in it is not */
	ck_assert_int_eq(write(c[1], "x", 1), 1);
	mhttp_pipe_put(&p, c, 0);
	ck_assert_uint_eq(p.n, 0);
	ck_assert_int_eq(fcntl(c[0], F_GETFD), -1);
	mhttp_pipe_put(&p, b, 1);
	ck_assert_uint_eq(p.n, 1);
	mhttp_pipes_close(&p);
	ck_assert_int_eq(fcntl(b[0], F_GETFD), -1);
}
END_TEST

START_TEST(few_are_kept)
{
	struct mhttp_pipes p = { .lock = PTHREAD_MUTEX_INITIALIZER };
	int fds[MHTTP_PIPES_IDLE + 2][2];
	unsigned n = 0;

	while (n < MHTTP_PIPES_IDLE + 2 && mhttp_pipe_get(&p, fds[n]) == 0)
		n++;
	for (unsigned i = 0; i < n; i++)
		mhttp_pipe_put(&p, fds[i], 1);
	ck_assert_uint_le(p.n, MHTTP_PIPES_IDLE);
	mhttp_pipes_close(&p);
	ck_assert_uint_eq(p.n, 0);
}
END_TEST

SUITE_MAIN("http/pipes", an_empty_pipe_is_used_again, few_are_kept)
