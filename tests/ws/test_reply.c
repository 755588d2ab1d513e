#include <config.h>
#include <errno.h>
#include "fake.h"

START_TEST(replies_wait_when_the_output_is_full)
{
	struct fake *f = fake_new(NULL, NULL);

	f->echo = 1;
	f->result = -EAGAIN;
	fake_feed_frame(f, 1, 1, "a", 1);
	fake_feed_frame(f, 1, 1, "b", 1);
	ck_assert_int_eq(mummy_ws_send(f->c, MUMMY_WS_TEXT, "c", 1), 0);
	fake_feed_frame(f, 1, 8, "\x03\xe8", 2);
	ck_assert_uint_eq(mummy_ws_pending(f->c), 13);
	ck_assert_uint_eq(f->closes, 0);
	f->result = 0;
	mummy_ws_conn_drained(f->c);
	fake_wrote(f, "\x81\x01" "a\x81\x01" "b\x81\x01" "c\x88\x02\x03\xe8");
	ck_assert_uint_eq(f->closes, 1);
	ck_assert_uint_eq(mummy_ws_pending(f->c), 0);
	fake_free(f);
}
END_TEST

START_TEST(replies_that_wait_are_dropped_at_the_end)
{
	struct fake *f = fake_new(NULL, NULL);
	struct mummy_ws_stats s;

	f->echo = 1;
	f->result = -EAGAIN;
	fake_feed_frame(f, 1, 1, "a", 1);
	mummy_ws_conn_eof(f->c);
	mummy_ws_stats_get(f->ep, &s);
	ck_assert_uint_eq(s.pending_bytes, 0);
	fake_free(f);
}
END_TEST

static void big_replies(mummy_ws_conn *c, void *user, enum mummy_ws_opcode op, const void *p, size_t n)
{
	static char big[200000];

	(void)user;
	mummy_ws_send(c, op, p, n);
	mummy_ws_send(c, MUMMY_WS_BINARY, big, 60000);
	mummy_ws_send(c, MUMMY_WS_BINARY, big, sizeof big);
	mummy_ws_send(c, MUMMY_WS_BINARY, big, 10000);
	mummy_ws_send(c, op, p, n);
}

START_TEST(replies_of_all_sizes_keep_their_order)
{
	static const struct mummy_ws_events ev = { .message = big_replies };
	static const size_t want[] = { 3, 60000, 200000, 10000, 3 };
	struct fake *f = fake_new(&ev, NULL);
	size_t at = 0;

	fake_feed_frame(f, 1, 1, "abc", 3);
	for (size_t i = 0; i < 5; i++) {
		struct mummy_ws_frame h;
		int n = mummy_ws_frame_parse(f->out + at, f->nout - at, &h);

		ck_assert_int_gt(n, 0);
		ck_assert_uint_eq(h.length, want[i]);
		at += (size_t)n + want[i];
	}
	ck_assert_uint_eq(at, f->nout);
	fake_free(f);
}
END_TEST

START_TEST(a_reply_that_would_be_above_the_high_water_is_told_so)
{
	char text[90];
	struct mummy_ws_options opt = { .high_water_bytes = 100, .hard_limit_bytes = 1000 };
	struct fake *f = fake_new(NULL, &opt);

	memset(text, 'x', sizeof text);
	f->echo = 1;
	f->queued = 5;
	fake_feed_frame(f, 1, 2, text, 80);
	ck_assert_uint_eq(f->writes, 1);
	fake_turn(f, 0);
	ck_assert(strstr(f->log, "drain") == NULL);
	f->queued = 20;
	fake_feed_frame(f, 1, 2, text, 90);
	f->queued = 0;
	fake_turn(f, 0);
	ck_assert(strstr(f->log, "drain") != NULL);
	ck_assert_uint_eq(f->writes, 2);
	fake_free(f);
}
END_TEST

/* n messages of 16 KiB, short ones between them, all in one feed. */
static void feed_long(struct fake *f, unsigned n)
{
	enum { LONG = 16384, BOTH = 4 + 4 + LONG + 6 + 3 };
	unsigned char *all = calloc(n, BOTH), *p = all;

	for (unsigned i = 0; i < n; i++) {
		const struct mummy_ws_frame lng = { .opcode = MUMMY_WS_BINARY, .fin = 1, .masked = 1, .length = LONG },
					    shrt = { .opcode = MUMMY_WS_TEXT, .fin = 1, .masked = 1, .length = 3 };

		p += mummy_ws_frame_header(p, &lng);
		memset(p, (int)('a' + i), LONG);
		p += LONG;
		p += mummy_ws_frame_header(p, &shrt);
		memcpy(p, "xyz", 3);
		p += 3;
	}
	ck_assert_int_eq(mummy_ws_conn_feed(f->c, all, (size_t)(p - all)), 0);
	memset(all, 0, (size_t)(p - all));
	free(all);
}

static void check_long(struct fake *f, unsigned n)
{
	size_t at = 0;

	for (unsigned i = 0; i < n; i++) {
		ck_assert_uint_le(at + 4 + 16384 + 5, f->nout);
		ck_assert_mem_eq(f->out + at, "\x82\x7e\x40\x00", 4);
		for (size_t k = 0; k < 16384; k++)
			ck_assert_int_eq(f->out[at + 4 + k], 'a' + (int)i);
		ck_assert_mem_eq(f->out + at + 4 + 16384, "\x81\x03xyz", 5);
		at += 4 + 16384 + 5;
	}
	ck_assert_uint_eq(at, f->nout);
	ck_assert_uint_eq(mummy_ws_pending(f->c), 0);
}

START_TEST(long_replies_from_one_feed_leave_in_one_write)
{
	struct fake *f = fake_new(NULL, NULL);

	f->echo = 1;
	feed_long(f, 8);
	ck_assert_uint_eq(f->writes, 1);
	check_long(f, 8);
	fake_free(f);
}
END_TEST

START_TEST(more_long_replies_than_there_are_places_for_keep_their_order)
{
	const struct mummy_ws_options opt = { .high_water_bytes = 4 << 20 };
	struct fake *f = fake_new(NULL, &opt);

	f->echo = 1;
	feed_long(f, 26);
	check_long(f, 26);
	fake_free(f);
}
END_TEST

START_TEST(long_replies_wait_when_the_output_is_full)
{
	struct fake *f = fake_new(NULL, NULL);

	f->echo = 1;
	f->result = -EAGAIN;
	feed_long(f, 5);
	ck_assert_uint_eq(mummy_ws_pending(f->c), 5 * (4 + 16384 + 5));
	f->result = 0;
	mummy_ws_conn_drained(f->c);
	check_long(f, 5);
	fake_free(f);
}
END_TEST

/* What was read to where the message belongs is kept for its replies, past its event. */
START_TEST(a_reply_of_what_was_read_in_place_lasts)
{
	enum { LONG = 16384 };
	const struct mummy_ws_frame h = { .opcode = MUMMY_WS_BINARY, .fin = 1, .masked = 1, .length = LONG };
	struct fake *f = fake_new(NULL, NULL);
	unsigned char head[14], *room;
	size_t n = 0;

	f->echo = 1;
	fake_feed(f, head, mummy_ws_frame_header(head, &h));
	room = mummy_ws_conn_room(f->c, &n);
	ck_assert_ptr_nonnull(room);
	ck_assert_uint_eq(n, LONG);
	memset(room, 'r', LONG);
	ck_assert_int_eq(mummy_ws_conn_feed(f->c, room, LONG), 0);
	ck_assert_uint_eq(f->nout, 4 + LONG);
	for (size_t i = 4; i < f->nout; i++)
		ck_assert_int_eq(f->out[i], 'r');
	fake_free(f);
}
END_TEST

/* The head of a reply goes where that of its message was. */
static int pieces;

static int counting_pieces(void *ctx, const struct iovec *iov, int n, void (*done)(void *), void *arg)
{
	pieces += n;
	return fake_writev(ctx, iov, n, done, arg);
}

START_TEST(a_long_reply_is_one_piece)
{
	const struct mummy_ws_output output = { counting_pieces, fake_pending, fake_resume, fake_close,
						fake_release, fake_abort, { 0 } };
	struct fake *f = fake_new(NULL, NULL), g = { .now = f->now, .echo = 1 };
	mummy_ws_endpoint *ep;

	ck_assert_int_eq(mummy_ws_endpoint_new(&ep, &output, &fake_events, NULL), 0);
	fake_join(&g, ep, f->io);
	mummy_ws_endpoint_unref(ep);
	fake_turn(f, 0);
	pieces = 0;
	feed_long(&g, 8);
	check_long(&g, 8);
	ck_assert_int_eq(pieces, 16);
	fake_leave(&g);
	fake_free(f);
}
END_TEST

/* Whole, as its first half and its second one, and whole once more. */
static void send_parts(mummy_ws_conn *c, void *user, enum mummy_ws_opcode op, const void *p, size_t n)
{
	const char *text = p;

	(void)user;
	fake_must(mummy_ws_send(c, op, text, n) == 0);
	fake_must(mummy_ws_send(c, op, text, n / 2) == 0);
	fake_must(mummy_ws_send(c, op, text + n / 2, n / 2) == 0);
	fake_must(mummy_ws_send(c, MUMMY_WS_TEXT, text, n) == 0);
}

static size_t check_part(const struct fake *f, size_t at, const char *head, int first, size_t n)
{
	ck_assert_uint_le(at + 4 + n, f->nout);
	ck_assert_mem_eq(f->out + at, head, 4);
	for (size_t i = 0; i < n; i++)
		ck_assert_int_eq(f->out[at + 4 + i], 'a' + (int)((size_t)first + i) % 23);
	return at + 4 + n;
}

/* A frame that comes in two: its head or its payload is broken, and what follows lies in the second part
 * whole. */
START_TEST(replies_to_a_message_in_two_reads_last_and_keep_their_order)
{
	static const struct mummy_ws_events ev = { .message = send_parts };
	enum { LONG = 8192 * 2, BOTH = 2 * (8 + LONG) };
	const struct mummy_ws_frame h = { .opcode = MUMMY_WS_BINARY, .fin = 1, .masked = 1, .length = LONG };
	const struct mummy_ws_options opt = { .high_water_bytes = 1 << 20 };
	const size_t splits[] = { 1, 3, 4, 7, 8, 9, 5000, 8 + LONG - 1, 8 + LONG, 8 + LONG + 5 };
	unsigned char *all = malloc(BOTH), *p = all;

	for (unsigned k = 0; k < 2; k++) {
		p += mummy_ws_frame_header(p, &h);
		for (size_t i = 0; i < LONG; i++)
			*p++ = (unsigned char)('a' + i % 23);
	}
	for (size_t i = 0; i < sizeof splits / sizeof splits[0]; i++) {
		struct fake *f = fake_new(&ev, &opt);
		size_t at = 0;

		if (i % 2)
			f->result = -EAGAIN;
		fake_feed(f, all, splits[i]);
		fake_feed(f, all + splits[i], BOTH - splits[i]);
		f->result = 0;
		mummy_ws_conn_drained(f->c);
		for (unsigned k = 0; k < 2; k++) {
			at = check_part(f, at, "\x82\x7e\x40\x00", 0, LONG);
			at = check_part(f, at, "\x82\x7e\x20\x00", 0, LONG / 2);
			at = check_part(f, at, "\x82\x7e\x20\x00", LONG / 2, LONG / 2);
			at = check_part(f, at, "\x81\x7e\x40\x00", 0, LONG);
		}
		ck_assert_uint_eq(at, f->nout);
		fake_free(f);
	}
	free(all);
}
END_TEST

/* Messages in two frames each, more of them in one read than there are places for. */
START_TEST(many_messages_in_fragments_are_sent_back)
{
	enum { HALF = 4096, MESSAGES = 40, BOTH = 2 * (8 + HALF) };
	const struct mummy_ws_options opt = { .high_water_bytes = 4 << 20 };
	struct fake *f = fake_new(NULL, &opt);
	unsigned char *all = malloc(MESSAGES * BOTH), *p = all;
	size_t at = 0;

	f->echo = 1;
	for (unsigned i = 0; i < 2 * MESSAGES; i++) {
		const struct mummy_ws_frame h = { .opcode = i % 2 ? MUMMY_WS_CONTINUATION : MUMMY_WS_BINARY,
						  .fin = i % 2, .masked = 1, .length = HALF };

		p += mummy_ws_frame_header(p, &h);
		memset(p, (int)('0' + i / 2), HALF);
		p += HALF;
	}
	fake_feed(f, all, (size_t)(p - all));
	for (unsigned i = 0; i < MESSAGES; i++) {
		ck_assert_uint_le(at + 4 + 2 * HALF, f->nout);
		ck_assert_mem_eq(f->out + at, "\x82\x7e\x20\x00", 4);
		for (size_t k = 0; k < 2 * HALF; k++)
			ck_assert_int_eq(f->out[at + 4 + k], '0' + (int)i);
		at += 4 + 2 * HALF;
	}
	ck_assert_uint_eq(at, f->nout);
	free(all);
	fake_free(f);
}
END_TEST

static void send_and_ask(mummy_ws_conn *c, void *user, enum mummy_ws_opcode op, const void *p, size_t n)
{
	size_t before = mummy_ws_pending(c);

	(void)user;
	fake_must(mummy_ws_send(c, op, p, n) == 0);
	fake_must(mummy_ws_pending(c) == before + n + (n > 125 ? 4 : 2));
}

START_TEST(long_replies_count_as_pending)
{
	static const struct mummy_ws_events ev = { .message = send_and_ask };
	struct fake *f = fake_new(&ev, NULL);

	feed_long(f, 4);
	check_long(f, 4);
	fake_free(f);
}
END_TEST

/* What was gathered goes out within a feed, and waits with the output: that counts for what follows. */
static int counting_writev(void *ctx, const struct iovec *iov, int n, void (*done)(void *), void *arg)
{
	struct fake *f = ctx;
	size_t before = f->nout;
	int rc = fake_writev(ctx, iov, n, done, arg);

	f->queued += f->nout - before;
	return rc;
}

static void send_until_refused(mummy_ws_conn *c, void *user, enum mummy_ws_opcode op, const void *p, size_t n)
{
	const struct { size_t high, most; } limit = { 100000, 150000 };
	int rc = 0;

	(void)user;
	for (int i = 0; i < 200 && rc != -EAGAIN; i++) {
		size_t before = mummy_ws_pending(c);

		rc = mummy_ws_send(c, op, p, n);
		fake_must(mummy_ws_pending(c) <= limit.most);
		if (rc == -EAGAIN)
			fake_must(mummy_ws_pending(c) == before && before + n + 14 > limit.most);
		else
			fake_must(rc == (mummy_ws_pending(c) > limit.high));
	}
	fake_must(rc == -EAGAIN);
}

START_TEST(a_sender_is_told_of_what_left_within_the_feed)
{
	const struct mummy_ws_output output = { counting_writev, fake_pending, fake_resume, fake_close,
						fake_release, fake_abort, { 0 } };
	static const struct mummy_ws_events ev = { .message = send_until_refused };
	const struct mummy_ws_options opt = { .high_water_bytes = 100000, .hard_limit_bytes = 150000,
					      .overflow = MUMMY_WS_REFUSE };
	struct fake *f = fake_new(NULL, NULL), g;
	const size_t sizes[] = { 1000, 4096, 10000, 30000, 60000 };
	mummy_ws_endpoint *ep;
	static char text[60000];

	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		g = (struct fake){ .now = f->now };
		ck_assert_int_eq(mummy_ws_endpoint_new(&ep, &output, &ev, &opt), 0);
		fake_join(&g, ep, f->io);
		mummy_ws_endpoint_unref(ep);
		fake_turn(f, 0);
		fake_feed_frame(&g, 1, 2, text, sizes[i]);
		fake_leave(&g);
	}
	fake_free(f);
}
END_TEST

SUITE_MAIN("ws/reply", replies_wait_when_the_output_is_full, replies_that_wait_are_dropped_at_the_end,
	   replies_of_all_sizes_keep_their_order, a_reply_that_would_be_above_the_high_water_is_told_so,
	   long_replies_from_one_feed_leave_in_one_write, more_long_replies_than_there_are_places_for_keep_their_order,
	   long_replies_wait_when_the_output_is_full, long_replies_count_as_pending,
	   a_reply_of_what_was_read_in_place_lasts, a_long_reply_is_one_piece,
	   replies_to_a_message_in_two_reads_last_and_keep_their_order, many_messages_in_fragments_are_sent_back,
	   a_sender_is_told_of_what_left_within_the_feed)
