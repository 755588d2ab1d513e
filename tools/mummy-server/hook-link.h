/*
 * hook-link.h - the connection to a receiver of hooks: TCP, alone or with TLS.
 */
#ifndef MUMMY_SERVER_HOOK_LINK_H
#define MUMMY_SERVER_HOOK_LINK_H
#include <stddef.h>
#include <sys/types.h>
#include "hook.h"

/** Whatever waits ends with -ETIMEDOUT when the time of the call is over. */
struct hook_link {
	const struct hook_call *c;
	int fd;
	void *tls;                         /**< NULL: without */
};

/** trust NULL: without TLS; else the certificate of the other end has to be valid for host, a name or a
 *  numeric address without brackets. 0; -EHOSTUNREACH: the name is not known; -EACCES: the certificate is not
 *  to be believed; -ECONNABORTED: there is no TLS to be had; both with a line in why, which is empty else; or
 *  what connecting gives. */
int hook_link_open(struct hook_link *l, const char *host, const char *port, const struct hook_trust *trust,
		const struct hook_call *c, char *why, size_t size);
/** 0, also when the other end reads no more: it may have answered already; or a negative errno. */
int hook_link_send(struct hook_link *l, const char *p, size_t n);
/** Octets; 0: the end, with TLS only one that the other end has said. Or a negative errno. */
ssize_t hook_link_receive(struct hook_link *l, char *p, size_t n);
void hook_link_close(struct hook_link *l);
#endif
