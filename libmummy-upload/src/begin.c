#include <config.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "engine.h"
#include "mummy-common.h"

int mup_refuse(struct mup_request *r, int status, const char *text)
{
	mummy_upload *u = r->u;
	char line[160];

	mup_reply_text(r->reply, status, text);
	if (r->draft.on)
		mup_draft_refused(r, status);
	pthread_mutex_lock(&u->lock);
	u->stats.refused++;
	pthread_mutex_unlock(&u->lock);
	snprintf(line, sizeof line, "answered %d: %.*s", status, (int)strcspn(text, "\n"), text);
	mup_log(u, status >= 500 ? 0 : 2, line, r->id);
	return 0;
}

int mup_refuse_code(struct mup_request *r, int rc)
{
	switch (rc) {
	case -ENOENT:
		if (r->id)
			return mup_refuse(r, 404, "there is no such upload\n");
		break;             /* what a creation misses is the store's own */
	case -EBADMSG:
		return mup_refuse(r, 410, "the upload is damaged\n");
	case -EMSGSIZE:
		return r->draft.on ? mup_draft_problem(r, MUP_LENGTHS, 0, 0)
			: mup_refuse(r, 400, "the body is shorter than its range; what arrived is kept\n");
	case -EAGAIN:
		return mup_refuse(r, 409, "a part of the upload has changed meanwhile\n");
	case -EBUSY:
		return mup_refuse(r, 423, "the upload is in use elsewhere\n");
	case -ECANCELED:
		return mup_refuse(r, 423, "a newer request writes this upload\n");
	case -EFBIG:
		return mup_refuse(r, 413, "the body is longer than what is left of the upload\n");
	case -ENOSPC:
	case -EDQUOT:
		return mup_refuse(r, 507, "there is no space left for uploads\n");
	case -ENOMEM:
		return mup_refuse(r, 503, "the server is out of memory\n");
	case -EMFILE:
	case -ENFILE:
		return mup_refuse(r, 503, "the server is out of descriptors\n");
	case -EHOSTUNREACH:
		return mup_refuse(r, 503, "the content cannot be checked now; it is kept\n");
	case -EILSEQ:
		return mup_refuse(r, r->draft.on ? 400 : 460,
				  "the body is not what its checksum says; it was taken back\n");
	case -EPROTO:
		return mup_refuse(
			r, 400,
			"the checksum behind the body is missing or malformed; the body was taken back\n");
	}
	if (rc >= 400 && rc <= 599)
		return mup_refuse_content(r, rc, "the content was refused\n");
	return mup_refuse(r, 500, "the store failed\n");
}

int mup_visit(struct mup_request *r, unsigned flags, struct mup_session **out)
{
	int64_t expires;
	int rc = mup_enter(r->u, r->id, flags, out);

	if (rc < 0) {
		mup_refuse_code(r, rc);
		return rc;
	}
	(*out)->asker = (struct mup_asker){ r->reply, r->req->request_id };
	if ((*out)->info.state == MUMMY_UPLOAD_QUARANTINED) {
		mup_exit(r->u, *out, NULL);
		mup_refuse_code(r, -EBADMSG);
		return -EBADMSG;
	}
	expires = mup_expires(r->u, (*out)->id, &(*out)->info, &(*out)->priv);
	if (expires && !(*out)->writer && expires <= r->u->clock(NULL)) {
		mup_exit(r->u, *out, NULL);
		mup_refuse(r, 410, "the upload has expired\n");
		return -ESTALE;
	}
	return 0;
}

/* What there is below a base path; NULL: the path is another one. */
static const char *below(const char *base, const char *path)
{
	size_t n = base ? strlen(base) : 0;

	if (!base)
		return NULL;
	if (strlen(path) == n - 1 && !strncmp(path, base, n - 1))
		return path + n - 1;
	return strncmp(path, base, n) == 0 ? path + n : NULL;
}

/* 1: the path is below one of the base paths; id then stays NULL for the base path itself. */
static int find_place(struct mup_request *r)
{
	const mummy_upload *u = r->u;
	const char *rest = below(u->base, r->req->path);

	r->base = u->base;
	if (!rest) {
		rest = below(u->range_base, r->req->path);
		r->ranged = rest != NULL;
		r->base = rest ? u->range_base : u->base;
	}
	if (!rest)
		return 0;
	if (mup_id_valid(rest, strlen(rest)))
		r->id = rest;
	else if (*rest)
		r->name = rest;
	return !r->name || r->ranged;
}

static int is_method(const struct mup_request *r, const char *name)
{
	return r->method_len == strlen(name) && !memcmp(r->method, name, r->method_len);
}

static void allow(struct mup_request *r)
{
	const struct mummy_upload_store *store = &r->u->store;

	if (!r->id)
		mup_reply_addf(r->reply, "Allow", "OPTIONS%s%s", r->name ? "" : ", POST",
			       r->ranged ? ", PUT" : "");
	else
		mup_reply_addf(r->reply, "Allow", "OPTIONS, HEAD, PATCH%s%s%s", r->ranged ? ", PUT" : "",
			       store->read ? ", GET" : "", store->remove ? ", DELETE" : "");
}

static int not_allowed(struct mup_request *r)
{
	allow(r);
	return mup_refuse(r, 405, "the method is not for this address\n");
}

static int discover(struct mup_request *r)
{
	allow(r);
	mup_reply_add(r->reply, "Tus-Version", MUP_VERSION);
	mup_reply_add(r->reply, "Tus-Extension", r->u->extensions);
	if (r->u->algorithms[0])
		mup_reply_add(r->reply, "Tus-Checksum-Algorithm", r->u->algorithms);
	if (r->u->opt.max_bytes)
		mup_reply_addf(r->reply, "Tus-Max-Size", "%llu", (unsigned long long)r->u->opt.max_bytes);
	mup_draft_limits(r, NULL);
	mup_reply_add(r->reply, "Accept-Patch",
		      "application/offset+octet-stream, application/partial-upload");
	mup_cors_preflight(r);
	mup_reply_status(r->reply, 204);
	return 0;
}

static int wrong_version(struct mup_request *r)
{
	const char *p;
	size_t n;

	if (mup_header(r, "Tus-Resumable", &p, &n) == 1 && n == strlen(MUP_VERSION)
	    && !memcmp(p, MUP_VERSION, n))
		return 0;
	mup_reply_add(r->reply, "Tus-Version", MUP_VERSION);
	mup_refuse(r, 412, "Tus-Resumable has to be " MUP_VERSION "\n");
	return 1;
}

static int draft(struct mup_request *r, mummy_upload_transfer **out)
{
	mup_draft_digest(r);
	if (!r->id)
		return mup_post_draft(r, out);
	if (!is_method(r, "PUT"))
		return mup_draft_patch(r, out);
	/* all of an upload that is there already: nothing that could be gone on with */
	if (r->draft.complete == 0)
		return mup_refuse(r, 400, "PUT is for a whole content: PATCH appends\n");
	r->draft.on = 0;
	return mup_put(r, out);
}

/* TUS: every answer to PATCH tells it, also one that refuses before the upload was looked at. */
static int with_expiry(struct mup_request *r)
{
	const int status = mummy_upload_reply_status(r->reply);
	struct mup_session *s;

	if (status < 400 || status == 404 || status == 410 || mup_reply_value(r->reply, "Upload-Expires")
	    || mup_enter(r->u, r->id, 0, &s) < 0)
		return 0;
	mup_reply_expires(r, s);
	mup_exit(r->u, s, NULL);
	return 0;
}

static int tus(struct mup_request *r, mummy_upload_transfer **out)
{
	const int post = !r->id && !r->name && is_method(r, "POST"), head = r->id && is_method(r, "HEAD");
	const int patch = (r->id && is_method(r, "PATCH")) || (r->ranged && is_method(r, "PUT"));
	const int del = r->id && is_method(r, "DELETE") && r->u->store.remove;

	if (!post && !head && !patch && !del)
		return not_allowed(r);
	if (!r->ranged && !r->draft.on && wrong_version(r))
		return 0;
	if ((post || patch) && mup_header_checksum(r) == 0)
		return patch && r->id && !r->draft.on ? with_expiry(r) : 0;
	if (r->draft.on && (post || patch))
		return draft(r, out);
	if (post)
		return mup_post(r, out);
	if (patch && r->ranged)
		return mup_put(r, out);
	if (patch)
		return mup_patch(r, out) == 1 ? 1 : with_expiry(r);
	return head ? mup_head(r) : mup_delete(r);
}

static int dispatch(struct mup_request *r, mummy_upload_transfer **out)
{
	const int known = find_place(r);

	r->method = r->req->method;
	r->method_len = strlen(r->method);
	mup_cors(r);
	if (mup_header(r, "X-HTTP-Method-Override", &r->method, &r->method_len) == 0) {
		r->method = r->req->method;
		r->method_len = strlen(r->method);
	}
	/* whatever it says, it is of now */
	if (is_method(r, "HEAD"))
		mup_reply_add(r->reply, "Cache-Control", "no-store");
	mup_draft_read(r);
	if (known)
		mup_draft_guess(r);
	if (!r->draft.on || is_method(r, "OPTIONS"))
		mup_reply_add(r->reply, "Tus-Resumable", MUP_VERSION);
	if (is_method(r, "OPTIONS"))
		return discover(r);
	if (!known)
		return mup_refuse(r, 404, "there is no such upload\n");
	if (r->name && !is_method(r, "PUT"))
		return mup_refuse(r, 404, "there is no such upload\n");
	if (r->id && is_method(r, "GET") && r->u->store.read)
		return mup_get(r);
	return tus(r, out);
}

int mummy_upload_begin(mummy_upload *u, const struct mummy_upload_request *req, mummy_upload_reply **reply,
		       mummy_upload_transfer **out)
{
	struct mup_request r = { .u = u, .req = req, .total = MUMMY_UPLOAD_UNKNOWN };
	mummy_upload_transfer *t = NULL;

	if (!MUMMY_RESERVED_OK(req))
		return -EINVAL;
	r.reply = mup_reply_new();
	if (!r.reply)
		return -ENOMEM;
	if (dispatch(&r, &t) == 1) {
		*out = t;
		return 1;
	}
	if (mup_reply_error(r.reply) < 0) {
		mummy_upload_reply_free(r.reply);
		return -ENOMEM;
	}
	*reply = r.reply;
	return 0;
}
