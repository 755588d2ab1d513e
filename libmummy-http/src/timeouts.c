/* timeouts.c - how long each phase of a connection may take, and what then. Loop only. */
#include <config.h>
#include <sys/socket.h>
#include "internal.h"

enum { LINGER_MS = 2000, MEMORY_RETRY_MS = 64, OUTPUT_MS = 60000, NOT_NOW = INT32_MAX };

static uint32_t due_after(uint32_t since, unsigned limit, uint32_t now)
{
	int64_t left;

	if (limit == UINT_MAX)
		return NOT_NOW;
	left = (int64_t)limit - mhttp_until(now, since);
	return left <= 0 ? 0 : left > NOT_NOW ? NOT_NOW : (uint32_t)left;
}

static unsigned rate_window_ms(const struct mummy_http_server *s)
{
	return s->opt.head_timeout_ms == UINT_MAX ? 10000 : s->opt.head_timeout_ms;
}

static uint32_t body_due(const struct mhttp_conn *c, uint32_t now)
{
	const struct mummy_http_server *s = c->loop->server;

	if (s->opt.min_body_rate == UINT_MAX)
		return NOT_NOW;
	return due_after(c->io->body->window_ms, rate_window_ms(s), now);
}

/* Of a sink that waits. */
static uint32_t idle_due(const struct mhttp_conn *c, uint32_t now)
{
	return c->x->sink.idle_ms ? due_after(c->x->idle_since, c->x->sink.idle_ms, now) : NOT_NOW;
}

static uint32_t sink_due(const struct mhttp_conn *c, uint32_t now)
{
	const uint32_t body = body_due(c, now), idle = idle_due(c, now);

	return body < idle ? body : idle;
}

static unsigned output_window_ms(const struct mummy_http_server *s)
{
	return s->opt.idle_timeout_ms == UINT_MAX ? OUTPUT_MS : s->opt.idle_timeout_ms;
}

uint32_t mhttp_output_due(const struct mummy_http_server *s, const struct mhttp_pace *p, uint32_t now)
{
	if (s->opt.idle_timeout_ms == UINT_MAX && s->opt.min_answer_rate == UINT_MAX)
		return NOT_NOW;
	return mhttp_pace_due(p, output_window_ms(s), now);
}

int mhttp_output_slow(const struct mummy_http_server *s, struct mhttp_pace *p, int fd, uint32_t now)
{
	unsigned window = output_window_ms(s), rate = s->opt.min_answer_rate;
	uint64_t least = rate == UINT_MAX ? 0 : (uint64_t)rate * window / 1000;

	/* the whole window long there was more to take than it took */
	return mhttp_pace_look(p, fd, window, least ? least : 1, now);
}

static uint32_t leased_due(struct mhttp_conn *c, uint32_t word, uint32_t now)
{
	unsigned idle = c->loop->server->opt.idle_timeout_ms;
	uint32_t due = NOT_NOW;

	if (word & MHTTP_FLUSHING)
		due = mhttp_output_due(c->loop->server, &c->io->out->pace, now);
	else if (word & MHTTP_STREAMING)
		due = mhttp_stream_due(c, now);
	if ((word & MHTTP_WAITING)) {
		uint32_t body = sink_due(c, now);

		due = body < due ? body : due;
	}
	/* it may come back idle without telling: that is the soonest it can then be over */
	return due == NOT_NOW && idle != UINT_MAX ? idle : due;
}

uint32_t mhttp_conn_due(struct mhttp_conn *c, uint32_t now)
{
	const struct mummy_http_options *opt = &c->loop->server->opt;
	uint32_t word = atomic_load(&c->word);
	uint32_t since = atomic_load_explicit(&c->since_ms, memory_order_relaxed);

	if (word & MHTTP_LEASED)
		return leased_due(c, word, now);
	if (mhttp_conn_output(c))
		return mhttp_output_due(c->loop->server, &c->io->out->pace, now);
	switch (c->phase) {
	case MHTTP_HANDSHAKE:
		return due_after(since, opt->head_timeout_ms, now);
	case MHTTP_HEAD:
		if (c->flags & MHTTP_PARTIAL)
			return due_after(since, opt->head_timeout_ms, now);
		return due_after(since, opt->idle_timeout_ms, now);
	case MHTTP_BODY:
		return c->flags & MHTTP_NO_MEMORY ? due_after(c->io->body->window_ms, MEMORY_RETRY_MS, now)
						  : body_due(c, now);
	case MHTTP_DRAIN:
		return body_due(c, now);
	case MHTTP_LINGER:
		return due_after(since, LINGER_MS, now);
	default:
		return NOT_NOW;
	}
}

/* 1 when the window that is over brought too little; else the next one begins. */
static int body_is_slow(struct mhttp_conn *c, uint32_t now)
{
	struct mhttp_body *b = c->io->body;
	struct mummy_http_server *s = c->loop->server;
	uint64_t want = (uint64_t)s->opt.min_body_rate * rate_window_ms(s) / 1000;

	if (b->got - b->window_got < want) {
		mhttp_count(&c->loop->stats.timeouts, 1);
		return 1;
	}
	b->window_got = b->got;
	b->window_ms = now;
	return 0;
}

static int sink_is_late(struct mhttp_conn *c, uint32_t now)
{
	if (idle_due(c, now) > 0)
		return body_is_slow(c, now);
	mhttp_count(&c->loop->stats.timeouts, 1);
	return 1;
}

static void expire_leased(struct mhttp_conn *c, uint32_t word, uint32_t now)
{
	if ((word & MHTTP_WAITING) && sink_due(c, now) == 0) {
		if (sink_is_late(c, now)) {
			c->x->sink_status = -ETIMEDOUT;
			mhttp_sink_event(c);
		}
	} else if (((word & MHTTP_FLUSHING)
		    && mhttp_output_slow(c->loop->server, &c->io->out->pace, c->fd, now))
		   || ((word & MHTTP_STREAMING) && mhttp_stream_slow(c, now))) {
		mhttp_count(&c->loop->stats.timeouts, 1);
		mhttp_conn_cut(c);
	}
}

static void expire_body(struct mhttp_conn *c, uint32_t now)
{
	if (c->flags & MHTTP_NO_MEMORY) {
		if (due_after(atomic_load_explicit(&c->since_ms, memory_order_relaxed), rate_window_ms(
				      c->loop->server), now) == 0)
			mhttp_error_conn(c, 503, "bodies and answers take all of max_buffered_bytes");
		else
			mhttp_body_turn(c);
	} else if (body_is_slow(c, now)) {
		mhttp_error_conn(c, 408, "the body comes too slowly");
	}
}

/* Cut off by a reset: what the client did not take is not kept by the kernel either, and an answer that goes
 * on until the end of the connection does not look whole. */
static void expire_output(struct mhttp_conn *c, uint32_t now)
{
	if (!mhttp_output_slow(c->loop->server, &c->io->out->pace, c->fd, now))
		return;
	mhttp_count(&c->loop->stats.timeouts, 1);
	mhttp_conn_close(c, -ECANCELED);
}

static void conn_expire(struct mhttp_conn *c, uint32_t now)
{
	uint32_t word = atomic_load(&c->word);

	if (word & MHTTP_LEASED) {
		expire_leased(c, word, now);
	} else if (mhttp_conn_output(c)) {
		expire_output(c, now);
	} else if (c->phase == MHTTP_HEAD && (c->flags & MHTTP_PARTIAL)) {
		mhttp_count(&c->loop->stats.timeouts, 1);
		mhttp_error_conn(c, 408, "the head did not come in time");
	} else if (c->phase == MHTTP_BODY) {
		expire_body(c, now);
	} else if (c->phase == MHTTP_DRAIN) {
		if (body_is_slow(c, now))
			mhttp_conn_close(c, -ETIMEDOUT);
	} else if (c->phase != MHTTP_CLOSED) {
		mhttp_conn_close(c, c->phase == MHTTP_HANDSHAKE ? -ETIMEDOUT : 0);
	}
}

/* What it waits for may be another thing afterwards. */
void mhttp_conn_expire(struct mhttp_conn *c, uint32_t now)
{
	mhttp_conn_ref(c);
	conn_expire(c, now);
	mhttp_conn_watch(c);
	mhttp_conn_unref(c);
}
