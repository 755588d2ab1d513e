/* block.h - frames that wait for the output, or that it has taken. Internal. */
#ifndef MUMMY_WS_BLOCK_H
#define MUMMY_WS_BLOCK_H
#include <stdatomic.h>
#include <mummy/ws.h>

enum mws_kind { MWS_DATA, MWS_FRAGMENT, MWS_CONTROL, MWS_PONG, MWS_CLOSE };

/** A frame to be sent, its payload as the caller has it. */
struct mws_out {
	enum mws_kind kind;
	struct mummy_ws_frame f;
	const void *data;
	struct mws_block *frame;        /* the same, made for many; NULL: it is for this one */
	unsigned messages;              /* in frame, in one block; 0: it is one */
	struct mws_block *own;          /* the frame as it is sent, made for this one; NULL: not yet */
	void (*done)(void *arg);        /* not NULL: data is taken */
	void *arg;
	int compress;                   /* a fragment of a compressed message */
	int ordered;                    /* it waits with the others, in this order, until the output is taken up */
};

/** A frame, or octets of several; counted. */
struct mws_block {
	struct mws_block *next;
	_Atomic unsigned refs;
	unsigned nhead;
	uint8_t head[14];
	const void *data;
	size_t len;
	void (*done)(void *arg);        /* when the last reference goes */
	void *arg;
	unsigned char own[];
};

struct mws_fifo {
	struct mws_block *head, **tail; /* tail: when head is not NULL */
};

/** Its payload copied, masked if need be, or taken over with done. NULL: no memory, nothing taken. */
struct mws_block *mws_block_new(const struct mws_out *o);
/** n octets of whole frames, copied. */
struct mws_block *mws_block_raw(const void *p, size_t n);
/** With room for n octets in own, for the caller to fill. */
struct mws_block *mws_block_room(size_t n);
/** Puts f in front of the payload that is there, and masks it if need be. */
void mws_block_head(struct mws_block *b, const struct mummy_ws_frame *f);
/** A done function of the output as well, so its argument has no type. */
void mws_block_unref(void *block);
static inline size_t mws_block_size(const struct mws_block *b)
{
	return b->nhead + b->len;
}

void mws_fifo_push(struct mws_fifo *f, struct mws_block *b);
void mws_fifo_push_front(struct mws_fifo *f, struct mws_block *b);
struct mws_block *mws_fifo_pop(struct mws_fifo *f);
void mws_fifo_append(struct mws_fifo *to, struct mws_fifo *from);
void mws_fifo_free(struct mws_fifo *f);
#endif
