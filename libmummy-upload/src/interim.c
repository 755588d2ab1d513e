/* What the draft tells before the answer: 104 (Upload Resumption Supported). And its digests. */
#include <config.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "engine.h"
#include "mummy-common.h"
#include "sf.h"

static void copy(mummy_upload_reply *to, const mummy_upload_reply *from, const char *name)
{
	const char *value = mup_reply_value(from, name);

	if (value)
		mup_reply_add(to, name, value);
}

/* Its version is told to those who know it alone: for others it is not there. */
static mummy_upload_reply *begin(const mummy_upload_transfer *t)
{
	mummy_upload_reply *r = t->inform && t->draft.version ? mup_reply_new() : NULL;

	if (!r)
		return NULL;
	mup_reply_status(r, 104);
	mup_reply_addf(r, "Upload-Draft-Interop-Version", "%u", t->draft.version);
	return r;
}

static int send(mummy_upload_transfer *t, mummy_upload_reply *r)
{
	int rc = mup_reply_error(r);

	if (rc == 0)
		rc = t->inform(t->conn, r);
	mummy_upload_reply_free(r);
	return rc;
}

int mup_draft_created(mummy_upload_transfer *t)
{
	mummy_upload_reply *r = begin(t);

	if (!r)
		return -ENOTSUP;
	copy(r, t->reply, "Location");
	copy(r, t->reply, "Upload-Limit");
	return send(t, r);
}

int mup_draft_due(mummy_upload_transfer *t)
{
	const uint64_t now = t->inform && t->draft.version ? mummy_now_ms() : 0;

	if (!now || now - t->inform_ms < t->u->opt.progress_ms)
		return 0;
	t->inform_ms = now;
	/* what is held does not count yet */
	return !t->s->held && t->s->info.offset != t->told;
}

int mup_draft_progress(mummy_upload_transfer *t, uint64_t offset)
{
	mummy_upload_reply *r = begin(t);

	if (!r)
		return -ENOTSUP;
	t->told = offset;
	mup_reply_addf(r, "Upload-Offset", "%llu", (unsigned long long)offset);
	return send(t, r);
}

static const struct {
	const char *key, *name;
} known[] = { { "sha-512", "sha512" }, { "sha-256", "sha256" } };

/* The strongest digest of a field that works here, into c: its name, or NULL. */
static const char *find_digest(const struct mup_request *r, const char *field, struct mup_checksum *c,
			       struct mup_sf_item *it)
{
	const char *p;
	size_t n;

	if (!r->u->algorithms[0] || mup_header(r, field, &p, &n) != 1)
		return NULL;
	for (size_t i = 0; i < 2; i++)
		if (mup_sf_member(p, n, known[i].key, it) == 1 && it->type == MUP_SF_BYTES
		    && mup_checksum_set(c, known[i].name, it->p, it->n) == 1)
			return known[i].name;
	return NULL;
}

void mup_draft_digest(struct mup_request *r)
{
	struct mup_sf_item it;

	if (!r->sum.len)
		find_digest(r, "Content-Digest", &r->sum, &it);
}

void mup_draft_repr_digest(const struct mup_request *r, char out[MUP_DIGEST_SIZE])
{
	struct mup_checksum c = { .len = 0 };
	struct mup_sf_item it;
	const char *name = r->u->store.read ? find_digest(r, "Repr-Digest", &c, &it) : NULL;

	if (name)
		snprintf(out, MUP_DIGEST_SIZE, "%s:%.*s", name, (int)it.n, it.p);
}
