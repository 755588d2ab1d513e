/* Checksums of bodies (TUS 1.0.0, checksum and checksum-trailer). */
#include <config.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include "engine.h"

#define READ_BYTES ((size_t)256 << 10)

/* 1 when a list of field names has Upload-Checksum. */
static int names_it(const char *p, size_t n)
{
	static const char name[] = "upload-checksum";
	size_t at = 0, len;

	while (at < n) {
		while (at < n && (p[at] == ' ' || p[at] == '\t' || p[at] == ','))
			at++;
		for (len = 0;
		     at + len < n && p[at + len] != ',' && p[at + len] != ' ' && p[at + len] != '\t';)
			len++;
		if (len == sizeof name - 1 && !strncasecmp(p + at, name, len))
			return 1;
		at += len;
	}
	return 0;
}

static int announced(const struct mup_request *r)
{
	const char *p;
	size_t n;

	for (unsigned i = 0; r->req->header && (p = r->req->header(r->req->ctx, "Trailer", i, &n)) != NULL;
	     i++)
		if (names_it(p, n))
			return 1;
	return 0;
}

int mup_header_checksum(struct mup_request *r)
{
	const char *p;
	size_t n;
	int given = mup_header(r, "Upload-Checksum", &p, &n), rc;

	r->trailer = announced(r);
	if (given != 0 && !r->u->algorithms[0])
		return mup_refuse(r, 400, "checksums are not supported\n");
	if (r->trailer && (!r->u->algorithms[0] || !r->u->store.read || !r->req->trailer))
		return mup_refuse(r, 400, "checksums in trailers are not supported\n");
	if (given != 0 && r->trailer)
		return mup_refuse(r, 400, "Upload-Checksum is a header or a trailer, not both\n");
	if (given == 0)
		return 1;
	rc = given < 0 ? given : mup_checksum_parse(&r->sum, p, n);
	if (rc == -ENOMEM)
		return mup_refuse_code(r, rc);
	if (rc == -ENOTSUP)
		return mup_refuse(r, 400, "the algorithm of Upload-Checksum is not supported\n");
	return rc < 0 ? mup_refuse(r, 400, "Upload-Checksum is malformed\n") : 1;
}

/* Only now the algorithm is known, so that what was stored is read once more. */
static int feed_stored(mummy_upload_transfer *t, int fd)
{
	char *buf = malloc(READ_BYTES);
	uint64_t at = t->start, n;
	int rc = buf ? mup_checksum_feed(&t->sum, "", 0) : -ENOMEM;

	while (rc == 0 && at < t->at) {
		ssize_t k;

		n = t->at - at < READ_BYTES ? t->at - at : READ_BYTES;
		k = pread(fd, buf, (size_t)n, (off_t)at);
		if (k < 0 && errno == EINTR)
			continue;
		rc = k <= 0 ? -EIO : mup_checksum_feed(&t->sum, buf, (size_t)k);
		at += k > 0 ? (uint64_t)k : 0;
	}
	free(buf);
	return rc;
}

static int open_stored(mummy_upload_transfer *t)
{
	mummy_upload *u = t->u;
	int rc;

	pthread_mutex_lock(&u->lock);
	mup_gate_enter(u, t->s);
	rc = t->epoch != t->s->epoch ? -ECANCELED : mup_session_load(u, t->s, MUMMY_UPLOAD_WRITE);
	if (rc == 0) {
		pthread_mutex_unlock(&u->lock);
		rc = u->store.read(t->s->h);
		pthread_mutex_lock(&u->lock);
	}
	mup_gate_leave(u, t->s);
	pthread_mutex_unlock(&u->lock);
	return rc;
}

static int verify_trailer(mummy_upload_transfer *t)
{
	size_t n = 0;
	const char *p = t->ask_trailer(t->conn, "Upload-Checksum", &n);
	int rc, fd;

	while (p && n && (p[n - 1] == ' ' || p[n - 1] == '\t'))
		n--;
	rc = p ? mup_checksum_parse(&t->sum, p, n) : -EPROTO;
	if (rc < 0)
		return rc == -ENOMEM ? rc : -EPROTO;
	fd = open_stored(t);
	if (fd < 0)
		return fd;
	rc = feed_stored(t, fd);
	close(fd);
	return rc < 0 ? rc : mup_checksum_end(&t->sum);
}

int mup_verify(mummy_upload_transfer *t, int status)
{
	if (status < 0)
		return status;
	if (t->error || (!t->sum.len && !t->trailer))
		return 0;
	return t->trailer ? verify_trailer(t) : mup_checksum_end(&t->sum);
}

int mup_verify_empty(struct mup_request *r)
{
	return r->sum.len ? mup_checksum_end(&r->sum) : 0;
}
