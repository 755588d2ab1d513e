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
	/* no name begins with a hyphen, so that a digest is known by it */
	snprintf(out, MUP_PRIVATE_SIZE, "%" PRIu64 " %u %u =%s %s%s%s%s", p->max_bytes, p->expire_s, p->flags,
		 p->client, p->digest[0] ? "-" : "", p->digest, p->digest[0] ? " " : "", p->name);
}

static const char *read_digest(struct mup_private *p, const char *text)
{
	size_t n = strcspn(text, " ");

	if (*text != '-')
		return text;
	if (n <= sizeof p->digest) {
		memcpy(p->digest, text + 1, n - 1);
		p->digest[n - 1] = '\0';
	}
	return text + n + (text[n] == ' ');
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
	if (name < 0)
		return;
	text = read_digest(p, text + name);
	mup_name_safe(text, strlen(text), p->name);
}
