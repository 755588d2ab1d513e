/*
 * fake.h - a connection without I/O: an output that records, a post queue, an executor that is turned
 * by hand, events that write a log.
 */
#ifndef MUMMY_TEST_WS_FAKE_H
#define MUMMY_TEST_WS_FAKE_H
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>
#include "suite.h"
#include <mummy/ws.h>

/** In callbacks: says nothing to libcheck, which would allocate, unless it fails. */
static inline void fake_must(int true_)
{
	if (!true_)
		ck_abort_msg("a callback found something wrong");
}

/* ---- Work for later: the post of an io, the submit of an executor ------------------------------ */

struct later {
	pthread_mutex_t lock;
	struct {
		void (*run)(void *arg);
		void *arg;
	} job[4096];
	size_t first, n;
	int refuse;                     /* what submit gives instead of 0 */
	unsigned submits;
};

static inline int later_submit(void *ctx, void (*run)(void *arg), void *arg)
{
	struct later *l = ctx;
	int rc;

	pthread_mutex_lock(&l->lock);
	rc = l->refuse;
	l->submits++;
	if (rc == 0) {
		size_t i = (l->first + l->n++) % 4096;

		fake_must(l->n <= 4096);
		l->job[i].run = run;
		l->job[i].arg = arg;
	}
	pthread_mutex_unlock(&l->lock);
	return rc;
}

/** Runs what is there. How many jobs. */
static inline size_t later_run(struct later *l)
{
	size_t ran = 0;

	pthread_mutex_lock(&l->lock);
	while (l->n) {
		void (*run)(void *) = l->job[l->first].run;
		void *arg = l->job[l->first].arg;

		l->first = (l->first + 1) % 4096;
		l->n--;
		pthread_mutex_unlock(&l->lock);
		run(arg);
		ran++;
		pthread_mutex_lock(&l->lock);
	}
	pthread_mutex_unlock(&l->lock);
	return ran;
}

/* ---- The output ------------------------------------------------------------------------------- */

struct fake {
	mummy_ws_endpoint *ep;
	mummy_ws_io *io;
	mummy_ws_conn *c;
	struct later posts, jobs;
	uint64_t now;
	pthread_mutex_t lock;
	unsigned char *out;             /* all that was written */
	size_t nout, out_size, seen;
	unsigned writes;
	_Atomic size_t queued;          /* what pending gives */
	_Atomic int result;             /* of writev: 0, 1 or an error */
	_Atomic unsigned closes, aborts, resumes, releases;
	char log[65536];
	size_t nlog;
	int echo;                       /* messages are sent back */
	mummy_ws_hub *hub;              /* for the test */
};

static inline int fake_writev(void *ctx, const struct iovec *iov, int n, void (*done)(void *), void *arg)
{
	struct fake *f = ctx;
	int rc = f->result;

	if (rc >= 0) {
		pthread_mutex_lock(&f->lock);
		f->writes++;
		for (int i = 0; i < n; i++) {
			while (f->nout + iov[i].iov_len > f->out_size) {
				f->out_size = f->out_size ? f->out_size * 2 : 4096;
				f->out = realloc(f->out, f->out_size);
			}
			memcpy(f->out + f->nout, iov[i].iov_base, iov[i].iov_len);
			f->nout += iov[i].iov_len;
		}
		pthread_mutex_unlock(&f->lock);
	}
	if (done)
		done(arg);
	return rc;
}

static inline size_t fake_pending(void *ctx)
{
	return ((struct fake *)ctx)->queued;
}

static inline void fake_resume(void *ctx)
{
	((struct fake *)ctx)->resumes++;
}

static inline void fake_close(void *ctx)
{
	((struct fake *)ctx)->closes++;
}

static inline void fake_abort(void *ctx)
{
	((struct fake *)ctx)->aborts++;
}

static inline void fake_release(void *ctx)
{
	((struct fake *)ctx)->releases++;
}

static const struct mummy_ws_output fake_output = { fake_writev, fake_pending, fake_resume, fake_close,
						    fake_release, fake_abort, { 0 } };

/* ---- Events ----------------------------------------------------------------------------------- */

static inline void fake_log(struct fake *f, const void *p, size_t n, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	f->nlog += (size_t)vsnprintf(f->log + f->nlog, sizeof f->log - f->nlog, format, ap);
	va_end(ap);
	fake_must(f->nlog + n + 2 < sizeof f->log);
	if (n)
		memcpy(f->log + f->nlog, p, n);
	f->nlog += n;
	memcpy(f->log + f->nlog++, " ", 2);
}

static inline void fake_open(mummy_ws_conn *c, void *user)
{
	fake_must(mummy_ws_user(c) == user);
	fake_log(user, NULL, 0, "open");
}

static inline void fake_message(mummy_ws_conn *c, void *user, enum mummy_ws_opcode op, const void *p, size_t n)
{
	struct fake *f = user;

	if (n > 200)
		fake_log(f, NULL, 0, "%c%zu", op == MUMMY_WS_TEXT ? 'T' : 'B', n);
	else
		fake_log(f, p, n, "%c:", op == MUMMY_WS_TEXT ? 'T' : 'B');
	if (f->echo)
		mummy_ws_send(c, op, p, n);
}

static inline void fake_closed(mummy_ws_conn *c, void *user, uint16_t code)
{
	(void)c;
	fake_log(user, NULL, 0, "closed%u", (unsigned)code);
}

static inline void fake_begin(mummy_ws_conn *c, void *user, enum mummy_ws_opcode op)
{
	(void)c;
	fake_log(user, NULL, 0, "begin%d", (int)op);
}

static inline void fake_data(mummy_ws_conn *c, void *user, const void *p, size_t n)
{
	(void)c;
	fake_log(user, p, n, "+");
}

static inline void fake_end(mummy_ws_conn *c, void *user)
{
	(void)c;
	fake_log(user, NULL, 0, "end");
}

static inline void fake_pong(mummy_ws_conn *c, void *user, const void *p, size_t n)
{
	(void)c;
	fake_log(user, p, n, "pong:");
}

static inline void fake_drain(mummy_ws_conn *c, void *user)
{
	(void)c;
	fake_log(user, NULL, 0, "drain");
}

static const struct mummy_ws_events fake_events = { .open = fake_open, .message = fake_message,
	.closed = fake_closed, .pong = fake_pong, .drain = fake_drain };
static const struct mummy_ws_events fake_pieces = { .open = fake_open, .closed = fake_closed,
	.message_begin = fake_begin, .message_data = fake_data, .message_end = fake_end };

/* ---- A connection ----------------------------------------------------------------------------- */

/** Turns the loop: what was posted, then the io. What the turn gives. */
static inline int fake_turn(struct fake *f, unsigned ms)
{
	f->now += ms;
	later_run(&f->posts);
	return mummy_ws_io_turn(f->io, f->now);
}

/** What the connections made next have agreed to. */
static struct mummy_ws_handshake_reply fake_agreed;

static inline void fake_agree(int deflate, unsigned server_bits, unsigned client_bits, int server_keeps, int client_keeps)
{
	memset(&fake_agreed, 0, sizeof fake_agreed);
	if (!deflate)
		return;
	fake_agreed.deflate = 1;
	fake_agreed.server_bits = server_bits;
	fake_agreed.client_bits = client_bits;
	fake_agreed.server_no_takeover = !server_keeps;
	fake_agreed.client_no_takeover = !client_keeps;
}

/** One more connection, of an endpoint and an io that are there. */
static inline void fake_join(struct fake *f, mummy_ws_endpoint *ep, mummy_ws_io *io)
{
	pthread_mutex_init(&f->lock, NULL);
	f->ep = mummy_ws_endpoint_ref(ep);
	f->io = io;
	ck_assert_int_eq(mummy_ws_conn_new(&f->c, ep, io, &fake_agreed, f), 0);
	mummy_ws_conn_start(f->c, f);
}

/** opt's executor submit may be later_submit: its ctx is set here. */
static inline struct fake *fake_new(const struct mummy_ws_events *ev, const struct mummy_ws_options *opt)
{
	struct fake *f = calloc(1, sizeof *f);
	struct mummy_ws_options o = { 0 };
	mummy_ws_endpoint *ep;

	if (opt)
		o = *opt;
	if (o.executor.submit == later_submit)
		o.executor.ctx = &f->jobs;
	pthread_mutex_init(&f->posts.lock, NULL);
	pthread_mutex_init(&f->jobs.lock, NULL);
	f->now = 1000000;
	ck_assert_int_eq(mummy_ws_io_new(&f->io, later_submit, &f->posts), 0);
	mummy_ws_io_turn(f->io, f->now);
	ck_assert_int_eq(mummy_ws_endpoint_new(&ep, &fake_output, ev ? ev : &fake_events, &o), 0);
	fake_join(f, ep, f->io);
	mummy_ws_endpoint_unref(ep);
	fake_turn(f, 0);
	return f;
}

/** End of the stream; the log and the output stay. */
static inline void fake_eof(struct fake *f)
{
	if (!f->c)
		return;
	mummy_ws_conn_eof(f->c);
	later_run(&f->jobs);
	fake_turn(f, 0);
	mummy_ws_conn_unref(f->c);
	f->c = NULL;
}

static inline void fake_leave(struct fake *f)
{
	fake_eof(f);
	mummy_ws_endpoint_unref(f->ep);
	pthread_mutex_destroy(&f->lock);
	free(f->out);
}

static inline void fake_free(struct fake *f)
{
	fake_eof(f);
	mummy_ws_io_free(f->io);
	later_run(&f->posts);
	ck_assert_uint_eq(f->releases, 1);
	fake_leave(f);
	free(f);
}

/** Feeds a copy, which may be changed, of exactly that size. */
static inline int fake_feed(struct fake *f, const void *p, size_t n)
{
	void *copy = malloc(n ? n : 1);
	int rc;

	memcpy(copy, p, n);
	rc = mummy_ws_conn_feed(f->c, copy, n);
	free(copy);
	return rc;
}

/** In pieces of step octets. */
static inline int fake_feed_by(struct fake *f, const void *p, size_t n, size_t step)
{
	int rc = 0;

	for (size_t i = 0; i < n; i += step)
		rc = fake_feed(f, (const char *)p + i, step < n - i ? step : n - i);
	return rc;
}

/** Appends a frame to buf, masked unless mask is 0; its length. */
static inline size_t fake_frame(uint8_t *buf, int fin, int op, const void *p, size_t n, int mask)
{
	struct mummy_ws_frame f = { .opcode = (enum mummy_ws_opcode)op, .fin = (uint8_t)fin,
				    .masked = mask != 0, .mask = { 0x37, 0xfa, 0x21, 0x3d }, .length = n };
	uint8_t head[14];
	size_t at = mummy_ws_frame_header(head, &f);

	memcpy(buf, head, at);
	if (n)
		memcpy(buf + at, p, n);
	if (mask)
		mummy_ws_mask(buf + at, n, f.mask, 0);
	return at + n;
}

static inline int fake_feed_frame(struct fake *f, int fin, int op, const void *p, size_t n)
{
	uint8_t *buf = malloc(n + 14);
	int rc = mummy_ws_conn_feed(f->c, buf, fake_frame(buf, fin, op, p, n, 1));

	free(buf);
	return rc;
}

/** What was written since the last call is exactly these octets. */
#define fake_wrote(f, text) fake_wrote_n(f, text, sizeof text - 1)
static inline void fake_wrote_n(struct fake *f, const void *p, size_t n)
{
	ck_assert_uint_eq(f->nout - f->seen, n);
	if (n)
		ck_assert_mem_eq(f->out + f->seen, p, n);
	f->seen = f->nout;
}
#define fake_logged(f, text) ck_assert_str_eq((f)->log, text)
#endif
