#include <config.h>
#include <fcntl.h>
#include <stdlib.h>
#include "serve.h"

/* Answers of every kind: by whom, when, of what. */

enum { BIG = 3 * 1000 * 1000 };
static char *big;

static void make_big(void)
{
	big = malloc(BIG + 1);
	for (int i = 0; i < BIG; i++)
		big[i] = (char)('a' + i % 23);
	big[BIG] = 0;
}

static void copied(mummy_http_exchange *x, void *ctx)
{
	(void)ctx;
	ck_assert_int_eq(mummy_http_respond(x, 200, NULL, 0, big, BIG), 0);
}

static void count(void *arg)
{
	atomic_fetch_add((atomic_int *)arg, 1);
}

static void taken(mummy_http_exchange *x, void *ctx)
{
	mummy_http_respond_taken(x, 200, NULL, 0, big, BIG, count, ctx);
}

static void taken_twice(mummy_http_exchange *x, void *ctx)
{
	mummy_http_respond_taken(x, 200, NULL, 0, "once", 4, count, ctx);
	ck_assert_int_eq(mummy_http_respond_taken(x, 200, NULL, 0, "twice", 5, count, ctx), -EALREADY);
	ck_assert_int_eq(mummy_http_respond_text(x, 200, "thrice"), -EALREADY);
	ck_assert_int_eq(mummy_http_header_add(x, "A", "b"), -EALREADY);
}

static void from_file(mummy_http_exchange *x, void *path)
{
	ck_assert_int_eq(mummy_http_respond_file(x, 200, NULL, 0, open(path, O_RDONLY | O_CLOEXEC), 10,
						 BIG - 10), 0);
}

static void fields(mummy_http_exchange *x, void *ctx)
{
	const struct mummy_http_header bad[] = { MUMMY_HTTP_HEADER("X", "a\r\nb"), MUMMY_HTTP_HEADER("a b",
												     "c"),
						 MUMMY_HTTP_HEADER("Content-Length", "3"),
						 MUMMY_HTTP_HEADER("Transfer-Encoding", "chunked") };
	const struct mummy_http_header good = MUMMY_HTTP_HEADER("X-Two", "2");

	(void)ctx;
	for (size_t i = 0; i < 4; i++)
		ck_assert_int_eq(mummy_http_respond(x, 200, &bad[i], 1, NULL, 0), -EINVAL);
	ck_assert_int_eq(mummy_http_header_add(x, "A\n", "b"), -EINVAL);
	ck_assert_int_eq(mummy_http_respond_text(x, 99, ""), -EINVAL);
	ck_assert_int_eq(mummy_http_header_add(x, "X-One", "1"), 0);
	ck_assert_int_eq(mummy_http_respond(x, 299, &good, 1, "body", 4), 0);
}

static void status(mummy_http_exchange *x, void *ctx)
{
	mummy_http_respond_text(x, (int)(intptr_t)ctx, "not to be seen");
}

static void json(mummy_http_exchange *x, void *ctx)
{
	const struct mummy_http_header h[] = { MUMMY_HTTP_HEADER("Content-Type", "application/json"),
					       MUMMY_HTTP_HEADER("ETag", "\"v1\""),
					       MUMMY_HTTP_HEADER("Accept-Ranges", "bytes") };

	(void)ctx;
	mummy_http_respond(x, 200, h, 3, big, 20000);
}

static void both(struct serve *s, const char *path, mummy_http_handler *handler, void *ctx)
{
	char text[64];

	serve_route(s, "GET", path, handler, ctx, 0);
	snprintf(text, sizeof text, "/inline%s", path);
	serve_route(s, "GET", text, handler, ctx, MUMMY_HTTP_INLINE);
}

static void ask(int fd, const char *method, int is_inline, const char *path, const char *more)
{
	char text[256];

	snprintf(text, sizeof text, "%s %s%s HTTP/1.1\r\nHost: a\r\n%s\r\n", method, is_inline ? "/inline"
		 : "", path,
		 more);
	say(fd, text);
}

SERVE_TEST(big_answers_are_copied_taken_or_sent_from_a_file)
{
	char path[] = "/tmp/mummy-test-XXXXXX";
	int file = mkstemp(path), fd;
	atomic_int done = 0;
	struct serve s;

	make_big();
	ck_assert_int_eq(write(file, big, BIG), BIG);
	serve_init(&s, poller, 2);
	both(&s, "/copied", copied, NULL);
	both(&s, "/taken", taken, &done);
	both(&s, "/file", from_file, path);
	serve_start(&s);
	fd = dial(&s);
	for (int k = 0; k < 2; k++) {
		ask(fd, "GET", k, "/copied", "");
		ask(fd, "GET", k, "/taken", "");
		ask(fd, "GET", k, "/file", "");
		ask(fd, "HEAD", k, "/file", "");
		expect(fd, 200, big);
		expect(fd, 200, big);
		expect(fd, 200, big + 10);
		{
			struct heard h;

			hear_answer(fd, &h, 1);
			ck_assert_int_eq(strtol(heard_field(&h, "Content-Length"), NULL, 10), BIG - 10);
			free(h.body);
		}
		EVENTUALLY(atomic_load(&done) == k + 1);
	}
	close(fd);
	serve_stop(&s);
	close(file);
	unlink(path);
	free(big);
}

SERVE_TEST(a_client_that_goes_away_costs_nothing)
{
	atomic_int done = 0;
	struct mummy_http_stats stats;
	struct serve s;

	make_big();
	serve_init(&s, poller, 2);
	both(&s, "/taken", taken, &done);
	serve_start(&s);
	for (int k = 0; k < 2; k++) {
		int fd = dial(&s);
		char some[1000 + 1];

		ask(fd, "GET", k, "/taken", "");
		hear_n(fd, some, 1000);
		close(fd);
		EVENTUALLY(atomic_load(&done) == k + 1);
	}
	EVENTUALLY((mummy_http_stats_get(s.server, &stats), stats.connections) == 0);
	EVENTUALLY((mummy_http_stats_get(s.server, &stats), stats.exchanges) == 0);
	ck_assert_uint_eq(stats.buffered_bytes, 0);
	serve_stop(&s);
	free(big);
}

SERVE_TEST(an_exchange_is_answered_once)
{
	atomic_int done = 0;
	struct serve s;
	int fd;

	serve_init(&s, poller, 2);
	both(&s, "/", taken_twice, &done);
	serve_start(&s);
	fd = dial(&s);
	for (int k = 0; k < 2; k++) {
		ask(fd, "GET", k, "/", "");
		expect(fd, 200, "once");
		EVENTUALLY(atomic_load(&done) == 2 * (k + 1));
	}
	close(fd);
	serve_stop(&s);
}

SERVE_TEST(fields_are_checked)
{
	struct heard h;
	struct serve s;
	int fd;

	serve_init(&s, poller, 2);
	both(&s, "/", fields, NULL);
	serve_start(&s);
	fd = dial(&s);
	for (int k = 0; k < 2; k++) {
		ask(fd, "GET", k, "/", "");
		hear_answer(fd, &h, 0);
		ck_assert_int_eq(h.status, 299);
		ck_assert_str_eq(heard_field(&h, "X-One"), "1");
		ck_assert_str_eq(heard_field(&h, "X-Two"), "2");
		ck_assert_uint_eq(strlen(heard_field(&h, "Date")), 29);
		ck_assert_str_eq(h.body, "body");
		free(h.body);
	}
	close(fd);
	serve_stop(&s);
}

SERVE_TEST(some_answers_have_no_body)
{
	struct heard h;
	struct serve s;
	int fd;

	serve_init(&s, poller, 2);
	both(&s, "/200", status, (void *)200);
	both(&s, "/204", status, (void *)204);
	both(&s, "/304", status, (void *)304);
	serve_start(&s);
	fd = dial(&s);
	for (int k = 0; k < 2; k++) {
		ask(fd, "HEAD", k, "/200", "");
		hear_answer(fd, &h, 1);
		ck_assert_str_eq(heard_field(&h, "Content-Length"), "14");
		free(h.body);
		ask(fd, "GET", k, "/204", "");
		expect(fd, 204, "");
		ask(fd, "GET", k, "/304", "");
		expect(fd, 304, "");
		ask(fd, "GET", k, "/200", "");
		expect(fd, 200, "not to be seen");
	}
	close(fd);
	serve_stop(&s);
}

SERVE_TEST(whole_answers_are_compressed_when_the_client_wishes)
{
	struct heard h;
	struct serve s;
	int fd;

	make_big();
	serve_init(&s, poller, 2);
	both(&s, "/", json, NULL);
	serve_start(&s);
	fd = dial(&s);
	for (int k = 0; k < 2; k++) {
		ask(fd, "GET", k, "/", "Accept-Encoding: gzip\r\n");
		hear_answer(fd, &h, 0);
		ck_assert_str_eq(heard_field(&h, "Content-Encoding"), "gzip");
		ck_assert_str_eq(heard_field(&h, "Vary"), "Accept-Encoding");
		ck_assert_str_eq(heard_field(&h, "ETag"), "W/\"v1\"");
		ck_assert_ptr_null(heard_field(&h, "Accept-Ranges"));
		ck_assert_uint_lt(h.n, 2000);
		free(h.body);
		ask(fd, "GET", k, "/", "");
		hear_answer(fd, &h, 0);
		ck_assert_ptr_null(heard_field(&h, "Content-Encoding"));
		ck_assert_str_eq(heard_field(&h, "Vary"), "Accept-Encoding");
		ck_assert_str_eq(heard_field(&h, "ETag"), "\"v1\"");
		ck_assert_uint_eq(h.n, 20000);
		free(h.body);
		ask(fd, "HEAD", k, "/", "Accept-Encoding: gzip\r\n");
		hear_answer(fd, &h, 1);
		ck_assert_str_eq(heard_field(&h, "Content-Encoding"), "gzip");
		ck_assert_ptr_null(heard_field(&h, "Content-Length"));
		free(h.body);
	}
	close(fd);
	serve_stop(&s);
	free(big);
}

/* What the client gets of "/", by those options, in the coding that *gzip tells. */
static size_t octets_by(int poller, int level, size_t min_bytes, unsigned flags, int *gzip)
{
	struct heard h;
	struct serve s;
	size_t n;
	int fd;

	serve_init(&s, poller, 2);
	serve_route(&s, "GET", "/", json, NULL, flags);
	s.opt.gzip_level = level;
	s.opt.gzip_min_bytes = min_bytes;
	serve_start(&s);
	fd = dial(&s);
	ask(fd, "GET", 0, "/", "Accept-Encoding: gzip\r\n");
	hear_answer(fd, &h, 0);
	*gzip = heard_field(&h, "Content-Encoding") != NULL;
	ck_assert_int_eq(*gzip, heard_field(&h, "Vary") != NULL);
	n = h.n;
	free(h.body);
	close(fd);
	serve_stop(&s);
	return n;
}

SERVE_TEST(options_say_what_is_compressed_and_how_much)
{
	size_t fast, small;
	int gzip;

	make_big();
	for (int i = 0; i < 20000; i++)      /* what a longer search compresses better */
		big[i] = "etaoin shrdlu"[i * 7919u / 64 % 13 * ((unsigned)i % 5) % 13];
	fast = octets_by(poller, 1, 20000, 0, &gzip);
	ck_assert_int_eq(gzip, 1);
	small = octets_by(poller, 9, 0, MUMMY_HTTP_INLINE, &gzip);
	ck_assert_int_eq(gzip, 1);
	ck_assert_uint_lt(small, fast);
	ck_assert_uint_eq(octets_by(poller, 1, 20001, 0, &gzip), 20000);
	ck_assert_int_eq(gzip, 0);
	ck_assert_uint_eq(octets_by(poller, -1, 0, 0, &gzip), 20000);
	ck_assert_int_eq(gzip, 0);
	ck_assert_uint_eq(octets_by(poller, 1, 0, MUMMY_HTTP_IDENTITY, &gzip), 20000);
	ck_assert_int_eq(gzip, 0);
	free(big);
}

/* A client that pipelines and never reads: the server stops reading, and its memory is bounded. */
SERVE_TEST(who_does_not_read_is_not_read_from)
{
	struct mummy_http_stats stats;
	struct serve s;
	size_t said = 0;
	int fd;

	make_big();
	serve_init(&s, poller, 2);
	both(&s, "/copied", copied, NULL);
	serve_start(&s);
	for (int k = 0; k < 2; k++) {
		const char *text = k ? "GET /inline/copied HTTP/1.1\r\nHost: a\r\n\r\n"
				     : "GET /copied HTTP/1.1\r\nHost: a\r\n\r\n";
		struct pollfd p;

		fd = dial(&s);
		p = (struct pollfd){ fd, POLLOUT, 0 };
		for (said = 0; said < 64 * 1000 * 1000 && poll(&p, 1, 300) == 1;) {
			ssize_t n = send(fd, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL);

			said += n > 0 ? (size_t)n : 0;
		}
		ck_assert_uint_lt(said, 64 * 1000 * 1000);
		mummy_http_stats_get(s.server, &stats);
		ck_assert_uint_lt(stats.buffered_bytes, 2 * BIG);
		close(fd);
		EVENTUALLY((mummy_http_stats_get(s.server, &stats), stats.connections) == 0);
	}
	serve_stop(&s);
	free(big);
}

static void copied_or_cut(mummy_http_exchange *x, void *ctx)
{
	int rc = mummy_http_respond(x, 200, NULL, 0, big, BIG);

	(void)ctx;
	ck_assert_msg(rc == 0 || rc == -EPIPE, "%d", rc);
}

/* Who takes nothing of his answer when all together have the memory that there is for that is cut; what fits
 * in the sockets is served all the same. */
SERVE_TEST(the_output_of_all_is_bounded)
{
	enum { CLIENTS = 5, MOST = 1000 * 1000 };
	const int few = 16 * 1024;
	struct mummy_http_stats stats;
	struct serve s;
	int fds[CLIENTS], fresh;

	make_big();
	for (int k = 0; k < 2; k++) {
		const char *text = k ? "GET /inline/copied HTTP/1.1\r\nHost: a\r\n\r\n"
				     : "GET /copied HTTP/1.1\r\nHost: a\r\n\r\n";
		char four[256];

		snprintf(four, sizeof four, "%s%s%s%s", text, text, text, text);
		serve_init(&s, poller, 2);
		s.opt.max_buffered_bytes = MOST;
		both(&s, "/copied", copied_or_cut, NULL);
		serve_start(&s);
		for (int i = 0; i < CLIENTS; i++) {
			fds[i] = dial(&s);
			setsockopt(fds[i], SOL_SOCKET, SO_RCVBUF, &few, sizeof few);
			/* the socket buffers take 2.6 MB of these, or less, or even all of the first, as it
			 * happens; then who asks once more may have been cut already */
			say(fds[i], four);
			EVENTUALLY((mummy_http_stats_get(s.server, &stats), stats.requests) > (uint64_t)i);
			ck_assert_uint_le(stats.buffered_bytes, MOST);
		}
		EVENTUALLY((mummy_http_stats_get(s.server, &stats), stats.connections) < CLIENTS);
		ck_assert_uint_le(stats.buffered_bytes, MOST);
		fresh = dial(&s);
		ask(fresh, "GET", k, "/none", "");
		expect(fresh, 404, NULL);
		close(fresh);
		for (int i = 0; i < CLIENTS; i++)
			close(fds[i]);
		EVENTUALLY((mummy_http_stats_get(s.server, &stats), stats.connections) == 0);
		ck_assert_uint_eq(stats.buffered_bytes, 0);
		serve_stop(&s);
	}
	free(big);
}

static void informed(mummy_http_exchange *x, void *ctx)
{
	const struct mummy_http_header link = MUMMY_HTTP_HEADER("Link", "</a.css>; rel=preload");
	int minor = mummy_http_minor_version(x), *seen = ctx;

	seen[0] = mummy_http_inform(x, 103, &link, 1);
	ck_assert_int_eq(mummy_http_inform(x, 101, NULL, 0), -EINVAL);
	ck_assert_int_eq(mummy_http_inform(x, 200, NULL, 0), -EINVAL);
	mummy_http_respond_text(x, 200, minor ? "one" : "nought");
	seen[1] = mummy_http_inform(x, 103, &link, 1);
}

/* A worker's and an inline one. */
SERVE_TEST(informational_answers_go_ahead_of_the_answer)
{
	static const char *const asks[] = { "GET /worker HTTP/1.1\r\nHost: a\r\n\r\n",
					    "GET /inline HTTP/1.1\r\nHost: a\r\n\r\n" };
	int seen[2][2];              /* a worker may still be in its handler when the loop is in the other */
	struct serve s;

	serve_init(&s, poller, 1);
	serve_route(&s, "GET", "/worker", informed, seen[0], 0);
	serve_route(&s, "GET", "/inline", informed, seen[1], MUMMY_HTTP_INLINE);
	serve_start(&s);
	for (int i = 0; i < 2; i++) {
		int fd = dial(&s);
		struct heard h;

		say(fd, asks[i]);
		hear_head(fd, &h);
		ck_assert_int_eq(h.status, 103);
		ck_assert_str_eq(heard_field(&h, "Link"), "</a.css>; rel=preload");
		ck_assert_ptr_null(heard_field(&h, "Content-Length"));
		expect(fd, 200, "one");
		say(fd, asks[i]);            /* the last handler has ended by the next 103 */
		hear_head(fd, &h);
		ck_assert_int_eq(h.status, 103);
		expect(fd, 200, "one");
		close(fd);
	}
	serve_stop(&s);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(seen[i][0], 0);
		ck_assert_int_eq(seen[i][1], -EALREADY);
	}
}

SERVE_TEST(http_1_0_is_not_informed)
{
	int seen[2], fd;
	struct serve s;

	serve_init(&s, poller, 0);
	serve_route(&s, "GET", "/", informed, seen, 0);
	serve_start(&s);
	fd = dial(&s);
	say(fd, "GET / HTTP/1.0\r\n\r\n");
	expect(fd, 200, "nought");
	expect_end(fd);
	close(fd);
	serve_stop(&s);
	ck_assert_int_eq(seen[0], -ENOTSUP);
}

static void thing(mummy_http_exchange *x, void *ctx)
{
	(void)ctx;
	mummy_http_respond_text(x, 200, "here");
}

SERVE_TEST(a_connection_has_its_last_request)
{
	int workers, fd;

	for (workers = 0; workers < 2; workers++) {
		struct serve s;
		struct heard h;

		serve_init(&s, poller, workers);
		s.opt.max_requests = 3;
		serve_route(&s, "GET", "/", thing, NULL, 0);
		serve_start(&s);
		fd = dial(&s);
		for (int i = 0; i < 3; i++)
			say(fd, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
		for (int i = 0; i < 3; i++) {
			hear_answer(fd, &h, 0);
			ck_assert_int_eq(h.status, 200);
			ck_assert_int_eq(heard_field(&h, "Connection") != NULL, i == 2);
			free(h.body);
		}
		expect_end(fd);
		close(fd);
		serve_stop(&s);
	}
}

SUITE_MAIN("http/respond", big_answers_are_copied_taken_or_sent_from_a_file,
	   a_client_that_goes_away_costs_nothing,
	   an_exchange_is_answered_once, fields_are_checked, some_answers_have_no_body,
	   whole_answers_are_compressed_when_the_client_wishes, options_say_what_is_compressed_and_how_much,
	   who_does_not_read_is_not_read_from,
	   the_output_of_all_is_bounded, informational_answers_go_ahead_of_the_answer, http_1_0_is_not_informed,
	   a_connection_has_its_last_request)
