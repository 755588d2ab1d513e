/*
 * pipes.h - pipes by which a body goes from its socket to a file without being copied to memory in between.
 * The size decides: with the usual 64 KiB it would cost more than copying.
 */
#ifndef MHTTP_PIPES_H
#define MHTTP_PIPES_H
#include <pthread.h>
#include <stdatomic.h>

enum { MHTTP_PIPE_BYTES = 1024 * 1024, MHTTP_PIPES_IDLE = 8 };

/* Zeroed and with a lock that is ready: none yet. */
struct mhttp_pipes {
	pthread_mutex_t lock;
	int idle[MHTTP_PIPES_IDLE][2];
	unsigned n;
	_Atomic int refused;             /* the system gives no pipes of that size */
};

/* An empty pipe: 0, or a negative errno where there is none to be had. */
int mhttp_pipe_get(struct mhttp_pipes *p, int fds[2]);
/* is_empty: another body may have it. */
void mhttp_pipe_put(struct mhttp_pipes *p, const int fds[2], int is_empty);
void mhttp_pipes_close(struct mhttp_pipes *p);
#endif
