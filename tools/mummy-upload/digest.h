/*
 * digest.h - Upload-Checksum of a stretch of a source.
 */
#ifndef MUMMY_UPLOAD_DIGEST_H
#define MUMMY_UPLOAD_DIGEST_H
#include <stddef.h>
#include <stdint.h>
#include "source.h"

#define DIGEST_SIZE 128        /* room for the value of the field */

/** 1 when name is that of a digest that can be made. */
int digest_known(const char *name);
/** "sha1 " and base64 of the digest of n octets from offset on. 0; -EIO, also when the file has become
 *  shorter; or a negative errno. */
int digest_make(char out[DIGEST_SIZE], const char *name, const struct source *s, uint64_t offset, uint64_t n);
#endif
