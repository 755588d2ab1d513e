#include <config.h>
#include "suite.h"
#include "pools.h"
#include "mummy-common.h"
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static void nap(void *arg)
{
	uint64_t start = mummy_now_ns();

	mummy_task_sleep(20);
	ck_assert_uint_ge(mummy_now_ns() - start, 20000000);
	mummy_task_sleep(0);
	mummy_task_yield();
	atomic_fetch_add((atomic_int *)arg, 1);
}

START_TEST(sleep_takes_its_time_everywhere)
{
	atomic_int n = 0;

	nap(&n);
	for (int kind = 0; kind < 3; kind++) {
		mummy_pool *p = pool_of((enum mummy_pool_kind)kind, 2);

		for (int i = 0; i < 4; i++)
			ck_assert_int_eq(mummy_pool_submit(p, nap, &n), 0);
		mummy_pool_free(p);
	}
	ck_assert_int_eq(atomic_load(&n), 13);
}
END_TEST

/* ---- Calls that block ------------------------------------------------------------------------------ */

struct call {
	pthread_t caller, there;
	int fd;
	atomic_int *returned;
};

static void read_there(void *arg)
{
	struct call *c = arg;
	char octet;

	c->there = pthread_self();
	ck_assert_int_eq(read(c->fd, &octet, 1), 1);
}

static void call(void *arg)
{
	struct call *c = arg;

	c->caller = pthread_self();
	mummy_task_block(read_there, c);
	atomic_fetch_add(c->returned, 1);
}

struct writer {
	int fd, octets;
};

static void write_all(void *arg)
{
	struct writer *w = arg;

	for (int i = 0; i < w->octets; i++)
		ck_assert_int_eq(write(w->fd, "", 1), 1);
}

/* All of them block at once, and the one worker, which can't be joined by others, still runs what ends it. */
START_TEST(block_leaves_the_worker_free)
{
	struct mummy_pool_options opt = { .kind = MUMMY_POOL_FIBERS, .threads = 1, .max_threads = 20 };
	atomic_int returned = 0;
	struct call calls[20];
	struct writer writer = { .octets = 20 };
	mummy_pool *p;
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	ck_assert_int_eq(mummy_pool_new(&p, &opt), 0);
	for (int i = 0; i < 20; i++) {
		calls[i] = (struct call){ .fd = fds[0], .returned = &returned };
		ck_assert_int_eq(mummy_pool_submit(p, call, &calls[i]), 0);
	}
	writer.fd = fds[1];
	ck_assert_int_eq(mummy_pool_submit(p, write_all, &writer), 0);
	mummy_pool_free(p);
	ck_assert_int_eq(atomic_load(&returned), 20);
	for (int i = 0; i < 20; i++)
		ck_assert(!pthread_equal(calls[i].caller, calls[i].there));
	close(fds[0]);
	close(fds[1]);
}
END_TEST

START_TEST(block_off_a_fiber_is_a_call)
{
	atomic_int returned = 0;
	struct call c = { .returned = &returned };
	struct writer writer = { .octets = 2 };
	mummy_pool *p = pool_of(MUMMY_POOL_TASKS, 1);
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	c.fd = fds[0];
	writer.fd = fds[1];
	write_all(&writer);
	call(&c);
	ck_assert(pthread_equal(c.caller, c.there));
	ck_assert_int_eq(mummy_pool_submit(p, call, &c), 0);
	mummy_pool_free(p);
	ck_assert(pthread_equal(c.caller, c.there));
	ck_assert_int_eq(atomic_load(&returned), 2);
	close(fds[0]);
	close(fds[1]);
}
END_TEST

/* ---- A stack that overflows --------------------------------------------------------------------------- */

#if !defined __SANITIZE_ADDRESS__ && !defined __SANITIZE_THREAD__
static void on_fault(int signal, siginfo_t *info, void *context)
{
	(void)signal, (void)context;
	_exit(mummy_task_overflowed(info->si_addr) ? 42 : 43);
}

static void give_signal_stack(void *ctx, unsigned index)
{
	stack_t alternate = { .ss_sp = (char *)ctx + index * 65536, .ss_size = 65536 };
	sigset_t fault;

	sigaltstack(&alternate, NULL);
	sigemptyset(&fault);
	sigaddset(&fault, SIGSEGV);
	pthread_sigmask(SIG_UNBLOCK, &fault, NULL);
}

static int deeper(volatile char *above)
{
	volatile char here[1000];

	here[0] = above ? above[0] : 1;
	return here[0] ? deeper(here) + here[999] : 0;
}

static void go_down(void *arg)
{
	(void)arg;
	mummy_task_yield();
	deeper(NULL);
}

static char *volatile nowhere = (char *)8;

static void go_astray(void *arg)
{
	(void)arg;
	mummy_task_yield();
	*nowhere = 1;
}

static int status_of(void (*job)(void *arg))
{
	static char alternate[2][65536];
	struct mummy_pool_options opt = { .kind = MUMMY_POOL_FIBERS, .threads = 2, .max_threads = 2,
					  .thread_start = give_signal_stack, .ctx = alternate };
	struct sigaction act;
	mummy_pool *p;
	int status;
	pid_t child = fork();

	if (child > 0) {
		ck_assert_int_eq(waitpid(child, &status, 0), child);
		return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	}
	memset(&act, 0, sizeof act);
	act.sa_sigaction = on_fault;
	act.sa_flags = SA_SIGINFO | SA_ONSTACK;
	sigaction(SIGSEGV, &act, NULL);
	if (mummy_pool_new(&p, &opt) < 0 || mummy_pool_submit(p, job, NULL) < 0)
		_exit(1);
	mummy_pool_free(p);
	_exit(0);
}

START_TEST(an_overflow_is_known)
{
	ck_assert_int_eq(mummy_task_overflowed(&status_of), 0);
	ck_assert_int_eq(status_of(go_down), 42);
	ck_assert_int_eq(status_of(go_astray), 43);
}
END_TEST
#else
START_TEST(an_overflow_is_known)
{
	ck_assert_int_eq(mummy_task_overflowed(&opterr), 0);
}
END_TEST
#endif

SUITE_MAIN("pool/inside", sleep_takes_its_time_everywhere, block_leaves_the_worker_free,
	   block_off_a_fiber_is_a_call, an_overflow_is_known)
