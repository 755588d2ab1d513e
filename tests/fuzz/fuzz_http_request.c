/*
 * A request head gives the same whole and in pieces of any size, and its spans lie inside of it. A
 * response head too. What is read by bitmaps is read as without them.
 */
#include <config.h>
#include "fuzz.h"
#include <mummy/http-parser.h>
#include "parse.h"
#include "scanner.h"

#define H "Host: a\r\n"

const struct fuzz_seed fuzz_seeds[] = {
    FUZZ_SEED("\001GET / HTTP/1.1\r\n" H "\r\n"),
    FUZZ_SEED("\002GET /a/b?c=%20 HTTP/1.0\r\nConnection: keep-alive\r\nX: \ty \r\n\r\n"),
    FUZZ_SEED("\003POST http://[::1]:80/ HTTP/1.1\r\n" H
	      "Content-Length: 12\r\nExpect: 100-continue\r\n\r\n"),
    FUZZ_SEED("\007PUT /x HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\nIf-None-Match: \"a\"\r\n\r\n"),
    FUZZ_SEED("\005\r\nOPTIONS * HTTP/1.1\r\n" H "Accept-Encoding: gzip;q=0\r\nRange: bytes=0-\r\n\r\n"),
    FUZZ_SEED("\010GET / HTTP/1.1\r\nUser-Agent: a name that is longer than a block of sixty-four octets, by far\r\n"
	      "Cookie: \ta=b; c=d \r\n" H "An-Extremely-Long-Name-That-Crosses-The-End-Of-A-Block: x\r\n\r\n"),
    FUZZ_SEED("\011HTTP/1.1 200 OK\r\nContent-Length: 5\r\nServer: x\r\n\r\n"),
    FUZZ_SEED("\013HTTP/1.0 304 \r\nTransfer-Encoding: chunked\r\n\r\n"),
    {NULL, 0},
};

enum { MAX_FIELDS = 6, MAX_LINE = 64, MAX_HEAD = 260 };

typedef int parse_fn(struct mummy_http_head *h, const char *p, size_t n);

static int parse_portably(struct mummy_http_head *h, const char *p, size_t n)
{
	return mhttp_parse_request(&mhttp_scanner_portable, h, p, n);
}

static int parse_last_but_portable(struct mummy_http_head *h, const char *p, size_t n)
{
	return mhttp_parse_request(mhttp_scanner_at(mhttp_scanner_at(1) ? 1 : 0), h, p, n);
}

static int parse_response(struct mummy_http_head *h, const char *p, size_t n)
{
	return mummy_http_parse_response(h, p, n, "GET");
}

static void check_span(struct mummy_http_span s, const char *p, int n)
{
	FUZZ_CHECK(!s.p || (s.p >= p && s.p + s.n <= p + n));
}

static void check_head(const struct mummy_http_head *h, const char *p, int n)
{
	check_span(h->method, p, n);
	check_span(h->target, p, n);
	check_span(h->path, p, n);
	check_span(h->query, p, n);
	check_span(h->authority, p, n);
	check_span(h->reason, p, n);
	FUZZ_CHECK(h->nfields <= MAX_FIELDS && n <= MAX_HEAD);
	for (size_t i = 0; i < h->nfields; i++) {
		check_span(h->fields[i].name, p, n);
		check_span(h->fields[i].value, p, n);
		FUZZ_CHECK(h->fields[i].name.n && !memchr(h->fields[i].value.p, '\0', h->fields[i].value.n));
	}
	for (int i = 0; i < MUMMY_HTTP_SLOTS; i++)
		FUZZ_CHECK(h->slots[i] <= h->nfields);
}

static void check_same(parse_fn *parse, parse_fn *parse_pieces, const uint8_t *data, size_t size, size_t piece)
{
	struct mummy_http_field a_fields[MAX_FIELDS], b_fields[MAX_FIELDS];
	struct mummy_http_head a = {.fields = a_fields, .max_fields = MAX_FIELDS, .max_line_bytes = MAX_LINE,
				    .max_head_bytes = MAX_HEAD}, b = a;
	char *whole = fuzz_copy(data, size);
	int want = parse(&a, whole, size), got = 0;

	if (want > 0)
		check_head(&a, whole, want);
	b.fields = b_fields;
	for (size_t have = 0; got == 0; have = size - have < piece ? size : have + piece) {
		char *part = fuzz_copy(data, have);

		got = parse_pieces(&b, part, have);
		if (got > 0) {
			FUZZ_CHECK(got == want && a.nfields == b.nfields && a.framing == b.framing);
			check_head(&b, part, got);
			FUZZ_CHECK(a.content_length == b.content_length && a.keep_alive == b.keep_alive);
			FUZZ_CHECK(!memcmp(a.slots, b.slots, sizeof a.slots));
			FUZZ_CHECK(!a.path.p || a.path.p - whole == b.path.p - part);
		}
		free(part);
		if (have == size)
			break;
	}
	/* an error in a line that has not ended may be seen only when the line is whole */
	FUZZ_CHECK(want > 0 ? got == want : want == 0 ? got == 0 : got <= 0);
	free(whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	check_same(mummy_http_parse_request, parse_portably, data + 1, size - 1, data[0] % 16 + 1);
	check_same(parse_portably, mummy_http_parse_request, data + 1, size - 1, data[0] % 16 + 1);
	check_same(parse_portably, parse_last_but_portable, data + 1, size - 1, data[0] % 16 + 1);
	check_same(parse_response, parse_response, data + 1, size - 1, data[0] % 16 + 1);
	return 0;
}
