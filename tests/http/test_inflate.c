#include <config.h>
#include <zlib.h>
#include "serve.h"

static void echo(mummy_http_exchange *x, void *ctx)
{
	size_t n;
	const void *body = mummy_http_body(x, &n);

	(void)ctx;
	mummy_http_respond(x, 200, NULL, 0, body, n);
}

static size_t pack(const void *p, size_t n, unsigned char *out, size_t room)
{
	z_stream z = { .next_in = (Bytef *)(uintptr_t)p, .avail_in = (uInt)n, .next_out = out,
		       .avail_out = (uInt)room };

	ck_assert_int_eq(deflateInit2(&z, 9, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
	deflateEnd(&z);
	return room - z.avail_out;
}

static void post(struct serve *s, const char *path, const char *fields, const void *body, size_t n, int status,
		 const void *want, size_t want_n)
{
	char head[512];
	struct heard h;
	int fd = dial(s);

	snprintf(head, sizeof head, "POST %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: %zu\r\n%s\r\n",
		 path, n, fields);
	say(fd, head);
	say_n(fd, body, n);
	hear_answer(fd, &h, 0);
	ck_assert_msg(h.status == status, "%s %s: %d instead of %d", path, fields, h.status, status);
	if (want)
		ck_assert(h.n == want_n && !memcmp(h.body, want, want_n));
	free(h.body);
	close(fd);
}

enum { LIMIT = 100000 };
#define GZIP "Content-Encoding: gzip\r\n"

SERVE_TEST(bodies_are_decoded_within_their_limit)
{
	struct mummy_http_route route = { .handler = echo, .flags = MUMMY_HTTP_INFLATE, .max_body_bytes = LIMIT };
	unsigned char *plain = calloc(1, 2 * LIMIT), packed[4096];
	struct serve s;
	size_t n;

	serve_init(&s, poller, 2);
	s.opt.gzip_level = -1;
	ck_assert_int_eq(mummy_http_router_add(s.router, "POST", "/", &route), 0);
	route.flags |= MUMMY_HTTP_INLINE;
	ck_assert_int_eq(mummy_http_router_add(s.router, "POST", "/inline", &route), 0);
	route.flags = 0;
	ck_assert_int_eq(mummy_http_router_add(s.router, "POST", "/raw", &route), 0);
	serve_start(&s);
	memcpy(plain, "Hello", 5);
	for (int i = 0; i < 2; i++) {
		const char *path = i ? "/inline" : "/";

		n = pack("Hello", 5, packed, sizeof packed);
		post(&s, path, GZIP, packed, n, 200, "Hello", 5);
		post(&s, path, "content-encoding: X-GZIP\r\n", packed, n, 200, "Hello", 5);
		post(&s, path, "Content-Encoding: identity\r\n", "Hello", 5, 200, "Hello", 5);
		post(&s, path, "", "Hello", 5, 200, "Hello", 5);
		post(&s, path, GZIP, "", 0, 200, "", 0);
		post(&s, path, "Content-Encoding: br\r\n", "Hello", 5, 415, NULL, 0);
		post(&s, path, GZIP GZIP, packed, n, 415, NULL, 0);
		/* cut off, spoilt, with junk behind it, and not gzip at all */
		post(&s, path, GZIP, packed, n - 1, 400, NULL, 0);
		post(&s, path, GZIP, packed, 3, 400, NULL, 0);
		packed[n] = 'x';
		post(&s, path, GZIP, packed, n + 1, 400, NULL, 0);
		packed[n - 6] ^= 1;
		post(&s, path, GZIP, packed, n, 400, NULL, 0);
		post(&s, path, GZIP, "Hello", 5, 400, NULL, 0);
		/* two members */
		n = pack("Hel", 3, packed, sizeof packed);
		n += pack("lo", 2, packed + n, sizeof packed - n);
		post(&s, path, GZIP, packed, n, 200, "Hello", 5);
		/* a bomb, and what just fits */
		n = pack(plain, LIMIT, packed, sizeof packed);
		post(&s, path, GZIP, packed, n, 200, plain, LIMIT);
		n = pack(plain, LIMIT + 1, packed, sizeof packed);
		post(&s, path, GZIP, packed, n, 413, NULL, 0);
		n = pack(plain, 2 * LIMIT, packed, sizeof packed);
		post(&s, path, GZIP, packed, n, 413, NULL, 0);
	}
	n = pack("Hello", 5, packed, sizeof packed);
	post(&s, "/raw", GZIP, packed, n, 200, packed, n);
	serve_stop(&s);
	free(plain);
}

SUITE_MAIN("http/inflate", bodies_are_decoded_within_their_limit)
