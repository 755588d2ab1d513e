#include <config.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "engine.h"
#include "mummy-common.h"

void mup_log(mummy_upload *u, int level, const char *what, const char *id)
{
	char line[256];

	if (!u->opt.log)
		return;
	snprintf(line, sizeof line, "upload%s%s: %s", id ? " " : "", id ? id : "", what);
	u->opt.log(u->opt.ctx, level, line);
}

int64_t mup_expires_alone(const mummy_upload *u, const struct mummy_upload_info *info,
			  const struct mup_private *priv)
{
	if (!priv->expire_s || !u->store.remove || info->state == MUMMY_UPLOAD_QUARANTINED
	    || (info->state == MUMMY_UPLOAD_FINISHED && !u->opt.expire_finished))
		return 0;
	return (info->modified > info->created ? info->modified : info->created) + (int64_t)priv->expire_s;
}

/* A final upload that waits, and its parts, live as long as any of them would. */
int64_t mup_expires(const mummy_upload *u, const char *id, const struct mummy_upload_info *info,
		    const struct mup_private *priv)
{
	const int64_t alone = mup_expires_alone(u, info, priv);
	const int64_t kept = alone && u->finals ? mup_final_keeps(u, id, info->concat) : 0;

	return kept == INT64_MAX ? 0 : kept > alone ? kept : alone;
}

int mup_is_open(const struct mummy_upload_info *info)
{
	return info->state == MUMMY_UPLOAD_OPEN
		&& (info->offset != info->length || mup_concat_kind(info->concat) != MUP_PARTIAL);
}

static int is_path(const char *p)
{
	if (*p != '/')
		return 0;
	for (; *p; p++)
		if ((unsigned char)*p <= ' ' || *p == 0x7f || *p == '?' || *p == '#')
			return 0;
	return 1;
}

static char *join(const char *a, const char *b)
{
	size_t n = strlen(a) + strlen(b) + 1;
	char *p = malloc(n);

	if (p)
		snprintf(p, n, "%s%s", a, b);
	return p;
}

static int set_strings(mummy_upload *u)
{
	const char *base = u->opt.base_path ? u->opt.base_path : "/files/", *range = u->opt.range_path;
	const int checks = u->store.hold && u->store.settle;
	char list[192];

	if (checks)
		mup_checksum_list(u->algorithms);
	snprintf(list, sizeof list, "creation,creation-with-upload%s%s%s%s%s%s",
		 u->store.set_length ? ",creation-defer-length" : "",
		 u->store.remove && u->opt.expire_s ? ",expiration" : "", u->algorithms[0] ? ",checksum" : "",
		 u->algorithms[0] && u->store.read ? ",checksum-trailer" : "",
		 u->store.remove ? ",termination" : "",
		 checks && u->store.append ? ",concatenation,concatenation-unfinished" : "");
	if (!is_path(base) || strlen(base) > 512 || (range && (!is_path(range) || strlen(range) > 512)))
		return -EINVAL;
	u->base = join(base, base[strlen(base) - 1] == '/' ? "" : "/");
	if (range)
		u->range_base = join(range, range[strlen(range) - 1] == '/' ? "" : "/");
	if (range && !u->range_base)
		return -ENOMEM;
	u->extensions = strdup(list);
	if (u->opt.origins && !(u->origins = strdup(u->opt.origins)))
		return -ENOMEM;
	if (u->origins && u->opt.credentials && mup_cors_any(u->origins))
		return -EINVAL;
	u->opt.base_path = u->opt.range_path = u->opt.origins = NULL;
	return u->base && u->extensions ? 0 : -ENOMEM;
}

static int set_options(mummy_upload *u, const struct mummy_upload_options *opt)
{
	if (opt)
		u->opt = *opt;
	if (!MUMMY_RESERVED_OK(&u->opt) || !MUMMY_RESERVED_OK(&u->opt.events)
	    || !MUMMY_RESERVED_OK(&u->opt.executor) || !MUMMY_RESERVED_OK(&u->store)
	    || u->opt.max_metadata_bytes > 32768)
		return -EINVAL;
	if (!u->store.create || !u->store.open || !u->store.close || !u->store.writev || !u->store.finish)
		return -EINVAL;
	if (!u->opt.max_metadata_bytes)
		u->opt.max_metadata_bytes = 4096;
	if (!u->opt.max_parts)
		u->opt.max_parts = 256;
	if (!u->opt.idle_timeout_ms)
		u->opt.idle_timeout_ms = 30000;
	if (!u->opt.progress_ms)
		u->opt.progress_ms = 1000;
	return set_strings(u);
}

static void destroy(mummy_upload *u)
{
	if (u->store.release)
		u->store.release(u->store.ctx);
	pthread_mutex_destroy(&u->lock);
	pthread_cond_destroy(&u->idle);
	mup_clients_free(u);
	while (u->finals)
		mup_final_forget(u, u->finals->id);
	free(u->base);
	free(u->range_base);
	free(u->origins);
	free(u->extensions);
	free(u);
}

int mummy_upload_new(mummy_upload **out, const struct mummy_upload_store *store,
		     const struct mummy_upload_options *opt)
{
	mummy_upload *u = calloc(1, sizeof *u);
	int rc;

	if (!u) {
		if (store->release)
			store->release(store->ctx);
		return -ENOMEM;
	}
	u->store = *store;
	u->clock = time;
	pthread_mutex_init(&u->lock, NULL);
	pthread_cond_init(&u->idle, NULL);
	rc = set_options(u, opt);
	if (rc == 0 && u->store.list)
		rc = mup_recover(u);
	if (rc < 0) {
		destroy(u);
		return rc;
	}
	*out = u;
	return 0;
}

void mummy_upload_free(mummy_upload *u)
{
	if (!u)
		return;
	pthread_mutex_lock(&u->lock);
	while (u->pending)
		pthread_cond_wait(&u->idle, &u->lock);
	pthread_mutex_unlock(&u->lock);
	if (u->store.list && u->store.flush)
		mup_flush(u);
	destroy(u);
}

unsigned mummy_upload_idle(const mummy_upload *u)
{
	return u->opt.idle_timeout_ms == UINT_MAX ? 0 : u->opt.idle_timeout_ms;
}

void mummy_upload_stats_get(const mummy_upload *u, struct mummy_upload_stats *out)
{
	pthread_mutex_t *lock = (pthread_mutex_t *)(uintptr_t)&u->lock;

	pthread_mutex_lock(lock);
	*out = u->stats;
	pthread_mutex_unlock(lock);
}
