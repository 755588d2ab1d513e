/*
 * form.h - files of an HTML form (multipart/form-data, RFC 7578), each written to the store as it comes.
 */
#ifndef MUMMY_SERVER_FORM_H
#define MUMMY_SERVER_FORM_H
#include <mummy/http.h>
#include <mummy/upload.h>

/** 1 when the request is such a form. */
int form_is(const mummy_http_exchange *x);
/** A handler for a route with MUMMY_HTTP_STREAM; each file becomes an upload below base, and the answer,
 *  201, lists them. All files are kept, or none. */
void form_handle(mummy_http_exchange *x, mummy_upload *uploads, const char *base);
#endif
