/*
 * diag.c - /diag/: what probes and benchmarks need. The streamed echo has a file of its own.
 */
#include <config.h>
#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <mummy/pool.h>
#include "diag.h"
#include "diag-echo.h"
#include "query.h"

#define MAX_SLEEP_MS 60000u
#define MAX_TEXT_BYTES (64u << 20)
#define MAX_STREAM_BYTES (UINT64_C(1) << 42)
#define BLOCK_BYTES 65536u
#define PIECES 4                           /* blocks in one write */
#define TURN_BYTES (4u << 20)              /* then the other connections of the loop have their turn */
#define RECORD_BYTES 128u
#define RECORDS 512u

struct diag {
	unsigned char block[BLOCK_BYTES];  /* octet i is i modulo 256 */
	char records[RECORDS][RECORD_BYTES];
};

static int plain(mummy_http_exchange *x, int status, const char *text)
{
	static const struct mummy_http_header h[] = { MUMMY_HTTP_HEADER("Content-Type", "text/plain") };

	return mummy_http_respond(x, status, h, 1, text, strlen(text));
}

static void hello(mummy_http_exchange *x, void *ctx)
{
	(void)ctx;
	plain(x, 200, "Hello, World!");
}

static void empty(mummy_http_exchange *x, void *ctx)
{
	(void)ctx;
	mummy_http_respond(x, 204, NULL, 0, NULL, 0);
}

static void block(unsigned ms)
{
	struct timespec left = { .tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000 };

	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
}

static void pause_for(mummy_http_exchange *x, void (*pause)(unsigned ms))
{
	uint64_t ms;

	if (query_number(x, "ms", &ms, MAX_SLEEP_MS) < 0) {
		plain(x, 400, "ms must be a number from 0 to 60000\n");
		return;
	}
	pause((unsigned)ms);
	plain(x, 200, "Hello, World!");
}

/* On a fiber it parks. */
static void nap(mummy_http_exchange *x, void *ctx)
{
	(void)ctx;
	pause_for(x, mummy_task_sleep);
}

static void hold(mummy_http_exchange *x, void *ctx)
{
	(void)ctx;
	pause_for(x, block);
}

/* ---- /diag/text: a JSON array of exactly so many octets -------------------------------------------- */

static void fill_text(const struct diag *d, char *out, size_t n)
{
	size_t at = 1;

	memset(out, ' ', n);
	if (n == 1)
		out[0] = '1';
	if (n < 2)
		return;
	for (size_t i = 0; n - 1 - at >= RECORD_BYTES; i++, at += RECORD_BYTES)
		memcpy(out + at, d->records[i % RECORDS], RECORD_BYTES);
	if (at > 1)
		out[at - 2] = ' ';         /* no comma after the last one */
	out[0] = '[';
	out[n - 1] = ']';
}

static void text(mummy_http_exchange *x, void *ctx)
{
	static const struct mummy_http_header h[] = { MUMMY_HTTP_HEADER("Content-Type", "application/json") };
	uint64_t n;
	char *body;

	if (query_number(x, "bytes", &n, MAX_TEXT_BYTES) < 0) {
		plain(x, 400, "bytes must be a number from 0 to 67108864\n");
		return;
	}
	body = malloc(n ? n : 1);
	if (!body) {
		plain(x, 503, "out of memory\n");
		return;
	}
	fill_text(ctx, body, n);
	mummy_http_respond_taken(x, 200, h, 1, body, n, free, body);
}

/* ---- /diag/bytes: a stream that never leaves its loop, so nothing here is locked ------------------- */

struct bytes {
	const struct diag *diag;
	mummy_http_stream *st;
	uint64_t left;
	int busy;                  /* a turn runs or is posted */
	int over;                  /* closed was called; the later of the two ends frees */
};

static void nothing_to_free(void *arg)
{
	(void)arg;
}

static void bytes_free(struct bytes *b)
{
	mummy_http_stream_unref(b->st);
	free(b);
}

/* The next piece, in place. Returns as mummy_http_stream_writev. */
static int bytes_write(struct bytes *b, size_t *sent)
{
	struct iovec iov[PIECES];
	size_t total = 0;
	int n = 0;

	while (n < PIECES && total < b->left) {
		size_t len = b->left - total < BLOCK_BYTES ? (size_t)(b->left - total) : BLOCK_BYTES;

		iov[n].iov_base = (void *)(uintptr_t)b->diag->block;
		iov[n++].iov_len = len;
		total += len;
	}
	b->left -= total;
	*sent = total;
	return mummy_http_stream_writev(b->st, iov, n, nothing_to_free, NULL);
}

static void bytes_turn(void *arg);

/* Writes until the client has enough for now. 1: another turn is posted; 0: none. */
static int bytes_pump(struct bytes *b)
{
	size_t turn = 0, sent;
	int rc = 0;

	while (rc == 0 && b->left > 0 && turn < TURN_BYTES) {
		rc = bytes_write(b, &sent);
		turn += sent;
	}
	if (rc >= 0 && b->left == 0) {
		mummy_http_stream_close(b->st);
		return 0;
	}
	if (rc == 0) {
		rc = mummy_http_loop_post(mummy_http_stream_loop(b->st), bytes_turn, b);
		if (rc == 0)
			return 1;
	}
	if (rc < 0)
		mummy_http_stream_abort(b->st);
	return 0;
}

static void bytes_turn(void *arg)
{
	struct bytes *b = arg;

	b->busy = 1;
	b->busy = b->over ? 0 : bytes_pump(b);
	if (b->over && !b->busy)
		bytes_free(b);
}

static void bytes_drain(void *ctx)
{
	struct bytes *b = ctx;

	if (!b->busy && b->left > 0)
		bytes_turn(b);
}

static void bytes_closed(void *ctx, int status)
{
	struct bytes *b = ctx;

	(void)status;
	b->over = 1;
	if (!b->busy)
		bytes_free(b);
}

static void bytes(mummy_http_exchange *x, void *ctx)
{
	static const struct mummy_http_stream_events events = {
		.drain = bytes_drain, .closed = bytes_closed };
	static const struct mummy_http_header h[] = {
		MUMMY_HTTP_HEADER("Content-Type", "application/octet-stream") };
	struct bytes *b;
	uint64_t n;

	if (query_number(x, "n", &n, MAX_STREAM_BYTES) < 0) {
		plain(x, 400, "n must be a number from 0 to 4398046511104\n");
		return;
	}
	b = calloc(1, sizeof *b);
	if (!b || mummy_http_respond_stream(x, 200, h, 1, n, &b->st) < 0) {
		free(b);
		return;
	}
	b->diag = ctx;
	b->left = strcmp(mummy_http_method(x, NULL), "HEAD") == 0 ? 0 : n;
	b->busy = 1;                       /* starting may end it at once */
	mummy_http_stream_start(b->st, &events, b);
	bytes_turn(b);
}

/* ---- The mount ------------------------------------------------------------------------------------- */

int diag_new(struct diag **out)
{
	struct diag *d = calloc(1, sizeof *d);

	if (!d)
		return -ENOMEM;
	for (size_t i = 0; i < BLOCK_BYTES; i++)
		d->block[i] = (unsigned char)i;
	for (unsigned i = 0; i < RECORDS; i++) {
		char line[RECORD_BYTES];
		int n = snprintf(line, sizeof line,
				 "{\"id\":%u,\"name\":\"item %u\",\"price\":%u.%02u,\"stock\":%u,"
				 "\"tags\":[\"red\",\"large\"],\"note\":\"made to order\"",
				 i, i * 7919u % 10007u, i * 31u % 997u, i * 17u % 100u, i * 101u % 1009u);

		/* all of one size: blanks before the brace */
		memset(d->records[i], ' ', RECORD_BYTES);
		memcpy(d->records[i], line, (size_t)n);
		memcpy(d->records[i] + RECORD_BYTES - 3, "},\n", 3);
	}
	*out = d;
	return 0;
}

void diag_free(struct diag *d)
{
	free(d);
}

int diag_routes(struct diag *d, mummy_http_router *r, uint64_t max_body_bytes)
{
	const unsigned on_loop = MUMMY_HTTP_INLINE, streamed = MUMMY_HTTP_STREAM | MUMMY_HTTP_IDENTITY;
	const struct mummy_http_route echo = { .handler = diag_echo, .flags = streamed,
		.max_body_bytes = max_body_bytes };
	const struct { const char *method, *pattern; struct mummy_http_route route; } routes[] = {
		{ "GET", "/diag/hello", { .handler = hello, .flags = on_loop } },
		{ "GET", "/diag/work", { .handler = hello } },
		{ "GET", "/diag/sleep", { .handler = nap } },
		{ "GET", "/diag/block", { .handler = hold } },
		{ "GET", "/diag/text", { .handler = text, .ctx = d } },
		{ "GET", "/diag/bytes", { .handler = bytes, .ctx = d,
			.flags = on_loop | MUMMY_HTTP_IDENTITY } },
		{ "GET", "/diag/empty", { .handler = empty, .flags = on_loop } },
		{ "POST", "/diag/echo", echo },
		{ "PUT", "/diag/echo", echo },
	};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < sizeof routes / sizeof routes[0]; i++)
		rc = mummy_http_router_add(r, routes[i].method, routes[i].pattern, &routes[i].route);
	return rc;
}
