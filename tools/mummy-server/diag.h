/*
 * diag.h - /diag/: what probes and benchmarks need.
 */
#ifndef MUMMY_SERVER_DIAG_H
#define MUMMY_SERVER_DIAG_H
#include <mummy/http.h>

struct diag;

int diag_new(struct diag **out);
/** After the server was freed: answers that are being sent point into it. */
void diag_free(struct diag *d);
/** max_body_bytes is for /diag/echo. 0 or a negative errno. */
int diag_routes(struct diag *d, mummy_http_router *r, uint64_t max_body_bytes);
#endif
