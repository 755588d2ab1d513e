/* Uploads without TUS: whole contents, and ranges of them one after another. */
#include <config.h>
#include <errno.h>
#include "content_range.h"
#include "engine.h"

/* A body that is all of it, a range, or the question how far it is. */
static int read_ranged(struct mup_request *r, struct mup_append *a)
{
	const uint64_t body = r->req->body_length;
	struct mup_content_range range;
	const char *text;
	size_t n;
	int given = mup_header(r, "Content-Range", &text, &n);

	r->whole = given == 0;
	if (r->whole) {
		*a = (struct mup_append){ .total = body, .len = body };
		return r->method_len == 3 ? 1 : mup_refuse(r, 400, "Content-Range is needed\n");
	}
	if (given < 0 || mup_content_range(text, n, &range) < 0)
		return mup_refuse(r, 400, "Content-Range is not a range of bytes\n");
	if (range.asks && body != 0)
		return mup_refuse(r, 400, "a question for the offset has no body\n");
	if (!range.asks && body != MUMMY_UPLOAD_UNKNOWN && body != range.len)
		return mup_refuse(r, 400, "the body is not as long as its range\n");
	*a = (struct mup_append){ .offset = range.from, .total = range.total, .len = range.len,
				  .asks = range.asks };
	r->limit = range.len;
	return 1;
}

static int write_known(struct mup_request *r, mummy_upload_transfer **out)
{
	struct mup_append a;

	return read_ranged(r, &a) == 1 ? mup_append(r, &a, out) : 0;
}

int mup_put(struct mup_request *r, mummy_upload_transfer **out)
{
	const char *p;
	size_t n;

	if (r->id)
		return write_known(r, out);
	if (mup_header(r, "Content-Range", &p, &n) != 0)
		return mup_refuse(r, 400, "a range is for an upload that exists: POST creates one\n");
	r->whole = 1;
	return mup_post_whole(r, out);
}
