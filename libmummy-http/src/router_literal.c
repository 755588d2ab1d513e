/*
 * router_literal.c - paths without parameters, found whole.
 *
 * A path that is literal from end to end wins over all others, whatever hangs in the tree beside it: so a
 * table of these answers before the tree is searched. It holds no path with an escape; one that is asked for
 * with an escape, or is not in it, is left to the tree.
 */
#include <config.h>
#include "router_tree.h"
#include "scan.h"
#include "text.h"

struct slot {
	const struct mhttp_node *node;
	const char *path;
	size_t n;
	uint64_t hash;
};
struct mhttp_literals {
	size_t mask;
	char *text;                          /* all the paths */
	struct slot slots[];
};

/* ---- Octets by the word ----------------------------------------------------------------------- */

static inline uint64_t mix(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ hash >> 32;
}

static inline uint64_t hash_of(const char *p, size_t n)
{
	uint64_t hash = n;

	if (n >= 8) {
		for (size_t i = 0; i + 8 < n; i += 8)
			hash = mix(hash, mhttp_word8(p + i));
		return mix(hash, mhttp_word8(p + n - 8));
	}
	if (n >= 4)
		return mix(hash, mhttp_word4(p) | mhttp_word4(p + n - 4) << 32);
	for (size_t i = 0; i < n; i++)
		hash = hash << 8 | (unsigned char)p[i];
	return mix(hash, 0);
}

static inline int same(const char *a, const char *b, size_t n)
{
	if (n >= 8) {
		for (size_t i = 0; i + 8 < n; i += 8)
			if (mhttp_word8(a + i) != mhttp_word8(b + i))
				return 0;
		return mhttp_word8(a + n - 8) == mhttp_word8(b + n - 8);
	}
	if (n >= 4)
		return mhttp_word4(a) == mhttp_word4(b) && mhttp_word4(a + n - 4) == mhttp_word4(b + n - 4);
	while (n && a[n - 1] == b[n - 1])
		n--;
	return n == 0;
}

/* ---- The table -------------------------------------------------------------------------------- */

struct walk {
	struct mhttp_text path, all;         /* of the node in hand; of all, each with its end behind it */
	size_t count;
	struct mhttp_literals *table;        /* NULL: paths are only gathered */
	const char *at;                      /* of the path in hand within the table's text */
};

static void put(struct mhttp_literals *t, const struct mhttp_node *node, const char *path, size_t n)
{
	uint64_t hash = hash_of(path, n);
	size_t i = hash & t->mask;

	while (t->slots[i].node)
		i = (i + 1) & t->mask;
	t->slots[i] = (struct slot){ node, path, n, hash };
}

static int visit(struct walk *w, const struct mhttp_node *n)
{
	w->count++;
	if (!w->table)
		return mhttp_text_add(&w->all, w->path.p, w->path.n);
	put(w->table, n, w->at, w->path.n);
	w->at += w->path.n;
	return 0;
}

/* No deeper than MHTTP_MAX_SEGMENTS. */
static int walk_below(struct walk *w, const struct mhttp_node *parent)
{
	size_t n = w->path.n;
	int rc = 0;

	for (size_t i = 0; i < parent->nliterals && rc == 0; i++) {
		const struct mhttp_node *child = parent->literals[i];

		/* a slash that is none, and what must be written as an escape */
		if (memchr(child->text, '/', child->len) || memchr(child->text, '%', child->len))
			continue;
		rc = mhttp_text_add(&w->path, "/", 1);
		if (rc == 0)
			rc = mhttp_text_add(&w->path, child->text, child->len);
		if (rc == 0 && child->entries)
			rc = visit(w, child);
		if (rc == 0)
			rc = walk_below(w, child);
		w->path.n = n;
	}
	return rc;
}

static struct mhttp_literals *table_new(struct walk *w)
{
	struct mhttp_literals *t;
	size_t size = 2;

	while (size < 2 * w->count)
		size *= 2;
	t = calloc(1, sizeof *t + size * sizeof t->slots[0]);
	if (!t)
		return NULL;
	t->mask = size - 1;
	t->text = w->all.p;
	w->all.p = NULL;
	return t;
}

void mhttp_literals_free(struct mhttp_literals *t)
{
	if (t)
		free(t->text);
	free(t);
}

static int index_site(struct mhttp_site *site)
{
	struct mhttp_literals *none = NULL;
	struct walk w = { .count = 0 };
	int rc;

	if (atomic_load(&site->literals))
		return 0;
	rc = walk_below(&w, &site->root);
	w.table = rc == 0 && w.count ? table_new(&w) : NULL;
	if (rc == 0 && w.count && !w.table)
		rc = -ENOMEM;
	if (w.table) {
		w.at = w.table->text;
		rc = walk_below(&w, &site->root);  /* needs no more room than before */
	}
	/* another server of the same router may be as far */
	if (w.table && !atomic_compare_exchange_strong(&site->literals, &none, w.table))
		mhttp_literals_free(w.table);
	free(w.path.p);
	free(w.all.p);
	return rc;
}

int mhttp_router_index(mummy_http_router *r)
{
	int rc = 0;

	for (struct mhttp_site *s = &r->site; s && rc == 0; s = s->next)
		rc = index_site(s);
	return rc;
}

const struct mhttp_node *mhttp_literal_path(const struct mhttp_site *site, struct mummy_http_span path)
{
	const struct mhttp_literals *t = atomic_load_explicit(&site->literals, memory_order_acquire);
	uint64_t hash;

	if (!t)
		return NULL;
	hash = hash_of(path.p, path.n);
	for (size_t i = hash & t->mask; t->slots[i].node; i = (i + 1) & t->mask) {
		const struct slot *s = &t->slots[i];

		if (s->hash == hash && s->n == path.n && same(s->path, path.p, path.n))
			return s->node;
	}
	return NULL;
}
