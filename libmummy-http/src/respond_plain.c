/*
 * respond_plain.c - answers about which there is nothing to decide.
 *
 * 200 with a body that is copied, from an inline handler, on a connection that stays, to a client that may
 * have what every other gets: such an answer is written as it stands behind those that are gathered. All
 * others go the way of respond.c, which says the same.
 */
#include <config.h>
#include "head_lines.h"

enum { LENGTH_ROOM = 48, DATE = 4, CONNECTION = 10 };

static inline int is_plain(const mummy_http_exchange *x, size_t len)
{
	const struct mhttp_conn *c = x->conn;
	const struct mummy_http_server *s = x->loop->server;

	return x->keep_alive && !x->is_head && !x->malformed && x->head.minor_version && !x->extra.n
	       && !atomic_load_explicit(&x->state, memory_order_relaxed)
	       && !c->io && !(c->flags & MHTTP_CLOSE)
	       && !s->opt.answered && (!s->gzip || len < s->opt.gzip_min_bytes)
	       && !atomic_load_explicit(&s->stopping, memory_order_relaxed);
}

int mhttp_respond_plain(mummy_http_exchange *x, const struct mummy_http_header *h, size_t nh,
			const void *body, size_t len)
{
	const uint64_t decided = UINT64_C(1) << DATE | UINT64_C(1) << CONNECTION;
	struct mummy_http_loop *l = x->loop;
	struct mhttp_line_size sizes[MHTTP_SIZED_LINES];
	size_t free_n = l->gather_cap - l->gather_n, room;
	uint64_t lengths;
	char *p;

	if (nh > MHTTP_SIZED_LINES || len > free_n || !is_plain(x, len))
		return mhttp_respond_copy(x, 200, h, nh, body, len);
	room = measure_lines(h, nh, sizes, &lengths);
	if (!room || (lengths & decided) || room + MHTTP_BEGIN_BYTES + LENGTH_ROOM > free_n - len)
		return mhttp_respond_copy(x, 200, h, nh, body, len);
	p = l->gather + l->gather_n;
	p = (char *)memcpy(p, mhttp_loop_begin(l), MHTTP_BEGIN_BYTES) + MHTTP_BEGIN_BYTES;
	p = put_lines(p, h, nh, sizes);
	p = PUT(p, "Content-Length: ");
	p = mhttp_put_number(p, len);
	p = PUT(p, "\r\n\r\n");
	p = put(p, body, len);
	l->gather_n = (size_t)(p - l->gather);
	mhttp_count(&l->stats.answers[2], 1);
	atomic_store_explicit(&x->state, MHTTP_CLAIMED | MHTTP_SENT, memory_order_relaxed);
	x->status = 200;
	x->sent = len;
	return 0;
}
