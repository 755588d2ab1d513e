/*
 * overflow.c - says so when a handler has run out of its fiber's stack, before the program ends of it.
 */
#include <config.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <mummy/pool.h>
#include "overflow.h"

#define STACK_BYTES 65536u

static struct sigaction before[2];

static _Thread_local void *alternate;

static void on_fault(int signal, siginfo_t *info, void *context)
{
	static const char text[] = "mummy-server: a handler has overflowed the stack of its fiber\n";

	(void)context;
	if (mummy_task_overflowed(info->si_addr)) {
		ssize_t n = write(STDERR_FILENO, text, sizeof text - 1);

		(void)n;
	}
	/* The instruction is tried again, and fails as it would have without us. */
	sigaction(signal, &before[signal == SIGBUS], NULL);
}

void overflow_report(void)
{
	struct sigaction act;

	memset(&act, 0, sizeof act);
	act.sa_sigaction = on_fault;
	act.sa_flags = SA_SIGINFO | SA_ONSTACK;
	sigemptyset(&act.sa_mask);
	sigaction(SIGSEGV, &act, &before[0]);
	sigaction(SIGBUS, &act, &before[1]);
}

void overflow_watch(void *ctx, unsigned index)
{
	stack_t stack = { .ss_size = STACK_BYTES };
	sigset_t faults;

	(void)ctx, (void)index;
	alternate = malloc(STACK_BYTES);
	if (!alternate)
		return;
	stack.ss_sp = alternate;
	sigaltstack(&stack, NULL);
	/* Workers block all signals; a fault that is blocked ends the program without a word. */
	sigemptyset(&faults);
	sigaddset(&faults, SIGSEGV);
	sigaddset(&faults, SIGBUS);
	pthread_sigmask(SIG_UNBLOCK, &faults, NULL);
}

void overflow_unwatch(void *ctx, unsigned index)
{
	const stack_t none = { .ss_flags = SS_DISABLE };

	(void)ctx, (void)index;
	sigaltstack(&none, NULL);
	free(alternate);
	alternate = NULL;
}
