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

static int count(mummy_upload *u, const char *name, int enforce)
{
	struct mup_client **at = find(u, name), *c = *at;

	if (!u->opt.max_uploads_per_client || !*name)
		return 0;
	if (c && enforce && c->open >= u->opt.max_uploads_per_client)
		return -EDQUOT;
	if (!c) {
		c = calloc(1, sizeof *c);
		if (!c)
			return -ENOMEM;
		memcpy(c->name, name, strlen(name));
		*at = c;
	}
	c->open++;
	return 0;
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
	struct mup_client **at = find(u, client), *c = *at;

	if (u->stats.open)
		u->stats.open--;
	if (c && --c->open == 0) {
		*at = c->next;
		free(c);
	}
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
