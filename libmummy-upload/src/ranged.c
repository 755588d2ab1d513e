/* Uploads without TUS: whole contents, and ranges of them one after another. */
#include <config.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "content_range.h"
#include "engine.h"

/* What a PUT or PATCH of an upload says. */
struct ranged {
	struct mup_content_range range;
	int whole;                       /* no Content-Range: all of it */
};

static int read_ranged(struct mup_request *r, struct ranged *p)
{
	const uint64_t body = r->req->body_length;
	const char *text;
	size_t n;
	int given = mup_header(r, "Content-Range", &text, &n);

	p->whole = given == 0;
	if (p->whole) {
		p->range = (struct mup_content_range){ 0, 0, body, body };
		return r->method_len == 3 ? 1 : mup_refuse(r, 400, "Content-Range is needed\n");
	}
	if (given < 0 || mup_content_range(text, n, &p->range) < 0)
		return mup_refuse(r, 400, "Content-Range is not a range of bytes\n");
	if (p->range.asks && body != 0)
		return mup_refuse(r, 400, "a question for the offset has no body\n");
	if (!p->range.asks && body != MUMMY_UPLOAD_UNKNOWN && body != p->range.len)
		return mup_refuse(r, 400, "the body is not as long as its range\n");
	return 1;
}

struct verdict {
	int status;
	const char *text;
};

static struct verdict check_total(const struct mup_session *s, uint64_t total)
{
	const uint64_t max = s->priv.max_bytes;

	if (total == MUMMY_UPLOAD_UNKNOWN || total == s->info.length)
		return (struct verdict){ 0, NULL };
	if (s->info.length != MUMMY_UPLOAD_UNKNOWN)
		return (struct verdict){ 400, "the length of the upload is another one\n" };
	if (total < s->info.offset)
		return (struct verdict){ 400, "the upload is longer than that already\n" };
	if (total >= MUP_MOST || (max && total > max))
		return (struct verdict){ 413, "the upload is longer than what is allowed\n" };
	return (struct verdict){ 0, NULL };
}

static struct verdict check(const struct mup_session *s, const struct ranged *p)
{
	const struct mup_content_range *c = &p->range;
	struct verdict v;
	uint64_t room;

	if (s->concat == MUP_FINAL)
		return (struct verdict){ 403, "the upload is made of others and cannot be written\n" };
	if (!c->asks && c->from != s->info.offset)
		return (struct verdict){ 409, "the range does not begin at Upload-Offset\n" };
	v = check_total(s, c->total);
	if (v.status || c->asks)
		return v;
	room = c->total != MUMMY_UPLOAD_UNKNOWN ? c->total - s->info.offset : mup_room(s);
	if (c->len != MUMMY_UPLOAD_UNKNOWN && c->len > room)
		return (struct verdict){ 413, "the range is longer than what is left of the upload\n" };
	return v;
}

/* Inside the gate: an answer without a body to read. */
static int answer(struct mup_request *r, struct mup_session *s)
{
	struct mummy_upload_info *done = NULL;
	int rc = mup_verify_empty(r);

	if (rc == 0)
		rc = mup_session_sync(r->u, s);
	if (rc == 0 && !s->writer)
		rc = mup_finish(r->u, s, &done);
	if (rc == 0) {
		mup_reply_state(r->u, s, r->reply);
		mup_reply_status(r->reply, 204);
	}
	mup_exit(r->u, s, done);
	return rc ? mup_refuse_code(r, rc) : 0;
}

static int write_known(struct mup_request *r, mummy_upload_transfer **out)
{
	struct ranged p;
	struct mup_session *s;
	struct verdict v;
	int rc;

	if (read_ranged(r, &p) == 0 || mup_visit(r, MUMMY_UPLOAD_WRITE, &s) < 0)
		return 0;
	v = check(s, &p);
	rc = v.status ? 0 : mup_session_set_length(r->u, s, p.range.total);
	if (v.status || rc < 0) {
		if (v.status == 409)
			mup_reply_state(r->u, s, r->reply);
		mup_exit(r->u, s, NULL);
		return v.status ? mup_refuse(r, v.status, v.text) : mup_refuse_code(r, rc);
	}
	if (p.range.asks || r->req->body_length == 0 || s->info.state == MUMMY_UPLOAD_FINISHED)
		return answer(r, s);
	r->limit = p.range.len;
	r->whole = p.whole;
	return mup_transfer_new(r, s, 0, out);
}

static int hex(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10
		: c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Percent-decodes a path's last segment. Its length, or -EINVAL. */
static int decode_name(const char *p, char *out, size_t size)
{
	const char *slash = strrchr(p, '/');
	size_t n = 0;

	for (p = slash ? slash + 1 : p; *p; p++) {
		if (n == size)
			return -EINVAL;
		if (*p == '%' && (hex(p[1]) < 0 || hex(p[2]) < 0))
			return -EINVAL;
		out[n++] = *p == '%' ? (char)(hex(p[1]) * 16 + hex(p[2])) : *p;
		p += *p == '%' ? 2 : 0;
	}
	return (int)n;
}

/* Upload-Metadata for a name out of the path; NULL in *out when there is none. */
int mup_name_metadata(const char *name, char **out)
{
	char raw[512];
	int n = decode_name(name, raw, sizeof raw);
	char *text, *b64;

	*out = NULL;
	if (n <= 0)
		return n;
	b64 = mup_base64_encode(raw, (size_t)n);
	text = b64 ? malloc(strlen(b64) + 16) : NULL;
	if (text)
		sprintf(text, "filename %s", b64);
	free(b64);
	*out = text;
	return text ? 0 : -ENOMEM;
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
