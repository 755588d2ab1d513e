/* authority.h - what names a host. Private. */
#ifndef MHTTP_AUTHORITY_H
#define MHTTP_AUTHORITY_H
#include <mummy/http-parser.h>

/* Is s host [":" port], with a host? */
int mhttp_authority_ok(struct mummy_http_span s);
#endif
