#include <config.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <gnutls/gnutls.h>
#include "base64.h"
#include <mummy/upload.h>
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
			n += (size_t)snprintf(out + n, MUP_CHECKSUM_LIST_SIZE - n, "%s%s", n ? "," : "",
					      known[i].name);
}

static int set(struct mup_checksum *c, const char *name, size_t name_len, const char *p, size_t n)
{
	size_t i;
	int len;

	for (i = 0; i < KNOWN; i++)
		if (strlen(known[i].name) == name_len && !memcmp(known[i].name, name, name_len))
			break;
	if (i == KNOWN || !works(known[i].algorithm))
		return -ENOTSUP;
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

int mup_checksum_set(struct mup_checksum *c, const char *name, const char *base64, size_t n)
{
	return set(c, name, strlen(name), base64, n);
}

int mup_checksum_parse(struct mup_checksum *c, const char *p, size_t n)
{
	const char *space = memchr(p, ' ', n);
	const size_t name = space ? (size_t)(space - p) : 0;

	return name ? set(c, p, name, space + 1, n - name - 1) : -EINVAL;
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

static int feed_file(struct mup_checksum *c, int fd)
{
	const size_t room = (size_t)256 << 10;
	char *buf = malloc(room);
	int rc = buf ? 0 : -ENOMEM;
	off_t at = 0;

	while (rc == 0) {
		ssize_t n = pread(fd, buf, room, at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			rc = n < 0 ? -errno : 0;
			break;
		}
		rc = mup_checksum_feed(c, buf, (size_t)n);
		at += n;
	}
	free(buf);
	return rc;
}

int mup_checksum_file(struct mup_checksum *c, int fd)
{
	int rc = mup_checksum_feed(c, "", 0);

	if (rc == 0)
		rc = feed_file(c, fd);
	if (rc == 0)
		return mup_checksum_end(c);
	mup_checksum_drop(c);
	return rc;
}

int mummy_upload_digest(int fd, const char *algorithm, char out[129])
{
	struct mup_checksum c = { .len = 0 };
	unsigned char sum[MUP_DIGEST_MAX];
	size_t i = 0;
	int rc;

	while (i < KNOWN && strcmp(known[i].name, algorithm) != 0)
		i++;
	if (i == KNOWN || !works(known[i].algorithm))
		return -ENOTSUP;
	c.algorithm = known[i].algorithm;
	rc = mup_checksum_feed(&c, "", 0);
	if (rc == 0)
		rc = feed_file(&c, fd);
	if (rc < 0) {
		mup_checksum_drop(&c);
		return rc;
	}
	gnutls_hash_deinit(c.hash, sum);
	for (size_t k = 0; k < known[i].len; k++)
		snprintf(out + 2 * k, 3, "%02x", sum[k]);
	return 0;
}
