/*
 * base64.h - base64 in its padded form (RFC 4648 section 4), for the tools.
 */
#ifndef MUMMY_TOOLS_BASE64_H
#define MUMMY_TOOLS_BASE64_H
#include <stddef.h>

/** A new string that stands for n octets; NULL: out of memory. */
char *base64_encode(const void *p, size_t n);
#endif
