/*
 * wake.h - a descriptor that any thread, or a signal handler, can make readable.
 * An eventfd where there is one, else a pipe. Wakes that come before the drain cost one write in all.
 */
#ifndef MHTTP_WAKE_H
#define MHTTP_WAKE_H
#include <stdatomic.h>

struct mhttp_wake {
	int read_fd, write_fd;               /* the same for an eventfd */
	atomic_int pending;
};

int mhttp_wake_open(struct mhttp_wake *w);
void mhttp_wake_close(struct mhttp_wake *w);
void mhttp_wake_signal(struct mhttp_wake *w);
/* By the reader. What the wakers did before their signal is visible when this returns. */
void mhttp_wake_drain(struct mhttp_wake *w);
#endif
