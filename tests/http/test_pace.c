/* pace.c, and by it the least rate at which clients must take what is queued for them. */
#include <config.h>
#include <fcntl.h>
#include <stdlib.h>
#include "pace.h"
#include "serve.h"

enum { BIG = 8 * 1024 * 1024, WINDOW_MS = 250, RATE = 10000, RECEIVE = 8192, PAUSE_MS = 10 };

/* ---- Windows ------------------------------------------------------------------------------------ */

START_TEST(a_window_begins_at_the_first_look)
{
	struct mhttp_pace p = { 0, 0 };
	int pair[2];
	char text[100] = "";

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	ck_assert_uint_eq(mhttp_pace_due(&p, 50, 1000), 0);
	ck_assert_int_eq(mhttp_pace_look(&p, pair[0], 50, 10, 1000), 0);
	ck_assert_uint_eq(mhttp_pace_due(&p, 50, 1000), 50);
	ck_assert_uint_eq(mhttp_pace_due(&p, 50, 1049), 1);
	ck_assert_int_eq(mhttp_pace_look(&p, pair[0], 50, 10, 1049), 0);
	ck_assert_int_eq(mhttp_pace_look(&p, pair[0], 50, 10, 1050), 1);
	ck_assert_int_eq(mhttp_pace_look(&p, pair[0], 50, 10, 1050), 1);
	/* what was pushed and is gone was taken */
	mhttp_pace_pushed(&p, 10);
	ck_assert_int_eq(mhttp_pace_look(&p, pair[0], 50, 10, 1050), 0);
	ck_assert_uint_eq(mhttp_pace_due(&p, 50, 1050), 50);
	/* and what still lies there was not */
	ck_assert_int_eq(send(pair[0], text, sizeof text, MSG_NOSIGNAL), sizeof text);
	mhttp_pace_pushed(&p, sizeof text);
	ck_assert_int_eq(mhttp_pace_look(&p, pair[0], 50, sizeof text, 1100), 1);
	ck_assert_int_eq(recv(pair[1], text, sizeof text, 0), sizeof text);
	ck_assert_int_eq(mhttp_pace_look(&p, pair[0], 50, sizeof text, 1100), 0);
	mhttp_pace_reset(&p);
	ck_assert_uint_eq(mhttp_pace_due(&p, 50, 9999), 0);
	close(pair[0]);
	close(pair[1]);
}
END_TEST

START_TEST(neither_the_clock_nor_the_count_is_wrong_when_it_wraps)
{
	struct mhttp_pace p = { 0, 0 };
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	ck_assert_int_eq(mhttp_pace_look(&p, fd, 50, 10, UINT32_MAX - 9), 0);
	ck_assert_uint_eq(mhttp_pace_due(&p, 50, UINT32_MAX), 41);
	ck_assert_uint_eq(mhttp_pace_due(&p, 50, 39), 1);
	ck_assert_uint_eq(mhttp_pace_due(&p, 50, 40), 0);
	mhttp_pace_pushed(&p, UINT32_MAX - 5);
	mhttp_pace_pushed(&p, 20);
	mhttp_pace_pushed(&p, UINT64_MAX);
	ck_assert_int_eq(mhttp_pace_look(&p, fd, 50, UINT32_MAX, 40), 0);
	ck_assert_int_eq(mhttp_pace_look(&p, fd, 50, 10, 90), 1);
	mhttp_pace_reset(&p);
	ck_assert_int_eq(mhttp_pace_look(&p, fd, 50, 10, 0), 0);
	ck_assert_uint_eq(mhttp_pace_due(&p, 50, 0), 50 + 1);
	close(fd);
}
END_TEST

/* ---- A server ------------------------------------------------------------------------------------ */

static char big[BIG];
static atomic_int closed;                /* streams: 1 + how it ended, negated */
static mummy_http_stream *quiet;

static void whole(mummy_http_exchange *x, void *ctx)
{
	(void)ctx;
	mummy_http_respond_taken(x, 200, NULL, 0, big, BIG, NULL, NULL);
}

static void file(mummy_http_exchange *x, void *ctx)
{
	mummy_http_respond_file(x, 200, NULL, 0, dup(*(int *)ctx), 0, BIG);
}

static void on_closed(void *ctx, int status)
{
	mummy_http_stream_unref(ctx);
	atomic_store(&closed, 1 - status);
}

static const struct mummy_http_stream_events told = { .closed = on_closed };

static void fill(mummy_http_stream *st)
{
	struct iovec iov = { big, BIG };

	mummy_http_stream_start(st, &told, st);
	ck_assert_int_ge(mummy_http_stream_writev(st, &iov, 1, NULL, NULL), 0);
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
	mummy_http_stream *st;

	(void)ctx;
	ck_assert_int_eq(mummy_http_upgrade(x, NULL, 0, &st), 0);
	fill(st);
}

static void events(mummy_http_exchange *x, void *ctx)
{
	(void)ctx;
	ck_assert_int_eq(mummy_http_sse(x, &quiet), 0);
	mummy_http_stream_start(quiet, &told, quiet);
	mummy_http_sse_send(quiet, NULL, NULL, "one", 3);
}

static const char *const paths[] = { "/whole", "/file", "/stream", "/upgrade" };

static int setup(struct serve *s, int poller)
{
	static int fd;
	char path[] = "/tmp/mummy-test-XXXXXX";

	fd = mkstemp(path);
	unlink(path);
	ck_assert_int_eq(ftruncate(fd, BIG), 0);
	serve_init(s, poller, 2);
	serve_route(s, "GET", "/whole", whole, NULL, MUMMY_HTTP_IDENTITY);
	serve_route(s, "GET", "/file", file, &fd, 0);
	serve_route(s, "GET", "/stream", stream, NULL, MUMMY_HTTP_IDENTITY);
	serve_route(s, "GET", "/upgrade", upgrade, NULL, 0);
	serve_route(s, "GET", "/events", events, NULL, MUMMY_HTTP_INLINE);
	s->opt.idle_timeout_ms = WINDOW_MS;
	s->opt.min_answer_rate = RATE;
	return fd;
}

/* One that has little room for what it did not read. */
static int ask(struct serve *s, const char *path)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), room = RECEIVE;
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(mummy_http_server_port(s->server, 0)) };
	const struct timeval limit = { 20, 0 };
	char text[128];

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
	snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n", path);
	say(fd, text);
	return fd;
}

/* Takes up to n octets of each, if there are some. Which of them are cut off, as bits. */
static unsigned take(const int *fd, int count, size_t n)
{
	static char room[RECEIVE];
	unsigned cut = 0;

	for (int i = 0; i < count; i++) {
		ssize_t got = recv(fd[i], room, n, MSG_DONTWAIT);

		if (got == 0 || (got < 0 && errno != EAGAIN))
			cut |= 1u << i;
	}
	poll(NULL, 0, PAUSE_MS);
	return cut;
}

static void ask_for_all(struct serve *s, int fd[4])
{
	for (size_t i = 0; i < 4; i++)
		fd[i] = ask(s, paths[i]);
}

static void hang_up(struct serve *s, const int fd[4], int file_fd)
{
	for (size_t i = 0; i < 4; i++)
		close(fd[i]);
	serve_stop(s);
	close(file_fd);
}

SERVE_TEST(who_takes_less_is_cut_off)
{
	struct serve s;
	int file_fd = setup(&s, poller), fd[4];
	unsigned cut = 0;

	s.opt.min_answer_rate = 1000000;
	serve_start(&s);
	ask_for_all(&s, fd);
	for (int i = 0; cut != 15 && i < 20000 / PAUSE_MS; i++)
		cut |= take(fd, 4, 100);
	ck_assert_uint_eq(cut, 15);
	hang_up(&s, fd, file_fd);
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Takes 50,000 octets a window, of which the server's sockets show nothing for long: they hold millions. 0:
 * this process stood still for so long that it was cut off rightly. */
static int takes_enough(struct serve *s)
{
	int64_t last = now_ms(), pause = 0;
	unsigned cut = 0;
	int fd[4];

	ask_for_all(s, fd);
	for (int i = 0; cut == 0 && i < 5 * WINDOW_MS / PAUSE_MS; i++) {
		const int64_t now = now_ms();

		pause = now - last > pause ? now - last : pause;
		last = now;
		cut = take(fd, 4, 2000);
	}
	for (size_t i = 0; i < 4; i++)
		close(fd[i]);
	pause = now_ms() - last > pause ? now_ms() - last : pause;
	ck_assert_msg(cut == 0 || pause > WINDOW_MS / 4, "cut off: %u, longest pause %d ms", cut, (int)pause);
	return cut == 0;
}

SERVE_TEST(who_takes_enough_is_not)
{
	struct serve s;
	int file_fd = setup(&s, poller), tries = 0;

	serve_start(&s);
	while (!takes_enough(&s))
		ck_assert_int_lt(++tries, 50);
	serve_stop(&s);
	close(file_fd);
}

SERVE_TEST(a_stream_with_nothing_to_send_is_left_alone)
{
	struct serve s;
	int file_fd = setup(&s, poller), fd;
	char text[512];
	size_t n = 0;

	s.opt.idle_timeout_ms = 60;
	s.opt.min_answer_rate = 1000000;
	serve_start(&s);
	atomic_store(&closed, 0);
	fd = ask(&s, "/events");
	while (n < 5 || !strstr(text, "data: one\n\n")) {
		ck_assert_int_eq(recv(fd, text + n, 1, 0), 1);
		text[++n] = 0;
	}
	for (int i = 0; i < 40; i++)
		ck_assert(take(&fd, 1, 1) == 0 && atomic_load(&closed) == 0);
	mummy_http_sse_send(quiet, NULL, NULL, "two", 3);
	for (n = 0; n < 5 || !strstr(text, "data: two\n\n"); ) {
		ck_assert_int_eq(recv(fd, text + n, 1, 0), 1);
		text[++n] = 0;
	}
	mummy_http_stream_close(quiet);
	EVENTUALLY(atomic_load(&closed) == 1);
	close(fd);
	serve_stop(&s);
	close(file_fd);
}

SUITE_MAIN("http/pace", a_window_begins_at_the_first_look, neither_the_clock_nor_the_count_is_wrong_when_it_wraps,
	   who_takes_less_is_cut_off, who_takes_enough_is_not, a_stream_with_nothing_to_send_is_left_alone)
