#include <config.h>
#include <errno.h>
#include <string.h>
#include <mummy/upload.h>
#include "base64.h"
#include "metadata.h"

struct pair {
	const char *key, *value;
	size_t key_len, value_len;
};

static const char *skip_space(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	return p;
}

/* Takes one pair from *p; spaces around commas are tolerated, as in every list field. */
static int next_pair(const char **p, const char *end, struct pair *out)
{
	const char *at = skip_space(*p, end);

	out->key = at;
	while (at < end && *at > ' ' && *at < 0x7f && *at != ',')
		at++;
	out->key_len = (size_t)(at - out->key);
	at = skip_space(at, end);
	out->value = at;
	while (at < end && *at > ' ' && *at < 0x7f && *at != ',')
		at++;
	out->value_len = (size_t)(at - out->value);
	at = skip_space(at, end);
	if (!out->key_len || (at < end && *at != ','))
		return -EINVAL;
	*p = at;
	return 0;
}

/* 1 when one of the pairs between p and end has this key. */
static int has_key(const char *p, const char *end, const char *key, size_t len)
{
	struct pair pair;

	while (p < end && next_pair(&p, end, &pair) == 0) {
		if (pair.key_len == len && !memcmp(pair.key, key, len))
			return 1;
		p += p < end;
	}
	return 0;
}

int mup_metadata_check(const char *p, size_t n)
{
	const char *start = p, *end = p + n;
	struct pair pair;

	if (skip_space(p, end) == end)
		return 0;
	for (;;) {
		const char *this_one = p;

		if (next_pair(&p, end, &pair) < 0 || mup_base64_check(pair.value, pair.value_len) < 0
		    || has_key(start, this_one, pair.key, pair.key_len))
			return -EINVAL;
		if (p == end)
			return 0;
		p++;
	}
}

static int decode(const struct pair *pair, char *out, size_t size)
{
	int n = mup_base64_decode(pair->value, pair->value_len, out, size - 1);

	out[n > 0 ? n : 0] = '\0';
	return n;
}

int mup_metadata_get(const char *metadata, const char *key, char *out, size_t size)
{
	const char *p = metadata, *end = metadata + strlen(metadata);
	struct pair pair;

	while (p < end && next_pair(&p, end, &pair) == 0) {
		if (pair.key_len == strlen(key) && !memcmp(pair.key, key, pair.key_len))
			return decode(&pair, out, size);
		p += p < end;
	}
	return -ENOENT;
}

int mummy_upload_metadata_next(const char **rest, struct mummy_upload_pair *out, void *value, size_t size)
{
	const char *p = *rest ? *rest : "", *end = p + strlen(p);
	struct pair pair;
	int n;

	p = skip_space(p, end);
	if (p == end)
		return 0;
	if (next_pair(&p, end, &pair) < 0)
		return -EINVAL;
	*rest = p + (p < end);
	n = mup_base64_decode(pair.value, pair.value_len, value, size);
	if (n < 0)
		return n;
	*out = (struct mummy_upload_pair){ pair.key, pair.key_len, (size_t)n };
	return 1;
}
