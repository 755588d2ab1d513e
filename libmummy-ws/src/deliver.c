/*
 * A publish on the I/O thread. Messages of one topic that were left together are put together once for all
 * who agreed to the same, so that a subscriber costs one write and no allocation. Who gets only some of them,
 * or has not room for all, gets them one by one.
 */
#include <config.h>
#include <stdlib.h>
#include <string.h>
#include "hub.h"

enum { SLICE = 64, TOGETHER = 32, KINDS = 4 };

/* Who can be sent the same octets. */
struct kind {
	int deflated;
	unsigned bits, level;           /* when deflated */
	size_t min_bytes;
	struct mws_block *all;          /* NULL: they are too many, or there is no memory */
};

/* Messages of one topic, in their order. */
struct run {
	struct mws_delivery *d[TOGETHER];
	unsigned n, nkinds;
	struct kind kind[KINDS];
};

/* A subscriber, referenced, and the last number that it had before. */
struct due {
	mummy_ws_conn *c;
	uint64_t since;
};

/* ---- Frames ----------------------------------------------------------------------------------- */

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

/* ---- Several at once -------------------------------------------------------------------------- */

static struct kind kind_of(const mummy_ws_conn *c)
{
	struct kind k = { .deflated = (mws_flags(c) & MWS_DEFLATE) != 0 };

	if (k.deflated) {
		k.bits = c->tail->out_bits;
		k.level = c->ep->opt.deflate_level;
		k.min_bytes = c->ep->opt.deflate_min_bytes;
	}
	return k;
}

static int is_same(const struct kind *a, const struct kind *b)
{
	return a->deflated == b->deflated && a->bits == b->bits && a->level == b->level
	       && a->min_bytes == b->min_bytes;
}

static unsigned char *append(unsigned char *to, const struct mws_block *b)
{
	memcpy(to, b->head, b->nhead);
	if (b->len)
		memcpy(to + b->nhead, b->data, b->len);
	return to + b->nhead + b->len;
}

static struct mws_block *put_together(mummy_ws_conn *c, const struct run *r)
{
	const struct mws_block *frame[TOGETHER];
	struct mws_block *all;
	unsigned char *to;
	size_t total = 0;

	for (unsigned i = 0; i < r->n; i++) {
		frame[i] = frame_for(c, r->d[i]->what);
		total += mws_block_size(frame[i]);
	}
	all = total <= MWS_GATHER ? mws_block_room(total) : NULL;
	to = all ? all->own : NULL;
	for (unsigned i = 0; all && i < r->n; i++)
		to = append(to, frame[i]);
	return all;
}

/* All messages of r for c; NULL: one by one. A client masks them for each, and who has a compressor uses
 * it. */
static struct mws_block *all_for(mummy_ws_conn *c, struct run *r)
{
	struct kind k = kind_of(c);
	unsigned i = 0;

	if (r->n < 2 || c->ep->opt.client || mws_compress_owns(c))
		return NULL;
	while (i < r->nkinds && !is_same(&k, &r->kind[i]))
		i++;
	if (i == KINDS)
		return NULL;
	if (i == r->nkinds) {
		k.all = put_together(c, r);
		r->kind[r->nkinds++] = k;
	}
	return r->kind[i].all;
}

/* ---- Sending ---------------------------------------------------------------------------------- */

static int send_frame(mummy_ws_conn *c, struct mws_block *frame, struct mws_out *o)
{
	o->kind = MWS_DATA;
	o->data = frame->data;
	o->f.fin = 1;
	o->f.length = frame->len;
	o->done = mws_block_unref;
	o->arg = frame;
	atomic_fetch_add(&frame->refs, 1);
	return mws_out_send(c, o);
}

static void send_one(mummy_ws_conn *c, const struct mws_delivery *d)
{
	struct mws_block *frame = frame_for(c, d->what);
	/* Who has a compressor of its own uses it. */
	struct mws_out o = { .frame = mws_compress_owns(c) ? NULL : frame,
			     .f = { .opcode = d->what->op, .rsv1 = frame != d->what->frame } };

	if (send_frame(c, frame, &o) == -EAGAIN)
		atomic_fetch_add(&c->ep->dropped, 1);
}

/* alone: no other run follows, so that what is put together may be written at once. */
static void send_run(mummy_ws_io *io, const struct due *to, struct run *r, int alone)
{
	struct mws_block *all = to->since < r->d[0]->number ? all_for(to->c, r) : NULL;
	struct mws_out o = { .frame = all, .messages = r->n, .f = { .opcode = r->d[0]->what->op } };
	int rc = -EAGAIN;

	if (all) {
		io->publishing = !alone;
		rc = send_frame(to->c, all, &o);
		io->publishing = 1;
	}
	/* The policy judges each by itself. */
	for (unsigned i = 0; rc == -EAGAIN && i < r->n; i++)
		if (to->since < r->d[i]->number)
			send_one(to->c, r->d[i]);
	mummy_ws_conn_unref(to->c);
}

/* The next subscribers in the order of the group, from *at. How many. */
static size_t next_slice(const struct run *r, mummy_ws_io *io, struct due *out, size_t *at, uint64_t *changes)
{
	const struct mws_delivery *d = r->d[0];
	uint64_t last = r->d[r->n - 1]->number;
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

		if (s->since >= last)
			continue;
		out[k++] = (struct due){ mummy_ws_conn_ref(s->c), s->since };
		s->since = last;
	}
	pthread_mutex_unlock(&d->hub->lock);
	return k;
}

static void deliver(mummy_ws_io *io, struct run *r, int alone)
{
	struct due slice[SLICE];
	size_t at = 0, k;
	uint64_t changes = 0;

	while ((k = next_slice(r, io, slice, &at, &changes)))
		for (size_t i = 0; i < k; i++)
			send_run(io, &slice[i], r, alone);
	for (unsigned i = 0; i < r->nkinds; i++)
		if (r->kind[i].all)
			mws_block_unref(r->kind[i].all);
}

/* ---- What was left ---------------------------------------------------------------------------- */

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

static int is_same_topic(const struct mws_delivery *a, const struct mws_delivery *b)
{
	return a->hub == b->hub && a->n == b->n && (a->n == 0 || memcmp(a->name, b->name, a->n) == 0);
}

/* What follows. */
static struct mws_delivery *take_run(struct run *r, struct mws_delivery *d)
{
	r->n = r->nkinds = 0;
	do {
		r->d[r->n++] = d;
		d = d->next;
	} while (d && r->n < TOGETHER && is_same_topic(r->d[0], d));
	return d;
}

static void run_free(const struct run *r)
{
	for (unsigned i = 0; i < r->n; i++) {
		mummy_ws_hub *h = r->d[i]->hub;

		pthread_mutex_lock(&h->lock);
		h->pending -= mws_delivery_cost(r->d[i]);
		pthread_mutex_unlock(&h->lock);
		mws_delivery_free(r->d[i]);
	}
}

void mws_publish_turn(mummy_ws_io *io, int discard)
{
	struct mws_delivery *next = take_all(io);
	unsigned together = 0;
	struct run r;

	while (next) {
		int alone;

		next = take_run(&r, next);
		alone = together == 0 && !next;
		/* One by itself is written at once; of more than one those to one subscriber together. */
		if (!discard && together == 0 && !(alone && r.n == 1))
			mws_out_turn_begin(io);
		if (!discard)
			deliver(io, &r, alone);
		together += r.n;
		if (together >= TOGETHER || !next) {
			mws_out_turn_end(io);
			together = 0;
		}
		run_free(&r);
	}
}
