#include <config.h>
#include <errno.h>
#include <string.h>
#include <mummy-common.h>
#include "extension.h"
#include "key.h"
#include "origin.h"

static void reply_header(struct mummy_ws_handshake_reply *out, const char *name, const char *value)
{
	out->headers[out->nheaders].name = name;
	out->headers[out->nheaders++].value = value;
}

static int refuse(struct mummy_ws_handshake_reply *out, int status)
{
	out->status = status;
	if (status == 405)
		reply_header(out, "Allow", "GET");
	if (status == 426) {
		reply_header(out, "Upgrade", "websocket");
		reply_header(out, "Connection", "Upgrade");
		reply_header(out, "Sec-WebSocket-Version", "13");
	}
	return 0;
}

/* 101, or the status of what is wrong (RFC 6455 section 4.2.1). */
static int judge(const struct mummy_ws_handshake_request *req, struct mws_span *key)
{
	struct mws_span s;

	if (strcmp(req->method, "GET") != 0)
		return strcmp(req->method, "HEAD") != 0 ? 405 : 400;
	if (req->minor_version < 1 || mws_field(req, "Host", &s) != 1
	    || !mws_field_has(req, "Upgrade", "websocket") || !mws_field_has(req, "Connection", "upgrade"))
		return 400;
	if (mws_field(req, "Sec-WebSocket-Version", &s) != 1)
		return 400;
	if (!mws_span_is(s, "13"))
		return 426;
	if (mws_field(req, "Sec-WebSocket-Key", key) != 1 || !mws_key_ok(*key))
		return 400;
	return 101;
}

static int judge_origin(const struct mummy_ws_handshake_request *req,
			const struct mummy_ws_handshake_options *opt)
{
	struct mws_span s, host;
	unsigned lines = mws_field(req, "Origin", &s);

	if (lines > 1)
		return 400;
	if (opt->same_origin && (lines == 0 || (mws_field(req, "Host", &host) && mws_origin_is_host(s, host))))
		return 101;
	if (opt->same_origin && !opt->origin)
		return 403;
	return !opt->origin || opt->origin(opt->ctx, s.at, s.len) == 0 ? 101 : 403;
}

/* The first of our own that the client offers; *rank is its place, nsubprotocols for none. */
static int choose(const struct mummy_ws_handshake_request *req, const struct mummy_ws_handshake_options *opt,
		  size_t *rank)
{
	struct mws_list l = { .req = req, .name = "Sec-WebSocket-Protocol" };
	struct mws_span s;

	*rank = opt->nsubprotocols;
	while (mws_list_next(&l, &s)) {
		if (!mws_is_token(s))
			return 400;
		for (size_t i = 0; i < *rank; i++)
			if (mws_span_is(s, opt->subprotocols[i]))
				*rank = i;
	}
	return 101;
}

int mummy_ws_handshake(const struct mummy_ws_handshake_request *req,
		       const struct mummy_ws_handshake_options *opt, struct mummy_ws_handshake_reply *out)
{
	static const struct mummy_ws_handshake_options none;
	char *extension = out->text + MWS_ACCEPT_LEN + 1;
	struct mws_span key = { NULL, 0 };
	int rc, status, deflate = 0;
	size_t rank = 0;

	if (!opt)
		opt = &none;
	if (!req->method || !req->header || !MUMMY_RESERVED_OK(req) || !MUMMY_RESERVED_OK(opt)
	    || !mws_deflate_options_ok(opt))
		return -EINVAL;
	memset(out, 0, sizeof *out);
	status = judge(req, &key);
	if (status == 101)
		status = judge_origin(req, opt);
	if (status == 101)
		status = choose(req, opt, &rank);
	if (status == 101 && (deflate = mws_deflate_answer(req, opt, out, extension)) < 0)
		status = 400;
	if (status != 101)
		return refuse(out, status);
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
