/* base64.h - base64 in its strict form (RFC 4648 section 4): padded, and no other octets. */
#ifndef MUMMY_UPLOAD_BASE64_H
#define MUMMY_UPLOAD_BASE64_H
#include <stddef.h>

/* 0 or -EINVAL */
int mup_base64_check(const char *p, size_t n);
/* How many octets it stands for; -EINVAL, -ENOSPC: more than room, -ENOMEM. */
int mup_base64_decode(const char *p, size_t n, void *out, size_t room);
/* A new string, NULL: out of memory. */
char *mup_base64_encode(const void *p, size_t n);
#endif
