/*
 * session.h - requests to the server, several at once, by libcurl.
 */
#ifndef MUMMY_UPLOAD_SESSION_H
#define MUMMY_UPLOAD_SESSION_H
#include <stddef.h>
#include <stdint.h>
#include <curl/curl.h>
#include "answer.h"
#include "options.h"

struct session {
	CURLM *multi;
	const struct options *opt; /**< borrowed */
	const char *site;          /**< who logs in there tells nobody else; borrowed */
	char *login;               /**< "NAME:PASSWORD"; NULL: none. Owned */
	struct curl_slist *fields; /**< of the user, for any server */
	struct curl_slist *secrets;  /**< of the user, for the site alone */
	int wake;                  /**< a descriptor that ends waiting when it can be read */
};

/** One request at a time, used again and again. */
struct request {
	CURL *easy;
	struct curl_slist *fields;
	enum ask ask;
	struct answer answer;
	enum transport transport;
	char error[CURL_ERROR_SIZE];  /**< what the transport says when it is not TRANSPORT_OK */
	/* the body of ASK_SEND */
	long (*read)(void *ctx, uint64_t offset, void *out, size_t n);  /**< as source_read */
	void *ctx;
	uint64_t offset, length, sent;
	size_t said;               /**< octets of the answer's body; of too many no more are read */
	int running, ended;
	int failed;                /**< a negative errno of read; or -ENODATA: it ended early */
};

/** opt, site and wake are borrowed, login is taken. 0; -EINVAL and a line in why: a field is not one, a
 *  file cannot be read; -ENOMEM. */
int session_open(struct session *s, const struct options *opt, const char *site, char *login, int wake,
		 char *why, size_t size);
void session_close(struct session *s);

/** Zeroes are a request that was not begun. */
void request_free(struct session *s, struct request *r);
/** A field for the request that is begun next. 0 or -ENOMEM. */
int request_field(struct request *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** ASK_SEND has offset, length, read and ctx set. 0 or -ENOMEM. */
int request_begin(struct session *s, struct request *r, enum ask ask, const char *url);

/** How fast the body of one that runs goes; 0: as fast as can be. */
void request_rate(struct request *r, uint64_t octets_per_s);

/** Moves what can move, and waits for more: at most wait_ms, for fd too when it is not -1. *readable: fd is.
 *  Requests that are over have ended set. 0 or -EIO. */
int session_turn(struct session *s, unsigned wait_ms, int fd, int *readable);
#endif
