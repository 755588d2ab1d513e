#include <config.h>
#include <errno.h>
#include <string.h>
#include <gnutls/gnutls.h>
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

static int is_base64(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
}

/* GnuTLS skips what is not base64, so the form is checked here. */
static int check_base64(const char *p, size_t n)
{
	size_t pad = 0;

	if (n % 4)
		return -EINVAL;
	while (pad < 2 && pad < n && p[n - 1 - pad] == '=')
		pad++;
	for (size_t i = 0; i < n - pad; i++)
		if (!is_base64(p[i]))
			return -EINVAL;
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

		if (next_pair(&p, end, &pair) < 0 || check_base64(pair.value, pair.value_len) < 0
		    || has_key(start, this_one, pair.key, pair.key_len))
			return -EINVAL;
		if (p == end)
			return 0;
		p++;
	}
}

static int decode(const struct pair *pair, char *out, size_t size)
{
	gnutls_datum_t text = { (unsigned char *)pair->value, (unsigned)pair->value_len }, plain;
	int n;

	out[0] = '\0';
	if (!pair->value_len)
		return 0;
	if (check_base64(pair->value, pair->value_len) < 0 || gnutls_base64_decode2(&text, &plain) < 0)
		return -EINVAL;
	n = plain.size < size ? (int)plain.size : -ENOSPC;
	if (n >= 0) {
		memcpy(out, plain.data, plain.size);
		out[plain.size] = '\0';
	}
	gnutls_free(plain.data);
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
