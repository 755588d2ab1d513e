#include <config.h>
#include "worker.h"
#include "mummy-common.h"
#include <stdlib.h>

/** On the stack of who waits; unlinked by who wakes it, or by itself. */
struct waiter {
	mpool_word token;
	struct waiter *next;
	bool linked;
};

struct line {
	struct waiter *first, **end;
};

struct mummy_task_channel {
	pthread_mutex_t lock;
	struct mpool_lot lot;
	struct line senders, receivers;
	bool closed;
	size_t first, count, capacity;
	void *items[];
};

static void join_line(struct line *l, struct waiter *w)
{
	*w = (struct waiter){ .linked = true };
	*l->end = w;
	l->end = &w->next;
}

static void leave_line(struct line *l, struct waiter *w)
{
	struct waiter **at = &l->first;

	if (!w->linked)
		return;
	while (*at != w)
		at = &(*at)->next;
	*at = w->next;
	if (l->end == &w->next)
		l->end = at;
	w->linked = false;
}

/** Lock held: who is woken takes it before its waiter goes out of scope. */
static void wake_first(mummy_task_channel *c, struct line *l)
{
	struct waiter *w = l->first;

	if (!w)
		return;
	leave_line(l, w);
	mpool_token_wake(&c->lot, &w->token);
}

/** Lock held, given back meanwhile. */
static int wait_in(mummy_task_channel *c, struct line *l, uint64_t deadline_ns)
{
	struct waiter me;
	int rc;

	join_line(l, &me);
	pthread_mutex_unlock(&c->lock);
	rc = mpool_block_on(&c->lot, &me.token, deadline_ns);
	pthread_mutex_lock(&c->lock);
	leave_line(l, &me);
	return rc;
}

int mummy_task_channel_new(mummy_task_channel **out, size_t capacity)
{
	mummy_task_channel *c;

	if (capacity == 0 || capacity > (SIZE_MAX - sizeof *c) / sizeof(void *))
		return -EINVAL;
	c = calloc(1, sizeof *c + capacity * sizeof(void *));
	if (!c)
		return -ENOMEM;
	if (mpool_lot_init(&c->lot) < 0) {
		free(c);
		return -ENOMEM;
	}
	if (pthread_mutex_init(&c->lock, NULL) != 0) {
		mpool_lot_destroy(&c->lot);
		free(c);
		return -ENOMEM;
	}
	c->capacity = capacity;
	c->senders.end = &c->senders.first;
	c->receivers.end = &c->receivers.first;
	*out = c;
	return 0;
}

int mummy_task_channel_send(mummy_task_channel *c, void *item, int timeout_ms)
{
	uint64_t deadline = timeout_ms == 0 ? 0 : mpool_deadline(timeout_ms);
	int rc = 0;

	pthread_mutex_lock(&c->lock);
	while (!c->closed && c->count == c->capacity && rc == 0)
		rc = timeout_ms == 0 ? -ETIMEDOUT : wait_in(c, &c->senders, deadline);
	if (c->closed) {
		rc = -EPIPE;
	} else if (c->count < c->capacity) {
		c->items[(c->first + c->count++) % c->capacity] = item;
		wake_first(c, &c->receivers);
		rc = 0;
	}
	pthread_mutex_unlock(&c->lock);
	return rc;
}

int mummy_task_channel_receive(mummy_task_channel *c, void **item, int timeout_ms)
{
	uint64_t deadline = timeout_ms == 0 ? 0 : mpool_deadline(timeout_ms);
	int rc = 0;

	pthread_mutex_lock(&c->lock);
	while (c->count == 0 && !c->closed && rc == 0)
		rc = timeout_ms == 0 ? -ETIMEDOUT : wait_in(c, &c->receivers, deadline);
	if (c->count > 0) {
		*item = c->items[c->first];
		c->first = (c->first + 1) % c->capacity;
		c->count--;
		wake_first(c, &c->senders);
		rc = 0;
	} else if (c->closed) {
		rc = -EPIPE;
	}
	pthread_mutex_unlock(&c->lock);
	return rc;
}

void mummy_task_channel_close(mummy_task_channel *c)
{
	pthread_mutex_lock(&c->lock);
	c->closed = true;
	while (c->senders.first)
		wake_first(c, &c->senders);
	while (c->receivers.first)
		wake_first(c, &c->receivers);
	pthread_mutex_unlock(&c->lock);
}

void mummy_task_channel_free(mummy_task_channel *c)
{
	if (!c)
		return;
	pthread_mutex_destroy(&c->lock);
	mpool_lot_destroy(&c->lot);
	free(c);
}
