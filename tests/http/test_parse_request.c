#include <config.h>
#include "suite.h"
#include "heads.h"
#include <errno.h>
#include <mummy/http-parser.h>
#include "parse.h"
#include "scanner.h"

#define MAX_FIELDS HEADS_FIELDS
#define MAX_LINE HEADS_LINE
#define MAX_HEAD HEADS_HEAD

/* The variant under test: each that runs here has its turn. */
static const struct mhttp_scanner *scanner;

struct parsed {
	struct mummy_http_head h;
	struct mummy_http_field fields[MAX_FIELDS];
	char *buffer;
	int rc;
};

static void start(struct parsed *t)
{
	if (!scanner)
		scanner = mhttp_scanner();
	memset(t, 0, sizeof *t);
	t->h.fields = t->fields;
	t->h.max_fields = MAX_FIELDS;
	t->h.max_line_bytes = MAX_LINE;
	t->h.max_head_bytes = MAX_HEAD;
}

/* Offers n octets in a new place. */
static void offer(struct parsed *t, const char *p, size_t n)
{
	char *copy = split_copy(p, n);

	t->rc = mhttp_parse_request(scanner, &t->h, copy, n);
	free(t->buffer);
	t->buffer = copy;
}

static void finish(struct parsed *t)
{
	free(t->buffer);
}

static void assert_same(const struct mummy_http_span a, const struct mummy_http_span b, const char *head)
{
	ck_assert_msg(!a.p == !b.p && a.n == b.n && (a.n == 0 || !memcmp(a.p, b.p, a.n)),
		      "another span when split: %s", head);
}

static void assert_equal(const struct parsed *a, const struct parsed *b, const char *head)
{
	ck_assert_msg(a->rc == b->rc, "%d, but split %d: %s", a->rc, b->rc, head);
	ck_assert_msg(a->h.status == b->h.status, "%d, but split %d: %s", a->h.status, b->h.status, head);
	if (a->rc <= 0)
		return;
	assert_same(a->h.method, b->h.method, head);
	assert_same(a->h.target, b->h.target, head);
	assert_same(a->h.path, b->h.path, head);
	assert_same(a->h.query, b->h.query, head);
	assert_same(a->h.authority, b->h.authority, head);
	ck_assert_uint_eq(a->h.nfields, b->h.nfields);
	for (size_t i = 0; i < a->h.nfields; i++) {
		assert_same(a->fields[i].name, b->fields[i].name, head);
		assert_same(a->fields[i].value, b->fields[i].value, head);
	}
	ck_assert_mem_eq(a->h.slots, b->h.slots, sizeof a->h.slots);
	ck_assert_int_eq(a->h.framing, b->h.framing);
	ck_assert_uint_eq(a->h.content_length, b->h.content_length);
	ck_assert_int_eq(a->h.keep_alive, b->h.keep_alive);
	ck_assert_int_eq(a->h.expect_continue, b->h.expect_continue);
	ck_assert_int_eq(a->h.minor_version, b->h.minor_version);
}

/* Parses whole, then in every two pieces and octet by octet: all must agree. The whole result is kept. */
static void parse_all_ways(struct parsed *whole, const char *p, size_t n)
{
	struct parsed t;

	start(whole);
	offer(whole, p, n);
	for (size_t at = 0; at <= n; at++) {
		start(&t);
		offer(&t, p, at);
		ck_assert_msg(whole->rc <= 0 || at >= (size_t)whole->rc || t.rc == 0,
			      "%d too early at %zu: %s", t.rc, at, p);
		if (t.rc == 0)
			offer(&t, p, n);
		assert_equal(whole, &t, p);
		finish(&t);
	}
	start(&t);
	for (size_t at = 0; at <= n && t.rc == 0; at++)
		offer(&t, p, at);
	if (whole->rc > 0) {
		ck_assert_int_eq(t.rc, whole->rc);
		assert_equal(whole, &t, p);
	} else {
		ck_assert_msg(t.rc == whole->rc && t.h.status == whole->h.status, "octet by octet %d %d: %s",
			      t.rc, t.h.status, p);
	}
	finish(&t);
}

static void refuse_all(void)
{
	for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
		struct parsed t;

		parse_all_ways(&t, refused[i].head.p, refused[i].head.n);
		ck_assert_msg(t.rc < 0 && t.h.status == refused[i].status, "case %zu: %d, status %d: %s", i,
			      t.rc, t.h.status, refused[i].head.p);
		ck_assert_int_eq(t.rc, t.h.status == 414 || t.h.status == 431 ? -EMSGSIZE : -EBADMSG);
		finish(&t);
	}
}

START_TEST(what_parsers_could_read_differently_is_refused)
{
	for (unsigned i = 0; (scanner = mhttp_scanner_at(i)); i++)
		refuse_all();
}
END_TEST

static void assert_span(struct mummy_http_span s, const char *text, const char *head)
{
	if (!text)
		ck_assert_msg(!s.p, "not absent: %s", head);
	else
		ck_assert_msg(s.p && s.n == strlen(text) && !memcmp(s.p, text, s.n), "%.*s: %s", (int)s.n,
			      s.p, head);
}

static void accept_all(void)
{
	for (size_t i = 0; i < sizeof accepted / sizeof accepted[0]; i++) {
		const struct accepted *want = &accepted[i];
		size_t n = strlen(want->head);
		char more[MAX_HEAD];
		struct parsed t;

		/* what follows is not looked at */
		snprintf(more, sizeof more, "%s%s", want->head, "\nrest");
		parse_all_ways(&t, more, n + 5);
		ck_assert_msg(t.rc == (int)n, "%d, status %d: %s", t.rc, t.h.status, want->head);
		assert_span(t.h.method, want->method, want->head);
		assert_span(t.h.path, want->path, want->head);
		assert_span(t.h.query, want->query, want->head);
		assert_span(t.h.authority, want->authority, want->head);
		ck_assert_int_eq(t.h.minor_version, want->minor);
		ck_assert_msg(t.h.keep_alive == want->keep_alive, "keep-alive: %s", want->head);
		ck_assert_int_eq(t.h.framing, want->framing);
		ck_assert_uint_eq(t.h.content_length, (unsigned)want->length);
		ck_assert_int_eq(t.h.expect_continue, want->expect);
		finish(&t);
	}
}

START_TEST(what_is_well_formed_is_accepted)
{
	for (unsigned i = 0; (scanner = mhttp_scanner_at(i)); i++)
		accept_all();
}
END_TEST

START_TEST(limits_are_exact)
{
	const char *head = "GET /" LONG_16 " HTTP/1.1\r\n" H "A: b\r\n\r\n";
	size_t line = strlen("GET /" LONG_16 " HTTP/1.1"), n = strlen(head);

	for (int less = 0; less < 4; less++) {
		struct parsed t;

		start(&t);
		t.h.max_line_bytes = line - (less == 1);
		t.h.max_head_bytes = n - (less == 2);
		t.h.max_fields = (size_t)(2 - (less == 3));
		offer(&t, head, n);
		ck_assert_int_eq(t.rc, less ? -EMSGSIZE : (int)n);
		ck_assert_int_eq(t.h.status, less == 0 ? 0 : less == 1 ? 414 : 431);
		finish(&t);
	}
}
END_TEST

START_TEST(zero_limits_mean_8_KiB_lines_and_32_KiB_heads)
{
	struct parsed t;
	char *head = malloc(40000);

	ck_assert_ptr_nonnull(head);
	for (int more = 0; more < 2; more++) {
		start(&t);
		t.h.max_line_bytes = t.h.max_head_bytes = 0;
		memset(head, 'a', 40000);
		memcpy(head, "GET /", 5);
		memcpy(head + 8192 - 9 + more, " HTTP/1.1\r\n" H "\r\n", 22);
		offer(&t, head, (size_t)(8192 + 13 + more));
		ck_assert_int_eq(t.h.status, more ? 414 : 0);
		finish(&t);

		start(&t);
		t.h.max_line_bytes = t.h.max_head_bytes = 0;
		memset(head, 'a', 40000);
		memcpy(head, "GET / HTTP/1.1\r\n" H "A: ", 28);
		memcpy(head + 32768 - 4 + more, "\r\n\r\n", 4);
		offer(&t, head, (size_t)(32768 + more));
		ck_assert_int_eq(t.h.status, more ? 431 : 0);
		finish(&t);
	}
	free(head);
}
END_TEST

START_TEST(slots_hold_the_first_of_their_fields)
{
	static const char head[] =
	    "GET / HTTP/1.1\r\nHost: a\r\nX: y\r\nConnection: b\r\nContent-Length: 1\r\nContent-Type: c\r\n"
	    "Content-Encoding: d\r\nExpect: e\r\nUpgrade: f\r\nAccept-Encoding: g\r\nRange: h\r\nIf-Range: "
	    "i\r\n"
	    "If-Match: j\r\nIf-None-Match: k\r\nIf-Modified-Since: l\r\nIf-Unmodified-Since: m\r\n"
	    "RANGE: n\r\nif-unmodified-sinc_: o\r\nHos\x14: p\r\n\r\n";
	static const char good[] = "Hosd: p\r\n\r\n";
	static const unsigned char want[MUMMY_HTTP_SLOTS] = {1, 3,  4,  5,  6,  0,  7, 8,
							     9, 10, 11, 12, 13, 14, 15};
	char text[sizeof head];
	struct mummy_http_field fields[20];
	struct parsed t;

	start(&t);
	t.h.fields = fields;
	t.h.max_fields = 20;
	offer(&t, head, sizeof head - 1);
	ck_assert_int_eq(t.h.status, 400);
	finish(&t);

	start(&t);
	t.h.fields = fields;
	t.h.max_fields = 20;
	memcpy(text, head, sizeof head);
	memcpy(text + sizeof head - sizeof good, good, sizeof good);
	offer(&t, text, sizeof head - 1);
	ck_assert_int_eq(t.rc, (int)sizeof head - 1);
	ck_assert_uint_eq(t.h.nfields, 18);
	for (int i = 0; i < MUMMY_HTTP_SLOTS; i++)
		ck_assert_uint_eq(t.h.slots[i], want[i]);
	finish(&t);
}
END_TEST

START_TEST(a_struct_is_ready_for_the_next_head)
{
	static const char two[] = "POST / HTTP/1.0\r\nContent-Length: 0\r\n\r\nGET /b HTTP/1.1\r\n" H "\r\n";
	struct parsed t;
	int first;

	start(&t);
	offer(&t, two, sizeof two - 1);
	first = t.rc;
	ck_assert_int_gt(first, 0);
	offer(&t, two + first, sizeof two - 1 - (size_t)first);
	ck_assert_int_eq(t.rc, (int)sizeof two - 1 - first);
	ck_assert_int_eq(t.h.framing, MUMMY_HTTP_NO_BODY);
	ck_assert_uint_eq(t.h.slots[MUMMY_HTTP_SLOT_CONTENT_LENGTH], 0);
	ck_assert_uint_eq(t.h.nfields, 1);
	assert_span(t.h.path, "/b", two);
	finish(&t);
}
END_TEST

SUITE_MAIN("http/parse_request", what_parsers_could_read_differently_is_refused,
	   what_is_well_formed_is_accepted, limits_are_exact, zero_limits_mean_8_KiB_lines_and_32_KiB_heads,
	   slots_hold_the_first_of_their_fields, a_struct_is_ready_for_the_next_head)
