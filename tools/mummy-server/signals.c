/*
 * signals.c - SIGTERM and SIGINT, and what is to be done now and then. The signals are blocked everywhere
 * and fetched by one thread, so their calls are ordinary code, free of what a handler must not do.
 */
#include <config.h>
#include <errno.h>
#include <signal.h>
#include <time.h>
#include "signals.h"

static void watched(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGINT);
}

void signals_block(void)
{
	sigset_t set;

	watched(&set);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
}

static void *fetch(void *arg)
{
	struct signals *s = arg;
	const struct timespec wait = { .tv_sec = (time_t)s->tick_s };
	int stopping = 0;
	sigset_t set;

	watched(&set);
	for (;;) {
		int signal = sigtimedwait(&set, NULL, &wait);

		if (atomic_load(&s->over))
			return NULL;
		if (signal < 0 && errno == EAGAIN && !stopping)
			s->tick(s->ctx);
		else if (signal > 0 && stopping++)
			s->cut(s->ctx, signal);
		else if (signal > 0)
			s->stop(s->ctx, signal);
	}
}

int signals_start(struct signals *s)
{
	atomic_init(&s->over, 0);
	return -pthread_create(&s->thread, NULL, fetch, s);
}

void signals_end(struct signals *s)
{
	atomic_store(&s->over, 1);
	pthread_kill(s->thread, SIGTERM);
	pthread_join(s->thread, NULL);
}
