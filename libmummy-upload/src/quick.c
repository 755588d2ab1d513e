/*
 * quick.c - which requests are done without waiting, as far as their heads say: creations of small uploads
 * and bodies that begin one. Behind such a body nothing large can follow: no digest of much content, no
 * concatenation.
 */
#include <config.h>
#include <string.h>
#include "engine.h"

enum { QUICK_BYTES = 64 * 1024 };

static int has(const struct mup_request *r, const char *name)
{
	const char *p;
	size_t n;

	return mup_header(r, name, &p, &n) != 0;
}

static int is_within(const struct mup_request *r, const char *name, uint64_t most)
{
	uint64_t value;

	return mup_header_number(r, name, &value) == 1 && value <= most;
}

/* 1: to finish an upload, or to take octets, somebody is called who may block. */
static int somebody_is_told(const mummy_upload *u)
{
	const struct mummy_upload_events *e = &u->opt.events;

	return e->pre_finish || e->progress || (e->post_finish && !u->opt.executor.submit);
}

static int creation_is(const struct mup_request *r)
{
	const mummy_upload *u = r->u;

	if (u->opt.events.pre_create || has(r, "Upload-Concat")
	    || !is_within(r, "Upload-Length", QUICK_BYTES))
		return 0;
	return !somebody_is_told(u) || (r->req->body_length == 0 && !is_within(r, "Upload-Length", 0));
}

/* Nobody else is at it, so that its gate is free, and no final upload waits for it. */
static int append_is(const struct mup_request *r, const char *id)
{
	mummy_upload *u = r->u;
	int free_now;

	if (somebody_is_told(u) || !mup_id_valid(id, strlen(id)) || !is_within(r, "Upload-Offset", 0))
		return 0;
	pthread_mutex_lock(&u->lock);
	free_now = !u->finals && !mup_session_known(u, id);
	pthread_mutex_unlock(&u->lock);
	return free_now;
}

int mummy_upload_quick(mummy_upload *u, const struct mummy_upload_request *req)
{
	const struct mup_request r = { .u = u, .req = req };
	const size_t base = strlen(u->base);

	if (!(u->store.flags & MUMMY_UPLOAD_STORE_QUICK) || req->body_length > QUICK_BYTES
	    || strncmp(req->path, u->base, base) != 0 || !has(&r, "Tus-Resumable")
	    || has(&r, "X-HTTP-Method-Override"))
		return 0;
	if (!strcmp(req->method, "POST"))
		return !req->path[base] && creation_is(&r);
	return !strcmp(req->method, "PATCH") && append_is(&r, req->path + base);
}
