/* key.h - Sec-WebSocket-Key and -Accept (RFC 6455 sections 4.1 and 4.2.2), random numbers. Internal. */
#ifndef MUMMY_WS_KEY_H
#define MUMMY_WS_KEY_H
#include <stddef.h>
#include "field.h"

#define MWS_KEY_LEN 24
#define MWS_ACCEPT_LEN 28

/** 1 when key is base64 of 16 octets. */
int mws_key_ok(struct mws_span key);
/** A fresh key, NUL-terminated. 0 or -EIO. */
int mws_key_make(char key[MWS_KEY_LEN + 1]);
/** What answers key, which is MWS_KEY_LEN octets; NUL-terminated. 0, -EIO or -ENOMEM. */
int mws_key_accept(const char *key, char accept[MWS_ACCEPT_LEN + 1]);
/** n octets that nobody can foresee. 0 or -EIO. */
int mws_random(void *p, size_t n);
#endif
