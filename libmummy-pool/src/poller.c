#include <config.h>
#include "poller.h"
#include "worker.h"
#include "mummy-common.h"
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>
#if defined HAVE_SYS_EPOLL_H
#include <sys/epoll.h>
#endif

#define BUCKETS 1024u
#define BATCH 64
#define ALWAYS (POLLERR | POLLHUP | POLLNVAL)

struct mpool_poller {
	pthread_mutex_t lock;
	struct mpool_lot *lot;
	pthread_t thread;
	int epoll;                      /* -1: poll */
	int wake[2];                    /* a pipe */
	bool stopping;
	size_t count;
	struct mpool_fd_wait *buckets[BUCKETS];
};

static struct mpool_fd_wait **bucket_of(struct mpool_poller *p, int fd)
{
	return &p->buckets[(unsigned)fd % BUCKETS];
}

/** Lock held. */
static void link_wait(struct mpool_poller *p, struct mpool_fd_wait *w)
{
	struct mpool_fd_wait **head = bucket_of(p, w->fd);

	w->next = *head;
	w->at = head;
	if (w->next)
		w->next->at = &w->next;
	*head = w;
	p->count++;
}

/** Lock held. */
static void unlink_wait(struct mpool_poller *p, struct mpool_fd_wait *w)
{
	*w->at = w->next;
	if (w->next)
		w->next->at = w->at;
	w->at = NULL;
	p->count--;
}

/** Lock held. The caller's lock keeps the fiber, which takes it before it goes on. */
static void tell(struct mpool_poller *p, struct mpool_fd_wait *w, short ready)
{
	unlink_wait(p, w);
	w->ready = ready;
	mpool_token_wake(p->lot, &w->token);
}

/** Lock held. Of all who wait for fd. */
static short wanted(struct mpool_poller *p, int fd)
{
	short events = 0;

	for (struct mpool_fd_wait *w = *bucket_of(p, fd); w; w = w->next)
		if (w->fd == fd)
			events |= w->events;
	return events;
}

static void interrupt(struct mpool_poller *p)
{
	/* A full pipe wakes as well. */
	ssize_t n = write(p->wake[1], "", 1);

	(void)n;
}

static void drain(struct mpool_poller *p)
{
	char text[64];

	while (read(p->wake[0], text, sizeof text) > 0)
		;
}

/* ---- epoll: each descriptor is armed for one event at a time ------------------------------------------ */

#if defined HAVE_SYS_EPOLL_H && defined HAVE_EPOLL_CREATE1
static int open_epoll(struct mpool_poller *p)
{
	struct epoll_event e = { .events = EPOLLIN, .data.fd = -1 };

	p->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (p->epoll < 0)
		return -errno;
	return epoll_ctl(p->epoll, EPOLL_CTL_ADD, p->wake[0], &e) == 0 ? 0 : -errno;
}

/** Lock held. Most are there from the last time, disarmed. */
static int arm(struct mpool_poller *p, int fd, short events)
{
	struct epoll_event e = { .events = (unsigned short)events | EPOLLONESHOT, .data.fd = fd };

	if (epoll_ctl(p->epoll, EPOLL_CTL_MOD, fd, &e) == 0)
		return 0;
	return errno == ENOENT && epoll_ctl(p->epoll, EPOLL_CTL_ADD, fd, &e) == 0 ? 0 : -errno;
}
#else
static int open_epoll(struct mpool_poller *p)
{
	p->epoll = -1;
	return 0;
}

static int arm(struct mpool_poller *p, int fd, short events)
{
	(void)p, (void)fd, (void)events;
	return 0;
}
#endif

static void fd_ready(struct mpool_poller *p, int fd, short ready)
{
	short left;

	pthread_mutex_lock(&p->lock);
	for (struct mpool_fd_wait *w = *bucket_of(p, fd), *next; w; w = next) {
		next = w->next;
		if (w->fd == fd && (ready & (w->events | ALWAYS)))
			tell(p, w, ready & (w->events | ALWAYS));
	}
	left = wanted(p, fd);
	if (p->epoll >= 0 && left)
		arm(p, fd, left);
	pthread_mutex_unlock(&p->lock);
}

#if defined HAVE_SYS_EPOLL_H && defined HAVE_EPOLL_CREATE1
static void wait_epoll(struct mpool_poller *p)
{
	struct epoll_event events[BATCH];
	int n = epoll_wait(p->epoll, events, BATCH, -1);

	for (int i = 0; i < n; i++) {
		if (events[i].data.fd < 0)
			drain(p);
		else
			fd_ready(p, events[i].data.fd, (short)events[i].events);
	}
}
#else
static void wait_epoll(struct mpool_poller *p)
{
	(void)p;
}
#endif

/* ---- poll --------------------------------------------------------------------------------------------- */

/** Lock held. They can't be waited for. */
static void tell_all(struct mpool_poller *p)
{
	for (unsigned i = 0; i < BUCKETS; i++)
		while (p->buckets[i])
			tell(p, p->buckets[i], 0);
}

/** One for the pipe first; *n of them. NULL: no memory. */
static struct pollfd *list_waits(struct mpool_poller *p, nfds_t *n)
{
	struct pollfd *set;

	pthread_mutex_lock(&p->lock);
	set = malloc((p->count + 1) * sizeof *set);
	if (!set) {
		tell_all(p);
		pthread_mutex_unlock(&p->lock);
		return NULL;
	}
	set[0] = (struct pollfd){ .fd = p->wake[0], .events = POLLIN };
	*n = 1;
	for (unsigned i = 0; i < BUCKETS; i++)
		for (struct mpool_fd_wait *w = p->buckets[i]; w; w = w->next)
			set[(*n)++] = (struct pollfd){ .fd = w->fd, .events = w->events };
	pthread_mutex_unlock(&p->lock);
	return set;
}

static void wait_poll(struct mpool_poller *p)
{
	nfds_t n = 0;
	struct pollfd *set = list_waits(p, &n);

	if (!set || poll(set, n, -1) < 0)
		n = 0;
	drain(p);
	for (nfds_t i = 1; i < n; i++)
		if (set[i].revents)
			fd_ready(p, set[i].fd, set[i].revents);
	free(set);
}

/* ---- All of it ---------------------------------------------------------------------------------------- */

static bool goes_on(struct mpool_poller *p)
{
	bool stopping;

	pthread_mutex_lock(&p->lock);
	stopping = p->stopping;
	pthread_mutex_unlock(&p->lock);
	return !stopping;
}

static void *poller_main(void *arg)
{
	struct mpool_poller *p = arg;

	while (goes_on(p)) {
		if (p->epoll >= 0)
			wait_epoll(p);
		else
			wait_poll(p);
	}
	return NULL;
}

int mpool_poller_add(struct mpool_poller *p, struct mpool_fd_wait *w)
{
	int rc = 0;

	pthread_mutex_lock(&p->lock);
	link_wait(p, w);
	if (p->epoll >= 0)
		rc = arm(p, w->fd, wanted(p, w->fd));
	if (rc < 0)
		unlink_wait(p, w);
	pthread_mutex_unlock(&p->lock);
	if (p->epoll < 0)
		interrupt(p);
	return rc;
}

void mpool_poller_remove(struct mpool_poller *p, struct mpool_fd_wait *w)
{
	pthread_mutex_lock(&p->lock);
	if (w->at)
		unlink_wait(p, w);
	pthread_mutex_unlock(&p->lock);
}

static int open_pipe(int fds[2])
{
	if (pipe(fds) < 0)
		return -errno;
	for (int i = 0; i < 2; i++) {
		fcntl(fds[i], F_SETFD, FD_CLOEXEC);
		fcntl(fds[i], F_SETFL, O_NONBLOCK);
	}
	return 0;
}

static void close_all(struct mpool_poller *p)
{
	close(p->wake[0]);
	close(p->wake[1]);
	if (p->epoll >= 0)
		close(p->epoll);
	free(p);
}

int mpool_poller_new(struct mpool_poller **out, const char *prefix, struct mpool_lot *lot, bool with_epoll)
{
	struct mpool_poller *p = calloc(1, sizeof *p);
	char name[MPOOL_NAME_SIZE];
	int rc;

	if (!p)
		return -ENOMEM;
	p->lot = lot;
	p->epoll = -1;
	rc = open_pipe(p->wake);
	if (rc < 0) {
		free(p);
		return rc;
	}
	if (with_epoll)
		rc = open_epoll(p);
	if (rc == 0)
		rc = -pthread_mutex_init(&p->lock, NULL);
	mpool_thread_name(name, prefix, "poll");
	if (rc == 0 && mummy_thread_start(&p->thread, name, poller_main, p) < 0) {
		pthread_mutex_destroy(&p->lock);
		rc = -EAGAIN;
	}
	if (rc < 0)
		close_all(p);
	else
		*out = p;
	return rc;
}

void mpool_poller_free(struct mpool_poller *p, bool thread_lives)
{
	if (!p)
		return;
	if (thread_lives) {
		pthread_mutex_lock(&p->lock);
		p->stopping = true;
		pthread_mutex_unlock(&p->lock);
		interrupt(p);
		pthread_join(p->thread, NULL);
		pthread_mutex_destroy(&p->lock);
	}
	close_all(p);
}
