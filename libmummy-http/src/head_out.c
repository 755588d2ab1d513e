/* head_out.c - writing the head of an answer. No I/O, no allocation. */
#include <config.h>
#include "head_lines.h"

enum { FIXED_ROOM = 384 };

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

int mhttp_fields_measure(struct mhttp_reply *r)
{
	r->room = measure_lines(r->h, r->nh, r->sizes, &r->lengths);
	return r->room != 0;
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
		p = r->sizes ? put_lines(p, r->h, r->nh, r->sizes) : mhttp_fields_write(p, r->h, r->nh);
		p = put(p, x->extra.p, x->extra.n);
	}
	if (r->vary)
		p = PUT(p, "Vary: Accept-Encoding\r\n");
	p = put_framing(p, x, r);
	p = put_connection(p, x, r);
	p = PUT(p, "\r\n");
	return (size_t)(p - out);
}
