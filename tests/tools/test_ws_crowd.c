/*
 * Eight threads send to, and close, many connections of libmummy-ws on libmummy-http while clients vanish.
 * What was accepted comes whole and in the order of its sender; what was not was -EPIPE.
 *
 * MUMMY_WS_CROWD: how many connections; 150 without it. With 1,000 it takes some seconds.
 */
#include <config.h>
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include "suite.h"
#include <mummy/adapters/ws-http.h>

enum { SENDERS = 8, ROUNDS = 24, MOST = 2000, BUFFER = 4096, VANISH = 3, CLOSE = 5 };

/* One connection, both ends of it. */
struct pair {
	mummy_ws_conn *c;               /* referenced, once it was opened */
	_Atomic uint32_t accepted[SENDERS];
	int fd;                         /* the client's; -1: gone */
	int vanished, closed;           /* the client did not wait for the end; a Close frame came */
	uint32_t got[SENDERS];
	size_t nin;
	unsigned char in[BUFFER];
};

static struct {
	struct pair *p;
	unsigned n;
	_Atomic unsigned opened, ended;
	_Atomic int failed;             /* line of what was wrong on another thread */
	mummy_ws_endpoint *ep;
	mummy_http_server *server;
	int epfd;
} w;

static void must(int ok, int line)
{
	if (!ok)
		w.failed = line;
}

/* ---- The server -------------------------------------------------------------------------------- */

static void opened(mummy_ws_conn *c, void *user)
{
	((struct pair *)user)->c = mummy_ws_conn_ref(c);
	w.opened++;
}

static void closed(mummy_ws_conn *c, void *user, uint16_t code)
{
	(void)c, (void)user, (void)code;
	w.ended++;
}

static void handler(mummy_http_exchange *x, void *ctx)
{
	unsigned i = (unsigned)atoi(mummy_http_param(x, "i", NULL));

	(void)ctx;
	mummy_ws_http_upgrade(x, w.ep, &w.p[i], NULL);
}

static void *serve(void *arg)
{
	(void)arg;
	must(mummy_http_server_run(w.server) == 0, __LINE__);
	return NULL;
}

static void start(pthread_t *t)
{
	const struct mummy_ws_events ev = { .open = opened, .closed = closed };
	const struct mummy_ws_options opt = { .hard_limit_bytes = 64 << 20 };
	struct mummy_http_route route = { .handler = handler };
	struct mummy_http_listener at = { .port = 0 };
	struct mummy_http_options http = { .listeners = &at, .nlisteners = 1, .loops = 2 };
	mummy_http_router *r;

	ck_assert_int_eq(mummy_ws_http_endpoint_new(&w.ep, &ev, &opt), 0);
	ck_assert_int_eq(mummy_http_router_new(&r), 0);
	ck_assert_int_eq(mummy_http_router_add(r, "GET", "/{i}", &route), 0);
	ck_assert_int_eq(mummy_http_server_new(&w.server, r, &http), 0);
	mummy_http_router_unref(r);
	pthread_create(t, NULL, serve, NULL);
}

/* ---- The senders ------------------------------------------------------------------------------- */

/* A message: sender, number, and octets that follow from them; some are larger than a socket's buffer
 * takes. */
static size_t make(unsigned char *p, unsigned id, uint32_t number, unsigned conn)
{
	size_t n = 8 + (number * 37 + id * 11 + conn) % 300;

	memcpy(p, &id, 4);
	memcpy(p + 4, &number, 4);
	memset(p + 8, (int)(id + number), n - 8);
	return n;
}

static void *sender(void *arg)
{
	unsigned id = (unsigned)(uintptr_t)arg;
	unsigned char p[BUFFER];

	for (unsigned round = 0; round < ROUNDS; round++)
		for (unsigned k = 0; k < w.n; k++) {
			unsigned i = (k + id * 17) % w.n;
			struct pair *to = &w.p[i];
			uint32_t number = to->accepted[id];
			int rc = mummy_ws_send(to->c, MUMMY_WS_BINARY, p, make(p, id, number, i));

			must(rc == 0 || rc == 1 || rc == -EPIPE, __LINE__);
			if (rc >= 0)
				to->accepted[id] = number + 1;
			if (i % CLOSE == 0 && round == ROUNDS / 2 && i % SENDERS == id) {
				rc = mummy_ws_close(to->c, 1000, NULL);
				must(rc == 0 || rc == -EALREADY || rc == -EPIPE, __LINE__);
			}
		}
	return NULL;
}

/* ---- The clients ------------------------------------------------------------------------------- */

static void client_open(unsigned i)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				  .sin_port = htons(mummy_http_server_port(w.server, 0)) };
	struct epoll_event ev = { .events = EPOLLIN, .data.u32 = i };
	char text[400];
	int fd = socket(AF_INET, SOCK_STREAM, 0), n = snprintf(text, sizeof text, "GET /%u HTTP/1.1\r\nHost: x\r\n"
		"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", i);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
	ck_assert_int_eq(send(fd, text, (size_t)n, MSG_NOSIGNAL), n);
	n = (int)recv(fd, text, sizeof text, 0);
	ck_assert_int_gt(n, 16);
	ck_assert_mem_eq(text, "HTTP/1.1 101", 12);
	ck_assert_mem_eq(text + n - 4, "\r\n\r\n", 4);
	w.p[i].fd = fd;
	fcntl(fd, F_SETFL, O_NONBLOCK);
	ck_assert_int_eq(epoll_ctl(w.epfd, EPOLL_CTL_ADD, fd, &ev), 0);
}

static void client_end(struct pair *p)
{
	close(p->fd);
	p->fd = -1;
}

/* With a reset, so that what is on its way is lost, or without. */
static void vanish(unsigned i)
{
	const struct linger none = { 1, 0 };

	if (i % 2)
		setsockopt(w.p[i].fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
	w.p[i].vanished = 1;
	client_end(&w.p[i]);
}

static void check(unsigned i, const unsigned char *p, size_t n)
{
	struct pair *at = &w.p[i];
	unsigned char want[BUFFER];
	unsigned id;

	ck_assert_uint_ge(n, 8);
	memcpy(&id, p, 4);
	ck_assert_uint_lt(id, SENDERS);
	ck_assert_uint_eq(make(want, id, at->got[id]++, i), n);
	ck_assert_mem_eq(p, want, n);
}

static void close_came(struct pair *p)
{
	static const unsigned char answer[] = { 0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8 };

	ck_assert(!p->closed);
	p->closed = 1;
	ck_assert_int_eq(send(p->fd, answer, sizeof answer, MSG_NOSIGNAL), sizeof answer);
}

/* Whole frames of what is there. */
static void take_frames(unsigned i)
{
	struct pair *p = &w.p[i];
	struct mummy_ws_frame f;
	size_t at = 0;
	int head;

	while ((head = mummy_ws_frame_parse(p->in + at, p->nin - at, &f)) > 0
	       && p->nin - at >= (size_t)head + f.length) {
		ck_assert(!p->closed && f.fin && !f.masked);
		if (f.opcode == MUMMY_WS_CLOSE)
			close_came(p);
		else
			check(i, p->in + at + head, (size_t)f.length);
		at += (size_t)head + (size_t)f.length;
	}
	ck_assert_int_ge(head, 0);
	p->nin -= at;
	memmove(p->in, p->in + at, p->nin);
}

static void client_read(unsigned i)
{
	struct pair *p = &w.p[i];
	ssize_t n = recv(p->fd, p->in + p->nin, sizeof p->in - p->nin, 0);

	if (n < 0 && errno == EAGAIN)
		return;
	ck_assert_int_ge(n, 0);
	if (n == 0) {
		ck_assert(p->closed && p->nin == 0);
		client_end(p);
		return;
	}
	p->nin += (size_t)n;
	take_frames(i);
	if (i % VANISH == 0 && p->got[i % SENDERS] > ROUNDS / 4)
		vanish(i);
}

static unsigned clients_left(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < w.n; i++)
		n += w.p[i].fd >= 0;
	return n;
}

static void clients_turn(int ms)
{
	struct epoll_event ev[64];
	int n = epoll_wait(w.epfd, ev, 64, ms);

	for (int i = 0; i < n; i++)
		if (w.p[ev[i].data.u32].fd >= 0)
			client_read(ev[i].data.u32);
}

/* ---- The test ---------------------------------------------------------------------------------- */

static void *send_all(void *done)
{
	pthread_t t[SENDERS];

	for (uintptr_t i = 0; i < SENDERS; i++)
		pthread_create(&t[i], NULL, sender, (void *)i);
	for (unsigned i = 0; i < SENDERS; i++)
		pthread_join(t[i], NULL);
	/* The end of those that nobody closed. */
	for (unsigned i = 0; i < w.n; i++)
		mummy_ws_close(w.p[i].c, 1000, NULL);
	*(_Atomic int *)done = 1;
	return NULL;
}

static void set_up(pthread_t *t)
{
	const char *crowd = getenv("MUMMY_WS_CROWD");
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	w.n = crowd ? (unsigned)atoi(crowd) : 150;
	ck_assert(w.n > 0 && w.n <= MOST);
	w.p = calloc(w.n, sizeof *w.p);
	w.epfd = epoll_create1(EPOLL_CLOEXEC);
	ck_assert(w.p && w.epfd >= 0);
	start(t);
	for (unsigned i = 0; i < w.n; i++)
		client_open(i);
	while (w.opened < w.n)
		clients_turn(1);
}

START_TEST(accepted_is_delivered_whole_and_in_order)
{
	struct mummy_ws_stats stats;
	pthread_t server, senders;
	_Atomic int done = 0;
	unsigned vanished = 0;

	set_up(&server);
	pthread_create(&senders, NULL, send_all, &done);
	while (!done || clients_left())
		clients_turn(10);
	pthread_join(senders, NULL);
	while (w.ended < w.n)
		clients_turn(1);
	for (unsigned i = 0; i < w.n; i++) {
		struct pair *p = &w.p[i];

		vanished += p->vanished != 0;
		for (unsigned id = 0; id < SENDERS; id++)
			if (p->vanished)
				ck_assert_uint_le(p->got[id], p->accepted[id]);
			else
				ck_assert_uint_eq(p->got[id], p->accepted[id]);
		ck_assert_int_eq(mummy_ws_send(p->c, MUMMY_WS_TEXT, "x", 1), -EPIPE);
		mummy_ws_conn_unref(p->c);
	}
	ck_assert_int_eq(w.failed, 0);
	ck_assert_uint_gt(vanished, w.n / VANISH / 2);
	mummy_ws_stats_get(w.ep, &stats);
	ck_assert_uint_eq(stats.connections, 0);
	ck_assert_uint_eq(stats.pending_bytes, 0);
	ck_assert_uint_eq(stats.dropped, 0);
	mummy_http_server_stop(w.server);
	pthread_join(server, NULL);
	mummy_http_server_free(w.server);
	mummy_ws_endpoint_unref(w.ep);
	close(w.epfd);
	free(w.p);
}
END_TEST

SUITE_MAIN("tools/ws_crowd", accepted_is_delivered_whole_and_in_order)
