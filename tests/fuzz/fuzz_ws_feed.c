/* A connection that echoes: the same octets in one feed and in small ones give the same events and
 * replies. */
#include <config.h>
#include <mummy/ws.h>
#include "fuzz.h"

/* The first octet is how many octets a feed has, whose side it is, and whether messages may be compressed,
 * and refer to earlier ones. */
const struct fuzz_seed fuzz_seeds[] = {
	FUZZ_SEED("\001\x81\x85\1\2\3\4igomn\x89\x80\0\0\0\0\x82\x83\0\0\0\0abc"),
	FUZZ_SEED("\002\x01\x83\0\0\0\0a\xce\xba\x89\x84\0\0\0\0ping\x80\x82\0\0\0\0bc\x8a\x80\0\0\0\0"),
	FUZZ_SEED("\003\x88\x85\0\0\0\0\x03\xe8" "bye\x81\x81\0\0\0\0x"),
	FUZZ_SEED("\004\x82\xfe\0\x7e\0\0\0\0" "0123456789012345678901234567890123456789012345678901234567890"
		  "0123456789012345678901234567890123456789012345678901234567890123\x81\x80\0\0\0\0"),
	FUZZ_SEED("\205\x81\x05hello\x02\x02" "ab\x80\x01" "c\x89\x00\x88\x02\x03\xe9"),
	FUZZ_SEED("\006\x81\x84\0\0\0\0\xf0\x9f\x98\x80\x81\x83\0\0\0\0\xed\xa0\x80"),
	FUZZ_SEED("\101\xc1\x87\0\0\0\0\xf2\x48\xcd\xc9\xc9\x07\0\x41\x83\0\0\0\0\xf2\x48\xcd\x80\x84\0\0\0\0\xc9\xc9\x07\0"),
	FUZZ_SEED("\142\xc1\x87\0\0\0\0\xf2\x48\xcd\xc9\xc9\x07\0\xc1\x85\0\0\0\0\xf2\0\x11\0\0"),
	{NULL, 0},
};

struct record {
	uint8_t p[1 << 20];
	size_t n;
	int closes;
};

static void note(struct record *r, uint8_t what, const void *p, size_t n)
{
	FUZZ_CHECK(r->n + n + 3 < sizeof r->p);
	r->p[r->n++] = what;
	r->p[r->n++] = (uint8_t)n;
	r->p[r->n++] = (uint8_t)(n >> 8);
	if (n)
		memcpy(r->p + r->n, p, n);
	r->n += n;
}

/* What is written, and what happens, are recorded apart: one feed's replies follow all its events. */
struct side {
	struct record events, out;
};

static int writev_(void *ctx, const struct iovec *iov, int n, void (*done)(void *), void *arg)
{
	struct record *r = &((struct side *)ctx)->out;

	for (int i = 0; i < n; i++) {
		FUZZ_CHECK(r->n + iov[i].iov_len < sizeof r->p);
		memcpy(r->p + r->n, iov[i].iov_base, iov[i].iov_len);
		r->n += iov[i].iov_len;
	}
	if (done)
		done(arg);
	return 0;
}

static size_t pending(void *ctx)
{
	(void)ctx;
	return 0;
}

static void close_(void *ctx)
{
	((struct side *)ctx)->out.closes++;
}

static void message(mummy_ws_conn *c, void *user, enum mummy_ws_opcode op, const void *p, size_t n)
{
	uint32_t state = 0;

	note(&((struct side *)user)->events, (uint8_t)op, p, n);
	FUZZ_CHECK(op == MUMMY_WS_BINARY || (mummy_ws_utf8(&state, p, n) == 0 && state == 0));
	mummy_ws_send(c, op, p, n);
}

static void pong(mummy_ws_conn *c, void *user, const void *p, size_t n)
{
	(void)c;
	note(&((struct side *)user)->events, 'p', p, n);
}

static void closed(mummy_ws_conn *c, void *user, uint16_t code)
{
	(void)c;
	note(&((struct side *)user)->events, 'c', &code, sizeof code);
}

static int post(void *ctx, void (*run)(void *arg), void *arg)
{
	(void)ctx;
	(void)run;
	(void)arg;
	return -1;
}

static struct mummy_ws_handshake_reply agreed;

static void play(mummy_ws_endpoint *ep, mummy_ws_io *io, struct side *s, const uint8_t *data, size_t size,
		 size_t step)
{
	mummy_ws_conn *c;

	s->events.n = 0;
	s->out.n = 0;
	s->out.closes = 0;
	FUZZ_CHECK(mummy_ws_conn_new(&c, ep, io, &agreed, s) == 0);
	mummy_ws_conn_start(c, s);
	for (size_t at = 0; at < size; at += step) {
		size_t n = step < size - at ? step : size - at;
		char *copy = fuzz_copy(data + at, n);

		mummy_ws_conn_feed(c, copy, n);
		free(copy);
	}
	mummy_ws_conn_eof(c);
	mummy_ws_conn_unref(c);
	mummy_ws_io_turn(io, 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct mummy_ws_output output = {.writev = writev_, .pending = pending, .close = close_};
	static const struct mummy_ws_events events = {.message = message, .pong = pong, .closed = closed};
	static struct side whole, split;
	struct mummy_ws_options opt = {.max_message_bytes = 300};
	mummy_ws_endpoint *ep;
	mummy_ws_io *io;

	if (size == 0 || size > 4096)
		return 0;
	opt.client = data[0] >> 7;
	opt.deflate_min_bytes = 8;
	agreed.deflate = data[0] >> 6 & 1;
	agreed.server_bits = agreed.client_bits = 15;
	agreed.server_no_takeover = agreed.client_no_takeover = !(data[0] >> 5 & 1);
	FUZZ_CHECK(mummy_ws_io_new(&io, post, NULL) == 0);
	mummy_ws_io_turn(io, 1);
	FUZZ_CHECK(mummy_ws_endpoint_new(&ep, &output, &events, &opt) == 0);
	play(ep, io, &whole, data + 1, size - 1, size);
	play(ep, io, &split, data + 1, size - 1, data[0] % 16 + 1);
	mummy_ws_endpoint_unref(ep);
	mummy_ws_io_free(io);
	FUZZ_CHECK(whole.events.n == split.events.n && whole.out.n == split.out.n
		   && whole.out.closes == split.out.closes);
	FUZZ_CHECK(memcmp(whole.events.p, split.events.p, whole.events.n) == 0);
	/* What a client sends is masked at random. */
	FUZZ_CHECK(opt.client || memcmp(whole.out.p, split.out.p, whole.out.n) == 0);
	return 0;
}
