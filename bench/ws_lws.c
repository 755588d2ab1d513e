/* ws_lws - an echo on libwebsockets, for bench/ws.sh: prints its port. */
#include <libwebsockets.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct message {
	struct message *next;
	size_t n;
	int binary;
	unsigned char data[];
};

struct session {
	struct message *first, **last, *whole;
};

/* Fragments are put together, as the others do. */
static void received(struct lws *w, struct session *s, const void *p, size_t n)
{
	size_t have = s->whole ? s->whole->n : 0;
	struct message *m = realloc(s->whole, sizeof *m + LWS_PRE + have + n);

	if (!m)
		exit(1);
	memcpy(m->data + LWS_PRE + have, p, n);
	m->n = have + n;
	m->binary = lws_frame_is_binary(w);
	s->whole = m;
	if (!lws_is_final_fragment(w) || lws_remaining_packet_payload(w))
		return;
	m->next = NULL;
	*(s->first ? s->last : &s->first) = m;
	s->last = &m->next;
	s->whole = NULL;
	lws_callback_on_writable(w);
}

static void writable(struct lws *w, struct session *s)
{
	struct message *m = s->first;

	if (!m)
		return;
	lws_write(w, m->data + LWS_PRE, m->n, m->binary ? LWS_WRITE_BINARY : LWS_WRITE_TEXT);
	s->first = m->next;
	free(m);
	if (s->first)
		lws_callback_on_writable(w);
}

static int callback(struct lws *w, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
	struct session *s = user;

	if (reason == LWS_CALLBACK_RECEIVE)
		received(w, s, in, len);
	else if (reason == LWS_CALLBACK_SERVER_WRITEABLE)
		writable(w, s);
	return 0;
}

int main(int argc, char **argv)
{
	static const struct lws_protocols protocols[] = { { "echo", callback, sizeof(struct session), 65536, 0, NULL, 0 },
							  { NULL, NULL, 0, 0, 0, NULL, 0 } };
	static const struct lws_extension extensions[] = {
		{ "permessage-deflate", lws_extension_callback_pm_deflate, "permessage-deflate" }, { NULL, NULL, NULL } };
	struct lws_context_creation_info info;
	struct lws_context *c;

	lws_set_log_level(LLL_ERR, NULL);
	memset(&info, 0, sizeof info);
	info.port = argc > 1 ? atoi(argv[1]) : 7681;
	info.protocols = protocols;
	info.extensions = argc > 2 ? extensions : NULL;
	c = lws_create_context(&info);
	if (!c)
		return 1;
	printf("%d\n", info.port);
	fflush(stdout);
	while (lws_service(c, 0) >= 0)
		;
	lws_context_destroy(c);
	return 0;
}
