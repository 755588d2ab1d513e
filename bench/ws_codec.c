/*
 * ws_codec - what frames cost in memory: ours against wslay, uWebSockets and the plain loops that the RFC
 * describes; and UTF-8 by itself, each of our variants against a byte loop. No socket is involved.
 *
 * usage: ws_codec [ROUNDS]
 *
 * Input is copied to where it is read from for each rival alike, as read(2) would. What that costs by itself
 * is measured in each round as well, and a second figure of each rival is what it takes less that copy of its
 * round. No more is copied at once than stays in the processor's first cache together with
 * where it comes from (64 short frames, one long): beyond that it is the second cache's speed that is seen,
 * and nearly nothing of who reads the frames. Rivals take turns; each figure is the median of the rounds,
 * with the lowest and the highest.
 */
#include <config.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <mummy/ws.h>
#ifdef HAVE_WSLAY
#include <wslay/wslay.h>
#endif
#include "simd.h"

enum { MOST = 99, BUFFER = (1 << 14) + 64 };

/* Both begin with a line of the cache, wherever the linker puts them. uWebSockets writes around work. */
static _Alignas(64) uint8_t wire[BUFFER], space[BUFFER + 128];
static uint8_t *const work = space + 64;
static size_t nwire, nframes, seen, seen_octets;

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static int ascending(const void *a, const void *b)
{
	return (*(const double *)a > *(const double *)b) - (*(const double *)a < *(const double *)b);
}

static void must(int ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "ws_codec: %s\n", what);
	exit(1);
}

static void copy(void)
{
	memcpy(work, wire, nwire);
	__asm__ volatile("" ::: "memory");
	seen += nframes;
}

/* ---- Ours ------------------------------------------------------------------------------------- */

static int writev_(void *ctx, const struct iovec *iov, int n, void (*done)(void *), void *arg)
{
	(void)ctx, (void)iov, (void)n;
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
	(void)ctx;
	must(0, "a frame was refused");
}

static void message(mummy_ws_conn *c, void *user, enum mummy_ws_opcode op, const void *p, size_t n)
{
	(void)c, (void)user, (void)op, (void)p;
	seen++;
	seen_octets += n;
}

static int post(void *ctx, void (*run)(void *arg), void *arg)
{
	(void)ctx, (void)run, (void)arg;
	return -1;
}

static mummy_ws_conn *conn;

static void ours_begin(void)
{
	static const struct mummy_ws_output output = { .writev = writev_, .pending = pending, .close = close_ };
	static const struct mummy_ws_events events = { .message = message };
	mummy_ws_endpoint *ep;
	mummy_ws_io *io;

	must(mummy_ws_io_new(&io, post, NULL) == 0 && mummy_ws_endpoint_new(&ep, &output, &events, NULL) == 0
	     && mummy_ws_conn_new(&conn, ep, io, NULL, NULL) == 0, "no connection");
	mummy_ws_io_turn(io, 1);
	mummy_ws_conn_start(conn, &conn);
}

static void ours(void)
{
	memcpy(work, wire, nwire);
	must(mummy_ws_conn_feed(conn, work, nwire) == 0, "a feed failed");
}

/* ---- The RFC's loops --------------------------------------------------------------------------- */

static int byte_utf8(const uint8_t *p, size_t n)
{
	uint32_t state = 0;

	return mws_utf8_octets(&state, p, n) == 0 && state == 0;
}

static void bytes(void)
{
	memcpy(work, wire, nwire);
	for (size_t at = 0; at < nwire;) {
		struct mummy_ws_frame f;
		int head = mummy_ws_frame_parse(work + at, nwire - at, &f);

		must(head > 0, "a frame was refused");
		at += (size_t)head;
		for (size_t i = 0; i < f.length; i++)
			work[at + i] ^= f.mask[i & 3];
		must(f.opcode != MUMMY_WS_TEXT || byte_utf8(work + at, (size_t)f.length), "text was refused");
		message(NULL, NULL, f.opcode, work + at, (size_t)f.length);
		at += (size_t)f.length;
	}
}

/* ---- wslay ------------------------------------------------------------------------------------ */

#ifdef HAVE_WSLAY
static size_t wslay_at;
static wslay_event_context_ptr wslay;

static ssize_t wslay_recv(wslay_event_context_ptr ctx, uint8_t *buf, size_t len, int flags, void *user)
{
	size_t n = nwire - wslay_at < len ? nwire - wslay_at : len;

	(void)flags, (void)user;
	if (n == 0) {
		wslay_event_set_error(ctx, WSLAY_ERR_WOULDBLOCK);
		return -1;
	}
	memcpy(buf, wire + wslay_at, n);
	wslay_at += n;
	return (ssize_t)n;
}

static void wslay_message(wslay_event_context_ptr ctx, const struct wslay_event_on_msg_recv_arg *arg, void *user)
{
	(void)ctx, (void)user;
	message(NULL, NULL, (enum mummy_ws_opcode)arg->opcode, arg->msg, arg->msg_length);
}

static void wslay_begin(void)
{
	static const struct wslay_event_callbacks callbacks = { .recv_callback = wslay_recv,
								.on_msg_recv_callback = wslay_message };

	must(wslay_event_context_server_init(&wslay, &callbacks, NULL) == 0, "no wslay");
}

static void theirs(void)
{
	wslay_at = 0;
	must(wslay_event_recv(wslay) == 0, "wslay failed");
}
#endif

/* ---- uWebSockets ------------------------------------------------------------------------------ */

#ifdef HAVE_UWS
void ws_codec_uws(char *p, unsigned n, void (*message)(int op, const void *p, size_t n), void (*bad)(void));

static void uws_message(int op, const void *p, size_t n)
{
	message(NULL, NULL, (enum mummy_ws_opcode)op, p, n);
}

static void uws_bad(void)
{
	must(0, "uWebSockets refused a frame");
}

static void uws(void)
{
	memcpy(work, wire, nwire);
	ws_codec_uws((char *)work, (unsigned)nwire, uws_message, uws_bad);
}
#endif

/* ---- Measuring -------------------------------------------------------------------------------- */

static void make_wire(enum mummy_ws_opcode op, const uint8_t *text, size_t n)
{
	struct mummy_ws_frame f = { .opcode = op, .fin = 1, .masked = 1, .mask = { 0x37, 0xfa, 0x21, 0x3d }, .length = n };

	for (nwire = nframes = 0; nwire + n + 14 <= BUFFER && nframes < 64; nframes++) {
		nwire += mummy_ws_frame_header(wire + nwire, &f);
		memcpy(wire + nwire, text, n);
		mummy_ws_mask(wire + nwire, n, f.mask, 0);
		nwire += n;
	}
}

/* Seconds a frame. */
static double time_of(void (*run)(void))
{
	unsigned times = 1;
	double t;

	for (;; times *= 4) {
		seen = 0;
		t = now();
		for (unsigned i = 0; i < times; i++)
			run();
		t = now() - t;
		must(seen == times * nframes, "messages were lost");
		if (t > 0.02)
			return t / (double)seen;
	}
}

struct rival {
	const char *name;
	void (*run)(void);
	double whole[MOST], bare[MOST]; /* of each round; bare: less the copy of that round */
};

static void show(double *v, int rounds, double ours)
{
	qsort(v, (size_t)rounds, sizeof *v, ascending);
	printf(" %.4g (%.4g to %.4g) | %.4g |", v[rounds / 2] * 1e9, v[0] * 1e9, v[rounds - 1] * 1e9,
	       v[rounds / 2] / ours);
}

static double median(double *v, int rounds)
{
	qsort(v, (size_t)rounds, sizeof *v, ascending);
	return v[rounds / 2];
}

static void frames(const char *what, int rounds)
{
	static struct rival rivals[] = {
		{ "copying the input, which is in all of these", copy, { 0 }, { 0 } },
		{ "libmummy-ws, with its events", ours, { 0 }, { 0 } },
		{ "octet by octet, without events", bytes, { 0 }, { 0 } },
#ifdef HAVE_WSLAY
		{ "wslay", theirs, { 0 }, { 0 } },
#endif
#ifdef HAVE_UWS
		{ "uWebSockets, its parser alone", uws, { 0 }, { 0 } },
#endif
	};
	enum { RIVALS = sizeof rivals / sizeof rivals[0] };
	double whole, bare;

	for (int i = 0; i < rounds; i++)
		for (unsigned k = 0; k < RIVALS; k++) {
			rivals[k].whole[i] = time_of(rivals[k].run);
			rivals[k].bare[i] = rivals[k].whole[i] - rivals[0].whole[i];
		}
	whole = median(rivals[1].whole, rounds);
	bare = median(rivals[1].bare, rounds);
	printf("\n| frames in memory: %s | ns a message, median (range) | x ours | less the copy | x ours |\n"
	       "|---|---|---|---|---|\n", what);
	for (unsigned k = 0; k < RIVALS; k++) {
		printf("| %s |", rivals[k].name);
		show(rivals[k].whole, rounds, whole);
		if (k)
			show(rivals[k].bare, rounds, bare);
		puts(k ? "" : " | |");
	}
	for (unsigned k = 2; k < RIVALS; k++)
		printf("ours / %s: %.4f, less the copy %.4f\n", rivals[k].name, whole / median(rivals[k].whole, rounds),
		       bare / median(rivals[k].bare, rounds));
#ifndef HAVE_WSLAY
	puts("wslay: not measured: libwslay-dev is not installed");
#endif
#ifndef HAVE_UWS
	puts("uWebSockets: not measured: PEERS is not set");
#endif
}

static const uint8_t *utf8_text;
static size_t utf8_n;
static const struct mws_simd *variant;
static int fused;

static double time_utf8(void)
{
	unsigned times = 1;
	double t;

	for (;; times *= 4) {
		t = now();
		for (unsigned i = 0; i < times; i++) {
			uint32_t state = 0;
			int rc;

			if (fused && variant)
				rc = variant->text(&state, work, utf8_n, wire);
			else if (variant)
				rc = variant->utf8(&state, utf8_text, utf8_n);
			else
				rc = mws_utf8_octets(&state, utf8_text, utf8_n);
			must(fused || rc == 0, "text was refused");
		}
		t = now() - t;
		if (t > 0.02)
			return t / times / (double)utf8_n;
	}
}

static void utf8(const char *what, const uint8_t *text, size_t n, int rounds)
{
	static double v[8][MOST];
	double base, at;
	unsigned k;

	utf8_text = text;
	utf8_n = n;
	memset(wire, 0, 4);
	memcpy(work, text, n);
	for (int i = 0; i < rounds; i++) {
		variant = NULL;
		fused = 0;
		v[0][i] = time_utf8();
		for (k = 0; (variant = mws_simd_nth(k)); k++)
			v[k + 1][i] = time_utf8();
		variant = mws_simd();
		fused = 1;
		v[k + 1][i] = time_utf8();
	}
	printf("\n| UTF-8, %s | GB/s, median | x byte loop |\n|---|---|---|\n", what);
	qsort(v[0], (size_t)rounds, sizeof v[0][0], ascending);
	base = v[0][rounds / 2];
	printf("| byte loop | %.2f | 1 |\n", 1e-9 / base);
	for (k = 0; (variant = mws_simd_nth(k)); k++) {
		qsort(v[k + 1], (size_t)rounds, sizeof v[0][0], ascending);
		at = v[k + 1][rounds / 2];
		printf("| %s | %.2f | %.2f |\n", variant->name, 1e-9 / at, base / at);
	}
	qsort(v[k + 1], (size_t)rounds, sizeof v[0][0], ascending);
	at = v[k + 1][rounds / 2];
	printf("| %s, unmasking in the same pass | %.2f | %.2f |\n", mws_simd()->name, 1e-9 / at, base / at);
}

static void fill(uint8_t *p, size_t n, const char *with)
{
	size_t len = strlen(with), at = 0;

	for (; at + len <= n; at += len)
		memcpy(p + at, with, len);
	memset(p + at, 'x', n - at);
}

int main(int argc, char **argv)
{
	static uint8_t text[16384];
	int rounds = argc > 1 ? atoi(argv[1]) : 5;

	if (rounds < 1 || rounds > MOST) {
		fprintf(stderr, "usage: ws_codec [ROUNDS]    (1 to %d)\n", MOST);
		return 2;
	}
	ours_begin();
#ifdef HAVE_WSLAY
	wslay_begin();
#endif
	printf("in use: %s; rounds: %d\n", mws_simd()->name, rounds);
	fill(text, sizeof text, "\xe4\xb8\x96\xe7\x95\x8c\xe4\xbd\xa0\xe5\xa5\xbd");
	make_wire(MUMMY_WS_BINARY, text, 125);
	frames("125 B binary", rounds);
	make_wire(MUMMY_WS_TEXT, text, sizeof text);
	frames("16 KiB text, Chinese", rounds);
	utf8("Chinese, 16 KiB", text, sizeof text, rounds);
	fill(text, sizeof text, "Gr\xc3\xbc\xc3\x9f" "e an alle, ");
	utf8("German, 16 KiB", text, sizeof text, rounds);
	fill(text, sizeof text, "plain text. ");
	make_wire(MUMMY_WS_TEXT, text, sizeof text);
	frames("16 KiB text, ASCII", rounds);
	utf8("ASCII, 16 KiB", text, sizeof text, rounds);
	return 0;
}
