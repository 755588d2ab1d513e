/*
 * digest.c - Upload-Checksum of a stretch of a source.
 */
#include <config.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <gnutls/gnutls.h>
#include <gnutls/crypto.h>
#include "digest.h"

#define BLOCK 65536
#define MAX_DIGEST 64

static gnutls_digest_algorithm_t algorithm(const char *name)
{
	static const struct { const char *name; gnutls_digest_algorithm_t algorithm; } known[] = {
		{ "sha1", GNUTLS_DIG_SHA1 }, { "sha256", GNUTLS_DIG_SHA256 }, { "sha512", GNUTLS_DIG_SHA512 },
		{ "md5", GNUTLS_DIG_MD5 },
	};

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (strcmp(name, known[i].name) == 0)
			return known[i].algorithm;
	return GNUTLS_DIG_UNKNOWN;
}

int digest_known(const char *name)
{
	return algorithm(name) != GNUTLS_DIG_UNKNOWN;
}

static int feed(gnutls_hash_hd_t hash, const struct source *s, uint64_t offset, uint64_t n)
{
	unsigned char block[BLOCK];

	while (n > 0) {
		long got = source_read(s, offset, block, n < BLOCK ? (size_t)n : BLOCK);

		if (got <= 0)
			return got < 0 ? (int)got : -EIO;
		if (gnutls_hash(hash, block, (size_t)got) < 0)
			return -EIO;
		offset += (uint64_t)got;
		n -= (uint64_t)got;
	}
	return 0;
}

int digest_make(char out[DIGEST_SIZE], const char *name, const struct source *s, uint64_t offset, uint64_t n)
{
	const gnutls_digest_algorithm_t how = algorithm(name);
	unsigned char sum[MAX_DIGEST];
	gnutls_datum_t plain = { sum, 0 }, coded;
	gnutls_hash_hd_t hash;
	int rc;

	if (how == GNUTLS_DIG_UNKNOWN || gnutls_hash_init(&hash, how) < 0)
		return -ENOTSUP;
	rc = feed(hash, s, offset, n);
	gnutls_hash_deinit(hash, sum);
	if (rc < 0)
		return rc;
	plain.size = gnutls_hash_get_len(how);
	if (gnutls_base64_encode2(&plain, &coded) < 0)
		return -ENOMEM;
	snprintf(out, DIGEST_SIZE, "%s %.*s", name, (int)coded.size, (const char *)coded.data);
	gnutls_free(coded.data);
	return 0;
}
