/* No file of its own: what a connection owns, and every allocation that fails, one at a time. */
#include <config.h>
#include <errno.h>
#include <limits.h>
#include <malloc.h>
#include <stdlib.h>

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *old, size_t n);
void __real_free(void *p);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *old, size_t n);
void __wrap_free(void *p);

/* The test's own memory is not counted and does not fail. */
#define malloc __real_malloc
#define calloc __real_calloc
#define realloc __real_realloc
#define free __real_free
#include "fake.h"
#undef malloc
#undef calloc
#undef realloc
#undef free

static size_t live, octets, made, fail_at, base;

/* What is alive, by address: libcheck and the C library free things of their own. */
enum { SLOTS = 1 << 16 };
static void *known[SLOTS];

static size_t slot_of(const void *p)
{
	size_t i = (uintptr_t)p / 16 % SLOTS;

	while (known[i] && known[i] != p)
		i = (i + 1) % SLOTS;
	return i;
}

static void *counted(void *p)
{
	if (p) {
		known[slot_of(p)] = p;
		live++;
		octets += malloc_usable_size(p);
	}
	return p;
}

static void forget(void *p)
{
	size_t i = slot_of(p), next;

	if (!p || !known[i])
		return;
	live--;
	octets -= malloc_usable_size(p);
	known[i] = NULL;
	for (next = (i + 1) % SLOTS; known[next]; next = (next + 1) % SLOTS) {
		void *moved = known[next];

		known[next] = NULL;
		known[slot_of(moved)] = moved;
	}
}

static int fails(void)
{
	return ++made == fail_at;
}

void *__wrap_malloc(size_t n)
{
	return fails() ? NULL : counted(__real_malloc(n));
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : counted(__real_calloc(n, size));
}

void __wrap_free(void *p)
{
	forget(p);
	__real_free(p);
}

void *__wrap_realloc(void *old, size_t n)
{
	if (fails())
		return NULL;
	forget(old);
	return counted(__real_realloc(old, n));
}

enum { CROWD = 1000 };

START_TEST(an_idle_connection_owns_its_88_octets)
{
	struct fake *f, *m = __real_calloc(CROWD, sizeof *m);
	size_t before;

	base = live;
	fake_agree(_i, 15, 15, 0, 0);
	f = fake_new(NULL, NULL);

	fake_turn(f, 0);
	before = octets;
	for (int i = 0; i < CROWD; i++)
		fake_join(&m[i], f->ep, f->io);
	for (int i = 0; i < CROWD; i++) {
		fake_feed_frame(&m[i], 0, 1, "message", 7);
		fake_feed_frame(&m[i], 1, 0, "message", 7);
		mummy_ws_send(m[i].c, MUMMY_WS_TEXT, "x", 1);
	}
	fake_turn(f, 10);
	/* The list of work of the I/O thread, one pointer each, and its spare and buffer of replies. */
	ck_assert_uint_le(octets - before, CROWD * (88 + 8 + 16) + 70000 + (_i ? 400000 : 0));
	for (int i = 0; i < CROWD; i++)
		fake_eof(&m[i]);
	for (int i = 0; i < CROWD; i++)
		fake_leave(&m[i]);
	__real_free(m);
	fake_free(f);
	ck_assert_uint_eq(live, base);
}
END_TEST

START_TEST(a_big_frame_that_is_announced_costs_what_has_come)
{
	struct mummy_ws_options opt = { .max_message_bytes = (size_t)1 << 40 };
	struct fake *f;
	size_t before;

	base = live;
	f = fake_new(NULL, &opt);
	before = octets;
	ck_assert_int_eq(fake_feed(f, "\x82\xff\0\0\0\x10\0\0\0\0\0\0\0\0hello", 19), 0);
	ck_assert_uint_lt(octets - before, 20000);
	fake_free(f);
	ck_assert_uint_eq(live, base);
}
END_TEST

/* Each a reallocation to the octet would be quadratic where the heap has no room to grow in place. */
START_TEST(fragments_of_one_octet_do_not_each_cost_an_allocation)
{
	struct fake *f;
	int rc = 0;

	base = live;
	f = fake_new(NULL, NULL);
	made = 0;
	for (int i = 0; i < 60000; i++)
		rc |= fake_feed_frame(f, 0, i ? 0 : 2, "x", 1);
	ck_assert_uint_lt(made, 20);
	ck_assert_int_eq(rc, 0);
	fake_free(f);
	ck_assert_uint_eq(live, base);
}
END_TEST

static void done(void *arg)
{
	++*(int *)arg;
}

enum { LIFE = 8000, LIFE_WIRE = LIFE + 1000 };

/* What the peer says: pieces around a ping, a big message, compressed ones. */
static size_t life_frames(uint8_t in[LIFE_WIRE], int deflate)
{
	uint8_t text[LIFE];
	size_t n;

	memset(text, 'x', sizeof text);
	n = fake_frame(in, 0, 1, "abc", 3, 1);
	n += fake_frame(in + n, 1, 9, "abc", 3, 1);
	n += fake_frame(in + n, 1, 0, "abc", 3, 1);
	n += fake_frame(in + n, 1, 2, text, sizeof text, 1);
	n += fake_frame(in + n, 1, 1, "abc", 3, 1);
	if (!deflate)
		return n;
	n += fake_frame(in + n, 0, 1, "\xf2\x48\xcd", 3, 1);
	in[n - 9] |= 0x40;
	n += fake_frame(in + n, 1, 0, "\xc9\xc9\x07\x00", 4, 1);
	n += fake_frame(in + n, 1, 1, "\xf3\x48\xcd\xc9\xc9\x07\x00\x00", 8, 1);
	in[n - 14] |= 0x40;
	return n;
}

static void life_lived(struct fake *f, mummy_ws_hub *hub, int deflate, int *ndone)
{
	uint8_t in[LIFE_WIRE];
	size_t n = life_frames(in, deflate);

	mummy_ws_conn_start(f->c, f);
	fake_turn(f, 1);
	mummy_ws_subscribe(f->c, "t", 1);
	mummy_ws_subscribe(f->c, "u", 1);
	fake_feed_by(f, in, n, 700);
	mummy_ws_publish(hub, "t", 1, MUMMY_WS_TEXT, "x", 1);
	mummy_ws_message_begin(f->c, MUMMY_WS_TEXT);
	mummy_ws_message_data(f->c, "x", 1);
	mummy_ws_send_taken(f->c, MUMMY_WS_TEXT, "held", 4, done, ndone);
	fake_turn(f, 1);
	mummy_ws_message_end(f->c);
	f->result = -EAGAIN;
	fake_feed(f, in, n);
	f->result = 0;
	mummy_ws_conn_drained(f->c);
	f->queued = 2000;
	fake_feed(f, in, n);
	f->queued = 0;
	later_run(&f->jobs);
}

/* Whatever was lost: open was first, closed last, each once. */
static void life_ended(struct fake *f, int ndone)
{
	mummy_ws_close(f->c, 1000, NULL);
	fake_turn(f, 1);
	fake_turn(f, 10000);
	mummy_ws_conn_eof(f->c);
	later_run(&f->jobs);
	fake_turn(f, 0);
	mummy_ws_conn_unref(f->c);
	fail_at = 0;
	ck_assert_msg(strncmp(f->log, "open ", 5) == 0 && strstr(f->log, "closed"), "%s", f->log);
	ck_assert_ptr_eq(strchr(strstr(f->log, "closed"), ' '), f->log + f->nlog - 1);
	ck_assert_int_eq(ndone, 1);
}

/* Who is heard after many others in a turn is in the io's list, which once there was no memory for. */
START_TEST(who_is_heard_without_memory_is_heard_again)
{
	enum { MANY = 128 + 64 + 4 };   /* more than an io notes without the list, and than are in its first one */
	const struct mummy_ws_options opt = { .idle_ms = 10000, .ping_ms = UINT_MAX };
	struct fake *f = fake_new(NULL, &opt), *g = calloc(MANY, sizeof *g);

	for (size_t i = 0; i < MANY; i++) {
		fake_join(&g[i], f->ep, f->io);
		fake_turn(f, 0);
	}
	made = 0;
	fail_at = 1;
	for (unsigned round = 0; round < 4; round++) {
		for (size_t i = 0; i < MANY; i++)
			fake_feed_frame(&g[i], 1, 2, "x", 1);
		ck_assert_uint_gt(made, 0);
		fake_turn(f, 6000);
	}
	fail_at = 0;
	for (size_t i = 0; i < MANY; i++)
		ck_assert_msg(g[i].aborts == 0, "%zu was cut", i);
	for (size_t i = 0; i < MANY; i++) {
		mummy_ws_conn_eof(g[i].c);
		mummy_ws_conn_unref(g[i].c);
		g[i].c = NULL;
	}
	fake_turn(f, 0);
	for (size_t i = 0; i < MANY; i++)
		fake_leave(&g[i]);
	free(g);
	fake_free(f);
}
END_TEST

/* A whole life; what fails on the way is none of its business. */
static void life(int executor, int pieces, int deflate, int *ndone)
{
	static const char *const names[] = { "a", "b" };
	struct fake f = { .now = 1000000 };
	struct mummy_ws_options opt = { .high_water_bytes = 1000, .deflate_min_bytes = 1,
		.handshake = { .subprotocols = names, .nsubprotocols = 2 },
		.executor = { .submit = executor ? later_submit : NULL, .ctx = &f.jobs } };
	mummy_ws_endpoint *ep = NULL;

	fake_agree(deflate != 0, 15, 15, deflate == 2, deflate == 2);
	pthread_mutex_init(&f.posts.lock, NULL);
	pthread_mutex_init(&f.jobs.lock, NULL);
	f.echo = 1;
	if (mummy_ws_hub_new(&opt.hub, NULL) < 0)
		return;
	if (mummy_ws_io_new(&f.io, later_submit, &f.posts) == 0) {
		mummy_ws_io_turn(f.io, f.now);
		mummy_ws_endpoint_new(&ep, &fake_output, pieces ? &fake_pieces : &fake_events, &opt);
	}
	if (ep && mummy_ws_conn_new(&f.c, ep, f.io, &fake_agreed, &f) == 0) {
		f.ep = ep;
		life_lived(&f, opt.hub, deflate, ndone);
		life_ended(&f, *ndone);
	}
	mummy_ws_endpoint_unref(ep);
	mummy_ws_hub_unref(opt.hub);
	mummy_ws_io_free(f.io);
	later_run(&f.posts);
	fail_at = 0;
	ck_assert_uint_eq(f.releases, f.ep ? 1 : 0);
	__real_free(f.out);
}

START_TEST(every_allocation_that_fails)
{
	size_t all;
	int ndone = 0;

	ck_assert(1);
	base = live;
	made = fail_at = 0;
	life(_i & 1, _i >> 1 & 1, _i >> 2, &ndone);
	all = made;
	ck_assert_uint_gt(all, 20);
	for (size_t i = 1; i <= all; i++) {
		made = 0;
		fail_at = i;
		ndone = 0;
		life(_i & 1, _i >> 1 & 1, _i >> 2, &ndone);
		if (live != base)
			fprintf(stderr, "allocation %zu\n", i);
		ck_assert_uint_eq(live, base);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("ws/memory");
	TCase *c = tcase_create("ws/memory");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_set_timeout(c, SUITE_TIMEOUT_S);
	tcase_add_loop_test(c, an_idle_connection_owns_its_88_octets, 0, 2);
	tcase_add_test(c, a_big_frame_that_is_announced_costs_what_has_come);
	tcase_add_test(c, fragments_of_one_octet_do_not_each_cost_an_allocation);
	tcase_add_test(c, who_is_heard_without_memory_is_heard_again);
	tcase_add_loop_test(c, every_allocation_that_fails, 0, 12);
	suite_add_tcase(s, c);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
