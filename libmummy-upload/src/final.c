/* Uploads that are made of others (TUS 1.0.0, concatenation). */
#include <config.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "engine.h"

#define COPY_BYTES ((uint64_t)1 << 30)   /* between two looks at who else wants the upload */

/* Without a gate: takes the one of a part; 0, or a negative errno, with the lock held either way. Who is
 * making one final upload of parts that had not expired then goes on with them. */
static int enter_part(mummy_upload *u, const char *id, struct mup_session **out)
{
	struct mup_session *s = mup_session_get(u, id);
	int rc;

	if (!s)
		return -ENOMEM;
	mup_gate_enter(u, s);
	rc = mup_session_load(u, s, 0);
	if (rc == 0 && s->concat != MUP_PARTIAL)
		rc = -EINVAL;
	*out = s;
	if (rc < 0) {
		mup_gate_leave(u, s);
		mup_session_put(u, s);
	}
	return rc;
}

static void leave_part(mummy_upload *u, struct mup_session *s)
{
	mup_gate_leave(u, s);
	mup_session_put(u, s);
}

static int has_expired(const mummy_upload *u, const struct mup_session *s, int64_t now)
{
	const int64_t expires = now ? mup_expires(u, s->id, &s->info, &s->priv) : 0;

	return expires && expires <= now && !s->writer;
}

int mup_final_measure(mummy_upload *u, const char *concat, int64_t now, uint64_t *length)
{
	const char *at = NULL;
	char id[MUP_ID_SIZE];
	struct mup_session *s;
	int missing = 0, expired = 0, rc;

	*length = 0;
	while (!expired && mup_concat_next(concat, &at, id)) {
		rc = enter_part(u, id, &s);
		if (rc < 0)
			return rc;
		expired = has_expired(u, s, now);
		missing |= s->info.offset != s->info.length;
		if (s->info.length == MUMMY_UPLOAD_UNKNOWN || *length == MUMMY_UPLOAD_UNKNOWN)
			*length = MUMMY_UPLOAD_UNKNOWN;
		else
			*length = s->info.length < MUP_MOST - *length ? *length + s->info.length : MUP_MOST;
		leave_part(u, s);
	}
	return expired ? -ESTALE : missing;
}

static int learn_length(mummy_upload *u, struct mup_session *s, uint64_t length)
{
	if (length == MUMMY_UPLOAD_UNKNOWN || length == s->info.length)
		return 0;
	if (s->info.length != MUMMY_UPLOAD_UNKNOWN)
		return -EBADMSG;
	if (length == MUP_MOST || (s->priv.max_bytes && length > s->priv.max_bytes))
		return -EFBIG;
	return mup_session_set_length(u, s, length);
}

/* Inside both gates. */
static int copy_some(mummy_upload *u, struct mup_session *s, struct mup_session *part, uint64_t from,
		     uint64_t n)
{
	int rc;

	if (n > part->info.offset - from)
		n = part->info.offset - from;
	if (n > s->info.length - s->info.offset)
		return -EBADMSG;
	pthread_mutex_unlock(&u->lock);
	rc = u->store.append(s->h, s->info.offset, part->h, from, n);
	pthread_mutex_lock(&u->lock);
	if (rc < 0) {
		s->broken = 1;
		return rc;
	}
	s->info.offset += n;
	s->info.modified = u->clock(NULL);
	u->stats.bytes += n;
	return 0;
}

static int copy_part(mummy_upload *u, struct mup_session *s, const char *id)
{
	const struct mup_asker asker = s->asker;
	struct mup_session *part;
	uint64_t from = 0, start = s->info.offset, length;
	int rc = enter_part(u, id, &part);

	if (rc < 0)
		return rc;
	length = part->info.offset;
	leave_part(u, part);
	while (rc == 0 && from < length) {
		/* others may look at it, and remove it, but not finish it */
		mup_gate_leave(u, s);
		mup_gate_enter(u, s);
		s->asker = asker;
		rc = mup_session_load(u, s, MUMMY_UPLOAD_WRITE);
		if (rc == 0 && s->info.offset != start + from)
			rc = -EIO;
		if (rc < 0)
			break;
		rc = enter_part(u, id, &part);
		if (rc < 0)
			break;
		rc = copy_some(u, s, part, from, COPY_BYTES);
		leave_part(u, part);
		from = s->info.offset - start;
	}
	return rc;
}

/* What an earlier try left. */
static int start_over(mummy_upload *u, struct mup_session *s)
{
	int rc;

	if (s->info.offset == 0)
		return 0;
	pthread_mutex_unlock(&u->lock);
	rc = u->store.settle(s->h, 0);
	pthread_mutex_lock(&u->lock);
	if (rc < 0)
		s->broken = 1;
	else
		s->info.offset = s->acked = 0;
	return rc;
}

int mup_final_join(mummy_upload *u, struct mup_session *s)
{
	char *concat = strdup(s->info.concat), id[MUP_ID_SIZE];
	const char *at = NULL;
	uint64_t length;
	int rc;

	/* the session's own string goes when it is loaded again */
	if (!concat)
		return -ENOMEM;
	rc = mup_final_measure(u, concat, 0, &length);
	if (rc >= 0) {
		int error = learn_length(u, s, length);

		rc = error < 0 ? error : rc;
	}
	if (rc == 0)
		rc = start_over(u, s);
	if (rc == 0) {
		s->finishing = 1;
		while (rc == 0 && mup_concat_next(concat, &at, id))
			rc = copy_part(u, s, id);
		s->finishing = 0;
	}
	if (rc == 0 && s->info.offset != s->info.length)
		rc = -EBADMSG;
	free(concat);
	return rc;
}

int mup_final_wait(mummy_upload *u, const char *id, const struct mummy_upload_info *info, unsigned expire_s)
{
	struct mup_final *f = calloc(1, sizeof *f);

	if (f)
		f->concat = strdup(info->concat);
	if (!f || !f->concat) {
		free(f);
		return -ENOMEM;
	}
	memcpy(f->id, id, MUP_ID_LEN);
	f->active = info->modified > info->created ? info->modified : info->created;
	f->expire_s = expire_s;
	f->next = u->finals;
	u->finals = f;
	return 0;
}

void mup_final_touch(mummy_upload *u, const char *part, int64_t then)
{
	for (struct mup_final *f = u->finals; f; f = f->next)
		if (f->active < then && strstr(f->concat, part))
			f->active = then;
}

int64_t mup_final_keeps(const mummy_upload *u, const char *id, const char *concat)
{
	const enum mup_concat kind = mup_concat_kind(concat);
	int64_t until = 0;

	for (const struct mup_final *f = u->finals; f && kind != MUP_WHOLE; f = f->next)
		if (!strcmp(f->id, id) || (kind == MUP_PARTIAL && strstr(f->concat, id))) {
			const int64_t end = f->expire_s ? f->active + (int64_t)f->expire_s : INT64_MAX;

			until = end > until ? end : until;
		}
	return until;
}

void mup_final_forget(mummy_upload *u, const char *id)
{
	struct mup_final **at, *f;

	for (at = &u->finals; (f = *at) != NULL; at = &f->next)
		if (!strcmp(f->id, id)) {
			*at = f->next;
			free(f->concat);
			free(f);
			return;
		}
}

int mup_final_try(mummy_upload *u, const char *id)
{
	struct mummy_upload_info *done = NULL;
	struct mup_session *s;
	int rc = mup_enter(u, id, MUMMY_UPLOAD_WRITE, &s);

	if (rc < 0)
		return rc;
	if (s->concat == MUP_FINAL && s->info.state == MUMMY_UPLOAD_OPEN && !s->finishing) {
		rc = mup_complete(s) ? 0 : mup_final_join(u, s);
		if (rc == 0)
			rc = mup_finish(u, s, &done);
		if (rc < 0 && rc != -ENOENT)
			mup_log(u, 1, "cannot be put together yet", id);
	}
	mup_exit(u, s, done);
	return rc;
}

/* With the lock held: the next one that waits for part, behind the one called after. */
static int next_waiting(mummy_upload *u, const char *part, unsigned *skip, char id[MUP_ID_SIZE])
{
	unsigned n = 0;

	for (const struct mup_final *f = u->finals; f; f = f->next)
		if (strstr(f->concat, part) && n++ == *skip) {
			memcpy(id, f->id, MUP_ID_SIZE);
			return 1;
		}
	return 0;
}

void mup_final_part_done(mummy_upload *u, const char *part)
{
	char id[MUP_ID_SIZE];
	unsigned skip = 0;
	int more, rc;

	for (;;) {
		pthread_mutex_lock(&u->lock);
		more = next_waiting(u, part, &skip, id);
		pthread_mutex_unlock(&u->lock);
		if (!more)
			return;
		rc = mup_final_try(u, id);
		if (rc != 0 && rc != -ENOENT) {
			skip++;
			continue;
		}
		pthread_mutex_lock(&u->lock);
		mup_final_forget(u, id);
		pthread_mutex_unlock(&u->lock);
	}
}
