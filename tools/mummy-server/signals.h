/*
 * signals.h - SIGTERM and SIGINT, and what is to be done now and then.
 */
#ifndef MUMMY_SERVER_SIGNALS_H
#define MUMMY_SERVER_SIGNALS_H
#include <pthread.h>
#include <stdatomic.h>

/** Called on a thread of its own. */
struct signals {
	void (*stop)(void *ctx, int signal);   /**< the first SIGTERM or SIGINT */
	void (*cut)(void *ctx, int signal);    /**< the second; does not come back */
	void (*tick)(void *ctx);               /**< every tick_s seconds */
	unsigned tick_s;
	void *ctx;
	pthread_t thread;
	atomic_int over;
};

/** Blocks the two signals for this thread and those that it starts. Before any other thread. */
void signals_block(void);
/** Starts the calls; the first four members are set. 0 or a negative errno. */
int signals_start(struct signals *s);
/** Ends them. */
void signals_end(struct signals *s);
#endif
