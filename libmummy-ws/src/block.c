#include <config.h>
#include <stdlib.h>
#include <string.h>
#include "block.h"
#include "key.h"

struct mws_block *mws_block_room(size_t own)
{
	struct mws_block *b = malloc(sizeof *b + own);

	if (!b)
		return NULL;
	b->next = NULL;
	atomic_init(&b->refs, 1);
	b->nhead = 0;
	b->data = b->own;
	b->len = own;
	b->done = NULL;
	b->arg = NULL;
	return b;
}

struct mws_block *mws_block_new(const struct mws_out *o)
{
	size_t len = (size_t)o->f.length;
	struct mws_block *b = mws_block_room(o->done && !o->f.masked ? 0 : len);

	if (!b)
		return NULL;
	if (!o->messages)
		b->nhead = (unsigned)mummy_ws_frame_header(b->head, &o->f);
	b->len = len;
	if (o->done && !o->f.masked)
		b->data = o->data;
	else if (len)
		memcpy(b->own, o->data, len);
	if (o->f.masked)
		mummy_ws_mask(b->own, len, o->f.mask, 0);
	b->done = o->done;
	b->arg = o->arg;
	return b;
}

void mws_block_head(struct mws_block *b, const struct mummy_ws_frame *f)
{
	b->nhead = (unsigned)mummy_ws_frame_header(b->head, f);
	if (f->masked)
		mummy_ws_mask(b->own, b->len, f->mask, 0);
}

struct mws_block *mws_block_raw(const void *p, size_t n)
{
	struct mws_block *b = mws_block_room(n);

	if (b)
		memcpy(b->own, p, n);
	return b;
}

void mws_block_unref(void *block)
{
	struct mws_block *b = block;

	if (atomic_fetch_sub(&b->refs, 1) != 1)
		return;
	if (b->done)
		b->done(b->arg);
	free(b);
}

void mws_fifo_push(struct mws_fifo *f, struct mws_block *b)
{
	b->next = NULL;
	*(f->head ? f->tail : &f->head) = b;
	f->tail = &b->next;
}

void mws_fifo_push_front(struct mws_fifo *f, struct mws_block *b)
{
	if (!f->head)
		f->tail = &b->next;
	b->next = f->head;
	f->head = b;
}

struct mws_block *mws_fifo_pop(struct mws_fifo *f)
{
	struct mws_block *b = f->head;

	if (b)
		f->head = b->next;
	return b;
}

void mws_fifo_append(struct mws_fifo *to, struct mws_fifo *from)
{
	if (!from->head)
		return;
	*(to->head ? to->tail : &to->head) = from->head;
	to->tail = from->tail;
	from->head = NULL;
}

void mws_fifo_free(struct mws_fifo *f)
{
	struct mws_block *b;

	while ((b = mws_fifo_pop(f)))
		mws_block_unref(b);
}
