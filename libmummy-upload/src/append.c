/* What continues an upload, in whatever protocol it was said: looked at, and its body made the writer. */
#include <config.h>
#include <errno.h>
#include "engine.h"

/* Inside the gate: what is wrong, if anything; it decides the status alone. */
struct verdict {
	int status;
	const char *text;
	enum mup_problem problem;        /* what the draft calls it */
};

static struct verdict check_total(const struct mup_session *s, uint64_t total)
{
	const uint64_t max = s->priv.max_bytes;

	if (total == MUMMY_UPLOAD_UNKNOWN || total == s->info.length)
		return (struct verdict){ 0, NULL, MUP_NO_PROBLEM };
	if (s->info.length != MUMMY_UPLOAD_UNKNOWN)
		return (struct verdict){ 400, "the length of the upload is another one\n", MUP_LENGTHS };
	if (total < s->info.offset)
		return (struct verdict){ 400, "the upload is longer than that already\n", MUP_LENGTHS };
	/* a number that was read stops at MUP_MOST, that of a body need not */
	if (total >= MUP_MOST || (max && total > max))
		return (struct verdict){ 413, "the upload is longer than what is allowed\n", MUP_NO_PROBLEM };
	return (struct verdict){ 0, NULL, MUP_NO_PROBLEM };
}

static struct verdict check(const struct mup_request *r, const struct mup_session *s,
			    const struct mup_append *a)
{
	struct verdict v;
	uint64_t room;

	if (s->concat == MUP_FINAL)
		return (struct verdict){ 403, "the upload is made of others and cannot be written\n",
					 MUP_NO_PROBLEM };
	if (!a->asks && a->offset != s->info.offset)
		return (struct verdict){ 409, r->ranged ? "the range does not begin at Upload-Offset\n"
			: "Upload-Offset is not the offset of the upload\n", MUP_MISMATCH };
	/* the draft says what is whole; other clients may say it again */
	if (r->draft.on && s->info.state == MUMMY_UPLOAD_FINISHED)
		return (struct verdict){ 400, "", a->len == 0 ? MUP_COMPLETED : MUP_LENGTHS };
	if (a->clash)
		return (struct verdict){ 400, "", MUP_LENGTHS };
	v = check_total(s, a->total);
	if (v.status || a->asks)
		return v;
	room = a->total != MUMMY_UPLOAD_UNKNOWN ? a->total - s->info.offset : mup_room(s);
	if (a->len != MUMMY_UPLOAD_UNKNOWN && a->len > room)
		return (struct verdict){ 413, "the body is longer than what is left of the upload\n",
			s->info.length != MUMMY_UPLOAD_UNKNOWN || a->total != MUMMY_UPLOAD_UNKNOWN
			? MUP_LENGTHS : MUP_NO_PROBLEM };
	return v;
}

static void take_over(const struct mup_request *r, struct mup_session *s)
{
	if (!s->writer)
		return;
	r->u->stats.takeovers++;
	if (r->draft.on)
		mup_draft_cut(r->u, s);
	else
		mup_session_cut(r->u, s);
}

/* A checksum that does not fit leaves the upload as it was, so that what is said of it has to wait for the
 * check. The draft knows no such rule, and keeps what comes with a length. */
static int waits_for_check(const struct mup_request *r)
{
	return !r->draft.on && (r->sum.len || r->trailer);
}

/* Inside the gate: an answer without a body to read. */
static int answer(struct mup_request *r, struct mup_session *s, uint64_t total)
{
	struct mummy_upload_info *done = NULL;
	int rc = mup_verify_empty(r);

	if (rc == 0)
		rc = mup_session_set_length(r->u, s, total);
	if (rc == 0)
		rc = mup_session_sync(r->u, s);
	/* what a writer is about is its own to end */
	if (rc == 0 && (r->draft.on ? r->whole : mup_complete(s)))
		s->ended = 1;
	if (rc == 0 && !s->writer)
		rc = mup_finish(r->u, s, &done);
	if (rc == 0) {
		mup_reply_state(r, s);
		mup_reply_status(r->reply, r->draft.on ? mup_draft_status(&r->draft, s) : 204);
	}
	mup_exit(r->u, s, done);
	return rc ? mup_refuse_code(r, rc) : 0;
}

int mup_append(struct mup_request *r, const struct mup_append *a, mummy_upload_transfer **out)
{
	struct mup_session *s;
	struct verdict v;
	int rc;

	if (mup_visit(r, MUMMY_UPLOAD_WRITE, &s) < 0)
		return 0;
	/* its offset can then be relied upon, also by who has it from an interim answer */
	if (r->draft.on)
		take_over(r, s);
	v = check(r, s, a);
	/* what is told is acknowledged */
	rc = v.status == 409 ? mup_session_sync(r->u, s)
		: v.status || waits_for_check(r) ? 0 : mup_session_set_length(r->u, s, a->total);
	if (v.status || rc < 0) {
		const uint64_t offset = s->info.offset;

		if (rc == 0 && (v.status == 409 || r->draft.on))
			mup_reply_state(r, s);
		mup_exit(r->u, s, NULL);
		return rc < 0                     ? mup_refuse_code(r, rc)
		       : r->draft.on && v.problem ? mup_draft_problem(r, v.problem, offset, a->offset)
						  : mup_refuse(r, v.status, v.text);
	}
	/* a body of unknown length is read even where nothing is missing: it may be too long */
	if (!a->asks && r->req->body_length != 0 && s->info.state != MUMMY_UPLOAD_FINISHED) {
		r->total = a->total;
		return mup_transfer_new(r, s, 0, out);
	}
	if (!a->asks)
		take_over(r, s);
	return answer(r, s, a->total);
}
