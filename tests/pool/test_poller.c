/* Both back ends, without fibers: threads wait for the tokens. */
#include <config.h>
#include "suite.h"
#include "poller.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct mpool_lot lot;
static struct mpool_poller *poller;

static void begin(int with_epoll)
{
	ck_assert_int_eq(mpool_lot_init(&lot), 0);
	ck_assert_int_eq(mpool_poller_new(&poller, "test", &lot, with_epoll), 0);
}

static void end(void)
{
	mpool_poller_free(poller, true);
	mpool_lot_destroy(&lot);
}

static short wait_for(struct mpool_fd_wait *w)
{
	ck_assert_int_eq(mpool_token_wait(&lot, &w->token, MPOOL_NEVER), 0);
	mpool_poller_remove(poller, w);
	return w->ready;
}

START_TEST(several_wait_for_one)
{
	struct mpool_fd_wait in[3], out;
	char text[8];
	int fds[2];

	begin(_i);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	for (int round = 0; round < 20; round++) {
		for (int i = 0; i < 3; i++) {
			in[i] = (struct mpool_fd_wait){ .fd = fds[0], .events = POLLIN };
			ck_assert_int_eq(mpool_poller_add(poller, &in[i]), 0);
		}
		out = (struct mpool_fd_wait){ .fd = fds[0], .events = POLLOUT };
		ck_assert_int_eq(mpool_poller_add(poller, &out), 0);
		ck_assert_int_eq(wait_for(&out), POLLOUT);
		/* One gives up, the others are told; that may be of the octet before, which was there. */
		mpool_poller_remove(poller, &in[0]);
		ck_assert_int_eq(write(fds[1], "", 1), 1);
		ck_assert_int_eq(wait_for(&in[1]), POLLIN);
		ck_assert_int_eq(wait_for(&in[2]), POLLIN);
		ck_assert_int_eq(read(fds[0], text, sizeof text), 1);
	}
	close(fds[0]);
	close(fds[1]);
	end();
}
END_TEST

START_TEST(many_descriptors)
{
	struct mpool_fd_wait w[100];
	int fds[100][2];

	begin(_i);
	for (int i = 0; i < 100; i++) {
		ck_assert_int_eq(pipe(fds[i]), 0);
		w[i] = (struct mpool_fd_wait){ .fd = fds[i][0], .events = POLLIN };
		ck_assert_int_eq(mpool_poller_add(poller, &w[i]), 0);
	}
	for (int i = 0; i < 100; i++)
		ck_assert_int_eq(write(fds[(i * 37) % 100][1], "", 1), 1);
	for (int i = 0; i < 100; i++)
		ck_assert_int_eq(wait_for(&w[i]), POLLIN);
	for (int i = 0; i < 100; i++) {
		close(fds[i][0]);
		close(fds[i][1]);
	}
	end();
}
END_TEST

/* A number that was closed and given again is another descriptor. */
START_TEST(numbers_are_given_again)
{
	begin(_i);
	for (int i = 0; i < 50; i++) {
		struct mpool_fd_wait w;
		int fds[2];

		ck_assert_int_eq(pipe(fds), 0);
		w = (struct mpool_fd_wait){ .fd = fds[0], .events = POLLIN };
		ck_assert_int_eq(mpool_poller_add(poller, &w), 0);
		ck_assert_int_eq(write(fds[1], "", 1), 1);
		ck_assert_int_eq(wait_for(&w), POLLIN);
		close(fds[0]);
		close(fds[1]);
	}
	end();
}
END_TEST

START_TEST(the_other_end_goes)
{
	struct mpool_fd_wait w;
	int fds[2];

	begin(_i);
	ck_assert_int_eq(pipe(fds), 0);
	w = (struct mpool_fd_wait){ .fd = fds[0], .events = POLLIN };
	ck_assert_int_eq(mpool_poller_add(poller, &w), 0);
	close(fds[1]);
	ck_assert_int_ne(wait_for(&w) & POLLHUP, 0);
	close(fds[0]);
	end();
}
END_TEST

int main(void)
{
	const TTest *const tests[] = { several_wait_for_one, many_descriptors, numbers_are_given_again,
				       the_other_end_goes };
	Suite *s = suite_create("pool/poller");
	TCase *c = tcase_create("pool/poller");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_set_timeout(c, SUITE_TIMEOUT_S);
	for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++)
		tcase_add_loop_test(c, tests[i], 0, 2);
	suite_add_tcase(s, c);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
