#include <config.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "engine.h"
#include "mummy-common.h"

uint64_t mup_room(const struct mup_session *s)
{
	uint64_t end = s->info.length;

	if (end == MUMMY_UPLOAD_UNKNOWN && s->priv.max_bytes)
		end = s->priv.max_bytes;
	return end == MUMMY_UPLOAD_UNKNOWN ? MUP_MOST - s->info.offset
		: end > s->info.offset ? end - s->info.offset : 0;
}

void mup_reply_expires(const struct mup_request *r, const struct mup_session *s)
{
	int64_t expires = mup_expires_alone(r->u, &s->info, &s->priv);

	/* what is told holds even if a final upload that keeps it longer is deleted */
	if (expires && expires <= r->u->clock(NULL))
		expires = mup_expires(r->u, s->id, &s->info, &s->priv);
	if (expires)
		mup_reply_add_date(r->reply, "Upload-Expires", expires);
}

void mup_reply_state(const struct mup_request *r, const struct mup_session *s)
{
	if (r->draft.on) {
		mup_draft_state(r, s);
		return;
	}
	mup_reply_addf(r->reply, "Upload-Offset", "%llu", (unsigned long long)s->info.offset);
	mup_reply_expires(r, s);
	if (!r->ranged)
		return;
	if (s->info.length != MUMMY_UPLOAD_UNKNOWN)
		mup_reply_addf(r->reply, "Upload-Length", "%llu", (unsigned long long)s->info.length);
	mup_reply_add(r->reply, "Upload-Complete", s->info.offset == s->info.length ? "?1" : "?0");
}

/* What was created stays, and its address was told, so that the client can come again. */
static int refuse_transfer(struct mup_request *r, int rc, int created)
{
	if (rc != -EDQUOT)
		return mup_refuse_code(r, rc);
	mup_reply_add(r->reply, "Retry-After", "1");
	return mup_refuse(r, 429, created ? "the upload was created, but you send too many bodies at once\n"
			  : "you send too many bodies at once\n");
}

int mup_transfer_new(struct mup_request *r, struct mup_session *s, int created, mummy_upload_transfer **out)
{
	mummy_upload *u = r->u;
	mummy_upload_transfer *t = calloc(1, sizeof *t);
	struct mup_private peer;
	int rc = -ENOMEM;

	mup_private_client(&peer, r->req->peer);
	if (t)
		rc = mup_writing_add(u, peer.client, !s->writer);
	if (rc < 0) {
		free(t);
		mup_exit(u, s, NULL);
		return refuse_transfer(r, rc, created);
	}
	memcpy(t->client, peer.client, sizeof t->client);
	if (r->req->request_id)
		snprintf(t->request_id, sizeof t->request_id, "%s", r->req->request_id);
	if (s->writer)
		u->stats.takeovers++;
	mup_session_cut(u, s);
	t->u = u;
	t->s = s;
	t->reply = r->reply;
	t->epoch = s->epoch;
	t->created = created;
	t->cancel = r->req->cancel;
	t->conn = r->req->conn;
	t->ask_trailer = r->req->trailer;
	t->sum = r->sum;
	t->trailer = r->trailer;
	t->total = r->total;
	t->limit = r->ranged && r->limit ? r->limit : MUMMY_UPLOAD_UNKNOWN;
	t->whole = r->whole;
	t->ranged = r->ranged;
	t->draft = r->draft;
	t->inform = r->draft.on ? r->req->inform : NULL;
	t->unknown = created && (r->draft.on || (r->ranged && r->whole));
	if (created && r->draft.on)
		mup_draft_limits(r, s);
	t->start = t->at = s->info.offset;
	t->told = t->start;
	t->progress_ms = t->inform_ms = t->window_ms = mummy_now_ms();
	s->writer = t;
	u->stats.writing++;
	if (t->sum.len || t->trailer)
		t->error = mup_session_hold(u, s);   /* told at the end */
	mup_gate_leave(u, s);
	pthread_mutex_unlock(&u->lock);
	*out = t;
	return 1;
}

/* Octets of a body: at p, or when that is NULL in a pipe. */
struct piece {
	const void *p;
	size_t n;
	int pipe;
};

static int store_at(mummy_upload_transfer *t, const struct piece *piece)
{
	const struct mummy_upload_store *store = &t->u->store;
	const struct iovec iov = { .iov_base = (void *)(uintptr_t)piece->p, .iov_len = piece->n };

	return piece->p ? store->writev(t->s->h, t->at, &iov, 1)
			: store->splice(t->s->h, t->at, piece->pipe, piece->n);
}

/* Inside the gate. */
static int store_piece(mummy_upload_transfer *t, const struct piece *piece)
{
	mummy_upload *u = t->u;
	struct mup_session *s = t->s;
	const size_t n = piece->n;
	int rc;

	if (t->epoch != s->epoch)
		return s->removed ? -ENOENT : -ECANCELED;
	rc = mup_session_load(u, s, MUMMY_UPLOAD_WRITE);
	if (rc < 0)
		return rc;
	/* it was opened again and set back, or what was to be verified is gone */
	if (s->info.offset + s->pending != t->at)
		return -EIO;
	if (n > mup_room(s) - s->pending || n > t->total - t->at
	    || (t->limit != MUMMY_UPLOAD_UNKNOWN && n > t->limit - (t->at - t->start)))
		return -EFBIG;
	pthread_mutex_unlock(&u->lock);
	rc = store_at(t, piece);
	pthread_mutex_lock(&u->lock);
	if (rc < 0) {
		s->broken = 1;
		return rc;
	}
	t->at += n;
	if (s->held)
		s->pending += n;
	else
		s->info.offset += n;
	s->info.modified = u->clock(NULL);
	if (u->finals && s->concat == MUP_PARTIAL)
		mup_final_touch(u, s->id, s->info.modified);
	u->stats.bytes += n;
	return 0;
}

/* Inside the gate: a copy of what progress is to be told, when it is time. */
static struct mummy_upload_info *progress_due(mummy_upload_transfer *t)
{
	mummy_upload *u = t->u;
	struct mummy_upload_info info;
	uint64_t now;

	if (!u->opt.events.progress)
		return NULL;
	now = mummy_now_ms();
	if (now - t->progress_ms < u->opt.progress_ms)
		return NULL;
	t->progress_ms = now;
	mup_session_info(u, t->s, &info);
	info.request_id = t->request_id[0] ? t->request_id : NULL;
	return mup_info_copy(&info);
}

#define RATE_WINDOW_MS 10000

static unsigned later(uint64_t a, uint64_t b)
{
	const uint64_t most = a > b ? a : b;

	return most < 60000 ? (unsigned)most : 60000;
}

/* With the lock held: how long the rates make it wait, and whether it keeps up. */
static void keep_rates(mummy_upload_transfer *t, size_t n)
{
	mummy_upload *u = t->u;
	const struct mummy_upload_options *o = &u->opt;
	const struct mup_private *priv = &t->s->priv;
	const uint64_t own = priv->flags & MUP_RATED ? priv->rate : o->rate_per_upload;
	struct mup_bucket *client;
	uint64_t now, past;

	if (!own && !o->rate_per_client && !o->rate && !o->min_rate)
		return;
	now = mummy_now_ms();
	client = mup_client_bucket(u, t->client);
	t->delay_ms = later(mup_bucket_take(&t->s->bucket, own, n, now),
			    mup_bucket_take(&u->bucket, o->rate, n, now));
	if (client)
		t->delay_ms = later(t->delay_ms, mup_bucket_take(client, o->rate_per_client, n, now));
	t->window += n;
	past = now > t->window_ms ? now - t->window_ms : 0;
	if (o->min_rate && past >= RATE_WINDOW_MS) {
		t->late = t->window * 1000 / past < o->min_rate;
		t->window = 0;
		t->window_ms = now;
	}
	/* it is not the client who waits */
	t->window_ms += t->delay_ms;
}

unsigned mummy_upload_delay(const mummy_upload_transfer *t)
{
	return t->delay_ms;
}

static int take(mummy_upload_transfer *t, const struct piece *piece)
{
	mummy_upload *u = t->u;
	struct mummy_upload_info *told = NULL;
	uint64_t offset = 0;

	if (t->error || piece->n == 0)
		return t->error;
	if (t->late)
		return -ETIMEDOUT;
	if (t->sum.len)
		t->error = mup_checksum_feed(&t->sum, piece->p, piece->n);
	pthread_mutex_lock(&u->lock);
	mup_gate_enter(u, t->s);
	if (t->error == 0)
		t->error = store_piece(t, piece);
	if (t->error == 0) {
		told = progress_due(t);
		keep_rates(t, piece->n);
		/* an offset that was told is an acknowledged one */
		if (mup_draft_due(t) && mup_session_sync(u, t->s) == 0)
			offset = t->s->info.offset;
	}
	mup_gate_leave(u, t->s);
	pthread_mutex_unlock(&u->lock);
	if (told)
		u->opt.events.progress(u->opt.ctx, told);
	free(told);
	if (offset)
		mup_draft_progress(t, offset);
	return t->error;
}

int mummy_upload_write(mummy_upload_transfer *t, const void *p, size_t n)
{
	return take(t, &(struct piece){ .p = p, .n = n });
}

int mummy_upload_can_splice(const mummy_upload_transfer *t)
{
	/* a checksum that comes behind the body is of what was stored */
	return t->u->store.splice && !t->sum.len;
}

int mummy_upload_splice(mummy_upload_transfer *t, int pipe, size_t n)
{
	if (!mummy_upload_can_splice(t))
		return -EOPNOTSUPP;
	return take(t, &(struct piece){ .n = n, .pipe = pipe });
}

/* Whether what was held counts. The draft has it kept when there is nothing to compare its digest with. */
static int keeps(const mummy_upload_transfer *t, int verdict)
{
	return t->error == 0 && (verdict == 0 || (t->draft.on && verdict != -EILSEQ && verdict != -EPROTO));
}

/* Inside the gate: what the body comes to; as settle. */
static int conclude(mummy_upload_transfer *t, int verdict, struct mummy_upload_info **done)
{
	mummy_upload *u = t->u;
	struct mup_session *s = t->s;
	int rc = 0;

	if (t->error)
		return t->error;
	/* to be told that it is all right, the client needs all of it */
	if (verdict == 0 && s->info.offset != t->at)
		return -EIO;
	if (verdict == -EILSEQ || verdict == -EPROTO)
		return verdict;
	if (verdict == 0 && t->whole)
		rc = mup_session_set_length(u, s, t->at);
	if (verdict == 0 && rc == 0 && t->whole && t->at != s->info.length)
		rc = -EMSGSIZE;
	if (verdict == 0 && rc == 0 && t->limit != MUMMY_UPLOAD_UNKNOWN && t->at - t->start != t->limit)
		rc = -EMSGSIZE;
	/* without a word about the end, all that was announced is all of it */
	if (verdict == 0 && rc == 0 && (t->draft.on ? t->whole : mup_complete(s)))
		s->ended = 1;
	return rc < 0 ? rc : mup_finish(u, s, done);
}

/* Inside the gate: 0, an error as mup_refuse_code takes it. */
static int settle(mummy_upload_transfer *t, int verdict, struct mummy_upload_info **done)
{
	mummy_upload *u = t->u;
	struct mup_session *s = t->s;
	int rc, synced;

	if (s->removed)
		return -ENOENT;
	if (s->writer != t)
		return -ECANCELED;
	s->writer = NULL;
	u->stats.writing--;
	rc = mup_session_load(u, s, MUMMY_UPLOAD_WRITE);
	if (rc == 0 && verdict == 0 && !t->error)
		rc = mup_session_set_length(u, s, t->total);
	if (rc == 0)
		rc = mup_session_settle(u, s, keeps(t, verdict) && s->info.offset + s->pending == t->at);
	if (rc < 0)
		return t->error ? t->error : rc;
	rc = conclude(t, verdict, done);
	/* finishing has made it last; of all else the offset may be told, after an error too */
	if (!s->loaded || s->broken || s->removed || s->info.state == MUMMY_UPLOAD_FINISHED)
		return rc;
	synced = mup_session_sync(u, s);
	return rc ? rc : synced;
}

/* What goes beyond its length makes an upload of the draft worthless: nobody knows what it was to be. */
static int invalidate(mummy_upload_transfer *t)
{
	if (t->s->info.length == MUMMY_UPLOAD_UNKNOWN || !t->u->store.remove
	    || mup_session_remove(t->u, t->s) < 0)
		return -EFBIG;
	mup_log(t->u, 1, "removed: it became longer than was announced", t->s->id);
	return -EMSGSIZE;
}

/* A creation whose body was wrong creates nothing; of one that was refused or removed nothing is left. */
static void uncreate(mummy_upload_transfer *t, int rc, int status)
{
	if (!t->created)
		return;
	if (!t->s->removed && t->u->store.remove
	    && ((!t->draft.on && (rc == -EILSEQ || rc == -EPROTO)) || (t->unknown && (rc || status < 0))))
		mup_session_remove(t->u, t->s);
	if (t->s->removed)
		mup_reply_remove(t->reply, "Location");
}

int mummy_upload_end(mummy_upload_transfer *t, int status, mummy_upload_reply **out)
{
	mummy_upload *u = t->u;
	struct mup_request r = {
		.u = u, .reply = t->reply, .id = t->s->id, .ranged = t->ranged, .draft = t->draft
	};
	struct mummy_upload_info *done = NULL;
	char id[MUP_ID_SIZE];
	int rc, verdict;

	if (t->late)
		status = -ETIMEDOUT;
	verdict = mup_verify(t, status);
	pthread_mutex_lock(&u->lock);
	t->cancel = NULL;
	while (t->canceling)
		pthread_cond_wait(&u->idle, &u->lock);
	mup_gate_enter(u, t->s);
	t->s->asker = (struct mup_asker){ t->reply, t->request_id[0] ? t->request_id : NULL };
	rc = settle(t, verdict, &done);
	if (t->draft.on && rc == -EFBIG)
		rc = invalidate(t);
	uncreate(t, rc, status);
	memcpy(id, t->s->id, sizeof id);
	r.id = id;
	if (rc == 0 || ((t->ranged || t->draft.on) && t->s->loaded && !t->s->removed))
		mup_reply_state(&r, t->s);
	else if (t->s->loaded && !t->s->removed)
		mup_reply_expires(&r, t->s);
	mup_writing_drop(u, t->client);
	mup_reply_status(r.reply, t->draft.on ? mup_draft_status(&t->draft, t->s) : t->created ? 201 : 204);
	mup_exit(u, t->s, done);
	if (rc)
		mup_refuse_code(&r, rc);
	else if (status == -ETIMEDOUT)
		mup_refuse(&r, 408, "the body came too slowly; what arrived is kept\n");
	else if (status < 0)
		mup_refuse(&r, 400, "the body was cut off; what arrived is kept\n");
	mup_checksum_drop(&t->sum);
	free(t);
	if (mup_reply_error(r.reply) < 0) {
		mummy_upload_reply_free(r.reply);
		return -ENOMEM;
	}
	*out = r.reply;
	return 0;
}
