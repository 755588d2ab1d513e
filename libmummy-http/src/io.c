/* io.c - what a connection keeps while it is not idle. The owner of the input. */
#include <config.h>
#include <stdlib.h>
#include "internal.h"

struct mhttp_io *mhttp_io(struct mhttp_conn *c)
{
	if (!c->io) {
		c->io = calloc(1, sizeof *c->io);
		if (c->io)
			c->io->body.complete = 1;
	}
	return c->io;
}

void mhttp_io_trim(struct mhttp_conn *c)
{
	struct mhttp_io *io = c->io;

	if (!io || io->in_n)
		return;
	free(io->in);
	io->in = NULL;
	io->in_cap = 0;
	if (io->out.first || io->stream || io->up || io->transport || !io->body.complete)
		return;
	free(io);
	c->io = NULL;
}

/* Appends; what was kept and used makes room. */
int mhttp_io_keep(struct mhttp_conn *c, const char *p, size_t n)
{
	struct mhttp_io *io;

	if (n == 0)
		return 0;
	io = mhttp_io(c);
	if (!io)
		return -ENOMEM;
	if (io->in_n == 0)
		io->in_at = 0;
	if (io->in_at + io->in_n + n > io->in_cap) {
		size_t cap = io->in_n + n < 256 ? 256 : io->in_n + n;
		char *in = malloc(cap);

		if (!in)
			return -ENOMEM;
		if (io->in_n)
			memcpy(in, io->in + io->in_at, io->in_n);
		free(io->in);
		io->in = in;
		io->in_cap = cap;
		io->in_at = 0;
	}
	memcpy(io->in + io->in_at + io->in_n, p, n);
	io->in_n += n;
	return 0;
}

int mhttp_io_unread(struct mhttp_conn *c, const char *p, size_t n)
{
	struct mhttp_io *io = c->io;

	if (io->in_n == 0)
		return mhttp_io_keep(c, p, n);
	if (io->in_at < n)
		return -ENOMEM;              /* never: it was taken from there */
	io->in_at -= n;
	io->in_n += n;
	memcpy(io->in + io->in_at, p, n);
	return 0;
}
