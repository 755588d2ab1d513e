#include <config.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include "conn.h"
#include "extension.h"

#define DEFAULT(field, value) ((field) = (field) ? (field) : (value))

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static void fill_in(struct mummy_ws_options *o)
{
	DEFAULT(o->max_message_bytes, 16u << 20);
	DEFAULT(o->max_pending_bytes, 256u << 10);
	DEFAULT(o->high_water_bytes, 256u << 10);
	DEFAULT(o->hard_limit_bytes, 17u << 20);
	DEFAULT(o->ping_ms, 30000);
	DEFAULT(o->idle_ms, 75000);
	DEFAULT(o->close_ms, 5000);
	DEFAULT(o->deflate_level, MWS_LEVEL);
	DEFAULT(o->deflate_min_bytes, 64);
}

static int options_ok(const struct mummy_ws_options *o)
{
	const struct mummy_ws_handshake_options *h = &o->handshake;

	if (!MUMMY_RESERVED_OK(o) || !MUMMY_RESERVED_OK(h) || !MUMMY_RESERVED_OK(&o->executor)
	    || (unsigned)o->overflow > MUMMY_WS_DISCONNECT || (unsigned)o->client > 1
	    || h->nsubprotocols > 255 || o->deflate_level > 9 || !mws_deflate_options_ok(h))
		return 0;
	for (size_t i = 0; i < h->nsubprotocols; i++)
		if (!h->subprotocols[i]
		    || !mws_is_token((struct mws_span){ h->subprotocols[i], strlen(h->subprotocols[i]) }))
			return 0;
	return 1;
}

/* The names behind their own pointers, in one piece. */
static const char *const *copy_names(const char *const *names, size_t n)
{
	size_t size = 0, len;
	char **out, *at;

	for (size_t i = 0; i < n; i++)
		size += sizeof *out + strlen(names[i]) + 1;
	out = malloc(size);
	if (!out)
		return NULL;
	at = (char *)(out + n);
	for (size_t i = 0; i < n; i++, at += len) {
		len = strlen(names[i]) + 1;
		out[i] = memcpy(at, names[i], len);
	}
	return (const char *const *)out;
}

int mummy_ws_endpoint_new(mummy_ws_endpoint **out, const struct mummy_ws_output *output,
			  const struct mummy_ws_events *ev, const struct mummy_ws_options *opt)
{
	static const struct mummy_ws_options none;
	struct mummy_ws_handshake_options *h;
	mummy_ws_endpoint *ep;

	if (!opt)
		opt = &none;
	if (!output || !output->writev || !output->pending || !output->close || !MUMMY_RESERVED_OK(output)
	    || !ev || !MUMMY_RESERVED_OK(ev) || !options_ok(opt))
		return -EINVAL;
	ep = calloc(1, sizeof *ep);
	if (!ep)
		return -ENOMEM;
	atomic_init(&ep->refs, 1);
	ep->output = *output;
	ep->ev = *ev;
	ep->opt = *opt;
	fill_in(&ep->opt);
	if (!opt->client)
		ep->reply_bytes = least(ep->opt.high_water_bytes, ep->opt.hard_limit_bytes);
	ep->shorts = !opt->client && !ev->message_data && ep->opt.max_message_bytes >= MWS_SHORT;
	ep->at_once = ep->shorts && ev->message && !opt->executor.submit;
	h = &ep->opt.handshake;
	if (h->nsubprotocols) {
		h->subprotocols = copy_names(h->subprotocols, h->nsubprotocols);
		if (!h->subprotocols) {
			free(ep);
			return -ENOMEM;
		}
	}
	mws_deflate_pool_init(&ep->deflaters);
	ep->opt.hub = mummy_ws_hub_ref(opt->hub);
	*out = ep;
	return 0;
}

mummy_ws_endpoint *mummy_ws_endpoint_ref(mummy_ws_endpoint *ep)
{
	atomic_fetch_add(&ep->refs, 1);
	return ep;
}

void mummy_ws_endpoint_unref(mummy_ws_endpoint *ep)
{
	if (!ep || atomic_fetch_sub(&ep->refs, 1) != 1)
		return;
	mummy_ws_hub_unref(ep->opt.hub);
	mws_deflate_pool_free(&ep->deflaters);
	if (ep->opt.handshake.nsubprotocols)
		free((void *)(uintptr_t)ep->opt.handshake.subprotocols);
	free(ep);
}

const struct mummy_ws_handshake_options *mummy_ws_endpoint_handshake(const mummy_ws_endpoint *ep)
{
	return &ep->opt.handshake;
}

void mummy_ws_stats_get(const mummy_ws_endpoint *endpoint, struct mummy_ws_stats *out)
{
	mummy_ws_endpoint *ep = (mummy_ws_endpoint *)(uintptr_t)endpoint;

	memset(out, 0, sizeof *out);
	out->closed = atomic_load(&ep->closed);
	out->opened = atomic_load(&ep->opened);
	out->connections = out->opened - out->closed;
	out->pending_bytes = atomic_load(&ep->pending);
	out->messages_in = atomic_load(&ep->messages_in);
	out->messages_out = atomic_load(&ep->messages_out);
	out->bytes_in = atomic_load(&ep->bytes_in);
	out->bytes_out = atomic_load(&ep->bytes_out);
	out->dropped = atomic_load(&ep->dropped);
}
