/*
 * No file of its own: max_buffered_bytes, which whole bodies and queued output of all connections share.
 * Streams and upgraded connections take all of it and are told; a body then waits unread, and is served once
 * they gave some back, or refused.
 */
#include <config.h>
#include <stdlib.h>
#include "serve.h"

enum { MOST = 1000 * 1000, PIECE = 16 * 1000, BODY = 900 * 1000, READ_AHEAD = 2 * 64 * 1024 };

static atomic_int refused, filled;

/* Until what there is for all is spent. */
static void fill(mummy_http_stream *st)
{
	static char piece[PIECE];
	const struct iovec iov = { piece, sizeof piece };
	int rc;

	do
		rc = mummy_http_stream_writev(st, &iov, 1, NULL, NULL);
	while (rc >= 0);
	atomic_store(&refused, rc);
	mummy_http_stream_close(st);
	mummy_http_stream_unref(st);
	atomic_store(&filled, 1);
}

static void stream(mummy_http_exchange *x, void *ctx)
{
	mummy_http_stream *st;

	(void)ctx;
	ck_assert_int_eq(mummy_http_respond_stream(x, 200, NULL, 0, MUMMY_HTTP_UNKNOWN, &st), 0);
	fill(st);
}

static void upgrade(mummy_http_exchange *x, void *ctx)
{
	static const struct mummy_http_stream_events none = { 0 };
	mummy_http_stream *st;

	(void)ctx;
	ck_assert_int_eq(mummy_http_upgrade(x, NULL, 0, &st), 0);
	mummy_http_stream_start(st, &none, NULL);
	fill(st);
}

static void whole(mummy_http_exchange *x, void *ctx)
{
	const char *p;
	size_t n, i = 0;

	(void)ctx;
	p = mummy_http_body(x, &n);
	while (i < n && p[i] == (char)('a' + i % 23))
		i++;
	mummy_http_respond_text(x, 200, n == BODY && i == n ? "whole" : "not whole");
}

static const char *const fillers[] = { "/stream", "/upgrade" };

static void start(struct serve *s, int poller, unsigned patience_ms)
{
	serve_init(s, poller, 2);
	serve_route(s, "GET", "/stream", stream, NULL, MUMMY_HTTP_IDENTITY);
	serve_route(s, "GET", "/upgrade", upgrade, NULL, 0);
	serve_route(s, "POST", "/", whole, NULL, 0);
	s->opt.max_buffered_bytes = MOST;
	s->opt.hard_limit_bytes = 100 * MOST;
	s->opt.head_timeout_ms = patience_ms;
	serve_start(s);
}

static uint64_t bounded(struct serve *s)
{
	struct mummy_http_stats stats;

	mummy_http_stats_get(s->server, &stats);
	ck_assert_uint_le(stats.buffered_bytes, MOST);
	return stats.bytes_in;
}

/* One who does not read, and for whom all of it is queued. */
static int spend(struct serve *s, const char *path)
{
	struct mummy_http_stats stats;
	char text[128];
	int fd = dial(s);

	atomic_store(&filled, 0);
	snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: a\r\nConnection: %s\r\nUpgrade: x\r\n\r\n", path,
		 path[1] == 'u' ? "upgrade" : "close");
	say(fd, text);
	EVENTUALLY((bounded(s), atomic_load(&filled)));
	ck_assert_int_eq(atomic_load(&refused), -EAGAIN);
	/* that there was no more room, the refusal says; since then the socket may have taken some, but BODY
	 * does not fit */
	mummy_http_stats_get(s->server, &stats);
	ck_assert_uint_gt(stats.buffered_bytes, MOST / 2);
	return fd;
}

static void *post(void *p)
{
	char *body = malloc(BODY);

	for (size_t i = 0; i < BODY; i++)
		body[i] = (char)('a' + i % 23);
	for (size_t at = 0; at < BODY; ) {   /* refused, it may be cut off */
		ssize_t n = send(*(int *)p, body + at, BODY - at, MSG_NOSIGNAL);

		if (n <= 0)
			break;
		at += (size_t)n;
	}
	free(body);
	return NULL;
}

static pthread_t begin_post(struct serve *s, int *fd)
{
	pthread_t sender;
	char text[128];

	*fd = dial(s);
	snprintf(text, sizeof text, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", BODY);
	say(*fd, text);
	pthread_create(&sender, NULL, post, fd);
	return sender;
}

static void drain(int fd)
{
	static char room[64 * 1024];
	ssize_t n;

	while ((n = recv(fd, room, sizeof room, 0)) > 0)
		;
	ck_assert_msg(n == 0, "%s", strerror(errno));
	close(fd);
}

SERVE_TEST(a_body_waits_unread_until_there_is_memory)
{
	for (size_t k = 0; k < 2; k++) {
		struct mummy_http_stats stats;
		pthread_t sender;
		struct serve s;
		uint64_t before;
		int greedy, fd;

		start(&s, poller, 10000);
		greedy = spend(&s, fillers[k]);
		before = bounded(&s);
		sender = begin_post(&s, &fd);
		EVENTUALLY(bounded(&s) > before + 100);
		for (int i = 0; i < 20; i++) {       /* some times as long as it takes until it is looked at again */
			struct pollfd answer = { fd, POLLIN, 0 };

			ck_assert_uint_le(bounded(&s) - before, READ_AHEAD);
			ck_assert_int_eq(poll(&answer, 1, 10), 0);
		}
		drain(greedy);
		expect(fd, 200, "whole");
		pthread_join(sender, NULL);
		close(fd);
		EVENTUALLY((mummy_http_stats_get(s.server, &stats), stats.buffered_bytes) == 0);
		serve_stop(&s);
	}
}

SERVE_TEST(a_body_for_which_there_is_no_memory_is_503)
{
	for (size_t k = 0; k < 2; k++) {
		struct mummy_http_stats stats;
		pthread_t sender;
		struct serve s;
		int greedy, fd;

		start(&s, poller, 200);
		greedy = spend(&s, fillers[k]);
		sender = begin_post(&s, &fd);
		expect(fd, 503, NULL);
		bounded(&s);
		pthread_join(sender, NULL);
		close(fd);
		/* who queued it has it still */
		drain(greedy);
		EVENTUALLY((mummy_http_stats_get(s.server, &stats), stats.buffered_bytes) == 0);
		serve_stop(&s);
	}
}

SUITE_MAIN("http/budget", a_body_waits_unread_until_there_is_memory, a_body_for_which_there_is_no_memory_is_503)
