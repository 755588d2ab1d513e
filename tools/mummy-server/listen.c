/*
 * listen.c - the addresses that the server listens on.
 */
#include <config.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "listen.h"

size_t listen_default(struct address *out)
{
	struct address probe;

	if (address_parse(&out[0], "127.0.0.1:8080") < 0 || address_parse(&out[1], "[::1]:8080") < 0
	    || address_parse(&probe, "[::1]:0") < 0)
		return 0;
	return address_probe(&probe, 0) == 0 ? 2 : 1;
}

static void fill(struct mummy_http_listener *out, const struct address *a, int reuse_port,
		 const char *congestion)
{
	if (a->fd > 0) {
		out->fd = a->fd;
		return;
	}
	out->unix_path = a->unix_path;
	out->congestion = congestion;
	out->reuse_port = !a->unix_path && reuse_port;
	if (!a->unix_path) {
		out->address = a->host;
		out->port = a->port;
	}
}

/* The library says what is wrong, not with which address: that one fails once more, or is a path. */
static size_t blame(const struct address *a, size_t n, int reuse_port)
{
	size_t path = 0;

	for (size_t i = 0; i < n; i++) {
		if (address_probe(&a[i], reuse_port) < 0)
			return i;
		if (a[i].unix_path && a[i].fd <= 0)
			path = i;
	}
	return path;
}

int listen_serve(mummy_http_server **out, mummy_http_router *r, const struct mummy_http_options *opt,
		 const struct address *a, size_t n, int reuse_port, const char *congestion, size_t *failed)
{
	struct mummy_http_listener *listeners = calloc(n, sizeof *listeners);
	struct mummy_http_options all = *opt;
	int rc = -ENOMEM;

	*failed = 0;
	if (listeners) {
		for (size_t i = 0; i < n; i++)
			fill(&listeners[i], &a[i], reuse_port, congestion);
		all.listeners = listeners;
		all.nlisteners = n;
		rc = mummy_http_server_new(out, r, &all);
		free(listeners);
	}
	if (rc < 0)
		*failed = blame(a, n, reuse_port);
	return rc;
}

void listen_describe(const mummy_http_server *s, const struct address *a, size_t n, char *out, size_t size)
{
	size_t at = 0;

	out[0] = '\0';
	for (size_t i = 0; i < n && at + 1 < size; i++) {
		if (i > 0)
			out[at++] = ' ';
		address_url(&a[i], mummy_http_server_port(s, i), out + at, size - at);
		at += strlen(out + at);
	}
}

static int write_lines(int fd, const mummy_http_server *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (dprintf(fd, "%u\n", (unsigned)mummy_http_server_port(s, i)) < 0)
			return -errno;
	return 0;
}

int listen_write_ports(const mummy_http_server *s, size_t n, const char *path, char **fresh)
{
	size_t size = strlen(path) + sizeof ".XXXXXX";
	char *name = malloc(size);
	int fd, rc;

	if (!name)
		return -ENOMEM;
	snprintf(name, size, "%s.XXXXXX", path);
	fd = mkstemp(name);
	rc = fd < 0 ? -errno : write_lines(fd, s, n);
	if (fd >= 0 && (fchmod(fd, 0644) < 0 || close(fd) < 0))
		rc = -errno;
	if (rc < 0) {
		if (fd >= 0)
			unlink(name);
		free(name);
		return rc;
	}
	*fresh = name;
	return 0;
}

int listen_show_ports(char *fresh, const char *path)
{
	int rc = rename(fresh, path) < 0 ? -errno : 0;

	if (rc < 0)
		unlink(fresh);
	free(fresh);
	return rc;
}
