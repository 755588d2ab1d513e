#include <config.h>
#include "suite.h"
#include <string.h>
#include "parse.h"

static struct mummy_http_span span(const char *text)
{
	struct mummy_http_span s = {text, strlen(text)};

	return s;
}

START_TEST(names_are_compared_in_any_case)
{
	ck_assert(MHTTP_SAME(span("Chunked"), "chunked"));
	ck_assert(MHTTP_SAME(span("100-CONTINUE"), "100-continue"));
	ck_assert(!MHTTP_SAME(span("chunke"), "chunked"));
	ck_assert(!MHTTP_SAME(span("chunkedx"), "chunked"));
	/* no other octets that differ by the same bit */
	ck_assert(!MHTTP_SAME(span("keep\rAlive"), "keep-alive"));
	ck_assert(!MHTTP_SAME(span("@"), "`"));
	ck_assert(MHTTP_SAME(span(""), ""));
}
END_TEST

/* Notes a field and remembers it, as the parser does. */
static int note(struct mummy_http_head *h, enum mummy_http_slot slot, const char *value)
{
	int status = mhttp_note_field(h, slot, span(value));

	h->fields[h->nfields].value = span(value);
	h->fields[h->nfields].name = span("x");
	if (!h->slots[slot])
		h->slots[slot] = (uint16_t)(h->nfields + 1);
	h->nfields++;
	return status;
}

START_TEST(an_error_does_not_depend_on_the_order)
{
	struct mummy_http_field fields[4];

	for (int order = 0; order < 2; order++) {
		struct mummy_http_head h = {.fields = fields, .max_fields = 4, .minor_version = 1};

		ck_assert_int_eq(note(&h, MUMMY_HTTP_SLOT_HOST, "a"), 0);
		for (int i = 0; i < 2; i++)
			ck_assert_int_eq(i == order ? note(&h, MUMMY_HTTP_SLOT_CONTENT_LENGTH, "5")
						    : note(&h, MUMMY_HTTP_SLOT_TRANSFER_ENCODING, "chunked"),
					 0);
		ck_assert_int_eq(mhttp_frame_request(&h), 400);
	}
}
END_TEST

START_TEST(lengths_are_kept)
{
	struct mummy_http_field fields[4];
	struct mummy_http_head h = {.fields = fields, .max_fields = 4, .minor_version = 1};

	ck_assert_int_eq(note(&h, MUMMY_HTTP_SLOT_HOST, "a"), 0);
	ck_assert_int_eq(note(&h, MUMMY_HTTP_SLOT_CONTENT_LENGTH, "9223372036854775807"), 0);
	ck_assert_int_eq(note(&h, MUMMY_HTTP_SLOT_CONTENT_LENGTH, "09223372036854775807"), 0);
	ck_assert_int_eq(mhttp_frame_request(&h), 0);
	ck_assert_int_eq(h.framing, MUMMY_HTTP_LENGTH);
	ck_assert_uint_eq(h.content_length, INT64_MAX);
	ck_assert_int_eq(note(&h, MUMMY_HTTP_SLOT_CONTENT_LENGTH, "9223372036854775808"), 400);
}
END_TEST

SUITE_MAIN("http/framing", names_are_compared_in_any_case, an_error_does_not_depend_on_the_order,
	   lengths_are_kept)
