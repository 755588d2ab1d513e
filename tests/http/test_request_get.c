#include <config.h>
#include "serve.h"

/* What a handler can ask about its request, and hang on it. */

static size_t told(char *out, size_t size, size_t n, const char *name, const char *value, size_t len)
{
	return n + (size_t)snprintf(out + n, size - n, "%s=%.*s;", name, (int)len, value ? value : "-");
}

static void lines(mummy_http_exchange *x, void *ctx)
{
	struct mummy_http_header h;
	char text[1024];
	size_t n = 0, len, i;

	(void)ctx;
	for (unsigned nth = 0; nth < 3; nth++) {
		const char *value = mummy_http_header_nth(x, "MANY", nth, &len);

		ck_assert(value ? strlen(value) == len : len == 0);
		n = told(text, sizeof text, n, "nth", value, value ? len : 1);
	}
	for (i = 0; mummy_http_header_at(x, i, &h) == 0; i++) {
		ck_assert_uint_eq(strlen(h.value), h.value_len);
		ck_assert_uint_gt(h.name_len, 0);
		n = told(text, sizeof text, n, "at", h.value, h.value_len);
	}
	ck_assert_int_eq(mummy_http_header_at(x, i + 1, &h), -ENOENT);
	ck_assert_int_eq(mummy_http_header_at(x, SIZE_MAX, &h), -ENOENT);
	mummy_http_respond_text(x, 200, text);
}

SERVE_TEST(all_lines_of_a_field_and_all_fields)
{
	struct serve s;

	for (unsigned k = 0; k < 2; k++) {
		int fd;

		serve_init(&s, poller, 2);
		serve_route(&s, "GET", "/", lines, NULL, k ? MUMMY_HTTP_INLINE : 0);
		serve_start(&s);
		fd = dial(&s);
		say(fd, "GET / HTTP/1.1\r\nMany: one\r\nHost: a\r\nmany:\r\nmanyx: no\r\n\r\n");
		expect(fd, 200, "nth=one;nth=;nth=-;at=one;at=a;at=;at=no;");
		close(fd);
		serve_stop(&s);
	}
}

static void lengths(mummy_http_exchange *x, void *ctx)
{
	uint64_t length = mummy_http_body_length(x);
	const char *trailer = mummy_http_trailer_get(x, "check", NULL);
	char text[128];
	size_t n;

	(void)ctx;
	mummy_http_body(x, &n);
	snprintf(text, sizeof text, "%s %zu %s %s",
		 length == MUMMY_HTTP_UNKNOWN ? "unknown" : length == n ? "same" : "wrong", n,
		 trailer ? trailer : "-", mummy_http_trailer_get(x, "other", NULL) ? "+" : "-");
	mummy_http_respond_text(x, 200, text);
}

SERVE_TEST(the_announced_length_and_the_trailers_of_a_whole_body)
{
	static const char *const asks[][2] = {
		{ "POST / HTTP/1.1\r\nHost: a\r\n\r\n", "same 0 - -" },
		{ "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", "same 3 - -" },
		{ "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n", "unknown 2 - -" },
		{ "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n"
		  "Check: of all\r\nX: y\r\n\r\n", "unknown 2 of all -" },
	};
	struct serve s;
	int fd;

	serve_init(&s, poller, 2);
	serve_route(&s, "POST", "/", lengths, NULL, 0);
	serve_start(&s);
	fd = dial(&s);
	for (size_t i = 0; i < sizeof asks / sizeof asks[0]; i++) {
		say(fd, asks[i][0]);
		expect(fd, 200, asks[i][1]);
	}
	close(fd);
	serve_stop(&s);
}

/* ---- 100 Continue ------------------------------------------------------------------------------- */

static int swallow(void *ctx, const void *p, size_t n)
{
	(void)ctx, (void)p, (void)n;
	return 0;
}

static void swallowed(void *ctx, int status)
{
	mummy_http_exchange *x = ctx;

	mummy_http_respond_text(x, status ? 500 : 200, "taken");
	ck_assert_int_eq(mummy_http_continue(x), mummy_http_minor_version(x) ? -EALREADY : -ENOTSUP);
	mummy_http_release(x);
}

static void ask_for_it(mummy_http_exchange *x, void *ctx)
{
	const struct mummy_http_sink sink = { .data = swallow, .end = swallowed, .ctx = x };
	const char *way = mummy_http_header_get(x, "Way", NULL);

	(void)ctx;
	if (!strcmp(way, "refuse")) {
		mummy_http_respond_text(x, 403, "refused");
		return;
	}
	if (!strcmp(way, "twice")) {
		int want = mummy_http_minor_version(x) ? 0 : -ENOTSUP;

		ck_assert_int_eq(mummy_http_continue(x), want);
		ck_assert_int_eq(mummy_http_inform(x, 100, NULL, 0), want);
	}
	mummy_http_hold(x);
	ck_assert_int_eq(mummy_http_stream_body(x, &sink), 0);
}

static void begin(int fd, const char *way, const char *version, const char *expect)
{
	char text[256];

	snprintf(text, sizeof text, "POST / HTTP/1.%s\r\nHost: a\r\nWay: %s\r\nConnection: keep-alive\r\n"
		 "Content-Length: 4\r\n%s\r\n", version, way, expect);
	say(fd, text);
}

SERVE_TEST(who_waits_for_100_gets_it_once_or_a_refusal)
{
	struct serve s;

	for (unsigned k = 0; k < 2; k++) {
		struct heard h;
		int fd;

		serve_init(&s, poller, 2);
		serve_route(&s, "POST", "/", ask_for_it, NULL, MUMMY_HTTP_STREAM | (k ? MUMMY_HTTP_INLINE : 0));
		serve_start(&s);
		fd = dial(&s);
		for (int i = 0; i < 2; i++) {
			begin(fd, i ? "twice" : "once", "1", "Expect: 100-continue\r\n");
			hear_head(fd, &h);
			ck_assert_int_eq(h.status, 100);
			say(fd, "body");
			expect(fd, 200, "taken");
		}
		begin(fd, "twice", "1", "");         /* who does not wait for it gets none */
		say(fd, "body");
		expect(fd, 200, "taken");
		begin(fd, "twice", "0", "Expect: 100-continue\r\n");
		say(fd, "body");
		expect(fd, 200, "taken");
		begin(fd, "refuse", "1", "Expect: 100-continue\r\n");
		expect(fd, 403, "refused");
		close(fd);
		serve_stop(&s);
	}
}

/* ---- What the program hangs on it --------------------------------------------------------------- */

struct marks { atomic_int released; };

static void mark_freed(void *p)
{
	atomic_fetch_add(&((struct marks *)p)->released, 1);
}

static int mark(mummy_http_exchange *x, void *ctx)
{
	ck_assert_ptr_null(mummy_http_user(x));
	mummy_http_user_set(x, ctx, mark_freed);
	return 0;
}

static void marked(mummy_http_exchange *x, void *ctx)
{
	struct marks *m = ctx;
	int before = atomic_load(&m->released);

	ck_assert_ptr_eq(mummy_http_user(x), ctx);
	mummy_http_user_set(x, &m[1], NULL);
	ck_assert_int_eq(atomic_load(&m->released), before + 1);
	ck_assert_ptr_eq(mummy_http_user(x), &m[1]);
	mummy_http_user_set(x, m, mark_freed);
	mummy_http_respond_text(x, 200, "marked");
	ck_assert_ptr_eq(mummy_http_user(x), ctx);
}

SERVE_TEST(a_pointer_goes_with_the_request_and_is_released_with_it)
{
	struct marks marks[2] = { { 0 }, { 0 } };
	const struct mummy_http_middleware middle = { .before = mark, .ctx = marks };
	struct serve s;
	int fd;

	serve_init(&s, poller, 2);
	serve_route(&s, "GET", "/", marked, marks, 0);
	serve_route(&s, "GET", "/inline", marked, marks, MUMMY_HTTP_INLINE);
	ck_assert_int_eq(mummy_http_router_use(s.router, "/", &middle), 0);
	serve_start(&s);
	fd = dial(&s);
	for (int i = 0; i < 4; i++) {
		say(fd, i % 2 ? "GET /inline HTTP/1.1\r\nHost: a\r\n\r\n" : "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
		expect(fd, 200, "marked");
	}
	close(fd);
	serve_stop(&s);
	ck_assert_int_eq(atomic_load(&marks[0].released), 8);
	ck_assert_int_eq(atomic_load(&marks[1].released), 0);
}

/* ---- A descriptor of the program's on the loop -------------------------------------------------- */

struct input {
	struct mummy_poller_watch watch;
	mummy_http_exchange *x;
	int fds[2];
};

static void input_ready(struct mummy_poller_watch *w, unsigned events)
{
	struct input *in = (struct input *)w;
	mummy_poller *p = mummy_http_loop_poller(mummy_http_exchange_loop(in->x));
	char text[8] = "";

	ck_assert(events & MUMMY_POLLER_READ);
	ck_assert_int_eq(read(in->fds[0], text, sizeof text - 1), 4);
	ck_assert_int_eq(mummy_poller_remove(p, in->fds[0]), 0);
	mummy_http_respond_text(in->x, 200, text);
	mummy_http_release(in->x);
	close(in->fds[0]);
}

static void watch_on_the_loop(void *p)
{
	struct input *in = p;

	ck_assert_int_eq(mummy_poller_add(mummy_http_loop_poller(mummy_http_exchange_loop(in->x)), in->fds[0],
					  MUMMY_POLLER_READ, &in->watch), 0);
	ck_assert_int_eq(write(in->fds[1], "late", 4), 4);
	close(in->fds[1]);
}

static void by_poller(mummy_http_exchange *x, void *ctx)
{
	struct input *in = ctx;

	in->watch.ready = input_ready;
	in->x = mummy_http_hold(x);
	ck_assert_int_eq(pipe(in->fds), 0);
	ck_assert_int_eq(mummy_http_loop_post(mummy_http_exchange_loop(x), watch_on_the_loop, in), 0);
}

SERVE_TEST(a_foreign_descriptor_is_watched_on_the_loop)
{
	struct input in = { .x = NULL };
	struct serve s;
	int fd;

	serve_init(&s, poller, 2);
	serve_route(&s, "GET", "/", by_poller, &in, 0);
	serve_start(&s);
	fd = dial(&s);
	for (int i = 0; i < 2; i++) {
		say(fd, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
		expect(fd, 200, "late");
	}
	close(fd);
	serve_stop(&s);
}

SUITE_MAIN("http/request_get", all_lines_of_a_field_and_all_fields,
	   the_announced_length_and_the_trailers_of_a_whole_body, who_waits_for_100_gets_it_once_or_a_refusal,
	   a_pointer_goes_with_the_request_and_is_released_with_it, a_foreign_descriptor_is_watched_on_the_loop)
