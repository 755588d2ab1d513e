/* date.h - dates of HTTP (RFC 9110 section 5.6.7). */
#ifndef MUMMY_UPLOAD_DATE_H
#define MUMMY_UPLOAD_DATE_H
#include <stddef.h>
#include <stdint.h>

/* The preferred form or one of the two obsolete ones, to seconds since 1970; now is for years of two digits.
 * 0; -EINVAL. */
int mup_date(const char *p, size_t n, int64_t now, int64_t *out);
#endif
