/*
 * source.c - where the octets come from: a file, or a stream that can be read only once.
 */
#include <config.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "source.h"

#define SPOOL_BLOCK 65536

/* ---- Opening --------------------------------------------------------------------------------------- */

static void of_file(struct source *s, uint64_t base)
{
	s->base = base;
	s->length = (uint64_t)s->st.st_size > base ? (uint64_t)s->st.st_size - base : 0;
}

int source_file(struct source *s, const char *path)
{
	int rc = 0;

	memset(s, 0, sizeof *s);
	s->owned = 1;
	s->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);  /* a FIFO must not keep us here */
	if (s->fd < 0)
		return -errno;
	if (fstat(s->fd, &s->st) < 0)
		rc = -errno;
	else if (S_ISDIR(s->st.st_mode))
		rc = -EISDIR;
	else if (!S_ISREG(s->st.st_mode))
		rc = -EINVAL;
	if (rc < 0)
		source_close(s);
	else
		of_file(s, 0);
	return rc;
}

int source_stream(struct source *s, int fd, size_t buffer)
{
	off_t at;

	memset(s, 0, sizeof *s);
	s->fd = fd;
	if (fstat(fd, &s->st) < 0)
		return -errno;
	at = S_ISREG(s->st.st_mode) ? lseek(fd, 0, SEEK_CUR) : -1;
	if (at >= 0) {
		of_file(s, (uint64_t)at);
		return 0;
	}
	s->stream = 1;
	s->length = SOURCE_UNKNOWN;
	return ring_init(&s->ring, buffer);
}

static int temporary(const char *folder)
{
	size_t size = strlen(folder) + sizeof "/mummy-upload-XXXXXX";
	char *path = malloc(size);
	int fd;

	if (!path)
		return -ENOMEM;
	snprintf(path, size, "%s/mummy-upload-XXXXXX", folder);
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		fd = -errno;
	else
		unlink(path);
	free(path);
	return fd;
}

static int write_all(int fd, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t done = write(fd, p, n);

		if (done < 0)
			return -errno;
		p += done;
		n -= (size_t)done;
	}
	return 0;
}

int source_spool(struct source *s, int fd, const char *folder)
{
	int to = temporary(folder), rc = 0;
	char block[SPOOL_BLOCK];
	ssize_t n = 1;

	memset(s, 0, sizeof *s);
	s->fd = -1;
	if (to < 0)
		return to;
	while (rc == 0 && (n = read(fd, block, sizeof block)) > 0)
		rc = write_all(to, block, (size_t)n);
	if (n < 0)
		rc = -errno;
	s->fd = to;
	s->owned = 1;
	if (rc == 0 && fstat(to, &s->st) < 0)
		rc = -errno;
	if (rc < 0)
		source_close(s);
	else
		of_file(s, 0);
	return rc;
}

void source_close(struct source *s)
{
	if (s->owned && s->fd >= 0)
		close(s->fd);
	ring_free(&s->ring);
	s->fd = -1;
}

/* ---- A stream -------------------------------------------------------------------------------------- */

int source_wants(const struct source *s)
{
	const int has_room = s->ring.to - s->ring.from < s->ring.room;

	return s->stream && s->length == SOURCE_UNKNOWN && has_room ? s->fd : -1;
}

int source_full(const struct source *s)
{
	return s->stream && s->length == SOURCE_UNKNOWN && s->ring.to - s->ring.from == s->ring.room;
}

int source_fill(struct source *s, uint64_t now_ms)
{
	unsigned char *p;
	size_t room;
	ssize_t n;

	if (source_wants(s) < 0)
		return 0;
	p = ring_space(&s->ring, &room);
	n = read(s->fd, p, room);
	if (n < 0)
		return errno == EINTR || errno == EAGAIN ? 0 : -errno;
	if (n == 0)
		s->length = s->ring.to;
	else if (!s->waits_since_ms)
		s->waits_since_ms = now_ms;
	ring_added(&s->ring, (size_t)n);
	return 0;
}

static uint64_t min(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Half of the ring is sent while the other half fills. */
uint64_t source_ready(const struct source *s, uint64_t offset, uint64_t to, uint64_t most, uint64_t now_ms,
		      uint64_t *wait_ms)
{
	uint64_t there, waited;

	if (!s->stream)
		return min(most, to - offset);
	there = s->ring.to - offset;
	waited = s->waits_since_ms ? now_ms - s->waits_since_ms : 0;
	if (s->length != SOURCE_UNKNOWN || there >= min(most, s->ring.room / 2) || waited >= SOURCE_WAIT_MS)
		return min(most, there);
	if (s->waits_since_ms)
		*wait_ms = min(*wait_ms, SOURCE_WAIT_MS - waited);
	return 0;
}

void source_release(struct source *s, uint64_t offset)
{
	if (s->stream)
		ring_release(&s->ring, offset);
}

void source_sent(struct source *s, uint64_t sent)
{
	if (s->stream && sent == s->ring.to)
		s->waits_since_ms = 0;
}

/* ---- Reading --------------------------------------------------------------------------------------- */

long source_read(const struct source *s, uint64_t offset, void *out, size_t n)
{
	ssize_t got;

	if (s->stream)
		return ring_read(&s->ring, offset, out, n);
	do
		got = pread(s->fd, out, n, (off_t)(s->base + offset));
	while (got < 0 && errno == EINTR);
	return got < 0 ? -errno : (long)got;
}

int source_unchanged(const struct source *s)
{
	struct stat now;

	if (s->stream)
		return 1;
	return fstat(s->fd, &now) == 0 && now.st_size == s->st.st_size
		&& now.st_mtim.tv_sec == s->st.st_mtim.tv_sec && now.st_mtim.tv_nsec == s->st.st_mtim.tv_nsec;
}
