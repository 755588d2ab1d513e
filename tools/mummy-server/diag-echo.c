/*
 * diag-echo.c - /diag/echo: the request's body comes back, as fast as the client takes it. While too
 * much of it is queued the body is not read, so the client's own sending stalls and memory stays bounded.
 * A short one is answered when all of it is there: until then an error can still have its own status.
 */
#include <config.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "diag-echo.h"
#include "say.h"

enum { SHORT_BYTES = 16 * 1024, HELD_FIRST = 56 };

struct echo {
	mummy_http_exchange *x;
	mummy_http_stream *st;     /* NULL: not answered yet */
	atomic_int users;          /* the body that is read, the answer that is sent */
	char *held;                /* what came before it was answered */
	uint32_t held_n, held_cap;
};

static void unuse(struct echo *e)
{
	if (atomic_fetch_sub(&e->users, 1) != 1)
		return;
	mummy_http_stream_unref(e->st);
	mummy_http_release(e->x);
	free(e->held);
	free(e);
}

static void drained(void *ctx)
{
	struct echo *e = ctx;

	mummy_http_body_next(e->x, 0);
}

static void closed(void *ctx, int status)
{
	(void)status;
	unuse(ctx);
}

static struct mummy_http_header type_of(const struct echo *e)
{
	const char *type = mummy_http_header_get(e->x, "Content-Type", NULL);
	const char *name = type ? type : "application/octet-stream";
	const struct mummy_http_header h = MUMMY_HTTP_HEADER("Content-Type", name);

	return h;
}

static int answer(struct echo *e)
{
	static const struct mummy_http_stream_events events = { .drain = drained, .closed = closed };
	const struct mummy_http_header h = type_of(e);
	int rc = mummy_http_respond_stream(e->x, 200, &h, 1, mummy_http_body_length(e->x), &e->st);

	if (rc < 0)
		return rc;
	atomic_fetch_add(&e->users, 1);
	mummy_http_stream_start(e->st, &events, e);
	return 0;
}

static int hold(struct echo *e, const void *p, size_t n)
{
	size_t cap = e->held_cap ? e->held_cap : HELD_FIRST;
	char *more = e->held;

	/* it may come octet by octet */
	while (cap < e->held_n + n)
		cap *= 2;
	if (cap > e->held_cap)
		more = realloc(e->held, cap);
	if (!more)
		return -ENOMEM;
	memcpy(more + e->held_n, p, n);
	e->held = more;
	e->held_cap = (uint32_t)cap;
	e->held_n += (uint32_t)n;
	return 0;
}

static int data(void *ctx, const void *p, size_t n)
{
	struct echo *e = ctx;
	struct iovec iov[2] = { { e->held, e->held_n }, { (void *)(uintptr_t)p, n } };
	int rc;

	if (!e->st && n <= SHORT_BYTES - e->held_n)
		return n ? hold(e, p, n) : 0;
	rc = e->st ? 0 : answer(e);
	if (rc == 0)
		rc = mummy_http_stream_writev(e->st, iov, 2, NULL, NULL);
	free(e->held);
	e->held = NULL;
	e->held_n = e->held_cap = 0;
	return rc;
}

static void refuse(mummy_http_exchange *x, int why)
{
	if (why == -EMSGSIZE)
		say_text(x, 413, "The body is too large.\n");
	else if (why == -ETIMEDOUT)
		say_text(x, 408, "The body came too slowly.\n");
	else
		say_text(x, 400, "The body was cut off.\n");
}

static void end(void *ctx, int status)
{
	struct echo *e = ctx;
	const struct mummy_http_header h = type_of(e);

	if (e->st && status == 0)
		mummy_http_stream_close(e->st);
	else if (e->st)
		mummy_http_stream_abort(e->st);
	else if (status == 0)
		mummy_http_respond(e->x, 200, &h, 1, e->held, e->held_n);
	else
		refuse(e->x, status);
	unuse(e);
}

void diag_echo(mummy_http_exchange *x, void *ctx)
{
	struct echo *e = calloc(1, sizeof *e);
	const struct mummy_http_sink sink = { .data = data, .end = end, .ctx = e };

	(void)ctx;
	if (!e) {
		say_text(x, 503, "out of memory\n");
		return;
	}
	e->x = mummy_http_hold(x);
	atomic_init(&e->users, 1);
	if (mummy_http_stream_body(x, &sink) < 0)
		unuse(e);
}
