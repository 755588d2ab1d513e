#include <config.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "engine.h"

int mup_complete(const struct mup_session *s)
{
	return s->info.state == MUMMY_UPLOAD_OPEN && s->info.offset == s->info.length
	       && s->concat != MUP_PARTIAL;
}

/* Whether all of it is what was said at the creation: 0, 400, <0 nobody knows. */
static int compare(const char *digest, int fd, char text[MUMMY_UPLOAD_TEXT])
{
	struct mup_checksum c = { .len = 0 };
	const char *colon = strchr(digest, ':');
	char name[16];
	int rc;

	if (!colon)
		return 0;
	snprintf(name, sizeof name, "%.*s", (int)(colon - digest), digest);
	if (fd < 0 || mup_checksum_set(&c, name, colon + 1, strlen(colon + 1)) < 0)
		return -EIO;
	rc = mup_checksum_file(&c, fd);
	if (rc != -EILSEQ)
		return rc;
	snprintf(text, MUMMY_UPLOAD_TEXT, "the content is not what its Repr-Digest says");
	return 400;
}

/* Outside the gate, which the callback may need; finishing keeps others from doing the same. */
static int ask(mummy_upload *u, struct mup_session *s)
{
	const struct mup_asker asker = s->asker;
	char text[MUMMY_UPLOAD_TEXT] = "", digest[MUP_DIGEST_SIZE];
	struct mummy_upload_info info, *copy;
	int rc, fd = -1;

	mup_session_info(u, s, &info);
	copy = mup_info_copy(&info);
	if (!copy)
		return -ENOMEM;
	memcpy(digest, s->priv.digest, sizeof digest);
	s->finishing = 1;
	pthread_mutex_unlock(&u->lock);
	if (u->store.read)
		fd = u->store.read(s->h);
	pthread_mutex_lock(&u->lock);
	mup_gate_leave(u, s);
	pthread_mutex_unlock(&u->lock);
	rc = compare(digest, fd, text);
	if (rc == 0 && u->opt.events.pre_finish)
		rc = u->opt.events.pre_finish(u->opt.ctx, copy, fd < 0 ? -1 : fd, text);
	if (fd >= 0)
		close(fd);
	free(copy);
	pthread_mutex_lock(&u->lock);
	mup_gate_enter(u, s);
	s->asker = asker;
	s->finishing = 0;
	if (rc > 0 && !s->removed && asker.reply)
		mup_reply_words(asker.reply, text, sizeof text);
	return rc < 0 ? -EHOSTUNREACH : rc;
}

static int may_finish(mummy_upload *u, struct mup_session *s)
{
	int rc;

	if (!u->opt.events.pre_finish && !s->priv.digest[0])
		return 0;
	rc = ask(u, s);
	if (s->removed)
		return -ENOENT;
	if (rc > 0) {
		mup_log(u, 2, "refused when it was complete", s->id);
		mup_session_remove(u, s);
	}
	/* it may have been closed meanwhile */
	return rc ? rc : mup_session_load(u, s, MUMMY_UPLOAD_WRITE);
}

static int commit(mummy_upload *u, struct mup_session *s)
{
	const char *name = s->priv.name[0] ? s->priv.name : NULL;
	struct mummy_upload_info info = s->info;
	int rc;

	pthread_mutex_unlock(&u->lock);
	rc = u->store.finish(s->h, name, &info);
	pthread_mutex_lock(&u->lock);
	if (rc < 0) {
		s->broken = 1;
		mup_log(u, 0, "cannot be finished", s->id);
		return rc;
	}
	s->info = info;
	s->acked = info.offset;
	u->stats.finished++;
	mup_session_uncount(u, s);
	mup_final_forget(u, s->id);
	return 0;
}

/* What the draft began is whole when that was said. With a name it was, and finishing goes on. */
static int has_ended(const struct mup_session *s)
{
	return s->ended || s->info.name || !(s->priv.flags & MUP_DRAFT);
}

int mup_finish(mummy_upload *u, struct mup_session *s, struct mummy_upload_info **done)
{
	struct mummy_upload_info info;
	int rc;

	*done = NULL;
	if (!mup_is_open(&s->info))
		mup_session_uncount(u, s);
	if (!mup_complete(s) || s->finishing || !has_ended(s))
		return 0;
	rc = mup_session_load(u, s, MUMMY_UPLOAD_WRITE);
	if (rc == 0)
		rc = may_finish(u, s);
	if (rc == 0 && mup_complete(s))
		rc = commit(u, s);
	if (rc == 0 && s->info.state == MUMMY_UPLOAD_FINISHED && u->opt.events.post_finish) {
		mup_session_info(u, s, &info);
		*done = mup_info_copy(&info);
	}
	return rc;
}

int mup_enter(mummy_upload *u, const char *id, unsigned flags, struct mup_session **out)
{
	struct mup_session *s;
	int rc = -ENOMEM;

	pthread_mutex_lock(&u->lock);
	s = mup_session_get(u, id);
	if (s) {
		mup_gate_enter(u, s);
		rc = mup_session_load(u, s, flags);
		if (rc == 0) {
			*out = s;
			return 0;
		}
		mup_gate_leave(u, s);
		mup_session_put(u, s);
	}
	pthread_mutex_unlock(&u->lock);
	return rc;
}

void mup_exit(mummy_upload *u, struct mup_session *s, struct mummy_upload_info *done)
{
	char part[MUP_ID_SIZE];
	int part_done = s->loaded && s->concat == MUP_PARTIAL && !mup_is_open(&s->info) && u->finals;

	memcpy(part, s->id, sizeof part);
	mup_gate_leave(u, s);
	mup_session_put(u, s);
	pthread_mutex_unlock(&u->lock);
	if (part_done)
		mup_final_part_done(u, part);
	if (done)
		mup_event_post(u, MUP_POST_FINISH, done);
	free(done);
}
