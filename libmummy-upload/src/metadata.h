/* metadata.h - Upload-Metadata (TUS 1.0.0): comma-separated pairs of a key and a value in base64. */
#ifndef MUMMY_UPLOAD_METADATA_H
#define MUMMY_UPLOAD_METADATA_H
#include <stddef.h>

/* 0, or -EINVAL: not a list of pairs with different keys of printable ASCII. */
int mup_metadata_check(const char *p, size_t n);
/* The value of a key, decoded, into out, which is ended with NUL. Its length; -ENOENT, -EINVAL, or
 * -ENOSPC: longer than size - 1. */
int mup_metadata_get(const char *metadata, const char *key, char *out, size_t size);
#endif
