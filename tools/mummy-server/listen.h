/*
 * listen.h - the addresses that the server listens on.
 */
#ifndef MUMMY_SERVER_LISTEN_H
#define MUMMY_SERVER_LISTEN_H
#include <stddef.h>
#include <mummy/http.h>
#include "address.h"

/** 127.0.0.1:8080 and, where IPv6 exists, [::1]:8080, to out, which has room for two. Their number. */
size_t listen_default(struct address *out);
/** Makes the server, which listens on n addresses; reuse_port: other processes may share the ports;
 *  congestion: as in struct mummy_http_listener.
 *  Returns as mummy_http_server_new; on error *failed is the address to blame. */
int listen_serve(mummy_http_server **out, mummy_http_router *r, const struct mummy_http_options *opt,
		const struct address *a, size_t n, int reuse_port, const char *congestion, size_t *failed);
/** Writes the URLs with the ports as they are, with blanks between. */
void listen_describe(const mummy_http_server *s, const struct address *a, size_t n, char *out, size_t size);
/** Writes a line per address with its port (0 for a UNIX socket) to a new file beside path, whose name is
 *  given to *fresh; _show_ports frees it and moves the file to path, so that it appears whole or not at
 *  all. 0 or a negative errno. */
int listen_write_ports(const mummy_http_server *s, size_t n, const char *path, char **fresh);
int listen_show_ports(char *fresh, const char *path);
#endif
