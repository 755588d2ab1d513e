#include <config.h>
#include <errno.h>
#include <string.h>
#include <mummy-common.h>
#include "extension.h"
#include "key.h"
#include "origin.h"

/* What may be wrong with a request. */
enum verdict {
	GOOD, METHOD, HEAD, OLD_HTTP, HOST, UPGRADE, CONNECTION, NO_VERSION, OTHER_VERSION, KEY, ORIGINS,
	NO_ORIGIN, ORIGIN, SUBPROTOCOL, EXTENSION
};

/* The texts are static: what is sent back of a request could be read as something else by who shows it. */
static const struct {
	int status;
	const char *reason;
} refusals[] = {
	[METHOD] = { 405, "A WebSocket handshake is a GET request.\n" },
	[HEAD] = { 400, "A WebSocket handshake is a GET request, and HEAD begins none.\n" },
	[OLD_HTTP] = { 400, "A WebSocket handshake needs HTTP/1.1.\n" },
	[HOST] = { 400, "A WebSocket handshake needs one Host field.\n" },
	[UPGRADE] = { 400, "WebSocket is spoken here: the Upgrade field has to say \"websocket\".\n" },
	[CONNECTION] = { 400, "A WebSocket handshake needs a Connection field that says \"Upgrade\".\n" },
	[NO_VERSION] = { 400, "A WebSocket handshake needs one Sec-WebSocket-Version field.\n" },
	[OTHER_VERSION] = { 426, "Of WebSocket only version 13 is spoken here.\n" },
	[KEY] = { 400, "A WebSocket handshake needs one Sec-WebSocket-Key field, 16 octets in base64.\n" },
	[ORIGINS] = { 400, "There is more than one Origin field.\n" },
	[NO_ORIGIN] = { 403, "There is no Origin field, and who sends none may not connect.\n" },
	[ORIGIN] = { 403, "Pages of this origin may not connect.\n" },
	[SUBPROTOCOL] = { 400, "The Sec-WebSocket-Protocol field is not a list of tokens.\n" },
	[EXTENSION] = { 400, "The Sec-WebSocket-Extensions field is malformed.\n" },
};

static void reply_header(struct mummy_ws_handshake_reply *out, const char *name, const char *value)
{
	out->headers[out->nheaders].name = name;
	out->headers[out->nheaders++].value = value;
}

static int refuse(struct mummy_ws_handshake_reply *out, enum verdict why)
{
	out->status = refusals[why].status;
	out->reason = refusals[why].reason;
	if (why == METHOD)
		reply_header(out, "Allow", "GET");
	if (why == OTHER_VERSION) {
		reply_header(out, "Upgrade", "websocket");
		reply_header(out, "Connection", "Upgrade");
		reply_header(out, "Sec-WebSocket-Version", "13");
	}
	reply_header(out, "Content-Type", "text/plain; charset=utf-8");
	return 0;
}

/* What the client must send (RFC 6455 section 4.2.1). */
static enum verdict judge(const struct mummy_ws_handshake_request *req, struct mws_span *key)
{
	struct mws_span s;

	if (strcmp(req->method, "GET") != 0)
		return strcmp(req->method, "HEAD") != 0 ? METHOD : HEAD;
	if (req->minor_version < 1)
		return OLD_HTTP;
	if (mws_field(req, "Host", &s) != 1)
		return HOST;
	if (!mws_field_has(req, "Upgrade", "websocket"))
		return UPGRADE;
	if (!mws_field_has(req, "Connection", "upgrade"))
		return CONNECTION;
	if (mws_field(req, "Sec-WebSocket-Version", &s) != 1)
		return NO_VERSION;
	if (!mws_span_is(s, "13"))
		return OTHER_VERSION;
	return mws_field(req, "Sec-WebSocket-Key", key) == 1 && mws_key_ok(*key) ? GOOD : KEY;
}

static enum verdict judge_origin(const struct mummy_ws_handshake_request *req,
				 const struct mummy_ws_handshake_options *opt)
{
	struct mws_span s, host;
	unsigned lines = mws_field(req, "Origin", &s);

	if (lines > 1)
		return ORIGINS;
	if (opt->same_origin
	    && (lines == 0 || (mws_field(req, "Host", &host) && mws_origin_is_host(s, host))))
		return GOOD;
	if (opt->same_origin && !opt->origin)
		return ORIGIN;
	if (!opt->origin || opt->origin(opt->ctx, s.at, s.len) == 0)
		return GOOD;
	return lines == 0 ? NO_ORIGIN : ORIGIN;
}

/* The first of our own that the client offers; *rank is its place, nsubprotocols for none. */
static enum verdict choose(const struct mummy_ws_handshake_request *req,
			   const struct mummy_ws_handshake_options *opt, size_t *rank)
{
	struct mws_list l = { .req = req, .name = "Sec-WebSocket-Protocol" };
	struct mws_span s;

	*rank = opt->nsubprotocols;
	while (mws_list_next(&l, &s)) {
		if (!mws_is_token(s))
			return SUBPROTOCOL;
		for (size_t i = 0; i < *rank; i++)
			if (mws_span_is(s, opt->subprotocols[i]))
				*rank = i;
	}
	return GOOD;
}

int mummy_ws_handshake(const struct mummy_ws_handshake_request *req,
		       const struct mummy_ws_handshake_options *opt, struct mummy_ws_handshake_reply *out)
{
	static const struct mummy_ws_handshake_options none;
	char *extension = out->text + MWS_ACCEPT_LEN + 1;
	struct mws_span key = { NULL, 0 };
	enum verdict why;
	size_t rank = 0;
	int rc, deflate = 0;

	if (!opt)
		opt = &none;
	if (!req->method || !req->header || !MUMMY_RESERVED_OK(req) || !MUMMY_RESERVED_OK(opt)
	    || !mws_deflate_options_ok(opt))
		return -EINVAL;
	memset(out, 0, sizeof *out);
	why = judge(req, &key);
	if (why == GOOD)
		why = judge_origin(req, opt);
	if (why == GOOD)
		why = choose(req, opt, &rank);
	if (why == GOOD && (deflate = mws_deflate_answer(req, opt, out, extension)) < 0)
		why = EXTENSION;
	if (why != GOOD)
		return refuse(out, why);
	rc = mws_key_accept(key.at, out->text);
	if (rc < 0)
		return rc;
	out->status = 101;
	reply_header(out, "Upgrade", "websocket");
	reply_header(out, "Connection", "Upgrade");
	reply_header(out, "Sec-WebSocket-Accept", out->text);
	if (rank < opt->nsubprotocols) {
		out->subprotocol = opt->subprotocols[rank];
		reply_header(out, "Sec-WebSocket-Protocol", out->subprotocol);
	}
	if (deflate)
		reply_header(out, "Sec-WebSocket-Extensions", extension);
	return 0;
}
