/*
 * Static files: what a request for one is answered with. The folder is opened once, at registration; what
 * takes its name later is not served.
 */
#include <config.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "files.h"
#include "gzip.h"
#include "internal.h"

struct files {
	int root;
	unsigned flags;
	char *index, *cache_control;
	const char *(*type)(void *ctx, const char *name);
	void *ctx;
};

/* One request. */
struct job {
	mummy_http_exchange *x;
	const struct files *files;
	char *path;                          /* below the root, decoded; room for an index or ".gz" too */
	struct stat st;
	int64_t now, changed;                /* seconds; changed is no later than now */
	int fd;
	int gzip, vary;
	char etag[MHTTP_ETAG_BYTES], modified[30], range[80];
	struct mummy_http_header fields[9];
	size_t nfields;
};

static void add(struct job *j, const char *name, const char *value)
{
	struct mummy_http_header h = MUMMY_HTTP_HEADER(name, value);

	j->fields[j->nfields++] = h;
}

/* ---- The coding -------------------------------------------------------------------------------- */

static int wants_gzip(const mummy_http_exchange *x)
{
	char room[MHTTP_JOINED];

	return mhttp_gzip_is_wanted(mhttp_slot_joined(x, MUMMY_HTTP_SLOT_ACCEPT_ENCODING, room));
}

/* Takes the ".gz" beside a file when there is one that is not older. Who is not given it has to hear of the
 * choice too (RFC 9110 section 12.5.5), so it is looked for in any case. */
static void choose_coding(struct job *j, size_t n)
{
	struct stat st;
	int fd;

	memcpy(j->path + n, ".gz", 4);
	fd = mhttp_files_open(j->files->root, j->path, &st);
	j->path[n] = '\0';
	if (fd < 0)
		return;
	j->vary = S_ISREG(st.st_mode) && st.st_mtime >= j->st.st_mtime;
	if (!j->vary || !wants_gzip(j->x)) {
		close(fd);
		return;
	}
	close(j->fd);
	j->fd = fd;
	j->st = st;
	j->gzip = 1;
}

/* ---- The answer -------------------------------------------------------------------------------- */

/* -1 absent, 0 or 1: does any line of that name match? */
static int match_lines(const struct job *j, const char *name, int weak)
{
	struct mummy_http_span list;
	int found = -1;

	for (unsigned i = 0; (list.p = mummy_http_header_nth(j->x, name, i, &list.n)); i++) {
		if (mummy_http_etag_match(list, j->etag, weak) == 1)
			return 1;
		found = 0;
	}
	return found;
}

static struct mhttp_files_decision decide(const struct job *j)
{
	const struct mhttp_files_question q = {
		.if_match = match_lines(j, "If-Match", 0),
		.if_none_match = match_lines(j, "If-None-Match", 1),
		.if_modified_since = mhttp_slot_once(j->x, MUMMY_HTTP_SLOT_IF_MODIFIED_SINCE),
		.if_unmodified_since = mhttp_slot_once(j->x, MUMMY_HTTP_SLOT_IF_UNMODIFIED_SINCE),
		.if_range = mhttp_slot_once(j->x, MUMMY_HTTP_SLOT_IF_RANGE),
		.range = mhttp_slot_once(j->x, MUMMY_HTTP_SLOT_RANGE),
		.etag = j->etag,
		.mtime = j->changed,
		.now = j->now,
		.size = (uint64_t)j->st.st_size,
		.is_get = !strcmp(mummy_http_method(j->x, NULL), "GET"),
	};

	return mhttp_files_decide(&q);
}

static const char *media_type(const struct files *f, const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	const char *type = f->type ? f->type(f->ctx, name) : NULL;

	return type ? type : mhttp_files_type(name);
}

/* What every answer about the file says, 304 too (RFC 9110 section 15.4.5). */
static void add_validators(struct job *j)
{
	add(j, "ETag", j->etag);
	if (mummy_http_date_format(j->modified, j->changed) == 0)
		add(j, "Last-Modified", j->modified);
	if (j->files->cache_control)
		add(j, "Cache-Control", j->files->cache_control);
	if (j->vary)
		add(j, "Vary", "Accept-Encoding");
}

static void add_type(struct job *j, const char *type)
{
	add(j, "Content-Type", type);
	if (!(j->files->flags & MUMMY_HTTP_FILES_SNIFF) && !mhttp_has_added(j->x, "X-Content-Type-Options"))
		add(j, "X-Content-Type-Options", "nosniff");
}

static void add_content(struct job *j, const struct mhttp_files_decision *d)
{
	add_type(j, media_type(j->files, j->path));
	add(j, "Accept-Ranges", "bytes");
	if (j->gzip)
		add(j, "Content-Encoding", "gzip");
	if (d->status == 206) {
		snprintf(j->range, sizeof j->range, "bytes %llu-%llu/%llu", (unsigned long long)d->first,
			 (unsigned long long)(d->first + d->length - 1), (unsigned long long)j->st.st_size);
		add(j, "Content-Range", j->range);
	}
}

/* Nobody who writes files can know it beforehand. */
static void make_boundary(char out[33], const void *salt)
{
	uint64_t v = mummy_now_ns() ^ (uint64_t)(uintptr_t)salt << 16;

	for (int i = 0; i < 32; i++) {
		v = v * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		out[i] = "0123456789abcdef"[v >> 60];
	}
	out[32] = 0;
}

static void answer_parts(struct job *j, const struct mhttp_files_decision *d)
{
	char boundary[33], type[80], *body = NULL;
	const struct mhttp_files_parts parts = {
		.boundary = boundary, .type = media_type(j->files, j->path), .size = (uint64_t)j->st.st_size,
		.ranges = d->ranges, .n = d->nranges };
	size_t n = 0;
	int rc;

	make_boundary(boundary, j);
	rc = mhttp_files_parts(&body, &n, j->fd, &parts);
	close(j->fd);
	if (rc < 0) {
		mhttp_error_answer(j->x, rc == -ENOMEM ? 503 : 500);
		return;
	}
	snprintf(type, sizeof type, "multipart/byteranges; boundary=%s", boundary);
	add_type(j, type);
	add(j, "Accept-Ranges", "bytes");
	if (j->gzip)
		add(j, "Content-Encoding", "gzip");
	mummy_http_respond_taken(j->x, 206, j->fields, j->nfields, body, n, free, body);
}

static void answer_file(struct job *j)
{
	struct mhttp_files_decision d;

	mhttp_files_etag(j->etag, &j->st);
	/* nobody is told that something will have changed (RFC 9110 section 8.8.2.1) */
	j->now = mhttp_clock();
	j->changed = j->st.st_mtime < j->now ? j->st.st_mtime : j->now;
	d = decide(j);
	if (d.status == 416) {
		snprintf(j->range, sizeof j->range, "bytes */%llu", (unsigned long long)j->st.st_size);
		mummy_http_header_add(j->x, "Content-Range", j->range);
	}
	if (d.status == 412 || d.status == 416) {
		close(j->fd);
		mhttp_error_answer(j->x, d.status);
		return;
	}
	add_validators(j);
	if (d.status == 304) {
		/* files are not compressed on the way: what of Vary there is to say is among the fields */
		struct mhttp_reply r = { .status = 304, .h = j->fields, .nh = j->nfields, .identity = 1 };

		close(j->fd);
		mhttp_reply(j->x, &r);
		return;
	}
	if (d.nranges > 1) {
		answer_parts(j, &d);
		return;
	}
	add_content(j, &d);
	mummy_http_respond_file(j->x, d.status, j->fields, j->nfields, j->fd, d.first, d.length);
}

static void answer_list(struct job *j, int fd)
{
	struct mhttp_text page = {NULL, 0, 0};
	int rc = mhttp_files_list(&page, fd, j->path, j->files->flags & MUMMY_HTTP_FILES_DOT);

	if (rc < 0) {
		free(page.p);
		mhttp_error_answer(j->x, 503);
		return;
	}
	add_type(j, "text/html; charset=utf-8");
	add(j, "Content-Security-Policy", "default-src 'none'");
	if (j->files->cache_control)
		add(j, "Cache-Control", j->files->cache_control);
	mummy_http_respond_taken(j->x, 200, j->fields, j->nfields, page.p, page.n, free, page.p);
}

/* The folder that lacks an index: 1 it was answered. n is where its path ends. */
static int serve_list(struct job *j, size_t n)
{
	int fd;

	if (!(j->files->flags & MUMMY_HTTP_FILES_LIST))
		return 0;
	j->path[n] = '\0';
	fd = mhttp_files_open(j->files->root, j->path, &j->st);
	if (fd < 0)
		return 0;
	if (!S_ISDIR(j->st.st_mode)) {
		close(fd);
		return 0;
	}
	answer_list(j, fd);
	return 1;
}

/* ---- The request ------------------------------------------------------------------------------- */

static void serve_path(struct job *j, struct mummy_http_span raw)
{
	int status = mhttp_files_path(j->path, raw, j->files->flags & MUMMY_HTTP_FILES_DOT), folder;
	size_t n;

	if (status) {
		mhttp_error_answer(j->x, status);
		return;
	}
	n = strlen(j->path);
	folder = n == 0 || j->path[n - 1] == '/';
	if (folder) {
		strcpy(j->path + n, j->files->index);
		n += strlen(j->files->index);
	}
	j->fd = mhttp_files_open(j->files->root, j->path, &j->st);
	if (j->fd == -ENOENT && folder && serve_list(j, n - strlen(j->files->index)))
		return;
	if (j->fd < 0) {
		mhttp_error_answer(j->x, mhttp_files_status(j->fd));
	} else if (S_ISDIR(j->st.st_mode)) {
		close(j->fd);
		if (folder)
			mhttp_error_answer(j->x, 404);
		else
			mhttp_redirect(j->x);  /* so that links in the index are right */
	} else {
		choose_coding(j, n);
		answer_file(j);
	}
}

static void serve(mummy_http_exchange *x, void *ctx)
{
	struct job j = {.x = x, .files = ctx};
	struct mummy_http_span path, raw;
	unsigned segments = mhttp_route_segments(x->route);

	path.p = mummy_http_path(x, &path.n);
	raw = mhttp_files_tail(path, segments);
	if (!raw.p && segments) {
		mhttp_redirect(x);
		return;
	}
	j.path = malloc(raw.n + strlen(j.files->index) + sizeof ".gz");
	if (!j.path) {
		mhttp_error_answer(x, 503);
		return;
	}
	serve_path(&j, raw);
	free(j.path);
}

/* ---- Registration ------------------------------------------------------------------------------ */

static void free_files(void *p)
{
	struct files *f = p;

	if (f->root >= 0)
		close(f->root);
	free(f->index);
	free(f->cache_control);
	free(f);
}

static int check(const char *prefix, const struct mummy_http_files *files)
{
	if (!prefix || prefix[0] != '/' || !files || !files->root || !MUMMY_RESERVED_OK(files))
		return -EINVAL;
	if (files->flags & ~(unsigned)(MUMMY_HTTP_FILES_DOT | MUMMY_HTTP_FILES_LIST | MUMMY_HTTP_FILES_SNIFF))
		return -EINVAL;
	if (files->index && (!*files->index || strchr(files->index, '/')))
		return -EINVAL;
	return 0;
}

static int new_files(struct files **out, const struct mummy_http_files *from)
{
	struct files *f = calloc(1, sizeof *f);
	int error;

	if (!f)
		return -ENOMEM;
	f->flags = from->flags;
	f->type = from->type;
	f->ctx = from->ctx;
	f->index = strdup(from->index ? from->index : "index.html");
	f->cache_control = from->cache_control ? strdup(from->cache_control) : NULL;
	f->root = open(from->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	error = f->root < 0 ? -errno : f->index && !f->cache_control == !from->cache_control ? 0 : -ENOMEM;
	if (error)
		free_files(f);
	else
		*out = f;
	return error;
}

/* The folder itself and what is below; the exact prefix may have a route of its own. */
static int add_routes(mummy_http_router *r, char *pattern, size_t n, const struct mummy_http_route *route)
{
	int rc;

	strcpy(pattern + n, "/*");
	rc = mummy_http_router_add(r, "GET", pattern, route);
	if (rc < 0 || n == 0)
		return rc;
	pattern[n] = '\0';
	rc = mummy_http_router_add(r, "GET", pattern, route);
	return rc == -EEXIST ? 0 : rc;
}

int mummy_http_router_files(mummy_http_router *r, const char *prefix, const struct mummy_http_files *files)
{
	struct mummy_http_route route = {.handler = serve};
	struct files *f = NULL;
	char *pattern;
	size_t n;
	int rc = check(prefix, files);

	if (rc == 0)
		rc = new_files(&f, files);
	if (rc < 0)
		return rc;
	rc = mhttp_router_own(r, free_files, f);
	if (rc < 0) {
		free_files(f);
		return rc;
	}
	n = strlen(prefix);
	pattern = malloc(n + sizeof "/*");
	if (!pattern)
		return -ENOMEM;
	memcpy(pattern, prefix, n);
	if (prefix[n - 1] == '/')
		n--;
	route.ctx = f;
	rc = add_routes(r, pattern, n, &route);
	free(pattern);
	return rc;
}
