/*
 * concat.h - Upload-Concat (TUS 1.0.0): "partial", or "final;" and the addresses of the parts, separated by
 * spaces. An address is known by its last segment, which is an id that cannot be guessed.
 */
#ifndef MUMMY_UPLOAD_CONCAT_H
#define MUMMY_UPLOAD_CONCAT_H
#include <stddef.h>
#include "id.h"

enum mup_concat { MUP_WHOLE, MUP_PARTIAL, MUP_FINAL };

/* -EINVAL: none of these, or an address without an id; -E2BIG: more than max parts. */
int mup_concat_check(const char *p, size_t n, unsigned max, enum mup_concat *out);
/* What was checked before; NULL is a whole upload. */
enum mup_concat mup_concat_kind(const char *text);
/* The next part's id; *at is NULL at first. 1, or 0 at the end. */
int mup_concat_next(const char *text, const char **at, char id[MUP_ID_SIZE]);
#endif
