#include <config.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
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
	char rate[24] = "";

	if (p->flags & MUP_RATED)
		snprintf(rate, sizeof rate, " %" PRIu64, p->rate);
	/* no name begins with a hyphen, so that a digest is known by it */
	snprintf(out, MUP_PRIVATE_SIZE, "%" PRIu64 " %u %u%s =%s %s%s%s%s", p->max_bytes, p->expire_s,
		 p->flags, rate, p->client, p->digest[0] ? "-" : "", p->digest, p->digest[0] ? " " : "",
		 p->name);
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
	char *end;
	size_t n;

	memset(p, 0, sizeof *p);
	if (!text)
		return;
	p->max_bytes = strtoull(text, &end, 10);
	p->expire_s = (unsigned)strtoul(end, &end, 10);
	p->flags = (unsigned)strtoul(end, &end, 10);
	if (p->flags & MUP_RATED)
		p->rate = strtoull(end, &end, 10);
	if (end[0] != ' ' || end[1] != '=')
		return;
	n = strcspn(end + 2, " ");
	if (n >= sizeof p->client)
		return;
	memcpy(p->client, end + 2, n);
	text = end + 2 + n;
	text = read_digest(p, text + strspn(text, " "));
	mup_name_safe(text, strlen(text), p->name);
}
