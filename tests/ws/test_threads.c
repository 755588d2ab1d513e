/* No file of its own: many threads send, publish, ping and close while the I/O thread feeds. */
#include <config.h>
#include <errno.h>
#include <sched.h>
#include "fake.h"

enum { SENDERS = 8, CONNS = 4, ROUNDS = 300 };

static struct {
	struct fake *f[CONNS];
	mummy_ws_hub *hub;
	_Atomic int stop, ready;
	_Atomic unsigned opened, closed, got;
	int close;                      /* the senders close as well */
} w;

static void open_(mummy_ws_conn *c, void *user)
{
	(void)user;
	mummy_ws_subscribe(c, "all", 3);
	w.opened++;
}

static void message(mummy_ws_conn *c, void *user, enum mummy_ws_opcode op, const void *p, size_t n)
{
	(void)user;
	w.got++;
	mummy_ws_send(c, op, p, n);
}

static void closed(mummy_ws_conn *c, void *user, uint16_t code)
{
	(void)c;
	(void)user;
	(void)code;
	w.closed++;
}

static const struct mummy_ws_events events = { .open = open_, .message = message, .closed = closed };

static void free_it(void *arg)
{
	free(arg);
}

/* Each sender counts its own messages on each connection: "S<sender> <number>". */
static void *sender(void *arg)
{
	int id = (int)(intptr_t)arg;
	char text[64];

	for (int i = 0; i < ROUNDS; i++)
		for (int k = 0; k < CONNS; k++) {
			mummy_ws_conn *c = w.f[k]->c;
			int n = snprintf(text, sizeof text, "S%d %d", id, i);

			if (i % 3 == 0) {
				char *own = strdup(text);

				mummy_ws_send_taken(c, MUMMY_WS_TEXT, own, (size_t)n, free_it, own);
			} else if (i % 3 == 1 && mummy_ws_message_begin(c, MUMMY_WS_TEXT) == 0) {
				mummy_ws_message_data(c, text, 2);
				mummy_ws_message_data(c, text + 2, (size_t)n - 2);
				mummy_ws_message_end(c);
			} else {
				mummy_ws_send(c, MUMMY_WS_TEXT, text, (size_t)n);
			}
			if (i % 16 == 0)
				mummy_ws_ping(c, "p", 1);
			if (i % 16 == 8)
				mummy_ws_publish(w.hub, "all", 3, MUMMY_WS_BINARY, text, (size_t)n);
			if (i % 32 == 9) {
				mummy_ws_unsubscribe(c, "all", 3);
				mummy_ws_subscribe(c, "all", 3);
			}
			if (w.close && i == ROUNDS / 2 + id)
				mummy_ws_close(c, 1000, NULL);
		}
	return NULL;
}

static void *worker(void *jobs)
{
	while (!w.stop)
		if (!later_run(jobs))
			sched_yield();
	return NULL;
}

/* What one connection got: valid frames, each sender's messages in order, nothing after a Close. */
static void check_output(struct fake *f, int all)
{
	int last[SENDERS];
	char text[256];
	size_t at = 0, ntext = 0, sent = 0;
	int is_closed = 0;

	memset(last, -1, sizeof last);
	while (at < f->nout) {
		struct mummy_ws_frame h;
		int n = mummy_ws_frame_parse(f->out + at, f->nout - at, &h);
		int id, number;

		ck_assert_int_gt(n, 0);
		ck_assert(!is_closed);
		at += (size_t)n;
		is_closed = h.opcode == MUMMY_WS_CLOSE;
		if (h.opcode <= MUMMY_WS_BINARY) {
			ck_assert_uint_lt(ntext + h.length, sizeof text);
			ck_assert_int_eq(h.opcode == MUMMY_WS_CONTINUATION, ntext > 0);
			memcpy(text + ntext, f->out + at, h.length);
			ntext += h.length;
			text[ntext] = '\0';
			if (h.fin && h.opcode != MUMMY_WS_BINARY && sscanf(text, "S%d %d", &id, &number) == 2) {
				ck_assert_int_gt(number, last[id]);
				last[id] = number;
				sent++;
			}
			if (h.fin)
				ntext = 0;
		}
		at += h.length;
	}
	ck_assert_uint_eq(at, f->nout);
	if (all)
		ck_assert_uint_eq(sent, SENDERS * ROUNDS);
}

static void *feeder(void *arg)
{
	struct fake *f0 = w.f[0];
	uint8_t in[256];
	size_t n = fake_frame(in, 1, 1, "echo", 4, 1);

	(void)arg;
	n += fake_frame(in + n, 1, 9, "?", 1, 1);
	fake_turn(f0, 0);
	w.ready = 1;
	while (!w.stop) {
		for (int k = 0; k < CONNS; k++)
			fake_feed_by(w.f[k], in, n, 7);
		fake_turn(f0, 1);
		sched_yield();
	}
	return NULL;
}

static void storm(int executor, int close)
{
	struct mummy_ws_options opt = { .hard_limit_bytes = (size_t)1 << 30, .high_water_bytes = 1 << 20 };
	pthread_t io, pool[2], s[SENDERS];
	struct fake *f0;

	memset(&w, 0, sizeof w);
	w.close = close;
	ck_assert_int_eq(mummy_ws_hub_new(&w.hub, NULL), 0);
	opt.hub = w.hub;
	opt.executor.submit = executor ? later_submit : NULL;
	f0 = w.f[0] = fake_new(&events, &opt);
	for (int k = 1; k < CONNS; k++) {
		w.f[k] = calloc(1, sizeof *w.f[k]);
		fake_join(w.f[k], f0->ep, f0->io);
	}
	pthread_create(&io, NULL, feeder, NULL);
	for (int i = 0; i < 2; i++)
		pthread_create(&pool[i], NULL, worker, &f0->jobs);
	while (!w.ready)
		sched_yield();
	for (intptr_t i = 0; i < SENDERS; i++)
		pthread_create(&s[i], NULL, sender, (void *)i);
	for (int i = 0; i < SENDERS; i++)
		pthread_join(s[i], NULL);
	w.stop = 1;
	pthread_join(io, NULL);
	for (int i = 0; i < 2; i++)
		pthread_join(pool[i], NULL);
	later_run(&f0->jobs);
	for (int k = CONNS - 1; k >= 0; k--) {
		mummy_ws_conn_eof(w.f[k]->c);
		later_run(&f0->jobs);
		fake_turn(f0, 0);
		ck_assert_uint_eq(mummy_ws_pending(w.f[k]->c), 0);
		mummy_ws_conn_unref(w.f[k]->c);
		w.f[k]->c = NULL;
		ck_assert_uint_eq(w.f[k]->releases, 1);
		check_output(w.f[k], !close);
		if (k) {
			fake_leave(w.f[k]);
			free(w.f[k]);
		}
	}
	ck_assert_uint_eq(w.opened, CONNS);
	ck_assert_uint_eq(w.closed, CONNS);
	fake_free(f0);
	mummy_ws_hub_unref(w.hub);
}

START_TEST(inline_events)
{
	storm(0, 0);
}
END_TEST

START_TEST(events_on_an_executor)
{
	storm(1, 0);
}
END_TEST

START_TEST(inline_events_and_closes)
{
	storm(0, 1);
}
END_TEST

START_TEST(events_on_an_executor_and_closes)
{
	storm(1, 1);
}
END_TEST

SUITE_MAIN("ws/threads", inline_events, events_on_an_executor, inline_events_and_closes,
	   events_on_an_executor_and_closes)
