#include <config.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "engine.h"

/* Ids are random, so any of their bits make a good hash. */
static struct mup_session **bucket(mummy_upload *u, const char *id)
{
	unsigned h = (unsigned char)id[0] * 31u + (unsigned char)id[1] * 7u + (unsigned char)id[2];

	return &u->sessions[h % MUP_BUCKETS];
}

static struct mup_session *find(mummy_upload *u, const char *id)
{
	struct mup_session *s = *bucket(u, id);

	while (s && strcmp(s->id, id) != 0)
		s = s->next;
	return s;
}

int mup_session_known(mummy_upload *u, const char *id)
{
	return find(u, id) != NULL;
}

struct mup_session *mup_session_get(mummy_upload *u, const char *id)
{
	struct mup_session **head = bucket(u, id), *s = find(u, id);

	if (s) {
		s->refs++;
		return s;
	}
	s = calloc(1, sizeof *s);
	if (!s)
		return NULL;
	memcpy(s->id, id, MUP_ID_LEN);
	s->last = &s->first;
	s->refs = 1;
	s->next = *head;
	*head = s;
	return s;
}

static void close_handle(mummy_upload *u, struct mup_session *s)
{
	void *h = s->h;

	s->loaded = 0;
	s->h = NULL;
	pthread_mutex_unlock(&u->lock);
	u->store.close(h);
	pthread_mutex_lock(&u->lock);
}

void mup_session_put(mummy_upload *u, struct mup_session *s)
{
	struct mup_session **at;

	if (s->refs == 1 && s->loaded) {
		/* a newcomer that finds the session meanwhile waits at the gate */
		mup_gate_enter(u, s);
		if (s->refs == 1 && s->loaded)
			close_handle(u, s);
		mup_gate_leave(u, s);
	}
	if (--s->refs > 0)
		return;
	for (at = bucket(u, s->id); *at != s;)
		at = &(*at)->next;
	*at = s->next;
	free(s);
}

static void wait_granted(mummy_upload *u, struct mup_waiter *w)
{
	const struct mummy_upload_executor *ex = &u->opt.executor;

	if (ex->wait && ex->wake) {
		pthread_mutex_unlock(&u->lock);
		ex->wait(ex->ctx, w->token, -1);
		pthread_mutex_lock(&u->lock);
		return;
	}
	pthread_cond_init(&w->cond, NULL);
	while (!w->granted)
		pthread_cond_wait(&w->cond, &u->lock);
	pthread_cond_destroy(&w->cond);
}

void mup_gate_enter(mummy_upload *u, struct mup_session *s)
{
	struct mup_waiter w = { .granted = 0 };

	if (!s->busy) {
		s->busy = 1;
		return;
	}
	*s->last = &w;
	s->last = &w.next;
	wait_granted(u, &w);
}

void mup_gate_leave(mummy_upload *u, struct mup_session *s)
{
	const struct mummy_upload_executor *ex = &u->opt.executor;
	struct mup_waiter *w = s->first;

	s->asker = (struct mup_asker){ NULL, NULL };
	if (!w) {
		s->busy = 0;
		return;
	}
	s->first = w->next;
	if (!s->first)
		s->last = &s->first;
	w->granted = 1;
	if (ex->wait && ex->wake) {
		pthread_mutex_unlock(&u->lock);
		ex->wake(ex->ctx, w->token);
		pthread_mutex_lock(&u->lock);
	} else {
		pthread_cond_signal(&w->cond);
	}
}

int mup_session_load(mummy_upload *u, struct mup_session *s, unsigned flags)
{
	struct mummy_upload_info info;
	void *h = NULL;
	int rc;

	if (s->removed)
		return -ENOENT;
	if (s->loaded && !s->broken && (s->writable || !(flags & MUMMY_UPLOAD_WRITE)))
		return 0;
	if (s->loaded)
		close_handle(u, s);
	if (s->writer)
		flags |= MUMMY_UPLOAD_WRITE;
	memset(&info, 0, sizeof info);
	pthread_mutex_unlock(&u->lock);
	rc = u->store.open(u->store.ctx, s->id, flags, &h, &info);
	pthread_mutex_lock(&u->lock);
	if (rc < 0)
		return rc;
	s->h = h;
	s->info = info;
	s->acked = info.offset;
	s->pending = 0;
	s->held = 0;
	s->loaded = 1;
	s->broken = 0;
	s->writable = (flags & MUMMY_UPLOAD_WRITE) != 0;
	s->concat = mup_concat_kind(info.concat);
	s->counted = mup_is_open(&info);
	mup_private_read(&s->priv, info.private_state);
	return 0;
}

int mup_session_sync(mummy_upload *u, struct mup_session *s)
{
	int rc = 0;

	if (s->acked == s->info.offset)
		return 0;
	if (u->store.sync) {
		pthread_mutex_unlock(&u->lock);
		rc = u->store.sync(s->h, s->info.offset);
		pthread_mutex_lock(&u->lock);
	}
	if (rc < 0)
		s->broken = 1;
	else
		s->acked = s->info.offset;
	return rc;
}

int mup_session_set_length(mummy_upload *u, struct mup_session *s, uint64_t length)
{
	int rc;

	if (length == MUMMY_UPLOAD_UNKNOWN || s->info.length != MUMMY_UPLOAD_UNKNOWN)
		return 0;
	if (!u->store.set_length)
		return -EOPNOTSUPP;
	pthread_mutex_unlock(&u->lock);
	rc = u->store.set_length(s->h, length);
	pthread_mutex_lock(&u->lock);
	if (rc < 0)
		s->broken = 1;
	else
		s->info.length = length;
	return rc;
}

int mup_session_hold(mummy_upload *u, struct mup_session *s)
{
	int rc;

	pthread_mutex_unlock(&u->lock);
	rc = u->store.hold(s->h);
	pthread_mutex_lock(&u->lock);
	if (rc < 0)
		s->broken = 1;
	s->held = rc == 0;
	return rc;
}

int mup_session_settle(mummy_upload *u, struct mup_session *s, int keep)
{
	uint64_t off = s->info.offset + (keep ? s->pending : 0);
	int rc;

	if (!s->loaded || !s->held)
		return 0;
	pthread_mutex_unlock(&u->lock);
	rc = u->store.settle(s->h, off);
	pthread_mutex_lock(&u->lock);
	s->held = 0;
	s->pending = 0;
	if (rc < 0)
		s->broken = 1;
	else
		s->info.offset = off;
	return rc;
}

void mup_session_uncount(mummy_upload *u, struct mup_session *s)
{
	if (s->counted)
		mup_open_drop(u, s->priv.client);
	s->counted = 0;
}

void mup_session_cut(mummy_upload *u, struct mup_session *s)
{
	struct mummy_upload_transfer *old = s->writer;
	void (*cancel)(void *conn);

	s->epoch++;
	mup_session_settle(u, s, 0);
	if (!old)
		return;
	s->writer = NULL;
	u->stats.writing--;
	cancel = old->cancel;
	if (!cancel)
		return;
	/* the old one's end waits for this, so that conn stays valid; it may begin meanwhile and forget
	 * cancel */
	old->canceling = 1;
	pthread_mutex_unlock(&u->lock);
	cancel(old->conn);
	pthread_mutex_lock(&u->lock);
	old->canceling = 0;
	pthread_cond_broadcast(&u->idle);
}

void mup_draft_cut(mummy_upload *u, struct mup_session *s)
{
	if (s->writer && s->writer->draft.on)
		mup_session_settle(u, s, 1);
	mup_session_cut(u, s);
}

int mup_session_retire(mummy_upload *u, struct mup_session *s, const struct mummy_upload_info *info,
		       int expired)
{
	int rc;

	mup_session_cut(u, s);
	/* who has it open may be the one that the store would wait for */
	if (s->loaded)
		close_handle(u, s);
	pthread_mutex_unlock(&u->lock);
	if (info && u->opt.events.removing)
		u->opt.events.removing(u->opt.ctx, info, expired);
	rc = u->store.remove(u->store.ctx, s->id);
	pthread_mutex_lock(&u->lock);
	if (rc < 0)
		return rc;
	s->removed = 1;
	mup_session_uncount(u, s);
	mup_final_forget(u, s->id);
	return 0;
}

int mup_session_remove(mummy_upload *u, struct mup_session *s)
{
	return mup_session_retire(u, s, NULL, 0);
}

void mup_session_info(const mummy_upload *u, const struct mup_session *s, struct mummy_upload_info *out)
{
	*out = s->info;
	memcpy(out->id, s->id, sizeof s->id);
	out->expires = mup_expires(u, s->id, out, &s->priv);
	out->client = s->priv.client[0] ? s->priv.client : NULL;
	out->request_id = s->asker.request_id;
}
