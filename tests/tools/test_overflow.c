#include <config.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <mummy/pool.h>
#include "suite.h"
#include "overflow.h"

/* The sanitizers have handlers and stacks of their own. */
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
#define INSTRUMENTED 1
#else
#define INSTRUMENTED 0
#endif

static char *volatile nowhere = (char *)8;

static int deeper(volatile char *above)
{
	volatile char here[1000];

	here[0] = above ? above[0] : 1;
	return here[0] ? deeper(here) + here[999] : 0;
}

static void overflow(void *arg)
{
	(void)arg;
	mummy_task_yield();
	deeper(NULL);
}

static void go_astray(void *arg)
{
	(void)arg;
	*nowhere = 1;
}

static void run_on_a_fiber(void (*job)(void *arg), int errors)
{
	struct mummy_pool_options opt = { .kind = MUMMY_POOL_FIBERS, .threads = 2, .max_threads = 2,
					  .thread_start = overflow_watch, .thread_stop = overflow_unwatch };
	mummy_pool *p;

	dup2(errors, STDERR_FILENO);
	signal(SIGSEGV, SIG_DFL);
	overflow_report();
	if (mummy_pool_new(&p, &opt) < 0 || mummy_pool_submit(p, job, NULL) < 0)
		_exit(1);
	mummy_pool_free(p);
	_exit(0);
}

/* What a child that runs the job says; it has to die of SIGSEGV, or end well. */
static void last_words(void (*job)(void *arg), int dies, char *said, size_t size)
{
	int fds[2], status;
	size_t n = 0;
	ssize_t got;
	pid_t child;

	ck_assert_int_eq(pipe(fds), 0);
	child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0)
		run_on_a_fiber(job, fds[1]);
	close(fds[1]);
	while (n < size - 1 && (got = read(fds[0], said + n, size - 1 - n)) > 0)
		n += (size_t)got;
	said[n] = '\0';
	close(fds[0]);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	if (dies)
		ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
	else
		ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void nothing(void *arg)
{
	(void)arg;
}

START_TEST(test_an_overflow_is_named)
{
	char said[256];

	last_words(nothing, 0, said, sizeof said);
	ck_assert_str_eq(said, "");
	if (INSTRUMENTED)
		return;
	last_words(overflow, 1, said, sizeof said);
	ck_assert_ptr_nonnull(strstr(said, "overflowed the stack"));
	last_words(go_astray, 1, said, sizeof said);
	ck_assert_str_eq(said, "");
}
END_TEST

SUITE_MAIN("overflow", test_an_overflow_is_named)
