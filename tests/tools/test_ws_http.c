/* libmummy-ws on libmummy-http by the adapter: a server, and clients on bare sockets. */
#include <config.h>
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include "suite.h"
#include <mummy/adapters/ws-http.h>
#include <mummy/poller.h>
#include <mummy/pool.h>

/* ---- The server ------------------------------------------------------------------------------- */

struct world {
	mummy_http_server *server;
	mummy_http_router *router;
	mummy_ws_endpoint *echo, *chat;
	mummy_ws_hub *hub;
	mummy_pool *pool;
	pthread_t thread;
	_Atomic unsigned opened, closed, code;
};

static void on_open(mummy_ws_conn *c, void *user)
{
	struct world *w = user;

	(void)c;
	w->opened++;
}

static void on_message(mummy_ws_conn *c, void *user, enum mummy_ws_opcode op, const void *p, size_t n)
{
	(void)user;
	if (n == 5 && !memcmp(p, "leave", 5))
		mummy_ws_close(c, 1013, NULL);
	else
		mummy_ws_send(c, op, p, n);
}

static void on_closed(mummy_ws_conn *c, void *user, uint16_t code)
{
	struct world *w = user;

	(void)c;
	w->code = code;
	w->closed++;
}

static void chat_open(mummy_ws_conn *c, void *user)
{
	on_open(c, user);
	mummy_ws_subscribe(c, "room", 4);
	mummy_ws_send(c, MUMMY_WS_TEXT, "welcome", 7);
}

static void chat_message(mummy_ws_conn *c, void *user, enum mummy_ws_opcode op, const void *p, size_t n)
{
	struct world *w = user;

	(void)c;
	mummy_ws_publish(w->hub, "room", 4, op, p, n);
}

static void echo_handler(mummy_http_exchange *x, void *ctx)
{
	struct world *w = ctx;

	mummy_ws_http_upgrade(x, w->echo, w, NULL);
}

static void chat_handler(mummy_http_exchange *x, void *ctx)
{
	struct world *w = ctx;

	mummy_ws_http_upgrade(x, w->chat, w, NULL);
}

static int no_evil(void *ctx, const char *origin, size_t n)
{
	(void)ctx;
	return origin && n == 11 && memcmp(origin, "http://evil", 11) == 0 ? -EACCES : 0;
}

static void *serve(void *server)
{
	mummy_http_server_run(server);
	return NULL;
}

enum { THREADS = 1, INLINE = 2, POLL = 4, EVENTS_INLINE = 8, IMPATIENT = 16 };

static void world_begin(struct world *w, int how)
{
	static const char *const names[] = { "v2", "v1" };
	static const struct mummy_ws_events echo = { .open = on_open, .message = on_message, .closed = on_closed };
	static const struct mummy_ws_events chat = { .open = chat_open, .message = chat_message,
						      .closed = on_closed };
	struct mummy_ws_options opt = { .handshake = { .subprotocols = names, .nsubprotocols = 2,
						       .origin = no_evil },
				       .close_ms = how & IMPATIENT ? 300 : 0 };
	struct mummy_http_options http = { .loops = 2, .poller = how & POLL ? MUMMY_POLLER_POLL : 0 };
	struct mummy_http_route route = { .handler = echo_handler, .ctx = w,
					  .flags = how & INLINE ? MUMMY_HTTP_INLINE : 0 };

	memset(w, 0, sizeof *w);
	ck_assert_int_eq(mummy_ws_hub_new(&w->hub, NULL), 0);
	opt.hub = w->hub;
	if (how & THREADS) {
		ck_assert_int_eq(mummy_pool_new(&w->pool, NULL), 0);
		http.executor.submit = mummy_pool_submit;
		http.executor.ctx = w->pool;
		if (!(how & EVENTS_INLINE)) {
			opt.executor.submit = mummy_pool_submit;
			opt.executor.ctx = w->pool;
		}
	}
	ck_assert_int_eq(mummy_ws_http_endpoint_new(&w->echo, &echo, &opt), 0);
	ck_assert_int_eq(mummy_ws_http_endpoint_new(&w->chat, &chat, &opt), 0);
	ck_assert_int_eq(mummy_http_router_new(&w->router), 0);
	ck_assert_int_eq(mummy_http_router_add(w->router, NULL, "/echo", &route), 0);
	route.handler = chat_handler;
	ck_assert_int_eq(mummy_http_router_add(w->router, "GET", "/chat", &route), 0);
	ck_assert_int_eq(mummy_http_server_new(&w->server, w->router, &http), 0);
	ck_assert_int_eq(pthread_create(&w->thread, NULL, serve, w->server), 0);
}

static void world_end(struct world *w)
{
	mummy_http_server_stop(w->server);
	pthread_join(w->thread, NULL);
	mummy_http_server_free(w->server);
	mummy_pool_free(w->pool);
	ck_assert_uint_eq(w->opened, w->closed);
	mummy_http_router_unref(w->router);
	mummy_ws_endpoint_unref(w->echo);
	mummy_ws_endpoint_unref(w->chat);
	mummy_ws_hub_unref(w->hub);
}

/* ---- A client --------------------------------------------------------------------------------- */

static int dial(struct world *w)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(mummy_http_server_port(w->server, 0)) };
	struct timeval limit = { 30, 0 };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_ge(fd, 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
	return fd;
}

static void put(int fd, const void *p, size_t n)
{
	for (size_t at = 0; at < n;) {
		ssize_t k = send(fd, (const char *)p + at, n - at, MSG_NOSIGNAL);

		ck_assert_int_gt(k, 0);
		at += (size_t)k;
	}
}

static void get(int fd, void *p, size_t n)
{
	for (size_t at = 0; at < n;) {
		ssize_t k = recv(fd, (char *)p + at, n - at, 0);

		ck_assert_int_gt(k, 0);
		at += (size_t)k;
	}
}

/* Octet by octet up to the empty line, so that nothing of what follows is taken. */
static void get_head(int fd, char *head, size_t size)
{
	size_t n = 0;

	do {
		ck_assert_uint_lt(n + 1, size);
		get(fd, head + n++, 1);
		head[n] = '\0';
	} while (n < 4 || memcmp(head + n - 4, "\r\n\r\n", 4) != 0);
}

static const char *line(void *ctx, const char *name, unsigned nth, size_t *len)
{
	const char *p = strchr(ctx, '\n');

	for (; p && p[1] != '\r'; p = strchr(p + 1, '\n')) {
		size_t n = strlen(name);

		if (strncasecmp(p + 1, name, n) == 0 && p[1 + n] == ':' && nth-- == 0) {
			p += n + 2;
			*len = strcspn(p, "\r");
			return p;
		}
	}
	return NULL;
}

/* A WebSocket, or with a *status that is not 101 none. */
static int upgrade(struct world *w, const char *target, const struct mummy_ws_handshake_options *opt,
		   struct mummy_ws_handshake_reply *hs)
{
	struct mummy_ws_handshake_request res = { .header = line };
	char head[1024], key[25];
	int fd = dial(w), n = mummy_ws_client_request(head, sizeof head, "localhost", target, opt, key);

	ck_assert_int_gt(n, 0);
	put(fd, head, (size_t)n);
	get_head(fd, head, sizeof head);
	res.ctx = head;
	ck_assert_int_eq(mummy_ws_client_check(atoi(head + 9), &res, opt, key, hs), 0);
	return fd;
}

static int open_(struct world *w, const char *target)
{
	struct mummy_ws_handshake_reply hs;

	return upgrade(w, target, NULL, &hs);
}

static void put_frame(int fd, int fin, int op, const void *p, size_t n)
{
	struct mummy_ws_frame f = { .opcode = (enum mummy_ws_opcode)op, .fin = (uint8_t)fin, .masked = 1,
				    .mask = { 1, 2, 3, 4 }, .length = n };
	uint8_t *buf = malloc(n + 14);
	size_t at = mummy_ws_frame_header(buf, &f);

	if (n)
		memcpy(buf + at, p, n);
	mummy_ws_mask(buf + at, n, f.mask, 0);
	put(fd, buf, at + n);
	free(buf);
}

/* The next frame; its payload to p, of size octets. */
static struct mummy_ws_frame get_frame(int fd, void *p, size_t size)
{
	struct mummy_ws_frame f;
	uint8_t head[14];
	size_t n = 0;
	int rc;

	do {
		get(fd, head + n++, 1);
		rc = mummy_ws_frame_parse(head, n, &f);
		ck_assert_int_ge(rc, 0);
	} while (rc == 0);
	ck_assert(!f.masked);
	ck_assert_uint_le(f.length, size);
	get(fd, p, (size_t)f.length);
	return f;
}

static void expect(int fd, int op, const void *p, size_t n)
{
	char *buf = malloc(n + 125);
	struct mummy_ws_frame f = get_frame(fd, buf, n + 125);

	ck_assert_int_eq(f.opcode, op);
	ck_assert(f.fin);
	ck_assert_uint_eq(f.length, n);
	if (n)
		ck_assert_mem_eq(buf, p, n);
	free(buf);
}

static void expect_end(int fd)
{
	char c;

	ck_assert_int_eq(recv(fd, &c, 1, 0), 0);
	close(fd);
}

/* ---- The tests -------------------------------------------------------------------------------- */

static const int every_way[] = { 0, THREADS, THREADS | INLINE, THREADS | EVENTS_INLINE, POLL,
				 POLL | THREADS };

START_TEST(conversations)
{
	struct world w;
	size_t big = 1 << 20;
	char *text = malloc(big);
	int fd;

	memset(text, 'm', big);
	world_begin(&w, every_way[_i]);
	fd = open_(&w, "/echo");
	put_frame(fd, 1, 1, "hello", 5);
	expect(fd, 1, "hello", 5);
	put_frame(fd, 0, 2, "one ", 4);
	put_frame(fd, 1, 9, "ping", 4);
	expect(fd, 10, "ping", 4);
	put_frame(fd, 1, 0, "two", 3);
	expect(fd, 2, "one two", 7);
	put_frame(fd, 1, 2, text, big);
	expect(fd, 2, text, big);
	for (int i = 0; i < 100; i++)
		put_frame(fd, 1, 1, text, (size_t)i);
	for (int i = 0; i < 100; i++)
		expect(fd, 1, text, (size_t)i);
	put_frame(fd, 1, 8, "\x0f\xa0" "bye", 5);
	expect(fd, 8, "\x0f\xa0", 2);
	expect_end(fd);
	world_end(&w);
	ck_assert_uint_eq(w.code, 4000);
	free(text);
}
END_TEST

START_TEST(the_largest_message_fits_back)
{
	struct world w;
	size_t n = 16 << 20;
	char *text = malloc(n);
	int fd;

	memset(text, 'm', n);
	world_begin(&w, every_way[_i]);
	fd = open_(&w, "/echo");
	put_frame(fd, 1, 2, text, n);
	expect(fd, 2, text, n);
	put_frame(fd, 1, 8, "\x03\xe8", 2);
	expect(fd, 8, "\x03\xe8", 2);
	expect_end(fd);
	world_end(&w);
	free(text);
}
END_TEST

START_TEST(broken_rules_are_told_even_if_more_is_on_its_way)
{
	struct world w;
	char *text = calloc(1, 1 << 20);
	int fd;

	world_begin(&w, every_way[_i]);
	fd = open_(&w, "/echo");
	put_frame(fd, 1, 1, "before", 6);
	put_frame(fd, 1, 3, "reserved", 8);
	for (int i = 0; i < 4; i++)
		put_frame(fd, 1, 2, text, 1 << 16);
	expect(fd, 1, "before", 6);
	expect(fd, 8, "\x03\xea", 2);
	shutdown(fd, SHUT_WR);
	expect_end(fd);
	fd = open_(&w, "/echo");
	put_frame(fd, 1, 1, "\xff", 1);
	expect(fd, 8, "\x03\xef", 2);
	shutdown(fd, SHUT_WR);
	expect_end(fd);
	world_end(&w);
	ck_assert_uint_eq(w.code, 1006);
	free(text);
}
END_TEST

START_TEST(a_chat_over_two_loops)
{
	enum { CLIENTS = 16 };
	struct world w;
	int fd[CLIENTS];

	world_begin(&w, every_way[_i]);
	for (int i = 0; i < CLIENTS; i++) {
		fd[i] = open_(&w, "/chat");
		expect(fd[i], 1, "welcome", 7);
	}
	for (int i = 0; i < CLIENTS; i++) {
		char text[16];
		int n = snprintf(text, sizeof text, "from %d", i);

		put_frame(fd[i], 1, 1, text, (size_t)n);
		for (int k = 0; k < CLIENTS; k++)
			expect(fd[k], 1, text, (size_t)n);
	}
	for (int i = 0; i < CLIENTS; i++)
		close(fd[i]);
	world_end(&w);
	ck_assert_uint_eq(w.closed, CLIENTS);
}
END_TEST

/* The body of a refusal: one line that says what was wrong, and nothing of what the client sent. */
static void get_reason(int fd, const char *head, const char *has)
{
	const char *length = strstr(head, "Content-Length: ");
	char text[256] = "";
	int n;

	ck_assert_ptr_nonnull(strstr(head, "Content-Type: text/plain; charset=utf-8\r\n"));
	ck_assert_ptr_nonnull(length);
	n = atoi(length + 16);
	ck_assert(n > 0 && n < (int)sizeof text);
	get(fd, text, (size_t)n);
	ck_assert_ptr_nonnull(strstr(text, has));
	ck_assert_ptr_eq(strchr(text, '\n'), text + n - 1);
	ck_assert_ptr_null(strstr(text, "evil"));
}

START_TEST(handshakes)
{
	static const char *const names[] = { "v3", "v1" };
	struct mummy_ws_handshake_options offer = { .subprotocols = names, .nsubprotocols = 2 };
	static const struct {
		const char *head;
		int status;
		const char *has, *body;
	} t[] = {
		{ "GET /echo HTTP/1.1\r\nHost: h\r\n\r\n", 400, "", "Upgrade" },
		{ "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n", 405, "Allow: GET", NULL },
		{ "GET /echo HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
		  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 8\r\n\r\n",
		  426, "Sec-WebSocket-Version: 13", "version 13" },
		{ "GET /echo HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
		  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
		  "Origin: http://evil\r\n\r\n", 403, "", "origin" },
		{ "GET /echo HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
		  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
		  101, "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", NULL },
	};
	struct mummy_ws_handshake_reply hs;
	struct world w;
	char head[2048];
	int fd;

	world_begin(&w, every_way[_i]);
	for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
		fd = dial(&w);
		put(fd, t[i].head, strlen(t[i].head));
		get_head(fd, head, sizeof head);
		ck_assert_int_eq(atoi(head + 9), t[i].status);
		ck_assert_ptr_nonnull(strstr(head, t[i].has));
		if (t[i].body)
			get_reason(fd, head, t[i].body);
		close(fd);
	}
	fd = upgrade(&w, "/echo", &offer, &hs);
	ck_assert_str_eq(hs.subprotocol, "v1");
	close(fd);
	world_end(&w);
}
END_TEST

START_TEST(the_first_message_may_come_with_the_request)
{
	struct world w;
	char head[1024], key[25];
	struct mummy_ws_frame f = { .opcode = MUMMY_WS_TEXT, .fin = 1, .masked = 1, .length = 2 };
	int fd, n;

	world_begin(&w, every_way[_i]);
	fd = dial(&w);
	n = mummy_ws_client_request(head, sizeof head, "h", "/echo", NULL, key);
	n += (int)mummy_ws_frame_header((uint8_t *)head + n, &f);
	memcpy(head + n, "hi", 2);
	put(fd, head, (size_t)n + 2);
	get_head(fd, head, sizeof head);
	ck_assert_int_eq(atoi(head + 9), 101);
	expect(fd, 1, "hi", 2);
	close(fd);
	world_end(&w);
}
END_TEST

/* A reset could take the Close frame away from who sends on before it reads. */
START_TEST(the_end_comes_behind_a_close_that_is_not_answered)
{
	struct world w;
	ssize_t n;
	char c;
	int fd;

	world_begin(&w, every_way[_i] | IMPATIENT);
	fd = open_(&w, "/echo");
	put_frame(fd, 1, 1, "leave", 5);
	expect(fd, 8, "\x03\xf5", 2);
	do {
		struct pollfd p = { fd, POLLIN, 0 };

		put_frame(fd, 1, 1, "x", 1);
		poll(&p, 1, 20);
		n = recv(fd, &c, 1, MSG_DONTWAIT);
	} while (n < 0 && errno == EAGAIN);
	ck_assert_msg(n == 0, "%zd: %s", n, strerror(errno));
	close(fd);
	world_end(&w);
}
END_TEST

START_TEST(a_stop_closes_what_is_open)
{
	struct world w;
	int fd[4];

	world_begin(&w, every_way[_i]);
	for (int i = 0; i < 4; i++) {
		fd[i] = open_(&w, "/echo");
		put_frame(fd[i], 1, 1, "x", 1);
		expect(fd[i], 1, "x", 1);
	}
	mummy_http_server_stop(w.server);
	for (int i = 0; i < 4; i++)
		expect(fd[i], 8, "\x03\xe9", 2);
	/* one does not answer, which must not keep the server */
	for (int i = 0; i < 3; i++)
		put_frame(fd[i], 1, 8, "\x03\xe9", 2);
	world_end(&w);
	ck_assert_uint_eq(w.closed, 4);
	for (int i = 0; i < 4; i++)
		close(fd[i]);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = { conversations, the_largest_message_fits_back,
		broken_rules_are_told_even_if_more_is_on_its_way,
		a_chat_over_two_loops, handshakes, the_first_message_may_come_with_the_request,
		the_end_comes_behind_a_close_that_is_not_answered, a_stop_closes_what_is_open };
	Suite *s = suite_create("tools/ws_http");
	TCase *c = tcase_create("tools/ws_http");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_set_timeout(c, 60);
	for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++)
		tcase_add_loop_test(c, tests[i], 0, (int)(sizeof every_way / sizeof every_way[0]));
	suite_add_tcase(s, c);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
