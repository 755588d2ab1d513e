/*
 * inherit.h - listening sockets that came with the process (socket activation).
 */
#ifndef MUMMY_SERVER_INHERIT_H
#define MUMMY_SERVER_INHERIT_H
#include <stddef.h>
#include "address.h"

#define INHERIT_MAX 16
#define INHERIT_PATH 112

struct inherited {
	struct address at[INHERIT_MAX];
	size_t n;                          /**< 0: there are none */
	char path[INHERIT_MAX][INHERIT_PATH];  /**< of UNIX sockets; what at borrows, so this stays where it is */
};

/** Finds them by the protocol of sd_listen_fds(3): descriptors from 3 on, with LISTEN_PID, LISTEN_FDS and
 *  LISTEN_FDNAMES, which leave the environment. Before there are threads. 0; -EINVAL and a line in why: they
 *  are not what can be served on. */
int inherit_sockets(struct inherited *in, char *why, size_t size);
#endif
