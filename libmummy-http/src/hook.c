/* hook.c - objects that a program keeps once per loop. */
#include <config.h>
#include <stdlib.h>
#include "internal.h"
#include "poller_impl.h"

/* With the lock. */
static struct mhttp_hook *hook_find(struct mummy_http_loop *l, const void *key)
{
	struct mhttp_hook *h = atomic_load(&l->hooks);

	while (h && h->key != key)
		h = h->next;
	return h;
}

/* Adds h unless the key is there by now: that one is returned then. */
static struct mhttp_hook *hook_add(struct mummy_http_loop *l, struct mhttp_hook *h, int *closed)
{
	struct mhttp_hook *there;

	pthread_mutex_lock(&l->server->hooks_lock);
	there = hook_find(l, h->key);
	*closed = l->hooks_closed;
	if (!there && !*closed) {
		h->next = atomic_load(&l->hooks);
		atomic_store(&l->hooks, h);
	}
	pthread_mutex_unlock(&l->server->hooks_lock);
	return there ? there : h;
}

int mummy_http_loop_hook(mummy_http_loop *l, const void *key,
			 int (*make)(mummy_http_loop *l, struct mummy_http_hook *h, void **ctx, void *arg),
			 void *arg, void **ctx)
{
	struct mhttp_hook *h, *mine;
	int rc, closed;

	pthread_mutex_lock(&l->server->hooks_lock);
	h = hook_find(l, key);
	pthread_mutex_unlock(&l->server->hooks_lock);
	if (h) {
		*ctx = h->ctx;
		return 0;
	}
	if (atomic_load(&l->ended))
		return -ESHUTDOWN;
	mine = calloc(1, sizeof *mine);
	if (!mine)
		return -ENOMEM;
	mine->key = key;
	mine->hook.now_ms = l->clock;
	rc = make(l, &mine->hook, &mine->ctx, arg);
	if (rc < 0) {
		free(mine);
		return rc;
	}
	h = hook_add(l, mine, &closed);
	if (h != mine || closed) {
		if (mine->hook.end)
			mine->hook.end(mine->ctx);
		free(mine);
		if (closed)
			return -ESHUTDOWN;
	} else {
		mummy_poller_wake(l->poller);
	}
	*ctx = h->ctx;
	return 0;
}

int mhttp_hooks_say_goodbye(struct mummy_http_loop *l)
{
	const struct mhttp_hook *h = atomic_load_explicit(&l->hooks, memory_order_acquire);

	while (h && !h->hook.stopping)
		h = h->next;
	return h != NULL;
}

void mhttp_hooks_tell(struct mummy_http_loop *l)
{
	struct mhttp_hook *h = atomic_load_explicit(&l->hooks, memory_order_acquire);

	/* Also those that are made while the server stops. */
	for (; h; h = h->next) {
		if (h->told)
			continue;
		h->told = 1;
		if (h->hook.stopping)
			h->hook.stopping(h->ctx);
	}
}

/* When it wants to be called again, after those that are due now were: what one of them does may make another
 * one due. */
static uint64_t next_call(const struct mhttp_hook *h, uint64_t now)
{
	uint64_t due = h->hook.due_ms ? *h->hook.due_ms : now;

	return due == 0 || due > now ? due : h->due_ms;
}

void mhttp_hooks_turn(struct mummy_http_loop *l)
{
	struct mhttp_hook *all = atomic_load_explicit(&l->hooks, memory_order_acquire);
	uint64_t now = mhttp_poller_look(l->poller);

	for (struct mhttp_hook *h = all; h; h = h->next) {
		int due = -1;

		if (h->hook.turn && (!h->hook.due_ms || *h->hook.due_ms <= now))
			due = h->hook.turn(h->ctx, now);
		h->due_ms = due < 0 ? UINT64_MAX : now + (unsigned)due;
	}
	l->hooks_due_ms = UINT64_MAX;
	for (struct mhttp_hook *h = all; h; h = h->next) {
		uint64_t due = next_call(h, now);

		if (due < l->hooks_due_ms)
			l->hooks_due_ms = due;
	}
}

void mhttp_hooks_end(struct mummy_http_loop *l)
{
	struct mhttp_hook *h;

	pthread_mutex_lock(&l->server->hooks_lock);
	l->hooks_closed = 1;
	h = atomic_exchange(&l->hooks, NULL);
	pthread_mutex_unlock(&l->server->hooks_lock);
	while (h) {
		struct mhttp_hook *next = h->next;

		if (h->hook.end)
			h->hook.end(h->ctx);
		free(h);
		h = next;
	}
}
