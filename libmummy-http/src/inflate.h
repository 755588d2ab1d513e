/* inflate.h - request bodies in gzip. Private. */
#ifndef MHTTP_INFLATE_H
#define MHTTP_INFLATE_H
#include <mummy/http.h>

/* Decodes the whole body of a route with MUMMY_HTTP_INFLATE. 0, or the status to answer. */
int mhttp_inflate_body(mummy_http_exchange *x);
#endif
