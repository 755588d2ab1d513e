/* libmummy-upload behind libmummy-http on libmummy-pool, through the adapter, over loopback. */
#include <config.h>
#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>
#include "suite.h"
#include <mummy/adapters/upload-http.h>
#include <mummy/pool.h>

#define LEN ((size_t)3 << 20)

struct site {
	char folder[64];
	mummy_upload *uploads;
	mummy_http_router *router;
	mummy_http_server *server;
	mummy_pool *pool;
	pthread_t thread;
	uint16_t port;
};
struct response {
	int status;
	char head[4096];
	char *body;
	size_t len;
};

static void *serve(void *arg)
{
	mummy_http_server_run(arg);
	return NULL;
}

static void open_site_with(struct site *s, const char *origins, enum mummy_upload_sync sync)
{
	const struct mummy_upload_dir_options dir = { .sync = sync };
	struct mummy_upload_options up = { .origins = origins };
	struct mummy_http_options opt = { .loops = 2 };
	struct mummy_http_route route = { .handler = mummy_upload_http_handler, .flags = MUMMY_HTTP_STREAM,
		.max_body_bytes = MUMMY_HTTP_UNKNOWN, .quick = mummy_upload_http_quick };
	struct mummy_upload_store store;

	snprintf(s->folder, sizeof s->folder, "/tmp/mummy-upload-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(s->folder));
	ck_assert_int_eq(mummy_pool_new(&s->pool, NULL), 0);
	ck_assert_int_eq(mummy_upload_dir_store(&store, s->folder, &dir), 0);
	ck_assert_int_eq(mummy_upload_new(&s->uploads, &store, &up), 0);
	ck_assert_int_eq(mummy_http_router_new(&s->router), 0);
	route.ctx = s->uploads;
	ck_assert_int_eq(mummy_http_router_add(s->router, NULL, "/files/*", &route), 0);
	opt.executor.submit = mummy_pool_submit;
	opt.executor.ctx = s->pool;
	ck_assert_int_eq(mummy_http_server_new(&s->server, s->router, &opt), 0);
	s->port = mummy_http_server_port(s->server, 0);
	ck_assert_int_eq(pthread_create(&s->thread, NULL, serve, s->server), 0);
}

static void open_site(struct site *s, const char *origins)
{
	open_site_with(s, origins, MUMMY_UPLOAD_SYNC_ACK);
}

static void close_site(struct site *s)
{
	DIR *d;
	struct dirent *e;

	mummy_http_server_stop(s->server);
	pthread_join(s->thread, NULL);
	mummy_http_server_free(s->server);
	mummy_http_router_unref(s->router);
	mummy_pool_free(s->pool);
	mummy_upload_free(s->uploads);
	d = opendir(s->folder);
	while (d && (e = readdir(d)) != NULL)
		unlinkat(dirfd(d), e->d_name, 0);
	closedir(d);
	ck_assert_int_eq(rmdir(s->folder), 0);
}

static int dial(const struct site *s)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(s->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_eq(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
	return fd;
}

/* What could be sent: the other side may hang up. */
static size_t send_all(int fd, const char *p, size_t n)
{
	size_t at = 0;

	while (at < n) {
		ssize_t k = send(fd, p + at, n - at, MSG_NOSIGNAL);

		if (k <= 0)
			break;
		at += (size_t)k;
	}
	return at;
}

static const char *field(const struct response *r, const char *name, char out[256])
{
	const char *p = r->head;
	size_t n = strlen(name);

	while ((p = strstr(p, "\r\n")) != NULL) {
		p += 2;
		if (!strncasecmp(p, name, n) && p[n] == ':') {
			snprintf(out, 256, "%.*s", (int)strcspn(p + n + 2, "\r"), p + n + 2);
			return out;
		}
	}
	return NULL;
}

static void read_response(int fd, struct response *r, int no_body)
{
	char text[256];
	size_t n = 0;

	memset(r, 0, sizeof *r);
	while (n < sizeof r->head - 1 && recv(fd, r->head + n, 1, 0) == 1)
		if (++n >= 4 && !memcmp(r->head + n - 4, "\r\n\r\n", 4))
			break;
	if (sscanf(r->head, "HTTP/1.1 %d", &r->status) != 1)
		return;
	if (!no_body && field(r, "Content-Length", text))
		r->len = (size_t)strtoul(text, NULL, 10);
	r->body = calloc(1, r->len + 1);
	if (r->len)
		ck_assert_int_eq(recv(fd, r->body, r->len, MSG_WAITALL), (ssize_t)r->len);
}

/* One request on a connection of its own; fields end with CRLF each. The status. */
static int ask(const struct site *s, struct response *r, const char *method, const char *path,
	       const char *fields, const char *body, size_t len)
{
	char head[1024];
	int fd = dial(s);
	int n = snprintf(head, sizeof head, "%s %s HTTP/1.1\r\nHost: a\r\nTus-Resumable: 1.0.0\r\n"
			 "Connection: close\r\n%sContent-Length: %zu\r\n\r\n", method, path, fields, len);

	ck_assert_uint_eq(send_all(fd, head, (size_t)n), (size_t)n);
	send_all(fd, body, len);
	if (r->body)
		free(r->body);
	read_response(fd, r, !strcmp(method, "HEAD") || !strcmp(method, "DELETE") || !strcmp(method, "PATCH"));
	close(fd);
	return r->status;
}

#define PATCH_FIELDS(offset) "Content-Type: application/offset+octet-stream\r\nUpload-Offset: " offset "\r\n"

static void create(const struct site *s, size_t length, char path[128])
{
	struct response r = { .status = 0 };
	char fields[64], text[256];

	snprintf(fields, sizeof fields, "Upload-Length: %zu\r\n", length);
	ck_assert_int_eq(ask(s, &r, "POST", "/files/", fields, NULL, 0), 201);
	snprintf(path, 128, "%s", field(&r, "Location", text));
	free(r.body);
}

static int64_t offset_of(const struct site *s, const char *path)
{
	struct response r = { .status = 0 };
	char text[256];
	int status = ask(s, &r, "HEAD", path, "", NULL, 0);
	int64_t off = status == 200 ? strtoll(field(&r, "Upload-Offset", text), NULL, 10) : -1;

	free(r.body);
	return off;
}

static char *pattern(void)
{
	char *p = malloc(LEN);

	for (size_t i = 0; i < LEN; i++)
		p[i] = (char)(i * 13 % 251);
	return p;
}

/* Begins a PATCH of the rest and sends only part of it; the connection stays open. */
static int begin(const struct site *s, const char *path, size_t off, const char *body, size_t part)
{
	char head[512];
	int fd = dial(s);
	int n = snprintf(head, sizeof head, "PATCH %s HTTP/1.1\r\nHost: a\r\nTus-Resumable: 1.0.0\r\n"
			 "Content-Type: application/offset+octet-stream\r\nUpload-Offset: %zu\r\nContent-Length: %zu\r\n\r\n",
			 path, off, LEN - off);

	ck_assert_uint_eq(send_all(fd, head, (size_t)n), (size_t)n);
	ck_assert_uint_eq(send_all(fd, body + off, part), part);
	return fd;
}

/* Waits until the server has stored so much. */
static void await_offset(const struct site *s, const char *path, size_t want)
{
	while (offset_of(s, path) != (int64_t)want)
		sched_yield();
}

static void check_content(const struct site *s, const char *path, const char *body)
{
	struct response r = { .status = 0 };
	char text[256];

	ck_assert_int_eq(ask(s, &r, "GET", path, "", NULL, 0), 200);
	ck_assert_uint_eq(r.len, LEN);
	ck_assert_mem_eq(r.body, body, LEN);
	ck_assert_str_eq(field(&r, "X-Content-Type-Options", text), "nosniff");
	ck_assert_int_eq(ask(s, &r, "GET", path, "Range: bytes=1000-1999\r\n", NULL, 0), 206);
	ck_assert_uint_eq(r.len, 1000);
	ck_assert_mem_eq(r.body, body + 1000, 1000);
	free(r.body);
}

START_TEST(an_upload_goes_through)
{
	struct site s;
	struct response r = { .status = 0 };
	char path[128], text[256], *body = pattern();

	open_site(&s, "https://a.example");
	ck_assert_int_eq(ask(&s, &r, "OPTIONS", "/files/", "Origin: https://a.example\r\n"
			     "Access-Control-Request-Method: PATCH\r\n", NULL, 0), 204);
	ck_assert_str_eq(field(&r, "Tus-Version", text), "1.0.0");
	ck_assert_str_eq(field(&r, "Access-Control-Allow-Origin", text), "https://a.example");
	create(&s, LEN, path);
	ck_assert_int_eq(ask(&s, &r, "PATCH", path, PATCH_FIELDS("0"), body, 1 << 20), 204);
	ck_assert_int_eq(offset_of(&s, path), 1 << 20);
	ck_assert_int_eq(ask(&s, &r, "PATCH", path, PATCH_FIELDS("5"), body, 10), 409);
	ck_assert_int_eq(ask(&s, &r, "PATCH", path, PATCH_FIELDS("1048576"), body + (1 << 20),
			     LEN - (1 << 20)), 204);
	ck_assert_str_eq(field(&r, "Upload-Offset", text), "3145728");
	check_content(&s, path, body);
	ck_assert_int_eq(ask(&s, &r, "DELETE", path, "", NULL, 0), 204);
	ck_assert_int_eq(offset_of(&s, path), -1);
	close_site(&s);
	free(r.body);
	free(body);
}
END_TEST

START_TEST(a_cut_body_keeps_what_arrived)
{
	struct site s;
	struct response r = { .status = 0 };
	char path[128], fields[128], *body = pattern();
	const size_t part = (1 << 20) + 12345;

	open_site(&s, NULL);
	create(&s, LEN, path);
	close(begin(&s, path, 0, body, part));
	await_offset(&s, path, part);
	snprintf(fields, sizeof fields, PATCH_FIELDS("%zu"), part);
	ck_assert_int_eq(ask(&s, &r, "PATCH", path, fields, body + part, LEN - part), 204);
	check_content(&s, path, body);
	close_site(&s);
	free(r.body);
	free(body);
}
END_TEST

static int is_cut(int fd)
{
	struct response r;
	int cut;

	read_response(fd, &r, 1);
	cut = r.status == 0 || r.status >= 400;
	free(r.body);
	close(fd);
	return cut;
}

START_TEST(a_stuck_request_is_taken_over)
{
	struct site s;
	struct response r = { .status = 0 };
	char path[128], fields[128], *body = pattern();
	const size_t part = 500000;
	int stuck;

	open_site(&s, NULL);
	create(&s, LEN, path);
	stuck = begin(&s, path, 0, body, part);
	await_offset(&s, path, part);
	snprintf(fields, sizeof fields, PATCH_FIELDS("%zu"), part);
	ck_assert_int_eq(ask(&s, &r, "PATCH", path, fields, body + part, LEN - part), 204);
	ck_assert(is_cut(stuck));
	check_content(&s, path, body);
	close_site(&s);
	free(r.body);
	free(body);
}
END_TEST

START_TEST(delete_cuts_a_stuck_request)
{
	struct site s;
	struct response r = { .status = 0 };
	char path[128], *body = pattern();
	int stuck;

	open_site(&s, NULL);
	create(&s, LEN, path);
	stuck = begin(&s, path, 0, body, 1000);
	await_offset(&s, path, 1000);
	ck_assert_int_eq(ask(&s, &r, "DELETE", path, "", NULL, 0), 204);
	ck_assert(is_cut(stuck));
	ck_assert_int_eq(offset_of(&s, path), -1);
	close_site(&s);
	free(r.body);
	free(body);
}
END_TEST

START_TEST(chunked_bodies_and_expectations)
{
	static const char chunked[] = "Tus-Resumable: 1.0.0\r\nContent-Type: application/offset+octet-stream\r\n"
		"Upload-Offset: 0\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n0123\r\n6\r\n456789\r\n0\r\n\r\n";
	static const char expect[] = "Tus-Resumable: 1.0.0\r\nContent-Type: application/offset+octet-stream\r\n"
		"Upload-Offset: 3\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n";
	struct site s;
	struct response r = { .status = 0 };
	char path[128], head[512];
	int fd, n;

	open_site(&s, NULL);
	create(&s, 10, path);
	fd = dial(&s);
	/* refused from the head alone, before the client sends anything */
	n = snprintf(head, sizeof head, "PATCH %s HTTP/1.1\r\nHost: a\r\n%s", path, expect);
	send_all(fd, head, (size_t)n);
	read_response(fd, &r, 1);
	ck_assert_int_eq(r.status, 409);
	close(fd);
	free(r.body);
	fd = dial(&s);
	n = snprintf(head, sizeof head, "PATCH %s HTTP/1.1\r\nHost: a\r\n%s", path, chunked);
	send_all(fd, head, (size_t)n);
	read_response(fd, &r, 1);
	ck_assert_int_eq(r.status, 204);
	close(fd);
	ck_assert_int_eq(offset_of(&s, path), 10);
	close_site(&s);
	free(r.body);
}
END_TEST

/* SHA-1 of "0123456789" in the trailer, of something else, and none where one was announced. */
START_TEST(a_checksum_behind_a_chunked_body)
{
	static const struct { const char *trailer; int status; int64_t offset; } v[] = {
		{ "Upload-Checksum: sha1 qZk+NkcGgWq6PiVxeFDCbJzQ2J0=\r\n", 460, 0 }, { "", 400, 0 },
		{ "Upload-Checksum: sha1 h6zsF82dzSCnFsws9nQXtxyKcBY\r\n", 400, 0 },
		{ "Upload-Checksum: sha1 h6zsF82dzSCnFsws9nQXtxyKcBY=\r\n", 204, 10 },
	};
	struct site s;
	struct response r = { .status = 0 };
	char path[128], head[512];

	open_site(&s, NULL);
	create(&s, 10, path);
	for (size_t i = 0; i < sizeof v / sizeof v[0]; i++) {
		int fd = dial(&s);
		int n = snprintf(head, sizeof head, "PATCH %s HTTP/1.1\r\nHost: a\r\nTus-Resumable: 1.0.0\r\n"
				 "Content-Type: application/offset+octet-stream\r\nUpload-Offset: 0\r\n"
				 "Trailer: Upload-Checksum\r\nTransfer-Encoding: chunked\r\n\r\n"
				 "4\r\n0123\r\n6\r\n456789\r\n0\r\n%s\r\n", path, v[i].trailer);

		send_all(fd, head, (size_t)n);
		read_response(fd, &r, 1);
		close(fd);
		free(r.body);
		ck_assert_int_eq(r.status, v[i].status);
		ck_assert_int_eq(offset_of(&s, path), v[i].offset);
	}
	close_site(&s);
}
END_TEST

/* Head and body at once, on a connection that stays; the status. */
static int ask_at_once(int fd, struct response *r, const char *method, const char *path, const char *fields,
		       const char *body, size_t len)
{
	char text[8192];
	int n = snprintf(text, sizeof text, "%s %s HTTP/1.1\r\nHost: a\r\nTus-Resumable: 1.0.0\r\n%sContent-Length: %zu\r\n"
			 "\r\n", method, path, fields, len);

	memcpy(text + n, body, len);
	ck_assert_uint_eq(send_all(fd, text, (size_t)n + len), (size_t)n + len);
	if (r->body)
		free(r->body);
	read_response(fd, r, 0);
	return r->status;
}

static void *send_small_ones(void *arg)
{
	const struct site *s = arg;
	struct response r = { .status = 0 };
	char body[4096], path[128], text[256];
	int fd = dial(s);

	for (unsigned i = 0; i < 100; i++) {
		memset(body, (char)i, sizeof body);
		ck_assert_int_eq(ask_at_once(fd, &r, "POST", "/files/", "Upload-Length: 4096\r\n", "", 0), 201);
		snprintf(path, sizeof path, "%s", field(&r, "Location", text));
		ck_assert_int_eq(ask_at_once(fd, &r, "PATCH", path, PATCH_FIELDS("1"), body, 3), 409);
		ck_assert_int_eq(ask_at_once(fd, &r, "PATCH", path, PATCH_FIELDS("0"), body, sizeof body), 204);
		ck_assert_str_eq(field(&r, "Upload-Offset", text), "4096");
		ck_assert_int_eq(ask_at_once(fd, &r, "GET", path, "", "", 0), 200);
		ck_assert_uint_eq(r.len, sizeof body);
		ck_assert_mem_eq(r.body, body, sizeof body);
		if (i % 2)
			ck_assert_int_eq(ask_at_once(fd, &r, "DELETE", path, "", "", 0), 204);
	}
	free(r.body);
	close(fd);
	return NULL;
}

/* On the loops and on the executor, side by side. */
START_TEST(small_uploads_without_waiting)
{
	enum { N = 6 };
	struct mummy_upload_stats stats;
	pthread_t threads[N];
	struct site s;

	open_site_with(&s, NULL, MUMMY_UPLOAD_SYNC_NONE);
	for (int i = 0; i < N; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, send_small_ones, &s), 0);
	for (int i = 0; i < N; i++)
		pthread_join(threads[i], NULL);
	mummy_upload_stats_get(s.uploads, &stats);
	ck_assert_uint_eq(stats.finished, N * 100);
	ck_assert_uint_eq(stats.open, 0);
	close_site(&s);
}
END_TEST

SUITE_MAIN("tools/upload_http", small_uploads_without_waiting, a_checksum_behind_a_chunked_body, an_upload_goes_through,
	   a_cut_body_keeps_what_arrived, a_stuck_request_is_taken_over,
	   delete_cuts_a_stuck_request, chunked_bodies_and_expectations)
