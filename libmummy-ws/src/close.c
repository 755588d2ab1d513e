/*
 * The close handshake (RFC 6455 section 7). Both sides send one Close frame; then the server closes
 * the stream first, and a client waits for that. All of it has one deadline, close_ms.
 */
#include <config.h>
#include <string.h>
#include "conn.h"

int mws_close_code_ok(unsigned code)
{
	if (code >= 3000)
		return code <= 4999;
	return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014);
}

int mws_close_send(mummy_ws_conn *c, unsigned code, const char *reason, size_t n)
{
	uint8_t p[125] = { (uint8_t)(code >> 8), (uint8_t)code };
	struct mws_out o = { .kind = MWS_CLOSE, .data = p,
			     .f = { .opcode = MUMMY_WS_CLOSE, .fin = 1, .length = code ? 2 + n : 0 } };
	int rc;

	if (n)
		memcpy(p + 2, reason, n);
	rc = mws_out_send(c, &o);
	if (rc >= 0)
		mws_io_wake(c, MWS_ARM);
	return rc < 0 ? rc : 0;
}

int mummy_ws_close(mummy_ws_conn *c, uint16_t code, const char *reason)
{
	size_t n = reason ? strlen(reason) : 0;
	uint32_t state = 0;

	if (code ? !mws_close_code_ok(code) : n > 0)
		return -EINVAL;
	if (n > 123 || (n && (mummy_ws_utf8(&state, reason, n) < 0 || state)))
		return -EINVAL;
	return mws_close_send(c, code, reason, n);
}

void mws_close_maybe(mummy_ws_conn *c)
{
	unsigned flags = mws_flags(c);

	if (!(flags & MWS_CLOSE_OUT) || (flags & MWS_EOF))
		return;
	if (!(flags & MWS_FAILED) && (!(flags & MWS_CLOSE_IN) || c->ep->opt.client))
		return;
	if (!(mws_set(c, MWS_OUT_CLOSED) & MWS_OUT_CLOSED))
		c->ep->output.close(c->out);
}

void mws_close_answer(mummy_ws_conn *c)
{
	mws_close_send(c, c->fail ? 1000u + c->fail : c->code == 1005 ? 0 : c->code, NULL, 0);
}

/* A Close frame of ours follows what came before, unless one is out already. */
static void end_input(mummy_ws_conn *c, unsigned how)
{
	mws_set(c, how);
	mws_io_wake(c, MWS_ARM);
	if (mws_flags(c) & MWS_CLOSING)
		mws_close_maybe(c);
	else
		mws_event_due(c, MWS_CLOSE_DUE);
}

unsigned mws_close_received(mummy_ws_conn *c, const uint8_t *p, size_t n)
{
	unsigned code = n >= 2 ? (unsigned)p[0] << 8 | p[1] : 1005;
	uint32_t state = 0;

	if (n == 1 || (n >= 2 && !mws_close_code_ok(code)))
		return 1002;
	if (n > 2 && (mummy_ws_utf8(&state, p + 2, n - 2) < 0 || state))
		return 1007;
	c->code = (uint16_t)code;
	end_input(c, MWS_CLOSE_IN);
	return 0;
}

void mws_close_fail(mummy_ws_conn *c, unsigned code)
{
	c->fail = (uint8_t)(code - 1000);
	end_input(c, MWS_FAILED);
}
