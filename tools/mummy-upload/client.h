/*
 * client.h - what all uploads of a run share: the server, what it offers, trying again, giving up.
 */
#ifndef MUMMY_UPLOAD_CLIENT_H
#define MUMMY_UPLOAD_CLIENT_H
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include "options.h"
#include "report.h"
#include "session.h"
#include "url.h"

struct client {
	const struct options *opt;
	struct endpoint endpoint;
	struct session session;
	struct report report;
	char *state_folder;        /**< NULL: nothing is remembered */
	struct answer offers;      /**< to OPTIONS; tus 0: it did not tell */
	volatile sig_atomic_t *stop;  /**< set by SIGINT and SIGTERM */
};

uint64_t client_now_ms(void);

/** What has been tried in vain, and when it is due again. All zero to begin, and when it went on. */
struct tries {
	uint64_t attempt, due_ms;
};
/** Once more, for the reason why: 0 and t->due_ms set; -1: that was the last time. at_once: the first time
 *  without waiting. name: of the file, NULL: none. */
int client_again(struct client *c, struct tries *t, const struct answer *a, int at_once, const char *name,
		 const char *why);

/** One request, with nothing else under way, and what its answer means; add (may be NULL) sets its fields.
 *  VERDICT_FAIL and why also when the user stops. */
enum verdict client_try(struct client *c, struct request *r, enum ask ask, const char *url,
			int (*add)(struct request *r, void *ctx), void *ctx, char *why, size_t size);
/** The same again and again until it is clear how it ends: VERDICT_GO, or what is not VERDICT_AGAIN, and
 *  why. */
enum verdict client_ask(struct client *c, struct request *r, enum ask ask, const char *url,
			int (*add)(struct request *r, void *ctx), void *ctx, const char *name, char *why,
			size_t size);

/** Asks what the server offers. 0, or -1 and why. */
int client_discover(struct client *c, char *why, size_t size);
/** 1: it offers the extension, or does not tell what it offers. */
int client_offers(const struct client *c, enum tus extension);
#endif
