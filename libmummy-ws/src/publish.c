/* A publish on the thread that makes it, which leaves it for the I/O threads (see hub.c and deliver.c). */
#include <config.h>
#include <stdlib.h>
#include <string.h>
#include "hub.h"

size_t mws_delivery_cost(const struct mws_delivery *d)
{
	return sizeof *d + d->n + mws_block_size(d->what->frame);
}

static struct mws_published *published_new(const struct mws_out *o)
{
	struct mws_published *w = calloc(1, sizeof *w);

	if (!w)
		return NULL;
	w->frame = mws_block_new(o);
	if (!w->frame) {
		free(w);
		return NULL;
	}
	atomic_init(&w->refs, 1);
	w->op = o->f.opcode;
	pthread_mutex_init(&w->lock, NULL);
	return w;
}

static void published_unref(struct mws_published *w)
{
	struct mws_variant *v;

	if (atomic_fetch_sub(&w->refs, 1) != 1)
		return;
	while ((v = w->variants)) {
		w->variants = v->next;
		if (v->frame)
			mws_block_unref(v->frame);
		free(v);
	}
	mws_block_unref(w->frame);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

void mws_delivery_free(struct mws_delivery *d)
{
	published_unref(d->what);
	mummy_ws_hub_unref(d->hub);
	free(d);
}

/* ---- On the publisher's thread ----------------------------------------------------------------- */

static void posted(void *arg)
{
	mummy_ws_io *io = arg;

	if (!atomic_load(&io->gone)) {
		mws_io_here(io);
		mws_publish_turn(io, 0);
	}
	mws_io_unref(io);
}

static void wake(mummy_ws_io *io)
{
	/* From inside the library the I/O thread comes to its turn before it sleeps. Elsewhere, as between
	 * two turns in somebody else's loop, it may be about to sleep. */
	if (mws_io_is_own(io) && (io->turning || io->feeding))
		mws_io_due(io);
	else if (mws_io_post(io, posted, mws_io_ref(io)) < 0)
		mws_io_unref(io);
}

static void unmake_all(struct mws_delivery *d)
{
	struct mws_delivery *next;

	for (; d; d = next) {
		next = d->next;
		mws_io_unref(d->io);
		mws_delivery_free(d);
	}
}

/* One for each group, or NULL: no memory. */
static struct mws_delivery *make_all(mummy_ws_hub *h, const struct mws_topic *t, struct mws_published *what)
{
	struct mws_delivery *all = NULL, *d;

	for (const struct mws_group *g = t->groups; g; g = g->next) {
		d = malloc(sizeof *d + t->n);
		if (!d) {
			unmake_all(all);
			return NULL;
		}
		atomic_fetch_add(&what->refs, 1);
		d->hub = mummy_ws_hub_ref(h);
		d->io = mws_io_ref(g->io);
		d->what = what;
		d->n = t->n;
		if (t->n)
			memcpy(d->name, t->name, t->n);
		d->next = all;
		all = d;
	}
	return all;
}

/* 1: the io has to be woken. */
static int leave(struct mws_delivery *d)
{
	mummy_ws_io *io = d->io;
	int first;

	d->next = NULL;
	pthread_mutex_lock(&io->left_lock);
	*(io->left ? io->left_tail : &io->left) = d;
	io->left_tail = &d->next;
	first = !atomic_exchange(&io->left_posted, 1);
	pthread_mutex_unlock(&io->left_lock);
	return first;
}

/* Leaves the message everywhere, under the hub's lock. *to_wake: the ios to wake, ended by NULL. */
static int leave_all(mummy_ws_hub *h, const struct mws_topic *t, struct mws_published *what,
		     mummy_ws_io ***to_wake)
{
	struct mws_delivery *all, *d;
	size_t ngroups = 1, total = 0, k = 0;
	mummy_ws_io **ios;

	for (const struct mws_group *g = t->groups; g; g = g->next)
		ngroups++;
	ios = calloc(ngroups, sizeof *ios);
	all = ios ? make_all(h, t, what) : NULL;
	for (d = all; d; d = d->next)
		total += mws_delivery_cost(d);
	if (!all || total > h->opt.max_pending_bytes - h->pending) {
		int rc = all ? -EAGAIN : -ENOMEM;

		unmake_all(all);
		free(ios);
		return rc;
	}
	h->pending += total;
	h->published++;
	while ((d = all)) {
		mummy_ws_io *io = d->io;

		all = d->next;
		d->number = h->published;
		if (leave(d))
			ios[k++] = io;
		else
			mws_io_unref(io);
	}
	*to_wake = ios;
	return 0;
}

int mummy_ws_hub_deliver(mummy_ws_hub *h, const char *topic, size_t n, enum mummy_ws_opcode op,
			 const void *data, size_t len)
{
	struct mws_out o = { .data = data, .f = { .opcode = op, .fin = 1, .length = len } };
	mummy_ws_io **ios = NULL;
	struct mws_published *what;
	struct mws_topic *t;
	uint32_t state = 0;
	int rc = 0;

	if (op != MUMMY_WS_TEXT && op != MUMMY_WS_BINARY)
		return -EINVAL;
	if (op == MUMMY_WS_TEXT && (mummy_ws_utf8(&state, data, len) < 0 || state))
		return -EILSEQ;
	what = published_new(&o);
	if (!what)
		return -ENOMEM;
	pthread_mutex_lock(&h->lock);
	t = mws_topic_find(h, topic, n);
	if (t)
		rc = leave_all(h, t, what, &ios);
	pthread_mutex_unlock(&h->lock);
	published_unref(what);
	for (size_t i = 0; ios && ios[i]; i++) {
		wake(ios[i]);
		mws_io_unref(ios[i]);
	}
	free(ios);
	return rc;
}

int mummy_ws_publish(mummy_ws_hub *h, const char *topic, size_t n, enum mummy_ws_opcode op, const void *data,
		     size_t len)
{
	int rc = mummy_ws_hub_deliver(h, topic, n, op, data, len);

	if (rc == 0 && h->opt.forward)
		h->opt.forward(h->opt.ctx, topic, n, op, data, len);
	return rc;
}
