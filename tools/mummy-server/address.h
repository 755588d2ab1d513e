/*
 * address.h - where to listen, as the user writes it.
 */
#ifndef MUMMY_SERVER_ADDRESS_H
#define MUMMY_SERVER_ADDRESS_H
#include <stddef.h>
#include <stdint.h>

/** A numeric address and a port, or the path of a UNIX socket. */
struct address {
	char host[64];             /**< without brackets; empty for a UNIX socket */
	uint16_t port;
	int ipv6;
	const char *unix_path;     /**< borrowed from the text; NULL: none */
	int fd;                    /**< > 0: a socket that listens there already */
};

/** Reads ADDRESS:PORT, [ADDRESS]:PORT or unix:PATH. 0 or -EINVAL. */
int address_parse(struct address *a, const char *text);
/** 1 when other machines can reach it. */
int address_is_open(const struct address *a);
/** Writes it as a URL (http://127.0.0.1:8080/) with that port, or unix:PATH. */
void address_url(const struct address *a, uint16_t port, char *out, size_t size);
/** Listens there and lets go again; 0, or the negative errno that a server would meet. reuse_port: as a
 *  server that shares the port. UNIX sockets, and those that listen already, are not tried: 0. */
int address_probe(const struct address *a, int reuse_port);
#endif
