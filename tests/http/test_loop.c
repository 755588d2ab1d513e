#include <config.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/un.h>
#include "serve.h"
#include "internal.h"

/* Loops from outside: posts, timers, hooks, someone else's loop; listeners of every kind. */

static void hello(mummy_http_exchange *x, void *ctx)
{
	(void)ctx;
	mummy_http_respond_text(x, 200, "hello");
}

struct later { mummy_http_exchange *x; pthread_t loop; int hooked; };
static const char key;

static void answer_on_loop(void *arg)
{
	struct later *l = arg;

	ck_assert(pthread_equal(l->loop, pthread_self()));
	mummy_http_respond_text(l->x, 200, "later");
	mummy_http_release(l->x);
	free(l);
}

static void note_loop(void *arg)
{
	struct later *l = arg;

	l->loop = pthread_self();
	ck_assert_int_eq(mummy_http_loop_timer(mummy_http_exchange_loop(l->x), 20, answer_on_loop, l), 0);
}

static void by_post(mummy_http_exchange *x, void *ctx)
{
	struct later *l = calloc(1, sizeof *l);

	(void)ctx;
	l->x = mummy_http_hold(x);
	ck_assert_int_eq(mummy_http_loop_post(mummy_http_exchange_loop(x), note_loop, l), 0);
}

struct hooked { atomic_int turns, ended, made; };

static int hook_turn(void *ctx, uint64_t now_ms)
{
	atomic_fetch_add(&((struct hooked *)ctx)->turns, 1);
	return now_ms ? 5 : -1;
}

static void hook_end(void *ctx)
{
	atomic_fetch_add(&((struct hooked *)ctx)->ended, 1);
}

static int hook_make(mummy_http_loop *l, struct mummy_http_hook *h, void **ctx, void *arg)
{
	ck_assert_ptr_nonnull(l);
	atomic_fetch_add(&((struct hooked *)arg)->made, 1);
	h->turn = hook_turn;
	h->end = hook_end;
	*ctx = arg;
	return 0;
}

static void by_hook(mummy_http_exchange *x, void *ctx)
{
	void *got = NULL;

	ck_assert_int_eq(mummy_http_loop_hook(mummy_http_exchange_loop(x), &key, hook_make, ctx, &got), 0);
	ck_assert_ptr_eq(got, ctx);
	mummy_http_respond_text(x, 200, "hooked");
}

SERVE_TEST(posts_timers_and_hooks_run_on_the_loop)
{
	struct hooked h = { 0, 0, 0 };
	struct serve s;
	int fd;

	serve_init(&s, poller, 2);
	serve_route(&s, "GET", "/post", by_post, NULL, 0);
	serve_route(&s, "GET", "/hook", by_hook, &h, 0);
	serve_start(&s);
	fd = dial(&s);
	say(fd, "GET /post HTTP/1.1\r\nHost: a\r\n\r\nGET /hook HTTP/1.1\r\nHost: a\r\n\r\n"
		"GET /hook HTTP/1.1\r\nHost: a\r\n\r\n");
	expect(fd, 200, "later");
	expect(fd, 200, "hooked");
	expect(fd, 200, "hooked");
	EVENTUALLY(atomic_load(&h.turns) > 5);
	ck_assert_int_eq(atomic_load(&h.made), 1);
	ck_assert_int_eq(atomic_load(&h.ended), 0);
	serve_stop(&s);
	ck_assert_int_eq(atomic_load(&h.ended), 1);
	close(fd);
}

/* A hook that says when it is due. */
struct punctual { uint64_t due, asked; const uint64_t *now; atomic_int turns, early; mummy_http_loop *loop; };

static int punctual_turn(void *ctx, uint64_t now_ms)
{
	struct punctual *p = ctx;

	if (now_ms < p->due || now_ms < p->asked || *p->now > now_ms || now_ms - *p->now > 60000)
		atomic_store(&p->early, 1);
	/* What it gives does not count then. */
	p->due = atomic_fetch_add(&p->turns, 1) ? UINT64_MAX : now_ms + 50;
	p->asked = p->due == UINT64_MAX ? 0 : p->due;
	return p->due == UINT64_MAX ? -1 : 50;
}

static int punctual_make(mummy_http_loop *l, struct mummy_http_hook *h, void **ctx, void *arg)
{
	struct punctual *p = arg;

	p->loop = l;
	p->now = h->now_ms;
	h->turn = punctual_turn;
	h->due_ms = &p->due;
	*ctx = p;
	return 0;
}

static void by_punctual(mummy_http_exchange *x, void *ctx)
{
	void *got = NULL;
	mummy_http_loop *l = mummy_http_exchange_loop(x);

	ck_assert_int_eq(mummy_http_loop_hook(l, &key, punctual_make, ctx, &got), 0);
	mummy_http_respond_text(x, 200, "hooked");
}

static void make_due(void *arg)
{
	((struct punctual *)arg)->due = 0;
}

SERVE_TEST(a_hook_that_says_when_it_is_due_is_left_alone_before)
{
	struct punctual p = { .due = 0 };
	struct serve s;
	int fd;

	serve_init(&s, poller, 2);
	serve_route(&s, "GET", "/", by_punctual, &p, 0);
	serve_start(&s);
	fd = dial(&s);
	say(fd, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
	expect(fd, 200, "hooked");
	EVENTUALLY(atomic_load(&p.turns) == 2);
	for (int i = 0; i < 20; i++) {
		say(fd, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
		expect(fd, 200, "hooked");
	}
	ck_assert_int_eq(atomic_load(&p.turns), 2);
	ck_assert_int_eq(mummy_http_loop_post(p.loop, make_due, &p), 0);
	EVENTUALLY(atomic_load(&p.turns) == 3);
	ck_assert_int_eq(atomic_load(&p.early), 0);
	serve_stop(&s);
	close(fd);
}

START_TEST(a_server_fits_in_someone_elses_loop)
{
	struct serve s;
	int fd, rc = 1, answered = 0;
	struct pollfd p[2];

	serve_init(&s, MUMMY_POLLER_BEST, 2);
	serve_route(&s, "GET", "/", hello, NULL, 0);
	serve_route(&s, "GET", "/post", by_post, NULL, 0);
	ck_assert_int_eq(mummy_http_server_new(&s.server, s.router, &s.opt), 0);
	ck_assert_int_eq(mummy_http_server_step(s.server, 0), 1);
	fd = dial(&s);
	say(fd, "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /post HTTP/1.1\r\nHost: a\r\n\r\n");
	p[0] = (struct pollfd){ mummy_http_server_fd(s.server), POLLIN, 0 };
	p[1] = (struct pollfd){ fd, POLLIN, 0 };
	ck_assert_int_ge(p[0].fd, 0);
	while (answered < 2) {
		ck_assert_int_ge(poll(p, 2, mummy_http_server_timeout(s.server)), 0);
		if (p[1].revents) {
			expect(fd, 200, answered ? "later" : "hello");
			answered++;
		}
		ck_assert_int_eq(mummy_http_server_step(s.server, 0), 1);
	}
	mummy_http_server_stop(s.server);
	while (rc == 1) {
		poll(p, 1, mummy_http_server_timeout(s.server));
		rc = mummy_http_server_step(s.server, 0);
	}
	ck_assert_int_eq(rc, 0);
	ck_assert_int_eq(mummy_http_server_step(s.server, 0), 0);
	expect_end(fd);
	close(fd);
	serve_free(&s);
}
END_TEST

START_TEST(a_server_that_never_ran_can_be_freed)
{
	struct serve s;

	serve_init(&s, MUMMY_POLLER_BEST, 0);
	s.opt.loops = 2;
	ck_assert_int_eq(mummy_http_server_new(&s.server, s.router, &s.opt), 0);
	serve_free(&s);
}
END_TEST

static int dial_unix(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(a.sun_path, sizeof a.sun_path, "%s", path);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
	return fd;
}

SERVE_TEST(listeners_of_every_kind)
{
	char dir[] = "/tmp/mummy-test-XXXXXX", path[64];
	struct sockaddr_in any = { .sin_family = AF_INET };
	struct mummy_http_listener at[4];
	int inherited = socket(AF_INET, SOCK_STREAM, 0), fds[8], fd;
	struct serve s;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof path, "%s/socket", dir);
	any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(bind(inherited, (struct sockaddr *)&any, sizeof any), 0);
	ck_assert_int_eq(listen(inherited, 5), 0);
	memset(at, 0, sizeof at);
	at[1].unix_path = path;
	at[2].fd = inherited;
	at[3].address = "::1";
	serve_init(&s, poller, 2);
	serve_route(&s, "GET", "/", hello, NULL, 0);
	s.opt.listeners = at;
	s.opt.nlisteners = 4;
	s.opt.loops = 2;
	if (mummy_http_server_new(&s.server, s.router, &s.opt) < 0) {
		inherited = socket(AF_INET, SOCK_STREAM, 0);  /* a machine without IPv6 */
		ck_assert_int_eq(bind(inherited, (struct sockaddr *)&any, sizeof any), 0);
		ck_assert_int_eq(listen(inherited, 5), 0);
		at[2].fd = inherited;
		s.opt.nlisteners = 3;
	} else {
		mummy_http_server_free(s.server);
		inherited = socket(AF_INET, SOCK_STREAM, 0);
		ck_assert_int_eq(bind(inherited, (struct sockaddr *)&any, sizeof any), 0);
		ck_assert_int_eq(listen(inherited, 5), 0);
		at[2].fd = inherited;
	}
	serve_start(&s);
	ck_assert_uint_ne(mummy_http_server_port(s.server, 2), 0);
	ck_assert_uint_eq(mummy_http_server_port(s.server, 1), 0);
	ck_assert_uint_ge(mummy_http_server_descriptors(s.server, fds, 8), 4);
	for (int i = 0; i < 3; i++) {
		fd = i == 1 ? dial_unix(path) : dial_port(mummy_http_server_port(s.server, (size_t)i));
		say(fd, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
		expect(fd, 200, "hello");
		close(fd);
	}
	serve_stop(&s);
	ck_assert_int_eq(access(path, F_OK), -1);
	rmdir(dir);
}

START_TEST(options_are_checked)
{
	struct mummy_http_options opt = { .reserved = { 1 } };
	struct mummy_http_listener at = { .address = "not an address" };
	mummy_http_server *server = NULL;
	mummy_http_router *router;

	ck_assert_int_eq(mummy_http_router_new(&router), 0);
	ck_assert_int_eq(mummy_http_server_new(&server, router, &opt), -EINVAL);
	opt.reserved[0] = 0;
	opt.listeners = &at;
	opt.nlisteners = 1;
	ck_assert_int_eq(mummy_http_server_new(&server, router, &opt), -EINVAL);
	ck_assert_ptr_null(server);
	mummy_http_router_unref(router);
}
END_TEST

/* Without a descriptor left clients are turned away, and the loop does not spin. */
SERVE_TEST(no_descriptor_is_left)
{
	struct rlimit old, low;
	struct serve s;
	int a, b, fill[256], n = 0;

	serve_init(&s, poller, 0);
	serve_route(&s, "GET", "/", hello, NULL, 0);
	serve_start(&s);
	a = dial(&s);
	say(a, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
	expect(a, 200, "hello");
	b = socket(AF_INET, SOCK_STREAM, 0);
	getrlimit(RLIMIT_NOFILE, &old);
	low = old;
	low.rlim_cur = 128;
	setrlimit(RLIMIT_NOFILE, &low);
	while (n < 256 && (fill[n] = dup(a)) >= 0)
		n++;
	{
		struct sockaddr_in to = { .sin_family = AF_INET };

		to.sin_port = htons(mummy_http_server_port(s.server, 0));
		to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		ck_assert_int_eq(connect(b, (struct sockaddr *)&to, sizeof to), 0);
	}
	expect(b, 503, "");
	expect_end(b);
	say(a, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
	expect(a, 200, "hello");
	while (n)
		close(fill[--n]);
	setrlimit(RLIMIT_NOFILE, &old);
	close(b);
	b = dial(&s);
	say(b, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
	expect(b, 200, "hello");
	ck_assert(serve_logged(&s, "a client is refused"));
	close(a);
	close(b);
	serve_stop(&s);
}

SERVE_TEST(a_flood_of_refusals_is_not_a_flood_of_lines)
{
	struct timespec from, to;
	struct serve s;
	int a, lines = 0;

	serve_init(&s, poller, 0);
	s.opt.max_connections = 1;
	serve_route(&s, "GET", "/", hello, NULL, 0);
	serve_start(&s);
	a = dial(&s);
	say(a, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
	expect(a, 200, "hello");
	clock_gettime(CLOCK_MONOTONIC, &from);
	for (int i = 0; i < 50; i++) {
		int b = dial(&s);

		expect(b, 503, "");
		close(b);
	}
	clock_gettime(CLOCK_MONOTONIC, &to);
	close(a);
	serve_stop(&s);
	for (const char *p = s.log; (p = strstr(p, "a client is refused")); p++)
		lines++;
	ck_assert_int_ge(lines, 1);
	ck_assert_int_le(lines, 2 + (int)(to.tv_sec - from.tv_sec));
}

/* ---- A transport that turns every octet over ---- */

struct veil { int fd, greeted; };

static ssize_t veil_recv(void *conn, void *p, size_t n)
{
	ssize_t got = recv(((struct veil *)conn)->fd, p, n, MSG_DONTWAIT);

	for (ssize_t i = 0; i < got; i++)
		((char *)p)[i] ^= 0x55;
	return got < 0 ? -errno : got;
}

static ssize_t veil_sendv(void *conn, const struct iovec *iov, int n)
{
	char buf[700];
	size_t have = 0;
	ssize_t sent;

	for (int i = 0; i < n; i++)
		for (size_t k = 0; k < iov[i].iov_len && have < sizeof buf; k++)
			buf[have++] = ((const char *)iov[i].iov_base)[k] ^ 0x55;
	sent = send(((struct veil *)conn)->fd, buf, have, MSG_DONTWAIT | MSG_NOSIGNAL);
	return sent < 0 ? -errno : sent;
}

static int veil_handshake(void *conn)
{
	struct veil *v = conn;
	char c;
	ssize_t n = recv(v->fd, &c, 1, MSG_DONTWAIT);

	return n == 1 ? (c == '!' ? 0 : -EPROTO) : n < 0 ? -errno : -EPIPE;
}

static void veil_free(void *conn)
{
	free(conn);
}

static int veil_make(void *ctx, int fd, const struct mummy_http_transport **ops, void **conn)
{
	static const struct mummy_http_transport veil = { .recv = veil_recv, .sendv = veil_sendv,
							  .handshake = veil_handshake, .free = veil_free };
	struct veil *v = calloc(1, sizeof *v);

	(void)ctx;
	v->fd = fd;
	*ops = &veil;
	*conn = v;
	return 0;
}

static void big_file(mummy_http_exchange *x, void *ctx)
{
	(void)ctx;
	if (mummy_http_respond_file(x, 200, NULL, 0, open("/proc/self/exe", O_RDONLY | O_CLOEXEC), 0,
				    20000) < 0)
		ck_abort();
}

static void scheme(mummy_http_exchange *x, void *ctx)
{
	(void)ctx;
	mummy_http_respond_text(x, 200, mummy_http_scheme(x, NULL));
}

static void turn_over(char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] ^= 0x55;
}

SERVE_TEST(a_listener_may_have_a_transport)
{
	static const char request[] =
		"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /inline HTTP/1.1\r\nHost: a\r\n\r\n"
				      "GET /file HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
	struct mummy_http_listener at = { .transport = veil_make };
	char text[30001], veiled[sizeof request];
	struct serve s;
	size_t n;
	int fd;

	serve_init(&s, poller, 2);
	serve_route(&s, "GET", "/", scheme, NULL, 0);
	serve_route(&s, "GET", "/inline", scheme, NULL, MUMMY_HTTP_INLINE);
	serve_route(&s, "GET", "/file", big_file, NULL, 0);
	s.opt.listeners = &at;
	s.opt.nlisteners = 1;
	serve_start(&s);
	fd = dial(&s);
	say(fd, "!");
	memcpy(veiled, request, sizeof request);
	turn_over(veiled, sizeof request - 1);
	say_n(fd, veiled, sizeof request - 1);
	n = hear_n(fd, text, sizeof text - 1);
	turn_over(text, n);
	ck_assert_uint_gt(n, 20000);
	ck_assert_ptr_nonnull(strstr(text, "\r\n\r\nhttpsHTTP/1.1 200 OK"));
	ck_assert(!memcmp(text + n - 20000, "\177ELF", 4));
	close(fd);
	fd = dial(&s);
	say(fd, "?");
	expect_end(fd);
	close(fd);
	serve_stop(&s);
}

static int veiled_data(void *ctx, void *p, size_t n)
{
	const struct iovec iov = { p, n };

	ck_assert_int_ge(mummy_http_stream_writev(*(mummy_http_stream **)ctx, &iov, 1, NULL, NULL), 0);
	return 0;
}

static void veiled_closed(void *ctx, int status)
{
	(void)status;
	mummy_http_stream_unref(*(mummy_http_stream **)ctx);
	free(ctx);
}

static void veiled_upgrade(mummy_http_exchange *x, void *ctx)
{
	static const struct mummy_http_stream_events events = { .data = veiled_data, .closed = veiled_closed };
	const struct mummy_http_header h = MUMMY_HTTP_HEADER("Upgrade", "echo");
	mummy_http_stream **st = malloc(sizeof(mummy_http_stream *));

	(void)ctx;
	ck_assert_int_eq(mummy_http_upgrade(x, &h, 1, st), 0);
	mummy_http_stream_start(*st, &events, st);
}

/* Pieces larger than it sends at once; a message right behind the request; an end from either side. */
SERVE_TEST(a_transport_goes_along_with_an_upgrade)
{
	static const char request[] = "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nfirst";
	struct mummy_http_listener at = { .transport = veil_make };
	char text[3001], veiled[sizeof request];
	struct serve s;
	size_t n = 0;
	int fd;

	serve_init(&s, poller, 2);
	serve_route(&s, "GET", "/", veiled_upgrade, NULL, 0);
	s.opt.listeners = &at;
	s.opt.nlisteners = 1;
	serve_start(&s);
	for (int i = 0; i < 2; i++) {
		fd = dial(&s);
		say(fd, "!");
		memcpy(veiled, request, sizeof request);
		turn_over(veiled, sizeof request - 1);
		say_n(fd, veiled, sizeof request - 1);
		for (n = 0; n < 5 || memcmp(text + n - 5, "first", 5) != 0; n++) {
			ck_assert_uint_eq(hear_n(fd, text + n, 1), 1);
			turn_over(text + n, 1);
			ck_assert_uint_lt(n, 1000);
		}
		memset(text, 'z', 3000);
		say_n(fd, text, 3000);
		ck_assert_uint_eq(hear_n(fd, text, 3000), 3000);
		for (int k = 0; k < 3000; k++)
			ck_assert_int_eq(text[k], 'z');
		if (i == 0)
			close(fd);
	}
	serve_stop(&s);
	expect_end(fd);
	close(fd);
}

START_TEST(what_a_burst_took_is_given_back_once)
{
	struct mummy_http_loop *l;
	struct serve s;

	serve_init(&s, MUMMY_POLLER_BEST, 2);
	ck_assert_int_eq(mummy_http_server_new(&s.server, s.router, &s.opt), 0);
	ck_assert_int_eq(mummy_http_server_step(s.server, 0), 1);
	l = s.server->loops[0];
	ck_assert_ptr_nonnull(mhttp_loop_recv(l));
	mhttp_loop_grown(l);
	mhttp_loop_grown(l);
	ck_assert_int_eq(mummy_http_server_step(s.server, 0), 1);
	ck_assert_ptr_nonnull(l->recv);
	ck_assert_int_ge(mummy_http_server_timeout(s.server), 0);
	while (l->grown)
		ck_assert_int_eq(mummy_http_server_step(s.server, 1000), 1);
	ck_assert_ptr_null(l->recv);
	ck_assert_ptr_nonnull(mhttp_loop_recv(l));
	/* One that is shared stays. */
	l->recv->refs = 2;
	mhttp_loop_grown(l);
	while (l->grown)
		ck_assert_int_eq(mummy_http_server_step(s.server, 1000), 1);
	ck_assert_ptr_nonnull(l->recv);
	l->recv->refs = 1;
	serve_free(&s);
}
END_TEST

SUITE_MAIN("http/loop", posts_timers_and_hooks_run_on_the_loop,
	   a_hook_that_says_when_it_is_due_is_left_alone_before, a_server_fits_in_someone_elses_loop,
	   a_server_that_never_ran_can_be_freed, listeners_of_every_kind, options_are_checked,
		   no_descriptor_is_left,
	   a_listener_may_have_a_transport, a_transport_goes_along_with_an_upgrade,
	   a_flood_of_refusals_is_not_a_flood_of_lines, what_a_burst_took_is_given_back_once)
