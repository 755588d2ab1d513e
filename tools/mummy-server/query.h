/*
 * query.h - parameters of a request's query.
 */
#ifndef MUMMY_SERVER_QUERY_H
#define MUMMY_SERVER_QUERY_H
#include <stddef.h>
#include <stdint.h>
#include <mummy/http.h>

/** Decodes the first parameter of that name into buf, NUL-terminated. Its length; -ENOENT absent;
 *  -EBADMSG malformed; -ENOSPC too long. */
int query_text(const mummy_http_exchange *x, const char *name, char *buf, size_t size);
/** The same as a number of at most max. 0, or an error as above; -EINVAL, -ERANGE. */
int query_number(const mummy_http_exchange *x, const char *name, uint64_t *out, uint64_t max);
#endif
