#include <config.h>
#include <errno.h>
#include <string.h>
#include "concat.h"

#define FINAL "final;"

/* The id that ends an address, which is a path or has a scheme before it. */
static int part_id(const char *p, size_t n, char id[MUP_ID_SIZE])
{
	for (size_t i = 0; i < n; i++)
		if (p[i] <= ' ' || p[i] >= 0x7f || p[i] == ',')
			return 0;
	if (n < MUP_ID_LEN + 1 || p[n - MUP_ID_LEN - 1] != '/'
	    || !mup_id_valid(p + n - MUP_ID_LEN, MUP_ID_LEN))
		return 0;
	memcpy(id, p + n - MUP_ID_LEN, MUP_ID_LEN);
	id[MUP_ID_LEN] = '\0';
	return 1;
}

static size_t word(const char *p, const char *end)
{
	const char *space = memchr(p, ' ', (size_t)(end - p));

	return (size_t)((space ? space : end) - p);
}

static const char *skip(const char *p, const char *end)
{
	while (p < end && *p == ' ')
		p++;
	return p;
}

int mup_concat_check(const char *p, size_t n, unsigned max, enum mup_concat *out)
{
	const char *end = p + n;
	char id[MUP_ID_SIZE];
	unsigned parts = 0;

	if (n == 7 && !memcmp(p, "partial", 7)) {
		*out = MUP_PARTIAL;
		return 0;
	}
	if (n < sizeof FINAL - 1 || memcmp(p, FINAL, sizeof FINAL - 1) != 0)
		return -EINVAL;
	for (p = skip(p + sizeof FINAL - 1, end); p < end; p = skip(p, end)) {
		size_t len = word(p, end);

		if (!part_id(p, len, id))
			return -EINVAL;
		if (++parts > max)
			return -E2BIG;
		p += len;
	}
	*out = MUP_FINAL;
	return parts ? 0 : -EINVAL;
}

enum mup_concat mup_concat_kind(const char *text)
{
	return !text ? MUP_WHOLE : text[0] == 'p' ? MUP_PARTIAL : MUP_FINAL;
}

int mup_concat_next(const char *text, const char **at, char id[MUP_ID_SIZE])
{
	const char *end = text + strlen(text), *p = skip(*at ? *at : text + sizeof FINAL - 1, end);
	size_t len = word(p, end);

	*at = p + len;
	return part_id(p, len, id);
}
