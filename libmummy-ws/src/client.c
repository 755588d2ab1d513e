#include <config.h>
#include <errno.h>
#include <string.h>
#include <mummy-common.h>
#include "extension.h"
#include "key.h"

struct text {
	char *p;
	size_t size, len;               /* len goes on counting when size is too small */
};

static void put(struct text *t, const char *s)
{
	size_t n = strlen(s);

	if (t->len + n < t->size)
		memcpy(t->p + t->len, s, n + 1);
	t->len += n;
}

/* What goes into a head as it stands must not end a line or a word. */
static int is_visible(const char *s)
{
	if (!*s)
		return 0;
	for (; *s; s++)
		if ((unsigned char)*s <= ' ' || *s == 0x7f)
			return 0;
	return 1;
}

static int subprotocols_ok(const struct mummy_ws_handshake_options *opt)
{
	for (size_t i = 0; i < opt->nsubprotocols; i++) {
		const char *s = opt->subprotocols[i];

		if (!s || !mws_is_token((struct mws_span){ s, strlen(s) }))
			return 0;
	}
	return 1;
}

static void put_head(struct text *t, const char *host, const char *target, const char *key,
		     const struct mummy_ws_handshake_options *opt)
{
	put(t, "GET ");
	put(t, target);
	put(t, " HTTP/1.1\r\nHost: ");
	put(t, host);
	put(t, "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: ");
	put(t, key);
	put(t, "\r\nSec-WebSocket-Version: 13\r\n");
	for (size_t i = 0; i < opt->nsubprotocols; i++) {
		put(t, i ? ", " : "Sec-WebSocket-Protocol: ");
		put(t, opt->subprotocols[i]);
	}
	put(t, opt->nsubprotocols ? "\r\n" : "");
	if (opt->deflate) {
		char offer[MWS_DEFLATE_TEXT];

		mws_deflate_offer(opt, offer);
		put(t, "Sec-WebSocket-Extensions: ");
		put(t, offer);
		put(t, "\r\n");
	}
	put(t, "\r\n");
}

static const struct mummy_ws_handshake_options none;

int mummy_ws_client_request(char *buf, size_t size, const char *host, const char *target,
			    const struct mummy_ws_handshake_options *opt, char key[25])
{
	struct text t = { buf, size, 0 };
	char fresh[MWS_KEY_LEN + 1];
	int rc;

	if (!opt)
		opt = &none;
	if (!MUMMY_RESERVED_OK(opt) || !is_visible(host) || !is_visible(target) || !subprotocols_ok(opt)
	    || !mws_deflate_options_ok(opt))
		return -EINVAL;
	rc = mws_key_make(fresh);
	if (rc < 0)
		return rc;
	put_head(&t, host, target, fresh, opt);
	if (t.len >= size)
		return -ENOSPC;
	memcpy(key, fresh, sizeof fresh);
	return (int)t.len;
}

/* RFC 6455 section 4.1: what makes a client fail the connection. */
static int response_ok(int status, const struct mummy_ws_handshake_request *res, const char *accept)
{
	struct mws_span s;

	return status == 101
	       && mws_field(res, "Upgrade", &s) == 1 && mws_span_is_nocase(s, "websocket")
	       && mws_field_has(res, "Connection", "upgrade")
	       && mws_field(res, "Sec-WebSocket-Accept", &s) == 1 && mws_span_is(s, accept);
}

/* One that was offered, or none; *out is ours. */
static int chosen_ok(const struct mummy_ws_handshake_request *res,
		     const struct mummy_ws_handshake_options *opt, const char **out)
{
	struct mws_span s;
	unsigned lines = mws_field(res, "Sec-WebSocket-Protocol", &s);

	*out = NULL;
	for (size_t i = 0; lines == 1 && i < opt->nsubprotocols && !*out; i++)
		if (mws_span_is(s, opt->subprotocols[i]))
			*out = opt->subprotocols[i];
	return lines == 0 || *out;
}

int mummy_ws_client_check(int status, const struct mummy_ws_handshake_request *response,
			  const struct mummy_ws_handshake_options *opt, const char key[25],
			  struct mummy_ws_handshake_reply *out)
{
	char accept[MWS_ACCEPT_LEN + 1];
	struct mummy_ws_handshake_reply agreed;
	const char *chosen;
	int rc;

	if (!opt)
		opt = &none;
	if (!response->header || !MUMMY_RESERVED_OK(response) || !MUMMY_RESERVED_OK(opt)
	    || !mws_deflate_options_ok(opt))
		return -EINVAL;
	memset(&agreed, 0, sizeof agreed);
	rc = mws_key_accept(key, accept);
	if (rc < 0)
		return rc;
	if (!response_ok(status, response, accept) || !chosen_ok(response, opt, &chosen)
	    || mws_deflate_check(response, opt, &agreed) < 0)
		return -EPROTO;
	*out = agreed;
	out->status = status;
	out->subprotocol = chosen;
	return 0;
}
