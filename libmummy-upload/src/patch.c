#include <config.h>
#include <errno.h>
#include "engine.h"

/* What a PATCH says. */
struct patch {
	uint64_t offset, length;
	int has_length;
};

static int read_patch(struct mup_request *r, struct patch *p)
{
	if (!mup_header_is_tus(r))
		return mup_refuse(r, 415, "Content-Type has to be application/offset+octet-stream\n");
	if (mup_header_number(r, "Upload-Offset", &p->offset) != 1)
		return mup_refuse(r, 400, "Upload-Offset has to be a number\n");
	p->has_length = mup_header_number(r, "Upload-Length", &p->length);
	if (p->has_length < 0)
		return mup_refuse(r, 400, "Upload-Length is not a length\n");
	return 1;
}

/* Inside the gate: what is wrong, if anything; it decides the status alone. */
struct verdict {
	int status;
	const char *text;
};

static struct verdict check_length(const struct mup_session *s, const struct patch *p)
{
	const uint64_t max = s->priv.max_bytes;

	if (!p->has_length || p->length == s->info.length)
		return (struct verdict){ 0, NULL };
	if (s->info.length != MUMMY_UPLOAD_UNKNOWN)
		return (struct verdict){ 400, "Upload-Length is known and cannot change\n" };
	if (p->length < s->info.offset)
		return (struct verdict){ 400, "Upload-Length is below the offset\n" };
	if (p->length == MUP_MOST || (max && p->length > max))
		return (struct verdict){ 413, "the upload is longer than what is allowed\n" };
	return (struct verdict){ 0, NULL };
}

static struct verdict check(const struct mup_request *r, const struct mup_session *s, const struct patch *p)
{
	const uint64_t body = r->req->body_length;
	uint64_t room = mup_room(s);
	struct verdict v;

	if (s->concat == MUP_FINAL)
		return (struct verdict){ 403, "the upload is made of others and cannot be written\n" };
	if (p->offset != s->info.offset)
		return (struct verdict){ 409, "Upload-Offset is not the offset of the upload\n" };
	v = check_length(s, p);
	if (v.status)
		return v;
	if (p->has_length)
		room = p->length - s->info.offset;
	if (body != MUMMY_UPLOAD_UNKNOWN && body > room)
		return (struct verdict){ 413, "the body is longer than what is left of the upload\n" };
	return v;
}

/* Inside the gate: an answer without a body to read. */
static int answer(struct mup_request *r, struct mup_session *s)
{
	struct mummy_upload_info *done = NULL;
	int rc = mup_verify_empty(r);

	if (rc == 0)
		rc = mup_session_sync(r->u, s);
	if (rc == 0)
		rc = mup_finish(r->u, s, &done);
	if (rc == 0) {
		mup_reply_progress(r->u, s, r->reply);
		mup_reply_status(r->reply, 204);
	}
	mup_exit(r->u, s, done);
	return rc ? mup_refuse_code(r, rc) : 0;
}

int mup_patch(struct mup_request *r, mummy_upload_transfer **out)
{
	struct mup_session *s;
	struct patch p = { .has_length = 0 };
	struct verdict v;
	int rc;

	if (read_patch(r, &p) == 0 || mup_visit(r, MUMMY_UPLOAD_WRITE, &s) < 0)
		return 0;
	v = check(r, s, &p);
	rc = v.status || !p.has_length ? 0 : mup_session_set_length(r->u, s, p.length);
	if (v.status || rc < 0) {
		if (v.status == 409)
			mup_reply_progress(r->u, s, r->reply);
		mup_exit(r->u, s, NULL);
		return v.status ? mup_refuse(r, v.status, v.text) : mup_refuse_code(r, rc);
	}
	if (r->req->body_length == 0 || mup_room(s) == 0)
		return answer(r, s);
	return mup_transfer_new(r, s, 0, out);
}
