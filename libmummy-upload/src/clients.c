#include <config.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "engine.h"

static struct mup_client **find(mummy_upload *u, const char *name)
{
	uint32_t h = 2166136261u;
	struct mup_client **at;

	for (const char *p = name; *p; p++)
		h = (h ^ (unsigned char)*p) * 16777619u;
	for (at = &u->clients[h % MUP_BUCKETS]; *at; at = &(*at)->next)
		if (!strcmp((*at)->name, name))
			break;
	return at;
}

static int counts_clients(const mummy_upload *u)
{
	return u->opt.max_uploads_per_client || u->opt.max_transfers_per_client || u->opt.rate_per_client;
}

/* The entry of a client, a new one when there is none; NULL: out of memory. */
static struct mup_client *entry(mummy_upload *u, const char *name)
{
	struct mup_client **at = find(u, name);

	if (!*at) {
		*at = calloc(1, sizeof **at);
		if (*at)
			memcpy((*at)->name, name, strlen(name));
	}
	return *at;
}

static void drop_idle(struct mup_client **at)
{
	struct mup_client *c = *at;

	if (c->open || c->writing)
		return;
	*at = c->next;
	free(c);
}

static int count(mummy_upload *u, const char *name, int enforce)
{
	struct mup_client **at = find(u, name), *c = *at;

	if (!counts_clients(u) || !*name)
		return 0;
	if (c && enforce && u->opt.max_uploads_per_client && c->open >= u->opt.max_uploads_per_client)
		return -EDQUOT;
	c = entry(u, name);
	if (!c)
		return -ENOMEM;
	c->open++;
	return 0;
}

int mup_writing_add(mummy_upload *u, const char *client, int enforce)
{
	struct mup_client *c;

	if (!counts_clients(u) || !*client)
		return 0;
	c = entry(u, client);
	if (!c)
		return -ENOMEM;
	if (enforce && u->opt.max_transfers_per_client && c->writing >= u->opt.max_transfers_per_client)
		return -EDQUOT;
	c->writing++;
	return 0;
}

void mup_writing_drop(mummy_upload *u, const char *client)
{
	struct mup_client **at = find(u, client);

	if (!*at)
		return;
	if ((*at)->writing)
		(*at)->writing--;
	drop_idle(at);
}

struct mup_bucket *mup_client_bucket(mummy_upload *u, const char *client)
{
	struct mup_client *c = *find(u, client);

	return c ? &c->bucket : NULL;
}

/* -ENFILE: too many in all, -EDQUOT: too many of this client, -ENOMEM. */
int mup_open_add(mummy_upload *u, const char *client, int enforce)
{
	int rc;

	if (enforce && u->opt.max_uploads && u->stats.open >= u->opt.max_uploads)
		return -ENFILE;
	rc = count(u, client, enforce);
	if (rc == 0)
		u->stats.open++;
	return rc;
}

void mup_open_drop(mummy_upload *u, const char *client)
{
	struct mup_client **at = find(u, client);

	if (u->stats.open)
		u->stats.open--;
	if (!*at)
		return;
	if ((*at)->open)
		(*at)->open--;
	drop_idle(at);
}

void mup_clients_free(mummy_upload *u)
{
	for (size_t i = 0; i < MUP_BUCKETS; i++)
		while (u->clients[i]) {
			struct mup_client *c = u->clients[i];

			u->clients[i] = c->next;
			free(c);
		}
}
