/* files_parts.c - several ranges of a file as one body of parts (RFC 9110 section 14.6). */
#include <config.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "files.h"

enum { PART_HEAD = 160 };

static int read_whole(int fd, char *p, uint64_t at, size_t n)
{
	while (n) {
		ssize_t got = pread(fd, p, n, (off_t)at);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return -EIO;
		p += got;
		at += (uint64_t)got;
		n -= (size_t)got;
	}
	return 0;
}

/* One part at p, or, when p is NULL, only its length. */
static ssize_t put_part(char *p, int fd, const struct mhttp_files_parts *parts,
			const struct mummy_http_range *r)
{
	char head[PART_HEAD];
	int n = snprintf(head, sizeof head,
			 "\r\n--%s\r\nContent-Range: bytes %llu-%llu/%llu\r\nContent-Type: ", parts->boundary,
			 (unsigned long long)r->first, (unsigned long long)(r->first + r->length - 1),
			 (unsigned long long)parts->size);
	size_t type_n = strlen(parts->type), at = (size_t)n;

	if (p) {
		memcpy(p, head, at);
		memcpy(p + at, parts->type, type_n);
		memcpy(p + at + type_n, "\r\n\r\n", 4);
	}
	at += type_n + 4;
	if (p && read_whole(fd, p + at, r->first, (size_t)r->length) < 0)
		return -EIO;
	return (ssize_t)(at + r->length);
}

int mhttp_files_parts(char **out, size_t *n, int fd, const struct mhttp_files_parts *parts)
{
	size_t room = strlen(parts->boundary) + 9, at = 0;
	char *p;

	for (unsigned i = 0; i < parts->n; i++)
		room += (size_t)put_part(NULL, fd, parts, &parts->ranges[i]);
	p = malloc(room);
	if (!p)
		return -ENOMEM;
	for (unsigned i = 0; i < parts->n; i++) {
		ssize_t used = put_part(p + at, fd, parts, &parts->ranges[i]);

		if (used < 0) {
			free(p);
			return (int)used;
		}
		at += (size_t)used;
	}
	*n = at + (size_t)sprintf(p + at, "\r\n--%s--\r\n", parts->boundary);
	*out = p;
	return 0;
}
