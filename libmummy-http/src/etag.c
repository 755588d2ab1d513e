#include <config.h>
#include <errno.h>
#include <mummy/http-parser.h>
#include "scan.h"

struct etag {
	struct mummy_http_span opaque; /* with its quotes */
	int weak;
};

/* One entity-tag at p (RFC 9110 section 8.8.3): what follows it, or NULL. No escapes in these quotes. */
static const char *read_etag(const char *p, const char *end, struct etag *out)
{
	const char *stop;

	out->weak = end - p >= 2 && p[0] == 'W' && p[1] == '/';
	p += 2 * out->weak;
	if (p == end || *p != '"')
		return NULL;
	stop = p + 1;
	while (stop < end && (unsigned char)*stop > ' ' && *stop != '"' && *stop != 0x7f)
		stop++;
	if (stop == end || *stop != '"')
		return NULL;
	out->opaque.p = p;
	out->opaque.n = (size_t)(stop + 1 - p);
	return stop + 1;
}

static int matches(const struct etag *a, const struct etag *b, int weak)
{
	if (!weak && (a->weak || b->weak))
		return 0;
	return a->opaque.n == b->opaque.n && !memcmp(a->opaque.p, b->opaque.p, a->opaque.n);
}

static const char *skip(const char *p, const char *end, int commas)
{
	while (p < end && (*p == ' ' || *p == '\t' || (commas && *p == ',')))
		p++;
	return p;
}

int mummy_http_etag_match(struct mummy_http_span list, const char *etag, int weak)
{
	const char *p = list.p, *end = p ? p + list.n : p;
	struct etag mine, item;
	int found = 0;

	if (!etag || list.n == 0)
		return 0;
	if (list.n == 1 && *p == '*')
		return 1;
	if (!read_etag(etag, etag + strlen(etag), &mine))
		return -EBADMSG;
	for (p = skip(p, end, 1); p < end; p = skip(p, end, 1)) {
		p = read_etag(p, end, &item);
		if (!p)
			return -EBADMSG;
		p = skip(p, end, 0);
		if (p < end && *p != ',')
			return -EBADMSG;
		found |= matches(&item, &mine, weak);
	}
	return found;
}
