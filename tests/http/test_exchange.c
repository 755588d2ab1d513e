#include <config.h>
#include "serve.h"

/* Held exchanges: answered later, from elsewhere, after the client or the server has gone. */

struct box {                         /* an exchange on its way from a handler to the test */
	pthread_mutex_t lock;
	mummy_http_exchange *x;
};

static void box_put(mummy_http_exchange *x, void *ctx)
{
	struct box *b = ctx;

	pthread_mutex_lock(&b->lock);
	b->x = mummy_http_hold(x);
	pthread_mutex_unlock(&b->lock);
}

static mummy_http_exchange *box_get(struct box *b)
{
	mummy_http_exchange *x = NULL;

	for (int i = 0; i < 20000 && !x; i++) {
		const struct timespec moment = { 0, 1000000 };

		pthread_mutex_lock(&b->lock);
		x = b->x;
		b->x = NULL;
		pthread_mutex_unlock(&b->lock);
		if (!x)
			nanosleep(&moment, NULL);
	}
	ck_assert_ptr_nonnull(x);
	return x;
}

static void open_box(struct serve *s, struct box *b, int poller)
{
	memset(b, 0, sizeof *b);
	pthread_mutex_init(&b->lock, NULL);
	serve_init(s, poller, 2);
	serve_route(s, "GET", "/box/{id}", box_put, b, 0);
	serve_route(s, "GET", "/inline/{id}", box_put, b, MUMMY_HTTP_INLINE);
	s->opt.drain_timeout_ms = 100;
	serve_start(s);
}

static const char *const asks[] = { "GET /box/one HTTP/1.1\r\nHost: a\r\n\r\n",
				    "GET /inline/one HTTP/1.1\r\nHost: a\r\n\r\n" };

static void answer(mummy_http_exchange *x)
{
	char text[64];

	snprintf(text, sizeof text, "%s %s", mummy_http_param(x, "id", NULL), mummy_http_header_get(x, "Host",
												    NULL));
	ck_assert_int_eq(mummy_http_respond_text(x, 200, text), 0);
	mummy_http_release(x);
}

SERVE_TEST(a_held_exchange_is_answered_from_another_thread)
{
	struct serve s;
	struct box b;
	int fd;

	open_box(&s, &b, poller);
	fd = dial(&s);
	for (int i = 0; i < 4; i++) {
		say(fd, asks[i % 2]);
		say(fd, asks[(i + 1) % 2]);          /* pipelined: waits for the first */
		answer(box_get(&b));
		expect(fd, 200, "one a");
		answer(box_get(&b));
		expect(fd, 200, "one a");
	}
	close(fd);
	serve_stop(&s);
}

SERVE_TEST(a_held_exchange_that_is_let_go_is_500)
{
	struct serve s;
	struct box b;
	int fd;

	open_box(&s, &b, poller);
	fd = dial(&s);
	for (int k = 0; k < 2; k++) {
		say(fd, asks[k]);
		mummy_http_release(box_get(&b));
		expect(fd, 500, NULL);
	}
	close(fd);
	serve_stop(&s);
}

SERVE_TEST(a_client_that_hangs_up_is_noticed)
{
	struct serve s;
	struct box b;

	if (poller == MUMMY_POLLER_POLL)
		return;              /* a leased descriptor is not watched there */
	open_box(&s, &b, poller);
	for (int k = 0; k < 2; k++) {
		int fd = dial(&s);
		mummy_http_exchange *x;

		say(fd, asks[k]);
		x = box_get(&b);
		ck_assert_int_eq(mummy_http_gone(x), 0);
		close(fd);
		EVENTUALLY(mummy_http_gone(x));
		mummy_http_respond_text(x, 200, "to nobody");
		mummy_http_release(x);
	}
	serve_stop(&s);
}

SERVE_TEST(an_abort_cuts_the_connection)
{
	struct serve s;
	struct box b;

	open_box(&s, &b, poller);
	for (int k = 0; k < 2; k++) {
		int fd = dial(&s);
		mummy_http_exchange *x;

		say(fd, asks[k]);
		x = box_get(&b);
		mummy_http_abort(x);
		ck_assert_int_eq(mummy_http_gone(x), 1);
		expect_end(fd);
		ck_assert_int_eq(mummy_http_respond_text(x, 200, "late"), -EPIPE);
		mummy_http_release(x);
		close(fd);
	}
	serve_stop(&s);
}

static void freed(void *p)
{
	atomic_fetch_add((atomic_int *)p, 1);
}

SERVE_TEST(what_is_held_outlives_the_server)
{
	for (int k = 0; k < 2; k++) {
		atomic_int released = 0;
		mummy_http_loop *loop;
		mummy_http_exchange *x;
		struct serve s;
		struct box b;
		int fd;

		open_box(&s, &b, poller);
		fd = dial(&s);
		say(fd, asks[k]);
		x = box_get(&b);
		mummy_http_user_set(x, &released, freed);
		serve_stop(&s);
		ck_assert_str_eq(mummy_http_param(x, "id", NULL), "one");
		ck_assert_str_eq(mummy_http_peer(x, NULL), "127.0.0.1");
		loop = mummy_http_exchange_loop(x);
		ck_assert_int_eq(mummy_http_loop_post(loop, freed, &released), -ESHUTDOWN);
		ck_assert_int_eq(mummy_http_loop_timer(loop, 1, freed, &released), -ESHUTDOWN);
		ck_assert_int_eq(mummy_http_gone(x), 1);
		ck_assert_int_eq(mummy_http_respond_text(x, 200, "late"), -EPIPE);
		ck_assert_int_eq(atomic_load(&released), 0);
		mummy_http_release(x);
		ck_assert_int_eq(atomic_load(&released), 1);
		expect_end(fd);
		close(fd);
	}
}

SERVE_TEST(a_stop_waits_for_what_is_in_flight)
{
	for (int k = 0; k < 2; k++) {
		mummy_http_exchange *x;
		struct serve s;
		struct heard h;
		struct box b;
		int fd, idle;

		memset(&b, 0, sizeof b);
		pthread_mutex_init(&b.lock, NULL);
		serve_init(&s, poller, 2);
		serve_route(&s, "GET", "/box/{id}", box_put, &b, 0);
		serve_route(&s, "GET", "/inline/{id}", box_put, &b, MUMMY_HTTP_INLINE);
		serve_start(&s);
		idle = dial(&s);
		fd = dial(&s);
		say(fd, asks[k]);
		x = box_get(&b);
		mummy_http_server_stop(s.server);
		expect_end(idle);
		close(idle);
		answer(x);
		hear_answer(fd, &h, 0);
		ck_assert_int_eq(h.status, 200);
		ck_assert_str_eq(heard_field(&h, "Connection"), "close");
		free(h.body);
		expect_end(fd);
		close(fd);
		serve_stop(&s);
	}
}

static void two_answers(mummy_http_exchange *x, void *ctx)
{
	(void)ctx;
	mummy_http_hold(x);
	mummy_http_respond_text(x, 200, "kept");
	mummy_http_release(x);
}

SERVE_TEST(an_inline_handler_may_hold_and_answer_at_once)
{
	struct serve s;
	int fd;

	serve_init(&s, poller, 0);
	serve_route(&s, "GET", "/", two_answers, NULL, 0);
	serve_start(&s);
	fd = dial(&s);
	for (int i = 0; i < 10; i++)
		say(fd, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
	for (int i = 0; i < 10; i++)
		expect(fd, 200, "kept");
	close(fd);
	serve_stop(&s);
}

SUITE_MAIN("http/exchange", a_held_exchange_is_answered_from_another_thread,
	   a_held_exchange_that_is_let_go_is_500,
	   a_client_that_hangs_up_is_noticed, an_abort_cuts_the_connection, what_is_held_outlives_the_server,
	   a_stop_waits_for_what_is_in_flight, an_inline_handler_may_hold_and_answer_at_once)
