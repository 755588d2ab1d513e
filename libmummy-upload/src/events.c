#include <config.h>
#include <stdlib.h>
#include <string.h>
#include "engine.h"

struct event {
	mummy_upload *u;
	enum mup_event kind;
	struct mummy_upload_info *info;
};

static void call(mummy_upload *u, enum mup_event kind, const struct mummy_upload_info *info)
{
	const struct mummy_upload_events *e = &u->opt.events;

	if (kind == MUP_POST_FINISH)
		e->post_finish(u->opt.ctx, info);
	else if (kind == MUP_TERMINATED)
		e->terminated(u->opt.ctx, info);
	else
		e->expired(u->opt.ctx, info);
}

static int wanted(const mummy_upload *u, enum mup_event kind)
{
	const struct mummy_upload_events *e = &u->opt.events;

	return kind == MUP_POST_FINISH ? e->post_finish != NULL
		: kind == MUP_TERMINATED ? e->terminated != NULL : e->expired != NULL;
}

/* One block: the struct and its strings behind it. */
struct mummy_upload_info *mup_info_copy(const struct mummy_upload_info *info)
{
	const char *const from[] = { info->metadata, info->name, info->reason, info->private_state,
		info->concat, info->client, info->request_id };
	size_t size = sizeof *info;
	struct mummy_upload_info *copy;
	const char *to[7];
	char *p;

	for (size_t i = 0; i < 7; i++)
		size += from[i] ? strlen(from[i]) + 1 : 0;
	copy = malloc(size);
	if (!copy)
		return NULL;
	*copy = *info;
	p = (char *)(copy + 1);
	for (size_t i = 0; i < 7; i++) {
		to[i] = from[i] ? strcpy(p, from[i]) : NULL;
		p += from[i] ? strlen(from[i]) + 1 : 0;
	}
	copy->metadata = to[0];
	copy->name = to[1];
	copy->reason = to[2];
	copy->private_state = to[3];
	copy->concat = to[4];
	copy->client = to[5];
	copy->request_id = to[6];
	return copy;
}

static void run(void *arg)
{
	struct event *e = arg;
	mummy_upload *u = e->u;

	call(u, e->kind, e->info);
	free(e->info);
	free(e);
	pthread_mutex_lock(&u->lock);
	u->pending--;
	pthread_cond_broadcast(&u->idle);
	pthread_mutex_unlock(&u->lock);
}

static int submit(mummy_upload *u, enum mup_event kind, const struct mummy_upload_info *info)
{
	const struct mummy_upload_executor *ex = &u->opt.executor;
	struct event *e = malloc(sizeof *e);

	if (e)
		*e = (struct event){ u, kind, mup_info_copy(info) };
	if (!e || !e->info) {
		free(e);
		return 0;
	}
	pthread_mutex_lock(&u->lock);
	u->pending++;
	pthread_mutex_unlock(&u->lock);
	if (ex->submit(ex->ctx, run, e) == 0)
		return 1;
	pthread_mutex_lock(&u->lock);
	u->pending--;
	pthread_mutex_unlock(&u->lock);
	free(e->info);
	free(e);
	return 0;
}

void mup_event_post(mummy_upload *u, enum mup_event kind, const struct mummy_upload_info *info)
{
	if (!wanted(u, kind))
		return;
	if (!u->opt.executor.submit || !submit(u, kind, info))
		call(u, kind, info);
}
