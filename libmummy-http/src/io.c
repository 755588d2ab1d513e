/* io.c - what a connection keeps while it is not idle. The owner of the input. */
#include <config.h>
#include <stdlib.h>
#include "internal.h"

/* What is kept is small for nearly all who keep something, and they are many: blocks are hardly larger than
 * that, and much larger only until the next time. */
enum { STEP = 16, LOOSE = 1024, LARGE = 8 * 1024 };

struct mhttp_io *mhttp_io(struct mhttp_conn *c)
{
	if (!c->io)
		c->io = calloc(1, sizeof *c->io);
	return c->io;
}

void mhttp_io_trim(struct mhttp_conn *c)
{
	struct mhttp_io *io = c->io;

	if (!io || mhttp_io_kept(io))
		return;
	mhttp_kept_free(io->in);
	io->in = NULL;
	if (!mhttp_body_over(io))
		return;
	free(io->body);
	io->body = NULL;
	if (mhttp_conn_output(c) || io->stream || io->up)
		return;
	free(io->out);
	io->out = NULL;
	if (c->secured)
		return;
	free(io);
	c->io = NULL;
}

/* What lies between many that stay is not given back by malloc for long. */
void mhttp_kept_free(struct mhttp_kept *in)
{
	if (in && in->cap >= LARGE)
		mummy_memory_forget(in->p, in->cap);
	free(in);
}

static int is_loose(const struct mhttp_kept *in, size_t n)
{
	return in->cap > 2 * n + LOOSE;
}

/* A block with room for cap octets, or a few more, takes over what is kept. */
static int kept_move(struct mhttp_io *io, size_t cap)
{
	size_t size = (offsetof(struct mhttp_kept, p) + cap + sizeof(size_t) + STEP - 1) / STEP * STEP
		      - sizeof(size_t);
	struct mhttp_kept *old = io->in, *in;

	if (old && old->n == 0) {
		mhttp_kept_free(old);
		io->in = old = NULL;
	}
	in = cap <= UINT32_MAX / 2 ? malloc(size) : NULL;
	if (!in)
		return -ENOMEM;
	*in = (struct mhttp_kept){ .cap = (uint32_t)(size - offsetof(struct mhttp_kept, p)) };
	if (old) {
		memcpy(in->p, old->p + old->at, old->n);
		in->n = old->n;
	}
	mhttp_kept_free(old);
	io->in = in;
	return 0;
}

void mhttp_io_fit(struct mhttp_io *io)
{
	if (!io || !io->in)
		return;
	if (io->in->n == 0) {
		mhttp_kept_free(io->in);
		io->in = NULL;
	} else if (is_loose(io->in, io->in->n)) {
		kept_move(io, io->in->n);    /* else it stays where it is */
	}
}

/* Appends; what was kept and used makes room. */
int mhttp_io_keep(struct mhttp_conn *c, const char *p, size_t n)
{
	struct mhttp_io *io;
	struct mhttp_kept *in;

	if (n == 0)
		return 0;
	io = mhttp_io(c);
	if (!io)
		return -ENOMEM;
	in = io->in;
	if (in && in->n == 0)
		in->at = 0;
	if (!in || n > in->cap - in->at - in->n || is_loose(in, in->n + n)) {
		if (kept_move(io, mhttp_io_kept(io) + n) < 0)
			return -ENOMEM;
		in = io->in;
	}
	memcpy(in->p + in->at + in->n, p, n);
	in->n += (uint32_t)n;
	return 0;
}

int mhttp_io_unread(struct mhttp_conn *c, const char *p, size_t n)
{
	struct mhttp_kept *in = c->io->in;

	if (mhttp_io_kept(c->io) == 0)
		return mhttp_io_keep(c, p, n);
	if (in->at < n)
		return -ENOMEM;              /* never: it was taken from there */
	in->at -= (uint32_t)n;
	in->n += (uint32_t)n;
	memcpy(in->p + in->at, p, n);
	return 0;
}
