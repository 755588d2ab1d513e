/* origin.h - whether a page's origin (RFC 6454) is the host that it asks. Internal. */
#ifndef MUMMY_WS_ORIGIN_H
#define MUMMY_WS_ORIGIN_H
#include "field.h"

/** 1 when origin is http:// or https:// and names the host and port of a Host field. */
int mws_origin_is_host(struct mws_span origin, struct mws_span host);
#endif
