/*
 * "Resumable Uploads for HTTP" (draft-ietf-httpbis-resumable-upload), interop versions 3 to 8. An upload that
 * is begun by it is whole when a request says so, not when it has as many octets as were announced.
 */
#include <config.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include "engine.h"
#include "sf.h"

#define OLDEST 3
#define NEWEST 8

static int is(const struct mup_request *r, const char *method)
{
	return r->method_len == strlen(method) && !memcmp(r->method, method, r->method_len);
}

/* What is said in two lines, or is no such item, is as if it had not been said (RFC 9651 section 4.2). */
static int item(const struct mup_request *r, const char *name, enum mup_sf_type type, int64_t *out)
{
	struct mup_sf_item it;
	const char *p;
	size_t n;

	if (!r->req->header || r->req->header(r->req->ctx, name, 1, &n) || mup_header(r, name, &p, &n) != 1
	    || mup_sf_item(p, n, &it) < 0 || it.type != type)
		return 0;
	*out = it.number;
	return 1;
}

static int size_item(const struct mup_request *r, const char *name, uint64_t *out)
{
	int64_t value = 0;

	if (!item(r, name, MUP_SF_INTEGER, &value) || value < 0)
		return 0;
	*out = (uint64_t)value;
	return 1;
}

static int is_partial(const struct mup_request *r)
{
	static const char type[] = "application/partial-upload";
	const char *p;
	size_t n;

	if (mup_header(r, "Content-Type", &p, &n) != 1 || n < sizeof type - 1
	    || strncasecmp(p, type, sizeof type - 1) != 0)
		return 0;
	return n == sizeof type - 1 || strchr("; \t", p[sizeof type - 1]);
}

void mup_draft_read(struct mup_request *r)
{
	struct mup_draft *d = &r->draft;
	int64_t version = 0, value;
	const char *p;
	size_t n;
	int said;

	d->complete = -1;
	if (mup_header(r, "Tus-Resumable", &p, &n) != 0)
		return;
	said = item(r, "Upload-Draft-Interop-Version", MUP_SF_INTEGER, &version);
	if (version >= OLDEST && version <= NEWEST)
		d->version = (unsigned)version;
	if (item(r, "Upload-Complete", MUP_SF_BOOLEAN, &value))
		d->complete = value != 0;
	else if (d->version == 3 && item(r, "Upload-Incomplete", MUP_SF_BOOLEAN, &value))
		d->complete = value == 0;
	d->appends = is(r, "PATCH");
	/* before it was asked for, a body was the last one */
	if (d->complete < 0 && d->appends && d->version && d->version < 6)
		d->complete = 1;
	if (is(r, "POST") || is(r, "PUT"))
		d->on = d->complete >= 0;
	else
		d->on = said || d->complete >= 0 || (d->appends && is_partial(r));
}

void mup_draft_guess(struct mup_request *r)
{
	struct mup_session *s;
	const char *p;
	size_t n;

	if (r->draft.on || !r->id || (!is(r, "HEAD") && !is(r, "DELETE"))
	    || mup_header(r, "Tus-Resumable", &p, &n) != 0 || mup_enter(r->u, r->id, 0, &s) < 0)
		return;
	r->draft.on = (s->priv.flags & MUP_DRAFT) != 0;
	mup_exit(r->u, s, NULL);
}

int mup_draft_length(struct mup_request *r, uint64_t *length)
{
	const uint64_t body = r->req->body_length;
	const int all = r->draft.complete == 1 && body != MUMMY_UPLOAD_UNKNOWN;
	uint64_t said = MUMMY_UPLOAD_UNKNOWN;

	size_item(r, "Upload-Length", &said);
	*length = all ? body : said;
	if (said != MUMMY_UPLOAD_UNKNOWN && body != MUMMY_UPLOAD_UNKNOWN
	    && (all ? body != said : body > said))
		return mup_draft_problem(r, MUP_LENGTHS, 0, 0);
	if (*length == MUMMY_UPLOAD_UNKNOWN && !r->u->store.set_length)
		return mup_refuse(r, 411, "the length of the content is needed\n");
	return 1;
}

int mup_draft_patch(struct mup_request *r, mummy_upload_transfer **out)
{
	const uint64_t body = r->req->body_length;
	struct mup_append a = { .total = MUMMY_UPLOAD_UNKNOWN, .len = body };
	int known;

	if (!is_partial(r) && (!r->draft.version || r->draft.version >= 6)) {
		mup_reply_add(r->reply, "Accept-Patch", "application/partial-upload");
		return mup_refuse(r, 415, "Content-Type has to be application/partial-upload\n");
	}
	if (r->draft.complete < 0)
		return mup_refuse(r, 400, "Upload-Complete has to be ?0 or ?1\n");
	if (!size_item(r, "Upload-Offset", &a.offset))
		return mup_refuse(r, 400, "Upload-Offset has to be a number\n");
	known = size_item(r, "Upload-Length", &a.total);
	r->whole = r->draft.complete;
	if (r->whole && body != MUMMY_UPLOAD_UNKNOWN) {
		const uint64_t end = body < MUP_MOST - a.offset ? a.offset + body : MUP_MOST;

		a.clash = known && a.total != end;
		a.total = end;
	}
	if (r->whole)
		mup_reply_location(r, r->id);
	return mup_append(r, &a, out);
}

static void limits(mummy_upload_reply *reply, uint64_t max_bytes, int64_t age, unsigned version)
{
	const char *name = version && version < 7 ? "expires" : "max-age";
	const unsigned long long most = 999999999999999;   /* an Integer has no more */
	char size[48] = "min-size=0", expires[48] = "";

	if (max_bytes)
		snprintf(size, sizeof size, "max-size=%llu",
			 max_bytes < most ? (unsigned long long)max_bytes : most);
	if (age >= 0)
		snprintf(expires, sizeof expires, "%s%s=%lld", max_bytes ? ", " : "", name, (long long)age);
	mup_reply_addf(reply, "Upload-Limit", "%s%s", max_bytes || age < 0 ? size : "", expires);
}

static int64_t age_of(const mummy_upload *u, const struct mup_session *s)
{
	const int64_t expires = mup_expires(u, s->id, &s->info, &s->priv), now = u->clock(NULL);

	return !expires ? -1 : expires > now ? expires - now : 0;
}

void mup_draft_limits(const struct mup_request *r, const struct mup_session *s)
{
	const struct mummy_upload_options *o = &r->u->opt;

	if (s)
		limits(r->reply, s->priv.max_bytes, age_of(r->u, s), r->draft.version);
	else
		limits(r->reply, o->max_bytes, o->expire_s && r->u->store.remove ? (int64_t)o->expire_s : -1,
		       r->draft.version);
}

static void add_complete(mummy_upload_reply *reply, unsigned version, int complete)
{
	if (version == 3)
		mup_reply_add(reply, "Upload-Incomplete", complete ? "?0" : "?1");
	else
		mup_reply_add(reply, "Upload-Complete", complete ? "?1" : "?0");
}

/* A part of another upload is never finished by itself. */
static int is_whole(const struct mup_session *s)
{
	return s->info.state == MUMMY_UPLOAD_FINISHED
		|| (s->concat == MUP_PARTIAL && s->info.offset == s->info.length);
}

void mup_draft_state(const struct mup_request *r, const struct mup_session *s)
{
	mup_reply_addf(r->reply, "Upload-Offset", "%llu", (unsigned long long)s->info.offset);
	if (s->info.length != MUMMY_UPLOAD_UNKNOWN)
		mup_reply_addf(r->reply, "Upload-Length", "%llu", (unsigned long long)s->info.length);
	add_complete(r->reply, r->draft.version, is_whole(s));
	mup_draft_limits(r, s);
}

int mup_draft_status(const struct mup_draft *d, const struct mup_session *s)
{
	return !d->appends || is_whole(s) || (d->version && d->version < 6) ? 201 : 204;
}

void mup_draft_refused(struct mup_request *r, int status)
{
	/* where it lies is told with the content that is there, or was begun */
	if (r->draft.appends)
		mup_reply_remove(r->reply, "Location");
	if (!r->draft.own && (r->draft.appends || r->draft.complete >= 0))
		add_complete(r->reply, r->draft.version, 0);
	if (status == 413 && !mup_reply_value(r->reply, "Upload-Limit"))
		mup_draft_limits(r, NULL);
}

int mup_refuse_content(struct mup_request *r, int status, const char *text)
{
	if (r->draft.on) {
		add_complete(r->reply, r->draft.version, 1);
		r->draft.own = 1;
	}
	return mup_refuse(r, status, text);
}

int mup_draft_problem(struct mup_request *r, enum mup_problem what, uint64_t expected, uint64_t provided)
{
	static const struct { int status; const char *type, *title; } all[] = {
		[MUP_MISMATCH] = { 409, "mismatching-upload-offset",
				   "offset from request does not match offset of resource" },
		[MUP_LENGTHS] = { 400, "inconsistent-upload-length",
				  "inconsistent length values for upload" },
		[MUP_COMPLETED] = { 400, "completed-upload", "upload is already completed" },
	};
	char text[384], more[96] = "";

	if (what == MUP_MISMATCH)
		snprintf(more, sizeof more, ",\"expected-offset\":%llu,\"provided-offset\":%llu",
			 (unsigned long long)expected, (unsigned long long)provided);
	snprintf(text, sizeof text,
		 "{\"type\":\"https://iana.org/assignments/http-problem-types#%s\",\"title\":\"%s\"%s}",
		 all[what].type, all[what].title, more);
	mup_reply_words(r->reply, text, sizeof text);
	if (what == MUP_COMPLETED)
		mup_refuse_content(r, all[what].status, all[what].title);
	else
		mup_refuse(r, all[what].status, all[what].title);
	mup_reply_add(r->reply, "Content-Type", "application/problem+json");
	return 0;
}
