#include <config.h>
#include <errno.h>
#include "fake.h"
#include "zlib-peer.h"

/* Appends the frames of a message that p compresses, in pieces of at most step octets, to buf. */
static size_t compressed(struct peer *p, uint8_t *buf, int op, const void *text, size_t n, size_t step)
{
	static uint8_t z[400000];
	size_t len = peer_deflate(p, text, n, z, sizeof z), at = 0, out = 0;

	do {
		size_t take = step < len - at ? step : len - at, start = out;

		out += fake_frame(buf + out, at + take == len, at ? 0 : op, z + at, take, 1);
		buf[start] |= at ? 0 : 0x40;
		at += take;
	} while (at < len);
	return out;
}

/* A conversation with every agreement: messages of many sizes, whole and in fragments, at many splits. */
static void converse(unsigned bits, int keeps, int threads, int pieces)
{
	struct mummy_ws_options opt = { .executor = { .submit = threads ? later_submit : NULL } };
	static uint8_t in[200000];
	char want[4000] = "open ";
	uint8_t text[150];
	struct peer p;
	size_t n = 0;

	fake_agree(1, 15, bits, 0, keeps);
	peer_init(&p, (int)bits, 15);
	for (unsigned i = 0; i < 12; i++) {
		size_t len = i == 5 ? 0 : sizeof text - i, w = strlen(want);

		peer_text(text, len, i / 2);
		if (!keeps)
			deflateReset(&p.out);
		n += compressed(&p, in + n, 2, text, len, i % 3 ? 1000 : 1 + i);
		n += fake_frame(in + n, 1, 9, "p", 1, 1);
		n += fake_frame(in + n, 1, 2, "plain", 5, 1);
		if (pieces)
			w += (size_t)snprintf(want + w, sizeof want - w, "begin2 %s", len ? "+" : "");
		else
			w += (size_t)snprintf(want + w, sizeof want - w, "B:");
		memcpy(want + w, text, len);
		snprintf(want + w + len, sizeof want - w - len, pieces ? "%send begin2 +plain end " : "%sB:plain ",
			 pieces && !len ? "" : " ");
	}
	for (size_t step = n; step > 0; step = step > 9 ? step / 3 : step - 1) {
		struct fake *f = fake_new(pieces ? &fake_pieces : NULL, &opt);

		for (size_t at = 0; at < n; at += step) {
			fake_feed(f, in + at, step < n - at ? step : n - at);
			later_run(&f->jobs);
			fake_turn(f, 0);
			later_run(&f->jobs);
		}
		/* In pieces the splits show. */
		if (!pieces)
			fake_logged(f, want);
		ck_assert_uint_eq(f->closes, 0);
		ck_assert_uint_eq(f->nout, 12 * 3);
		fake_free(f);
	}
	peer_free(&p);
}

START_TEST(every_agreement_at_every_split)
{
	converse((unsigned)_i, 0, 0, 0);
	converse((unsigned)_i, 0, 1, 0);
	converse((unsigned)_i, 1, 0, 0);
	converse((unsigned)_i, 1, 1, 0);
	converse((unsigned)_i, 0, 0, 1);
	converse((unsigned)_i, 1, 1, 1);
}
END_TEST

START_TEST(messages_in_pieces_are_inflated_as_they_come)
{
	static uint8_t in[400000], text[200000];
	struct fake *f;
	struct peer p;
	size_t n;

	fake_agree(1, 15, 15, 0, 0);
	f = fake_new(&fake_pieces, NULL);
	peer_init(&p, 15, 15);
	memset(text, 'a', 3000);
	n = compressed(&p, in, 1, text, 3000, 20);
	fake_feed(f, in, n - 5);
	ck_assert_ptr_nonnull(strstr(f->log, "open begin1 +aaa"));
	ck_assert_ptr_null(strstr(f->log, "end"));
	fake_feed(f, in + n - 5, 5);
	ck_assert_ptr_nonnull(strstr(f->log, "a end "));
	ck_assert_uint_eq(f->nout, 0);
	fake_free(f);
	peer_free(&p);
}
END_TEST

static void is_failed(struct fake *f, unsigned code)
{
	uint8_t want[] = { 0x88, 2, (uint8_t)(code >> 8), (uint8_t)code };

	fake_wrote_n(f, want, 4);
	ck_assert_uint_eq(f->closes, 1);
	fake_free(f);
}

START_TEST(the_bit_must_be_agreed_to_and_stand_on_the_first_frame)
{
	static const char *const bad[] = { "\xc0\x80\0\0\0\0", "\xc8\x80\0\0\0\0", "\xc9\x80\0\0\0\0", "\xca\x80\0\0\0\0",
					   "\xa1\x80\0\0\0\0", "\x91\x80\0\0\0\0" };
	struct fake *f;

	fake_agree(0, 0, 0, 0, 0);
	f = fake_new(NULL, NULL);
	fake_feed(f, "\xc1\x81\0\0\0\0\0", 7);
	is_failed(f, 1002);
	fake_agree(1, 15, 15, 0, 0);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		f = fake_new(NULL, NULL);
		fake_feed(f, bad[i], 6);
		is_failed(f, 1002);
	}
	/* A continuation with the bit inside a compressed message. */
	f = fake_new(NULL, NULL);
	fake_feed(f, "\x41\x81\0\0\0\0\xf2\xc0\x81\0\0\0\0\x48", 14);
	is_failed(f, 1002);
}
END_TEST

START_TEST(what_does_not_inflate_is_1007)
{
	for (int pieces = 0; pieces < 2; pieces++) {
		struct fake *f;

		fake_agree(1, 15, 15, 0, 0);
		f = fake_new(pieces ? &fake_pieces : NULL, NULL);
		fake_feed(f, "\xc2\x83\0\0\0\0\xff\xff\xff", 9);
		is_failed(f, 1007);
		f = fake_new(pieces ? &fake_pieces : NULL, NULL);
		fake_feed(f, "\xc2\x83\0\0\0\0\xf2\x48\xcd", 9);
		is_failed(f, 1007);
	}
}
END_TEST

START_TEST(text_is_checked_after_inflating)
{
	static uint8_t in[1000];
	static const char *const bad[] = { "ok until \xed\xa0\x80", "\xff", "ends in \xe4\xb8" };

	for (int pieces = 0; pieces < 2; pieces++)
		for (size_t i = 0; i < 3; i++) {
			struct fake *f;
			struct peer p;
			size_t n;

			fake_agree(1, 15, 15, 0, 0);
			f = fake_new(pieces ? &fake_pieces : NULL, NULL);
			peer_init(&p, 15, 15);
			n = compressed(&p, in, 1, bad[i], strlen(bad[i]), 4);
			fake_feed(f, in, n);
			is_failed(f, 1007);
			f = fake_new(pieces ? &fake_pieces : NULL, NULL);
			deflateReset(&p.out);
			n = compressed(&p, in, 2, bad[i], strlen(bad[i]), 4);
			fake_feed(f, in, n);
			fake_wrote(f, "");
			fake_free(f);
			peer_free(&p);
		}
}
END_TEST

START_TEST(the_limit_counts_what_was_inflated)
{
	static uint8_t in[10000], zeros[300000];

	for (int pieces = 0; pieces < 2; pieces++)
		for (size_t max = 1; max < sizeof zeros; max = max * 7 + 1)
			for (int over = 0; over < 2; over++) {
				struct mummy_ws_options opt = { .max_message_bytes = max };
				struct fake *f;
				struct peer p;
				size_t n;

				fake_agree(1, 15, 15, 0, 0);
				f = fake_new(pieces ? &fake_pieces : NULL, &opt);
				peer_init(&p, 15, 15);
				n = compressed(&p, in, 2, zeros, max + (size_t)over, 50);
				if (max > 1000 && pieces) {
					/* The log has no room for it. */
					fake_free(f);
					peer_free(&p);
					continue;
				}
				fake_feed(f, in, n);
				if (over) {
					is_failed(f, 1009);
				} else {
					fake_wrote(f, "");
					fake_free(f);
				}
				peer_free(&p);
			}
}
END_TEST

START_TEST(what_is_announced_too_long_is_refused_at_once)
{
	struct mummy_ws_options opt = { .max_message_bytes = 1000 };
	struct fake *f;

	fake_agree(1, 15, 15, 0, 0);
	f = fake_new(NULL, &opt);
	fake_feed(f, "\xc2\xfe\xff\xff\0\0\0\0", 8);
	is_failed(f, 1009);
}
END_TEST

/* A read of many messages that inflate to much more: they wait as they came. */
START_TEST(what_waits_for_the_executor_is_bounded)
{
	struct mummy_ws_options opt = { .executor = { .submit = later_submit }, .max_pending_bytes = 10000 };
	static uint8_t in[60000], zeros[5000];
	struct mummy_ws_stats s;
	struct fake *f;
	struct peer p;
	size_t n = 0, count = 0;

	fake_agree(1, 15, 15, 0, 0);
	f = fake_new(NULL, &opt);
	peer_init(&p, 15, 15);
	while (n < 50000 && count < 500) {
		deflateReset(&p.out);
		n += compressed(&p, in + n, 2, zeros, sizeof zeros, 1000);
		count++;
	}
	ck_assert_int_eq(fake_feed(f, in, n), 1);
	for (int turn = 0; turn < 1000; turn++) {
		mummy_ws_stats_get(f->ep, &s);
		ck_assert_uint_lt(s.pending_bytes, 40000);
		later_run(&f->jobs);
		fake_turn(f, 0);
	}
	mummy_ws_stats_get(f->ep, &s);
	ck_assert_uint_eq(s.messages_in, count);
	ck_assert_uint_eq(s.pending_bytes, 0);
	ck_assert_uint_gt(f->resumes, 0);
	ck_assert_int_eq(fake_feed_frame(f, 1, 1, "last", 4), 0);
	later_run(&f->jobs);
	ck_assert_ptr_nonnull(strstr(f->log, "B5000 T:last "));
	fake_free(f);
	peer_free(&p);
}
END_TEST

START_TEST(octets_that_wait_are_freed_with_the_connection)
{
	struct mummy_ws_options opt = { .executor = { .submit = later_submit }, .max_pending_bytes = 1 };
	struct fake *f;

	fake_agree(0, 0, 0, 0, 0);
	f = fake_new(NULL, &opt);
	ck_assert_int_eq(fake_feed(f, "\x82\x81\0\0\0\0a\x82\x81\0\0\0\0b\x82\x81\0\0\0\0c", 21), 1);
	/* More may come before the pause is heeded; the order stays. */
	ck_assert_int_eq(fake_feed(f, "\x82\x81\0\0\0\0d", 7), 1);
	for (int i = 0; i < 10; i++) {
		later_run(&f->jobs);
		fake_turn(f, 0);
	}
	fake_logged(f, "open B:a B:b B:c B:d ");
	ck_assert_int_eq(fake_feed(f, "\x82\x81\0\0\0\0a\x82\x81\0\0\0\0b\x82\x81\0\0\0\0c", 21), 1);
	fake_free(f);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("ws/received");
	TCase *c = tcase_create("ws/received");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_set_timeout(c, SUITE_TIMEOUT_S);
	tcase_add_loop_test(c, every_agreement_at_every_split, 9, 16);
	tcase_add_test(c, messages_in_pieces_are_inflated_as_they_come);
	tcase_add_test(c, the_bit_must_be_agreed_to_and_stand_on_the_first_frame);
	tcase_add_test(c, what_does_not_inflate_is_1007);
	tcase_add_test(c, text_is_checked_after_inflating);
	tcase_add_test(c, the_limit_counts_what_was_inflated);
	tcase_add_test(c, what_is_announced_too_long_is_refused_at_once);
	tcase_add_test(c, what_waits_for_the_executor_is_bounded);
	tcase_add_test(c, octets_that_wait_are_freed_with_the_connection);
	suite_add_tcase(s, c);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
