#include <config.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <gnutls/gnutls.h>
#include "base64.h"
#include "checksum.h"

static const struct {
	const char *name;
	gnutls_digest_algorithm_t algorithm;
	size_t len;
} known[] = {
	{ "sha1", GNUTLS_DIG_SHA1, 20 },
	{ "sha256", GNUTLS_DIG_SHA256, 32 },
	{ "sha512", GNUTLS_DIG_SHA512, 64 },
	{ "md5", GNUTLS_DIG_MD5, 16 },
};
#define KNOWN (sizeof known / sizeof known[0])

/* A policy of the host may forbid MD5 or SHA-1. */
static int works(gnutls_digest_algorithm_t algorithm)
{
	unsigned char sum[MUP_DIGEST_MAX];

	return gnutls_hash_fast(algorithm, "", 0, sum) == 0;
}

void mup_checksum_list(char out[MUP_CHECKSUM_LIST_SIZE])
{
	size_t n = 0;

	out[0] = '\0';
	for (size_t i = 0; i < KNOWN; i++)
		if (works(known[i].algorithm))
			n += (size_t)snprintf(out + n, MUP_CHECKSUM_LIST_SIZE - n, "%s%s", n ? "," : "", known[i].name);
}

int mup_checksum_parse(struct mup_checksum *c, const char *p, size_t n)
{
	const char *space = memchr(p, ' ', n);
	size_t name = space ? (size_t)(space - p) : 0, i;
	int len;

	if (!name)
		return -EINVAL;
	for (i = 0; i < KNOWN; i++)
		if (strlen(known[i].name) == name && !memcmp(known[i].name, p, name))
			break;
	if (i == KNOWN || !works(known[i].algorithm))
		return -ENOTSUP;
	p = space + 1;
	n -= name + 1;
	/* the form of the digest's own length, before anything is decoded */
	if (n != (known[i].len + 2) / 3 * 4)
		return -EINVAL;
	len = mup_base64_decode(p, n, c->want, sizeof c->want);
	if (len != (int)known[i].len)
		return len == -ENOMEM ? len : -EINVAL;
	c->algorithm = known[i].algorithm;
	c->len = known[i].len;
	return 1;
}

int mup_checksum_feed(struct mup_checksum *c, const void *p, size_t n)
{
	if (!c->hash && gnutls_hash_init(&c->hash, c->algorithm) < 0) {
		c->hash = NULL;
		return -ENOMEM;
	}
	return n == 0 || gnutls_hash(c->hash, p, n) == 0 ? 0 : -ENOMEM;
}

int mup_checksum_end(struct mup_checksum *c)
{
	unsigned char sum[MUP_DIGEST_MAX];
	int rc = mup_checksum_feed(c, "", 0);

	if (rc < 0)
		return rc;
	gnutls_hash_deinit(c->hash, sum);
	c->hash = NULL;
	return memcmp(sum, c->want, c->len) == 0 ? 0 : -EILSEQ;
}

void mup_checksum_drop(struct mup_checksum *c)
{
	if (c->hash)
		gnutls_hash_deinit(c->hash, NULL);
	c->hash = NULL;
}
