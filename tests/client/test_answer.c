#include <config.h>
#include <string.h>
#include "suite.h"
#include "answer.h"

static struct answer a;

static void line(const char *text)
{
	answer_line(&a, text, strlen(text));
}

static void head(int status, const char *field)
{
	char text[40];

	answer_reset(&a);
	snprintf(text, sizeof text, "HTTP/1.1 %d Reason\r\n", status);
	line(text);
	if (field)
		line(field);
}

START_TEST(test_heads)
{
	head(100, "Upload-Offset: 5\r\n");
	line("\r\n");
	line("HTTP/1.1 204 No Content\r\n");
	ck_assert_int_eq(a.status, 204);
	ck_assert_uint_eq(a.offset, ANSWER_UNKNOWN);
	line("upload-OFFSET:12\r\n");
	line("Upload-Length: \t 99  \r\n");
	line("Location: /files/1\r\n");
	line("\r\n");
	ck_assert_uint_eq(a.offset, 12);
	ck_assert_uint_eq(a.length, 99);
	ck_assert_str_eq(a.location, "/files/1");
}
END_TEST

START_TEST(test_what_is_no_number_is_not_told)
{
	static const char *const bad[] = { "Upload-Offset: -1",
					   "Upload-Offset: 0x1",
					   "Upload-Offset:",
					   "Upload-Offset: 1 2",
					   "Upload-Offset: 99999999999999999999",
					   "Upload-Offset 5" };

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		head(204, bad[i]);
		ck_assert_uint_eq(a.offset, ANSWER_UNKNOWN);
	}
	answer_reset(&a);
	line("HTTP/1.1 2x4 No\r\n");
	ck_assert_int_eq(a.status, 0);
}
END_TEST

START_TEST(test_long_lines_are_passed_over)
{
	static char text[20000];

	memset(text, 'a', sizeof text - 1);
	memcpy(text, "Location: /", 11);
	head(201, text);
	ck_assert_str_eq(a.location, "");
}
END_TEST

START_TEST(test_offers)
{
	head(204, "Tus-Extension: creation,creation-with-upload , Concatenation,checksum-trailer");
	line("Tus-Version: 1.0.0,0.2.2");
	line("Tus-Max-Size: 1000");
	line("Tus-Checksum-Algorithm: sha1,sha256");
	ck_assert(a.tus);
	ck_assert_uint_eq(a.extensions, TUS_CREATION | TUS_CONCATENATION);
	ck_assert_uint_eq(a.max_size, 1000);
	head(204, "Tus-Extension: termination");
	ck_assert_uint_eq(a.extensions, TUS_TERMINATION);
	head(204, "Tus-Checksum-Algorithm: sha1,sha256");
	ck_assert(answer_lists(a.checksums, "sha256"));
	ck_assert(!answer_lists(a.checksums, "sha"));
	ck_assert(!answer_lists(a.checksums, "sha2567"));
	ck_assert(!answer_lists("", "sha1"));
}
END_TEST

START_TEST(test_retry_after)
{
	head(503, "Retry-After: 7");
	ck_assert_uint_eq(a.retry_after_s, 7);
	head(503, "Retry-After: 99999999");
	ck_assert_uint_eq(a.retry_after_s, ANSWER_MAX_RETRY_S);
	head(503, "Retry-After: 184467440737095516160");
	ck_assert_uint_le(a.retry_after_s, ANSWER_MAX_RETRY_S);
	head(503, "Retry-After: Wed, 21 Oct 2099 07:28:00 GMT");
	ck_assert_uint_eq(a.retry_after_s, ANSWER_MAX_RETRY_S);
	head(503, "Retry-After: Wed, 21 Oct 2015 07:28:00 GMT");
	ck_assert_uint_eq(a.retry_after_s, 0);
	head(503, "Retry-After: soon");
	ck_assert_uint_eq(a.retry_after_s, 0);
}
END_TEST

START_TEST(test_text_is_one_visible_line)
{
	static char text[1000];

	head(413, NULL);
	answer_body(&a, "Too ", 4);
	answer_body(&a, "large.\nMore", 11);
	answer_body(&a, "still more", 10);
	ck_assert_str_eq(a.text, "Too large.");
	head(413, NULL);
	answer_body(&a, "a\x1b[2J", 5);
	ck_assert_str_eq(a.text, "a");
	head(413, NULL);
	memset(text, 'x', sizeof text);
	answer_body(&a, text, sizeof text);
	answer_body(&a, text, sizeof text);
	ck_assert_uint_eq(strlen(a.text), sizeof a.text - 1);
}
END_TEST

/* ---- What follows ---------------------------------------------------------------------------------- */

static char why[300];

static enum verdict judge(enum ask ask, int status, const char *field)
{
	head(status, field);
	why[0] = '\0';
	return answer_judge(ask, TRANSPORT_OK, &a, why, sizeof why);
}

START_TEST(test_what_goes_well)
{
	ck_assert_int_eq(judge(ASK_OPTIONS, 204, NULL), VERDICT_GO);
	ck_assert_int_eq(judge(ASK_CREATE, 201, "Location: /1"), VERDICT_GO);
	ck_assert_int_eq(judge(ASK_JOIN, 201, "Location: /1"), VERDICT_GO);
	ck_assert_int_eq(judge(ASK_OFFSET, 200, "Upload-Offset: 0"), VERDICT_GO);
	ck_assert_int_eq(judge(ASK_OFFSET, 204, "Upload-Offset: 0"), VERDICT_GO);
	ck_assert_int_eq(judge(ASK_SEND, 204, "Upload-Offset: 5"), VERDICT_GO);
	ck_assert_int_eq(judge(ASK_REMOVE, 204, NULL), VERDICT_GO);
	ck_assert_int_eq(judge(ASK_REMOVE, 404, NULL), VERDICT_GO);
	ck_assert_int_eq(judge(ASK_REMOVE, 410, NULL), VERDICT_GO);
}
END_TEST

START_TEST(test_what_is_no_tus_answer_fails)
{
	ck_assert_int_eq(judge(ASK_CREATE, 200, "Location: /1"), VERDICT_FAIL);
	ck_assert_int_eq(judge(ASK_CREATE, 201, NULL), VERDICT_FAIL);
	ck_assert_ptr_nonnull(strstr(why, "TUS"));
	ck_assert_int_eq(judge(ASK_OFFSET, 200, NULL), VERDICT_FAIL);
	ck_assert_int_eq(judge(ASK_SEND, 200, NULL), VERDICT_FAIL);
	ck_assert_int_eq(judge(ASK_SEND, 302, "Location: /elsewhere"), VERDICT_FAIL);
	ck_assert_ptr_nonnull(strstr(why, "redirects"));
	ck_assert_int_eq(judge(ASK_CREATE, 0, NULL), VERDICT_FAIL);
}
END_TEST

START_TEST(test_what_is_tried_again)
{
	static const int statuses[] = { 408, 423, 425, 429, 500, 502, 503, 504 };

	for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
		ck_assert_int_eq(judge(ASK_CREATE, statuses[i], NULL), VERDICT_AGAIN);
		ck_assert_int_eq(judge(ASK_OFFSET, statuses[i], NULL), VERDICT_AGAIN);
		ck_assert_int_eq(judge(ASK_SEND, statuses[i], NULL), VERDICT_LOOK);
		ck_assert_str_ne(why, "");
	}
	ck_assert_int_eq(judge(ASK_SEND, 409, NULL), VERDICT_LOOK_NOW);
	ck_assert_int_eq(judge(ASK_SEND, 460, NULL), VERDICT_LOOK_NOW);
	ck_assert_int_eq(judge(ASK_SEND, 404, NULL), VERDICT_ANEW);
	ck_assert_int_eq(judge(ASK_OFFSET, 410, NULL), VERDICT_ANEW);
	ck_assert_int_eq(judge(ASK_JOIN, 404, NULL), VERDICT_LOOK);
}
END_TEST

START_TEST(test_what_fails_at_once)
{
	static const int statuses[] = { 400, 401, 403, 405, 412, 413, 415, 422, 431, 501, 505, 507 };

	for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
		ck_assert_int_eq(judge(ASK_CREATE, statuses[i], NULL), VERDICT_FAIL);
		ck_assert_int_eq(judge(ASK_SEND, statuses[i], NULL), VERDICT_FAIL);
		ck_assert_str_ne(why, "");
	}
	ck_assert_int_eq(judge(ASK_CREATE, 404, NULL), VERDICT_FAIL);
	ck_assert_int_eq(judge(ASK_REMOVE, 403, NULL), VERDICT_FAIL);
	head(507, NULL);
	answer_body(&a, "Full.", 5);
	answer_judge(ASK_CREATE, TRANSPORT_OK, &a, why, sizeof why);
	ck_assert_str_eq(why, "the server has no room for it (507: Full.)");
	head(507, NULL);
	answer_body(&a, "507 Full", 8);
	answer_judge(ASK_CREATE, TRANSPORT_OK, &a, why, sizeof why);
	ck_assert_str_eq(why, "the server has no room for it (507 Full)");
}
END_TEST

START_TEST(test_broken_connections)
{
	answer_reset(&a);
	ck_assert_int_eq(answer_judge(ASK_SEND, TRANSPORT_BROKEN, &a, NULL, 0), VERDICT_LOOK);
	ck_assert_int_eq(answer_judge(ASK_CREATE, TRANSPORT_BROKEN, &a, NULL, 0), VERDICT_AGAIN);
	ck_assert_int_eq(answer_judge(ASK_OFFSET, TRANSPORT_BROKEN, &a, NULL, 0), VERDICT_AGAIN);
	ck_assert_int_eq(answer_judge(ASK_SEND, TRANSPORT_HOPELESS, &a, NULL, 0), VERDICT_FAIL);
}
END_TEST

SUITE_MAIN("answer", test_heads, test_what_is_no_number_is_not_told, test_long_lines_are_passed_over,
	   test_offers, test_retry_after, test_text_is_one_visible_line, test_what_goes_well,
	   test_what_is_no_tus_answer_fails, test_what_is_tried_again, test_what_fails_at_once,
	   test_broken_connections)
