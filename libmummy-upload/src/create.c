#include <config.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "engine.h"
#include "metadata.h"

/* What a POST asks for. */
struct creation {
	struct mummy_upload_info info;
	struct mummy_upload_grant grant;
	struct mup_private priv;
	char private_text[MUP_PRIVATE_SIZE];
	int with_upload;
	enum mup_concat concat;
	int waits;                       /* for parts that are not there yet */
};

#define CONCAT_BYTES 24576               /* of Upload-Concat */

static int read_concat(struct mup_request *r, struct creation *c)
{
	const mummy_upload *u = r->u;
	const char *p;
	size_t n;
	int rc = mup_header(r, "Upload-Concat", &p, &n);

	if (rc == 0)
		return 1;
	if (!u->store.hold || !u->store.settle || !u->store.append)
		return mup_refuse(r, 400, "concatenation is not supported\n");
	if (rc == 1 && n > CONCAT_BYTES)
		return mup_refuse(r, 431, "Upload-Concat is too long\n");
	if (rc == 1)
		rc = mup_concat_check(p, n, u->opt.max_parts, &c->concat);
	if (rc == -E2BIG)
		return mup_refuse(r, 413, "Upload-Concat has too many parts\n");
	if (rc < 0)
		return mup_refuse(r, 400,
				  "Upload-Concat has to be partial, or final and addresses of uploads\n");
	c->info.concat = strndup(p, n);
	return c->info.concat ? 1 : mup_refuse_code(r, -ENOMEM);
}

/* The length of a final upload follows from its parts. */
static int read_parts(struct mup_request *r, struct creation *c)
{
	const char *p;
	size_t n;
	int rc;

	if (mup_header(r, "Upload-Length", &p, &n) != 0 || mup_header(r, "Upload-Defer-Length", &p, &n) != 0)
		return mup_refuse(r, 400, "the length of a final upload is that of its parts\n");
	if (r->req->body_length != 0)
		return mup_refuse(r, 400, "a final upload has no body\n");
	pthread_mutex_lock(&r->u->lock);
	rc = mup_final_measure(r->u, c->info.concat, r->u->clock(NULL), &c->info.length);
	pthread_mutex_unlock(&r->u->lock);
	if (rc == -ENOENT || rc == -EINVAL || rc == -EBADMSG)
		return mup_refuse(r, 400, "a part of the final upload is missing or no partial upload\n");
	if (rc == -ESTALE)
		return mup_refuse(r, 400, "a part of the final upload has expired\n");
	if (rc < 0)
		return mup_refuse_code(r, rc);
	c->waits = rc;
	c->priv.flags = rc ? 0 : MUP_UNTOLD;
	return 1;
}

static int read_length(struct mup_request *r, uint64_t *length)
{
	const char *p;
	size_t n;
	int known = mup_header_number(r, "Upload-Length", length);
	int later = mup_header(r, "Upload-Defer-Length", &p, &n);

	if (known < 0)
		return mup_refuse(r, 400, "Upload-Length is not a length\n");
	if (later < 0 || (later && (n != 1 || *p != '1')))
		return mup_refuse(r, 400, "Upload-Defer-Length has to be 1\n");
	if (known && later)
		return mup_refuse(r, 400, "Upload-Length and Upload-Defer-Length exclude each other\n");
	if (later && !r->u->store.set_length)
		return mup_refuse(r, 400, "Upload-Length is needed\n");
	if (!known && !later)
		return mup_refuse(r, 400, "Upload-Length or Upload-Defer-Length is needed\n");
	if (later)
		*length = MUMMY_UPLOAD_UNKNOWN;
	return 1;
}

static int read_metadata(struct mup_request *r, char **out)
{
	const char *p;
	size_t n;
	int rc = mup_header(r, "Upload-Metadata", &p, &n);

	if (rc == 0) {
		rc = mup_guess_metadata(r, out);
		if (rc < 0)
			return rc == -ENOMEM ? mup_refuse_code(r, rc)
					     : mup_refuse(r, 400, "that is no name\n");
		if (*out && strlen(*out) > r->u->opt.max_metadata_bytes)
			return mup_refuse(r, 431, "the name is too long\n");
		return 1;
	}
	if (rc == 1 && n > r->u->opt.max_metadata_bytes)
		return mup_refuse(r, 431, "Upload-Metadata is too long\n");
	if (rc < 0 || mup_metadata_check(p, n) < 0)
		return mup_refuse(r, 400, "Upload-Metadata is not a list of keys and base64 values\n");
	*out = n ? strndup(p, n) : NULL;
	if (n && !*out)
		return mup_refuse_code(r, -ENOMEM);
	return 1;
}

static int check_body(struct mup_request *r, struct creation *c)
{
	c->with_upload = mup_header_is_tus(r);
	if (!c->with_upload && r->req->body_length != 0)
		return mup_refuse(r, 415, "Content-Type has to be application/offset+octet-stream\n");
	return 1;
}

static int check_size(struct mup_request *r, const struct creation *c)
{
	const uint64_t max = c->grant.max_bytes, length = c->info.length, body = r->req->body_length;

	if (length != MUMMY_UPLOAD_UNKNOWN && (length >= MUP_MOST || (max && length > max)))
		return mup_refuse(r, 413, "the upload is longer than what is allowed\n");
	if (body != MUMMY_UPLOAD_UNKNOWN && (body > length || (max && body > max)))
		return mup_refuse(r, 413, "the body is longer than the upload\n");
	return 1;
}

static int ask(struct mup_request *r, struct creation *c)
{
	mummy_upload *u = r->u;
	int status;

	c->grant.max_bytes = u->opt.max_bytes;
	c->grant.expire_s = u->opt.expire_s;
	c->grant.rate = u->opt.rate_per_upload;
	if (check_size(r, c) == 0)
		return 0;
	if (!u->opt.events.pre_create)
		return 1;
	mup_private_client(&c->priv, r->req->peer);
	c->info.client = c->priv.client[0] ? c->priv.client : NULL;
	c->info.request_id = r->req->request_id;
	status = u->opt.events.pre_create(u->opt.ctx, r->req, &c->info, &c->grant);
	if (status == 0)
		return check_size(r, c);
	mup_reply_words(r->reply, c->grant.text, sizeof c->grant.text);
	return mup_refuse_content(r, status >= 400 && status <= 599 ? status : 500,
				  "the upload was refused\n");
}

static int store_it(struct mup_request *r, struct creation *c)
{
	mummy_upload *u = r->u;
	int rc;

	c->priv.max_bytes = c->grant.max_bytes;
	c->priv.expire_s = c->grant.expire_s;
	if (c->grant.rate != u->opt.rate_per_upload) {
		c->priv.flags |= MUP_RATED;
		c->priv.rate = c->grant.rate;
	}
	mup_name_safe(c->grant.name, strnlen(c->grant.name, sizeof c->grant.name), c->priv.name);
	mup_private_client(&c->priv, r->req->peer);
	mup_private_write(&c->priv, c->private_text);
	c->info.private_state = c->private_text;
	pthread_mutex_lock(&u->lock);
	rc = mup_open_add(u, c->priv.client, 1);
	pthread_mutex_unlock(&u->lock);
	if (rc == -ENFILE)
		return mup_refuse(r, 503, "there are too many unfinished uploads\n");
	if (rc == -EDQUOT)
		return mup_refuse(r, 429, "you have too many unfinished uploads\n");
	if (rc == 0)
		rc = u->store.create(u->store.ctx, &c->info);
	if (rc < 0) {
		pthread_mutex_lock(&u->lock);
		mup_open_drop(u, c->priv.client);
		pthread_mutex_unlock(&u->lock);
		return mup_refuse_code(r, rc);
	}
	return 1;
}

void mup_reply_location(struct mup_request *r, const char *id)
{
	const mummy_upload *u = r->u;
	const struct mummy_upload_request *req = r->req;

	if (u->opt.absolute_location && req->scheme && req->host)
		mup_reply_addf(r->reply, "Location", "%s://%s%s%s", req->scheme, req->host, r->base, id);
	else
		mup_reply_addf(r->reply, "Location", "%s%s", r->base, id);
}

static void wake_up(mummy_upload *u, const struct creation *c)
{
	/* a part may have become whole between the look at it and the entry in the list */
	if (c->waits)
		mup_final_try(u, c->info.id);
}

/* Inside the gate, of an upload that is new: 0, or why it cannot be. */
static int begin_final(mummy_upload *u, struct creation *c, struct mup_session *s)
{
	int rc;

	if (c->concat != MUP_FINAL)
		return 0;
	if (c->waits)
		return mup_final_wait(u, s->id, &c->info, c->priv.expire_s);
	rc = mup_final_join(u, s);
	return rc > 0 || rc == -ENOENT ? -EAGAIN : rc;
}

/* An upload whose address the client will not learn; nobody else knows it either. */
static int give_up(struct mup_request *r, struct creation *c, int rc)
{
	mummy_upload *u = r->u;

	if (u->store.remove && u->store.remove(u->store.ctx, c->info.id) == 0) {
		pthread_mutex_lock(&u->lock);
		mup_open_drop(u, c->priv.client);
		pthread_mutex_unlock(&u->lock);
	}
	return mup_refuse_code(r, rc);
}

/* Nobody else knows of it yet, so that what was stored need not be looked at again. */
static int answer_empty(struct mup_request *r, struct creation *c)
{
	struct mup_session s = { .info = c->info, .priv = c->priv };
	int rc = mup_verify_empty(r);

	if (rc < 0)
		return give_up(r, c, rc);
	pthread_mutex_lock(&r->u->lock);
	r->u->stats.created++;
	pthread_mutex_unlock(&r->u->lock);
	mup_reply_location(r, c->info.id);
	mup_reply_state(r, &s);
	mup_reply_status(r->reply, 201);
	return 0;
}

static int answer(struct mup_request *r, struct creation *c, mummy_upload_transfer **out)
{
	mummy_upload *u = r->u;
	struct mummy_upload_info *done = NULL;
	struct mup_session *s;
	int rc;

	if (r->req->body_length == 0 && c->info.length != 0 && c->concat != MUP_FINAL && !r->whole)
		return answer_empty(r, c);
	rc = mup_enter(u, c->info.id, MUMMY_UPLOAD_WRITE, &s);
	if (rc < 0)
		return give_up(r, c, rc);
	s->asker = (struct mup_asker){ r->reply, r->req->request_id };
	u->stats.created++;
	s->counted = 1;
	mup_reply_location(r, s->id);
	if ((c->with_upload || r->whole) && r->req->body_length != 0)
		return mup_transfer_new(r, s, 1, out);
	s->ended = r->draft.complete != 0;
	rc = mup_verify_empty(r);
	if (rc == 0)
		rc = begin_final(u, c, s);
	if (rc == 0)
		rc = mup_finish(u, s, &done);
	if (rc == 0) {
		mup_reply_state(r, s);
		if (c->waits)
			mup_reply_remove(r->reply, "Upload-Offset");
		mup_reply_status(r->reply, 201);
	}
	mup_exit(u, s, done);
	if (rc == 0) {
		wake_up(u, c);
		return 0;
	}
	mup_reply_remove(r->reply, "Location");
	/* refused by pre_finish, it has been removed */
	return rc < 0 ? give_up(r, c, rc) : mup_refuse_code(r, rc);
}

/* With what the request says besides the length. */
static int create(struct mup_request *r, struct creation *c, mummy_upload_transfer **out)
{
	char *metadata = NULL;
	int rc = read_metadata(r, &metadata);

	if (rc == 1) {
		c->info.metadata = metadata;
		c->info.created = c->info.modified = r->u->clock(NULL);
		rc = mup_id_make(c->info.id);
		rc = rc < 0 ? mup_refuse_code(r, rc) : ask(r, c);
	}
	if (rc == 1)
		rc = store_it(r, c);
	if (rc == 1)
		rc = answer(r, c, out);
	free(metadata);
	return rc;
}

int mup_post(struct mup_request *r, mummy_upload_transfer **out)
{
	struct creation c;
	int rc;

	memset(&c, 0, sizeof c);
	rc = read_concat(r, &c);
	if (rc == 1)
		rc = c.concat == MUP_FINAL ? read_parts(r, &c) : read_length(r, &c.info.length);
	if (rc == 1)
		rc = check_body(r, &c);
	if (rc == 1)
		rc = create(r, &c, out);
	free((char *)(uintptr_t)c.info.concat);
	return rc;
}

int mup_post_whole(struct mup_request *r, mummy_upload_transfer **out)
{
	struct creation c;

	memset(&c, 0, sizeof c);
	c.info.length = r->req->body_length;
	if (c.info.length == MUMMY_UPLOAD_UNKNOWN && !r->u->store.set_length)
		return mup_refuse(r, 411, "the length of the content is needed\n");
	return create(r, &c, out);
}

int mup_post_draft(struct mup_request *r, mummy_upload_transfer **out)
{
	struct creation c;
	int rc;

	memset(&c, 0, sizeof c);
	c.with_upload = 1;
	c.priv.flags = MUP_DRAFT;
	mup_draft_repr_digest(r, c.priv.digest);
	r->whole = r->draft.complete;
	rc = mup_draft_length(r, &c.info.length);
	if (rc == 1)
		rc = create(r, &c, out);
	/* who knows the address can go on with it */
	if (rc == 1 && mup_draft_created(*out) == 0)
		(*out)->unknown = 0;
	return rc;
}
