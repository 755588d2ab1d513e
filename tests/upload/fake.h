/*
 * fake.h - drives the engine without HTTP: ask() sends a request and keeps the answer. The body is fed in
 * pieces of fake_piece octets.
 */
#ifndef MUMMY_TESTS_FAKE_H
#define MUMMY_TESTS_FAKE_H
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>
#include <gnutls/gnutls.h>
#include "suite.h"
#include "engine.h"

struct answer {
	int status, n, fd;
	uint64_t off, len;
	char name[24][40], value[24][4200], text[256];
};
struct fake_fields {
	int n;
	const char *name[32], *value[32];
};

static size_t fake_piece __attribute__((unused)) = 1 << 20;
static int fake_pipes __attribute__((unused));   /* feed by pipes where that can be */
static const char *fake_request_id __attribute__((unused));
static const char *fake_peer __attribute__((unused)) = "192.0.2.1";

static inline const char *fake_header(void *ctx, const char *name, unsigned nth, size_t *len)
{
	const struct fake_fields *f = ctx;

	for (int i = 0; i < f->n; i++)
		if (!strcasecmp(f->name[i], name) && nth-- == 0) {
			*len = strlen(f->value[i]);
			return f->value[i];
		}
	return NULL;
}

static inline void take_answer(struct answer *a, mummy_upload_reply *r)
{
	const char *name, *value, *body;
	size_t len;

	memset(a, 0, sizeof *a);
	a->status = mummy_upload_reply_status(r);
	for (; mummy_upload_reply_header(r, (size_t)a->n, &name, &value) == 0; a->n++) {
		snprintf(a->name[a->n], sizeof a->name[0], "%s", name);
		snprintf(a->value[a->n], sizeof a->value[0], "%s", value);
	}
	body = mummy_upload_reply_body(r, &len);
	snprintf(a->text, sizeof a->text, "%.*s", (int)len, body ? body : "");
	if (mummy_upload_reply_file(r, &a->fd, &a->off, &a->len) < 0)
		a->fd = -1;
	mummy_upload_reply_free(r);
}

static inline const char *field(const struct answer *a, const char *name)
{
	for (int i = 0; i < a->n; i++)
		if (!strcasecmp(a->name[i], name))
			return a->value[i];
	return NULL;
}

static inline void put_field(struct fake_fields *f, const char *name, const char *value)
{
	f->name[f->n] = name;
	f->value[f->n++] = value;
}

/* What fake_trailer gives; NULL: none came. */
static const char *fake_trailer_value __attribute__((unused));

static inline const char *fake_trailer(void *conn, const char *name, size_t *len)
{
	(void)conn;
	if (!fake_trailer_value || strcasecmp(name, "Upload-Checksum") != 0)
		return NULL;
	*len = strlen(fake_trailer_value);
	return fake_trailer_value;
}

static inline struct mummy_upload_request fake_request(const char *method, const char *path,
						       struct fake_fields *f, uint64_t body_length)
{
	struct mummy_upload_request req = { .method = method, .path = path, .header = fake_header, .ctx = f,
		.body_length = body_length, .peer = fake_peer, .scheme = "http", .host = "example.org",
		.trailer = fake_trailer, .request_id = fake_request_id };

	return req;
}

#define FAKE_PIPE ((size_t)32 << 10)

static inline int feed_pipe(mummy_upload_transfer *t, const char *p, size_t n)
{
	int fds[2], rc = 0;

	ck_assert_int_eq(pipe(fds), 0);
	for (size_t k; rc == 0 && n > 0; p += k, n -= k) {
		k = n < FAKE_PIPE ? n : FAKE_PIPE;
		ck_assert_int_eq(write(fds[1], p, k), (ssize_t)k);
		rc = mummy_upload_splice(t, fds[0], k);
	}
	close(fds[0]);
	close(fds[1]);
	return rc;
}

static inline int feed_piece(mummy_upload_transfer *t, const char *p, size_t n)
{
	return fake_pipes && mummy_upload_can_splice(t) ? feed_pipe(t, p, n) : mummy_upload_write(t, p, n);
}

/* Feeds what begin wants and ends it with status. */
static inline int feed(mummy_upload_transfer *t, const char *body, size_t len, int status, struct answer *a)
{
	mummy_upload_reply *r = NULL;
	int rc;

	for (size_t at = 0; at < len && status == 0; at += fake_piece) {
		rc = feed_piece(t, body + at, len - at < fake_piece ? len - at : fake_piece);
		if (rc < 0)
			status = rc;
	}
	ck_assert_int_eq(mummy_upload_end(t, status, &r), 0);
	take_answer(a, r);
	return a->status;
}

static inline int send_request(mummy_upload *u, struct answer *a, const char *method, const char *path,
			       struct fake_fields *f, const char *body, size_t len, int chunked)
{
	struct mummy_upload_request req = fake_request(method, path, f, chunked ? MUMMY_UPLOAD_UNKNOWN : len);
	mummy_upload_transfer *t = NULL;
	mummy_upload_reply *r = NULL;
	int rc = mummy_upload_begin(u, &req, &r, &t);

	ck_assert_int_ge(rc, 0);
	if (rc == 1)
		return feed(t, body, len, 0, a);
	take_answer(a, r);
	return a->status;
}

static inline void gather(struct fake_fields *f, va_list ap)
{
	const char *name;

	while ((name = va_arg(ap, const char *)) != NULL)
		put_field(f, name, va_arg(ap, const char *));
}

/* With Tus-Resumable and what follows: pairs of name and value, ended by NULL. The status. */
static inline int ask(mummy_upload *u, struct answer *a, const char *method, const char *path, const char *body,
		      size_t len, ...)
{
	struct fake_fields f = { .n = 0 };
	va_list ap;

	put_field(&f, "Tus-Resumable", "1.0.0");
	va_start(ap, len);
	gather(&f, ap);
	va_end(ap);
	return send_request(u, a, method, path, &f, body, len, 0);
}

/* The same with nothing but what is given, and a chunked body when there is one. */
static inline int ask_bare(mummy_upload *u, struct answer *a, const char *method, const char *path,
			   const char *body, size_t len, ...)
{
	struct fake_fields f = { .n = 0 };
	va_list ap;

	va_start(ap, len);
	gather(&f, ap);
	va_end(ap);
	return send_request(u, a, method, path, &f, body, len, body != NULL);
}

#define TUS_TYPE "Content-Type", "application/offset+octet-stream"

/* Creates an upload; its path. */
static inline const char *create(mummy_upload *u, uint64_t length, char path[128])
{
	struct answer a;
	char text[32];

	snprintf(text, sizeof text, "%" PRIu64, length);
	ck_assert_int_eq(ask(u, &a, "POST", "/files/", NULL, 0, "Upload-Length", text, NULL), 201);
	ck_assert_ptr_nonnull(field(&a, "Location"));
	snprintf(path, 128, "%s", field(&a, "Location"));
	return path;
}

static inline int patch(mummy_upload *u, struct answer *a, const char *path, uint64_t off, const char *body,
			size_t len)
{
	char text[32];

	snprintf(text, sizeof text, "%" PRIu64, off);
	return ask(u, a, "PATCH", path, body, len, TUS_TYPE, "Upload-Offset", text, NULL);
}

/* What HEAD says, -1: it is not there. */
static inline int64_t offset_of(mummy_upload *u, const char *path)
{
	struct answer a;

	if (ask(u, &a, "HEAD", path, NULL, 0, NULL) != 200)
		return -1;
	return strtoll(field(&a, "Upload-Offset"), NULL, 10);
}

/* A PATCH whose body is fed by the caller; name (may be NULL): one more field. */
/* Further fields may be in f, which is for this request. */
static inline mummy_upload_transfer *open_patch_with(mummy_upload *u, const char *path, const char *off,
						     struct fake_fields *f)
{
	struct mummy_upload_request req = fake_request("PATCH", path, f, MUMMY_UPLOAD_UNKNOWN);
	mummy_upload_transfer *t = NULL;
	mummy_upload_reply *r = NULL;

	put_field(f, "Tus-Resumable", "1.0.0");
	put_field(f, "Content-Type", "application/offset+octet-stream");
	put_field(f, "Upload-Offset", off);
	ck_assert_int_eq(mummy_upload_begin(u, &req, &r, &t), 1);
	return t;
}

static inline mummy_upload_transfer *open_patch(mummy_upload *u, const char *path, const char *off,
						const char *name, const char *value)
{
	struct fake_fields f = { .n = 0 };

	if (name)
		put_field(&f, name, value);
	return open_patch_with(u, path, off, &f);
}

/* Ends it with status; that of the answer. */
static inline int close_patch(mummy_upload_transfer *t, int status)
{
	mummy_upload_reply *r = NULL;
	struct answer a;

	ck_assert_int_eq(mummy_upload_end(t, status, &r), 0);
	take_answer(&a, r);
	return a.status;
}

/* "NAME BASE64", as Upload-Checksum has it. */
static inline const char *checksum_of(const char *name, gnutls_digest_algorithm_t algorithm, const void *p, size_t n,
				      char out[128])
{
	unsigned char sum[64];
	gnutls_datum_t raw = { sum, 0 }, text;

	ck_assert_int_eq(gnutls_hash_fast(algorithm, p, n, sum), 0);
	raw.size = gnutls_hash_get_len(algorithm);
	ck_assert_int_eq(gnutls_base64_encode2(&raw, &text), 0);
	snprintf(out, 128, "%s %.*s", name, (int)text.size, text.data);
	gnutls_free(text.data);
	return out;
}

/* The whole content through GET, into out; its length, -1: none. */
static inline ssize_t content(mummy_upload *u, const char *path, char *out, size_t room)
{
	struct answer a;
	ssize_t n;

	if (ask_bare(u, &a, "GET", path, NULL, 0, NULL) != 200 || a.fd < 0 || a.len > room)
		return -1;
	n = pread(a.fd, out, a.len, (off_t)a.off);
	close(a.fd);
	return n;
}

/* A folder of its own for a test. */
static inline const char *fresh(char folder[64])
{
	snprintf(folder, 64, "/tmp/mummy-upload-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	return folder;
}

static inline int wipe_at(int at, const char *folder)
{
	int fd = openat(at, folder, O_RDONLY | O_DIRECTORY), n = 0;
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	while (d && (e = readdir(d)) != NULL) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		if (unlinkat(fd, e->d_name, 0) < 0)
			n += wipe_at(fd, e->d_name);
		else
			n += strcmp(e->d_name, ".lock") != 0 && strcmp(e->d_name, ".records") != 0;
	}
	if (d)
		closedir(d);
	unlinkat(at, folder, AT_REMOVEDIR);
	return n;
}

/* Removes a folder; how many files there were besides ".lock" and ".records". */
static inline int wipe(const char *folder)
{
	return wipe_at(AT_FDCWD, folder);
}

static inline mummy_upload *open_dir(const char *folder, const struct mummy_upload_dir_options *dir,
				     const struct mummy_upload_options *opt)
{
	struct mummy_upload_store store;
	mummy_upload *u = NULL;

	ck_assert_int_eq(mummy_upload_dir_store(&store, folder, dir), 0);
	ck_assert_int_eq(mummy_upload_new(&u, &store, opt), 0);
	return u;
}

static inline mummy_upload *open_memory(const struct mummy_upload_options *opt)
{
	struct mummy_upload_store store;
	mummy_upload *u = NULL;

	ck_assert_int_eq(mummy_upload_memory_store(&store, 0), 0);
	ck_assert_int_eq(mummy_upload_new(&u, &store, opt), 0);
	return u;
}
#endif
