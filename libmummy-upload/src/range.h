/* range.h - Range of a request (RFC 9110 section 14.2). */
#ifndef MUMMY_UPLOAD_RANGE_H
#define MUMMY_UPLOAD_RANGE_H
#include <stddef.h>
#include <stdint.h>

/* 1: one range, from *from, *len octets; 0: no range, or several, or none that is understood, so that the
 * whole is to be sent; -1: it lies outside of the size. */
int mup_range(const char *p, size_t n, uint64_t size, uint64_t *from, uint64_t *len);
#endif
