/*
 * client.c - what all uploads of a run share: the server, what it offers, trying again, giving up.
 */
#include <config.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <gnutls/gnutls.h>
#include <gnutls/crypto.h>
#include "mummy-common.h"
#include "backoff.h"
#include "client.h"

uint64_t client_now_ms(void)
{
	return mummy_now_ms();
}

int client_again(struct client *c, struct tries *t, const struct answer *a, int at_once, const char *name,
		 const char *why)
{
	uint64_t chance = 0, ms;

	if (++t->attempt > c->opt->retries)
		return -1;
	gnutls_rnd(GNUTLS_RND_NONCE, &chance, sizeof chance);
	ms = backoff_ms(c->opt->retry_ms, t->attempt, a->retry_after_s, chance);
	if (at_once && t->attempt == 1)
		ms = 0;
	t->due_ms = client_now_ms() + ms;
	report_retry(&c->report, name, why, ms, t->attempt, c->opt->retries);
	return 0;
}

/* ---- One request ----------------------------------------------------------------------------------- */

static int stopped(const struct client *c, char *why, size_t size)
{
	if (!*c->stop)
		return 0;
	snprintf(why, size, "interrupted");
	return 1;
}

/* 0 or -1 and why. */
static int wait_until(struct client *c, uint64_t due_ms, char *why, size_t size)
{
	int readable;

	for (uint64_t now = client_now_ms(); now < due_ms; now = client_now_ms()) {
		if (stopped(c, why, size))
			return -1;
		session_turn(&c->session, due_ms - now < 1000 ? (unsigned)(due_ms - now) : 1000, -1,
			     &readable);
	}
	return stopped(c, why, size) ? -1 : 0;
}

static int ask_once(struct client *c, struct request *r, char *why, size_t size)
{
	int readable;

	while (!r->ended) {
		if (stopped(c, why, size))
			return -1;
		if (session_turn(&c->session, 1000, -1, &readable) < 0) {
			snprintf(why, size, "libcurl gives up");
			return -1;
		}
	}
	if (r->transport != TRANSPORT_OK)
		snprintf(why, size, "%s", r->error);
	return 0;
}

enum verdict client_try(struct client *c, struct request *r, enum ask ask, const char *url,
			int (*add)(struct request *r, void *ctx), void *ctx, char *why, size_t size)
{
	if ((add && add(r, ctx) < 0) || request_begin(&c->session, r, ask, url) < 0) {
		snprintf(why, size, "out of memory");
		return VERDICT_FAIL;
	}
	if (ask_once(c, r, why, size) < 0)
		return VERDICT_FAIL;
	return answer_judge(ask, r->transport, &r->answer, why, size);
}

enum verdict client_ask(struct client *c, struct request *r, enum ask ask, const char *url,
			int (*add)(struct request *r, void *ctx), void *ctx, const char *name, char *why,
			size_t size)
{
	struct tries t = { 0, 0 };
	enum verdict v;

	do {
		if (wait_until(c, t.due_ms, why, size) < 0)
			return VERDICT_FAIL;
		v = client_try(c, r, ask, url, add, ctx, why, size);
	} while (v == VERDICT_AGAIN && client_again(c, &t, &r->answer, 0, name, why) == 0);
	return v == VERDICT_AGAIN ? VERDICT_FAIL : v;
}

/* ---- What the server offers ------------------------------------------------------------------------ */

/* A proxy may keep OPTIONS to itself: then what the user asks for is tried. */
int client_discover(struct client *c, char *why, size_t size)
{
	struct request *r = calloc(1, sizeof *r);
	enum verdict v = VERDICT_FAIL;

	answer_reset(&c->offers);
	if (!r) {
		snprintf(why, size, "out of memory");
		return -1;
	}
	v = client_ask(c, r, ASK_OPTIONS, c->endpoint.url, NULL, NULL, NULL, why, size);
	if (v == VERDICT_GO && r->answer.tus)
		c->offers = r->answer;
	if (v == VERDICT_FAIL && r->ended && r->transport == TRANSPORT_OK && r->answer.status >= 400
	    && r->answer.status < 500 && r->answer.status != 401)
		v = VERDICT_GO;
	request_free(&c->session, r);
	free(r);
	return v == VERDICT_GO ? 0 : -1;
}

int client_offers(const struct client *c, enum tus extension)
{
	return !c->offers.tus || (c->offers.extensions & extension) != 0;
}
