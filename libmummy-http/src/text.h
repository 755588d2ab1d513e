/* text.h - octets that grow. */
#ifndef MHTTP_TEXT_H
#define MHTTP_TEXT_H
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct mhttp_text { char *p; uint32_t n, cap; };

/* Room for n more. 0 or -ENOMEM. */
static inline int mhttp_text_room(struct mhttp_text *t, size_t n)
{
	size_t cap = t->cap ? t->cap : 256;
	char *p;

	if (t->cap - t->n >= n)
		return 0;
	if (n > INT32_MAX || t->n > INT32_MAX - n)
		return -ENOMEM;
	while (cap - t->n < n)
		cap *= 2;
	p = realloc(t->p, cap);
	if (!p)
		return -ENOMEM;
	t->p = p;
	t->cap = (uint32_t)cap;
	return 0;
}

static inline int mhttp_text_add(struct mhttp_text *t, const void *p, size_t n)
{
	int rc = mhttp_text_room(t, n);

	if (rc == 0 && n)
		memcpy(t->p + t->n, p, n);
	t->n += rc == 0 ? (uint32_t)n : 0;
	return rc;
}
#endif
