/*
 * diag-echo.h - /diag/echo: the request's body comes back.
 */
#ifndef MUMMY_SERVER_DIAG_ECHO_H
#define MUMMY_SERVER_DIAG_ECHO_H
#include <mummy/http.h>

/** A handler for routes with MUMMY_HTTP_STREAM. */
void diag_echo(mummy_http_exchange *x, void *ctx);
#endif
