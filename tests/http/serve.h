/*
 * serve.h - a server in the test's process and a plain client for it.
 *
 * Every test runs with both back ends of the poller: SERVE_TESTS names a test once for each.
 */
#ifndef SERVE_H
#define SERVE_H
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <mummy/http.h>
#include <mummy/poller.h>
#define SUITE_TIMEOUT_S 180  /* several servers each, under sanitizers on a busy machine */
#include "suite.h"
#include "crew.h"

struct serve {
	mummy_http_router *router;
	mummy_http_server *server;
	struct mummy_http_options opt;
	struct crew crew;
	int with_crew;
	pthread_t thread;
	int result;
	pthread_mutex_t log_lock;
	char log[8192];
};

static inline void serve_log(void *ctx, enum mummy_http_level level, const char *line)
{
	struct serve *s = ctx;
	size_t n;

	(void)level;
	pthread_mutex_lock(&s->log_lock);
	n = strlen(s->log);
	snprintf(s->log + n, sizeof s->log - n, "%s\n", line);
	pthread_mutex_unlock(&s->log_lock);
}

static inline int serve_logged(struct serve *s, const char *text)
{
	int found;

	pthread_mutex_lock(&s->log_lock);
	found = strstr(s->log, text) != NULL;
	pthread_mutex_unlock(&s->log_lock);
	return found;
}

/* Prepares; routes and options follow, then serve_start. workers 0: no executor. */
static inline void serve_init(struct serve *s, int poller, int workers)
{
	memset(s, 0, sizeof *s);
	pthread_mutex_init(&s->log_lock, NULL);
	ck_assert_int_eq(mummy_http_router_new(&s->router), 0);
	s->opt.poller = poller;
	s->opt.log = serve_log;
	s->opt.ctx = s;
	s->with_crew = workers > 0;
	if (workers) {
		crew_start(&s->crew, workers);
		s->opt.executor.submit = crew_submit;
		s->opt.executor.ctx = &s->crew;
	}
}

static inline void serve_route(struct serve *s, const char *method, const char *pattern,
			       mummy_http_handler *handler, void *ctx, unsigned flags)
{
	const struct mummy_http_route route = { .handler = handler, .ctx = ctx, .flags = flags };

	ck_assert_int_eq(mummy_http_router_add(s->router, method, pattern, &route), 0);
}

static inline void *serve_thread(void *p)
{
	struct serve *s = p;

	s->result = mummy_http_server_run(s->server);
	return NULL;
}

static inline void serve_start(struct serve *s)
{
	int rc = mummy_http_server_new(&s->server, s->router, &s->opt);

	ck_assert_msg(rc == 0, "server_new: %s", strerror(-rc));
	pthread_create(&s->thread, NULL, serve_thread, s);
}

static inline void serve_join(struct serve *s)
{
	mummy_http_server_stop(s->server);
	pthread_join(s->thread, NULL);
	ck_assert_int_eq(s->result, 0);
}

static inline void serve_free(struct serve *s)
{
	mummy_http_server_free(s->server);
	mummy_http_router_unref(s->router);
	if (s->with_crew)
		crew_stop(&s->crew);
	pthread_mutex_destroy(&s->log_lock);
}

static inline void serve_stop(struct serve *s)
{
	serve_join(s);
	serve_free(s);
}

/* ---- Client ------------------------------------------------------------------------------------- */

static inline int dial_port(uint16_t port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct timeval limit = { 20, 0 };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_ge(fd, 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
	ck_assert_msg(connect(fd, (struct sockaddr *)&a, sizeof a) == 0, "connect: %s", strerror(errno));
	return fd;
}

static inline int dial(struct serve *s)
{
	return dial_port(mummy_http_server_port(s->server, 0));
}

static inline void say_n(int fd, const void *p, size_t n)
{
	const char *at = p;

	while (n) {
		ssize_t sent = send(fd, at, n, MSG_NOSIGNAL);

		ck_assert_msg(sent > 0, "send: %s", strerror(errno));
		at += sent;
		n -= (size_t)sent;
	}
}

static inline void say(int fd, const char *text)
{
	say_n(fd, text, strlen(text));
}

/* Everything until the end of the connection, or until n octets; NUL-terminated. */
static inline size_t hear_n(int fd, char *out, size_t n)
{
	size_t have = 0;

	while (have < n) {
		ssize_t got = recv(fd, out + have, n - have, 0);

		if (got < 0 && errno == ECONNRESET)
			break;
		ck_assert_msg(got >= 0, "recv: %s, after %zu octets", strerror(errno), have);
		if (got == 0)
			break;
		have += (size_t)got;
	}
	out[have] = 0;
	return have;
}

struct heard {
	int status;
	char head[4096];
	char *body;                  /* to be freed */
	size_t n;
};

static inline const char *heard_field(const struct heard *h, const char *name)
{
	static char value[512];
	size_t n = strlen(name);

	for (const char *p = strstr(h->head, "\r\n"); p && p[2] != '\r' && p[2]; p = strstr(p + 2, "\r\n"))
		if (!strncasecmp(p + 2, name, n) && p[2 + n] == ':') {
			snprintf(value, sizeof value, "%.*s", (int)strcspn(p + 4 + n, "\r"), p + 4 + n);
			return value;
		}
	return NULL;
}

static inline void hear_head(int fd, struct heard *h)
{
	size_t have = 0;

	memset(h, 0, sizeof *h);
	while (have < 4 || memcmp(h->head + have - 4, "\r\n\r\n", 4) != 0) {
		ck_assert_uint_lt(have, sizeof h->head - 1);
		ck_assert_msg(recv(fd, h->head + have, 1, 0) == 1, "no head: %s, after \"%s\"",
			      strerror(errno), h->head);
		have++;
	}
	ck_assert_int_eq(sscanf(h->head, "HTTP/1.1 %d ", &h->status), 1);
}

static inline void hear_chunks(int fd, struct heard *h)
{
	for (;;) {
		char line[64];
		size_t n = 0, size;

		while (n < 2 || line[n - 1] != '\n') {
			ck_assert_uint_lt(n, sizeof line - 1);
			ck_assert_int_eq(recv(fd, line + n, 1, 0), 1);
			n++;
		}
		line[n] = 0;
		size = strtoul(line, NULL, 16);
		h->body = realloc(h->body, h->n + size + 3);
		ck_assert_uint_eq(hear_n(fd, h->body + h->n, size + 2), size + 2);
		ck_assert(!memcmp(h->body + h->n + size, "\r\n", 2));
		h->n += size;
		h->body[h->n] = 0;
		if (size == 0)
			return;
	}
}

/* One answer; to_head: to a HEAD request. */
static inline void hear_answer(int fd, struct heard *h, int to_head)
{
	const char *length, *coding;

	hear_head(fd, h);
	length = heard_field(h, "Content-Length");
	h->n = length && !to_head && h->status != 304 ? strtoul(length, NULL, 10) : 0;
	coding = heard_field(h, "Transfer-Encoding");
	if (coding && !to_head) {
		hear_chunks(fd, h);
		return;
	}
	h->body = malloc(h->n + 1);
	ck_assert_uint_eq(hear_n(fd, h->body, h->n), h->n);
}

static inline void expect(int fd, int status, const char *body)
{
	struct heard h;

	hear_answer(fd, &h, 0);
	ck_assert_msg(h.status == status, "status %d instead of %d: %s", h.status, status, h.body);
	if (body)
		ck_assert_str_eq(h.body, body);
	free(h.body);
}

static inline void expect_end(int fd)
{
	char c;
	ssize_t n = recv(fd, &c, 1, 0);

	ck_assert_msg(n == 0 || (n < 0 && errno == ECONNRESET), "not the end: %zd %s", n, strerror(errno));
}

/* Waits for what another thread does, as long as the test may run. */
#define EVENTUALLY(condition) \
	do { \
		const struct timespec moment_ = { 0, 1000000 }; \
		for (int tries_ = 0; !(condition) && tries_ < 20000; tries_++) \
			nanosleep(&moment_, NULL); \
		ck_assert(condition); \
	} while (0)

static const int serve_backends[] = { MUMMY_POLLER_BEST, MUMMY_POLLER_POLL };
#define SERVE_TEST(name) \
	static void name##_with(int poller); \
	START_TEST(name) \
	{ \
		for (size_t back_ = 0; back_ < 2; back_++) \
			name##_with(serve_backends[back_]); \
	} \
	END_TEST \
	static void name##_with(int poller)
#endif
