/* content_range.h - Content-Range of a request (RFC 9110 section 14.4). */
#ifndef MUMMY_UPLOAD_CONTENT_RANGE_H
#define MUMMY_UPLOAD_CONTENT_RANGE_H
#include <stddef.h>
#include <stdint.h>

struct mup_content_range {
	int asks;                        /* no range: "*" */
	uint64_t from, len;              /* else this, len not 0 */
	uint64_t total;                  /* MUMMY_UPLOAD_UNKNOWN: "*" */
};

/* 0, or -EINVAL: malformed, or a range that is not within its total. */
int mup_content_range(const char *p, size_t n, struct mup_content_range *out);
#endif
