/*
 * middleware.h - what the command line puts around all routes.
 */
#ifndef MUMMY_SERVER_MIDDLEWARE_H
#define MUMMY_SERVER_MIDDLEWARE_H
#include <mummy/upload.h>
#include "log.h"
#include "options.h"

/** access and uploads must outlive the router. 0 or a negative errno. */
int middleware_use(mummy_http_router *r, const struct options *o, struct log *access, mummy_upload *uploads);
#endif
