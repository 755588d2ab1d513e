/* Walks over all uploads of the store: at the start, for a clean-up, for a list, at the end. */
#include <config.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "engine.h"
#include "mummy-common.h"

/* Calls each until it gives other than 0, which is passed on. */
static int walk(mummy_upload *u, int (*each)(void *arg, const struct mummy_upload_info *info), void *arg)
{
	struct mummy_upload_info info;
	void *cursor = NULL;
	int rc;

	for (;;) {
		memset(&info, 0, sizeof info);
		rc = u->store.list(u->store.ctx, &cursor, &info);
		if (rc < 0)
			return rc == -ENOENT ? 0 : rc;
		rc = each(arg, &info);
		if (rc) {
			u->store.list(u->store.ctx, &cursor, NULL);
			return rc;
		}
	}
}

/* Finishes an upload whose octets are all there; what goes wrong is left for another time. */
static void complete(mummy_upload *u, const char *id)
{
	struct mummy_upload_info *done = NULL;
	struct mup_session *s;

	if (mup_enter(u, id, MUMMY_UPLOAD_WRITE, &s) < 0)
		return;
	if (!s->writer)
		mup_finish(u, s, &done);
	mup_exit(u, s, done);
}

static int found(void *arg, const struct mummy_upload_info *info)
{
	mummy_upload *u = arg;
	struct mup_private priv;
	char line[160];
	int rc = 0;

	if (info->state == MUMMY_UPLOAD_QUARANTINED) {
		u->stats.quarantined++;
		snprintf(line, sizeof line, "quarantined: %s", info->reason ? info->reason : "inconsistent");
		mup_log(u, 1, line, info->id);
		return 0;
	}
	if (!mup_is_open(info))
		return 0;
	mup_private_read(&priv, info->private_state);
	if ((priv.flags & MUP_UNTOLD) && !info->name && u->store.remove) {
		/* its creation was never answered; with a name it may have been, and finishing goes on */
		u->store.remove(u->store.ctx, info->id);
		return 0;
	}
	pthread_mutex_lock(&u->lock);
	rc = mup_open_add(u, priv.client, 0);
	if (rc == 0 && mup_concat_kind(info->concat) == MUP_FINAL)
		rc = mup_final_wait(u, info->id, info, priv.expire_s);
	pthread_mutex_unlock(&u->lock);
	if (rc == 0 && info->offset == info->length)
		complete(u, info->id);
	return rc;
}

/* The parts of those that wait may have been seen before them. */
static int renew(void *arg, const struct mummy_upload_info *info)
{
	mummy_upload *u = arg;

	pthread_mutex_lock(&u->lock);
	if (mup_concat_kind(info->concat) == MUP_PARTIAL)
		mup_final_touch(u, info->id, info->modified);
	pthread_mutex_unlock(&u->lock);
	return 0;
}

int mup_recover(mummy_upload *u)
{
	int rc = walk(u, found, u);

	if (rc == 0 && u->finals)
		rc = walk(u, renew, u);
	/* the parts of the last one may have come before it */
	if (rc == 0)
		mup_final_part_done(u, "");
	return rc;
}

static int flush_one(void *arg, const struct mummy_upload_info *info)
{
	mummy_upload *u = arg;
	struct mup_session *s;

	if (info->state != MUMMY_UPLOAD_OPEN || mup_enter(u, info->id, MUMMY_UPLOAD_WRITE, &s) < 0)
		return 0;
	pthread_mutex_unlock(&u->lock);
	if (u->store.flush(s->h, s->info.offset) < 0)
		mup_log(u, 1, "cannot be made safe against a power cut", s->id);
	pthread_mutex_lock(&u->lock);
	mup_exit(u, s, NULL);
	return 0;
}

void mup_flush(mummy_upload *u)
{
	walk(u, flush_one, u);
}

struct cleanup {
	mummy_upload *u;
	int64_t next;
	int removed;
};

/* The time has to be asked again inside the gate: a writer may have renewed it. */
static int remove_expired(mummy_upload *u, const char *id)
{
	struct mummy_upload_info info, *copy = NULL;
	struct mup_session *s;
	int rc = 0;

	if (mup_enter(u, id, 0, &s) < 0)
		return 0;
	mup_session_info(u, s, &info);
	if (!s->writer && !s->finishing && info.expires && info.expires <= u->clock(NULL)) {
		copy = mup_info_copy(&info);
		rc = copy && mup_session_retire(u, s, copy, 1) == 0;
		u->stats.expired += (unsigned)rc;
	}
	mup_exit(u, s, NULL);
	if (rc)
		mup_event_post(u, MUP_EXPIRED, copy);
	free(copy);
	return rc;
}

static int clean_one(void *arg, const struct mummy_upload_info *info)
{
	struct cleanup *c = arg;
	struct mup_private priv;
	int64_t expires;

	if (info->state == MUMMY_UPLOAD_OPEN && mup_concat_kind(info->concat) == MUP_FINAL)
		mup_final_try(c->u, info->id);
	else if (mup_is_open(info) && info->offset == info->length)
		complete(c->u, info->id);
	mup_private_read(&priv, info->private_state);
	pthread_mutex_lock(&c->u->lock);
	expires = mup_expires(c->u, info->id, info, &priv);
	pthread_mutex_unlock(&c->u->lock);
	if (!expires)
		return 0;
	if (expires <= c->u->clock(NULL) && remove_expired(c->u, info->id))
		c->removed++;
	else if (expires < c->next)
		c->next = expires;
	return 0;
}

int mummy_upload_cleanup(mummy_upload *u, unsigned *next_s)
{
	struct cleanup c = { u, INT64_MAX, 0 };
	int64_t now;
	int rc;

	if (!u->store.list)
		return -EOPNOTSUPP;
	rc = walk(u, clean_one, &c);
	now = u->clock(NULL);
	if (next_s && c.next == INT64_MAX)
		*next_s = UINT_MAX;
	else if (next_s)
		*next_s = c.next <= now ? 1
			   : c.next - now < UINT_MAX ? (unsigned)(c.next - now) : UINT_MAX - 1;
	return rc < 0 ? rc : c.removed;
}

/* One that cannot be opened is removed all the same: quarantined uploads are. */
static int remove_unopened(mummy_upload *u, const char *id)
{
	struct mup_session *s;
	int rc = -ENOMEM;

	pthread_mutex_lock(&u->lock);
	s = mup_session_get(u, id);
	if (s) {
		mup_gate_enter(u, s);
		rc = s->removed ? -ENOENT : mup_session_remove(u, s);
		if (rc == 0 && u->stats.quarantined)
			u->stats.quarantined--;
		mup_gate_leave(u, s);
		mup_session_put(u, s);
	}
	pthread_mutex_unlock(&u->lock);
	return rc;
}

int mummy_upload_remove(mummy_upload *u, const char *id)
{
	struct mummy_upload_info info, *copy;
	struct mup_session *s;
	int rc;

	if (!u->store.remove)
		return -EOPNOTSUPP;
	if (!mup_id_valid(id, strlen(id)))
		return -ENOENT;
	rc = mup_enter(u, id, 0, &s);
	if (rc == -EBADMSG)
		return remove_unopened(u, id);
	if (rc < 0)
		return rc;
	mup_session_info(u, s, &info);
	copy = mup_info_copy(&info);
	rc = copy ? mup_session_retire(u, s, copy, 0) : -ENOMEM;
	u->stats.terminated += rc == 0;
	mup_exit(u, s, NULL);
	if (rc == 0)
		mup_event_post(u, MUP_TERMINATED, copy);
	free(copy);
	return rc;
}

struct list {
	mummy_upload *u;
	const struct mummy_upload_filter *f;
	int (*each)(void *ctx, const struct mummy_upload_info *info);
	void *ctx;
};

static int list_one(void *arg, const struct mummy_upload_info *info)
{
	const struct list *l = arg;
	const struct mummy_upload_filter *f = l->f;
	struct mummy_upload_info shown = *info;
	struct mup_private priv;

	mup_private_read(&priv, info->private_state);
	pthread_mutex_lock(&l->u->lock);
	shown.expires = mup_expires(l->u, info->id, info, &priv);
	pthread_mutex_unlock(&l->u->lock);
	shown.client = priv.client[0] ? priv.client : NULL;
	if (f && ((f->id && strcmp(f->id, info->id) != 0) || (f->states && !(f->states & 1u << info->state))
		  || (f->created_after && info->created <= f->created_after)
		  || (f->expires_before && (!shown.expires || shown.expires >= f->expires_before))))
		return 0;
	return l->each(l->ctx, &shown);
}

int mummy_upload_list(mummy_upload *u, const struct mummy_upload_filter *f,
		      int (*each)(void *ctx, const struct mummy_upload_info *info), void *ctx)
{
	struct list l = { u, f, each, ctx };

	if (f && !MUMMY_RESERVED_OK(f))
		return -EINVAL;
	return u->store.list ? walk(u, list_one, &l) : -EOPNOTSUPP;
}
