#include <config.h>
#include "fake.h"

START_TEST(fields_are_added_and_replaced)
{
	mummy_upload_reply *r = mup_reply_new();
	struct answer a;

	mup_reply_text(r, 404, "no\n");
	mup_reply_add(r, "A", "1");
	mup_reply_add(r, "A", "2\r\nX: y");
	mup_reply_addf(r, "B", "%d", 7);
	ck_assert_int_eq(mup_reply_error(r), 0);
	take_answer(&a, r);
	ck_assert_int_eq(a.status, 404);
	ck_assert_str_eq(field(&a, "A"), "2  X: y");
	ck_assert_str_eq(field(&a, "B"), "7");
	ck_assert_str_eq(a.text, "no\n");
	ck_assert_int_eq(a.n, 4);
}
END_TEST

START_TEST(other_words_replace_a_text)
{
	char longest[MUMMY_UPLOAD_TEXT];
	mummy_upload_reply *r = mup_reply_new();
	struct answer a;

	memset(longest, 'x', sizeof longest);
	mup_reply_words(r, longest, sizeof longest);
	mup_reply_text(r, 404, "no\n");
	take_answer(&a, r);
	ck_assert_uint_eq(strlen(a.text), MUMMY_UPLOAD_TEXT);
	ck_assert_str_eq(a.text + MUMMY_UPLOAD_TEXT - 2, "x\n");
	r = mup_reply_new();
	mup_reply_words(r, "not\ttoday\n", 64);
	mup_reply_text(r, 404, "no\n");
	take_answer(&a, r);
	ck_assert_str_eq(a.text, "not today \n");
	r = mup_reply_new();
	mup_reply_words(r, "", 1);
	mup_reply_text(r, 404, "no\n");
	take_answer(&a, r);
	ck_assert_str_eq(a.text, "no\n");
}
END_TEST

START_TEST(dates_are_in_the_form_of_http)
{
	mummy_upload_reply *r = mup_reply_new();
	struct answer a;

	mup_reply_add_date(r, "Epoch", 0);
	mup_reply_add_date(r, "Example", 784111777);
	mup_reply_add_date(r, "Leap", 1709210096);
	take_answer(&a, r);
	ck_assert_str_eq(field(&a, "Epoch"), "Thu, 01 Jan 1970 00:00:00 GMT");
	ck_assert_str_eq(field(&a, "Example"), "Sun, 06 Nov 1994 08:49:37 GMT");
	ck_assert_str_eq(field(&a, "Leap"), "Thu, 29 Feb 2024 12:34:56 GMT");
}
END_TEST

START_TEST(more_fields_than_there_is_room_for_are_an_error)
{
	static char name[30][16];
	mummy_upload_reply *r = mup_reply_new();

	for (int i = 0; i < 25; i++) {
		ck_assert_int_eq(mup_reply_error(r), 0);
		snprintf(name[i], sizeof name[i], "N%d", i);
		mup_reply_add(r, name[i], "v");
	}
	ck_assert_int_eq(mup_reply_error(r), -ENOMEM);
	mummy_upload_reply_free(r);
}
END_TEST

START_TEST(a_file_is_given_away_once)
{
	mummy_upload_reply *r = mup_reply_new();
	uint64_t off, len;
	int fd;

	mup_reply_file(r, dup(0), 3, 4);
	ck_assert_int_eq(mummy_upload_reply_file(r, &fd, &off, &len), 0);
	ck_assert(off == 3 && len == 4);
	ck_assert_int_eq(close(fd), 0);
	ck_assert_int_eq(mummy_upload_reply_file(r, &fd, &off, &len), -ENOENT);
	mummy_upload_reply_free(r);
}
END_TEST

SUITE_MAIN("upload/reply", fields_are_added_and_replaced, other_words_replace_a_text, dates_are_in_the_form_of_http,
	   more_fields_than_there_is_room_for_are_an_error, a_file_is_given_away_once)
