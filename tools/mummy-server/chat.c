/*
 * chat.c - /ws/chat: everybody gets what anybody says. One lock keeps numbering, history and publishing
 * in step, so that a client that comes back gets each message once and in order.
 */
#include <config.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <mummy/adapters/ws-http.h>
#include "chat.h"
#include "json.h"
#include "query.h"
#include "say.h"

#define TOPIC "chat"
#define HISTORY 64u
#define PRESENCE_MS 100u                   /* comings and goings so close together are told at once */
#define NAME_BYTES 48u
#define MAX_TEXT_BYTES (16u << 10)
#define MAX_QUEUED_BYTES (1u << 20)

struct chat {
	mummy_ws_hub *hub;
	mummy_ws_endpoint *endpoint;
	pthread_mutex_t lock;
	uint64_t seq, next_id, clients;
	mummy_http_loop *loop;             /* where the last one joined; it lives as long as the server */
	int presence_due;
	struct json history[HISTORY];      /* message n lies at n modulo HISTORY */
};

struct member {
	struct chat *chat;
	uint64_t id, since;
	int wants_history;
	char name[NAME_BYTES];
};

static uint64_t unix_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void begin(struct json *j, const char *type)
{
	json_raw(j, "{");
	json_member_string(j, "type", type, strlen(type));
}

static void publish(struct chat *c, struct json *j)
{
	if (!j->failed)
		mummy_ws_publish(c->hub, TOPIC, strlen(TOPIC), MUMMY_WS_TEXT, j->text, j->len);
}

static void publish_presence(struct chat *c)
{
	struct json j = { 0 };

	begin(&j, "presence");
	json_member_number(&j, "clients", c->clients);
	json_raw(&j, "}");
	publish(c, &j);
	json_free(&j);
}

static void send_welcome(struct chat *c, mummy_ws_conn *conn, const struct member *m)
{
	struct json j = { 0 };

	begin(&j, "welcome");
	json_member_number(&j, "id", m->id);
	json_member_string(&j, "name", m->name, strlen(m->name));
	json_member_number(&j, "seq", c->seq);
	json_member_number(&j, "clients", c->clients);
	json_raw(&j, "}");
	if (!j.failed)
		mummy_ws_send(conn, MUMMY_WS_TEXT, j.text, j.len);
	json_free(&j);
}

static void send_history(const struct chat *c, mummy_ws_conn *conn, uint64_t since)
{
	uint64_t n = c->seq > HISTORY ? c->seq - HISTORY : 0;

	for (n = since > n ? since : n; n < c->seq; n++) {
		const struct json *j = &c->history[(n + 1) % HISTORY];

		if (j->text)
			mummy_ws_send(conn, MUMMY_WS_TEXT, j->text, j->len);
	}
}

static void presence_is_due(void *ctx)
{
	struct chat *c = ctx;

	pthread_mutex_lock(&c->lock);
	c->presence_due = 0;
	publish_presence(c);
	pthread_mutex_unlock(&c->lock);
}

/* When many come or go at once, telling everybody of each would be a message for each pair of them. */
static void presence_changed(struct chat *c)
{
	if (c->presence_due)
		return;
	c->presence_due = mummy_http_loop_timer(c->loop, PRESENCE_MS, presence_is_due, c) == 0;
	if (!c->presence_due)
		publish_presence(c);
}

static void opened(mummy_ws_conn *conn, void *user)
{
	struct member *m = user;
	struct chat *c = m->chat;

	pthread_mutex_lock(&c->lock);
	c->clients++;
	send_welcome(c, conn, m);
	if (m->wants_history)
		send_history(c, conn, m->since);
	mummy_ws_subscribe(conn, TOPIC, strlen(TOPIC));
	presence_changed(c);
	pthread_mutex_unlock(&c->lock);
}

static void closed(mummy_ws_conn *conn, void *user, uint16_t code)
{
	struct member *m = user;
	struct chat *c = m->chat;

	(void)conn, (void)code;
	pthread_mutex_lock(&c->lock);
	c->clients--;
	presence_changed(c);
	pthread_mutex_unlock(&c->lock);
	free(m);
}

static void said(mummy_ws_conn *conn, void *user, enum mummy_ws_opcode op, const void *data, size_t len)
{
	const struct member *m = user;
	struct chat *c = m->chat;
	struct json *j;

	if (op != MUMMY_WS_TEXT) {
		mummy_ws_close(conn, 1003, "text only");
		return;
	}
	pthread_mutex_lock(&c->lock);
	c->seq++;
	j = &c->history[c->seq % HISTORY];
	json_free(j);
	begin(j, "message");
	json_member_number(j, "seq", c->seq);
	json_member_number(j, "from", m->id);
	json_member_string(j, "name", m->name, strlen(m->name));
	json_member_number(j, "time", unix_ms());
	json_member_string(j, "text", data, len);
	json_raw(j, "}");
	publish(c, j);
	pthread_mutex_unlock(&c->lock);
}

/* A name that cannot be shown is as good as none. */
static int name_is_plain(const char *name, int n)
{
	uint32_t state = 0;

	for (int i = 0; i < n; i++)
		if ((unsigned char)name[i] < 0x20 || name[i] == 0x7f)
			return 0;
	return n > 0 && mummy_ws_utf8(&state, name, (size_t)n) == 0 && state == 0;
}

static void join(mummy_http_exchange *x, void *ctx)
{
	struct chat *c = ctx;
	struct member *m = calloc(1, sizeof *m);

	if (!m) {
		say_text(x, 503, "out of memory\n");
		return;
	}
	m->chat = c;
	m->wants_history = query_number(x, "since", &m->since, UINT64_MAX) == 0;
	pthread_mutex_lock(&c->lock);
	m->id = ++c->next_id;
	c->loop = mummy_http_exchange_loop(x);
	pthread_mutex_unlock(&c->lock);
	if (!name_is_plain(m->name, query_text(x, "name", m->name, sizeof m->name)))
		snprintf(m->name, sizeof m->name, "guest-%llu", (unsigned long long)m->id);
	if (mummy_ws_http_upgrade(x, c->endpoint, m, NULL) < 0)
		free(m);                   /* closed does not come */
}

int chat_new(struct chat **out, const struct mummy_ws_executor *executor,
	     const struct mummy_ws_handshake_options *handshake)
{
	const struct mummy_ws_events events = { .open = opened, .message = said, .closed = closed };
	struct mummy_ws_options opt = { .handshake = *handshake, .executor = *executor,
		.overflow = MUMMY_WS_DISCONNECT,
		.max_message_bytes = MAX_TEXT_BYTES, .hard_limit_bytes = MAX_QUEUED_BYTES };
	struct chat *c = calloc(1, sizeof *c);
	int rc;

	if (!c)
		return -ENOMEM;
	pthread_mutex_init(&c->lock, NULL);
	rc = mummy_ws_hub_new(&c->hub, NULL);
	opt.hub = c->hub;
	if (rc == 0)
		rc = mummy_ws_http_endpoint_new(&c->endpoint, &events, &opt);
	if (rc < 0) {
		chat_free(c);
		return rc;
	}
	*out = c;
	return 0;
}

void chat_free(struct chat *c)
{
	if (!c)
		return;
	mummy_ws_endpoint_unref(c->endpoint);
	mummy_ws_hub_unref(c->hub);
	for (size_t i = 0; i < HISTORY; i++)
		json_free(&c->history[i]);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

int chat_routes(struct chat *c, mummy_http_router *r)
{
	const struct mummy_http_route route = { .handler = join, .ctx = c };

	return mummy_http_router_add(r, "GET", "/ws/chat", &route);
}

void chat_stats(struct chat *c, struct mummy_ws_stats *out)
{
	mummy_ws_stats_get(c->endpoint, out);
}
