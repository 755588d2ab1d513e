/*
 * wspolicy.h - what the command line says about WebSockets: who may connect, and compression.
 */
#ifndef MUMMY_SERVER_WSPOLICY_H
#define MUMMY_SERVER_WSPOLICY_H
#include <mummy/ws.h>
#include "options.h"

/** Sets the handshake options; o is borrowed as long as an endpoint has them. */
void wspolicy_set(struct mummy_ws_handshake_options *to, const struct options *o);
#endif
