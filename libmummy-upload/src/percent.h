/* percent.h - percent-encoding (RFC 3986 section 2.1). */
#ifndef MUMMY_UPLOAD_PERCENT_H
#define MUMMY_UPLOAD_PERCENT_H
#include <stddef.h>

/* Decodes n octets. How many there are then, -EINVAL: malformed, or more than size. */
int mup_percent_decode(const char *p, size_t n, char *out, size_t size);
#endif
