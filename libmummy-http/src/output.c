/* output.c - what could not be sent at once: copied octets, taken buffers, ranges of files. */
#include <config.h>
#include <stdlib.h>
#include <unistd.h>
#include "internal.h"

enum { MHTTP_OUT_IOV = 16 };

void mhttp_seg_done(struct mhttp_seg *seg)
{
	if (seg->kind == MHTTP_SEG_FILE)
		close(seg->fd);
	else if (seg->kind == MHTTP_SEG_TAKEN && seg->done)
		seg->done(seg->arg);
}

void mhttp_segs_finish(struct mhttp_seg *list)
{
	while (list) {
		struct mhttp_seg *next = list->next;

		mhttp_seg_done(list);
		free(list);
		list = next;
	}
}

struct mhttp_seg *mhttp_out_finished(struct mhttp_out *o)
{
	struct mhttp_seg *list = o->finished;

	o->finished = NULL;
	return list;
}

static void out_append(struct mhttp_out *o, struct mhttp_seg *s)
{
	s->next = NULL;
	if (!o->first)
		mhttp_pace_reset(&o->pace);
	if (o->last)
		o->last->next = s;
	else
		o->first = s;
	o->last = s;
	if (s->kind != MHTTP_SEG_FILE)
		o->bytes += s->n;
}

static void out_uncount(struct mhttp_conn *c, struct mhttp_out *o, uint64_t n)
{
	o->bytes -= n;
	mhttp_uncount(&c->loop->server->buffered, n);
}

static void out_pop(struct mhttp_out *o)
{
	struct mhttp_seg *s = o->first;

	o->first = s->next;
	if (!o->first)
		o->last = NULL;
	if (s->kind == MHTTP_SEG_COPY) {
		free(s);
		return;
	}
	s->next = o->finished;
	o->finished = s;
}

/* n octets were sent from the front. */
static void out_sent(struct mhttp_conn *c, struct mhttp_out *o, uint64_t n)
{
	out_uncount(c, o, n);
	mhttp_pace_pushed(&o->pace, n);
	while (o->first && o->first->kind != MHTTP_SEG_FILE && n >= o->first->n) {
		n -= o->first->n;
		out_pop(o);
	}
	if (n) {
		o->first->p += n;
		o->first->n -= n;
	}
}

void mhttp_out_clear(struct mhttp_conn *c, struct mhttp_out *o)
{
	out_uncount(c, o, o->bytes);
	while (o->first)
		out_pop(o);
}

void mhttp_conn_unqueue(struct mhttp_conn *c)
{
	if (!c->io || !c->io->out)
		return;
	mhttp_out_clear(c, c->io->out);
	mhttp_segs_finish(mhttp_out_finished(c->io->out));
}

int mhttp_out_fits(const struct mummy_http_server *s, uint64_t n)
{
	uint64_t buffered = atomic_load_explicit(&s->buffered, memory_order_relaxed);

	return buffered <= s->opt.max_buffered_bytes && n <= s->opt.max_buffered_bytes - buffered;
}

struct mhttp_seg *mhttp_seg_new(struct mummy_http_server *s, size_t n, uint64_t count)
{
	struct mhttp_seg *seg = NULL;

	if (atomic_fetch_add_explicit(&s->buffered, count, memory_order_relaxed) + count
	    <= s->opt.max_buffered_bytes || count == 0)
		seg = malloc(sizeof *seg + n);
	if (!seg)
		mhttp_uncount(&s->buffered, count);
	return seg;
}

int mhttp_out_copy(struct mhttp_conn *c, struct mhttp_out *o, const struct iovec *iov, int n, size_t skip)
{
	struct mhttp_seg *s;
	size_t total = 0;
	char *p;

	for (int i = 0; i < n; i++)
		total += iov[i].iov_len;
	total -= skip;
	if (total == 0)
		return 0;
	s = mhttp_seg_new(c->loop->server, total, total);
	if (!s)
		return -ENOMEM;
	p = (char *)(s + 1);
	*s = (struct mhttp_seg){ .kind = MHTTP_SEG_COPY, .p = p, .n = total };
	for (int i = 0; i < n; i++) {
		size_t len = iov[i].iov_len;

		if (skip >= len) {
			skip -= len;
			continue;
		}
		memcpy(p, (const char *)iov[i].iov_base + skip, len - skip);
		p += len - skip;
		skip = 0;
	}
	out_append(o, s);
	return 0;
}

/* The tail is taken, or still the caller's on failure. */
int mhttp_out_tail(struct mhttp_conn *c, struct mhttp_out *o, struct mhttp_seg *tail)
{
	struct mhttp_seg *s = mhttp_seg_new(c->loop->server, 0, tail->kind == MHTTP_SEG_FILE ? 0 : tail->n);

	if (!s)
		return -ENOMEM;
	*s = *tail;
	tail->kind = MHTTP_SEG_QUEUED;
	out_append(o, s);
	return 0;
}

static ssize_t out_first_send(struct mhttp_conn *c, const struct iovec *iov, int n,
			      const struct mhttp_seg *tail)
{
	struct iovec all[MHTTP_OUT_IOV];
	ssize_t sent;

	memcpy(all, iov, (size_t)n * sizeof *iov);
	if (tail && tail->kind == MHTTP_SEG_TAKEN) {
		all[n].iov_base = (void *)(uintptr_t)tail->p;
		all[n++].iov_len = tail->n;
	}
	sent = mhttp_sendv(c, all, n, tail && tail->kind == MHTTP_SEG_FILE);
	return sent == -EAGAIN ? 0 : sent;
}

int mhttp_out_write(struct mhttp_conn *c, struct mhttp_out *o, const struct iovec *iov, int n,
		    struct mhttp_seg *tail)
{
	size_t head = 0, sent = 0;
	int rc = 0;

	for (int i = 0; i < n; i++)
		head += iov[i].iov_len;
	if (!o->first && n + 1 < MHTTP_OUT_IOV && (head || (tail && tail->kind == MHTTP_SEG_TAKEN))) {
		ssize_t done = out_first_send(c, iov, n, tail);

		if (done < 0)
			return (int)done;
		sent = (size_t)done;
	}
	if (sent < head) {
		rc = mhttp_out_copy(c, o, iov, n, sent);
		sent = head;
	}
	if (rc == 0 && tail && tail->kind == MHTTP_SEG_TAKEN) {
		tail->p += sent - head;
		tail->n -= sent - head;
	}
	if (rc == 0 && tail && tail->n)
		rc = mhttp_out_tail(c, o, tail);
	if (rc < 0)
		return rc;
	if (o->first && o->first->kind == MHTTP_SEG_FILE)
		rc = mhttp_out_flush(c, o);
	return o->first ? (rc == -EAGAIN ? 1 : rc < 0 ? rc : 1) : 0;
}

static int out_flush_file(struct mhttp_conn *c, struct mhttp_out *o)
{
	struct mhttp_seg *s = o->first;

	while (s->n) {
		size_t n = s->n > (1u << 30) ? (1u << 30) : (size_t)s->n;
		ssize_t sent = mhttp_sendfile(c, s->fd, s->off, n);

		if (sent < 0)
			return (int)sent;
		if (sent == 0)
			return -EIO;  /* the file became shorter than what was announced */
		s->off += (uint64_t)sent;
		s->n -= (uint64_t)sent;
		mhttp_pace_pushed(&o->pace, (uint64_t)sent);
	}
	out_pop(o);
	return 0;
}

int mhttp_out_flush(struct mhttp_conn *c, struct mhttp_out *o)
{
	while (o->first) {
		struct iovec iov[MHTTP_OUT_IOV];
		struct mhttp_seg *s = o->first;
		size_t want = 0;
		ssize_t sent;
		int n = 0, rc;

		if (s->kind == MHTTP_SEG_FILE) {
			rc = out_flush_file(c, o);
			if (rc < 0)
				return rc;
			continue;
		}
		for (; s && n < MHTTP_OUT_IOV && s->kind != MHTTP_SEG_FILE; s = s->next) {
			iov[n].iov_base = (void *)(uintptr_t)s->p;
			iov[n++].iov_len = (size_t)s->n;
			want += (size_t)s->n;
		}
		sent = mhttp_sendv(c, iov, n, s != NULL);
		if (sent < 0)
			return (int)sent;
		out_sent(c, o, (uint64_t)sent);
		if ((size_t)sent < want && mhttp_is_plain(c))
			return -EAGAIN;
	}
	return 0;
}
