/*
 * checksum.h - Upload-Checksum (TUS 1.0.0): the name of an algorithm, a space, and the digest in base64.
 */
#ifndef MUMMY_UPLOAD_CHECKSUM_H
#define MUMMY_UPLOAD_CHECKSUM_H
#include <stddef.h>
#include <gnutls/crypto.h>

#define MUP_DIGEST_MAX 64

/* What octets have to come to. Zeroed: nothing is asked for. */
struct mup_checksum {
	gnutls_digest_algorithm_t algorithm;
	gnutls_hash_hd_t hash;           /* NULL: nothing was fed yet */
	unsigned char want[MUP_DIGEST_MAX];
	size_t len;                      /* of want; 0: nothing is asked for */
};

#define MUP_CHECKSUM_LIST_SIZE 32
/* The algorithms that work here, as in Tus-Checksum-Algorithm; empty: none does. */
void mup_checksum_list(char out[MUP_CHECKSUM_LIST_SIZE]);
/* 1, or -ENOTSUP: another algorithm; -EINVAL: malformed. */
int mup_checksum_parse(struct mup_checksum *c, const char *p, size_t n);
/* The same of its parts. */
int mup_checksum_set(struct mup_checksum *c, const char *name, const char *base64, size_t n);
/* 0 or -ENOMEM */
int mup_checksum_feed(struct mup_checksum *c, const void *p, size_t n);
/* What was fed since the last one: 0 it is right, -EILSEQ it is not, -ENOMEM. */
int mup_checksum_end(struct mup_checksum *c);
/* As feeding all that fd reads, and its end. -errno when it cannot be read. */
int mup_checksum_file(struct mup_checksum *c, int fd);
/* Lets go of what was fed. */
void mup_checksum_drop(struct mup_checksum *c);
#endif
