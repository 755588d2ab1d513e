#include <config.h>
#include <errno.h>
#include "fake.h"
#include "zlib-peer.h"

/* A client that reads what the server wrote. */
struct reader {
	struct peer p;
	int keep;
	size_t at;
	uint8_t z[200000], text[400000];
	size_t nz;
	int op, deflated, frames;
};

static void reader_init(struct reader *r, unsigned bits, int keep)
{
	memset(r, 0, sizeof *r);
	peer_init(&r->p, 15, (int)bits);
	r->keep = keep;
}

/* The next message; its length. */
static size_t next(struct reader *r, struct fake *f)
{
	struct mummy_ws_frame h = { .fin = 0 };

	for (r->nz = 0, r->frames = 0; !h.fin; r->frames++) {
		int head = mummy_ws_frame_parse(f->out + r->at, f->nout - r->at, &h);

		ck_assert_int_gt(head, 0);
		if (h.opcode)
			r->deflated = h.rsv1, r->op = (int)h.opcode;
		r->at += (size_t)head;
		memcpy(r->z + r->nz, f->out + r->at, (size_t)h.length);
		if (h.masked)
			mummy_ws_mask(r->z + r->nz, (size_t)h.length, h.mask, 0);
		r->nz += (size_t)h.length;
		r->at += (size_t)h.length;
		ck_assert_uint_le(r->at, f->nout);
	}
	if (r->deflated)
		return peer_inflate(&r->p, r->z, r->nz, r->text, sizeof r->text, r->keep);
	memcpy(r->text, r->z, r->nz);
	return r->nz;
}

static void expect(struct reader *r, struct fake *f, const void *text, size_t n, int deflated)
{
	ck_assert_uint_eq(next(r, f), n);
	ck_assert_mem_eq(r->text, text, n);
	ck_assert_int_eq(r->deflated, deflated);
}

static struct reader reader;
static uint8_t text[100000];

START_TEST(every_agreement)
{
	for (int keep = 0; keep < 2; keep++)
		for (unsigned level = 1; level <= 9; level += 4) {
			struct mummy_ws_options opt = { .deflate_level = level };
			struct fake *f;

			fake_agree(1, (unsigned)_i, 15, keep, 0);
			f = fake_new(NULL, &opt);
			reader_init(&reader, (unsigned)_i, keep);
			for (unsigned i = 0; i < 20; i++) {
				size_t n = i % 6 == 5 ? 90000 : 65 + 50 * i;

				peer_text(text, n, i / 2);
				ck_assert_int_ge(mummy_ws_send(f->c, MUMMY_WS_TEXT, text, 63), 0);
				expect(&reader, f, text, 63, 0);
				ck_assert_int_ge(mummy_ws_send(f->c, MUMMY_WS_BINARY, text, n), 0);
				expect(&reader, f, text, n, 1);
			}
			ck_assert_uint_eq(reader.at, f->nout);
			fake_free(f);
			peer_free(&reader.p);
		}
}
END_TEST

START_TEST(references_to_earlier_messages_make_them_short)
{
	size_t first, second, n[2];

	for (int keep = 0; keep < 2; keep++) {
		struct fake *f;

		fake_agree(1, 15, 15, keep, 0);
		f = fake_new(NULL, NULL);
		peer_noise(text, 1000, 1);
		mummy_ws_send(f->c, MUMMY_WS_BINARY, text, 1000);
		first = f->nout;
		mummy_ws_send(f->c, MUMMY_WS_BINARY, text, 1000);
		second = f->nout - first;
		n[keep] = second;
		fake_free(f);
	}
	ck_assert_uint_lt(n[1] * 5, n[0]);
}
END_TEST

START_TEST(the_threshold_and_none)
{
	struct mummy_ws_options opt = { .deflate_min_bytes = 10 };
	struct fake *f;

	memset(text, 'a', 100);
	fake_agree(1, 15, 15, 0, 0);
	f = fake_new(NULL, &opt);
	reader_init(&reader, 15, 0);
	mummy_ws_send(f->c, MUMMY_WS_TEXT, text, 9);
	expect(&reader, f, text, 9, 0);
	mummy_ws_send(f->c, MUMMY_WS_TEXT, text, 100);
	expect(&reader, f, text, 100, 1);
	mummy_ws_send(f->c, MUMMY_WS_TEXT, NULL, 0);
	expect(&reader, f, text, 0, 0);
	fake_free(f);
	opt.deflate_min_bytes = SIZE_MAX;
	f = fake_new(NULL, &opt);
	reader.at = 0;
	mummy_ws_send(f->c, MUMMY_WS_TEXT, text, 100);
	expect(&reader, f, text, 100, 0);
	mummy_ws_message_begin(f->c, MUMMY_WS_TEXT);
	mummy_ws_message_data(f->c, text, 100);
	mummy_ws_message_end(f->c);
	expect(&reader, f, text, 100, 0);
	fake_free(f);
	peer_free(&reader.p);
}
END_TEST

static void done(void *arg)
{
	++*(int *)arg;
}

START_TEST(data_that_is_taken_is_done_once)
{
	for (int keep = 0; keep < 2; keep++) {
		struct mummy_ws_options opt = { .hard_limit_bytes = 300 };
		struct fake *f;
		int n = 0;

		fake_agree(1, 15, 15, keep, 0);
		f = fake_new(NULL, &opt);
		reader_init(&reader, 15, keep);
		peer_text(text, 1000, 1);
		memset(text, 'b', 900);
		ck_assert_int_eq(mummy_ws_send_taken(f->c, MUMMY_WS_BINARY, text, 1000, done, &n), 0);
		ck_assert_int_eq(n, 1);
		expect(&reader, f, text, 1000, 1);
		f->queued = 290;
		ck_assert_int_eq(mummy_ws_send_taken(f->c, MUMMY_WS_BINARY, text, 1000, done, &n), -EAGAIN);
		ck_assert_int_eq(n, 2);
		f->queued = 0;
		/* What was refused is not referred to. */
		ck_assert_int_eq(mummy_ws_send_taken(f->c, MUMMY_WS_BINARY, text, 1000, done, &n), 0);
		ck_assert_int_eq(n, 3);
		expect(&reader, f, text, 1000, 1);
		mummy_ws_close(f->c, 1000, NULL);
		ck_assert_int_eq(mummy_ws_send_taken(f->c, MUMMY_WS_BINARY, text, 1000, done, &n), -EPIPE);
		ck_assert_int_eq(n, 4);
		fake_free(f);
		peer_free(&reader.p);
	}
}
END_TEST

START_TEST(what_waited_for_a_full_output_keeps_its_order)
{
	for (int keep = 1; keep < 2; keep++) {
		struct fake *f;

		fake_agree(1, 15, 15, keep, 0);
		f = fake_new(NULL, NULL);
		reader_init(&reader, 15, keep);
		f->result = -EAGAIN;
		for (unsigned i = 0; i < 50; i++) {
			peer_text(text, 200 + i, i / 3);
			ck_assert_int_ge(mummy_ws_send(f->c, MUMMY_WS_BINARY, text, i % 4 < 3 ? 200 + i : 20), 0);
		}
		ck_assert_uint_eq(f->nout, 0);
		f->result = 0;
		mummy_ws_conn_drained(f->c);
		for (unsigned i = 0; i < 50; i++) {
			peer_text(text, 200 + i, i / 3);
			expect(&reader, f, text, i % 4 < 3 ? 200 + i : 20, i % 4 < 3);
		}
		fake_free(f);
		peer_free(&reader.p);
	}
}
END_TEST

START_TEST(messages_in_pieces_and_those_behind_them)
{
	for (int keep = 0; keep < 2; keep++) {
		struct fake *f;

		fake_agree(1, 15, 15, keep, 0);
		f = fake_new(NULL, NULL);
		reader_init(&reader, 15, keep);
		peer_text(text, 9000, 4);
		for (int round = 0; round < 3; round++) {
			ck_assert_int_eq(mummy_ws_send(f->c, MUMMY_WS_BINARY, text, 500), 0);
			ck_assert_int_eq(mummy_ws_message_begin(f->c, MUMMY_WS_BINARY), 0);
			for (size_t at = 0; at < 9000; at += 3000)
				ck_assert_int_eq(mummy_ws_message_data(f->c, text + at, 3000), 0);
			ck_assert_int_eq(mummy_ws_send(f->c, MUMMY_WS_BINARY, text, 700), 0);
			ck_assert_int_eq(mummy_ws_message_end(f->c), 0);
			ck_assert_int_eq(mummy_ws_message_begin(f->c, MUMMY_WS_TEXT), 0);
			ck_assert_int_eq(mummy_ws_message_end(f->c), 0);
			expect(&reader, f, text, 500, 1);
			expect(&reader, f, text, 9000, 1);
			ck_assert_int_eq(reader.frames, 4);
			expect(&reader, f, text, 700, !keep);
			expect(&reader, f, text, 0, 1);
			ck_assert_int_eq(reader.op, MUMMY_WS_TEXT);
		}
		fake_free(f);
		peer_free(&reader.p);
	}
}
END_TEST

START_TEST(replies_go_out_in_one_write_and_in_order)
{
	for (int keep = 0; keep < 2; keep++) {
		static uint8_t in[30000];
		struct fake *f;
		size_t n = 0;

		fake_agree(1, 15, 15, keep, 0);
		f = fake_new(NULL, NULL);
		f->echo = 1;
		reader_init(&reader, 15, keep);
		for (unsigned i = 0; i < 30; i++) {
			peer_text(text, 500, i);
			n += fake_frame(in + n, 1, 2, text, i % 3 ? 500 : 9, 1);
		}
		fake_feed(f, in, n);
		ck_assert_uint_le(f->writes, keep ? 2 : 1);
		for (unsigned i = 0; i < 30; i++) {
			peer_text(text, 500, i);
			expect(&reader, f, text, i % 3 ? 500 : 9, i % 3 != 0);
		}
		fake_free(f);
		peer_free(&reader.p);
	}
}
END_TEST

START_TEST(a_client_compresses_and_masks)
{
	for (int keep = 0; keep < 2; keep++) {
		struct mummy_ws_options opt = { .client = 1 };
		struct fake *f;

		fake_agree(1, 15, 11, 0, keep);
		f = fake_new(NULL, &opt);
		reader_init(&reader, 11, keep);
		for (unsigned i = 0; i < 5; i++) {
			peer_text(text, 5000, 2);
			mummy_ws_send(f->c, MUMMY_WS_BINARY, text, 5000);
			expect(&reader, f, text, 5000, 1);
		}
		fake_free(f);
		peer_free(&reader.p);
	}
}
END_TEST

START_TEST(a_publish_is_the_same_for_all_who_share)
{
	struct mummy_ws_options opt = { 0 };
	struct fake *f, m[5];
	size_t len;

	ck_assert_int_eq(mummy_ws_hub_new(&opt.hub, NULL), 0);
	fake_agree(0, 0, 0, 0, 0);
	f = fake_new(NULL, &opt);
	memset(m, 0, sizeof m);
	for (int i = 0; i < 5; i++) {
		fake_agree(i > 0, i == 3 ? 9 : 15, 15, i == 4, 0);
		fake_join(&m[i], f->ep, f->io);
		ck_assert_int_eq(mummy_ws_subscribe(m[i].c, "t", 1), 0);
	}
	for (unsigned round = 0; round < 3; round++) {
		peer_text(text, 3000, 9);
		ck_assert_int_eq(mummy_ws_publish(opt.hub, "t", 1, MUMMY_WS_BINARY, text, 3000), 0);
		ck_assert_int_eq(mummy_ws_publish(opt.hub, "t", 1, MUMMY_WS_TEXT, "short", 5), 0);
		fake_turn(f, 1);
	}
	for (int i = 0; i < 5; i++) {
		reader_init(&reader, i == 3 ? 9 : 15, i == 4);
		for (int round = 0; round < 3; round++) {
			expect(&reader, &m[i], text, 3000, i > 0);
			expect(&reader, &m[i], "short", 5, 0);
		}
		peer_free(&reader.p);
	}
	ck_assert_uint_eq(m[1].nout, m[2].nout);
	ck_assert_mem_eq(m[1].out, m[2].out, m[1].nout);
	len = m[2].nout;
	ck_assert_uint_lt(m[4].nout, len);
	/* Each turn was one write. */
	ck_assert_uint_eq(m[0].writes, 3);
	ck_assert_uint_eq(m[1].writes, 3);
	for (int i = 0; i < 5; i++)
		fake_eof(&m[i]);
	fake_turn(f, 1);
	for (int i = 0; i < 5; i++)
		fake_leave(&m[i]);
	fake_agree(0, 0, 0, 0, 0);
	mummy_ws_hub_unref(opt.hub);
	fake_free(f);
}
END_TEST

enum { SENDERS = 4, EACH = 300 };

struct sender {
	struct fake *f;
	unsigned id;
	pthread_t thread;
};

/* Message k of a sender; its length. Some are below the threshold. */
static size_t make_message(uint8_t *p, unsigned id, unsigned k)
{
	size_t n = k % 5 == 4 ? 20 : 100 + 37 * (k % 50);

	peer_text(p, n, k);
	memcpy(p, &id, 4);
	memcpy(p + 4, &k, 4);
	return n;
}

static void *send_all(void *arg)
{
	struct sender *s = arg;
	uint8_t p[3000];

	for (unsigned k = 0; k < EACH; k++) {
		size_t n = make_message(p, s->id, k);

		if (s->id == 0 && k % 7 == 0) {
			fake_must(mummy_ws_message_begin(s->f->c, MUMMY_WS_BINARY) == 0);
			fake_must(mummy_ws_message_data(s->f->c, p, n / 2) >= 0);
			fake_must(mummy_ws_message_data(s->f->c, p + n / 2, n - n / 2) >= 0);
			fake_must(mummy_ws_message_end(s->f->c) >= 0);
			continue;
		}
		fake_must(mummy_ws_send(s->f->c, MUMMY_WS_BINARY, p, n) >= 0);
	}
	return NULL;
}

START_TEST(many_threads_send_at_once)
{
	for (int keep = 0; keep < 2; keep++) {
		struct mummy_ws_options opt = { .high_water_bytes = 64u << 20, .hard_limit_bytes = 64u << 20 };
		struct sender s[SENDERS];
		unsigned at[SENDERS] = { 0 };
		struct fake *f;

		fake_agree(1, 15, 15, keep, 0);
		f = fake_new(NULL, &opt);
		for (unsigned i = 0; i < SENDERS; i++) {
			s[i].f = f;
			s[i].id = i;
			ck_assert_int_eq(pthread_create(&s[i].thread, NULL, send_all, &s[i]), 0);
		}
		for (unsigned i = 0; i < SENDERS; i++)
			pthread_join(s[i].thread, NULL);
		fake_turn(f, 1);
		reader_init(&reader, 15, keep);
		for (unsigned i = 0; i < SENDERS * EACH; i++) {
			size_t n = next(&reader, f);
			uint8_t want[3000];
			unsigned id;

			ck_assert_uint_ge(n, 8);
			ck_assert_uint_lt(n, sizeof want);
			memcpy(&id, reader.text, 4);
			ck_assert_uint_lt(id, SENDERS);
			ck_assert_uint_eq(make_message(want, id, at[id]), n);
			ck_assert_mem_eq(reader.text, want, n);
			at[id]++;
		}
		ck_assert_uint_eq(reader.at, f->nout);
		fake_free(f);
		peer_free(&reader.p);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("ws/compress");
	TCase *c = tcase_create("ws/compress");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_set_timeout(c, SUITE_TIMEOUT_S);
	tcase_add_loop_test(c, every_agreement, 8, 16);
	tcase_add_test(c, references_to_earlier_messages_make_them_short);
	tcase_add_test(c, the_threshold_and_none);
	tcase_add_test(c, data_that_is_taken_is_done_once);
	tcase_add_test(c, what_waited_for_a_full_output_keeps_its_order);
	tcase_add_test(c, messages_in_pieces_and_those_behind_them);
	tcase_add_test(c, replies_go_out_in_one_write_and_in_order);
	tcase_add_test(c, a_client_compresses_and_masks);
	tcase_add_test(c, a_publish_is_the_same_for_all_who_share);
	tcase_add_test(c, many_threads_send_at_once);
	suite_add_tcase(s, c);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
