/* upgrade.c - answers that become streams: their heads. */
#include <config.h>
#include "upgraded.h"

/* Claims x for an answer that is a stream. */
static int claim(mummy_http_exchange *x, const struct mummy_http_header *h, size_t nh)
{
	int rc;

	if (!mhttp_fields_ok(h, nh))
		return -EINVAL;
	mhttp_exchange_detach(x);
	rc = mhttp_claim(x);
	if (rc < 0)
		return rc;
	if (!(atomic_load(&x->state) & MHTTP_ABORTED) && !atomic_load(&x->loop->ended) && mhttp_io(x->conn))
		return 0;
	x->conn->flags |= MHTTP_CLOSE;
	mhttp_exchange_done(x, MHTTP_SENT);
	return -EPIPE;
}

static int fail(mummy_http_exchange *x, mummy_http_stream *st, int rc)
{
	if (st) {
		atomic_store(&st->refs, 1);
		mhttp_stream_drop(st);
	}
	x->conn->flags |= MHTTP_CLOSE;
	mhttp_exchange_done(x, MHTTP_SENT);
	return rc;
}

static enum mhttp_stream_mode mode_of(const struct mhttp_reply *r)
{
	if (r->bodyless)
		return MHTTP_STREAM_NO_BODY;
	return r->chunked ? MHTTP_STREAM_CHUNKED : r->len == MUMMY_HTTP_UNKNOWN ? MHTTP_STREAM_RAW
										: MHTTP_STREAM_LENGTH;
}

static int respond_stream(mummy_http_exchange *x, struct mhttp_reply *r, mummy_http_stream **out)
{
	mummy_http_stream *st;
	int rc = r->status < 200 || r->status > 599 ? -EINVAL : claim(x, r->h, r->nh);

	if (rc < 0)
		return rc;
	st = mhttp_stream_new(x, MHTTP_STREAM_RAW);
	if (!st)
		return fail(x, NULL, -ENOMEM);
	rc = mhttp_reply_head(x, r);
	st->mode = (uint8_t)mode_of(r);
	st->left = r->len;
	if (rc >= 0 && r->gzip && !r->bodyless && mhttp_gzip_begin(x->loop->server->gzip, &st->gzip) < 0)
		rc = -ENOMEM;
	if (rc < 0)
		return fail(x, st, rc == -ENOMEM ? rc : -EPIPE);
	st->x = mummy_http_hold(x);
	mhttp_stream_attach(st, x);
	if (rc > 0 || !x->loop->edge)
		mhttp_stream_post(st);
	*out = st;
	return 0;
}

int mummy_http_respond_stream(mummy_http_exchange *x, int status, const struct mummy_http_header *h,
			      size_t nh, uint64_t length, mummy_http_stream **out)
{
	struct mhttp_reply r = { .status = status, .h = h, .nh = nh, .kind = MHTTP_REPLY_STREAM,
				 .len = length };

	return respond_stream(x, &r, out);
}

int mummy_http_sse(mummy_http_exchange *x, mummy_http_stream **out)
{
	static const struct mummy_http_header h[] = {
		MUMMY_HTTP_HEADER("Content-Type", "text/event-stream"),
		MUMMY_HTTP_HEADER("Cache-Control", "no-store"),
	};
	/* a compressed event would be of no use before the compressor lets it go */
	struct mhttp_reply r = { .status = 200, .h = h, .nh = 2, .kind = MHTTP_REPLY_STREAM,
				 .len = MUMMY_HTTP_UNKNOWN, .identity = 1 };

	return respond_stream(x, &r, out);
}

int mummy_http_upgrade(mummy_http_exchange *x, const struct mummy_http_header *h, size_t nh,
		       mummy_http_stream **out)
{
	struct mhttp_reply r = { .status = 101, .h = h, .nh = nh, .kind = MHTTP_REPLY_STREAM };
	struct mhttp_up *u;
	int rc;

	if (x->head.minor_version == 0)
		return -ENOTSUP;
	if (x->conn->io && !x->is_inline && !mhttp_body_over(x->conn->io))
		return -EINVAL;
	rc = claim(x, h, nh);
	if (rc < 0)
		return rc;
	if (x->conn->flags & MHTTP_CLOSE)    /* what came behind the request is lost */
		return fail(x, NULL, -EPIPE);
	u = mhttp_up_new(x);
	if (!u)
		return fail(x, NULL, -ENOMEM);
	rc = mhttp_reply_head(x, &r);
	if (rc < 0) {
		mhttp_up_drop_ref(u);
		mhttp_up_drop_ref(u);
		return fail(x, NULL, -EPIPE);
	}
	mhttp_up_attach(u, x);
	*out = (mummy_http_stream *)u;
	mhttp_exchange_done(x, MHTTP_SENT);
	return 0;
}
