#include <config.h>
#include "suite.h"
#include "split.h"
#include <errno.h>
#include "parse.h"
#include "scanner.h"

#define LINE "GET / HTTP/1.1\r\nHost: a\r\n"
enum { ROOM = 512, FIELDS = 8 };

struct outcome {
	struct mummy_http_head h;
	struct mummy_http_field fields[FIELDS];
	int rc;
};

static void run(struct outcome *o, const struct mhttp_scanner *s, const char *p, size_t n)
{
	memset(o, 0, sizeof *o);
	o->h.fields = o->fields;
	o->h.max_fields = FIELDS;
	o->rc = mhttp_parse_request(s, &o->h, p, n);
}

/* As the portable variant has it, with the octets at the end of an allocation and at its start. */
static void check_same(const char *p, size_t n)
{
	char *copy = split_copy(p, n);
	struct outcome want, got;

	run(&want, &mhttp_scanner_portable, copy, n);
	for (unsigned i = 0; mhttp_scanner_at(i); i++) {
		const struct mhttp_scanner *s = mhttp_scanner_at(i);

		run(&got, s, copy, n);
		ck_assert_msg(got.rc == want.rc && got.h.status == want.h.status &&
				      got.h.nfields == want.h.nfields,
			      "%s: %d %d: %.*s", s->name, got.rc, want.rc, (int)n, p);
		ck_assert(!memcmp(got.fields, want.fields, sizeof got.fields));
		ck_assert(!memcmp(got.h.slots, want.h.slots, sizeof got.h.slots));
		ck_assert(!memcmp(got.h.opaque, want.h.opaque, sizeof got.h.opaque));
	}
	free(copy);
}

/* Every octet at every place of a name and of a value that cross the ends of blocks. */
START_TEST(every_octet_counts_the_same_in_every_variant)
{
	for (size_t length = 1; length < 140; length += 23)
		for (size_t at = 0; at < length; at++)
			for (int c = 0; c < 256; c++) {
				char text[ROOM];
				int n = snprintf(text, sizeof text, LINE "%.*s", 0, "");

				memset(text + n, 'x', length);
				memcpy(text + n + length / 2, ": ", 2);
				text[(size_t)n + at] = (char)c;
				memcpy(text + (size_t)n + length + 2, "\r\n\r\nmore", 9);
				check_same(text, (size_t)n + length + 6);
			}
}
END_TEST

/* Blank space before and behind values, at every place of a block, cut off anywhere. */
START_TEST(blanks_and_ends_are_found_at_every_place)
{
	for (size_t before = 0; before < 70; before++)
		for (unsigned blanks = 0; blanks < 4; blanks++) {
			char text[ROOM], name[80];
			int n;

			memset(name, 'n', sizeof name);
			n = snprintf(text, sizeof text, LINE "%.*s:%.*sv%.*s\r\nb:\r\nc: d e\r\n\r\n",
				     (int)before + 1, name, (int)blanks, " \t ", (int)blanks, "\t \t");
			for (int cut = (int)sizeof LINE - 1; cut <= n; cut++)
				check_same(text, (size_t)cut);
		}
}
END_TEST

START_TEST(targets_end_at_the_same_octet)
{
	for (size_t n = 0; n < 100; n++)
		for (size_t at = 0; at < n; at++)
			for (int c = 0; c < 256; c += at % 7 ? 5 : 1) {
				char text[100], *copy;
				const char *want;
				int plain;

				memset(text, 'a', sizeof text);
				text[at] = (char)c;
				text[99 - at] = ' ';
				copy = split_copy(text, n);
				want = mhttp_scanner_portable.target(copy, copy + n, &plain);
				for (unsigned i = 0; mhttp_scanner_at(i); i++) {
					ck_assert_ptr_eq(mhttp_scanner_at(i)->target(copy, copy + n, &plain), want);
					ck_assert(!plain || !((c == '?' || c == '#') && want > copy + at));
				}
				free(copy);
			}
}
END_TEST

START_TEST(the_portable_variant_is_the_last)
{
	unsigned n = 0;

	ck_assert_ptr_eq(mhttp_scanner_at(0), mhttp_scanner());
	while (mhttp_scanner_at(n))
		n++;
	ck_assert_ptr_eq(mhttp_scanner_at(n - 1), &mhttp_scanner_portable);
}
END_TEST

SUITE_MAIN("http/scanner", every_octet_counts_the_same_in_every_variant,
	   blanks_and_ends_are_found_at_every_place, targets_end_at_the_same_octet,
	   the_portable_variant_is_the_last)
