#include <config.h>
#include <errno.h>
#include <string.h>
#include "extension.h"

static void skip_space(struct mws_ext *x)
{
	while (x->at < x->end && (*x->at == ' ' || *x->at == '\t'))
		x->at++;
}

static int at(const struct mws_ext *x, char c)
{
	return x->at < x->end && *x->at == c;
}

static int take(struct mws_ext *x, char c)
{
	skip_space(x);
	if (!at(x, c))
		return 0;
	x->at++;
	skip_space(x);
	return 1;
}

/* 0 or -EPROTO. */
static int token(struct mws_ext *x, struct mws_span *out)
{
	out->at = x->at;
	while (x->at < x->end && mws_is_token((struct mws_span){ x->at, 1 }))
		x->at++;
	out->len = (size_t)(x->at - out->at);
	return out->len ? 0 : -EPROTO;
}

static void put(struct mws_ext *x, char c)
{
	if (x->nvalue < sizeof x->value)
		x->value[x->nvalue] = c;
	x->nvalue++;
}

/* What is quoted must be a token without the quotes (RFC 6455 section 9.1). */
static int quoted(struct mws_ext *x)
{
	for (x->at++; x->at < x->end && *x->at != '"'; x->at++) {
		if (at(x, '\\') && ++x->at == x->end)
			return -EPROTO;
		if (!mws_is_token((struct mws_span){ x->at, 1 }))
			return -EPROTO;
		put(x, *x->at);
	}
	if (!at(x, '"') || x->nvalue == 0)
		return -EPROTO;
	x->at++;
	return 0;
}

static int value(struct mws_ext *x)
{
	struct mws_span s;

	x->has_value = 1;
	if (at(x, '"'))
		return quoted(x);
	if (token(x, &s) < 0)
		return -EPROTO;
	for (size_t i = 0; i < s.len; i++)
		put(x, s.at[i]);
	return 0;
}

/* A line that has another member, from its first character; 0: there is none. */
static int next_member(struct mws_ext *x)
{
	size_t len = 0;

	for (;;) {
		if (!x->at) {
			x->at = x->req->header(x->req->ctx, "Sec-WebSocket-Extensions", x->nth++, &len);
			if (!x->at)
				return 0;
			x->end = x->at + len;
		}
		/* Empty members are allowed in a list (RFC 9110 section 5.6.1). */
		skip_space(x);
		while (take(x, ','))
			;
		if (x->at < x->end)
			return 1;
		x->at = NULL;
	}
}

int mws_ext_next(struct mws_ext *x)
{
	x->has_value = 0;
	x->nvalue = 0;
	if (x->in_member && take(x, ';')) {
		if (token(x, &x->name) < 0 || (take(x, '=') && value(x) < 0))
			return -EPROTO;
		return MWS_EXT_PARAM;
	}
	if (x->in_member && x->at < x->end && !at(x, ','))
		return -EPROTO;
	x->in_member = 0;
	if (!next_member(x))
		return MWS_EXT_END;
	x->in_member = 1;
	return token(x, &x->name) < 0 ? -EPROTO : MWS_EXT_NAME;
}
