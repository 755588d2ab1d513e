#include <config.h>
#include "serve.h"

/* What ran, in its order. */
struct trace {
	pthread_mutex_t lock;
	char text[512];
	struct mummy_http_result result;
};
struct step { struct trace *t; const char *name; int stop; };

static void note(struct trace *t, const char *mark, const char *name)
{
	pthread_mutex_lock(&t->lock);
	strcat(t->text, mark);
	strcat(t->text, name);
	pthread_mutex_unlock(&t->lock);
}

static int noted(struct trace *t, const char *text)
{
	int same;

	pthread_mutex_lock(&t->lock);
	same = !strcmp(t->text, text);
	pthread_mutex_unlock(&t->lock);
	return same;
}

static void forget(struct trace *t)
{
	pthread_mutex_lock(&t->lock);
	t->text[0] = 0;
	pthread_mutex_unlock(&t->lock);
}

static int before(mummy_http_exchange *x, void *ctx)
{
	struct step *s = ctx;

	note(s->t, "<", s->name);
	mummy_http_header_add(x, "X-Step", s->name);
	if (s->stop)
		mummy_http_respond_text(x, 418, "stopped");
	return s->stop;
}

static void after(mummy_http_exchange *x, void *ctx)
{
	struct step *s = ctx;

	mummy_http_result_get(x, &s->t->result);
	note(s->t, ">", s->name);
}

static void handler(mummy_http_exchange *x, void *ctx)
{
	note(ctx, "", "H");
	mummy_http_respond_text(x, 200, "hello");
}

static void streamed(mummy_http_exchange *x, void *ctx)
{
	mummy_http_stream *st;

	note(ctx, "", "S");
	ck_assert_int_eq(mummy_http_respond_stream(x, 200, NULL, 0, MUMMY_HTTP_UNKNOWN, &st), 0);
	mummy_http_stream_write(st, "12345", 5, -1);
	mummy_http_stream_write(st, "678", 3, -1);
	mummy_http_stream_close(st);
	mummy_http_stream_unref(st);
}

static void use(struct serve *s, const char *prefix, struct step *step, unsigned flags, int with_after)
{
	const struct mummy_http_middleware m = { .before = before, .after = with_after ? after : NULL,
						 .ctx = step, .flags = flags };

	ck_assert_int_eq(mummy_http_router_use(s->router, prefix, &m), 0);
}

static void ask(struct serve *s, const char *request, int status)
{
	int fd = dial(s);

	say(fd, request);
	expect(fd, status, NULL);
	close(fd);
}

#define GET(path) "GET " path " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
#define RAN(what) EVENTUALLY(noted(&t, what)); forget(&t)

SERVE_TEST(each_runs_around_the_paths_below_its_prefix)
{
	struct trace t = { .lock = PTHREAD_MUTEX_INITIALIZER };
	struct step all = { &t, "all", 0 }, a = { &t, "a", 0 }, guard = { &t, "guard", 1 };
	const struct mummy_http_middleware log = { .after = after, .ctx = &all };
	struct serve s;

	for (int workers = 0; workers < 3; workers += 2) {
		serve_init(&s, poller, workers);
		serve_route(&s, "GET", "/", handler, &t, 0);
		serve_route(&s, "GET", "/a/b", handler, &t, 0);
		serve_route(&s, "GET", "/ab", handler, &t, 0);
		serve_route(&s, "GET", "/secret/*", handler, &t, 0);
		serve_route(&s, "GET", "/stream", streamed, &t, 0);
		ck_assert_int_eq(mummy_http_router_use(s.router, NULL, &log), 0);
		use(&s, "/", &all, MUMMY_HTTP_INLINE, 1);
		use(&s, "/a", &a, 0, 1);
		use(&s, "/secret", &guard, 0, 1);
		serve_start(&s);
		ask(&s, GET("/"), 200);
		RAN("<allH>all>all");
		ask(&s, GET("/a/b"), 200);
		RAN("<all<aH>a>all>all");
		ask(&s, GET("/ab"), 200);
		RAN("<allH>all>all");
		/* as the route is found, so is the guard */
		ask(&s, GET("/%73ecret/x"), 418);
		RAN("<all<guard>guard>all>all");
		ask(&s, GET("/secret%2Fx"), 404);
		RAN("<all>all>all");
		/* what no handler gets: only those that do not block */
		ask(&s, GET("/a/none"), 404);
		RAN("<all>all>all");
		ask(&s, "POST /a/b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 405);
		RAN("<all>all>all");
		ask(&s, "BAD\r\n\r\n", 400);
		RAN(">all");
		ask(&s, GET("/stream"), 200);
		RAN("<allS>all>all");
		ck_assert_int_eq(t.result.status, 200);
		ck_assert_int_eq(t.result.error, 0);
		ck_assert_uint_eq(t.result.bytes_out, 8);
		serve_stop(&s);
	}
}

SERVE_TEST(fields_are_added_and_results_told)
{
	struct trace t = { .lock = PTHREAD_MUTEX_INITIALIZER };
	struct step all = { &t, "all", 0 };
	struct serve s;
	struct heard h;
	int fd;

	serve_init(&s, poller, 2);
	serve_route(&s, "POST", "/", handler, &t, 0);
	use(&s, "/", &all, MUMMY_HTTP_INLINE, 1);
	serve_start(&s);
	fd = dial(&s);
	say(fd, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc");
	hear_answer(fd, &h, 0);
	ck_assert_int_eq(h.status, 200);
	ck_assert_str_eq(heard_field(&h, "X-Step"), "all");
	free(h.body);
	close(fd);
	RAN("<allH>all");
	ck_assert_int_eq(t.result.status, 200);
	ck_assert_uint_eq(t.result.bytes_in, 3);
	ck_assert_uint_eq(t.result.bytes_out, 5);
	ck_assert_uint_gt(t.result.duration_us, 0);
	serve_stop(&s);
}

static mummy_http_exchange *held;

static int keeps(mummy_http_exchange *x, void *ctx)
{
	(void)ctx;
	held = mummy_http_hold(x);
	return 1;
}

static void *answers_later(void *x)
{
	mummy_http_respond_text(x, 202, "later");
	mummy_http_release(x);
	return NULL;
}

static int posted(void *ctx)
{
	(void)ctx;
	return held != NULL;
}

SERVE_TEST(one_that_holds_answers_later)
{
	const struct mummy_http_middleware m = { .before = keeps };
	struct trace t = { .lock = PTHREAD_MUTEX_INITIALIZER };
	struct serve s;
	pthread_t thread;
	int fd;

	serve_init(&s, poller, 0);
	serve_route(&s, "GET", "/", handler, &t, 0);
	ck_assert_int_eq(mummy_http_router_use(s.router, "/", &m), 0);
	held = NULL;
	ck_assert_int_eq(mummy_http_server_new(&s.server, s.router, &s.opt), 0);
	fd = dial(&s);
	say(fd, GET("/"));
	while (!posted(NULL))
		ck_assert_int_eq(mummy_http_server_step(s.server, 1000), 1);
	pthread_create(&thread, NULL, answers_later, held);
	pthread_join(thread, NULL);
	expect(fd, 202, "later");
	close(fd);
	ck_assert(noted(&t, ""));
	mummy_http_server_stop(s.server);
	while (mummy_http_server_step(s.server, 1000) > 0)
		;
	serve_free(&s);
}

START_TEST(what_is_no_middleware_is_refused)
{
	struct mummy_http_middleware m = { .after = after };
	mummy_http_router *r;

	ck_assert_int_eq(mummy_http_router_new(&r), 0);
	ck_assert_int_eq(mummy_http_router_use(r, "a", &m), -EINVAL);
	ck_assert_int_eq(mummy_http_router_use(r, "", &m), -EINVAL);
	ck_assert_int_eq(mummy_http_router_use(r, "/a/", &m), -EINVAL);
	ck_assert_int_eq(mummy_http_router_use(r, "/{a}", &m), -EINVAL);
	ck_assert_int_eq(mummy_http_router_use(r, "/a%20", &m), -EINVAL);
	m.flags = MUMMY_HTTP_STREAM;
	ck_assert_int_eq(mummy_http_router_use(r, "/", &m), -EINVAL);
	m.flags = 0;
	m.reserved[3] = 1;
	ck_assert_int_eq(mummy_http_router_use(r, "/", &m), -EINVAL);
	memset(&m, 0, sizeof m);
	ck_assert_int_eq(mummy_http_router_use(r, "/", &m), -EINVAL);
	mummy_http_router_unref(r);
}
END_TEST

/* Whoever would have served it: the same answer, and the connection goes on. */
SERVE_TEST(malformed_parameters_are_refused_like_all_else)
{
	static const char *const places[] = { "/inline/", "/pool/" }, *const bad[] = { "%zz", "%4", "a%00b" };
	struct trace t = { .lock = PTHREAD_MUTEX_INITIALIZER };
	struct step all = { &t, "all", 0 };
	char request[256];
	struct serve s;
	struct heard h;
	int fd;

	serve_init(&s, poller, 2);
	serve_route(&s, "GET", "/inline/{name}", handler, &t, MUMMY_HTTP_INLINE);
	serve_route(&s, "GET", "/pool/{name}", handler, &t, 0);
	use(&s, "/", &all, MUMMY_HTTP_INLINE, 1);
	serve_start(&s);
	fd = dial(&s);
	for (size_t i = 0; i < 2 * 3; i++) {
		snprintf(request, sizeof request, "GET %s%s HTTP/1.1\r\nHost: a\r\n\r\n"
			 "GET %sfine HTTP/1.1\r\nHost: a\r\n\r\n", places[i % 2], bad[i / 2], places[i % 2]);
		say(fd, request);
		hear_answer(fd, &h, 0);
		ck_assert_int_eq(h.status, 400);
		ck_assert_str_eq(heard_field(&h, "X-Step"), "all");
		ck_assert_ptr_null(heard_field(&h, "Connection"));
		free(h.body);
		expect(fd, 200, "hello");
		EVENTUALLY(noted(&t, "<all>all<allH>all"));
		forget(&t);
	}
	close(fd);
	serve_stop(&s);
}

SUITE_MAIN("http/middle", malformed_parameters_are_refused_like_all_else, each_runs_around_the_paths_below_its_prefix, fields_are_added_and_results_told,
	   one_that_holds_answers_later, what_is_no_middleware_is_refused)
