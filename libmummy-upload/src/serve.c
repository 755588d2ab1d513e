#include <config.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "conditions.h"
#include "engine.h"
#include "metadata.h"
#include "range.h"

static void describe(struct mup_request *r, const struct mup_session *s)
{
	const struct mummy_upload_info *info = &s->info;

	mup_reply_state(r, s);
	mup_reply_status(r->reply, r->draft.on ? 204 : 200);
	if (r->draft.on)
		return;
	/* how much was copied so far is nothing to go by */
	if (s->concat == MUP_FINAL && info->state != MUMMY_UPLOAD_FINISHED)
		mup_reply_remove(r->reply, "Upload-Offset");
	if (info->concat)
		mup_reply_add(r->reply, "Upload-Concat", info->concat);
	if (info->length == MUMMY_UPLOAD_UNKNOWN && s->concat != MUP_FINAL)
		mup_reply_add(r->reply, "Upload-Defer-Length", "1");
	else if (info->length != MUMMY_UPLOAD_UNKNOWN)
		mup_reply_addf(r->reply, "Upload-Length", "%llu", (unsigned long long)info->length);
	if (info->metadata)
		mup_reply_add(r->reply, "Upload-Metadata", info->metadata);
}

/* A client that cut its body off behind the last octet, and asks at once, takes the upload for finished, and
 * may want the file. The writer whose end has not been seen has nothing to add, unless somebody is to be
 * asked: a refusal is for who sent it. */
static int is_for_writer(const mummy_upload *u, const struct mup_session *s)
{
	return s->writer && (s->held || s->writer->draft.on || u->opt.events.pre_finish || s->priv.digest[0]);
}

int mup_head(struct mup_request *r)
{
	struct mummy_upload_info *done = NULL;
	struct mup_session *s;
	int rc;

	mup_reply_add(r->reply, "Cache-Control", "no-store");
	if (mup_visit(r, 0, &s) < 0)
		return 0;
	/* an offset of the draft has to be one that the next request may use; in TUS a writer goes on */
	if (r->draft.on && s->writer)
		mup_draft_cut(r->u, s);
	/* who hears of it elsewhere takes all octets for all there is to say */
	if (!r->draft.on && mup_complete(s))
		s->ended = 1;
	/* the client takes the offset as acknowledged, so it has to be as safe as one */
	rc = s->concat == MUP_FINAL ? 0 : mup_session_sync(r->u, s);
	if (s->concat == MUP_FINAL && s->info.state == MUMMY_UPLOAD_OPEN && !s->finishing && !mup_complete(s)
	    && mup_session_load(r->u, s, MUMMY_UPLOAD_WRITE) == 0)
		mup_final_join(r->u, s);   /* if it fails, it is not finished yet */
	if (rc == 0 && !is_for_writer(r->u, s))
		rc = mup_finish(r->u, s, &done);
	if (rc == 0)
		describe(r, s);
	mup_exit(r->u, s, done);
	return rc ? mup_refuse_code(r, rc) : 0;
}

int mup_delete(struct mup_request *r)
{
	mummy_upload *u = r->u;
	struct mummy_upload_info info, *copy;
	struct mup_session *s;
	int rc;

	if (mup_visit(r, 0, &s) < 0)
		return 0;
	mup_session_info(u, s, &info);
	copy = mup_info_copy(&info);
	rc = copy ? mup_session_retire(u, s, copy, 0) : -ENOMEM;
	if (rc == 0)
		u->stats.terminated++;
	mup_exit(u, s, NULL);
	if (rc == 0)
		mup_event_post(u, MUP_TERMINATED, copy);
	free(copy);
	if (rc < 0)
		return mup_refuse_code(r, rc);
	mup_reply_status(r->reply, 204);
	return 0;
}

/* "type/subtype" of the metadata, when it is one (RFC 9110 section 8.3.1); parameters are left out. */
static void add_type(mummy_upload_reply *reply, const char *metadata)
{
	static const char token[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$&-^_.+";
	char type[128];
	size_t n;

	if (metadata && (mup_metadata_get(metadata, "filetype", type, sizeof type) > 0
			 || mup_metadata_get(metadata, "type", type, sizeof type) > 0)) {
		n = strspn(type, token);
		if (n > 0 && type[n] == '/' && strspn(type + n + 1, token) > 0) {
			n += 1 + strspn(type + n + 1, token);
			type[n] = '\0';
			mup_reply_add(reply, "Content-Type", type);
			return;
		}
	}
	mup_reply_add(reply, "Content-Type", "application/octet-stream");
}

/* RFC 6266, with the name in the form of RFC 8187 alone. */
static void add_disposition(mummy_upload_reply *reply, const char *metadata)
{
	char raw[1024], name[MUP_NAME_SIZE], text[3 * MUP_NAME_SIZE], *to = text;
	int n = -1;

	if (metadata)
		n = mup_metadata_get(metadata, "filename", raw, sizeof raw);
	if (metadata && n < 0)
		n = mup_metadata_get(metadata, "name", raw, sizeof raw);
	if (n <= 0 || mup_name_safe(raw, (size_t)n, name) == 0) {
		mup_reply_add(reply, "Content-Disposition", "attachment");
		return;
	}
	for (const unsigned char *p = (const unsigned char *)name; *p; p++) {
		if ((*p >= '0' && *p <= '9') || (*p >= 'A' && *p <= 'Z') || (*p >= 'a' && *p <= 'z')
		    || strchr("-._~", *p)) {
			*to++ = (char)*p;
		} else {
			*to++ = '%';
			*to++ = "0123456789ABCDEF"[*p >> 4];
			*to++ = "0123456789ABCDEF"[*p & 15];
		}
	}
	*to = '\0';
	mup_reply_addf(reply, "Content-Disposition", "attachment; filename*=UTF-8''%s", text);
}

static int send_file(struct mup_request *r, int fd, uint64_t size, const struct mup_validators *v)
{
	uint64_t from = 0, n = size;
	const char *p;
	size_t len;
	int part = 0;

	if (mup_condition_range(r, v) && mup_header(r, "Range", &p, &len) == 1)
		part = mup_range(p, len, size, &from, &n);
	mup_reply_file(r->reply, fd, from, n);
	mup_reply_status(r->reply, part ? 206 : 200);
	mup_reply_add(r->reply, "Accept-Ranges", "bytes");
	if (part < 0) {
		mup_reply_drop_file(r->reply);
		mup_reply_addf(r->reply, "Content-Range", "bytes */%llu", (unsigned long long)size);
		return mup_refuse(r, 416, "the range is not in the file\n");
	}
	if (part)
		mup_reply_addf(r->reply, "Content-Range", "bytes %llu-%llu/%llu", (unsigned long long)from,
			       (unsigned long long)(from + n - 1), (unsigned long long)size);
	mup_reply_add(r->reply, "X-Content-Type-Options", "nosniff");
	mup_reply_add(r->reply, "Content-Security-Policy", "sandbox; default-src 'none'");
	return 0;
}

static void add_validators(mummy_upload_reply *reply, const struct mup_validators *v)
{
	mup_reply_add(reply, "ETag", v->tag);
	mup_reply_add_date(reply, "Last-Modified", v->modified);
	/* it may be kept, but who deletes an upload does not want it to be served any more */
	mup_reply_add(reply, "Cache-Control", "no-cache");
}

static int refuse_condition(struct mup_request *r, int status)
{
	if (status == 412)
		return mup_refuse(r, status, "the file is not the one that was asked for\n");
	mup_reply_status(r->reply, status);
	return 0;
}

int mup_get(struct mup_request *r)
{
	struct mup_session *s;
	const char *p;
	struct mup_validators v;
	uint64_t size;
	size_t n;
	int fd, rc;

	if (mup_visit(r, 0, &s) < 0)
		return 0;
	if (s->priv.flags & MUP_DRAFT && mup_header(r, "Tus-Resumable", &p, &n) == 0)
		r->draft.on = 1;
	if (r->draft.on)
		mup_reply_remove(r->reply, "Tus-Resumable");
	if (s->info.state != MUMMY_UPLOAD_FINISHED && r->draft.on) {
		mup_exit(r->u, s, NULL);
		return mup_head(r);
	}
	if (r->draft.on)
		mup_draft_state(r, s);
	if (s->info.state != MUMMY_UPLOAD_FINISHED) {
		mup_exit(r->u, s, NULL);
		return mup_refuse(r, 404, "the upload is not finished\n");
	}
	size = s->info.length;
	pthread_mutex_unlock(&r->u->lock);
	fd = r->u->store.read(s->h);
	rc = fd < 0 ? fd : mup_validators(&v, s->id, fd);
	if (rc == 0)
		rc = mup_conditions(r, &v);
	pthread_mutex_lock(&r->u->lock);
	if (rc == 0) {
		add_type(r->reply, s->info.metadata);
		add_disposition(r->reply, s->info.metadata);
	}
	mup_exit(r->u, s, NULL);
	if (rc == 0 || rc == 304)
		add_validators(r->reply, &v);
	if (rc == 0)
		return send_file(r, fd, size, &v);
	if (fd >= 0)
		close(fd);
	return rc < 0 ? mup_refuse_code(r, rc) : refuse_condition(r, rc);
}
