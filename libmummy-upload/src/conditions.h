/* conditions.h - whether a content is to be sent (RFC 9110 section 13). */
#ifndef MUMMY_UPLOAD_CONDITIONS_H
#define MUMMY_UPLOAD_CONDITIONS_H
#include "engine.h"

/* What there is to compare with: a strong tag with its quotes, and the time of the last change. */
struct mup_validators {
	char tag[80];
	int64_t modified;
};
/* Of a file of that upload. */
int mup_validators(struct mup_validators *v, const char *id, int fd);
/* 0 it is to be sent, or 304, 412. */
int mup_conditions(const struct mup_request *r, const struct mup_validators *v);
/* 1: Range counts. */
int mup_condition_range(const struct mup_request *r, const struct mup_validators *v);
#endif
