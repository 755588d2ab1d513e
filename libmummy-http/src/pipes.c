#include <config.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include "pipes.h"

#if defined HAVE_SPLICE && defined HAVE_PIPE2 && defined F_SETPIPE_SZ
static int open_pipe(struct mhttp_pipes *p, int fds[2])
{
	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	if (fcntl(fds[1], F_SETPIPE_SZ, MHTTP_PIPE_BYTES) >= MHTTP_PIPE_BYTES)
		return 0;
	close(fds[0]);
	close(fds[1]);
	atomic_store(&p->refused, 1);
	return -ENOTSUP;
}
#else
static int open_pipe(struct mhttp_pipes *p, int fds[2])
{
	(void)fds;
	atomic_store(&p->refused, 1);
	return -ENOTSUP;
}
#endif

int mhttp_pipe_get(struct mhttp_pipes *p, int fds[2])
{
	int found = 0;

	if (atomic_load_explicit(&p->refused, memory_order_relaxed))
		return -ENOTSUP;
	pthread_mutex_lock(&p->lock);
	if (p->n > 0) {
		found = 1;
		p->n--;
		fds[0] = p->idle[p->n][0];
		fds[1] = p->idle[p->n][1];
	}
	pthread_mutex_unlock(&p->lock);
	return found ? 0 : open_pipe(p, fds);
}

void mhttp_pipe_put(struct mhttp_pipes *p, const int fds[2], int is_empty)
{
	pthread_mutex_lock(&p->lock);
	if (is_empty && p->n < MHTTP_PIPES_IDLE) {
		p->idle[p->n][0] = fds[0];
		p->idle[p->n][1] = fds[1];
		p->n++;
		pthread_mutex_unlock(&p->lock);
		return;
	}
	pthread_mutex_unlock(&p->lock);
	close(fds[0]);
	close(fds[1]);
}

void mhttp_pipes_close(struct mhttp_pipes *p)
{
	while (p->n > 0) {
		p->n--;
		close(p->idle[p->n][0]);
		close(p->idle[p->n][1]);
	}
}
