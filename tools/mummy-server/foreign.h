/*
 * foreign.h - pages of other web sites.
 */
#ifndef MUMMY_SERVER_FOREIGN_H
#define MUMMY_SERVER_FOREIGN_H
#include <mummy/http.h>

/** 1 when a browser says that the request comes from a page of another site, which origins, a comma-separated
 *  list or NULL, does not name; "*" names all. Who names no origin is no page. */
int foreign_page(const mummy_http_exchange *x, const char *origins);
#endif
