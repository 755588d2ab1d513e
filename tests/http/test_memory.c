/*
 * No file of its own: every allocation of a server that serves is made to fail, so far apart that mostly one
 * hits a request, and all from one on. Who asks gets his answer, a 503 or 500, or a connection that closes;
 * nothing leaks, and the server goes on.
 */
#include <config.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <zlib.h>
#include "failing.h"
#include "serve.h"

/* ---- Handlers --------------------------------------------------------------------------------- */

enum { BIG = 400 * 1000, TEXT = 6000 };
static char big[BIG];
static atomic_int given, done;

static void count_done(void *arg)
{
	(void)arg;
	atomic_fetch_add(&done, 1);
}

static void plain(mummy_http_exchange *x, void *ctx)
{
	size_t n;
	const char *body = mummy_http_body(x, &n);

	(void)ctx;
	mummy_http_header_add(x, "X-Added", "1");
	mummy_http_inform(x, 103, NULL, 0);
	mummy_http_respond(x, 200, NULL, 0, n ? body : "plain", n ? n : 5);
}

static void text(mummy_http_exchange *x, void *ctx)
{
	char page[TEXT];

	(void)ctx;
	memset(page, 'a', sizeof page);
	page[sizeof page - 1] = 0;
	mummy_http_respond_text(x, 200, page);
}

static void wide_head(mummy_http_exchange *x, void *ctx)
{
	char value[3000];
	const struct mummy_http_header h = MUMMY_HTTP_HEADER("X-Wide", value);

	(void)ctx;
	memset(value, 'a', sizeof value);
	value[sizeof value - 1] = 0;
	mummy_http_respond(x, 200, &h, 1, "wide", 4);
}

static void who(mummy_http_exchange *x, void *ctx)
{
	(void)ctx;
	mummy_http_respond_text(x, 200, mummy_http_peer(x, NULL));
}

static void copied(mummy_http_exchange *x, void *ctx)
{
	(void)ctx;
	mummy_http_respond(x, 200, NULL, 0, big, BIG);
}

static void taken(mummy_http_exchange *x, void *ctx)
{
	(void)ctx;
	atomic_fetch_add(&given, 1);
	mummy_http_respond_taken(x, 200, NULL, 0, big, BIG, count_done, NULL);
}

static void stream(mummy_http_exchange *x, void *ctx)
{
	const struct mummy_http_header h = MUMMY_HTTP_HEADER("Content-Type", "text/plain");
	struct iovec iov[2] = { { big, 10 }, { big, BIG / 4 } };
	mummy_http_stream *st;

	(void)ctx;
	if (mummy_http_respond_stream(x, 200, &h, 1, MUMMY_HTTP_UNKNOWN, &st) < 0)
		return;
	mummy_http_stream_writev(st, iov, 2, NULL, NULL);
	atomic_fetch_add(&given, 1);
	mummy_http_stream_writev(st, iov, 2, count_done, NULL);
	mummy_http_stream_writev(st, iov, 1, NULL, NULL);
	mummy_http_stream_close(st);
	mummy_http_stream_unref(st);
}

static void sse(mummy_http_exchange *x, void *ctx)
{
	mummy_http_stream *st;

	(void)ctx;
	if (mummy_http_sse(x, &st) < 0)
		return;
	if (mummy_http_sse_send(st, "e", "1", "data", 4) == 0)
		mummy_http_stream_close(st);
	mummy_http_stream_unref(st);
}

static int sink_data(void *ctx, const void *p, size_t n)
{
	(void)ctx;
	(void)p;
	(void)n;
	return 0;
}

static void sink_end(void *ctx, int status)
{
	if (status == 0)
		mummy_http_respond_text(ctx, 200, "sunk");
	mummy_http_release(ctx);
}

static void sink(mummy_http_exchange *x, void *ctx)
{
	const struct mummy_http_sink s = { .data = sink_data, .end = sink_end, .ctx = mummy_http_hold(x) };

	(void)ctx;
	if (mummy_http_stream_body(x, &s) < 0)
		mummy_http_release(x);
}

static int echo_data(void *ctx, void *p, size_t n)
{
	const struct iovec iov = { p, n };

	mummy_http_stream_writev(ctx, &iov, 1, NULL, NULL);
	mummy_http_stream_close(ctx);
	return 0;
}

static void echo_closed(void *ctx, int status)
{
	(void)status;
	mummy_http_stream_unref(ctx);
}

static void upgrade(mummy_http_exchange *x, void *ctx)
{
	static const struct mummy_http_stream_events ev = { .data = echo_data, .closed = echo_closed };
	mummy_http_stream *st;

	(void)ctx;
	if (mummy_http_upgrade(x, NULL, 0, &st) == 0)
		mummy_http_stream_start(st, &ev, st);
}

static void answer_later(void *x)
{
	mummy_http_respond_text(x, 200, "later");
	mummy_http_release(x);
}

static int make_hook(mummy_http_loop *l, struct mummy_http_hook *h, void **ctx, void *arg)
{
	(void)l;
	(void)h;
	*ctx = arg;
	return 0;
}

static void later(mummy_http_exchange *x, void *ctx)
{
	mummy_http_loop *l = mummy_http_exchange_loop(x);
	void *hooked;

	mummy_http_hold(x);
	mummy_http_loop_hook(l, &given, make_hook, x, &hooked);
	if ((ctx ? mummy_http_loop_post(l, answer_later, x) : mummy_http_loop_timer(l, 1, answer_later, x)) < 0)
		answer_later(x);
}

static int check(void *ctx, mummy_http_exchange *x, const char *user, const char *secret)
{
	(void)ctx;
	(void)x;
	return user && !strcmp(user, "a") && !strcmp(secret, "b") ? 0 : -EACCES;
}

static void write_line(void *ctx, const char *line, size_t n)
{
	(void)ctx;
	ck_assert_uint_gt(n, 0);
	ck_assert_ptr_nonnull(line);
}

/* ---- Requests --------------------------------------------------------------------------------- */

#define GET(path) "GET " path " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
#define POST(path) "POST " path " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
#define MORE(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"
#define UPGRADE(path) "GET " path " HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"
#define CHUNKED "Transfer-Encoding: chunked\r\n\r\n"
#define X64 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

/* Several pieces are sent one by one, each once the server had a chance to see the one before. */
static const struct { const char *pieces[3]; int status; const char *has; } asks[] = {
	{ { GET("/inline/plain") "\r\n" }, 103, "\r\n\r\nplain" },
	{ { GET("/plain") "\r\n" }, 103, "\r\n\r\nplain" },
	{ { GET("/plain"), "\r\n" }, 103, "\r\n\r\nplain" },
	{ { MORE("/inline/plain") MORE("/plain") GET("/plain") "\r\n" },
	  103, "X-Added: 1\r\nContent-Length: 5\r\nConnection: close\r\n" },
	{ { MORE("/plain") MORE("/plain") GET("/plain") "\r\n" }, 103, NULL },
	{ { POST("/plain") "Content-Length: 64\r\n\r\n" X64 }, 103, X64 },
	{ { POST("/plain") "Content-Length: 128\r\n\r\n" X64, X64 }, 103, X64 X64 },
	{ { POST("/inline/plain") "Expect: 100-continue\r\nContent-Length: 128\r\n\r\n", X64, X64 }, 100, X64 X64 },
	{ { POST("/plain") CHUNKED "40\r\n" X64, "\r\n40\r\n" X64 "\r\n0\r\nA: b\r\n", "\r\n" }, 103,
	  X64 X64 },
	{ { POST("/sink") "Content-Length: 128\r\n\r\n" X64, X64 }, 200, "sunk" },
	{ { POST("/sink") CHUNKED "4", "0\r\n" X64 "\r\n0\r\n", "A: b\r\n\r\n" }, 200, "sunk" },
	{ { POST("/inline/sink") CHUNKED "4", "0\r\n" X64 "\r\n0\r\n", "A: b\r\n\r\n" }, 200, "sunk" },
	{ { GET("/text") "Accept-Encoding: gzip\r\n\r\n" }, 200, "Content-Encoding: gzip" },
	{ { GET("/inline/text") "Accept-Encoding: gzip\r\n\r\n" }, 200, "Content-Encoding: gzip" },
	{ { GET("/wide") "\r\n" }, 200, "\r\nX-Wide: aaa" },
	{ { GET("/sse") "\r\n" }, 200, "event: e\nid: 1\ndata: data\n\n" },
	{ { UPGRADE("/upgrade"), "ping" }, 101, "\r\n\r\nping" },
	{ { UPGRADE("/inline/upgrade") "ping" }, 101, "\r\n\r\nping" },
	{ { GET("/later") "\r\n" }, 200, "later" },
	{ { GET("/inline/later") "\r\n" }, 200, "later" },
	{ { GET("/timer") "\r\n" }, 200, "later" },
	{ { GET("/files/a.txt") "\r\n" }, 200, "0123456789" },
	{ { GET("/files/a.txt") "Range: bytes=0-1,5-6\r\n\r\n" }, 206, "multipart/byteranges" },
	{ { GET("/files/a.txt") "If-None-Match: *\r\n\r\n" }, 304, NULL },
	{ { GET("/files/") "\r\n" }, 200, "a.txt" },
	{ { GET("/files") "\r\n" }, 308, "Location: /files/\r\n" },
	{ { GET("/slash") "\r\n" }, 308, "Location: /slash/\r\n" },
	{ { GET("/secret") "Authorization: Basic YTpi\r\n\r\n" }, 200, "Content-Length: 5999\r\n" },
	{ { GET("/secret") "\r\n" }, 401, "WWW-Authenticate: Basic" },
	{ { GET("/plain") "Origin: https://b\r\nForwarded: for=192.0.2.1;host=b;proto=https\r\n\r\n" }, 103,
	  "Access-Control-Allow-Origin: https://b" },
	{ { GET("/p/a%20b?q") "\r\n" }, 103, "\r\n\r\nplain" },
	{ { GET("/p/%00") "\r\n" }, 400, NULL },
	{ { GET("http://b/none") "\r\n" }, 404, NULL },
	{ { POST("/text") "Content-Length: 3\r\n\r\nabc" }, 405, "Allow: GET, HEAD, OPTIONS\r\n" },
	{ { "OPTIONS /text HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 3\r\n\r\n", "abc" }, 204,
	  NULL },
	{ { "BAD\r\n\r\n" }, 400, NULL },
	/* more than the socket takes at once: WIDE of them */
	{ { GET("/copied") "\r\n" }, 200, "Content-Length: 400000\r\n" },
	{ { GET("/inline/copied") "\r\n" }, 200, "Content-Length: 400000\r\n" },
	{ { GET("/taken") "\r\n" }, 200, "Content-Length: 400000\r\n" },
	{ { GET("/inline/taken") "\r\n" }, 200, "Content-Length: 400000\r\n" },
	{ { GET("/stream") "\r\n" }, 200, "chunked" },
	{ { GET("/inline/stream") "Accept-Encoding: gzip\r\n\r\n" }, 200, "Content-Encoding: gzip" },
	{ { GET("/stream") "Accept-Encoding: gzip\r\n\r\n" }, 200, "Content-Encoding: gzip" },
};
enum { APART = 23, ASKS = sizeof asks / sizeof asks[0], WIDE = 7 };

static char folder[64], address[80];
static unsigned char packed[200];
static size_t packed_n;

static void make_packed(void)
{
	z_stream z = { 0 };

	ck_assert_int_eq(deflateInit2(&z, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_in = (z_const Bytef *)(uintptr_t)big;
	z.avail_in = 9000;
	z.next_out = packed;
	z.avail_out = sizeof packed;
	ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
	packed_n = sizeof packed - z.avail_out;
	deflateEnd(&z);
}

static void make_folder(void)
{
	char path[80];
	int fd;

	strcpy(folder, "/tmp/mummy-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(address, sizeof address, "%s.sock", folder);
	snprintf(path, sizeof path, "%s/a.txt", folder);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	ck_assert_int_eq(write(fd, "0123456789", 10), 10);
	close(fd);
}

static void remove_folder(void)
{
	char path[80];

	snprintf(path, sizeof path, "%s/a.txt", folder);
	unlink(path);
	rmdir(folder);
}

/* What fails is told; the router may then have some of them only. */
static int routes(mummy_http_router *r)
{
	static const struct { const char *path; mummy_http_handler *handler; unsigned flags; } all[] = {
		{ "/plain", plain, 0 }, { "/text", text, 0 }, { "/wide", wide_head, 0 }, { "/copied", copied, 0 },
		{ "/taken", taken, 0 }, { "/stream", stream, 0 }, { "/sse", sse, 0 }, { "/upgrade", upgrade, 0 },
		{ "/timer", later, 0 }, { "/slash/", plain, 0 }, { "/p/{x}", plain, 0 }, { "/secret", text, 0 },
		{ "/sink", sink, MUMMY_HTTP_STREAM }, { "/inflate", plain, MUMMY_HTTP_INFLATE },
		{ "/who", who, 0 },
	};
	const struct mummy_http_files files = { .root = folder, .flags = MUMMY_HTTP_FILES_LIST };
	const struct mummy_http_cors cors = { .origins = "https://b" };
	const struct mummy_http_rate rate = { .requests = 1000000, .clients = 8 };
	struct mummy_http_route route = { .handler = later, .ctx = folder };
	char inline_path[64];
	int rc = mummy_http_router_slash(r, MUMMY_HTTP_REDIRECT);

	for (size_t i = 0; rc == 0 && i < sizeof all / sizeof all[0]; i++) {
		const char *method = all[i].handler == text ? "GET" : NULL;

		route = (struct mummy_http_route){ .handler = all[i].handler, .flags = all[i].flags };
		rc = mummy_http_router_add(r, method, all[i].path, &route);
		route.flags |= MUMMY_HTTP_INLINE;
		snprintf(inline_path, sizeof inline_path, "/inline%s", all[i].path);
		rc = rc ? rc : mummy_http_router_add(r, method, inline_path, &route);
	}
	route = (struct mummy_http_route){ .handler = later, .ctx = folder };
	rc = rc ? rc : mummy_http_router_add(r, "GET", "/later", &route);
	route.flags = MUMMY_HTTP_INLINE;
	rc = rc ? rc : mummy_http_router_add(r, "GET", "/inline/later", &route);
	rc = rc ? rc : mummy_http_router_files(r, "/files", &files);
	rc = rc ? rc : mummy_http_use_forwarded(r, "unix");
	rc = rc ? rc : mummy_http_use_request_id(r);
	rc = rc ? rc : mummy_http_use_access_log(r, MUMMY_HTTP_JSON, write_line, NULL);
	rc = rc ? rc : mummy_http_use_rate_limit(r, "/", &rate);
	rc = rc ? rc : mummy_http_use_cors(r, "/plain", &cors);
	return rc ? rc : mummy_http_use_auth(r, "/secret", "r", check, NULL);
}

/* ---- Sessions --------------------------------------------------------------------------------- */

struct got { char p[16 * 1024]; size_t n; };

/* Until the end of the connection. The head and the beginning are kept. */
static void hear(int fd, const char *ask, struct got *g)
{
	char rest[64 * 1024];
	ssize_t n;

	g->n = 0;
	for (;;) {
		size_t room = sizeof g->p - 1 - g->n;

		n = recv(fd, room ? g->p + g->n : rest, room ? room : sizeof rest, 0);
		if (n <= 0)
			break;
		g->n += room ? (size_t)n : 0;
	}
	ck_assert_msg(n == 0 || errno == ECONNRESET, "%s, after %zu octets: %s", strerror(errno), g->n, ask);
	g->p[g->n] = 0;
}

static void speak(int fd, const void *p, size_t n)
{
	/* who is refused may have been cut off already */
	if (send(fd, p, n, MSG_NOSIGNAL) < 0)
		ck_assert_msg(errno == EPIPE || errno == ECONNRESET, "%s", strerror(errno));
}

/* Until the server has read so many octets in all, or tells the client something. */
static void await_read(struct serve *s, int fd, uint64_t octets)
{
	const struct timespec moment = { 0, 20000 };
	struct pollfd answer = { fd, POLLIN, 0 };
	struct mummy_http_stats stats;

	while (poll(&answer, 1, 0) == 0 && (mummy_http_stats_get(s->server, &stats), stats.bytes_in) < octets)
		nanosleep(&moment, NULL);
}

static void speak_pieces(struct serve *s, int fd, const char *const pieces[3])
{
	struct mummy_http_stats stats;
	uint64_t octets;

	mummy_http_stats_get(s->server, &stats);
	octets = stats.bytes_in;
	for (int k = 0; k < 3 && pieces[k]; k++) {
		if (k)
			await_read(s, fd, octets);
		speak(fd, pieces[k], strlen(pieces[k]));
		octets += strlen(pieces[k]);
	}
}

/* strict: nothing fails. */
static void judge(const struct got *g, const char *ask, int status, const char *has, int strict)
{
	int seen = g->n > 12 ? atoi(g->p + 9) : 0;

	if (strict || (seen && seen != 503 && seen != 500))
		ck_assert_msg(seen == status || (!strict && (seen == 200 || seen == 408)), "%d instead of %d: %s\n%s", seen,
			      status, ask, g->p);
	if (strict && has)
		ck_assert_msg(strstr(g->p, has) != NULL, "no %s: %s\n%s", has, ask, g->p);
}

static int dial_unix(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	struct timeval limit = { 20, 0 };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memcpy(a.sun_path, address, strlen(address) + 1);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	ck_assert_msg(connect(fd, (struct sockaddr *)&a, sizeof a) == 0, "connect: %s", strerror(errno));
	return fd;
}

static void ask_some(struct serve *s, size_t from, size_t to, int strict)
{
	struct got g;
	int fd;

	for (size_t i = from; i < to; i++) {
		fd = dial_unix();
		speak_pieces(s, fd, asks[i].pieces);
		hear(fd, asks[i].pieces[0], &g);
		close(fd);
		judge(&g, asks[i].pieces[0], asks[i].status, asks[i].has, strict);
	}
	fd = dial_unix();
	snprintf(g.p, sizeof g.p, POST("/inflate") "Content-Encoding: gzip\r\nContent-Length: %zu\r\n\r\n",
		 packed_n);
	speak(fd, g.p, strlen(g.p));
	speak(fd, packed, packed_n);
	hear(fd, "/inflate", &g);
	close(fd);
	judge(&g, "/inflate", 103, "Content-Length: 9000\r\n", strict);
}

/* A connection to a server that is up. */
static int begin(struct serve *s, int poller)
{
	static const struct mummy_http_listener at = { .unix_path = address };
	int fd;

	serve_init(s, poller, 2);
	s->opt.listeners = &at;
	s->opt.nlisteners = 1;
	s->opt.log = NULL;
	s->opt.executor.submit = submit;
	s->opt.head_timeout_ms = 30;
	s->opt.high_water_bytes = 10000;
	ck_assert_int_eq(routes(s->router), 0);
	serve_start(s);
	fd = dial_unix();
	say(fd, "GET /none HTTP/1.1\r\nHost: a\r\n\r\n");
	expect(fd, 404, NULL);
	return fd;
}

/* The number of allocations. */
static long session(int poller, int wide, long from, long each)
{
	struct mummy_http_stats stats;
	struct serve s;
	long before = atomic_load(&balance);
	long n;
	int fd;

	spared = 1;
	fd = begin(&s, poller);
	fail_from(from, each);
	ask_some(&s, wide ? ASKS - WIDE : 0, wide ? ASKS : ASKS - WIDE, from < 0);
	n = atomic_load(&calls);
	fail_from(-1, 1);
	close(fd);
	ask_some(&s, 0, 1, 1);               /* and it goes on */
	EVENTUALLY((mummy_http_stats_get(s.server, &stats), stats.connections + stats.exchanges + stats.streams)
		   == 0);
	ck_assert_uint_eq(stats.buffered_bytes, 0);
	serve_stop(&s);
	ck_assert_int_eq(atomic_load(&given), atomic_load(&done));
	ck_assert_int_eq(atomic_load(&balance), before);
	spared = 0;
	return n;
}

static void make_all(void)
{
	memset(big, 'b', sizeof big);
	spared = 1;
	make_packed();
	make_folder();
	spared = 0;
}

SERVE_TEST(each_of_a_serving_server)
{
	make_all();
	for (int wide = 0; wide < 2; wide++) {
		ck_assert_int_gt(session(poller, wide, -1, 1), wide ? 2 * WIDE : 2 * (ASKS - WIDE));
		for (long n = 0; n < APART; n++)
			session(poller, wide, n, APART);
	}
	remove_folder();
}

SERVE_TEST(all_from_one_on)
{
	make_all();
	for (long n = 0; n < 40; n += 13)
		session(poller, n == 13, n, 1);
	remove_folder();
}

/* What the proxy may do its client may not. */
SERVE_TEST(a_trusted_proxy_is_not_taken_for_its_client)
{
	static const char ask[] = GET("/who") "Forwarded: for=192.0.2.1\r\n\r\n";
	struct serve s;
	struct got g;
	long n = 0;
	int fd;

	make_all();
	spared = 1;
	close(begin(&s, poller));
	do {
		fail_from(n, LONG_MAX);
		fd = dial_unix();
		speak(fd, ask, strlen(ask));
		hear(fd, ask, &g);
		close(fd);
		ck_assert_msg(!strstr(g.p, " 200 ") || strstr(g.p, "\r\n\r\n192.0.2.1"), "allocation %ld: %s", n,
			      g.p);
	} while (atomic_load(&calls) > n++);
	fail_from(-1, 1);
	serve_stop(&s);
	spared = 0;
	remove_folder();
}

/* 0: it was made. */
static int set_up(struct serve *s)
{
	struct mummy_http_options opt = { .loops = 2, .executor = { .submit = submit } };
	int rc = mummy_http_router_new(&s->router);

	if (rc < 0)
		return rc;
	rc = routes(s->router);
	if (rc == 0)
		rc = mummy_http_server_new(&s->server, s->router, &opt);
	if (rc == 0)
		mummy_http_server_free(s->server);
	mummy_http_router_unref(s->router);
	return rc;
}

START_TEST(each_of_a_server_that_is_made)
{
	long before = atomic_load(&balance), n = 0;
	struct serve s;
	int rc;

	make_all();
	do {
		fail_from(n, LONG_MAX);
		rc = set_up(&s);
		ck_assert_msg(rc == 0 || rc == -ENOMEM, "%ld: %d", n, rc);
		ck_assert_int_eq(atomic_load(&balance), before);
	} while (rc < 0 && n++ < 10000);
	ck_assert_int_gt(n, 50);
	fail_from(-1, 1);
	remove_folder();
}
END_TEST

SUITE_MAIN("http/memory", each_of_a_serving_server, all_from_one_on,
	   a_trusted_proxy_is_not_taken_for_its_client, each_of_a_server_that_is_made)
