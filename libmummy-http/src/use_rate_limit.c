/*
 * use_rate_limit.c - middleware: so many requests per client.
 *
 * A token bucket per client, in sets of eight: a client has its place in one set, and when that is full it
 * takes the place of the one with the most tokens, who comes back to a full bucket and lost nothing that
 * matters. So memory is fixed, and whoever floods from many addresses only crowds out the calm.
 */
#include <config.h>
#include <arpa/inet.h>
#include <stdlib.h>
#include "head_lines.h"
#include "internal.h"

enum { WAYS = 8, LOCKS = 16, CLIENTS = 16384, MAX_CLIENTS = 1 << 24 };

struct bucket { uint64_t key, at_ns, tokens_ns; };  /* key 0: free; a request costs cost_ns */
struct rate {
	uint64_t cost_ns, full_ns, seed;
	size_t nsets;
	pthread_mutex_t locks[LOCKS];
	struct bucket buckets[];
};

static void rate_free(void *ctx)
{
	struct rate *r = ctx;

	for (int i = 0; i < LOCKS; i++)
		pthread_mutex_destroy(&r->locks[i]);
	free(r);
}

static uint64_t mix(uint64_t v)
{
	v = (v ^ (v >> 33)) * UINT64_C(0xff51afd7ed558ccd);
	v = (v ^ (v >> 33)) * UINT64_C(0xc4ceb9fe1a85ec53);
	return v ^ (v >> 33);
}

static uint64_t key_of(const struct rate *r, const mummy_http_exchange *x)
{
	const char *peer = mummy_http_peer(x, NULL);
	unsigned char raw[16] = { 0 };
	uint64_t v = 0, kind = 0;

	if (inet_pton(AF_INET6, peer, raw) == 1) {
		memcpy(&v, raw, 8);
		kind = 6;
	} else if (inet_pton(AF_INET, peer, raw) == 1) {
		memcpy(&v, raw, 4);
		kind = 4;
	}
	v = mix(mix(v ^ r->seed) + kind);
	return v ? v : 1;
}

/* The client's bucket, filled up to now. With the lock of its set. */
static struct bucket *find(const struct rate *r, struct bucket *set, uint64_t key, uint64_t now)
{
	struct bucket *best = NULL;
	uint64_t most = 0;

	for (int i = 0; i < WAYS; i++) {
		struct bucket *b = &set[i];
		uint64_t tokens;

		if (b->key == 0) {
			*b = (struct bucket){ key, now, r->full_ns };
			return b;
		}
		tokens = b->tokens_ns + (now > b->at_ns ? now - b->at_ns : 0);
		tokens = tokens < r->full_ns ? tokens : r->full_ns;
		if (b->key == key) {
			b->tokens_ns = tokens;
			b->at_ns = now;
			return b;
		}
		if (!best || tokens > most) {
			best = b;
			most = tokens;
		}
	}
	*best = (struct bucket){ key, now, r->full_ns };
	return best;
}

/* 0, or after how many ns the next request is taken. */
static uint64_t take(struct rate *r, uint64_t key, uint64_t now)
{
	size_t at = (size_t)(key % r->nsets);
	pthread_mutex_t *lock = &r->locks[at % LOCKS];
	struct bucket *b;
	uint64_t wait = 0;

	pthread_mutex_lock(lock);
	b = find(r, &r->buckets[at * WAYS], key, now);
	if (b->tokens_ns >= r->cost_ns)
		b->tokens_ns -= r->cost_ns;
	else
		wait = r->cost_ns - b->tokens_ns;
	pthread_mutex_unlock(lock);
	return wait;
}

static int before(mummy_http_exchange *x, void *ctx)
{
	struct rate *r = ctx;
	uint64_t wait = take(r, key_of(r, x), mummy_now_ns());
	char seconds[24];

	if (wait == 0)
		return 0;
	*mhttp_put_number(seconds, (wait + 999999999) / 1000000000) = 0;
	mummy_http_header_add(x, "Retry-After", seconds);
	mhttp_error_answer(x, 429);
	return 1;
}

int mummy_http_use_rate_limit(mummy_http_router *router, const char *prefix,
			      const struct mummy_http_rate *opt)
{
	static const struct mummy_http_rate defaults;
	struct mummy_http_middleware m = { .before = before, .flags = MUMMY_HTTP_INLINE };
	struct rate *r;
	size_t nsets;
	unsigned requests, seconds;

	opt = opt ? opt : &defaults;
	if (!MUMMY_RESERVED_OK(opt) || opt->clients > MAX_CLIENTS)
		return -EINVAL;
	requests = opt->requests ? opt->requests : 10;
	seconds = opt->seconds ? opt->seconds : 1;
	if ((uint64_t)seconds * 1000000000 / requests > UINT64_MAX / 2 / (opt->burst ? opt->burst : requests))
		return -EINVAL;
	nsets = ((opt->clients ? opt->clients : CLIENTS) + WAYS - 1) / WAYS;
	r = calloc(1, sizeof *r + nsets * WAYS * sizeof r->buckets[0]);
	if (!r)
		return -ENOMEM;
	r->cost_ns = (uint64_t)seconds * 1000000000 / requests;
	r->cost_ns = r->cost_ns ? r->cost_ns : 1;
	r->full_ns = r->cost_ns * (opt->burst ? opt->burst : requests);
	r->nsets = nsets;
	r->seed = mix(mummy_now_ns() ^ (uint64_t)(uintptr_t)r);
	for (int i = 0; i < LOCKS; i++)
		pthread_mutex_init(&r->locks[i], NULL);
	m.ctx = r;
	return mhttp_router_use_owned(router, prefix, &m, rate_free);
}
