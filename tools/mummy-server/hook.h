/*
 * hook.h - one question to an operator's program or address: an event as JSON, and what it says to that.
 */
#ifndef MUMMY_SERVER_HOOK_H
#define MUMMY_SERVER_HOOK_H
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define HOOK_TEXT 4096                     /* octets of an answer that are looked at */

struct hook_call {
	const char *event, *id;            /**< words of the command line */
	const char *json;
	size_t len;
	uint64_t deadline_ms;              /**< on the clock of mummy_now_ms */
	const _Atomic uint64_t *cut_ms;    /**< the same for all, and may come nearer; NULL: there is none */
};
struct hook_answer {
	int status;                        /**< 0: yes; 400 to 599: no, with that HTTP status */
	char text[HOOK_TEXT];              /**< what it said, without what the status stands in; ends in NUL */
};

/** Runs program with the event and the id as arguments and the JSON on its standard input; no shell. Exit
 *  status 0 is yes. 1 to 125 is no: the first line of its output may begin with an HTTP status, else that
 *  is 403. What else it writes is the text. When time is over, it and what it started is killed. SIGPIPE
 *  has to be ignored. 0; -ETIMEDOUT, -EPROTO: it was killed or its exit status is above 125; or what
 *  starting it gives. */
int hook_command(const char *program, const struct hook_call *c, struct hook_answer *out);

/** Whose certificates are believed: those signed by who is in file (PEM), NULL: in the system's own list. It
 *  is for any thread. 0; -ENOENT: there is nobody; -ENOMEM. NULL may be freed. */
struct hook_trust;
int hook_trust_open(struct hook_trust **out, const char *file);
void hook_trust_free(struct hook_trust *t);

/** 0: it is a URL of the kind http://HOST[:PORT][/PATH][?QUERY]; 1: the same with https; -EINVAL. */
int hook_url_check(const char *url);
/** Posts the JSON there; trust is for https. 200 to 299 is yes, 400 to 599 is no; the content is the text. 0;
 *  -ETIMEDOUT; -EPROTO: the answer is none, or has another status; -EHOSTUNREACH: the name is not known;
 *  -EACCES: the certificate is not believed, or not for that host; -ECONNABORTED: TLS cannot be had, both
 *  with a line in the text; or what connecting gives. */
int hook_url(const char *url, const struct hook_trust *trust, const struct hook_call *c,
	     struct hook_answer *out);

/** Milliseconds that are left, at most 100, so that who polls sees the cut coming nearer; 0: none. */
int hook_slice(const struct hook_call *c);
#endif
