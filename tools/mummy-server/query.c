/*
 * query.c - parameters of a request's query.
 */
#include <config.h>
#include <errno.h>
#include <string.h>
#include <mummy/http-parser.h>
#include "number.h"
#include "query.h"

int query_text(const mummy_http_exchange *x, const char *name, char *buf, size_t size)
{
	struct mummy_http_span rest = { 0 };
	struct mummy_http_field pair;
	ssize_t n;
	int rc;

	rest.p = mummy_http_query(x, &rest.n);
	if (!rest.p)
		return -ENOENT;
	while ((rc = mummy_http_query_next(&rest, &pair)) == 1) {
		if (pair.name.n != strlen(name) || memcmp(pair.name.p, name, pair.name.n) != 0)
			continue;
		if (pair.value.n >= size)
			return -ENOSPC;
		n = mummy_http_percent_decode(buf, pair.value, 1);
		if (n < 0)
			return -EBADMSG;
		buf[n] = '\0';
		return (int)n;
	}
	return rc < 0 ? rc : -ENOENT;
}

int query_number(const mummy_http_exchange *x, const char *name, uint64_t *out, uint64_t max)
{
	char text[24];
	int n = query_text(x, name, text, sizeof text);

	if (n < 0)
		return n;
	return strlen(text) == (size_t)n ? number_parse(out, text, 0, max) : -EINVAL;
}
