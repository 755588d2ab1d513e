/* A publish on its way from the thread that made it to the I/O threads (see hub.c). */
#include <config.h>
#include <stdlib.h>
#include <string.h>
#include "hub.h"

enum { SLICE = 64 };

/* A message of a topic, left for an io. */
struct mws_delivery {
	struct mws_delivery *next;
	mummy_ws_hub *hub;              /* referenced */
	mummy_ws_io *io;                /* until it is left there */
	struct mws_block *frame;        /* counted */
	enum mummy_ws_opcode op;
	uint64_t number;
	size_t n;
	char name[];
};

static size_t cost(const struct mws_delivery *d)
{
	return sizeof *d + d->n + mws_block_size(d->frame);
}

static void delivery_free(struct mws_delivery *d)
{
	mws_block_unref(d->frame);
	mummy_ws_hub_unref(d->hub);
	free(d);
}

/* ---- On the I/O thread ------------------------------------------------------------------------- */

static void send_to(mummy_ws_conn *c, const struct mws_delivery *d)
{
	struct mws_out o = { .kind = MWS_DATA, .data = d->frame->data, .frame = d->frame,
			     .f = { .opcode = d->op, .fin = 1, .length = d->frame->len },
			     .done = mws_block_unref, .arg = d->frame };

	atomic_fetch_add(&d->frame->refs, 1);
	if (mws_out_send(c, &o) == -EAGAIN)
		atomic_fetch_add(&c->ep->dropped, 1);
	mummy_ws_conn_unref(c);
}

/* The next subscribers in the order of the group, from *at; referenced. How many. */
static size_t next_slice(const struct mws_delivery *d, mummy_ws_io *io, mummy_ws_conn **out, size_t *at,
			 uint64_t *changes)
{
	struct mws_topic *t;
	struct mws_group *g;
	size_t k = 0;

	pthread_mutex_lock(&d->hub->lock);
	t = mws_topic_find(d->hub, d->name, d->n);
	g = t ? mws_group_find(t, io) : NULL;
	/* Who left moved another: look again, those who have it are known by since. */
	if (g && g->changes != *changes) {
		*changes = g->changes;
		*at = 0;
	}
	for (; g && *at < g->n && k < SLICE; ++*at) {
		struct mws_sub *s = g->sub[*at];

		if (s->since >= d->number)
			continue;
		s->since = d->number;
		out[k++] = mummy_ws_conn_ref(s->c);
	}
	pthread_mutex_unlock(&d->hub->lock);
	return k;
}

static void deliver(mummy_ws_io *io, struct mws_delivery *d)
{
	mummy_ws_conn *slice[SLICE];
	size_t at = 0, k;
	uint64_t changes = 0;

	while ((k = next_slice(d, io, slice, &at, &changes)))
		for (size_t i = 0; i < k; i++)
			send_to(slice[i], d);
}

static struct mws_delivery *take_all(mummy_ws_io *io)
{
	struct mws_delivery *d;

	pthread_mutex_lock(&io->left_lock);
	d = io->left;
	io->left = NULL;
	io->left_posted = 0;
	pthread_mutex_unlock(&io->left_lock);
	return d;
}

int mws_publish_waits(mummy_ws_io *io)
{
	int waits;

	pthread_mutex_lock(&io->left_lock);
	waits = io->left != NULL;
	pthread_mutex_unlock(&io->left_lock);
	return waits;
}

void mws_publish_turn(mummy_ws_io *io, int discard)
{
	struct mws_delivery *d = take_all(io), *next;

	for (; d; d = next) {
		next = d->next;
		if (!discard)
			deliver(io, d);
		pthread_mutex_lock(&d->hub->lock);
		d->hub->pending -= cost(d);
		pthread_mutex_unlock(&d->hub->lock);
		delivery_free(d);
	}
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
	/* The I/O thread itself comes to its turn before it sleeps. */
	if (!mws_io_is_own(io) && mws_io_post(io, posted, mws_io_ref(io)) < 0)
		mws_io_unref(io);
}

static void unmake_all(struct mws_delivery *d)
{
	struct mws_delivery *next;

	for (; d; d = next) {
		next = d->next;
		mws_io_unref(d->io);
		delivery_free(d);
	}
}

/* One for each group, or NULL: no memory. */
static struct mws_delivery *make_all(mummy_ws_hub *h, const struct mws_topic *t, struct mws_block *frame,
				     enum mummy_ws_opcode op)
{
	struct mws_delivery *all = NULL, *d;

	for (const struct mws_group *g = t->groups; g; g = g->next) {
		d = malloc(sizeof *d + t->n);
		if (!d) {
			unmake_all(all);
			return NULL;
		}
		atomic_fetch_add(&frame->refs, 1);
		d->hub = mummy_ws_hub_ref(h);
		d->io = mws_io_ref(g->io);
		d->frame = frame;
		d->op = op;
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
	first = !io->left_posted;
	io->left_posted = 1;
	pthread_mutex_unlock(&io->left_lock);
	return first;
}

/* Leaves the message everywhere, under the hub's lock. *to_wake: the ios to wake, ended by NULL. */
static int leave_all(mummy_ws_hub *h, const struct mws_topic *t, struct mws_block *frame,
		     enum mummy_ws_opcode op, mummy_ws_io ***to_wake)
{
	struct mws_delivery *all, *d;
	size_t ngroups = 1, total = 0, k = 0;
	mummy_ws_io **ios;

	for (const struct mws_group *g = t->groups; g; g = g->next)
		ngroups++;
	ios = calloc(ngroups, sizeof *ios);
	all = ios ? make_all(h, t, frame, op) : NULL;
	for (d = all; d; d = d->next)
		total += cost(d);
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
	struct mws_block *frame;
	struct mws_topic *t;
	uint32_t state = 0;
	int rc = 0;

	if (op != MUMMY_WS_TEXT && op != MUMMY_WS_BINARY)
		return -EINVAL;
	if (op == MUMMY_WS_TEXT && (mummy_ws_utf8(&state, data, len) < 0 || state))
		return -EILSEQ;
	frame = mws_block_new(&o);
	if (!frame)
		return -ENOMEM;
	pthread_mutex_lock(&h->lock);
	t = mws_topic_find(h, topic, n);
	if (t)
		rc = leave_all(h, t, frame, op, &ios);
	pthread_mutex_unlock(&h->lock);
	mws_block_unref(frame);
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
