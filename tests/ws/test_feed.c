#include <config.h>
#include <errno.h>
#include "fake.h"

#define BAD(code) "\x88\x02\x03" code

/* A conversation: what a client sends, what the log has, what is written. */
struct talk {
	uint8_t in[1024];
	size_t n;
};

static void say(struct talk *t, int fin, int op, const char *text)
{
	t->n += fake_frame(t->in + t->n, fin, op, text, strlen(text), 1);
}

static void raw(struct talk *t, const void *p, size_t n)
{
	memcpy(t->in + t->n, p, n);
	t->n += n;
}

/* The same at every step of octets, inline and with an executor. */
static void expect(const struct talk *t, const char *log, const void *out, size_t nout,
		   const struct mummy_ws_options *opt)
{
	for (size_t step = t->n; step > 0; step = step > 16 ? step / 2 : step - 1)
		for (int threads = 0; threads < 2; threads++) {
			struct mummy_ws_options o = { 0 };
			struct fake *f;

			if (opt)
				o = *opt;
			o.executor.submit = threads ? later_submit : NULL;
			f = fake_new(NULL, &o);
			f->echo = 1;
			fake_feed_by(f, t->in, t->n, step);
			later_run(&f->jobs);
			fake_eof(f);
			if (strcmp(f->log, log) != 0 || f->nout != nout)
				fprintf(stderr, "step %zu threads %d: %s\n", step, threads, f->log);
			ck_assert_str_eq(f->log, log);
			/* With an executor a pong overtakes the answers: only its presence is compared. */
			ck_assert_uint_eq(f->nout, nout);
			if (!threads)
				ck_assert_mem_eq(f->out, out, nout);
			fake_free(f);
		}
}
#define EXPECT(t, log, out) expect(t, log, out, sizeof out - 1, NULL)

START_TEST(messages_and_fragments_with_control_frames_between)
{
	struct talk t = { .n = 0 };

	say(&t, 1, 1, "Hello");
	say(&t, 1, 2, "");
	say(&t, 0, 1, "Hel");
	say(&t, 1, 9, "ping");
	say(&t, 0, 0, "");
	say(&t, 1, 10, "pong");
	say(&t, 1, 0, "lo \xce\xba");
	say(&t, 0, 2, "");
	say(&t, 1, 0, "");
	EXPECT(&t, "open T:Hello B: pong:pong T:Hello \xce\xba B: closed1006 ",
	       "\x81\x05Hello\x82\x00\x8a\x04ping\x81\x08Hello \xce\xba\x82\x00");
}
END_TEST

START_TEST(what_comes_before_a_bad_frame_is_given_and_answered)
{
	struct talk t = { .n = 0 };

	say(&t, 1, 1, "a");
	say(&t, 1, 9, "");
	raw(&t, "\x83\x80\0\0\0\0", 6);
	say(&t, 1, 1, "never");
	EXPECT(&t, "open T:a closed1006 ", "\x81\x01" "a\x8a\x00" BAD("\xea"));
}
END_TEST

START_TEST(every_broken_rule_has_its_code)
{
	static const struct {
		const char *octets;
		size_t n;
		uint8_t code;
	} bad[] = {
		{ "\x81\x01" "a", 3, 0xea },                          /* not masked */
		{ "\xc1\x80\0\0\0\0", 6, 0xea },                      /* RSV1 */
		{ "\xa1\x80\0\0\0\0", 6, 0xea }, { "\x91\x80\0\0\0\0", 6, 0xea },
		{ "\x80\x80\0\0\0\0", 6, 0xea },                      /* continues nothing */
		{ "\x01\x80\0\0\0\0\x81\x80\0\0\0\0", 12, 0xea },     /* a message inside another */
		{ "\x09\x80\0\0\0\0", 6, 0xea }, { "\x89\xfe\0\x7e\0\0\0\0", 8, 0xea },
		{ "\x84\x80\0\0\0\0", 6, 0xea }, { "\x8b\x80\0\0\0\0", 6, 0xea },
		{ "\x82\xfe\0\1\0\0\0\0a", 9, 0xea },                 /* the long form for 1 */
		{ "\x88\x81\0\0\0\0\3", 7, 0xea },                    /* Close with half a code */
		{ "\x88\x82\0\0\0\0\3\xed", 8, 0xea },                /* 1005, 1006, 999, 1015, 2000, 5000 */
		{ "\x88\x82\0\0\0\0\3\xee", 8, 0xea }, { "\x88\x82\0\0\0\0\3\xe7", 8, 0xea },
		{ "\x88\x82\0\0\0\0\3\xf7", 8, 0xea }, { "\x88\x82\0\0\0\0\7\xd0", 8, 0xea },
		{ "\x88\x82\0\0\0\0\x13\x88", 8, 0xea },
		{ "\x88\x83\0\0\0\0\3\xe8\xff", 9, 0xef },            /* its reason */
		{ "\x88\x83\0\0\0\0\3\xe8\xce", 9, 0xef },
		{ "\x81\x81\0\0\0\0\xff", 7, 0xef },                  /* text */
		{ "\x81\x81\0\0\0\0\xce", 7, 0xef },
		{ "\x01\x81\0\0\0\0\xce\x80\x81\0\0\0\0a", 14, 0xef },
		{ "\x82\xff\0\0\0\0\1\0\0\1\0\0\0\0", 14, 0xf1 },     /* 16 MiB and one */
		{ "\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff\0\0\0\0", 14, 0xf1 },
		{ "\x02\x81\0\0\0\0a\x80\xff\x7f\xff\xff\xff\xff\xff\xff\xff\0\0\0\0", 21, 0xf1 },
	};

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct talk t = { .n = 0 };
		uint8_t out[] = { 0x88, 2, 3, bad[i].code };

		raw(&t, bad[i].octets, bad[i].n);
		expect(&t, "open closed1006 ", out, 4, NULL);
	}
}
END_TEST

START_TEST(a_wrong_octet_of_text_fails_when_it_comes)
{
	struct fake *f = fake_new(NULL, NULL);

	/* Announced: 8 octets. The fourth is wrong; the fifth is not waited for. */
	ck_assert_int_eq(fake_feed(f, "\x81\x88\0\0\0\0ab\xed", 9), 0);
	fake_wrote(f, "");
	ck_assert_int_lt(fake_feed(f, "\xa0", 1), 0);
	fake_wrote(f, BAD("\xef"));
	ck_assert_uint_eq(f->closes, 1);
	ck_assert_int_lt(fake_feed(f, "b", 1), 0);
	fake_wrote(f, "");
	fake_free(f);
}
END_TEST

START_TEST(the_limit_counts_all_fragments)
{
	struct mummy_ws_options opt = { .max_message_bytes = 5 };
	struct talk t = { .n = 0 }, u = { .n = 0 };

	say(&t, 0, 1, "abc");
	say(&t, 1, 0, "de");
	say(&t, 0, 1, "abc");
	say(&t, 1, 0, "def");
	expect(&t, "open T:abcde closed1006 ", "\x81\x05" "abcde" BAD("\xf1"), 11, &opt);
	say(&u, 1, 2, "abcdef");
	expect(&u, "open closed1006 ", BAD("\xf1"), 4, &opt);
}
END_TEST

START_TEST(a_message_that_is_whole_is_given_in_the_caller_s_buffer)
{
	struct fake *f = fake_new(NULL, NULL);
	uint8_t buf[64];
	size_t n = fake_frame(buf, 1, 1, "in place", 8, 1);

	ck_assert_int_eq(mummy_ws_conn_feed(f->c, buf, n), 0);
	ck_assert_mem_eq(buf + 6, "in place", 8);
	fake_logged(f, "open T:in place ");
	fake_free(f);
}
END_TEST

START_TEST(big_messages_can_be_read_to_where_they_belong)
{
	size_t n = 300000, at = 0;
	uint8_t *in = malloc(n + 14), *text = malloc(n);
	struct fake *f = fake_new(NULL, NULL);
	unsigned rooms = 0;

	f->echo = 1;
	for (size_t i = 0; i < n; i++)
		text[i] = (uint8_t)(i % 251);
	n = fake_frame(in, 1, 2, text, n, 1);
	ck_assert_ptr_null(mummy_ws_conn_room(f->c, &at));
	fake_feed(f, in, 100);
	for (at = 100; at < n;) {
		size_t room = 1000, take;
		void *p = mummy_ws_conn_room(f->c, &room);

		take = room < n - at ? room : n - at;
		if (p) {
			rooms++;
			take = take > 7000 ? 7000 : take;
			memcpy(p, in + at, take);
			ck_assert_int_eq(mummy_ws_conn_feed(f->c, p, take), 0);
		} else {
			fake_feed(f, in + at, take);
		}
		at += take;
	}
	fake_logged(f, "open B300000 ");
	ck_assert_uint_gt(rooms, 10);
	ck_assert_uint_eq(f->nout, 300010);
	ck_assert_mem_eq(f->out + 10, text, 300000);
	fake_free(f);
	free(in);
	free(text);
}
END_TEST

START_TEST(replies_of_one_feed_go_out_in_one_write)
{
	struct fake *f = fake_new(NULL, NULL);
	struct talk t = { .n = 0 };

	f->echo = 1;
	for (int i = 0; i < 16; i++)
		say(&t, 1, 1, "abc");
	fake_feed(f, t.in, t.n);
	ck_assert_uint_eq(f->writes, 1);
	ck_assert_uint_eq(f->nout, 16 * 5);
	fake_free(f);
}
END_TEST

START_TEST(messages_in_pieces)
{
	static const struct mummy_ws_events *const ev = &fake_pieces;
	struct talk t = { .n = 0 };

	say(&t, 0, 1, "abc");
	say(&t, 1, 9, "");
	say(&t, 1, 0, "def");
	say(&t, 1, 2, "");
	for (int threads = 0; threads < 2; threads++) {
		struct mummy_ws_options o = { .executor = { .submit = threads ? later_submit : NULL } };
		struct fake *f = fake_new(ev, &o);

		fake_feed(f, t.in, t.n);
		later_run(&f->jobs);
		fake_logged(f, "open begin1 +abc +def end begin2 end ");
		fake_wrote(f, "\x8a\x00");
		fake_free(f);
		f = fake_new(ev, &o);
		fake_feed_by(f, t.in, t.n, 1);
		later_run(&f->jobs);
		fake_logged(f, "open begin1 +a +b +c +d +e +f end begin2 end ");
		fake_free(f);
	}
}
END_TEST

START_TEST(a_client_takes_what_is_not_masked_and_masks_what_it_sends)
{
	struct mummy_ws_options opt = { .client = 1 };
	struct fake *f = fake_new(NULL, &opt);
	struct mummy_ws_frame h;

	f->echo = 1;
	ck_assert_int_eq(fake_feed(f, "\x81\x05hello", 7), 0);
	fake_logged(f, "open T:hello ");
	ck_assert_uint_eq(f->nout, 11);
	ck_assert_int_eq(mummy_ws_frame_parse(f->out, f->nout, &h), 6);
	ck_assert(h.masked && h.fin && h.opcode == MUMMY_WS_TEXT);
	mummy_ws_mask(f->out + 6, 5, h.mask, 0);
	ck_assert_mem_eq(f->out + 6, "hello", 5);
	ck_assert_int_lt(fake_feed_frame(f, 1, 1, "x", 1), 0);
	ck_assert_uint_eq(f->closes, 1);
	fake_free(f);
}
END_TEST

START_TEST(every_split_in_two)
{
	struct talk t = { .n = 0 };

	say(&t, 0, 1, "first");
	say(&t, 1, 0, " second");
	say(&t, 1, 9, "p");
	say(&t, 1, 2, "third");
	for (size_t i = 0; i <= t.n; i++) {
		struct fake *f = fake_new(NULL, NULL);

		fake_feed(f, t.in, i);
		fake_feed(f, t.in + i, t.n - i);
		fake_logged(f, "open T:first second B:third ");
		fake_wrote(f, "\x8a\x01p");
		fake_free(f);
	}
}
END_TEST

SUITE_MAIN("ws/feed", messages_and_fragments_with_control_frames_between,
	   what_comes_before_a_bad_frame_is_given_and_answered, every_broken_rule_has_its_code,
	   a_wrong_octet_of_text_fails_when_it_comes, the_limit_counts_all_fragments,
	   a_message_that_is_whole_is_given_in_the_caller_s_buffer, big_messages_can_be_read_to_where_they_belong,
	   replies_of_one_feed_go_out_in_one_write, messages_in_pieces,
	   a_client_takes_what_is_not_masked_and_masks_what_it_sends, every_split_in_two)
