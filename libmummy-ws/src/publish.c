/* A publish on its way from the thread that made it to the I/O threads (see hub.c). */
#include <config.h>
#include <stdlib.h>
#include <string.h>
#include "hub.h"

enum { SLICE = 64, TOGETHER = 32 };

/* The message compressed for all who share the window and the level. */
struct mws_variant {
	struct mws_variant *next;
	unsigned bits, level;
	struct mws_block *frame;        /* NULL: it would not be shorter */
};

/* What is published; counted. */
struct mws_published {
	_Atomic unsigned refs;
	struct mws_block *frame;
	enum mummy_ws_opcode op;
	pthread_mutex_t lock;           /* for variants, which are made when the first one needs them */
	struct mws_variant *variants;
};

/* A message of a topic, left for an io. */
struct mws_delivery {
	struct mws_delivery *next;
	mummy_ws_hub *hub;              /* referenced */
	mummy_ws_io *io;                /* until it is left there */
	struct mws_published *what;     /* referenced */
	uint64_t number;
	size_t n;
	char name[];
};

static size_t cost(const struct mws_delivery *d)
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

static void delivery_free(struct mws_delivery *d)
{
	published_unref(d->what);
	mummy_ws_hub_unref(d->hub);
	free(d);
}

/* ---- On the I/O thread ------------------------------------------------------------------------- */

/* NULL: no memory. */
static struct mws_variant *make_variant(mummy_ws_conn *c, struct mws_published *w)
{
	struct mws_out o = { .kind = MWS_DATA, .data = w->frame->data,
			     .f = { .opcode = w->op, .fin = 1, .length = w->frame->len } };
	struct mws_variant *v = calloc(1, sizeof *v);

	if (!v)
		return NULL;
	v->bits = c->tail->out_bits;
	v->level = c->ep->opt.deflate_level;
	if (mws_deflate_once(&c->ep->deflaters, v->bits, v->level, &o, &v->frame) < 0) {
		free(v);
		return NULL;
	}
	v->next = w->variants;
	w->variants = v;
	return v;
}

/* The frame for c: compressed where that is shared, else as it is. */
static struct mws_block *frame_for(mummy_ws_conn *c, struct mws_published *w)
{
	struct mws_variant *v;

	if (!mws_compress_shares(c, w->frame->len))
		return w->frame;
	pthread_mutex_lock(&w->lock);
	for (v = w->variants; v; v = v->next)
		if (v->bits == c->tail->out_bits && v->level == c->ep->opt.deflate_level)
			break;
	if (!v)
		v = make_variant(c, w);
	pthread_mutex_unlock(&w->lock);
	return v && v->frame ? v->frame : w->frame;
}

static void send_to(mummy_ws_conn *c, const struct mws_delivery *d)
{
	struct mws_block *frame = frame_for(c, d->what);
	struct mws_out o = { .kind = MWS_DATA, .data = frame->data, .frame = frame,
			     .f = { .opcode = d->what->op, .fin = 1, .length = frame->len,
				    .rsv1 = frame != d->what->frame },
			     .done = mws_block_unref, .arg = frame };

	/* Who has a compressor of its own uses it. */
	if (mws_compress_owns(c))
		o.frame = NULL;
	atomic_fetch_add(&frame->refs, 1);
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

	if (!mws_publish_waits(io))
		return NULL;
	pthread_mutex_lock(&io->left_lock);
	d = io->left;
	io->left = NULL;
	atomic_store(&io->left_posted, 0);
	pthread_mutex_unlock(&io->left_lock);
	return d;
}

void mws_publish_turn(mummy_ws_io *io, int discard)
{
	struct mws_delivery *d = take_all(io), *next;
	unsigned n = 0;

	for (; d; d = next) {
		next = d->next;
		/* One by itself is written at once; of more than one those to one subscriber together. */
		if (!discard && n == 0 && next)
			mws_out_turn_begin(io);
		if (!discard)
			deliver(io, d);
		if (++n == TOGETHER || !next) {
			mws_out_turn_end(io);
			n = 0;
		}
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
	/* From inside the library the I/O thread comes to its turn before it sleeps. Elsewhere, as between two
	 * turns in somebody else's loop, it may be about to sleep. */
	if (!(mws_io_is_own(io) && (io->turning || io->feeding)) && mws_io_post(io, posted, mws_io_ref(io)) < 0)
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
