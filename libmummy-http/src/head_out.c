/* head_out.c - writing the head of an answer. No I/O, no allocation. */
#include <config.h>
#include "internal.h"
#include "scan.h"

enum { FIXED_ROOM = 384 };

static size_t length_of(const char *s, size_t n)
{
	return n ? n : s ? strlen(s) : 0;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

int mhttp_name_is(const char *name, size_t n, const char *want, size_t want_n)
{
	if (n != want_n)
		return 0;
	for (size_t i = 0; i < n; i++)
		if (lower(name[i]) != lower(want[i]))
			return 0;
	return 1;
}
#define NAME_IS(name, n, want) mhttp_name_is((name), (n), want, sizeof want - 1)

/* Octets of a name; 0: it is none. */
static size_t name_length(const struct mummy_http_header *h)
{
	const char *p = h->name;

	if (h->name_len)
		return mhttp_scan_token(p, p + h->name_len) == p + h->name_len ? h->name_len : 0;
	if (!p)
		return 0;
	while (mhttp_is(p[0], MHTTP_TOKEN) && mhttp_is(p[1], MHTTP_TOKEN) && mhttp_is(p[2], MHTTP_TOKEN)
	       && mhttp_is(p[3], MHTTP_TOKEN))
		p += 4;
	while (mhttp_is(*p, MHTTP_TOKEN))
		p++;
	return *p ? 0 : (size_t)(p - h->name);
}

static int is_framing(const char *p, size_t n)
{
	switch (n) {
	case 10:
		return NAME_IS(p, n, "keep-alive");
	case 14:
		return NAME_IS(p, n, "content-length");
	case 17:
		return NAME_IS(p, n, "transfer-encoding");
	default:
		return 0;
	}
}

int mhttp_fields_measure(struct mhttp_reply *r)
{
	struct mhttp_line_size *size = r->sizes;
	size_t room = 1;
	uint64_t lengths = 0;

	for (const struct mummy_http_header *h = r->h, *end = h + r->nh; h < end; h++) {
		size_t n = name_length(h), value_n = length_of(h->value, h->value_len);

		if (n == 0 || is_framing(h->name, n) || !mhttp_is_value(h->value, value_n))
			return 0;
		room += n + value_n + 6;
		lengths |= UINT64_C(1) << n % 64;
		if (size)
			*size++ = (struct mhttp_line_size){ n, value_n };
	}
	r->room = room;
	r->lengths = lengths;
	return 1;
}

int mhttp_fields_ok(const struct mummy_http_header *h, size_t nh)
{
	struct mhttp_reply r = { .h = h, .nh = nh };

	return mhttp_fields_measure(&r);
}

/* Without looking for the end of a name that is another. */
static int header_is(const struct mummy_http_header *h, const char *want, size_t n)
{
	if (h->name_len)
		return mhttp_name_is(h->name, h->name_len, want, n);
	for (size_t i = 0; i < n; i++)
		if (lower(h->name[i]) != lower(want[i]))
			return 0;
	return !h->name[n];
}

struct mummy_http_span mhttp_answer_search(const mummy_http_exchange *x, const struct mhttp_reply *r,
					   const char *name, size_t n)
{
	struct mummy_http_span none = { NULL, 0 };
	const char *p = x->extra.p, *end = p + x->extra.n;

	for (size_t i = 0; i < r->nh; i++)
		if (header_is(&r->h[i], name, n))
			return (struct mummy_http_span){ r->h[i].value,
							 length_of(r->h[i].value, r->h[i].value_len) };
	while (p < end) {
		const char *eol = memchr(p, '\r', (size_t)(end - p));

		if ((size_t)(eol - p) > n + 1 && p[n] == ':' && mhttp_name_is(p, n, name, n))
			return (struct mummy_http_span){ p + n + 2, (size_t)(eol - p - (ptrdiff_t)n - 2) };
		p = eol + 2;
	}
	return none;
}

size_t mhttp_fields_room(const struct mummy_http_header *h, size_t nh)
{
	size_t room = 0;

	for (size_t i = 0; i < nh; i++)
		room += length_of(h[i].name, h[i].name_len) + length_of(h[i].value, h[i].value_len) + 6;
	return room;
}

size_t mhttp_head_room(const mummy_http_exchange *x, const struct mhttp_reply *r)
{
	size_t room = r->room ? r->room : mhttp_fields_room(r->h, r->nh);

	return FIXED_ROOM + room + 2 * x->extra.n;
}

/* Most names and values are of a length that two words hold. */
static inline char *put(char *p, const char *s, size_t n)
{
	if (n >= 8 && n <= 16) {
		uint64_t first = mhttp_word8(s), last = mhttp_word8(s + n - 8);

		memcpy(p, &first, 8);
		memcpy(p + n - 8, &last, 8);
	} else if (n) {
		memcpy(p, s, n);
	}
	return p + n;
}
#define PUT(p, text) ((char *)memcpy((p), text, sizeof text - 1) + (sizeof text - 1))

char *mhttp_put_number(char *p, uint64_t v)
{
	size_t n = 1;

	for (uint64_t rest = v; rest >= 10; rest /= 10)
		n++;
	for (size_t i = n; i; v /= 10)
		p[--i] = (char)('0' + v % 10);
	return p + n;
}

static char *put_field(char *p, const char *name, size_t n, const char *value, size_t value_n)
{
	p = put(p, name, n);
	p = PUT(p, ": ");
	p = put(p, value, value_n);
	return PUT(p, "\r\n");
}

/* n 0: up to the NUL. */
static char *put_string(char *p, const char *s, size_t n)
{
	if (n)
		return put(p, s, n);
	return s ? stpcpy(p, s) : p;
}

char *mhttp_fields_write(char *p, const struct mummy_http_header *h, size_t nh)
{
	for (size_t i = 0; i < nh; i++) {
		p = put_string(p, h[i].name, h[i].name_len);
		p = PUT(p, ": ");
		p = put_string(p, h[i].value, h[i].value_len);
		p = PUT(p, "\r\n");
	}
	return p;
}

static inline char *put_lines(char *p, const struct mhttp_reply *r)
{
	if (!r->sizes)
		return mhttp_fields_write(p, r->h, r->nh);
	for (size_t i = 0; i < r->nh; i++) {
		p = put(p, r->h[i].name, r->sizes[i].name);
		p = PUT(p, ": ");
		p = put(p, r->h[i].value, r->sizes[i].value);
		p = PUT(p, "\r\n");
	}
	return p;
}

/* The octets that a compressed answer sends are not those that its strong ETag names, nor those that ranges
 * would count. */
static char *put_coded_field(char *p, const char *name, size_t n, const char *value, size_t value_n)
{
	if (NAME_IS(name, n, "accept-ranges"))
		return p;
	if (!NAME_IS(name, n, "etag") || value_n == 0 || value[0] != '"')
		return put_field(p, name, n, value, value_n);
	p = put(p, name, n);
	p = PUT(p, ": W/");
	p = put(p, value, value_n);
	return PUT(p, "\r\n");
}

static char *put_coded_fields(char *p, const mummy_http_exchange *x, const struct mhttp_reply *r)
{
	const char *line = x->extra.p, *end = line + x->extra.n;

	for (size_t i = 0; i < r->nh; i++)
		p = put_coded_field(p, r->h[i].name, length_of(r->h[i].name, r->h[i].name_len), r->h[i].value,
				    length_of(r->h[i].value, r->h[i].value_len));
	while (line < end) {
		const char *colon = memchr(line, ':', (size_t)(end - line));
		const char *eol = memchr(colon, '\r', (size_t)(end - colon));

		p = put_coded_field(p, line, (size_t)(colon - line), colon + 2, (size_t)(eol - colon - 2));
		line = eol + 2;
	}
	return PUT(p, "Content-Encoding: gzip\r\n");
}

static char *put_framing(char *p, const mummy_http_exchange *x, const struct mhttp_reply *r)
{
	if (r->status < 200 || r->status == 204 || r->status == 304)
		return p;
	if (r->chunked)
		return PUT(p, "Transfer-Encoding: chunked\r\n");
	if (r->len == MUMMY_HTTP_UNKNOWN || (x->is_head && r->gzip))
		return p;
	p = PUT(p, "Content-Length: ");
	p = mhttp_put_number(p, r->len);
	return PUT(p, "\r\n");
}

static char *put_connection(char *p, const mummy_http_exchange *x, const struct mhttp_reply *r)
{
	if (r->status == 101)
		return mhttp_answer_field(x, r, "connection").p ? p : PUT(p, "Connection: Upgrade\r\n");
	if (r->close)
		return PUT(p, "Connection: close\r\n");
	return x->head.minor_version == 0 ? PUT(p, "Connection: keep-alive\r\n") : p;
}

char *mhttp_status_line(char *p, int status)
{
	const char *reason = mhttp_reason(status);

	p = PUT(p, "HTTP/1.1 ");
	p = mhttp_put_number(p, (uint64_t)status);
	*p++ = ' ';
	p = put(p, reason, strlen(reason));
	return PUT(p, "\r\n");
}

/* Status line and date. */
static inline char *put_begin(mummy_http_exchange *x, const struct mhttp_reply *r, char *p)
{
	int dated = mhttp_answer_field(x, r, "date").p != NULL;

	/* inline is on the loop */
	if (!dated && r->status == 200 && x->is_inline)
		return (char *)memcpy(p, mhttp_loop_begin(x->loop), MHTTP_BEGIN_BYTES) + MHTTP_BEGIN_BYTES;
	p = mhttp_status_line(p, r->status);
	if (dated)
		return p;
	p = PUT(p, "Date: ");
	mhttp_date_now(&x->loop->server->date, p);
	return PUT(p + 29, "\r\n");
}

size_t mhttp_head_write(mummy_http_exchange *x, const struct mhttp_reply *r, char *out)
{
	char *p = put_begin(x, r, out);

	if (r->type)
		p = put_field(p, "Content-Type", 12, r->type, strlen(r->type));
	if (r->gzip) {
		p = put_coded_fields(p, x, r);
	} else {
		p = put_lines(p, r);
		p = put(p, x->extra.p, x->extra.n);
	}
	if (r->vary)
		p = PUT(p, "Vary: Accept-Encoding\r\n");
	p = put_framing(p, x, r);
	p = put_connection(p, x, r);
	p = PUT(p, "\r\n");
	return (size_t)(p - out);
}
