/* hook.c - objects that a program keeps once per loop. */
#include <config.h>
#include <stdlib.h>
#include "internal.h"

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

/* Also those that are made while the server stops. */
static void hook_tell(struct mhttp_hook *h)
{
	if (h->told)
		return;
	h->told = 1;
	if (h->hook.stopping)
		h->hook.stopping(h->ctx);
}

void mhttp_hooks_turn(struct mummy_http_loop *l, uint64_t now)
{
	struct mhttp_hook *h = atomic_load_explicit(&l->hooks, memory_order_acquire);

	l->hooks_due_ms = UINT64_MAX;
	for (; h; h = h->next) {
		int due;

		if (l->draining)
			hook_tell(h);
		due = h->hook.turn ? h->hook.turn(h->ctx, now) : -1;
		if (due >= 0 && now + (unsigned)due < l->hooks_due_ms)
			l->hooks_due_ms = now + (unsigned)due;
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
