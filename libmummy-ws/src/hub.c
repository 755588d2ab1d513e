/*
 * Topics. A hub maps names to topics; a topic has the subscribers of each io in an array. A publish is
 * framed once, numbered, and left for each io that has subscribers, under the hub's lock, so that every io
 * gets the messages in one order. The I/O thread sends them on (publish.c) to those who were subscribed
 * before: each subscription knows the last number that is not, or no longer, for it.
 */
#include <config.h>
#include <stdlib.h>
#include <string.h>
#include "hub.h"
#include "key.h"

#define MAX_PENDING ((size_t)64 << 20)

/* ---- Hubs ------------------------------------------------------------------------------------- */

int mummy_ws_hub_new(mummy_ws_hub **out, const struct mummy_ws_hub_options *opt)
{
	static const struct mummy_ws_hub_options none;
	mummy_ws_hub *h;
	int rc;

	if (!opt)
		opt = &none;
	if (!MUMMY_RESERVED_OK(opt))
		return -EINVAL;
	h = calloc(1, sizeof *h);
	if (!h)
		return -ENOMEM;
	rc = mws_random(&h->seed, sizeof h->seed);
	if (rc < 0) {
		free(h);
		return rc;
	}
	atomic_init(&h->refs, 1);
	pthread_mutex_init(&h->lock, NULL);
	h->opt = *opt;
	if (!h->opt.max_pending_bytes)
		h->opt.max_pending_bytes = MAX_PENDING;
	*out = h;
	return 0;
}

mummy_ws_hub *mummy_ws_hub_ref(mummy_ws_hub *h)
{
	if (h)
		atomic_fetch_add(&h->refs, 1);
	return h;
}

void mummy_ws_hub_unref(mummy_ws_hub *h)
{
	if (!h || atomic_fetch_sub(&h->refs, 1) != 1)
		return;
	/* Subscribers refer to the hub by their endpoints: there are none any more, and so no topics. */
	pthread_mutex_destroy(&h->lock);
	free(h->bucket);
	free(h);
}

/* ---- Topics ----------------------------------------------------------------------------------- */

/* FNV-1a; the seed keeps others from choosing names that fall into one bucket. */
static uint64_t hash_of(const mummy_ws_hub *h, const char *name, size_t n)
{
	uint64_t v = UINT64_C(0xcbf29ce484222325) ^ h->seed;

	for (size_t i = 0; i < n; i++)
		v = (v ^ (uint8_t)name[i]) * UINT64_C(0x100000001b3);
	return v ^ v >> 32;
}

struct mws_topic *mws_topic_find(mummy_ws_hub *h, const char *name, size_t n)
{
	uint64_t hash = hash_of(h, name, n);
	struct mws_topic *t = h->nbuckets ? h->bucket[hash & (h->nbuckets - 1)] : NULL;

	while (t && (t->hash != hash || t->n != n || memcmp(t->name, name, n) != 0))
		t = t->next;
	return t;
}

static int grow_buckets(mummy_ws_hub *h)
{
	size_t n = h->nbuckets ? h->nbuckets * 2 : 16;
	struct mws_topic **b, *t;

	if (h->ntopics < h->nbuckets)
		return 0;
	b = calloc(n, sizeof *b);
	if (!b)
		return -ENOMEM;
	for (size_t i = 0; i < h->nbuckets; i++)
		while ((t = h->bucket[i])) {
			h->bucket[i] = t->next;
			t->next = b[t->hash & (n - 1)];
			b[t->hash & (n - 1)] = t;
		}
	free(h->bucket);
	h->bucket = b;
	h->nbuckets = n;
	return 0;
}

static struct mws_topic *topic_make(mummy_ws_hub *h, const char *name, size_t n)
{
	struct mws_topic *t = mws_topic_find(h, name, n), **at;

	if (t || grow_buckets(h) < 0 || !(t = malloc(sizeof *t + n)))
		return t;
	t->groups = NULL;
	t->n = n;
	if (n)
		memcpy(t->name, name, n);
	t->hash = hash_of(h, name, n);
	at = &h->bucket[t->hash & (h->nbuckets - 1)];
	t->next = *at;
	*at = t;
	h->ntopics++;
	return t;
}

struct mws_group *mws_group_find(struct mws_topic *t, mummy_ws_io *io)
{
	struct mws_group *g = t->groups;

	while (g && g->io != io)
		g = g->next;
	return g;
}

static struct mws_group *group_make(struct mws_topic *t, mummy_ws_io *io)
{
	struct mws_group *g = mws_group_find(t, io);

	if (g || !(g = calloc(1, sizeof *g)))
		return g;
	g->topic = t;
	g->io = mws_io_ref(io);
	g->next = t->groups;
	t->groups = g;
	return g;
}

/* Without subscribers there is no group, without groups no topic. */
static void topic_tidy(mummy_ws_hub *h, struct mws_topic *t)
{
	struct mws_topic **at = &h->bucket[t->hash & (h->nbuckets - 1)];
	struct mws_group **g = &t->groups, *empty;

	while ((empty = *g)) {
		if (empty->n) {
			g = &empty->next;
			continue;
		}
		*g = empty->next;
		mws_io_unref(empty->io);
		free(empty->sub);
		free(empty);
	}
	if (t->groups)
		return;
	while (*at != t)
		at = &(*at)->next;
	*at = t->next;
	h->ntopics--;
	free(t);
}

/* ---- Subscriptions ---------------------------------------------------------------------------- */

static int group_add(struct mws_group *g, struct mws_sub *s)
{
	if (g->n == g->size) {
		size_t size = g->size ? g->size * 2 : 4;
		struct mws_sub **p = realloc(g->sub, size * sizeof *p);

		if (!p)
			return -ENOMEM;
		g->sub = p;
		g->size = size;
	}
	s->group = g;
	s->at = g->n;
	g->sub[g->n++] = s;
	return 0;
}

static void group_remove(struct mws_sub *s)
{
	struct mws_group *g = s->group;

	g->sub[s->at] = g->sub[--g->n];
	g->sub[s->at]->at = s->at;
	g->changes++;
}

/* Where c keeps its subscription to t; *it is NULL: it has none. */
static struct mws_sub **sub_find(mummy_ws_conn *c, const struct mws_topic *t)
{
	struct mws_sub **s = &c->subs;

	while (*s && (*s)->group->topic != t)
		s = &(*s)->next;
	return s;
}

static int subscribe(mummy_ws_hub *h, struct mws_sub *s, const char *name, size_t n)
{
	struct mws_topic *t = topic_make(h, name, n);
	struct mws_group *g;
	int rc = -ENOMEM;

	if (!t)
		return rc;
	if (*sub_find(s->c, t))
		return -EALREADY;
	g = group_make(t, s->c->io);
	if (g)
		rc = group_add(g, s);
	if (rc < 0) {
		topic_tidy(h, t);
		return rc;
	}
	s->since = h->published;
	s->next = s->c->subs;
	s->c->subs = s;
	return 0;
}

int mummy_ws_subscribe(mummy_ws_conn *c, const char *topic, size_t n)
{
	mummy_ws_hub *h = c->ep->opt.hub;
	struct mws_sub *s;
	unsigned flags;
	int rc = -EPIPE;

	if (!h)
		return -ENOTSUP;
	s = calloc(1, sizeof *s);
	if (!s)
		return -ENOMEM;
	s->c = c;
	pthread_mutex_lock(&h->lock);
	flags = mws_flags(c);
	if ((flags & MWS_STARTED) && !(flags & MWS_EOF))
		rc = subscribe(h, s, topic, n);
	pthread_mutex_unlock(&h->lock);
	if (rc < 0)
		free(s);
	return rc;
}

static void sub_end(mummy_ws_hub *h, struct mws_sub **at)
{
	struct mws_sub *s = *at;

	*at = s->next;
	group_remove(s);
	if (s->group->n == 0)
		topic_tidy(h, s->group->topic);
	free(s);
}

int mummy_ws_unsubscribe(mummy_ws_conn *c, const char *topic, size_t n)
{
	mummy_ws_hub *h = c->ep->opt.hub;
	struct mws_sub **s = NULL;
	struct mws_topic *t;

	if (!h)
		return -ENOTSUP;
	pthread_mutex_lock(&h->lock);
	t = mws_topic_find(h, topic, n);
	if (t && *(s = sub_find(c, t)))
		sub_end(h, s);
	else
		s = NULL;
	pthread_mutex_unlock(&h->lock);
	return s ? 0 : -ENOENT;
}

void mws_hub_leave(mummy_ws_conn *c)
{
	mummy_ws_hub *h = c->ep->opt.hub;

	if (!h)
		return;
	pthread_mutex_lock(&h->lock);
	while (c->subs)
		sub_end(h, &c->subs);
	pthread_mutex_unlock(&h->lock);
}
