/*
 * What is agreed to about permessage-deflate (RFC 7692 sections 5 and 7.1). A side is known by whose
 * compressor it is: server_* speaks of what the server sends.
 */
#include <config.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "extension.h"

enum { SERVER_NO = 1, CLIENT_NO = 2, SERVER_BITS = 4, CLIENT_BITS = 8, LEAST = 8, MOST = 15 };

/** One offer, or the answer. */
struct offer {
	int ours;                       /* it is permessage-deflate */
	int bad;                        /* with a parameter that is unknown, doubled or malformed */
	unsigned seen;
	unsigned server_bits, client_bits; /* 0: no value */
};

int mws_deflate_options_ok(const struct mummy_ws_handshake_options *opt)
{
	const unsigned all = MUMMY_WS_DEFLATE | MUMMY_WS_DEFLATE_DEDICATED_OUT
			     | MUMMY_WS_DEFLATE_DEDICATED_IN;

	return (opt->deflate & ~all) == 0
	       && (!opt->server_bits || (opt->server_bits >= LEAST && opt->server_bits <= MOST))
	       && (!opt->client_bits || (opt->client_bits >= LEAST && opt->client_bits <= MOST));
}

static unsigned limit(unsigned bits)
{
	return bits ? bits : MOST;
}

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* 8 to 15 without leading zeros; 0: it is not. */
static unsigned bits_of(const struct mws_ext *x)
{
	if (x->nvalue == 1 && x->value[0] >= '8' && x->value[0] <= '9')
		return (unsigned)(x->value[0] - '0');
	if (x->nvalue == 2 && x->value[0] == '1' && x->value[1] >= '0' && x->value[1] <= '5')
		return 10 + (unsigned)(x->value[1] - '0');
	return 0;
}

static unsigned which(struct mws_span name)
{
	if (mws_span_is_nocase(name, "server_no_context_takeover"))
		return SERVER_NO;
	if (mws_span_is_nocase(name, "client_no_context_takeover"))
		return CLIENT_NO;
	if (mws_span_is_nocase(name, "server_max_window_bits"))
		return SERVER_BITS;
	return mws_span_is_nocase(name, "client_max_window_bits") ? CLIENT_BITS : 0;
}

/* answer: an answer's client_max_window_bits has a value, an offer's may have none. */
static void parameter(struct offer *o, const struct mws_ext *x, int answer)
{
	unsigned w = which(x->name), bits = bits_of(x);
	int needs = w == SERVER_BITS || (w == CLIENT_BITS && (answer || x->has_value));

	if (!w || (o->seen & w) || (needs ? !bits : x->has_value))
		o->bad = 1;
	o->seen |= w;
	if (w == SERVER_BITS)
		o->server_bits = bits;
	if (w == CLIENT_BITS)
		o->client_bits = bits;
}

/* The next member of the list and its parameters. 1, 0: there is none, or -EPROTO. *word: what follows. */
static int next_offer(struct mws_ext *x, int *word, struct offer *out, int answer)
{
	memset(out, 0, sizeof *out);
	if (*word != MWS_EXT_NAME)
		return *word == MWS_EXT_END ? 0 : -EPROTO;
	out->ours = mws_span_is_nocase(x->name, "permessage-deflate");
	while ((*word = mws_ext_next(x)) == MWS_EXT_PARAM)
		if (out->ours)
			parameter(out, x, answer);
	return *word < 0 ? -EPROTO : 1;
}

static void write_text(char text[MWS_DEFLATE_TEXT], unsigned which_ones, unsigned server, unsigned client)
{
	size_t n = (size_t)snprintf(text, MWS_DEFLATE_TEXT, "permessage-deflate%s%s",
				    which_ones & SERVER_NO ? "; server_no_context_takeover" : "",
				    which_ones & CLIENT_NO ? "; client_no_context_takeover" : "");

	if (which_ones & SERVER_BITS)
		n += (size_t)snprintf(text + n, MWS_DEFLATE_TEXT - n, "; server_max_window_bits=%u", server);
	if ((which_ones & CLIENT_BITS) && client)
		snprintf(text + n, MWS_DEFLATE_TEXT - n, "; client_max_window_bits=%u", client);
	else if (which_ones & CLIENT_BITS)
		snprintf(text + n, MWS_DEFLATE_TEXT - n, "; client_max_window_bits");
}

/* ---- A server --------------------------------------------------------------------------------- */

static void accept_offer(const struct offer *o, const struct mummy_ws_handshake_options *opt,
			 struct mummy_ws_handshake_reply *out, char text[MWS_DEFLATE_TEXT])
{
	unsigned say = 0;

	out->deflate = 1;
	out->server_bits = least(limit(o->server_bits), limit(opt->server_bits));
	out->server_no_takeover = (o->seen & SERVER_NO) || !(opt->deflate & MUMMY_WS_DEFLATE_DEDICATED_OUT);
	out->client_no_takeover = (o->seen & CLIENT_NO) || !(opt->deflate & MUMMY_WS_DEFLATE_DEDICATED_IN);
	out->client_bits = MOST;
	if (o->seen & CLIENT_BITS)
		out->client_bits = least(limit(o->client_bits), limit(opt->client_bits));
	else if (limit(opt->client_bits) < MOST)
		out->client_no_takeover = 1;    /* it cannot be told a window: then it shall not be kept */
	say |= out->server_no_takeover ? SERVER_NO : 0;
	say |= out->client_no_takeover ? CLIENT_NO : 0;
	say |= (o->seen & SERVER_BITS) || out->server_bits < MOST ? SERVER_BITS : 0;
	say |= out->client_bits < MOST ? CLIENT_BITS : 0;
	write_text(text, say, out->server_bits, out->client_bits);
}

int mws_deflate_answer(const struct mummy_ws_handshake_request *req,
		       const struct mummy_ws_handshake_options *opt, struct mummy_ws_handshake_reply *out,
		       char text[MWS_DEFLATE_TEXT])
{
	struct mws_ext x = { .req = req };
	int word = mws_ext_next(&x), rc, found = 0;
	struct offer o;

	while ((rc = next_offer(&x, &word, &o, 0)) == 1)
		if (opt->deflate && !found && o.ours && !o.bad) {
			found = 1;
			accept_offer(&o, opt, out, text);
		}
	return rc < 0 ? rc : found;
}

/* ---- A client --------------------------------------------------------------------------------- */

static unsigned offered(const struct mummy_ws_handshake_options *opt)
{
	return CLIENT_BITS | (opt->deflate & MUMMY_WS_DEFLATE_DEDICATED_IN ? 0 : SERVER_NO)
	       | (opt->deflate & MUMMY_WS_DEFLATE_DEDICATED_OUT ? 0 : CLIENT_NO)
	       | (limit(opt->server_bits) < MOST ? SERVER_BITS : 0);
}

void mws_deflate_offer(const struct mummy_ws_handshake_options *opt, char text[MWS_DEFLATE_TEXT])
{
	write_text(text, offered(opt), opt->server_bits,
		   limit(opt->client_bits) < MOST ? opt->client_bits : 0);
}

/* What was asked for has to be in the answer, and nothing larger (RFC 7692 section 7.1). */
static int answer_ok(const struct offer *o, const struct mummy_ws_handshake_options *opt)
{
	unsigned asked = offered(opt);

	return o->ours && !o->bad && !((asked & SERVER_NO) && !(o->seen & SERVER_NO))
	       && !((asked & SERVER_BITS) && !(o->seen & SERVER_BITS))
	       && limit(o->server_bits) <= limit(opt->server_bits)
	       && !((o->seen & CLIENT_BITS) && o->client_bits > limit(opt->client_bits));
}

int mws_deflate_check(const struct mummy_ws_handshake_request *res,
		      const struct mummy_ws_handshake_options *opt, struct mummy_ws_handshake_reply *out)
{
	struct mws_ext x = { .req = res };
	int word = mws_ext_next(&x), rc;
	struct offer o, more;

	rc = next_offer(&x, &word, &o, 1);
	if (rc <= 0)
		return rc;
	if (!opt->deflate || !answer_ok(&o, opt) || next_offer(&x, &word, &more, 1) != 0)
		return -EPROTO;
	out->deflate = 1;
	out->server_bits = limit(o.server_bits);
	out->client_bits = least(limit(o.client_bits), limit(opt->client_bits));
	out->server_no_takeover = (o.seen & SERVER_NO) != 0;
	out->client_no_takeover = (o.seen & CLIENT_NO) || !(opt->deflate & MUMMY_WS_DEFLATE_DEDICATED_OUT);
	return 0;
}
