#include <config.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "private.h"

void mup_private_client(struct mup_private *p, const char *peer)
{
	size_t n = 0;

	for (; peer && peer[n] && n < sizeof p->client - 1; n++)
		p->client[n] = peer[n] > ' ' && peer[n] < 0x7f ? peer[n] : '_';
	p->client[n] = '\0';
}

void mup_private_write(const struct mup_private *p, char out[MUP_PRIVATE_SIZE])
{
	snprintf(out, MUP_PRIVATE_SIZE, "%" PRIu64 " %u %u =%s %s", p->max_bytes, p->expire_s, p->flags,
		 p->client, p->name);
}

void mup_private_read(struct mup_private *p, const char *text)
{
	int name = -1;

	memset(p, 0, sizeof *p);
	if (!text)
		return;
	if (sscanf(text, "%" SCNu64 " %u %u =%63[^ ] %n", &p->max_bytes, &p->expire_s, &p->flags, p->client,
		   &name) < 4)
		sscanf(text, "%" SCNu64 " %u %u = %n", &p->max_bytes, &p->expire_s, &p->flags, &name);
	if (name >= 0)
		mup_name_safe(text + name, strlen(text + name), p->name);
}
